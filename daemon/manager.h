/* SPDX-License-Identifier: MIT */
/* manager.h - messages to the service manager, as sd_notify(3) has them, but without ever
 * waiting for it: what it does not take now it is sent later, in order. */
#pragma once
#include "base.h"

/* Variables, a line each. */
void manager_say(const char *fmt, ...) _printf_(1, 2);
/* The same of what is said again soon, and not worth keeping. */
void manager_hint(const char *fmt, ...) _printf_(1, 2);
/* Sends what is left; false: some of it still is. */
bool manager_flush(void);
