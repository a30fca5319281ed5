/* SPDX-License-Identifier: MIT */
/* ascii.h - the words, tables and pictures of netnsctl in the C locale. */
#pragma once

/* Messages on standard error are in ASCII from here on, if the locale has no UTF-8 (terminal.h).  Once, after setlocale(3). */
void ascii_messages(void);
/* The same for standard output.  Once, before anything is printed. */
void ascii_output(void);
