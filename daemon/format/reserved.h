/* SPDX-License-Identifier: MIT */
/* reserved.h - words of the topology format that this version knows of but does not
 * implement: they are refused by name, not as a misspelling. */
#pragma once
#include "base.h"

/* @place: "" for the file itself, "namespace", "kind", or a section. */
bool reserved_has(const char *place, const char *word);
