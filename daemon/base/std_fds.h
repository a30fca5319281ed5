/* SPDX-License-Identifier: MIT */
/* std_fds.h - opens descriptors 0, 1 and 2 at the start, so that no file opened later gets
 * their number and receives what is printed. */
#pragma once
#include "base.h"

/* Connects those that are closed to /dev/null.  With @refuse, using one is an error as before. */
void std_fds_open(bool refuse);
