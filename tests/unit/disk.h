/* SPDX-License-Identifier: MIT */
/* disk.h - a directory of a test's own, and calls that fail when a test wants them to: a test that includes it
 * is linked with --wrap for each of them (disk_args in meson.build). */
#pragma once
#include "base.h"
#include <sys/types.h>

enum disk_call {
	DISK_OPENAT = 1 << 0,
	DISK_READ = 1 << 1,
	DISK_WRITE = 1 << 2,
	DISK_FSYNC = 1 << 3,
	DISK_RENAMEAT = 1 << 4,
	DISK_UNLINKAT = 1 << 5,
	DISK_CHANGES = DISK_WRITE | DISK_FSYNC | DISK_RENAMEAT | DISK_UNLINKAT,
};

/* A cmocka setup and teardown; *state is the path of the directory.  Afterwards no call fails. */
int disk_setup(void **state);
int disk_teardown(void **state);
/* Empties the directory. */
void disk_clear(const char *dir);

/* "DIR/NAME", until the teardown. */
const char *disk_path(const char *dir, const char *name);
void disk_write(const char *dir, const char *name, const void *text, size_t size);
void disk_print(const char *dir, const char *name, const char *text);
/* The contents of the file, NULL if it is missing; the caller's. */
char *disk_read(const char *dir, const char *name);
/* The names in the directory, sorted, each followed by a space; valid until the next call. */
const char *disk_list(const char *dir);

/* Of the calls in the mask @calls the one with the number @at, from 1 on, fails with @error; 0: none, they are
 * counted. */
void disk_fail(unsigned calls, unsigned at, int error);
/* How many there have been since. */
unsigned disk_calls(void);
/* At most so many bytes are read or written at once; 0: as many as requested. */
void disk_short(size_t most);
/* Files of that inode seem to belong to the user, 0: none does. */
void disk_owner(ino_t inode, uid_t uid);
/* Advances all clocks by so many microseconds. */
void disk_time(uint64_t usec);
/* Stops all clocks at @usec; they advance only by disk_time. */
void disk_stop_time(uint64_t usec);
