/* SPDX-License-Identifier: MIT */
/* survey.h - everything in one network namespace that the questions of inspect/ are judged from, as plain facts: read
 * once, whoever created it, a part at a time.  Nothing here refers to a topology, and nothing changes the kernel. */
#pragma once
#include "model/type.h"

struct nlattr;
struct nlmsghdr;
struct rtnl;

/* Of one namespace; what is beyond them is not read, and survey.cut says so.  nft_obstacle.h has those of chains. */
enum {
	SURVEY_LINKS_MAX = 1 << 16,
	SURVEY_ADDRESSES_MAX = 1 << 16,
	SURVEY_ROUTES_MAX = 20000,
	SURVEY_RULES_MAX = 10000,
	SURVEY_NEIGHBORS_MAX = 10000,
	SURVEY_STATIONS_MAX = 10000,
	SURVEY_QDISCS_MAX = 1 << 16,
	SURVEY_VLANS_MAX = 1 << 16,
};

/* What is read of a namespace. */
enum survey_depth {
	SURVEY_ALL,      /* everything except counters */
	SURVEY_COUNTERS, /* its links with their counters, their queueing disciplines, and connection tracking */
};

/* What a kind of link is to what it is connected to. */
enum link_class {
	LINK_PLAIN,
	LINK_PAIR,   /* a veth: what goes in comes out at its peer */
	LINK_BRIDGE, /* a master whose ports are one network */
	LINK_TUNNEL, /* adds overhead bytes to each packet, and sends it through its lower link */
	LINK_CHILD,  /* a vlan, macvlan, …: sends through its lower link, in packets as long */
	LINK_VRF,    /* a master whose ports have a routing table of their own */
};

/* What an interface has counted since it was created: struct rtnl_link_stats64, added up as node_exporter does. */
struct link_counters {
	uint64_t receive_bytes, receive_packets, receive_errs, receive_drop, receive_fifo, receive_frame,
		receive_multicast;
	uint64_t transmit_bytes, transmit_packets, transmit_errs, transmit_drop, transmit_fifo, transmit_carrier,
		transmit_colls;
	uint64_t carrier_changes;
};

/* The queueing disciplines of one kind on one link, added up: one with several queues has one for each. */
struct qdisc_fact {
	uint32_t link;
	const char *kind;
	uint64_t bytes, packets, drops, overlimits, requeues; /* since they were attached */
	uint64_t backlog, queue_length;                       /* that wait now: bytes, packets */
};

struct link_fact {
	uint32_t index;
	const char *name, *kind, *alias; /* kind: "" if it has none; alias: NULL if it has none */
	enum link_class class;
	uint32_t group, mtu, overhead;
	uint32_t master, lower; /* numbers of links, 0: none */
	int lower_nsid;         /* the namespace that lower is in, as a number of this one; -1: this one */
	uint8_t mac[6], operstate;
	bool up, carrier, has_mac, loopback;
	uint32_t vlan;             /* of a VLAN: its tag, ETHERTYPE << 16 | number; 0: it is none */
	bool filters_vlans;        /* of a bridge: its ports need not reach each other … */
	uint32_t vlan_protocol;    /* … and tags of this ETHERTYPE << 16 say which do */
	uint8_t port_state;        /* of a bridge's port: BR_STATE_* */
	bool isolated, locked;     /* as a port: not to others that are; only for stations of its fdb */
	uint8_t rp_filter;         /* net.ipv4.conf.IF; the larger of it and that of `all` counts */
	bool forwards4, forwards6; /* net.ipv4.conf.IF.forwarding, net.ipv6.conf.IF.forwarding */
	bool has_ipv6;             /* false also below an MTU of 1280 */
	bool proxy_arp, proxy_ndp; /* net.ipv4.conf.IF.proxy_arp, net.ipv6.conf.IF.proxy_ndp; or that of `all` */
	uint8_t accept_ra;
	const struct link_counters *counters; /* NULL: not asked for */

	/* Set by inspect/facts: the other end of a pair, as the index of its namespace and of the link in there. */
	int peer_netns, peer; /* -1: it is not among the facts */
	/* The network that it is in, a number that links have in common which reach each other; 0: unknown. */
	uint32_t segment;
};

struct address_fact {
	uint32_t link;             /* its number */
	struct inet address, peer; /* peer.family 0: none */
	uint8_t scope, proto;
	uint32_t flags; /* IFA_F_* */
	uint64_t age_usec;
};

struct route_fact {
	struct inet to, via; /* to.family 0: default; via.family 0: none */
	uint8_t family, type, protocol, scope;
	uint32_t link, table, metric, flags; /* link: 0: none, or several next hops */
	unsigned hops;
};

struct rule_fact {
	uint8_t family, action, protocol;
	uint32_t priority, table;
	bool selects; /* only some packets */
	bool marked;  /* only those that have a mark */
};

struct neighbor_fact {
	uint32_t link;
	struct inet address;
	uint16_t state; /* NUD_* */
	uint8_t mac[6];
	bool has_mac;
	bool proxy; /* the link answers for the address, which is elsewhere */
};

/* Who is behind a port of a bridge. */
struct station_fact {
	uint32_t link;
	uint8_t mac[6];
};

/* VLANs that a port of a bridge carries, or the bridge itself. */
struct vlan_fact {
	uint32_t link;
	uint16_t first, last; /* their numbers */
	bool pvid;            /* what comes in without a tag is in it */
	bool untagged;        /* it goes out without a tag */
};

/* A base chain of nftables that is not netnsd's. */
struct chain_fact {
	const char *family, *table, *chain; /* "ip", "filter", "FORWARD"; legacy: the program, "iptables-legacy" */
	uint32_t hook;                      /* NF_INET_* */
	const char *how;                    /* "policy drop", "last rule reject"; NULL: packets can pass to its end */
	bool bridged;                       /* it sees bridged frames, not packets */
	bool selects;                       /* it has rules about some packets; before that */
	bool translates;                    /* it is one of NAT */
	bool legacy;                        /* of iptables-legacy */
};

struct survey {
	struct arena arena;
	struct link_fact *links; /* in order of index */
	struct address_fact *addresses;
	struct route_fact *routes;
	struct rule_fact *rules;
	struct neighbor_fact *neighbors;
	struct station_fact *stations;
	struct chain_fact *chains;
	struct qdisc_fact *qdiscs;
	struct vlan_fact *vlans; /* in order of link */
	size_t n_links, n_addresses, n_routes, n_rules, n_neighbors, n_stations, n_chains, n_qdiscs, n_vlans;
	size_t room_links, room_addresses, room_routes, room_rules, room_neighbors, room_stations, room_chains,
		room_qdiscs, room_vlans;
	enum survey_depth depth;

	uint64_t cookie; /* SO_NETNS_COOKIE; 0: unknown */
	bool forwards4, forwards6;
	uint8_t rp_filter;                       /* net.ipv4.conf.all */
	bool proxy_arp, proxy_ndp;               /* net.ipv4.conf.all, net.ipv6.conf.all */
	bool no_echo4, no_echo6;                 /* net.ipv4.icmp_echo_ignore_all, net.ipv6.icmp.echo_ignore_all */
	bool bridge_nf4, bridge_nf6;             /* net.bridge.bridge-nf-call-*tables */
	bool legacy_tables;                      /* iptables-legacy has tables here */
	uint64_t conntrack_count, conntrack_max; /* 0: nothing is tracked */
	unsigned cut;                            /* bits: what was not read to its end, by enum survey_part */
};

enum survey_part {
	SURVEY_LINKS,
	SURVEY_ADDRESSES,
	SURVEY_ROUTES,
	SURVEY_RULES,
	SURVEY_NEIGHBORS,
	SURVEY_STATIONS,
	SURVEY_CHAINS,
	SURVEY_QDISCS,
	SURVEY_VLANS,
	SURVEY_PARTS
};
/* "links", "routes": what is missing if the bit of the part is set in cut. */
const char *survey_part_name(enum survey_part p);

struct survey_reader;

/* Begins to read the namespace behind @fd, which remains the caller's, into @s.  */
int survey_begin(struct survey_reader **ret, struct survey *s, int fd, enum survey_depth depth, struct err *e);
/* Reads the next part: 1: there is more, 0: done. */
int survey_step(struct survey_reader *r, struct err *e);
void survey_end(struct survey_reader *r);
void survey_done(struct survey *s);

const struct link_fact *survey_link(const struct survey *s, uint32_t index);
/* The VLANs of the port, or bridge, of that number. */
const struct vlan_fact *survey_vlans(const struct survey *s, uint32_t link, size_t *ret_n);
/* The queueing disciplines of the link of that number. */
const struct qdisc_fact *survey_qdiscs(const struct survey *s, uint32_t link, size_t *ret_n);
const struct link_fact *survey_link_named(const struct survey *s, const char *name);

/* The number that the namespace behind @fd has in the one that @nl is in; -1: none. */
int survey_nsid(struct rtnl *nl, int fd);

/* The group and the alias of the loopback of the namespace behind @fd, which show whether netnsd made it. */
int survey_loopback(int fd, uint32_t *ret_group, char *ret_alias, size_t size, struct err *e);

/* ---- what the files of survey share ---- */

/* @survey: the struct survey. */
void survey_on_link(const struct nlmsghdr *h, void *survey);
void survey_on_address(const struct nlmsghdr *h, void *survey);
void survey_on_route(const struct nlmsghdr *h, void *survey);
void survey_on_rule(const struct nlmsghdr *h, void *survey);
void survey_on_neighbor(const struct nlmsghdr *h, void *survey);
void survey_on_station(const struct nlmsghdr *h, void *survey);
void survey_on_vlans(const struct nlmsghdr *h, void *survey);
void survey_on_qdisc(const struct nlmsghdr *h, void *survey);
/* Once all are read, in order of their links. */
void survey_sort_qdiscs(struct survey *s);
void survey_sort_vlans(struct survey *s);
/* The counters among the attributes of a link; NULL: there are none. */
const struct link_counters *survey_counters(struct survey *s, struct nlattr **a);
