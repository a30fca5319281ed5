/* SPDX-License-Identifier: MIT */
/* log_out.h - writes log entries to the journal or to standard error, and never waits for
 * either: what cannot be written now is queued, what the queue cannot hold is counted. */
#pragma once
#include "base.h"

/* Takes an entry in the journal's native protocol, with MESSAGE= first. */
void log_out_put(const char *entry, size_t size, bool to_journal);
/* Writes what is queued; false: something is left, try again later. */
bool log_out_flush(void);
