/* SPDX-License-Identifier: MIT */
/* later.h - the words of the topology format that this version knows of but does
 * not build yet: they are refused by name, not as a slip of the finger. */
#pragma once
#include "base.h"

/* @place: "" for the file itself, "namespace", "kind", or a section. */
bool later_has(const char *place, const char *word);
