/* SPDX-License-Identifier: MIT */
/* expect.h - the section "expect" of a topology file: what should be reachable from where.  The kernel never hears
 * of it; netnsctl test finds out whether it is true. */
#pragma once
#include "model/kind.h"
#include "model/model.h"

enum {
	EXPECTATIONS_MAX = 1024,
	WITHIN_MAX = 3600, /* seconds */
	COUNT_MAX = 10000, /* packets */
	COUNT_DEFAULT = 100,
	WITHIN_DEFAULT = 5,
};

/* Where to: an interface of the file, or an address (family 0: not that). */
struct target {
	const char *link; /* "NS/IF" */
	struct inet address;
};

/* One element of the list.  Exactly one of ping, tcp, udp and route is set. */
struct expectation {
	struct object object; /* for its position, and for which fields are set; in no model */
	const char *from;     /* the namespace that it is asked in */
	struct target ping, tcp, udp;
	uint16_t port;
	struct target listen; /* of tcp and udp: where packets end, where a NAT sends them elsewhere */
	uint16_t listen_port;
	struct inet route, via;
	const char *dev;
	uint32_t table; /* of route */
	uint8_t family; /* AF_INET, AF_INET6, 0: any */
	bool reach;
	uint32_t within, count;
	uint32_t loss_max;           /* in thousandths of a percent */
	uint32_t rtt_min, rtt_max;   /* in microseconds */
	uint64_t rate_min, rate_max; /* in bits a second */
};
struct expectations {
	struct expectation **v;
	size_t n;
};
extern const struct kind kind_expect;

/* Whether the file sets member @m. */
#define EXPECTS(x, m) expectation_sets((x), offsetof(struct expectation, m))
bool expectation_sets(const struct expectation *x, size_t offset);

/* The values that only expectations have; they are read, and never written or compared. */
extern const struct type type_netns_name, /* const char * */
	type_ifname,                      /* const char * */
	type_target,                      /* struct target */
	type_duration,                    /* uint32_t, in microseconds */
	type_percentage,                  /* uint32_t, in thousandths of a percent */
	type_bitrate;                     /* uint64_t, in bits a second */
