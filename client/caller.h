/* SPDX-License-Identifier: MIT */
/* caller.h - the user who called sudo(8). */
#pragma once
#include "base/err.h"

/* Gives up root for good, and becomes the user and the groups of SUDO_UID and SUDO_GID.  Without them, or if root called
 * sudo, nothing changes.  Returns the user's number; numbers that sudo would not set are an error. */
int64_t caller_become(struct err *e);
