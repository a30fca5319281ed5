/* SPDX-License-Identifier: MIT */
/* manager.h - messages to the service manager, as in sd_notify(3), but without ever
 * waiting for it: what it does not accept now is sent later, in order. */
#pragma once
#include "base.h"

/* Sends variables, a line each. */
void manager_say(const char *fmt, ...) _printf_(1, 2);
/* Sends what will be repeated soon, and need not be queued. */
void manager_hint(const char *fmt, ...) _printf_(1, 2);
/* Sends what is queued; false: some is left. */
bool manager_flush(void);
