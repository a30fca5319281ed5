/* SPDX-License-Identifier: MIT */
/* outcome.h - what became of a change, in words. */
#pragma once
#include "engine.h"

void outcome_done(struct outcome *o);
/* What an OUTCOME_WAITING waits for: "link host/eth0, namespace isp". */
void outcome_awaited(const struct outcome *o, char *ret, size_t size);
/* What became of a change like @c in a line; and tells it. */
void outcome_text(const struct change *c, const struct outcome *o, char *ret, size_t size);
void outcome_tell(struct engine *g, const struct change *c, const struct outcome *o);
