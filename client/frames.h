/* SPDX-License-Identifier: MIT */
/* frames.h - what commands that watch have in common: how often they ask, what stands at the top, and how they end. */
#pragma once
#include "base.h"

enum { FRAMES_INTERVAL_USEC = 1000 * 1000 };

/* When to ask again, of CLOCK_MONOTONIC, after an answer that was asked for at @began_usec: each second, but netnsd is to
 * be asked for at most a tenth of the time. */
uint64_t frames_next(uint64_t began_usec);
/* Shows frames on the terminal until the user leaves: @draw makes one (terminal_draw), @ask gets what is new, from
 * @next_usec on, and returns when to ask again. */
void frames_show(uint64_t next_usec, void (*draw)(void *arg), uint64_t (*ask)(void *arg), void *arg);
/* The line at the top of a frame, and an empty one: of when it is, CLOCK_REALTIME, and why there is nothing newer, NULL:
 * nothing. */
void frames_head(FILE *out, bool colours, const char *problem, uint64_t at_usec);
/* Where there is no terminal: from now on SIGINT, SIGTERM and SIGPIPE end the program with success at once.  Everything
 * has to be written when it waits. */
void frames_end_by_signal(void);
