/* SPDX-License-Identifier: MIT */
/* outcome.h - what became of a change, in words. */
#pragma once
#include "engine.h"

void outcome_done(struct outcome *o);
/* The parameters of the error that @o is, as its row says. */
struct json_object *outcome_parameters(const struct outcome *o);
/* @sentence with each {x} replaced by what @o has for parameter x. */
void outcome_fill(const char *sentence, const struct outcome *o, char *ret, size_t size);
/* What became of a change like @c in a line; and tells it. */
void outcome_text(const struct change *c, const struct outcome *o, char *ret, size_t size);
void outcome_tell(struct engine *g, const struct change *c, const struct outcome *o);
