/* SPDX-License-Identifier: MIT */
/* std_fds.h - descriptors 0, 1 and 2 are open from the start, so that no file opened later
 * takes their place and receives what is printed. */
#pragma once
#include "base.h"

/* Leads those that are closed to /dev/null.  With @refuse, using one is an error as before. */
void std_fds_open(bool refuse);
