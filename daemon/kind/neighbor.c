/* SPDX-License-Identifier: MIT */
/* neighbor.c - an entry of the neighbour table that somebody made: an address whose MAC address is known without asking,
 * or one that is answered for.  What ARP and neighbour discovery learn is the kernel's cache, and in nobody's way. */
#include "kernel/batch.h"
#include "kernel/observer.h"
#include "link.h"
#include "model/owner.h"
#include "sysctl.h"
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>

enum { MAC = 6 };

extern const struct kind kind_neighbor;

struct neighbor {
	struct object object;
	struct inet address;
	const char *dev;
	uint8_t mac[MAC];
	bool proxy, router;
	bool learned, permanent; /* no file sets these */
	const char *mark;        /* a constant in a desired one, else a description */
	uint8_t protocol;        /* of an observed one */
};

static char *lladdr_say(const char *netns, const void *src, struct arena *a)
{
	struct json_object *mac = type_mac.format(NULL, netns, src);
	char *text = arena_fmt(a, "lladdr %s", json_object_get_string(mac));

	json_object_put(mac);
	return text;
}

static int lladdr_parse(const struct field *f, const char *netns, void *dst, struct json_object *in, struct arena *a,
			struct err *e)
{
	static const uint8_t none[MAC], all[MAC] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	uint8_t mac[MAC];

	if (type_mac.parse(f, netns, mac, in, a, e) < 0)
		return e->code;
	/* A cluster may have a group address. */
	if (!memcmp(mac, none, MAC) || !memcmp(mac, all, MAC))
		return err_set(e, EINVAL, "%s is the MAC address of no host", json_object_get_string(in));
	memcpy(dst, mac, MAC);
	return 0;
}

static struct json_object *lladdr_format(const struct field *f, const char *netns, const void *src)
{
	return type_mac.format(f, netns, src);
}

static bool lladdr_equal(const void *a, const void *b)
{
	return !memcmp(a, b, MAC);
}

static struct json_object *lladdr_schema(const struct field *f)
{
	return type_mac.schema(f);
}

static const struct type type_lladdr = {
	.name = "MAC address",
	.size = MAC,
	.parse = lladdr_parse,
	.format = lladdr_format,
	.equal = lladdr_equal,
	.say = lladdr_say,
	.schema = lladdr_schema,
};

/* A plan shows them in this order. */
// clang-format off: keeps its rows
static const struct field fields[] = {
	FIELD(neighbor, proxy, bool, .flags = KEY | BARE, .kernel_default = "null",
	      .doc = "answer for it on that interface, instead of knowing its MAC address; needs forwarding, and with IPv6 "
		     "\"ipv6.proxy_ndp\": 1 in its sysctl (NTF_PROXY)"),
	FIELD(neighbor, address, ip, .flags = KEY | BARE | NEEDED, .doc = "the address of the neighbour (NDA_DST)"),
	FIELD(neighbor, mac, lladdr, .flags = BARE, .doc = "its MAC address; required, except with \"proxy\" (NDA_LLADDR)"),
	FIELD(neighbor, dev, dev, .refs = "link", .flags = KEY | BARE | NEEDED, .doc = "the interface that it is behind (ndm_ifindex)"),
	FIELD(neighbor, router, bool, .flags = BARE | USUAL, .kernel_default = "false",
	      .doc = "it is a router; as a proxy, answer as one; IPv6 (NTF_ROUTER)"),
	FIELD(neighbor, permanent, bool, .flags = HIDDEN | SHOWN | USUAL, .kernel_default = "true", .doc = ""),
	FIELD(neighbor, learned, bool, .flags = HIDDEN | SHOWN | USUAL, .kernel_default = "false", .doc = ""),
	FIELD(neighbor, mark, string, .flags = HIDDEN | SHOWN | OF_MARK, .kernel_default = "\"whole\"", .doc = ""),
};
// clang-format on

static bool is_multicast(const struct inet *i)
{
	return i->family == AF_INET ? i->addr[0] >= 224 && i->addr[0] < 240 : i->addr[0] == 0xff;
}

static int check_address(const struct neighbor *n, struct err *e)
{
	static const uint8_t broadcast[4] = { 255, 255, 255, 255 };
	char text[64], v4[64];

	inet_text(&n->address, true, text);
	if (inet_mapped(&n->address, v4))
		return err_set(e, EINVAL, "address: %s is in no packet: write an IPv4 address as %s", text, v4);
	if (inet_is_unspecified(&n->address))
		return err_set(e, EINVAL, "address: %s is the address of no host", text);
	if (is_multicast(&n->address))
		return err_set(e, EINVAL, "address: %s is a multicast address, whose MAC address follows from it",
			       text);
	if (n->address.family == AF_INET && !memcmp(n->address.addr, broadcast, sizeof(broadcast)))
		return err_set(e, EINVAL, "address: %s is the broadcast address", text);
	return 0;
}

/* An entry that is no proxy has no such key: to say so is the same as to say nothing. */
static void identify(struct object *o)
{
	if (!((const struct neighbor *)o)->proxy)
		o->set &= ~field_bit(o->kind, "proxy");
}

static int neighbor_check(struct object *o, struct err *e)
{
	struct neighbor *n = (struct neighbor *)o;
	bool mac = object_says(o, "mac");

	identify(o);
	if (check_address(n, e) < 0)
		return e->code;
	if (n->proxy && mac)
		return err_set(e, EINVAL, "mac: a proxy answers with the MAC address of its interface; leave it out");
	if (!n->proxy && !mac)
		return err_set(
			e, EINVAL,
			"\"mac\" is missing: the MAC address of the neighbour; or \"proxy\": true to answer for it");
	object_set_usual(o);
	n->mark = "whole";
	OBJECT_SET(o, neighbor, mark);
	return 0;
}

static void neighbor_check_in(const struct model *m, const struct object *o, struct problems *p)
{
	const struct neighbor *n = (const struct neighbor *)o;

	if (!ref_is_in(n->dev, o->netns))
		object_problem(p, EINVAL, o, "dev",
			       "%s is in another namespace; a neighbour and its interface must be in the same one",
			       n->dev);
	else if (n->address.family == AF_INET6)
		sysctl_check_ipv6(m, o, model_find_ref(m, "link", n->dev), "dev", p);
}

/* ---- reading ---- */

/* How what another program has there is removed. */
static const char *foreign_words(struct arena *a, const struct neighbor *n)
{
	/* It lacks our mark because it is not ours: there is none that was lost. */
	const char *dev = strchr(n->dev, '/') + 1,
		   *what = object_describe(a, &n->object, NULL, ~kind_mask(n->object.kind, OF_MARK));
	char text[64];

	inet_text(&n->address, true, text);
	return arena_fmt(a,
			 "neighbor %s %s already exists and belongs to another program; netnsd leaves it alone; remove "
			 "it with \"%s neigh del %s%s dev %s\", or take it over with netnsctl adopt",
			 n->object.netns, what, netns_ip(a, n->object.netns), n->proxy ? "proxy " : "", text, dev);
}

/* Of an entry of no interest to anybody nothing is made. */
static bool is_made(const struct ndmsg *i, const struct nlattr *protocol)
{
	return i->ndm_flags & NTF_PROXY || i->ndm_state == NUD_PERMANENT ||
	       (protocol && nla_get_u8(protocol) == PROTOCOL);
}

static struct neighbor *neighbor_new(struct observer *obs, const struct ndmsg *i, struct nlattr **a)
{
	const char *link = observer_link(obs, (uint32_t)i->ndm_ifindex);
	struct neighbor *n;

	if (!link)
		return NULL;
	n = (struct neighbor *)object_new(obs->observed, &kind_neighbor, obs->ns->name, NULL);
	n->dev = link;
	n->address = msg_inet(i->ndm_family, i->ndm_family == AF_INET ? 32 : 128, a[NDA_DST]);
	n->proxy = i->ndm_flags & NTF_PROXY;
	n->router = i->ndm_flags & NTF_ROUTER;
	n->learned = i->ndm_flags & NTF_EXT_LEARNED;
	n->permanent = n->proxy || i->ndm_state == NUD_PERMANENT;
	n->protocol = a[NDA_PROTOCOL] ? nla_get_u8(a[NDA_PROTOCOL]) : RTPROT_UNSPEC;
	n->mark = n->protocol == PROTOCOL || obs->extent.adopting ? "whole" : "lost";
	n->object.set = ~field_bit(n->object.kind, "mac");
	if (a[NDA_LLADDR] && nla_len(a[NDA_LLADDR]) == MAC) {
		memcpy(n->mac, nla_data(a[NDA_LLADDR]), MAC);
		OBJECT_SET(&n->object, neighbor, mac);
	}
	identify(&n->object);
	model_name(obs->observed, &n->object);
	return n;
}

static void on_neighbor(const struct nlmsghdr *h, void *arg)
{
	struct observer *obs = arg;
	const struct ndmsg *i = nlmsg_data(h);
	struct nlattr *a[NDA_MAX + 1];
	struct neighbor *n;

	if (h->nlmsg_type != RTM_NEWNEIGH || (i->ndm_family != AF_INET && i->ndm_family != AF_INET6) ||
	    nlmsg_parse((struct nlmsghdr *)(uintptr_t)h, sizeof(*i), a, NDA_MAX, NULL) < 0 || !a[NDA_DST] ||
	    !is_made(i, a[NDA_PROTOCOL]))
		return;
	n = neighbor_new(obs, i, a);
	if (!n)
		return;
	if (n->protocol == PROTOCOL)
		n->object.sign.hash = SIGN_ANY;
	else if (!obs->extent.adopting && !observer_knows(obs, n->object.id))
		return;
	/* One of ours that somebody removed and made again remains ours. */
	else if (!obs->extent.adopting && !model_find(obs->last, n->object.id))
		n->object.foreign = foreign_words(&obs->observed->arena, n);
	observer_add(obs, &n->object);
}

/* Both families at once, and then those that are answered for. */
static int neighbor_observe(struct observer *obs, struct err *e)
{
	static const uint8_t flags[] = { 0, NTF_PROXY };

	for (size_t i = 0; i < ARRAY_SIZE(flags) && observer_wants(obs, kind_neighbor.class); i++) {
		struct ndmsg n = { .ndm_family = AF_UNSPEC, .ndm_flags = flags[i] };
		_cleanup_(msg_freep) struct nl_msg *m = msg_new(RTM_GETNEIGH, 0, &n, sizeof(n));

		if (observer_dump(obs, m, on_neighbor, e) < 0)
			return err_prefix(e, "neighbours of %s", obs->ns->name);
	}
	return 0;
}

/* ---- writing ---- */

static struct nl_msg *neighbor_message(const struct batch *b, int type, const struct neighbor *n, uint8_t protocol)
{
	bool made = type == RTM_NEWNEIGH;
	struct ndmsg i = {
		.ndm_family = n->address.family,
		.ndm_ifindex = (int)batch_ifindex(b, n->dev),
		/* A proxy that is not permanent goes with the carrier (pneigh_ifdown, net/core/neighbour.c). */
		.ndm_state = made ? NUD_PERMANENT : NUD_NONE,
		.ndm_flags = (uint8_t)((n->proxy ? NTF_PROXY : 0) | (made && n->router ? NTF_ROUTER : 0)),
	};
	/* Not NLM_F_EXCL: what the kernel has learned at any moment is in nobody's way, and one of another program
	 * was looked for. */
	struct nl_msg *m = msg_new(type, made ? NLM_F_CREATE | NLM_F_REPLACE : 0, &i, sizeof(i));

	msg_put(m, NDA_DST, n->address.addr, n->address.family == AF_INET ? 4 : 16);
	if (made && !n->proxy)
		msg_put(m, NDA_LLADDR, n->mac, MAC);
	if (made && protocol)
		msg_put(m, NDA_PROTOCOL, &protocol, 1);
	return m;
}

static int neighbor_encode(struct batch *b, struct op *op, struct err *e)
{
	const struct neighbor *n = (const struct neighbor *)(op->after ? op->after : op->before);
	struct nl_msg *m = neighbor_message(b, op->after ? RTM_NEWNEIGH : RTM_DELNEIGH, n, PROTOCOL);

	return batch_send(b, n->object.netns, m, op, e);
}

/* The kernel takes another protocol, but not none: for that the entry has to go, and comes back at once. */
static int neighbor_mark(struct batch *b, struct op *op, struct err *e)
{
	const struct neighbor *n = (const struct neighbor *)op->before;
	uint8_t protocol = op->mark == MARK_PUT ? PROTOCOL : n->protocol;

	if (!protocol && batch_send(b, n->object.netns, neighbor_message(b, RTM_DELNEIGH, n, 0), op, e) < 0)
		return e->code;
	return batch_send(b, n->object.netns, neighbor_message(b, RTM_NEWNEIGH, n, protocol), op, e);
}

const struct kind kind_neighbor = {
	.name = "neighbor",
	.class = "neighbor",
	.label = "neighbor",
	.doc = "a neighbour whose MAC address is given, or that is answered for",
	.section = "neighbors",
	.form = FORM_LIST,
	.size = sizeof(struct neighbor),
	.fields = fields,
	.n_fields = ARRAY_SIZE(fields),
	.groups = { RTNLGRP_NEIGH },
	.tells_who = true,
	.identify = identify,
	.check = neighbor_check,
	.check_in = neighbor_check_in,
	.observe = neighbor_observe,
	.encode = neighbor_encode,
	.mark = neighbor_mark,
};
