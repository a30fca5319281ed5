/* SPDX-License-Identifier: MIT */
/* report.h - prints what became of expectations: for people, and for programs. */
#pragma once
#include "suite.h"

void report_table(const struct suite *s, size_t n);
/* One object a line, for each suite. */
void report_json(const struct suite *s, size_t n);
/* What could not be run is an error, and never skipped: a skipped test counts as good in most programs. */
void report_junit(const struct suite *s, size_t n);
/* TAP 14; what could not be run is "not ok". */
void report_tap(const struct suite *s, size_t n);
