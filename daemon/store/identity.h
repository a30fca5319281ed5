/* SPDX-License-Identifier: MIT */
/* identity.h - what distinguishes this machine from all others, for the MAC addresses
 * that are derived from it. */
#pragma once
#include "base.h"

/* 32 hexadecimal digits and a line feed, as the file has them. */
enum { IDENTITY_DIGITS = 32, IDENTITY_SIZE = IDENTITY_DIGITS + 2 };

/* /etc/machine-id; without one, an identity that was made here once, and is stored in
 * @state_dir (may be NULL) or, if that is impossible, in @run_dir. */
void identity_read(char ret[IDENTITY_SIZE], const char *state_dir, const char *run_dir);
