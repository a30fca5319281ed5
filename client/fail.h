/* SPDX-License-Identifier: MIT */
/* fail.h - how netnsctl reports errors. */
#pragma once
#include "../include/base.h"
#include "../include/netnsd.h"

/* Prints "netnsctl: " and the rest, escaped, on stderr; returns @code. */
int ctl_fail(int code, const char *fmt, ...) _printf_(2, 3);
