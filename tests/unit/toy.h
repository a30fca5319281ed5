/* SPDX-License-Identifier: MIT */
/* toy.h - kinds that exist in no kernel, so that the layers below the kinds are
 * tested without any. */
#pragma once
#include "model/kind.h"
#include "model/model.h"

/* A namespace, an existing interface, a switch, a cable, and what belongs to them:
 * addresses, routes, settings. */
extern const struct kinds toy_kinds;

struct toy_netns {
	struct object object;
	bool existing;
};

struct toy_any {
	struct object object;
	uint16_t mtu;
	const char *master;
};

struct toy_switch {
	struct object object;
	uint16_t mtu;
	const char *master;
	uint32_t ageing;
};

struct toy_cable {
	struct object object;
	uint16_t mtu;
	const char *master, *peer;
	uint8_t mac[6];
};

struct toy_address {
	struct object object;
	struct inet address;
	uint8_t scope;
};

struct toy_route {
	struct object object;
	struct inet to, via;
	const char *dev;
};

struct toy_setting {
	struct object object;
	const char *key, *value;
};

struct toy_panel {
	struct object object;
	uint32_t lamps; /* a set of bits */
	uint8_t light;
};
