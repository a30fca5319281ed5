/* SPDX-License-Identifier: MIT */
/* route.h - the parts of the route kind: its values, its checks, its reading. */
#pragma once
#include "kernel/observer.h"
#include "format/route_table.h"

/* The kernel lowers larger values to it (ip_metrics_convert, net/ipv4/metrics.c). */
enum { ROUTE_MTU_MAX = 65520, ROUTE_ADVMSS_MAX = 65495 };

struct nexthop {
	struct inet via;
	const char *dev; /* "NS/IF" or NULL */
	uint16_t weight; /* 1 to 256; 0 means 1 */
	bool onlink;     /* this one; all of them: route.onlink */
};

struct nexthops {
	size_t n;
	struct nexthop *v;
};

/* What the kernel does to a packet in addition, as its attribute says. */
struct encap {
	uint16_t type; /* LWTUNNEL_ENCAP_*, 0: nothing */
	uint16_t size;
	const uint8_t *data;
};

struct route_key {
	uint32_t family, metric, table;
};

struct route {
	struct object object;
	struct inet to, via, src; /* to.family 0: default */
	const char *dev;
	struct route_key key; /* as the kernel has it: family, metric and table filled in */
	uint32_t metric, table, mtu;
	uint8_t type, scope;
	bool onlink;
	/* RTA_METRICS. */
	uint32_t lock, window, rtt, rttvar, ssthresh, cwnd, advmss, reordering, hoplimit, initcwnd, features, rto_min,
		initrwnd, quickack, fastopen_no_cookie;
	const char *congctl;
	uint8_t pref;     /* IPv6 */
	uint32_t expires; /* IPv6: the seconds left, 0: it is permanent */
	uint32_t realm, nhid;
	struct encap encap;
	uint32_t shape;   /* how many gateways it has, and its scope */
	uint8_t protocol; /* of an observed one that is adopted: its former protocol */
	struct nexthops nexthops;
};

extern const struct type type_gateway, type_nexthops, type_route_key;
/* route_option.c */
extern const struct type type_metric_lock, type_expires, type_encap;
/* Reads them, except those of next hops, and sets those that are missing. */
void route_read_options(struct route *r, struct nlattr **a, struct arena *arena);
/* Those of them that are sent for a new route. */
void route_put_options(const struct route *r, struct nl_msg *m);
/* Fills in the shape, when everything else is set. */
void route_set_shape(struct route *r, uint8_t scope);

extern const struct kind kind_route;

/* Fills in the key from the fields that are set. */
void route_finish(struct route *r);

/* The next hops, or @one made of "via" and "dev"; returns how many. */
size_t route_hops(const struct route *r, struct nexthop *one, const struct nexthop **ret);
/* The reverse: a single one becomes "via" and "dev", as the kernel has no list of one. */
void route_set_hops(struct route *r, const struct nexthop *v, size_t n);
/* What all next hops say is the route's. */
void route_set_onlink(struct route *r);
/* Whether it refuses packets instead of forwarding them. */
bool route_is_reject(const struct route *r);
/* Checks what the kernel always refuses of a route by itself. */
int route_check_form(const struct route *r, struct err *e);

/* The default scope of the route. */
uint8_t route_usual_scope(const struct route *r);

struct rtmsg;
/* Whether it is only for some of the packets to its destination. */
bool route_is_narrow(const struct rtmsg *i);

int route_observe(struct observer *obs, struct err *e);
struct dump;
/* kind.dump */
bool route_dump(struct observer *obs, size_t i, struct dump *ret);
/* Makes a route of a message, whoever created it, and does not add it to the model; NULL: it is none. */
struct route *route_read(struct observer *obs, const struct nlmsghdr *h);

/* route_export.c */
/* Whether no topology declares the route of a message, but a program that makes routes as it learns them, or it is for
 * only some of the packets. */
bool route_is_others(struct observer *obs, const struct nlmsghdr *h);
/* kind.export */
bool route_export(struct model *observed, struct object *o, struct unsaid *u);

/* route_other.c */
/* Reduces @r, which is in the model, to the next hops that are ours; the rest belongs to others. */
void route_divide(struct observer *obs, struct route *r);
/* Finds routes of others in the slots of ours that are missing, or next to ours. */
int route_others(struct observer *obs, struct err *e);
/* kind.in_the_way */
const char *route_in_the_way(struct batch *b, const struct object *o, struct arena *a);
/* Sets out_of_order of routes whose gateway is on another interface now. */
void route_check_places(struct observer *obs);
/* Checks that each gateway is on a network of the namespace, if all of these are declared. */
void route_check_netns(const struct model *m, const struct object *netns, struct problems *p);
