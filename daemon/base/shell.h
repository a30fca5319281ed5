/* SPDX-License-Identifier: MIT */
/* shell.h - commands that messages propose: names in them may be anybody's. */
#pragma once
#include "arena.h"

/* @s as one word of a shell, in quotes if it needs them. */
const char *shell_word(struct arena *a, const char *s);
