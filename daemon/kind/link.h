/* SPDX-License-Identifier: MIT */
/* link.h - what all kinds of interfaces share. */
#pragma once
#include "model/kind.h"
#include "model/model.h"
#include "kernel/batch.h"
#include <linux/if_link.h>

/* IFLA_BRPORT_… of Linux 5.16, 6.3 and 6.4 (include/uapi/linux/if_link.h); newer headers have enumerators of these names. */
enum { PORT_MAB_ATTRIBUTE = 40, PORT_MCAST_MAX_GROUPS_ATTRIBUTE = 42, PORT_NEIGH_VLAN_SUPPRESS_ATTRIBUTE = 43 };

struct observer; /* observer.h */

enum { LINK_NAMED_MAX = 2 };

struct link {
	struct object object;
	bool up, carrier;
	/* No file sets these, and they are true of an interface of ours; forwards: its bridge port is not disabled
	 * by hand. */
	bool arp, multicast, forwards;
	uint8_t addrgen;
	uint8_t mac[6];
	uint32_t mtu, txqlen;
	bool dormant; /* IFLA_LINKMODE: it does not run until a program allows it */
	/* Its properties as a port of a bridge. */
	bool hairpin, guard, root_block, fastleave, learning, flood, mcast_flood, bcast_flood, mcast_to_unicast,
		isolated, locked, mab, proxy_arp, proxy_arp_wifi, neigh_suppress, neigh_vlan_suppress, vlan_tunnel;
	uint8_t port_mcast_router;
	uint16_t port_priority, port_group_fwd_mask;
	uint32_t backup_port, mcast_max_groups, mcast_hosts_limit;
	const char *master;    /* "NS/IF", NULL: none */
	uint32_t lower;        /* IFLA_LINK of an observed one: the far end, or its base */
	bool lower_away;       /* it is in another namespace */
	int lower_nsid;        /* that namespace, as a number of this one */
	const char *lower_at;  /* of an exported one: "NS/IF" of it, wherever it is; NULL: unknown */
	const char *alien;     /* of an exported one: its kind, which no topology can declare; "": it has none */
	const char *extra;     /* of an exported one: what no topology can declare, in the words of ip(8); or NULL */
	bool mac_is_given;     /* of an exported one: somebody set its MAC address, or nobody knows */
	const char *base;      /* "NS/IF" of the base of an observed one, as VLANs have; NULL: none */
	const char *altname;   /* of an observed one: an alternative name that a topology declares; or NULL */
	bool own_table;        /* an observed one has a routing table of its own */
	bool promotes;         /* when an address is removed, the next one takes its place */
	const char *mark;      /* set only if it is damaged: a constant in a desired one, else a description */
	uint32_t master_index; /* IFLA_MASTER of an observed one */
	const struct link_kind *port_of; /* of an observed port: the kind of its master; or NULL */
	uint32_t named
		[LINK_NAMED_MAX]; /* of an observed one: the numbers in its rows of type_link, one after the other */
	uint32_t usual_mtu;       /* of a declared one: its MTU unless the file sets one; 0: that of its row */
	bool only_named;          /* an end of a veth pair that has no entry, only the other end's "peer" */
};

/* An existing interface, of whatever kind, that is only managed. */
extern const struct kind kind_interface;

extern const struct word link_up_words[], link_addrgen_words[];

/* What a kind of link does in addition to its rows.  All of it is optional. */
struct link_kind {
	/* Pure.  As in struct kind, after the checks for every kind of link. */
	int (*check)(struct object *o, struct err *e);
	void (*complete)(struct model *m, struct object *o, struct problems *p);
	void (*check_in)(const struct model *m, const struct object *o, struct problems *p);
	void (*resolve)(struct model *observed, struct object *o, const struct object *wanted);

	/* Pure.  As in struct kind, after what every kind of link does. */
	bool (*export)(struct model *observed, struct object *o, struct unsaid *u);

	/* ---- IFLA_INFO_DATA, as far as rows do not cover it: fields of NLA_INFO_DATA without an attribute
	 * ---- */

	/* Adds those of @mask, at creation and when one of them changes. */
	int (*put_data)(struct batch *b, const struct object *o, uint64_t mask, struct nl_msg *m, struct err *e);
	/* Reads them from the @n attributes @data, each at its number; NULL: missing. */
	void (*read_data)(struct observer *obs, struct object *o, struct nlattr *const *data, size_t n);
	/* What a change does not contain the kernel sets to its default: it is sent with everything that is
	 * known. */
	bool whole_data;

	/* ---- creation ---- */

	/* The namespace that creates it, if that is not its own or that of the link below it (IFLA_LINK). */
	const char *(*birthplace)(const struct object *o);
	/* Used instead of RTM_NEWLINK. Sets @op->after->handle. */
	int (*create)(struct batch *b, struct op *op, struct err *e);
	/* Sets what rtnetlink has no message for: of a new link that is not up yet, or the fields op->diff. */
	int (*configure)(struct batch *b, struct op *op, struct err *e);
	/* It forgets the MTU that it is created with. */
	bool mtu_after_birth;
	/* It has the MAC address of the link below it (IFLA_LINK), and follows it, unless a file sets one. */
	bool lower_mac;
	/* At its other end is only what its topology puts there. */
	bool is_private;

	/* ---- as a port of another ---- */

	/* Pure.  Why it cannot be a port of @master, as a sentence; NULL: it can, or only the kernel knows. */
	const char *(*refuses_master)(const struct object *o, const struct object *master);

	/* ---- as the master of others (kind.ports) ---- */

	/* It and its ports have a routing table of their own. */
	bool own_table;
	/* A link becomes its port only while it is down. */
	bool takes_ports_down;
	/* Pure.  Called for each declared port. */
	void (*complete_port)(struct object *master, const struct object *port);
	/* Reads the state of a port, and its rows of NLA_PORT, from its flags and IFLA_INFO_SLAVE_DATA. */
	void (*read_port)(struct observer *obs, struct link *port, const struct ifinfomsg *i, struct nlattr *data);
	/* Pure.  Whether an observed master has its ports forward when they can: no protocol decides. */
	bool (*forwards)(const struct object *master);
	/* It has a table of forwarding entries (bridge fdb): its own, and those of its ports … */
	bool has_fdb;
	/* Pure.  … and one for each VLAN. */
	bool (*has_vlans)(const struct object *master);
	/* Pure.  The VLAN of what arrives at a new port without a tag, and leaves it without one; 0: none. */
	uint16_t (*default_pvid)(const struct object *master);
	/* Sends the rows of NLA_PORT in @mask; with @state it makes the port forward again, or disables it. */
	int (*send_port)(struct batch *b, struct op *op, uint64_t mask, bool state, struct err *e);
	/* Pure.  The seconds that an observed one may need until it has a carrier, in addition to the usual
	 * ones. */
	unsigned (*carrier_seconds)(const struct object *master);
};

/* The one of @o, which is a link; an empty one if its kind has none. */
const struct link_kind *link_kind(const struct object *o);

/* The rows that every kind of link starts with, in this order.  @usual_mtu: its default, as JSON; NULL: it depends
 * (link.usual_mtu). */
// clang-format off: keeps its rows
#define LINK_FIELDS(usual_mtu)                                                                                         \
	FIELD(link, up, bool, .flags = OFF_INTERRUPTS, .kernel_default = "true", .words = link_up_words,                     \
	      .doc = "whether the interface is up; true by default (IFF_UP)"),                                  \
	FIELD(link, mtu, u32, .min = 68, .max = 65536, .nla = IFLA_MTU, .kernel_default = (usual_mtu),                           \
	      .doc = "largest packet, in bytes; 65536 on lo only; below 1280 there is no IPv6 (IFLA_MTU)"),      \
	FIELD(link, mac, mac, .flags = INTERRUPTS, .nla = IFLA_ADDRESS,                                                \
	      .doc = "hardware address; by default derived from machine, topology and name (IFLA_ADDRESS)"),          \
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
	FIELD(link, mark, string, .flags = HIDDEN | SHOWN | OF_MARK, .doc = "of a link of ours whose mark is damaged: group and alias"), \
	FIELD(link, dormant, bool, .flags = HIDDEN | SHOWN | USUAL, .nla = IFLA_LINKMODE, .width = 1, .kernel_default = "false", \
	      .doc = "IFLA_LINKMODE")

#define PORT_BOOL(m, attribute, usual, ...)                                                                            \
	FIELD(link, m, bool, .nla = (attribute), .width = 1, .place = NLA_PORT, .kernel_default = (usual), __VA_ARGS__)
#define PORT_HIDDEN(m, t, attribute, usual)                                                                            \
	FIELD(link, m, t, .flags = HIDDEN | SHOWN | USUAL, .nla = (attribute), .place = NLA_PORT, .kernel_default = (usual), .doc = "")

/* After them, the rows of what may be a port of a bridge, in the words of ip(8).  A port begins with the defaults
 * (new_nbp, net/bridge/br_if.c), except the cost: it follows the speed of the link. */
#define PORT_FIELDS                                                                                                    \
	PORT_BOOL(learning, IFLA_BRPORT_LEARNING, "true", .flags = USUAL,                                              \
		  .doc = "as a port: whether the bridge learns addresses from received frames (IFLA_BRPORT_LEARNING)"),  \
	PORT_BOOL(flood, IFLA_BRPORT_UNICAST_FLOOD, "true", .flags = USUAL,                                            \
		  .doc = "as a port: whether unicast to unknown addresses is sent (IFLA_BRPORT_UNICAST_FLOOD)"), \
	PORT_BOOL(mcast_flood, IFLA_BRPORT_MCAST_FLOOD, "true", .flags = USUAL,                                        \
		  .doc = "as a port: whether multicast that nobody requested is sent (IFLA_BRPORT_MCAST_FLOOD)"),     \
	PORT_BOOL(bcast_flood, IFLA_BRPORT_BCAST_FLOOD, "true", .flags = USUAL,                                        \
		  .doc = "as a port: whether broadcast is sent (IFLA_BRPORT_BCAST_FLOOD)"),                           \
	PORT_BOOL(isolated, IFLA_BRPORT_ISOLATED, "false", .flags = USUAL,                                             \
		  .doc = "as a port: whether it reaches only ports that are not isolated (IFLA_BRPORT_ISOLATED)"),     \
	PORT_BOOL(hairpin, IFLA_BRPORT_MODE, "false", .flags = USUAL,                                                  \
		  .doc = "as a port: whether a frame may leave where it arrived (IFLA_BRPORT_MODE)"),                  \
	PORT_BOOL(locked, IFLA_BRPORT_LOCKED, "false", .flags = USUAL,                                                 \
		  .doc = "as a port: whether frames are accepted only from addresses of its forwarding entries " \
			 "(IFLA_BRPORT_LOCKED)"), \
	PORT_BOOL(guard, IFLA_BRPORT_GUARD, "false", .flags = USUAL,                                                   \
		  .doc = "as a port: whether STP disables it when it receives a BPDU (IFLA_BRPORT_GUARD)"),               \
	PORT_BOOL(root_block, IFLA_BRPORT_PROTECT, "false", .flags = USUAL,                                            \
		  .doc = "as a port: whether STP keeps it from becoming the root port (IFLA_BRPORT_PROTECT)"),            \
	PORT_BOOL(fastleave, IFLA_BRPORT_FAST_LEAVE, "false", .flags = USUAL,                                          \
		  .doc = "as a port: whether multicast stops as soon as one receiver leaves (IFLA_BRPORT_FAST_LEAVE)"), \
	PORT_BOOL(neigh_suppress, IFLA_BRPORT_NEIGH_SUPPRESS, "false", .flags = USUAL,                                 \
		  .doc = "as a port: whether the bridge answers ARP and neighbour discovery from its own table "       \
			 "(IFLA_BRPORT_NEIGH_SUPPRESS)"),                                                              \
	PORT_BOOL(mcast_to_unicast, IFLA_BRPORT_MCAST_TO_UCAST, "false", .flags = HIDDEN | SHOWN | USUAL, .doc = ""),  \
	PORT_BOOL(mab, PORT_MAB_ATTRIBUTE, "false", .flags = HIDDEN | SHOWN | USUAL, .doc = ""),                          \
	PORT_BOOL(proxy_arp, IFLA_BRPORT_PROXYARP, "false", .flags = HIDDEN | SHOWN | USUAL, .doc = ""),               \
	PORT_BOOL(proxy_arp_wifi, IFLA_BRPORT_PROXYARP_WIFI, "false", .flags = HIDDEN | SHOWN | USUAL, .doc = ""),     \
	PORT_BOOL(neigh_vlan_suppress, PORT_NEIGH_VLAN_SUPPRESS_ATTRIBUTE, "false", .flags = HIDDEN | SHOWN | USUAL, .doc = ""), \
	PORT_BOOL(vlan_tunnel, IFLA_BRPORT_VLAN_TUNNEL, "false", .flags = HIDDEN | SHOWN | USUAL, .doc = ""),          \
	PORT_HIDDEN(port_mcast_router, u8, IFLA_BRPORT_MULTICAST_ROUTER, "1"),                                         \
	PORT_HIDDEN(port_priority, u16, IFLA_BRPORT_PRIORITY, "32"),                                                   \
	PORT_HIDDEN(port_group_fwd_mask, u16, IFLA_BRPORT_GROUP_FWD_MASK, "0"),                                        \
	PORT_HIDDEN(backup_port, u32, IFLA_BRPORT_BACKUP_PORT, "0"),                                                   \
	PORT_HIDDEN(mcast_max_groups, u32, PORT_MCAST_MAX_GROUPS_ATTRIBUTE, "0"),                                         \
	PORT_HIDDEN(mcast_hosts_limit, u32, IFLA_BRPORT_MCAST_EHT_HOSTS_LIMIT, "512")
// clang-format on

/* Their indices in the rows. */
enum {
	LINK_UP,
	LINK_MTU,
	LINK_MAC,
	LINK_MASTER,
	LINK_TXQLEN,
	LINK_ADDRGEN,
	LINK_CARRIER,
	LINK_ARP,
	LINK_MULTICAST,
	LINK_FORWARDS,
	LINK_MARK
};

/* A kind of link in struct @s, which begins with struct link; the rest of the row follows. */
#define LINK_KIND(s, ...)                 \
	{ .class = "link",                \
	  .label = "link",                \
	  .section = "interfaces",        \
	  .form = FORM_MAP,               \
	  .size = sizeof(struct s),       \
	  .fields = fields,               \
	  .n_fields = ARRAY_SIZE(fields), \
	  .check = link_check,            \
	  .complete = link_complete,      \
	  .check_in = link_check_in,      \
	  .reset = link_reset,            \
	  .takes = link_takes,            \
	  .resolve = link_resolve,        \
	  .export = link_export,          \
	  .encode = link_encode,          \
	  .note_mark = link_note_mark,    \
	  .say_damage = link_say_damage,  \
	  .mark = link_mark,              \
	  .apply = link_apply,            \
	  .probe = link_probe,            \
	  __VA_ARGS__ }

/* Whether only its topology is on it: no router advertises there, and nobody has the same address. */
bool link_is_private(const struct object *o);

/* Whether it was left behind between the two messages that create a link of ours. */
bool link_is_half_made(const struct object *o);
/* kind.note_mark and kind.say_damage of all interfaces. */
void link_note_mark(struct model *observed, struct object *have, struct object *want, const char *topology);
const char *link_say_damage(struct arena *a, const struct object *have, const char *topology);

/* Whether netnsd switches @key of IPv6 off on it when it is new, whatever the default is. */
bool link_is_guarded(const struct model *desired, const struct object *o, const char *key);
/* Whether a file sets it down. */
bool link_is_down(const struct object *o);
/* The MTU that it is going to have; 0: unknown. */
uint32_t link_mtu(const struct object *o);
/* Sets its MTU to that which it has by default, if that is known. */
void link_reset_mtu(struct object *o);
/* Whether its MTU is too small for IPv6, which the kernel then removes completely. */
bool link_lacks_ipv6(const struct object *o);

/* link_read.c: makes the interface of a message, and does not add it to the model; NULL: it is none.  References
 * to other interfaces are still numbers. */
struct object *link_read(struct observer *obs, const struct nlmsghdr *h);

/* link_row.c */
/* Adds the attributes in the rows of @o at @place, of the fields of @mask. */
void link_put_rows(const struct batch *b, const struct object *o, uint64_t mask, enum nla_place place,
		   struct nl_msg *m);
/* Reads them, from the @n @attributes, each at its number.  References to other links remain numbers … */
void link_read_rows(struct observer *obs, struct object *o, enum nla_place place, struct nlattr *const *attributes,
		    size_t n);
/* … until all links of the namespace have been read. */
void link_read_names(const struct observer *obs, struct object *o);

/* As in struct kind, for every kind of link. */
int link_check(struct object *o, struct err *e);
void link_complete(struct model *m, struct object *o, struct problems *p);
void link_check_in(const struct model *m, const struct object *o, struct problems *p);
void link_reset(const struct model *desired, const struct model *observed, struct object *o, size_t field);
void link_resolve(struct model *observed, struct object *o, const struct object *wanted);
int link_encode(struct batch *b, struct op *op, struct err *e);

/* The attributes that a create message carries for this end: name, group, MAC, MTU. */
void link_put_birth(const struct batch *b, const struct object *o, struct nl_msg *m);
/* link_data.c */
/* The fields of @mask whose rows are at @place. */
uint64_t link_at(const struct object *o, enum nla_place place, uint64_t mask);
/* Those that have to be sent for a new link: defaults need not be. */
uint64_t link_needs_word(const struct object *o);
/* Those of them that are modes, on or off, and as in a new link: a kernel that lacks one refuses the attribute
 * itself. */
uint64_t link_usual_modes(const struct object *o);
/* Adds the kind and, of the fields of @mask, IFLA_INFO_DATA. */
int link_put_data(struct batch *b, const struct object *o, uint64_t mask, struct nl_msg *m, struct err *e);
/* @op->after, with the rest of its IFLA_INFO_DATA as observed.  The caller frees it. */
struct object *link_all_data(const struct op *op);
/* The namespace whose socket creates it. */
const char *link_birthplace(const struct batch *b, const struct object *o);
/* link_export.c: kind.export. */
bool link_export(struct model *observed, struct object *o, struct unsaid *u);
/* As ifname_problem, of a name that is not from a file. */
const char *link_name_problem(const char *name, struct err *e);
/* link_probe.c: kind.probe. */
int link_probe(const struct kind *k, struct err *e);
/* link_state.c */
/* Appends flags that somebody changed, of @diff; a new link has them on. */
void link_put_flags(struct nl_msg *m, const struct object *o, uint64_t diff);
/* The first field that makes it a port with other than default properties; NULL: there is none. */
const char *link_port_field(const struct object *o);
/* Sets its properties as a port: it forwards again, and gets those that a port of another master begins
 * without. */
int link_port(struct batch *b, struct op *op, struct err *e);
/* kind.takes: what IPv6 loses when a link goes down, or below its smallest MTU. */
bool link_takes(const struct op *op, const struct object *other);
/* Group and alias. */
int link_mark(struct batch *b, struct op *op, struct err *e);
/* Removes one link, or all of the topology's in its namespace at once. */
int link_apply(struct batch *b, struct op *ops, size_t n, size_t *ret_taken, struct err *e);
