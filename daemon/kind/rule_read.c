/* SPDX-License-Identifier: MIT */
/* rule_read.c - reads the rules of a namespace: ours, those that are adopted, and those of other programs
 * that are in the place of ours. */
#include "model/owner.h"
#include "rule.h"
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>

enum {
	/* Linux 6.15, include/uapi/linux/fib_rules.h */
	SPORT_MASK = 28,
	DPORT_MASK = 29,
	ATTRIBUTES = 32, /* more than there are */
};

/* A rule of another program that is what one of ours would be; never declared, so in no table of kinds. */
struct twin {
	struct object object;
	const char *key;
};

static const struct field twin_fields[] = {
	FIELD(twin, key, string, .flags = KEY | HIDDEN, .doc = ""),
};

static const struct kind kind_twin = {
	.name = "rule",
	.class = "other rule",
	.label = "rule",
	.form = FORM_LIST,
	.size = sizeof(struct twin),
	.fields = twin_fields,
	.n_fields = ARRAY_SIZE(twin_fields),
};

/* Whether all that it says is what ours can say. */
static bool is_plain(const struct fib_rule_hdr *h, struct nlattr **a)
{
	static const uint8_t known[] = {
		FRA_DST,      FRA_SRC,         FRA_IIFNAME, FRA_PRIORITY,    FRA_FWMARK,
		FRA_TABLE,    FRA_FWMASK,      FRA_OIFNAME, FRA_PAD,         FRA_UID_RANGE,
		FRA_PROTOCOL, FRA_IP_PROTO,    SPORT_MASK,  FRA_SPORT_RANGE, FRA_SUPPRESS_PREFIXLEN,
		DPORT_MASK,   FRA_DPORT_RANGE,
	};
	size_t n = 0, found = 0;

	for (size_t i = 0; i < ATTRIBUTES; i++)
		n += a[i] != NULL;
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		found += a[known[i]] != NULL;
	if (h->flags & FIB_RULE_INVERT || h->tos || n != found)
		return false;
	return (!a[SPORT_MASK] || nla_get_u16(a[SPORT_MASK]) == UINT16_MAX) &&
	       (!a[DPORT_MASK] || nla_get_u16(a[DPORT_MASK]) == UINT16_MAX);
}

static struct range read_ports(const struct nlattr *a)
{
	const struct fib_rule_port_range *p = a ? nla_data(a) : NULL;

	return p ? (struct range){ p->start, p->end, 1 } : (struct range){ 0 };
}

static uint32_t number(const struct nlattr *a)
{
	return a ? nla_get_u32(a) : 0;
}

static void read_selectors(struct rule *r, const struct fib_rule_hdr *h, struct nlattr **a, struct arena *arena)
{
	const struct fib_rule_uid_range *users = a[FRA_UID_RANGE] ? nla_data(a[FRA_UID_RANGE]) : NULL;

	if (a[FRA_SRC] && h->src_len)
		r->from = msg_inet(h->family, h->src_len, a[FRA_SRC]);
	if (a[FRA_DST] && h->dst_len)
		r->to = msg_inet(h->family, h->dst_len, a[FRA_DST]);
	r->iif = a[FRA_IIFNAME] ? arena_strdup(arena, nla_data(a[FRA_IIFNAME])) : NULL;
	r->oif = a[FRA_OIFNAME] ? arena_strdup(arena, nla_data(a[FRA_OIFNAME])) : NULL;
	r->fwmark = (struct fwmark){ number(a[FRA_FWMARK]), number(a[FRA_FWMASK]) };
	r->ipproto = a[FRA_IP_PROTO] ? nla_get_u8(a[FRA_IP_PROTO]) : 0;
	r->sport = read_ports(a[FRA_SPORT_RANGE]);
	r->dport = read_ports(a[FRA_DPORT_RANGE]);
	if (users)
		r->uidrange = (struct range){ users->start, users->end, 1 };
}

/* What is not there has no value. */
static void mark_set(struct rule *r)
{
	const struct {
		size_t offset;
		bool given;
	} all[] = {
		{ offsetof(struct rule, priority), true },
		{ offsetof(struct rule, action), true },
		{ offsetof(struct rule, family), true },
		{ offsetof(struct rule, from), r->from.family },
		{ offsetof(struct rule, to), r->to.family },
		{ offsetof(struct rule, iif), r->iif },
		{ offsetof(struct rule, oif), r->oif },
		{ offsetof(struct rule, fwmark), r->fwmark.mask },
		{ offsetof(struct rule, ipproto), r->ipproto },
		{ offsetof(struct rule, sport), r->sport.given },
		{ offsetof(struct rule, dport), r->dport.given },
		{ offsetof(struct rule, uidrange), r->uidrange.given },
		{ offsetof(struct rule, table), r->table },
		{ offsetof(struct rule, suppress_prefixlength), r->suppress_prefixlength },
	};

	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		if (all[i].given)
			object_mark_set(&r->object, all[i].offset);
}

static void tell_other(struct observer *obs, const struct fib_rule_hdr *h, struct nlattr **a)
{
	if (obs->extent.unsaid && !(a[FRA_PROTOCOL] && nla_get_u8(a[FRA_PROTOCOL]) == RTPROT_KERNEL))
		unsaid_add(obs->extent.unsaid,
			   "rule %s priority %u of %s: no topology can declare what it selects by; it is left out",
			   obs->ns->name, number(a[FRA_PRIORITY]), h->family == AF_INET ? "IPv4" : "IPv6");
}

/* NULL: none of the Internet, or one that ours cannot be. */
static struct rule *rule_read(struct observer *obs, const struct nlmsghdr *h)
{
	const struct fib_rule_hdr *i = nlmsg_data(h);
	struct nlattr *a[ATTRIBUTES];
	struct rule *r;

	if (h->nlmsg_type != RTM_NEWRULE || (i->family != AF_INET && i->family != AF_INET6) ||
	    nlmsg_parse((struct nlmsghdr *)(uintptr_t)h, sizeof(*i), a, ATTRIBUTES - 1, NULL) < 0)
		return NULL;
	if (!is_plain(i, a)) {
		tell_other(obs, i, a);
		return NULL;
	}
	r = (struct rule *)object_new(obs->observed, &kind_rule, obs->ns->name, NULL);
	r->protocol = a[FRA_PROTOCOL] ? nla_get_u8(a[FRA_PROTOCOL]) : RTPROT_UNSPEC;
	r->object.sign.hash = r->protocol == PROTOCOL ? SIGN_ANY : 0;
	r->priority = number(a[FRA_PRIORITY]);
	r->family = i->family;
	r->action = i->action;
	r->table = i->action != FR_ACT_TO_TBL ? 0 : a[FRA_TABLE] ? nla_get_u32(a[FRA_TABLE]) : i->table;
	/* -1: none is suppressed. */
	r->suppress_prefixlength = a[FRA_SUPPRESS_PREFIXLEN] ? nla_get_u32(a[FRA_SUPPRESS_PREFIXLEN]) + 1 : 0;
	read_selectors(r, i, a, &obs->observed->arena);
	mark_set(r);
	rule_identify(&r->object);
	return r;
}

static void twin_add(struct observer *obs, const struct rule *r, const struct object *want)
{
	struct arena *a = &obs->observed->arena;
	struct twin *t = (struct twin *)object_new(obs->observed, &kind_twin, obs->ns->name, NULL);
	struct beside *b = arena_alloc(a, sizeof(*b));
	const char *proto, *rule = object_describe(a, &r->object, NULL,
						   kind_mask(&kind_rule, KEY) & ~field_bit(&kind_rule, "family"));

	b->id = want->id;
	/* Most programs, ip(8) among them, do not set it. */
	proto = r->protocol ? arena_fmt(a, " protocol %u", r->protocol) : "";
	b->words = arena_fmt(a, "the same rule of %s", r->protocol ? proto + 1 : "another program");
	b->remedy = arena_fmt(
		a,
		"remove it with \"%s%s rule del %s%s\", use another \"priority\", or take it over with netnsctl adopt",
		netns_ip(a, obs->ns->name), r->family_key == AF_INET6 ? " -6" : "", rule, proto);
	b->bars = true;
	t->key = want->id;
	OBJECT_SET(&t->object, twin, key);
	t->object.beside = b;
	observer_add(obs, &t->object);
}

/* The desired rule that is the same but for its protocol. */
static struct object *twin_of(const struct observer *obs, const struct rule *r)
{
	uint64_t keys = kind_mask(&kind_rule, KEY);

	for (struct object *o = obs->wanted[0] ? obs->wanted[0]->first : NULL; o; o = o->next)
		if (o->kind == &kind_rule && ((const struct rule *)o)->priority == r->priority &&
		    (o->set & keys) == (r->object.set & keys) && !object_diff(o, &r->object))
			return o;
	return NULL;
}

/* What each namespace has from the kernel (fib_default_rules_init, net/ipv4/fib_rules.c; fib6_rules_net_init,
 * net/ipv6/fib6_rules.c). */
static const struct {
	uint32_t priority, table;
	const char *name;
	bool v6; /* IPv6 has it, too */
} rules_own[] = {
	{ 0, RT_TABLE_LOCAL, "local", true },
	{ 32766, RT_TABLE_MAIN, "main", true },
	{ 32767, RT_TABLE_DEFAULT, "default", false },
};

/* The bit after theirs: there are rules of the family at all. */
static void note_own(struct observer *obs, const struct rule *r)
{
	uint8_t *seen = &obs->rules_seen[r->family == AF_INET6];

	for (size_t i = 0; i < ARRAY_SIZE(rules_own); i++)
		if (r->priority == rules_own[i].priority && r->table == rules_own[i].table)
			*seen |= (uint8_t)(1U << i);
	*seen |= (uint8_t)(1U << ARRAY_SIZE(rules_own));
}

/* A topology cannot take them away, as programs do that put another rule before that of the table local.  The host's stay
 * as they are. */
static void tell_missing(const struct observer *obs)
{
	bool told = obs->extent.unsaid && strcmp(obs->ns->name, "host") != 0;

	for (unsigned v6 = 0; v6 < 2 && told; v6++)
		for (size_t i = 0; i < ARRAY_SIZE(rules_own); i++)
			if (obs->rules_seen[v6] && !(obs->rules_seen[v6] & 1U << i) && (!v6 || rules_own[i].v6))
				unsaid_add(obs->extent.unsaid,
					   "rule %s priority %u of %s: no topology can declare that the kernel's own, "
					   "for the table %s, is missing",
					   obs->ns->name, rules_own[i].priority, v6 ? "IPv6" : "IPv4",
					   rules_own[i].name);
}

static void on_rule(const struct nlmsghdr *h, void *arg)
{
	struct observer *obs = arg;
	struct rule *r = rule_read(obs, h);
	struct object *want;

	if (!r)
		return;
	note_own(obs, r);
	/* Those of the kernel cannot be adopted. */
	if (r->protocol == PROTOCOL || (obs->extent.adopting && r->protocol != RTPROT_KERNEL)) {
		observer_add(obs, &r->object);
		return;
	}
	want = obs->extent.adopting ? NULL : twin_of(obs, r);
	if (want)
		twin_add(obs, r, want);
}

/* Two that differ in nothing but the family are one in a file. */
bool rule_export(struct model *observed, struct object *o, _unused_ struct unsaid *u)
{
	struct rule *other = (struct rule *)object_copy(observed, o, ~UINT64_C(0));

	if (!object_says(o, "family"))
		return true;
	other->family = ((struct rule *)o)->family == AF_INET ? AF_INET6 : AF_INET;
	rule_identify(&other->object);
	model_name(observed, &other->object);
	if (!model_find(observed, other->object.id))
		return true;
	o->set &= ~field_bit(o->kind, "family");
	return other->family == AF_INET6;
}

/* One that another program adds next to ours changes nothing, and one of ours that was there before is
 * restored next to it. */
static void settle_twins(struct observer *obs, size_t first)
{
	for (size_t i = first; i < obs->observed->n; i++) {
		struct object *o = obs->observed->objects[i];

		if (o->beside && (!obs->exclusive || model_find(obs->observed, o->beside->id)))
			o->beside = NULL;
	}
}

/* All families at once. */
int rule_observe(struct observer *obs, struct err *e)
{
	size_t first = obs->observed->n;
	struct fib_rule_hdr h = { .family = AF_UNSPEC };
	_cleanup_(msg_freep) struct nl_msg *m = NULL;
	int r;

	if (!observer_wants(obs, kind_rule.class))
		return 0;
	memset(obs->rules_seen, 0, sizeof(obs->rules_seen));
	m = msg_new(RTM_GETRULE, 0, &h, sizeof(h));
	r = observer_dump(obs, m, on_rule, e);
	/* A kernel without policy routing has none. */
	if (r < 0 && r != -EOPNOTSUPP && r != -EAFNOSUPPORT)
		return err_prefix(e, "rules of %s", obs->ns->name);
	settle_twins(obs, first);
	tell_missing(obs);
	return 0;
}
