/* SPDX-License-Identifier: MIT */
/* lock.h - allows one netnsd for each network namespace, wherever it listens and keeps its state. */
#pragma once
#include "base/err.h"

/* Returns the descriptor that holds the lock of netnsd's network namespace; -EBUSY: another netnsd has it. */
int lock_netns(struct err *e);
