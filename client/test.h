/* SPDX-License-Identifier: MIT */
/* test.h - the tests of what was just applied. */
#pragma once
#include "ctl.h"
#include "file.h"

/* Whether @f can be tested at all, before it is applied; an exit code. */
int test_possible(const struct file *f);
/* Tests @f, which was applied with a confirmation that is due @seconds after @start_usec (loop_now), unless
 * @unconfirmed is false; then confirms it or rolls it back.  An exit code. */
int test_applied(const struct ctl *c, const struct file *f, uint64_t start_usec, unsigned seconds, bool unconfirmed);
