/* SPDX-License-Identifier: MIT */
/* kind_tunnel.h - a kind of link that no kernel has, in addition to those of netnsd. */
#pragma once
#include "format/load.h"
#include "kind/link.h"

/* IFLA_INFO_DATA of a tunnel. */
enum {
	TUNNEL_LEARNING = 1,
	TUNNEL_PORT,
	TUNNEL_TTL,
	TUNNEL_REMOTE,
	TUNNEL_REMOTE6,
	TUNNEL_OVER,
	TUNNEL_MODE,
	TUNNEL_PORTS, /* struct tunnel_ports */
	TUNNEL_MAX,
};

struct tunnel_ports {
	uint16_t first, last;
};

struct tunnel {
	struct link link;
	bool learning;
	uint8_t ttl, mode;
	uint16_t port, first, last;
	struct inet remote;
	const char *over;
};

extern const struct kind kind_tunnel;

/* The kinds of netnsd, and the tunnel where a row of kinds.c would put it. */
const struct kinds *tunnel_kinds(void);

/* A topology with a tunnel a/t, over a veth a/x. */
extern const char tunnel_file[];
/* Its tunnel. */
struct tunnel *tunnel_of(const struct declaration *t);
