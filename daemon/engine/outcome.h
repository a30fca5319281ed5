/* SPDX-License-Identifier: MIT */
/* outcome.h - the outcome of a change, in words. */
#pragma once
#include "engine.h"

void outcome_done(struct outcome *o);
/* The parameters of the error of @o, according to its row. */
struct json_object *outcome_parameters(const struct outcome *o);
/* Replaces each {x} in @sentence by the value of @o for parameter x. */
void outcome_fill(const char *sentence, const struct outcome *o, char *ret, size_t size);
/* Describes the outcome of a change like @c in a line; and reports it. */
void outcome_text(const struct change *c, const struct outcome *o, char *ret, size_t size);
void outcome_tell(struct engine *g, const struct change *c, const struct outcome *o);
