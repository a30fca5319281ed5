/* SPDX-License-Identifier: MIT */
/* doctor.h - what is wrong, judged from facts: a table of checks, each of them a pure function. */
#pragma once
#include "finding.h"

extern const struct check doctor_checks[];
extern const size_t n_doctor_checks;

/* Begins; then each step is one check, until there is no more. */
void doctor_begin(const struct facts *f, struct diagnosis *ret);
bool doctor_step(struct diagnosis *d);
/* Keeps what is about @topology. */
void doctor_select(struct diagnosis *d, const char *topology);
void diagnosis_done(struct diagnosis *d);

/* "note", "warning", "error" */
const char *severity_word(unsigned severity);
