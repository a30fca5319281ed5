/* SPDX-License-Identifier: MIT */
/* job_open.h - the part of job.c that opens namespaces. */
#pragma once
#include "job.h"

/* All the namespaces that the change is about. */
int job_open(struct job *j, struct err *e);
/* Before the first look: what lost its name has it again, and no empty file is left at one. */
int job_clear(struct job *j, struct err *e);
