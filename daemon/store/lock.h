/* SPDX-License-Identifier: MIT */
/* lock.h - there is one netnsd for each network namespace, wherever it listens and keeps
 * its state. */
#pragma once
#include "base/err.h"

/* The descriptor that holds the lock of the network namespace netnsd is in; -EBUSY: another
 * netnsd has it. */
int lock_netns(struct err *e);
