/* SPDX-License-Identifier: MIT */
/* identity.h - what tells this machine from all others, for the MAC addresses that are
 * derived from it. */
#pragma once
#include "base.h"

/* 32 hexadecimal digits and a line feed, as the file has them. */
enum { IDENTITY_DIGITS = 32, IDENTITY_SIZE = IDENTITY_DIGITS + 2 };

/* /etc/machine-id; where there is none, one that was made here once, and is kept in
 * @state_dir (may be NULL) or, if that cannot be, in @run_dir. */
void identity_read(char ret[IDENTITY_SIZE], const char *state_dir, const char *run_dir);
