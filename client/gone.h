/* SPDX-License-Identifier: MIT */
/* gone.h - waits until namespaces are gone: with the kernel's help, and without netnsd running. */
#pragma once
#include "ctl.h"

/* Returns when none of c->namespaces, which are valid names, refers any longer to the namespace that it refers to now:
 * EXIT_DONE; one that netnsd is about to name again is not gone.  @until_msec: CLOCK_BOOTTIME, then EXIT_TIMEOUT, said; 0:
 * no limit. */
int gone_wait(const struct ctl *c, uint64_t until_msec);
