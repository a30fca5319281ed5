/* SPDX-License-Identifier: MIT */
/* terminal.h - the terminal as a screen of its own, which is redrawn as a whole; and what is known of it.  However the
 * program ends or stops, the terminal is as it was before. */
#pragma once
#include "base.h"

/* The size of the terminal at standard output; 80 × 24 if it has none, at least 1 × 1. */
void terminal_size(size_t *ret_columns, size_t *ret_rows);
/* Whether text is to be ASCII: the locale is not one of UTF-8. */
bool terminal_is_ascii(void);

/* Switches to the other screen of the terminal; from now on SIGINT, SIGTERM and SIGHUP end the program with success. */
void terminal_enter(void);
/* Switches back. */
void terminal_leave(void);
/* Shows @text, lines of which each may have colours (table.h), at once: what does not fit is cut off, which a "…" says; what
 * stood there before and is not in it is gone. */
void terminal_draw(const char *text);
/* Waits until the frame has to be drawn again: at @until_usec of CLOCK_MONOTONIC, or because the size has changed or the
 * program was stopped.  False: the user asks to leave (q), or nobody looks any more. */
bool terminal_wait(uint64_t until_usec);
