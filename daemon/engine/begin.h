/* SPDX-License-Identifier: MIT */
/* begin.h - makes a job of a change. */
#pragma once
#include "engine.h"

/* Sets the outcome to @code, with the message of @e unless that is NULL. */
void outcome_refuse(struct outcome *o, enum outcome_code code, const struct err *e);
/* What the end of a job means to whoever asked for the change. */
void outcome_from(struct outcome *o, struct job *j);
/* Whether a change may begin, or be planned; if not, the outcome is set. */
bool change_may_begin(const struct engine *g, const struct change *c, struct outcome *o);
/* Likewise for one whose turn it is: it may also be done already, as a confirmation is. */
bool change_admit(struct engine *g, struct change *c, struct outcome *o);
/* Prepares the job of a change; false, with the outcome, if it is refused before anything is observed. */
bool change_begin(struct engine *g, struct job *j, const struct change *c, struct outcome *o);
