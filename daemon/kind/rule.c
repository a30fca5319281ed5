/* SPDX-License-Identifier: MIT */
/* rule.c - a policy routing rule.  All that a rule has identifies it for the kernel, except its
 * protocol: a changed rule is another one, and is added before the old one is removed. */
#include "kernel/batch.h"
#include "model/owner.h"
#include "rule.h"
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>

// clang-format off: keeps its rows
static const struct word families[] = {
	{ "inet", AF_INET },
	{ "inet6", AF_INET6 },
	{ NULL, 0 },
};

static const struct word actions[] = {
	{ "lookup", FR_ACT_TO_TBL },
	{ "nop", FR_ACT_NOP },
	{ "blackhole", FR_ACT_BLACKHOLE },
	{ "unreachable", FR_ACT_UNREACHABLE },
	{ "prohibit", FR_ACT_PROHIBIT },
	{ NULL, 0 },
};

/* A plan shows them in this order. */
static const struct field fields[] = {
	FIELD(rule, priority, priority, .flags = KEY | BARE | NEEDED,
	      .doc = "rules are tried in ascending order (FRA_PRIORITY); the kernel's own are at 0, 32766 and 32767"),
	FIELD(rule, family, word, .words = families, .flags = KEY | FIXED, .kernel_default = "null",
	      .doc = "only for this family; by default that of \"from\" and \"to\", and without these both: two rules, "
		     "where ip rule add creates the one for IPv4"),
	FIELD(rule, from, selector, .flags = KEY | FIXED, .kernel_default = "null", .doc = "the source; all by default (FRA_SRC)"),
	FIELD(rule, to, selector, .flags = KEY | FIXED, .kernel_default = "null", .doc = "the destination; all by default (FRA_DST)"),
	FIELD(rule, iif, string, .flags = KEY | FIXED, .max = 15, .kernel_default = "null",
	      .doc = "the interface that a packet came in on, lo for those of the namespace itself (FRA_IIFNAME); it need not exist"),
	FIELD(rule, oif, string, .flags = KEY | FIXED, .max = 15, .kernel_default = "null",
	      .doc = "the interface that a socket is bound to (FRA_OIFNAME); it need not exist"),
	FIELD(rule, fwmark, fwmark, .flags = KEY | FIXED, .kernel_default = "null",
	      .doc = "the mark of the packet, with the bits that count (FRA_FWMARK, FRA_FWMASK)"),
	FIELD(rule, ipproto, ipproto, .flags = KEY | FIXED, .kernel_default = "null", .doc = "the protocol (FRA_IP_PROTO)"),
	FIELD(rule, sport, ports, .flags = KEY | FIXED, .kernel_default = "null", .doc = "source ports (FRA_SPORT_RANGE)"),
	FIELD(rule, dport, ports, .flags = KEY | FIXED, .kernel_default = "null", .doc = "destination ports (FRA_DPORT_RANGE)"),
	FIELD(rule, uidrange, uids, .flags = KEY | FIXED, .kernel_default = "null", .doc = "users whose sockets it is for (FRA_UID_RANGE)"),
	FIELD(rule, action, word, .words = actions, .flags = KEY | BARE, .kernel_default = "\"lookup\"",
	      .doc = "what happens to the packet; lookup by default"),
	FIELD(rule, table, lookup, .flags = KEY | BARE, .min = 1, .kernel_default = "null",
	      .doc = "the table to look up: its number, or its name in /etc/iproute2/rt_tables, such as \"main\" (FRA_TABLE)"),
	FIELD(rule, suppress_prefixlength, suppress, .flags = KEY | FIXED, .max = 128, .kernel_default = "null",
	      .doc = "ignore routes of the table with a prefix of this length or shorter; 0: the default route (FRA_SUPPRESS_PREFIXLEN)"),
	FIELD(rule, family_key, word, .words = families, .flags = KEY | HIDDEN, .doc = ""),
};
// clang-format on

/* The family is a key of its own, and shown only where no address shows it. */
void rule_identify(struct object *o)
{
	struct rule *r = (struct rule *)o;
	uint8_t family = r->from.family ? r->from.family : r->to.family;

	r->family_key = family ? family : r->family;
	if (r->family_key)
		OBJECT_SET(o, rule, family_key);
	if (family)
		o->set &= ~field_bit(o->kind, "family");
}

static int check_families(const struct rule *r, struct err *e)
{
	uint8_t family = r->from.family ? r->from.family : r->to.family;

	if (r->from.family && r->to.family && r->from.family != r->to.family)
		return err_set(e, EINVAL, "from and to are of different families");
	if (family && r->family && family != r->family)
		return err_set(e, EINVAL, "family: the addresses are of the other one; leave it out");
	return 0;
}

static int check_action(const struct rule *r, struct err *e)
{
	uint32_t longest = r->family_key == AF_INET ? 32 : 128;

	if (r->action == FR_ACT_TO_TBL && !r->table)
		return err_set(e, EINVAL, "\"table\" is missing: the table to look up");
	if (r->action != FR_ACT_TO_TBL && (r->table || r->suppress_prefixlength))
		return err_set(e, EINVAL,
			       "only a rule that looks up a table has \"table\" and \"suppress_prefixlength\"");
	if (r->suppress_prefixlength > longest + 1)
		return err_set(e, EINVAL, "suppress_prefixlength: a prefix of IPv4 is at most 32 bits long");
	return 0;
}

static int check_names(const struct rule *r, struct err *e)
{
	const char *const names[] = { r->iif, r->oif };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (!names[i])
			continue;
		if (ifname_problem(names[i], e))
			return err_prefix(e, "%s: \"%s\"", i ? "oif" : "iif", names[i]);
		if (strchr(names[i], '*'))
			return err_set(e, EINVAL,
				       "%s: \"%s\": a rule is for one interface; \"*\" stands for nothing here",
				       i ? "oif" : "iif", names[i]);
	}
	return 0;
}

/* The kernel would take it a second time, and it would mean nothing. */
static int check_kernels_own(const struct rule *r, struct err *e)
{
	static const char *const others[] = { "priority", "action", "table", "family", "family_key" };
	uint64_t selectors = r->object.set & kind_mask(r->object.kind, KEY);
	bool own = (r->priority == 0 && r->table == RT_TABLE_LOCAL) ||
		   (r->priority == 32766 && r->table == RT_TABLE_MAIN) ||
		   (r->priority == 32767 && r->table == RT_TABLE_DEFAULT && r->family_key == AF_INET);

	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		selectors &= ~field_bit(r->object.kind, others[i]);
	if (!own || selectors)
		return 0;
	return err_set(e, EINVAL, "every namespace has this rule from the kernel; leave it out");
}

static int rule_check(struct object *o, struct err *e)
{
	struct rule *r = (struct rule *)o;

	if (check_families(r, e) < 0)
		return e->code;
	/* "0.0.0.0/0" is all of its family. */
	for (struct inet *i = &r->from; i; i = i == &r->from ? &r->to : NULL)
		if (i->len == 0) {
			r->family = i->family ? i->family : r->family;
			*i = (struct inet){ 0 };
			o->set &= ~field_bit(o->kind, i == &r->from ? "from" : "to");
		}
	r->both = !r->family && !r->from.family && !r->to.family;
	r->family = r->both ? AF_INET : r->family;
	OBJECT_SET(o, rule, family);
	rule_identify(o);
	if (!object_says(o, "action"))
		r->action = FR_ACT_TO_TBL;
	OBJECT_SET(o, rule, action);
	return check_action(r, e) < 0 || check_kernels_own(r, e) < 0 ? e->code : check_names(r, e);
}

/* Adds the one for IPv6. */
static void rule_complete(struct model *m, struct object *o, struct problems *p)
{
	struct rule *six;

	if (!((const struct rule *)o)->both)
		return;
	six = (struct rule *)object_copy(m, o, ~UINT64_C(0));
	six->object.in = o->in;
	six->family = six->family_key = AF_INET6;
	if (model_add(m, &six->object, NULL) < 0)
		object_problem(p, EINVAL, o, NULL,
			       "without a \"family\" this is a rule for IPv6, too, and the same is declared by itself");
}

static void put_inet(struct nl_msg *m, int type, const struct inet *i)
{
	if (i->family)
		msg_put(m, type, i->addr, i->family == AF_INET ? 4 : 16);
}

static void put_ports(struct nl_msg *m, int type, const struct range *r)
{
	struct fib_rule_port_range ports = { (uint16_t)r->first, (uint16_t)r->last };

	if (r->given)
		msg_put(m, type, &ports, sizeof(ports));
}

static void put_selectors(struct nl_msg *m, const struct rule *r)
{
	struct fib_rule_uid_range users = { r->uidrange.first, r->uidrange.last };

	put_inet(m, FRA_SRC, &r->from);
	put_inet(m, FRA_DST, &r->to);
	if (r->iif)
		msg_put_string(m, FRA_IIFNAME, r->iif);
	if (r->oif)
		msg_put_string(m, FRA_OIFNAME, r->oif);
	if (r->fwmark.mask) {
		msg_put_u32(m, FRA_FWMARK, r->fwmark.value);
		msg_put_u32(m, FRA_FWMASK, r->fwmark.mask);
	}
	if (r->ipproto)
		msg_put(m, FRA_IP_PROTO, &r->ipproto, 1);
	put_ports(m, FRA_SPORT_RANGE, &r->sport);
	put_ports(m, FRA_DPORT_RANGE, &r->dport);
	if (r->uidrange.given)
		msg_put(m, FRA_UID_RANGE, &users, sizeof(users));
}

static struct nl_msg *rule_message(int type, int flags, const struct rule *r, uint8_t protocol)
{
	struct fib_rule_hdr h = {
		.family = r->family_key,
		.src_len = r->from.len,
		.dst_len = r->to.len,
		.table = r->table < 256 ? (uint8_t)r->table : RT_TABLE_UNSPEC,
		.action = r->action,
	};
	struct nl_msg *m = msg_new(type, flags, &h, sizeof(h));

	msg_put_u32(m, FRA_PRIORITY, r->priority);
	put_selectors(m, r);
	if (r->table)
		msg_put_u32(m, FRA_TABLE, r->table);
	if (r->suppress_prefixlength)
		msg_put_u32(m, FRA_SUPPRESS_PREFIXLEN, r->suppress_prefixlength - 1);
	msg_put(m, FRA_PROTOCOL, &protocol, 1);
	return m;
}

/* Whether a removal of @r of the protocol removes @o if that comes first: what a request does not name
 * matches everything (rule_find, net/core/fib_rules.c). */
static bool is_matched(const struct rule *r, uint8_t protocol, const struct rule *o)
{
	return r->family_key == o->family_key && r->priority == o->priority && r->action == o->action &&
	       (!r->table || r->table == o->table) && (!protocol || protocol == o->protocol) &&
	       (!r->from.len || !memcmp(&r->from, &o->from, sizeof(r->from))) &&
	       (!r->to.len || !memcmp(&r->to, &o->to, sizeof(r->to))) &&
	       (!r->iif || (o->iif && !strcmp(r->iif, o->iif))) && (!r->oif || (o->oif && !strcmp(r->oif, o->oif))) &&
	       (!r->fwmark.value || r->fwmark.value == o->fwmark.value) &&
	       (!r->fwmark.mask || r->fwmark.mask == o->fwmark.mask) && (!r->ipproto || r->ipproto == o->ipproto) &&
	       (!r->sport.given || !memcmp(&r->sport, &o->sport, sizeof(r->sport))) &&
	       (!r->dport.given || !memcmp(&r->dport, &o->dport, sizeof(r->dport))) &&
	       (!r->uidrange.given || !memcmp(&r->uidrange, &o->uidrange, sizeof(r->uidrange))) &&
	       (!r->suppress_prefixlength || r->suppress_prefixlength == o->suppress_prefixlength);
}

/* Removes @r, and not a narrower rule before it that the request matches as well: of each of these another
 * one is added at the end, and then as many are removed as there were. */
static int rule_remove(struct batch *b, struct op *op, const struct rule *r, uint8_t protocol, struct err *e)
{
	const struct object *netns = model_netns(b->plan->observed, r->object.netns);
	size_t n = 1;

	for (const struct object *o = netns ? netns->first : NULL; o && o != &r->object; o = o->next) {
		const struct rule *before = (const struct rule *)o;

		/* Removals come in reverse order: it is still there. */
		if (o->kind != r->object.kind || o->seq >= r->object.seq || !is_matched(r, protocol, before))
			continue;
		n++;
		if (batch_send(b, o->netns, rule_message(RTM_NEWRULE, NLM_F_CREATE, before, before->protocol), op, e) <
		    0)
			return e->code;
	}
	for (; n; n--)
		if (batch_send(b, r->object.netns, rule_message(RTM_DELRULE, 0, r, protocol), op, e) < 0)
			return e->code;
	return 0;
}

static int rule_encode(struct batch *b, struct op *op, struct err *e)
{
	const struct rule *r = (const struct rule *)(op->after ? op->after : op->before);

	/* Not NLM_F_EXCL: with it the kernel refuses a rule for all addresses after one for some of them
	 * (fib4_rule_compare).  Twins of others were looked for (rule_read.c). */
	if (!op->after)
		return rule_remove(b, op, r, PROTOCOL, e);
	return batch_send(b, r->object.netns, rule_message(RTM_NEWRULE, NLM_F_CREATE, r, PROTOCOL), op, e);
}

/* A protocol cannot be changed: the same rule is added with the other one first, so that none is missing
 * in between. */
static int rule_mark(struct batch *b, struct op *op, struct err *e)
{
	const struct rule *r = (const struct rule *)op->before;
	bool put = op->mark == MARK_PUT;
	struct nl_msg *m = rule_message(RTM_NEWRULE, NLM_F_CREATE, r, put ? PROTOCOL : r->protocol);

	return batch_send(b, r->object.netns, m, op, e) < 0 ? e->code
							    : rule_remove(b, op, r, put ? r->protocol : PROTOCOL, e);
}

const struct kind kind_rule = {
	.name = "rule",
	.class = "rule",
	.label = "rule",
	.doc = "a policy routing rule",
	.section = "rules",
	.form = FORM_LIST,
	.size = sizeof(struct rule),
	.fields = fields,
	.n_fields = ARRAY_SIZE(fields),
	.groups = { RTNLGRP_IPV4_RULE, RTNLGRP_IPV6_RULE },
	.tells_who = true,
	.identify = rule_identify,
	.check = rule_check,
	.complete = rule_complete,
	.observe = rule_observe,
	.export = rule_export,
	.encode = rule_encode,
	.mark = rule_mark,
};
