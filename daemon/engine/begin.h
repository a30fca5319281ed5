/* SPDX-License-Identifier: MIT */
/* begin.h - makes a job of a change. */
#pragma once
#include "engine.h"

/* Sets the outcome to @code, with the message of @e unless that is NULL. */
void outcome_refuse(struct outcome *o, enum outcome_code code, const struct err *e);
/* Prepares the job of a change; false, with the outcome, if it is refused before anything is observed. */
bool change_begin(struct engine *g, struct job *j, const struct change *c, struct outcome *o);
