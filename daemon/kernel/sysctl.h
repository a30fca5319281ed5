/* SPDX-License-Identifier: MIT */
/* sysctl.h - keys below /proc/sys/net, of the namespace the thread is in. */
#pragma once
#include "base/err.h"

/* Writes @value to /proc/sys/@path, which begins with "net/"; and reads it, without
 * the newline (-EMSGSIZE: it does not fit). */
int sysctl_write(const char *path, const char *value, struct err *e);
/* Writes it, and reads what the kernel has made of it. */
int sysctl_set(const char *path, const char *value, char *ret, size_t size, struct err *e);
int sysctl_read(const char *path, char *ret, size_t size, struct err *e);
/* A descriptor of the directory /proc/sys/@path, for sysctl_write_at: it means the same
 * namespace from wherever it is used, and saves the way. */
int sysctl_dir(const char *path, struct err *e);
int sysctl_write_at(int dir, const char *path, const char *value, struct err *e);
/* A thread calls it before it ends. */
void sysctl_end(void);
