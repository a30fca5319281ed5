/* SPDX-License-Identifier: MIT */
/* generate.h - random topologies, of which one may be a variation of another. */
#pragma once
#include "base.h"
#include <json-c/json.h>

struct dice {
	uint64_t seed, other; /* of the topology it is a variation of */
	unsigned change;      /* of a hundred choices, so many differ from that one's */
};

/* A number below @n, always the same for one dice and one @what. */
unsigned dice_roll(const struct dice *d, unsigned n, const char *what, ...) _printf_(3, 4);
/* A valid topology for the machine of fake_init(); the caller owns it. */
struct json_object *generate(const struct dice *d);
