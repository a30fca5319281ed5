/* SPDX-License-Identifier: MIT */
/* judge.h - tries whether what a topology expects is true. */
#pragma once
#include "suite.h"

/* Decides every test of @s, all side by side.  What is not decided at @until_usec (loop_now), or when *@stop is set,
 * could not be run.  @stop may be NULL. */
void judge(struct suite *s, uint64_t until_usec, const volatile bool *stop);
