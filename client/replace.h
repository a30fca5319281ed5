/* SPDX-License-Identifier: MIT */
/* replace.h - a file that another program may read at any moment. */
#pragma once
#include "base.h"

/* Writes @text to a new file beside @path, which then takes its place at once: nobody reads half of it.  Prints what goes
 * wrong; returns an exit code. */
int file_replace(const char *path, const char *text, size_t size);
