/* SPDX-License-Identifier: MIT */
/* link.c - creates, changes and removes interfaces: what all of them have in common. */
#include "lookup.h"
#include "link.h"
#include "model/owner.h"
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/rtnetlink.h>

const struct word link_up_words[] = { { "down", false }, { "up", true }, { NULL, 0 } };

const struct word link_addrgen_words[] = {
	{ "eui64", IN6_ADDR_GEN_MODE_EUI64 },
	{ "none", IN6_ADDR_GEN_MODE_NONE },
	{ "stable", IN6_ADDR_GEN_MODE_STABLE_PRIVACY },
	{ "random", IN6_ADDR_GEN_MODE_RANDOM },
	{ NULL, 0 },
};

static struct link *as_link(const struct object *o)
{
	return (struct link *)(uintptr_t)o;
}

/* Whether the step is about the field, and the object has it. */
static bool concerns(const struct object *o, uint64_t mask, size_t i)
{
	return object_has(o, i) && mask & bit(i);
}

const struct link_kind *link_kind(const struct object *o)
{
	static const struct link_kind plain;

	return o->kind->link ? o->kind->link : &plain;
}

bool link_is_private(const struct object *o)
{
	return link_kind(o)->is_private;
}

bool link_is_half_made(const struct object *o)
{
	return o->sign.half;
}

static uint32_t group_of(const struct batch *b, const struct object *o)
{
	return group_of_link(b->topology, o->name);
}

static struct nl_msg *link_message(int type, int flags, uint32_t index, bool up, bool change_up)
{
	/* Flags without a mask would replace all of them (rtnl_dev_combine_flags, net/core/rtnetlink.c). */
	unsigned change = change_up ? IFF_UP : 0;
	struct ifinfomsg i = { .ifi_index = (int)index, .ifi_flags = up ? change : 0, .ifi_change = change };

	return msg_new(type, flags, &i, sizeof(i));
}

static void put_addrgen(const struct object *o, struct nl_msg *m)
{
	struct nlattr *af = nla_nest_start(m, IFLA_AF_SPEC), *inet6 = nla_nest_start(m, AF_INET6);

	msg_put(m, IFLA_INET6_ADDR_GEN_MODE, &as_link(o)->addrgen, 1);
	nla_nest_end(m, inet6);
	nla_nest_end(m, af);
}

static bool born_later(const struct object *o)
{
	return link_kind(o)->mtu_after_birth && object_has(o, LINK_MTU);
}

void link_put_birth(const struct batch *b, const struct object *o, struct nl_msg *m)
{
	uint64_t later = (born_later(o) ? bit(LINK_MTU) : 0) | (o->usual & bit(LINK_MAC));
	uint8_t mac[6];

	msg_put_string(m, IFLA_IFNAME, o->name);
	msg_put_u32(m, IFLA_GROUP, group_of(b, o));
	link_put_rows(b, o, link_needs_word(o) & ~later, NLA_MESSAGE, m);
	if (born_later(o))
		msg_put_u32(m, IFLA_MTU, as_link(o)->mtu ^ 1);
	if (object_has(o, LINK_MAC) || link_kind(o)->lower_mac)
		return;
	/* Without an address of its own udev would assign one, and a different one at the next boot. */
	mac_derive(b->machine, b->macs, o->place, mac);
	msg_put(m, IFLA_ADDRESS, mac, sizeof(mac));
}

/* Removing the first address of a network must not remove the others. */
static void put_promote(struct nl_msg *m)
{
	struct nlattr *af = nla_nest_start(m, IFLA_AF_SPEC), *inet = nla_nest_start(m, AF_INET),
		      *conf = nla_nest_start(m, IFLA_INET_CONF);

	msg_put_u32(m, IPV4_DEVCONF_PROMOTE_SECONDARIES, 1);
	nla_nest_end(m, conf);
	nla_nest_end(m, inet);
	nla_nest_end(m, af);
}

/* @topology NULL: removes the alias. */
static void put_alias(struct nl_msg *m, const char *topology)
{
	char alias[128] = "";

	if (topology)
		snprintf(alias, sizeof(alias), ALIAS_PREFIX "%s", topology);
	msg_put(m, IFLA_IFALIAS, alias, strlen(alias));
}

/* Below an MTU of 1280 the kernel removes all of IPv6 from a link; above, it is back as if the
 * link were new. */
static bool regains_ipv6(const struct op *op)
{
	return op->before && op->diff & bit(LINK_MTU) && as_link(op->before)->mtu < IPV6_MIN_MTU &&
	       as_link(op->after)->mtu >= IPV6_MIN_MTU;
}

/* The kernel accepts "stable" only if there is a secret. */
static int link_secret(struct batch *b, const struct object *o, struct err *e)
{
	const char *secret = lookup_sysctl(b->plan->desired, o->netns, o->name, "ipv6.stable_secret");

	if (!secret || as_link(o)->addrgen != IN6_ADDR_GEN_MODE_STABLE_PRIVACY)
		return 0;
	return batch_flush(b, e) < 0 ? e->code : batch_conf(b, o->netns, o->name, "stable_secret", secret, e);
}

static int settle_addrgen(struct batch *b, struct op *op, struct err *e)
{
	struct object *o = op->after;
	const struct link *l = as_link(o);
	struct nl_msg *m;

	/* Without IPv6 there is nothing to set it on. */
	if (regains_ipv6(op)) {
		m = link_message(RTM_NEWLINK, 0, o->handle, false, false);
		msg_put_u32(m, IFLA_MTU, l->mtu);
		if (batch_send(b, o->netns, m, op, e) < 0)
			return e->code;
	}
	/* A new link without IPv6 cannot be told, and others are told only what cannot be left at
	 * its default. */
	if (!op->before && l->addrgen == IN6_ADDR_GEN_MODE_EUI64 && object_has(o, LINK_MTU) && l->mtu < IPV6_MIN_MTU)
		return 0;
	if (link_secret(b, o, e) < 0)
		return e->code;
	m = link_message(RTM_NEWLINK, 0, o->handle, false, false);
	put_addrgen(o, m);
	return batch_send(b, o->netns, m, op, e);
}

/* Whether the step makes a link that is up a port of a master that accepts it only while it is down. */
static bool joins_down(const struct batch *b, const struct op *op, uint64_t mask)
{
	const char *to = op->before && as_link(op->before)->up && concerns(op->after, mask, LINK_MASTER)
				 ? as_link(op->after)->master
				 : NULL;
	const struct object *master = to ? model_find_ref(b->plan->desired, "link", to) : NULL;

	return master && link_kind(master)->takes_ports_down;
}

/* A master that is gone ends a message in the middle, after the alias (do_setlink, net/core/rtnetlink.c): what would be
 * lost then goes first. */
static int send_promote(struct batch *b, struct op *op, struct err *e)
{
	struct nl_msg *m;

	if (!object_has(op->after, LINK_MASTER))
		return 0;
	m = link_message(RTM_NEWLINK, 0, op->after->handle, false, false);
	put_promote(m);
	return batch_send(b, op->after->netns, m, op, e);
}

/* Sends what cannot be in the create message: addrgen must be set before the link is up, alias
 * and master need the link. */
static int link_settle(struct batch *b, struct op *op, uint64_t mask, struct err *e)
{
	struct object *o = op->after;
	struct link *l = as_link(o);
	struct nl_msg *m;
	bool ours = !op->before || link_is_half_made(op->before),
	     plain = op->before || op->given || link_kind(o)->create;
	bool joins = joins_down(b, op, mask);

	if (concerns(o, mask, LINK_ADDRGEN) && settle_addrgen(b, op, e) < 0)
		return e->code;
	/* The kernel changes flags after everything else; some drivers refuse another MAC address
	 * while the link is up. */
	if (joins || (op->before && concerns(o, mask, LINK_UP) && !l->up && concerns(o, mask, LINK_MAC))) {
		m = link_message(RTM_NEWLINK, 0, o->handle, false, true);
		if (batch_send(b, o->netns, m, op, e) < 0)
			return e->code;
	}
	if (ours && send_promote(b, op, e) < 0)
		return e->code;
	m = link_message(RTM_NEWLINK, 0, o->handle, l->up || (joins && !object_has(o, LINK_UP)),
			 joins || concerns(o, mask, LINK_UP));
	if (op->before)
		link_put_flags(m, o, op->diff);
	if (ours || concerns(o, mask, LINK_MARK))
		put_alias(m, b->topology);
	if (ours)
		put_promote(m);
	if ((plain && !op->before) || concerns(o, mask, LINK_MARK))
		msg_put_u32(m, IFLA_GROUP, group_of(b, o));
	if (plain)
		link_put_rows(b, o, op->before ? mask : mask & link_needs_word(o), NLA_MESSAGE, m);
	else if (born_later(o))
		msg_put_u32(m, IFLA_MTU, l->mtu);
	if (concerns(o, mask, LINK_MASTER))
		msg_put_u32(m, IFLA_MASTER, l->master ? batch_ifindex(b, l->master) : 0);
	return batch_send(b, o->netns, m, op, e) < 0 ? e->code : link_port(b, op, e);
}

/* No router advertises on a veth pair of ours, and nobody else is on it to have the same address.
 * A new namespace starts like that. */
static const char *const guarded[] = { "accept_ra", "accept_dad" };

bool link_is_guarded(const struct model *desired, const struct object *o, const char *key)
{
	const struct object *netns = model_netns(desired, o->netns);
	char kernel_default[64];

	for (size_t i = 0; i < ARRAY_SIZE(guarded); i++) {
		if (strcmp(key, guarded[i]) || !link_is_private(o))
			continue;
		snprintf(kernel_default, sizeof(kernel_default), "net.ipv6.conf.default.%s", key);
		/* Where netnsd sets the defaults of new links, its file may, too. */
		return !netns || netns->managed || !lookup_sysctl(desired, o->netns, NULL, kernel_default);
	}
	return false;
}

static int link_guard(struct batch *b, const struct object *o, struct err *e)
{
	const struct netns *ns = batch_netns(b, o->netns);

	if (ns->state == NETNS_FRESH || !link_is_private(o))
		return 0;
	/* The message that creates it may still wait for another namespace. */
	if (b->at != ns && batch_flush(b, e) < 0)
		return e->code;
	for (size_t i = 0; i < ARRAY_SIZE(guarded); i++)
		if (link_is_guarded(b->plan->desired, o, guarded[i]) &&
		    batch_conf(b, o->netns, o->name, guarded[i], "0", e) < 0)
			return e->code;
	return 0;
}

static int send_data(struct batch *b, struct op *op, uint64_t mask, struct err *e)
{
	bool whole = link_kind(op->after)->whole_data;
	_cleanup_(freep) struct object *all = mask && whole ? link_all_data(op) : NULL;
	struct nl_msg *m;

	if (!mask)
		return 0;
	m = link_message(RTM_NEWLINK, 0, op->after->handle, false, false);
	if (link_put_data(b, all ? all : op->after, all ? ~UINT64_C(0) : mask, m, e) < 0) {
		nlmsg_free(m);
		return e->code;
	}
	return batch_send(b, op->after->netns, m, op, e);
}

static int send_birth(struct batch *b, struct op *op, struct err *e)
{
	struct object *o = op->after;
	const char *at = link_birthplace(b, o);
	const struct netns *ns = strcmp(at, o->netns) ? batch_netns(b, o->netns) : NULL;
	struct nl_msg *m;

	o->handle = batch_new_index(b, o->netns);
	m = link_message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, o->handle, false, false);
	link_put_birth(b, o, m);
	if (ns)
		msg_put_u32(m, IFLA_NET_NS_FD, (uint32_t)ns->fd);
	if (link_put_data(b, o, link_needs_word(o) & ~link_usual_modes(o), m, e) < 0) {
		nlmsg_free(m);
		return e->code;
	}
	return batch_send(b, at, m, op, e) < 0 ? e->code : batch_barrier(b, at, e);
}

static int link_create(struct batch *b, struct op *op, struct err *e)
{
	const struct link_kind *k = link_kind(op->after);

	if ((k->create ? k->create : send_birth)(b, op, e) < 0 || link_guard(b, op->after, e) < 0)
		return e->code;
	if (k->configure && k->configure(b, op, e) < 0)
		return e->code;
	return link_settle(b, op, ~UINT64_C(0), e);
}

/* The kernel handles a message in an order of its own, and a mode that is on limits other values:
 * forward_delay while STP runs (br_changelink, net/bridge/br_netlink.c).  So what reverts to its
 * default goes first, by a message of its own; the kernel sets other modes after the values. */
static int link_change_data(struct batch *b, struct op *op, struct err *e)
{
	const struct link_kind *k = link_kind(op->after);
	uint64_t mask = link_at(op->after, NLA_INFO_DATA, op->diff),
		 usual = k->whole_data ? 0 : mask & link_usual_modes(op->after);

	if (send_data(b, op, usual, e) < 0 || send_data(b, op, mask & ~usual, e) < 0)
		return e->code;
	return k->configure ? k->configure(b, op, e) : 0;
}

/* The loopback comes with its namespace, as drivers/net/loopback.c creates it. */
static void note_loopback(struct batch *b, const struct object *o)
{
	uint64_t mask = o->set & (bit(LINK_MTU) | bit(LINK_TXQLEN));
	struct object *fresh = mask ? object_copy(&b->noted, o, mask) : NULL;

	if (!fresh)
		return;
	as_link(fresh)->mtu = 65536;
	as_link(fresh)->txqlen = 1000;
	model_add(&b->noted, fresh, NULL);
}

int link_encode(struct batch *b, struct op *op, struct err *e)
{
	if (!op->after)
		return batch_send(b, op->before->netns, link_message(RTM_DELLINK, 0, op->before->handle, false, false),
				  op, e);
	if (!op->before && !op->given)
		return link_create(b, op, e);
	if (op->given && op->after->managed) {
		op->after->handle = 1; /* LOOPBACK_IFINDEX */
		note_loopback(b, op->after);
	}
	if ((op->given || link_is_half_made(op->before)) && link_guard(b, op->after, e) < 0)
		return e->code;
	if (op->before && link_change_data(b, op, e) < 0)
		return e->code;
	if (link_settle(b, op, op->given ? ~UINT64_C(0) : op->diff, e) < 0)
		return e->code;
	if (op->after->managed || !regains_ipv6(op))
		return 0;
	return batch_flush(b, e) < 0 ? e->code : link_guard(b, op->after, e);
}

bool link_takes(const struct op *op, const struct object *other)
{
	const struct link *before = (const struct link *)op->before, *after = (const struct link *)op->after;
	bool down = before && concerns(op->after, op->diff, LINK_UP) && before->up && !after->up;
	bool small = before && concerns(op->after, op->diff, LINK_MTU) && before->mtu >= IPV6_MIN_MTU &&
		     after->mtu < IPV6_MIN_MTU;

	return (down || small) && (!other || lookup_is_ipv6(other));
}

int link_mark(struct batch *b, struct op *op, struct err *e)
{
	struct object *o = op->before;
	struct nl_msg *m = link_message(RTM_NEWLINK, 0, o->handle, false, false);

	put_alias(m, op->mark == MARK_PUT ? b->topology : NULL);
	msg_put_u32(m, IFLA_GROUP, op->mark == MARK_PUT ? group_of(b, o) : 0);
	return batch_send(b, o->netns, m, op, e);
}

/* The marked links of the namespace, if all certainly belong to this topology and none was
 * created in this change, which would be removed with them; else 0. */
static size_t count_ours(const struct batch *b, const struct object *one)
{
	const struct object *netns = model_netns(b->plan->observed, one->netns);
	size_t n = 0;

	/* Links that were not read would be removed, too. */
	if (!one->sign.topology || !netns || netns->partial)
		return 0;
	for (size_t i = 0; i < b->plan->n; i++) {
		const struct op *op = &b->plan->ops[i];

		if (!op->before && object_is(op->after, "link") && !strcmp(op->after->netns, one->netns))
			return 0;
	}
	for (const struct object *o = netns->first; o; o = o->next) {
		if (!object_is(o, "link") || o->sign.hash != one->sign.hash || is_loopback(o->name))
			continue;
		/* Anybody can copy a mark, and deletion by group spares nothing. */
		if (o->owner != OWNER_OURS || !o->sign.topology || strcmp(o->sign.topology, b->topology))
			return 0;
		n++;
	}
	return n;
}

int link_apply(struct batch *b, struct op *ops, size_t n, size_t *ret_taken, struct err *e)
{
	const struct object *one = ops[0].before;
	struct nl_msg *m;
	size_t run = 0;

	*ret_taken = 0;
	if (ops[0].after)
		return 0;
	while (run < n && !ops[run].after && object_is(ops[run].before, "link") &&
	       !strcmp(ops[run].before->netns, one->netns) && ops[run].before->sign.hash == one->sign.hash)
		run++;
	/* One message and one grace period for all, instead of one for each. */
	if (run < 2 || run != count_ours(b, one))
		return 0;
	m = link_message(RTM_DELLINK, 0, 0, false, false);
	msg_put_u32(m, IFLA_GROUP, group_of(b, one));
	if (batch_send(b, one->netns, m, &ops[0], e) < 0 || batch_flush(b, e) < 0)
		return e->code;
	*ret_taken = run;
	return 0;
}
