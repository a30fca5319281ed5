/* SPDX-License-Identifier: MIT */
/* loading.h - topology files as texts: the model of a good one, and all the messages about a bad one. */
#pragma once
#include "format/load.h"

/* Fails unless the text is a topology; the caller owns it. */
struct declaration loading_accepted(const struct kinds *kinds, const char *text);
/* Fails unless its problems are @says: "LINE:COLUMN POINTER MESSAGE", one a line. */
void loading_refused(const struct kinds *kinds, const char *text, const char *says);
/* The problems in that form; the caller frees it. */
char *loading_problems(const struct problems *p);
