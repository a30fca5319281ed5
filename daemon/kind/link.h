/* SPDX-License-Identifier: MIT */
/* link.h - what all kinds of interfaces share. */
#pragma once
#include "model/kind.h"
#include "model/model.h"
#include "kernel/work.h"

struct link {
	struct object object;
	bool up, carrier;
	/* What no file says, and is so of an interface of ours; its port of a bridge is not disabled by hand. */
	bool arp, multicast, forwards;
	uint8_t addrgen;
	uint8_t mac[6];
	uint32_t mtu, txqlen;
	const char *master;		/* "NS/IF", NULL: none */
	uint32_t lower;			/* IFLA_LINK of an observed one: the far end, or what it stands on */
	bool lower_away;		/* it is in another namespace */
	const char *base;		/* "NS/IF" of the one that an observed one stands on, as VLANs do; NULL: none */
	const char *altname;		/* of an observed one: another name that it has, and that a topology declares; or NULL */
	bool vrf;			/* an observed one has a routing table of its own */
	bool promotes;			/* of addresses the next one takes the place of one that leaves */
	const char *mark;		/* set only if it is damaged: a constant in a desired one, else what became of it */
	uint32_t master_index;		/* IFLA_MASTER of an observed one */
	uint32_t ports_mtu;		/* of a declared bridge: the least that its ports say, which it follows; 0: none */
	bool only_named;		/* a cable's end that no entry lists, only the other end's "peer" */
};

/* What is there already, of whatever kind, and is only managed. */
extern const struct kind kind_interface;

extern const struct word link_addrgen_words[];

/* The rows that every kind of interface starts with, in this order. */
#define LINK_FIELDS                                                                                                    \
	FIELD(link, up, bool, .flags = OFF_INTERRUPTS, .kernel_default = "true",                                             \
	      .doc = "whether the interface is to be up; true unless said (IFF_UP)"),                                  \
	FIELD(link, mtu, u32, .min = 68, .max = 65536, .nla = IFLA_MTU, .kernel_default = "1500",                            \
	      .doc = "largest packet, in bytes; 65536 is for lo alone; below 1280 there is no IPv6 (IFLA_MTU)"),      \
	FIELD(link, mac, mac, .flags = INTERRUPTS, .nla = IFLA_ADDRESS,                                                \
	      .doc = "hardware address; derived from machine, topology and name unless said (IFLA_ADDRESS)"),          \
	FIELD(link, master, link, .refs = "link", .flags = LOOSE | INTERRUPTS, .kernel_default = "null",                     \
	      .doc = "the bridge this is a port of, an interface of the same namespace (IFLA_MASTER)"),                \
	FIELD(link, txqlen, u32, .nla = IFLA_TXQLEN, .kernel_default = "1000",                                               \
	      .doc = "length of the transmit queue, in packets (IFLA_TXQLEN)"),                                        \
	FIELD(link, addrgen, word, .words = link_addrgen_words, .kernel_default = "\"eui64\"",                               \
	      .doc = "how the kernel makes the IPv6 link-local address (IFLA_INET6_ADDR_GEN_MODE); stable needs "      \
		     "net.ipv6.conf.default.stable_secret"),                                                   \
	FIELD(link, carrier, bool, .flags = HIDDEN | WRITTEN, .doc = "whether there is a signal (IFF_LOWER_UP)"),    \
	FIELD(link, arp, bool, .flags = HIDDEN | SHOWN, .kernel_default = "true", .doc = "not IFF_NOARP"),                  \
	FIELD(link, multicast, bool, .flags = HIDDEN | SHOWN, .kernel_default = "true", .doc = "IFF_MULTICAST"),            \
	FIELD(link, forwards, bool, .flags = HIDDEN | SHOWN, .kernel_default = "true", .doc = "not BR_STATE_DISABLED"), \
	FIELD(link, mark, string, .flags = HIDDEN | SHOWN | OF_MARK, .doc = "of a link of ours whose mark is damaged: group and alias")

/* Their places in the rows. */
enum { LINK_UP, LINK_MTU, LINK_MAC, LINK_MASTER, LINK_TXQLEN, LINK_ADDRGEN, LINK_CARRIER, LINK_ARP, LINK_MULTICAST, LINK_FORWARDS, LINK_MARK };

/* Whether it is an end of a cable of ours: nobody else is on it. */
bool link_is_veth_pair(const struct object *o);

/* Whether it was left between the two messages that make a link of ours. */
bool link_is_half_made(const struct object *o);
/* kind.note_mark and kind.say_damage of all interfaces. */
void link_note_mark(struct model *observed, struct object *have, struct object *want, const char *topology);
const char *link_say_damage(struct arena *a, const struct object *have, const char *topology);

/* Whether netnsd sets @key of IPv6 off on it when it is new, whatever is the default there. */
bool link_is_guarded(const struct model *desired, const struct object *o, const char *key);
/* Whether a file says that it is down. */
bool link_is_down(const struct object *o);
/* What its MTU is going to be; 0: nobody says. */
uint32_t link_mtu(const struct object *o);
/* Whether its MTU is too small for IPv6, of which the kernel then takes all away. */
bool link_lacks_ipv6(const struct object *o);

/* link_read.c: the interface of a message, not yet in the model; NULL: it is none.  What names other
 * interfaces is still their number. */
struct object *link_read(struct look *look, const struct nlmsghdr *h);

/* The checks that every kind of interface makes. */
int link_check(struct object *o, struct err *e);
void link_complete(struct model *m, struct object *o, struct problems *p);
void link_check_in(const struct model *m, const struct object *o, struct problems *p);

/* The attributes that a create message carries for this end: name, group, MAC, MTU. */
void link_put_birth(const struct work *w, const struct object *o, struct nl_msg *m);
/* Creates a link; @data appends what stands in IFLA_INFO_DATA besides the rows' own, and may be NULL. */
int link_create(struct work *w, struct op *op, int (*data)(struct work *w, struct op *op, struct nl_msg *m, struct err *e),
		struct err *e);
/* Everything but the creation of a kind with its own data. */
int link_encode(struct work *w, struct op *op, struct err *e);
/* link_state.c */
/* Flags that somebody changed, of @diff; a new link has them on. */
void link_put_flags(struct nl_msg *m, const struct object *o, uint64_t diff);
/* Has its port forward again; that of another bridge begins anew. */
int link_forward(struct work *w, struct op *op, struct err *e);
/* kind.takes: what IPv6 loses when a link goes down, or below the smallest MTU that it needs. */
bool link_takes(const struct op *op, const struct object *other);
/* Group and alias. */
int link_mark(struct work *w, struct op *op, struct err *e);
/* Removes one link, or all of the topology's in its namespace at once. */
int link_apply(struct work *w, struct op *ops, size_t n, size_t *ret_taken, struct err *e);
