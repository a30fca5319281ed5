/* SPDX-License-Identifier: MIT */
/* event_file.h - the file that events are stored in, a line each, and the one before it:
 * they survive a restart or a crash. */
#pragma once
#include "base.h"

/* Bytes of one of the two files. */
enum { EVENT_FILE_MAX = 512 << 10 };

struct event_file {
	int dir, fd;
	size_t size;  /* where the next line goes: the end of the last whole one */
	bool failing; /* said so in the log */
};

/* Opens "log" in @dir and calls @each with the last @max lines of "log.old" and it,
 * oldest first; a half line, left by a crash, is cut off. */
void event_file_open(struct event_file *f, const char *dir, size_t max, void (*each)(void *arg, const char *line),
		     void *arg);
/* Appends @line.  The file is rotated if necessary; if there is no space on the disk, the line is dropped. */
void event_file_append(struct event_file *f, const char *line);
/* Removes all lines. */
void event_file_clear(struct event_file *f);
void event_file_close(struct event_file *f);
