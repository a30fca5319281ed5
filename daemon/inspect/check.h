/* SPDX-License-Identifier: MIT */
/* check.h - what the checks share.  Each function looks at the facts for one thing that may be wrong. */
#pragma once
#include "finding.h"

/* A place: a namespace, and one of its links, or NULL. */
struct at {
	const struct netns_fact *n;
	const struct link_fact *l;
};

/* Adds a finding, with the topology and the object of @at.  It may be thrown away: never NULL. */
struct finding *finding_add(struct diagnosis *d, const struct check *c, const struct at *at, const char *fmt, ...)
	_printf_(4, 5);
/* Its command: "ip -n ns1 …" */
void finding_ip(struct diagnosis *d, struct finding *f, const struct netns_fact *n, const char *fmt, ...)
	_printf_(4, 5);
void finding_command(struct diagnosis *d, struct finding *f, const char *fmt, ...) _printf_(3, 4);
/* Its command: "ip netns exec ns1 sysctl -w KEY=VALUE".  A key with the name of an interface, which may have dots in it, is
 * written with slashes. */
void finding_sysctl(struct diagnosis *d, struct finding *f, const struct netns_fact *n, const char *key,
		    const char *value);

/* @s as one word of a shell. */
const char *word_of(struct diagnosis *d, const char *s);
/* "ns1/veth-ns" */
const char *place_of(struct diagnosis *d, const struct netns_fact *n, const struct link_fact *l);
const char *ip_of(struct diagnosis *d, const struct inet *i);

/* Iterates over the links that topologies declare: from zero; false at the end. */
bool next_declared(const struct diagnosis *d, struct at *at);
/* Over all links of the namespaces that are there. */
bool next_link(const struct diagnosis *d, struct at *at);
bool is_declared(const struct diagnosis *d, const struct at *at);
/* Whether its file sets it down. */
bool is_meant_down(const struct at *at);
/* Whether a topology wants packets forwarded in it, or it is in between: others use it as their gateway. */
bool is_router(const struct netns_fact *n);
/* Whether a part of it was not read: then what is missing among the facts may exist. */
bool is_cut(const struct netns_fact *n, enum survey_part p);
/* Whether an address of a link is @address. */
bool has_address(const struct netns_fact *n, const struct link_fact *l, const struct inet *address);
/* The route to an address in the main table, if no rules lead elsewhere; NULL: none, or it cannot be said. */
const struct route_fact *route_to(const struct netns_fact *n, const struct inet *to);
/* The link of a gateway: the one of its route, or of the network that it is on. */
const struct link_fact *gateway_link(const struct netns_fact *n, const struct route_fact *r);
bool same_ip(const struct inet *a, const struct inet *b);
/* The drift of the object "NS/IF" or "NS" in its topology; @missing: only if it is not there. */
const struct drift_fact *drift_of(const struct diagnosis *d, const char *kind, const char *netns, const char *link,
				  bool missing);

/* Whether a link drifted as udev does it. */
bool is_udevs(const struct diagnosis *d, const struct drift_fact *drift);

/* Whether it failed because the kernel does not know what it needs. */
bool lacks_module(const struct topology_fact *t);

void judge_namespace_missing(struct diagnosis *d, const struct check *c);
void judge_link_missing(struct diagnosis *d, const struct check *c);
void judge_far_end(struct diagnosis *d, const struct check *c);
void judge_link_down(struct diagnosis *d, const struct check *c);
void judge_loopback_down(struct diagnosis *d, const struct check *c);
void judge_no_carrier(struct diagnosis *d, const struct check *c);
void judge_address_missing(struct diagnosis *d, const struct check *c);
void judge_route_missing(struct diagnosis *d, const struct check *c);
void judge_changed(struct diagnosis *d, const struct check *c);
void judge_contested(struct diagnosis *d, const struct check *c);
void judge_not_up(struct diagnosis *d, const struct check *c);
void judge_gateway_nobody(struct diagnosis *d, const struct check *c);
void judge_gateway_silent(struct diagnosis *d, const struct check *c);
void judge_no_gateway(struct diagnosis *d, const struct check *c);

void judge_forwarding_off(struct diagnosis *d, const struct check *c);
void judge_rp_filter(struct diagnosis *d, const struct check *c);
void judge_accept_ra(struct diagnosis *d, const struct check *c);
void judge_nat_not_forwarded(struct diagnosis *d, const struct check *c);
void judge_port_forward_nobody(struct diagnosis *d, const struct check *c);

void judge_firewall_forward(struct diagnosis *d, const struct check *c);
void judge_firewall_input(struct diagnosis *d, const struct check *c);
void judge_bridge_nf(struct diagnosis *d, const struct check *c);
void judge_legacy_tables(struct diagnosis *d, const struct check *c);

void judge_address_twice(struct diagnosis *d, const struct check *c);
void judge_overlap(struct diagnosis *d, const struct check *c);
void judge_host_prefix(struct diagnosis *d, const struct check *c);
void judge_dad_failed(struct diagnosis *d, const struct check *c);
void judge_tentative(struct diagnosis *d, const struct check *c);

void judge_mtu_pair(struct diagnosis *d, const struct check *c);
void judge_mtu_bridge(struct diagnosis *d, const struct check *c);
void judge_mtu_lower(struct diagnosis *d, const struct check *c);
void judge_dhcp_checksum(struct diagnosis *d, const struct check *c);

void judge_other_manager(struct diagnosis *d, const struct check *c);
void judge_udev_mac(struct diagnosis *d, const struct check *c);
void judge_stale_name(struct diagnosis *d, const struct check *c);
void judge_nameless(struct diagnosis *d, const struct check *c);

void judge_module_missing(struct diagnosis *d, const struct check *c);
void judge_userns_blocked(struct diagnosis *d, const struct check *c);
void judge_bridge_ports(struct diagnosis *d, const struct check *c);
void judge_limits(struct diagnosis *d, const struct check *c);
void judge_conntrack(struct diagnosis *d, const struct check *c);
/* What a description, "veth, peer host/veth-host", has after the word of a field; NULL: it has none. */
const char *field_value(const char *text, const char *word);
