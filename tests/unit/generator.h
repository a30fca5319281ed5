/* SPDX-License-Identifier: MIT */
/* generator.h - random topologies, of which one may be a variation of another. */
#pragma once
#include "base.h"
#include <json-c/json.h>

struct generator {
	uint64_t seed, other; /* of the topology it is a variation of */
	unsigned change;      /* how many of a hundred choices differ from that one's */
};

/* A number below @n, always the same for one generator and one @what. */
unsigned generator_roll(const struct generator *d, unsigned n, const char *what, ...) _printf_(3, 4);
/* A valid topology for the machine of fake_init(); the caller owns it. */
struct json_object *generate(const struct generator *d);
