/* SPDX-License-Identifier: MIT */
/* address.c - an IP address on an interface. */
#include "kernel/observer.h"
#include "model/owner.h"
#include "address.h"
#include <arpa/inet.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>

#ifndef IFAPROT_KERNEL_LL /* Linux 5.18, include/uapi/linux/if_addr.h */
#define IFA_PROTO 11
#define IFAPROT_KERNEL_LL 3
#endif

// clang-format off: keeps its rows
static const struct field fields[] = {
	FIELD(address, address, prefix, .flags = FIXED | BARE | NEEDED, .doc = "the address with its prefix length"),
	FIELD(address, key, prefix, .flags = KEY | HIDDEN, .doc = ""),
	FIELD(address, far, dest, .flags = KEY | HIDDEN, .kernel_default = "null", .doc = ""),
	FIELD(address, peer, peer, .flags = FIXED | BARE, .kernel_default = "null", .doc = "the address at the other end (IFA_ADDRESS)"),
	FIELD(address, scope, word, .words = scope_words, .flags = FIXED, .kernel_default = "\"global\"",
	      .doc = "where it is valid (ifa_scope); host in 127.0.0.0/8 by default; IPv6 derives it from the "
		     "address"),
	FIELD(address, label, string, .flags = FIXED, .max = 15, .doc = "IPv4 only, for old programs (IFA_LABEL)"),
	FIELD(address, metric, u32, .kernel_default = "0", .doc = "metric of the route to its network (IFA_RT_PRIORITY)"),
	FIELD(address, nodad, bool, .flags = WRITTEN,
	      .doc = "IPv6: usable at once, without duplicate address detection; the default on veth pairs that "
		     "netnsd created (IFA_F_NODAD)"),
	FIELD(address, options, address_options, .flags = HIDDEN | SHOWN, .kernel_default = "\"none\"", .doc = ""),
	FIELD(address, fixed_options, address_options, .flags = FIXED | BARE | HIDDEN | SHOWN, .kernel_default = "\"none\"", .doc = ""),
	FIELD(address, valid_lft, lifetime, .flags = HIDDEN | SHOWN, .kernel_default = "\"forever\"", .doc = ""),
	FIELD(address, preferred_lft, lifetime, .flags = HIDDEN | SHOWN, .kernel_default = "\"forever\"", .doc = ""),
	FIELD(address, mark, string, .flags = HIDDEN | SHOWN | OF_MARK, .doc = ""),
};
// clang-format on

/* Flags that the kernel changes on an existing address (inet6_addr_modify, net/ipv6/addrconf.c), and
 * those that need another address: IPv4 keeps all its flags. */
enum {
	OPTIONS_IPV6 = IFA_F_NOPREFIXROUTE | IFA_F_MANAGETEMPADDR | IFA_F_HOMEADDRESS,
	FIXED_IPV6 = IFA_F_MCAUTOJOIN | IFA_F_DADFAILED,
	FIXED_IPV4 = IFA_F_NOPREFIXROUTE | IFA_F_MCAUTOJOIN,
};

void address_set_lasting(struct address *a, uint32_t flags, uint32_t valid_lft, uint32_t preferred_lft)
{
	bool v4 = a->address.family == AF_INET;

	a->options = v4 ? 0 : flags & OPTIONS_IPV6;
	a->fixed_options = flags & (v4 ? FIXED_IPV4 : FIXED_IPV6);
	a->valid_lft = valid_lft;
	/* Of a permanent IPv4 address the kernel reports nothing but the flag (inet_fill_ifaddr). */
	a->preferred_lft = flags & IFA_F_DEPRECATED ? 0 : preferred_lft;
	OBJECT_SET(&a->object, address, options);
	OBJECT_SET(&a->object, address, fixed_options);
	OBJECT_SET(&a->object, address, valid_lft);
	OBJECT_SET(&a->object, address, preferred_lft);
}

void address_identify(struct object *o)
{
	struct address *a = (struct address *)o;
	struct inet own = inet_net(&a->address), far = address_net(a);

	/* A record may contain only what changed. */
	if (!a->address.family)
		return;
	a->key = a->address;
	if (a->address.family == AF_INET6)
		a->key.len = 128;
	OBJECT_SET(o, address, key);
	if (a->address.family == AF_INET6 || !memcmp(&own, &far, sizeof(own)))
		return;
	a->far = far;
	OBJECT_SET(o, address, far);
}

/* The metric that the kernel assigns by default is reported as none. */
uint32_t address_told_metric(const struct address *a, uint32_t metric)
{
	return a->address.family == AF_INET6 && metric == METRIC_IPV6 ? 0 : metric;
}

/* The last that is added is the first to the kernel (address_order.c). */
static bool address_backward(const struct object *o)
{
	return ((const struct address *)o)->address.family == AF_INET6;
}

/* With IPv4 the network of the peer; IPv6 has a separate route to the peer. */
struct inet address_net(const struct address *a)
{
	return inet_net(a->address.family == AF_INET && a->peer.family ? &a->peer : &a->address);
}

/* Addresses that the kernel adds by itself belong to nobody: link-local, loopback, advertised. */
static bool is_kernels(const struct address *a, const struct nlattr *proto, uint32_t flags)
{
	static const struct inet loopback4 = { AF_INET, 8, { 127, 0, 0, 1 } };
	static const uint8_t loopback6[16] = { [15] = 1 };
	uint8_t p = proto ? nla_get_u8(proto) : 0;

	if (p && p <= IFAPROT_KERNEL_LL)
		return true;
	if (a->address.family == AF_INET)
		return is_loopback(a->object.name) && !memcmp(&a->address, &loopback4, sizeof(loopback4));
	/* Linux before 5.18 does not report which addresses routers advertised; those of people are
	 * checked last. */
	if (flags & IFA_F_TEMPORARY || (flags & IFA_F_MANAGETEMPADDR && !p && !(flags & IFA_F_PERMANENT)))
		return true;
	/* Linux before 5.18 does not report it. */
	return !p && (!memcmp(a->address.addr, loopback6, sizeof(loopback6)) || (!proto && a->scope == RT_SCOPE_LINK));
}

/* Programs are told the last address of the network (ip-address(8), "brd +"); the kernel gives others a route. */
static void read_broadcast(struct address *a, const struct nlattr *broadcast)
{
	struct inet net = address_net(a), told;
	uint32_t last;

	if (!broadcast || a->address.family != AF_INET || net.len > 30)
		return;
	told = msg_inet(AF_INET, 32, broadcast);
	memcpy(&last, net.addr, sizeof(last));
	last |= htonl(UINT32_MAX >> net.len);
	if (memcmp(told.addr, &last, sizeof(last)) != 0)
		a->broadcast = told;
}

static void read_rest(struct model *m, struct address *a, const struct ifaddrmsg *i, struct nlattr **at)
{
	const struct ifa_cacheinfo *lives = at[IFA_CACHEINFO] ? nla_data(at[IFA_CACHEINFO]) : NULL;

	a->flags = at[IFA_FLAGS] ? nla_get_u32(at[IFA_FLAGS]) : i->ifa_flags;
	address_set_lasting(a, a->flags, lives ? lives->ifa_valid : LIFETIME_FOREVER,
			    lives ? lives->ifa_prefered : LIFETIME_FOREVER);
	/* The kernel does not change it, whatever else is changed (set_ifa_lifetime, net/ipv4/devinet.c). */
	a->object.born = lives ? lives->cstamp + 1 : 0;
	a->scope = i->ifa_scope;
	OBJECT_SET(&a->object, address, scope);
	a->metric = address_told_metric(a, at[IFA_RT_PRIORITY] ? nla_get_u32(at[IFA_RT_PRIORITY]) : 0);
	OBJECT_SET(&a->object, address, metric);
	read_broadcast(a, at[IFA_BROADCAST]);
	if (at[IFA_LABEL] && strcmp(nla_data(at[IFA_LABEL]), a->object.name)) {
		a->label = arena_strdup(&m->arena, nla_data(at[IFA_LABEL]));
		OBJECT_SET(&a->object, address, label);
	}
}

static void on_address(const struct nlmsghdr *h, void *arg)
{
	struct observer *obs = arg;
	struct model *m = obs->observed;
	const struct ifaddrmsg *i = nlmsg_data(h);
	struct nlattr *at[IFA_PROTO + 1], *local;
	const char *link;
	struct address *a;

	if (h->nlmsg_type != RTM_NEWADDR ||
	    nlmsg_parse((struct nlmsghdr *)(uintptr_t)h, sizeof(*i), at, IFA_PROTO, NULL) < 0)
		return;
	local = at[IFA_LOCAL] ? at[IFA_LOCAL] : at[IFA_ADDRESS];
	link = observer_link(obs, i->ifa_index);
	if (!local || !link || (i->ifa_family != AF_INET && i->ifa_family != AF_INET6))
		return;
	a = (struct address *)object_new(m, &kind_address, obs->ns->name, strchr(link, '/') + 1);
	a->address = msg_inet(i->ifa_family, i->ifa_prefixlen, local);
	OBJECT_SET(&a->object, address, address);
	if (at[IFA_LOCAL] && at[IFA_ADDRESS] &&
	    nla_memcmp(at[IFA_LOCAL], nla_data(at[IFA_ADDRESS]), (size_t)nla_len(local))) {
		a->peer = msg_inet(i->ifa_family, i->ifa_prefixlen, at[IFA_ADDRESS]);
		/* The prefix length is that of the peer. */
		OBJECT_SET(&a->object, address, peer);
	}
	read_rest(m, a, i, at);
	address_identify(&a->object);
	a->object.managed = is_kernels(a, at[IFA_PROTO], a->flags);
	a->object.sign.hash = at[IFA_PROTO] && nla_get_u8(at[IFA_PROTO]) == PROTOCOL ? SIGN_ANY : 0;
	a->object.sign.missing = !at[IFA_PROTO];
	a->object.handle = i->ifa_index;
	a->nodad = a->flags & IFA_F_NODAD;
	if (a->nodad)
		OBJECT_SET(&a->object, address, nodad);
	observer_add(obs, &a->object);
}

/* A kernel that stores marks has some on each loopback (Linux 5.18). */
static void find_missing(struct observer *obs, size_t first)
{
	bool told = false;

	for (size_t i = first; i < obs->observed->n; i++)
		told |= !obs->observed->objects[i]->sign.missing;
	for (size_t i = first; i < obs->observed->n && !told; i++)
		obs->observed->objects[i]->sign.missing = false;
}

/* Reads those of one link; 0: of all. */
static int observe_addresses(struct observer *obs, uint32_t ifindex, struct err *e)
{
	struct ifaddrmsg i = { .ifa_index = ifindex };
	_cleanup_(msg_freep) struct nl_msg *m = msg_new(RTM_GETADDR, 0, &i, sizeof(i));

	return observer_dump(obs, m, on_address, e);
}

static int address_observe(struct observer *obs, struct err *e)
{
	size_t first = obs->observed->n;
	int r = obs->extent.only ? 0 : observe_addresses(obs, 0, e);

	for (size_t i = 0; obs->extent.only && i < obs->n_links && r == 0; i++) {
		r = observe_addresses(obs, obs->links[i]->handle, e);
		/* The link has gone since it was read. */
		r = r == -ENODEV ? 0 : r;
	}
	find_missing(obs, first);
	if (r == 0)
		address_order(obs, first);
	return r < 0 ? err_prefix(e, "addresses of %s", obs->ns->name) : 0;
}

/* What the kernel gives an interface, and what follows from the address, need not be said. */
static bool address_export(struct model *observed, struct object *o, struct unsaid *u)
{
	struct address *a = (struct address *)o;
	const struct object *link = model_find_ref(observed, "link", o->place);
	bool v4 = a->address.family == AF_INET;
	char text[64], broadcast[64];

	if (o->managed)
		return false;
	if (!v4 || (a->scope == RT_SCOPE_HOST && a->address.addr[0] == 127))
		o->set &= ~field_bit(o->kind, "scope");
	/* On a veth pair that netnsd creates nobody else can have it. */
	if (v4 || (link && link_is_private(link)))
		o->set &= ~field_bit(o->kind, "nodad");
	a->fixed_options &= ~(uint32_t)IFA_F_DADFAILED;
	a->bare = a->address.len == (v4 ? 32 : 128) && !a->peer.family && !is_loopback(o->name);
	if (a->broadcast.family)
		unsaid_add(u, "address %s %s: no topology can declare its broadcast address, which is %s", o->place,
			   inet_text(&a->address, false, text), inet_text(&a->broadcast, true, broadcast));
	return true;
}

static struct nl_msg *address_message(int type, int flags, const struct address *a, uint32_t index)
{
	struct ifaddrmsg i = {
		.ifa_family = a->address.family,
		.ifa_prefixlen = a->peer.family ? a->peer.len : a->address.len,
		.ifa_scope = a->scope,
		.ifa_index = index,
	};
	struct nl_msg *m = msg_new(type, flags, &i, sizeof(i));
	size_t size = a->address.family == AF_INET ? 4 : 16;

	msg_put(m, IFA_LOCAL, a->address.addr, size);
	msg_put(m, IFA_ADDRESS, a->peer.family ? a->peer.addr : a->address.addr, size);
	return m;
}

/* On a veth pair of our own nobody else can have the address, and the first packet need not wait. */
static bool is_nodad(const struct batch *b, const struct address *a)
{
	const struct object *o = model_find_ref(b->plan->desired, "link", a->object.place);

	if (a->address.family != AF_INET6)
		return false;
	return object_says(&a->object, "nodad") ? a->nodad : o && link_is_private(o);
}

/* Veth pairs of ours have duplicate address detection off; an address that asks for it gets it. */
static int ask_for_dad(struct batch *b, const struct address *a, struct err *e)
{
	if (!object_says(&a->object, "nodad") || a->nodad || a->address.family != AF_INET6)
		return 0;
	if (batch_flush(b, e) < 0)
		return e->code;
	return batch_conf(b, a->object.netns, a->object.name, "accept_dad", "1", e);
}

static void put_lasting(struct nl_msg *m, const struct address *a, bool nodad)
{
	uint32_t flags = (a->options | a->fixed_options) & ~(uint32_t)IFA_F_DADFAILED;
	struct ifa_cacheinfo lives = { .ifa_prefered = a->preferred_lft, .ifa_valid = a->valid_lft };

	flags |= nodad ? IFA_F_NODAD : 0;
	if (flags)
		msg_put_u32(m, IFA_FLAGS, flags);
	/* In the record of an older netnsd they are 0: unknown. */
	if (lives.ifa_valid && (lives.ifa_valid != LIFETIME_FOREVER || lives.ifa_prefered != LIFETIME_FOREVER))
		msg_put(m, IFA_CACHEINFO, &lives, sizeof(lives));
}

static int address_encode(struct batch *b, struct op *op, struct err *e)
{
	struct address *a = (struct address *)(op->after ? op->after : op->before);
	uint32_t index = op->after ? batch_ifindex(b, a->object.place) : a->object.handle;
	uint8_t protocol = PROTOCOL;
	struct nl_msg *m;

	if (!op->after)
		return batch_send(b, a->object.netns, address_message(RTM_DELADDR, 0, a, index), op, e) < 0
			       ? e->code
			       : address_keep_peer(b, a, e);
	if (ask_for_dad(b, a, e) < 0)
		return e->code;
	m = address_message(RTM_NEWADDR, NLM_F_CREATE | (op->before ? NLM_F_REPLACE : NLM_F_EXCL), a, index);
	msg_put(m, IFA_PROTO, &protocol, 1);
	put_lasting(m, a, is_nodad(b, a));
	if (a->metric)
		msg_put_u32(m, IFA_RT_PRIORITY, a->metric);
	else if (op->before && a->address.family == AF_INET6 && op->diff & field_bit(a->object.kind, "metric"))
		/* Unless it is written it would stay. */
		msg_put_u32(m, IFA_RT_PRIORITY, METRIC_IPV6);
	if (a->label)
		msg_put_string(m, IFA_LABEL, a->label);
	return batch_send(b, a->object.netns, m, op, e) < 0 ? e->code : address_reach_peer(b, a, index, e);
}

const struct kind kind_address = {
	.name = "address",
	.class = "address",
	.label = "address",
	.doc = "an IP address on an interface",
	.section = "addresses",
	.form = FORM_LIST,
	.in_link = true,
	.shorthand = "address",
	.size = sizeof(struct address),
	.fields = fields,
	.n_fields = ARRAY_SIZE(fields),
	.groups = { RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR },
	.tells_who = true,
	.identify = address_identify,
	.check = address_check,
	.doubt = address_doubt,
	.check_in = address_check_in,
	.check_netns = address_check_netns,
	.backward = address_backward,
	.slots = address_slots,
	.is_at = address_is_at,
	.avoids = address_avoids,
	.observe = address_observe,
	.encode = address_encode,
	.derive = address_derive,
	.out_of_order = "out of order",
	.note_mark = address_note_mark,
	.say_damage = address_say_damage,
	.retry = address_retry,
	.export = address_export,
	.condition = address_condition,
};
