/* SPDX-License-Identifier: MIT */
/* address.h - an IP address, and the route to its network that the kernel creates with it, and removes with
 * it (fib_add_ifaddr, net/ipv4/fib_frontend.c; addrconf_prefix_route, net/ipv6/addrconf.c). */
#pragma once
#include "kernel/observer.h"
#include "link.h"

enum { METRIC_IPV6 = 256 }; /* IP6_RT_PRIO_ADDRCONF, include/net/ip6_route.h */

struct address {
	struct object object;
	struct inet address, peer;
	/* How the kernel distinguishes the addresses of a link: with IPv6 by the address, with IPv4 also by
	 * its prefix length and the network of the peer (find_matching_ifa, net/ipv4/devinet.c). far is
	 * that network, unless it is the address's own. */
	struct inet key, far;
	struct inet broadcast; /* of an observed one: other than the last address of its network; or none */
	const char *label;
	uint8_t scope;
	uint32_t metric;
	uint32_t flags; /* IFA_FLAGS, of an observed one */
	bool nodad;
	bool bare; /* the file, or that of an export, gives it no prefix length, neither with a peer, and it is not on lo */
	bool missing[2]; /* of an observed one: the route to its network, that to its peer */
	/* Properties that no file sets and that change its behaviour: the flags of IFA_FLAGS that the
	 * kernel changes in place, those that it does not, and IFA_CACHEINFO. */
	uint32_t options, fixed_options;
	uint32_t valid_lft, preferred_lft; /* in seconds */
	const char *mark; /* set only if it is missing: a constant in a desired one, else a description */
};

extern const struct kind kind_address;
extern const struct kind kind_address_route;

#define LIFETIME_FOREVER UINT32_MAX /* INFINITY_LIFE_TIME, include/net/addrconf.h */

/* address_type.c */
extern const struct type type_address_options, type_lifetime;

/* kind.identify: fills in the key. */
void address_identify(struct object *o);
/* Sets its lifetimes, and the flags that change its behaviour. */
void address_set_lasting(struct address *a, uint32_t flags, uint32_t valid_lft, uint32_t preferred_lft);

/* The metric as the kernel reports it. */
uint32_t address_told_metric(const struct address *a, uint32_t metric);

/* Checks what the kernel refuses of an address, and makes it canonical. */
int address_check(struct object *o, struct err *e);
/* kind.doubt: an address without a prefix length is taken as ip-address(8) does. */
const char *address_doubt(struct arena *arena, const struct object *o);
void address_check_in(const struct model *m, const struct object *o, struct problems *p);
/* IPv4: checks what the kernel refuses of two in one network. */
void address_check_netns(const struct model *m, const struct object *netns, struct problems *p);

/* The network it is in. */
struct inet address_net(const struct address *a);

/* Sets out_of_order of those from the object @first on that have to be recreated, so that the first
 * declared one of a network is the first in the kernel. */
void address_order(struct observer *obs, size_t first);

/* kind.slots: those of the routes that the kernel creates with it. */
size_t address_slots(const struct object *o, struct slot ret[SLOTS_MAX]);
/* kind.is_at: the address. */
bool address_is_at(const struct object *o, struct slot *ret);
/* kind.avoids: the peer; if another address has it, removing that removes the route to the peer. */
bool address_avoids(const struct object *o, size_t i, struct slot *ret);

/* kind.derive: the routes that came with it and are missing. */
void address_derive(struct model *desired, const struct model *observed, const struct object *o);

/* address_ready.c */
/* kind.condition. */
const char *address_condition(const struct object *o);
/* kind.note_mark and kind.say_damage: IFA_PROTO is the mark, and any program that sets the address without
 * it removes it. */
void address_note_mark(struct model *observed, struct object *have, struct object *want, const char *topology);
const char *address_say_damage(struct arena *a, const struct object *have, const char *topology);
/* kind.retry. */
int address_retry(const struct object *o, struct err *e);
/* Whether @ip can be used in @netns (kind.ready). */
int address_ready(const struct model *observed, const char *netns, const struct inet *ip, unsigned *ret_seconds,
		  struct err *e);
/* IPv6: the kernel creates the route to the peer of a new address a little later, and until then refuses
 * routes that lead over it; created now, it is there for the rest of the batch. */
int address_reach_peer(struct batch *b, const struct address *a, uint32_t index, struct err *e);
/* With an address the kernel removes the route to its peer, even if others need it: it is created again. */
int address_keep_peer(struct batch *b, const struct address *gone, struct err *e);
