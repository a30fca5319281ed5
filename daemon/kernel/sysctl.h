/* SPDX-License-Identifier: MIT */
/* sysctl.h - keys below /proc/sys/net, of the namespace the thread is in. */
#pragma once
#include "base/err.h"

/* Writes @value to /proc/sys/@path, which begins with "net/"; and reads it, without
 * the newline (-EMSGSIZE: it does not fit). */
int sysctl_write(const char *path, const char *value, struct err *e);
/* Writes it, and reads back what the kernel has made of it. */
int sysctl_set(const char *path, const char *value, char *ret, size_t size, struct err *e);
int sysctl_read(const char *path, char *ret, size_t size, struct err *e);
/* Its number; 0 also if there is no such key, or no number in it. */
uint64_t sysctl_number(const char *path);
/* A descriptor of the directory /proc/sys/@path, for sysctl_write_at: it refers to the
 * same namespace wherever it is used, and saves the lookup. */
int sysctl_dir(const char *path, struct err *e);
int sysctl_write_at(int dir, const char *path, const char *value, struct err *e);
/* Called by a thread before it ends. */
void sysctl_end(void);
