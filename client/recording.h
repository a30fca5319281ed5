/* SPDX-License-Identifier: MIT */
/* recording.h - one run of netnsctl capture: from sources to a file. */
#pragma once
#include "source.h"

struct recording_options {
	const char *file;   /* for messages; "-": standard output */
	const char *filter; /* that the sources have; "": none */
	uint64_t count;     /* packets after which it ends; 0: no limit */
};

/* Writes the packets of all sources to @fd, in order, until a signal, the count, the last interface or the file ends it.
 * Prints how many on stderr; returns an exit code. */
int recording_make(struct sources *sources, int fd, const struct recording_options *options);
