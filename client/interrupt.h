/* SPDX-License-Identifier: MIT */
/* interrupt.h - what Ctrl-C means while netnsd carries out a change: it does not stop the change. */
#pragma once
#include <signal.h>

/* From here on SIGINT prints @text, which must stay until interrupt_end, and ends the process, as it would anyway.
 * Nothing is printed before the caller sets what is returned: the change was requested. */
volatile sig_atomic_t *interrupt_begin(const char *text);
void interrupt_end(void);
