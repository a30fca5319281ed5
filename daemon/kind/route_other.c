/* SPDX-License-Identifier: MIT */
/* route_other.c - routes of others with the destination, metric and table of one of ours.
 * That needs all of a table to be read, so it is done only where one of ours is missing,
 * or after an event about one. */
#include "model/owner.h"
#include "model/slot.h"
#include "kernel/batch.h"
#include "route.h"
#include <linux/rtnetlink.h>

struct other {
	struct object object;
	const char *key;
};

static const struct field fields[] = {
	FIELD(other, key, string, .flags = KEY | HIDDEN, .doc = ""),
};

/* Never declared, so in no table of kinds. */
static const struct kind kind_other = {
	.name = "route",
	.class = "other route",
	.label = "route",
	.form = FORM_LIST,
	.size = sizeof(struct other),
	.fields = fields,
	.n_fields = ARRAY_SIZE(fields),
};

// clang-format off: keeps its rows
static const struct word protocols[] = {
	{ "redirect", RTPROT_REDIRECT },
	{ "kernel", RTPROT_KERNEL },
	{ "boot", RTPROT_BOOT },
	{ "static", RTPROT_STATIC },
	{ "gated", RTPROT_GATED },
	{ "ra", RTPROT_RA },
	{ "mrt", RTPROT_MRT },
	{ "zebra", RTPROT_ZEBRA },
	{ "bird", RTPROT_BIRD },
	{ "dnrouted", RTPROT_DNROUTED },
	{ "xorp", RTPROT_XORP },
	{ "ntk", RTPROT_NTK },
	{ "dhcp", RTPROT_DHCP },
	{ "keepalived", RTPROT_KEEPALIVED },
	{ "babel", RTPROT_BABEL },
	{ "openr", RTPROT_OPENR },
	{ "bgp", RTPROT_BGP },
	{ "isis", RTPROT_ISIS },
	{ "ospf", RTPROT_OSPF },
	{ "rip", RTPROT_RIP },
	{ "eigrp", RTPROT_EIGRP },
};
// clang-format on

static char *protocol_text(struct arena *a, uint8_t protocol)
{
	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++)
		if (protocols[i].value == protocol)
			return arena_fmt(a, "proto %s", protocols[i].name);
	return arena_fmt(a, "proto %u", protocol);
}

static char *type_text(struct arena *a, const struct route *r)
{
	bool usual = !r->type || r->type == RTN_UNICAST;

	return usual ? arena_strdup(a, "") : object_describe(a, &r->object, NULL, field_bit(&kind_route, "type"));
}

/* Where it leads, after a space. */
static char *way(struct arena *a, const struct route *r)
{
	static const char *const names[] = { "via", "dev", "nexthops" };
	uint64_t mask = 0;
	char *text;

	/* IPv6 shows lo for one that leads nowhere. */
	for (size_t i = 0; r->type < RTN_BLACKHOLE && i < ARRAY_SIZE(names); i++)
		mask |= field_bit(&kind_route, names[i]);
	text = object_describe(a, &r->object, NULL, mask);
	return arena_fmt(a, "%s%s", *text ? " " : "", text);
}

/* How it is removed; routes of the kernel come and go with addresses. */
static char *remedy(struct arena *a, const struct route *r, const char *proto)
{
	const char *type = type_text(a, r);
	char to[64], *command;

	if (r->protocol == RTPROT_KERNEL)
		return arena_strdup(a, "it comes with an address; use another \"metric\"");
	command =
		arena_fmt(a, "%s %sroute del %s%s%s", netns_ip(a, r->object.netns),
			  r->key.family == AF_INET6 ? "-6 " : "", type, *type ? " " : "", inet_text(&r->to, false, to));
	if (r->key.metric)
		command = arena_fmt(a, "%s metric %u", command, r->key.metric);
	if (r->key.table != RT_TABLE_MAIN)
		command = arena_fmt(a, "%s table %u", command, r->key.table);
	return arena_fmt(a, "remove it with \"%s%s%s%s\", use another \"metric\", or take it over with netnsctl adopt",
			 command, proto ? " " : "", proto ? proto : "", way(a, r));
}

static struct beside *in_words(struct arena *a, const struct route *r)
{
	struct beside *b = arena_alloc(a, sizeof(*b));
	char *proto = r->protocol ? protocol_text(a, r->protocol) : NULL, *type = type_text(a, r);

	b->words = arena_fmt(a, "a %s%sroute of %s%s", type, *type ? " " : "", proto ? proto : "another program",
			     way(a, r));
	b->remedy = remedy(a, r, proto);
	b->along = r->protocol == RTPROT_KERNEL;
	return b;
}

static bool is_same(const struct object *a, const struct object *b)
{
	uint64_t fixed = kind_mask(&kind_route, FIXED);

	return a && b && !(object_diff(a, b) & fixed) && !(object_diff(b, a) & fixed);
}

static bool is_hop_of(const struct object *want, const struct nexthop *hop)
{
	const struct nexthop *v;
	struct nexthop one;
	size_t n = want ? route_hops((const struct route *)want, &one, &v) : 0;

	for (size_t i = 0; i < n; i++)
		if (!memcmp(&v[i].via, &hop->via, sizeof(hop->via)) &&
		    (!v[i].dev || !hop->dev || !strcmp(v[i].dev, hop->dev)))
			return true;
	return false;
}

/* With IPv6 a next hop can exist only once, whoever created it. */
static bool excludes(const struct route *r, const struct route *want)
{
	const struct nexthop *hops;
	struct nexthop one;
	bool any = false;

	if (r->key.family != AF_INET6 || r->type != (want->type ? want->type : RTN_UNICAST))
		return false;
	for (size_t i = 0, n = route_hops(r, &one, &hops); i < n; i++)
		any |= is_hop_of(&want->object, &hops[i]);
	return any;
}

static void other_add(struct observer *obs, const struct route *r, struct object *want)
{
	struct other *o = (struct other *)object_new(obs->observed, &kind_other, obs->ns->name, NULL);
	struct beside *b = in_words(&obs->observed->arena, r);

	b->id = want->id;
	b->bars = obs->exclusive &&
		  (!is_same(want, model_find(obs->last, want->id)) || excludes(r, (struct route *)want));
	want->crowded |= !b->bars;
	o->key = arena_fmt(&obs->observed->arena, "%s %u%s", want->id, r->type, way(&obs->observed->arena, r));
	OBJECT_SET(&o->object, other, key);
	o->object.beside = b;
	observer_add(obs, &o->object);
}

/* What we may have created under that id. */
struct mine {
	const struct object *o[3];
};

static struct mine mine_of(const struct observer *obs, const char *id, bool desired)
{
	return (struct mine){ {
		model_find(obs->last, id),
		obs->tried ? model_find(obs->tried, id) : NULL,
		desired ? model_find(obs->desired, id) : NULL,
	} };
}

static bool is_mine(const struct mine *m, const struct nexthop *hop)
{
	for (size_t i = 0; i < ARRAY_SIZE(m->o); i++)
		if (is_hop_of(m->o[i], hop))
			return true;
	return false;
}

/* A copy of @r with those of its next hops that are @mine or not; NULL: there are none. */
static struct route *part(struct observer *obs, const struct route *r, const struct mine *mine, bool wanted)
{
	struct arena *a = &obs->observed->arena;
	struct nexthop *v = arena_alloc(a, r->nexthops.n * sizeof(*v));
	struct route *copy = arena_alloc(a, sizeof(*copy));
	size_t n = 0;

	for (size_t i = 0; i < r->nexthops.n; i++)
		if (is_mine(mine, &r->nexthops.v[i]) == wanted)
			v[n++] = r->nexthops.v[i];
	if (!n)
		return NULL;
	*copy = *r;
	route_set_hops(copy, v, n);
	return copy;
}

/* IPv6 shows the next hops of all protocols as one route, under that of the first. */
void route_divide(struct observer *obs, struct route *r)
{
	struct object *want = model_find(obs->desired, r->object.id);
	struct mine mine = mine_of(obs, r->object.id, true);
	struct route *ours = part(obs, r, &mine, true), *rest = part(obs, r, &mine, false);
	const struct nexthop *hops;
	struct nexthop one;
	size_t n;

	if (!ours || !rest)
		return;
	rest->protocol = 0; /* not reported */
	if (want)
		other_add(obs, rest, want);
	n = route_hops(ours, &one, &hops);
	route_set_hops(r, hops, n);
}

/* Next hops after that of another program: what was ours before is still ours. */
static struct route *take_ours(struct observer *obs, struct route *r, const struct object *want)
{
	struct mine mine = mine_of(obs, want->id, !obs->exclusive);
	struct route *ours = part(obs, r, &mine, true), *rest = part(obs, r, &mine, false);

	if (!ours)
		return r;
	if (model_find(obs->observed, want->id))
		return rest;
	ours->object.sign.hash = SIGN_ANY;
	ours->protocol = PROTOCOL;
	observer_add(obs, &ours->object);
	return rest;
}

struct question {
	struct observer *obs;
	struct slots asked;
	size_t first; /* where the objects of the current dump begin */
};

static void on_other(const struct nlmsghdr *h, void *arg)
{
	const struct rtmsg *i = nlmsg_data(h);
	struct question *q = arg;
	struct nlattr *a[RTA_MAX + 1];
	const struct slot_entry *at;
	struct slot slot;
	struct route *r;
	size_t n;

	if (h->nlmsg_type != RTM_NEWROUTE || i->rtm_protocol == PROTOCOL || route_is_narrow(i) ||
	    nlmsg_parse((struct nlmsghdr *)(uintptr_t)h, sizeof(*i), a, RTA_MAX, NULL) < 0)
		return;
	slot = msg_slot(i, a);
	at = slots_find(&q->asked, q->obs->ns->name, &slot, &n);
	r = at ? route_read(q->obs, h) : NULL;
	if (r && r->key.family == AF_INET6 && r->nexthops.n)
		r = take_ours(q->obs, r, at->o);
	if (r)
		other_add(q->obs, r, at->o);
}

static void on_restart(void *arg)
{
	struct question *q = arg;

	model_truncate(q->obs->observed, q->first);
}

static int read_others(struct question *q, uint8_t family, struct err *e)
{
	uint32_t table = q->asked.v[0].slot.table;
	struct rtmsg i = { .rtm_family = family };
	_cleanup_(msg_freep) struct nl_msg *m = msg_new(RTM_GETROUTE, 0, &i, sizeof(i));
	bool one = true, any = false;
	int r;

	for (size_t n = 0; n < q->asked.n; n++) {
		any |= q->asked.v[n].slot.family == family;
		one &= q->asked.v[n].slot.table == table;
	}
	if (!any)
		return 0;
	if (one)
		msg_put_u32(m, RTA_TABLE, table);
	q->first = q->obs->observed->n;
	r = rtnl_dump(q->obs->nl, m, on_other, on_restart, q, e);
	/* No table, or no IPv6: no route. */
	return r == -ENOENT || r == -EOPNOTSUPP ? 0 : r;
}

static int ask(struct question *q, struct err *e)
{
	static const uint8_t families[] = { AF_INET, AF_INET6 };
	int r = 0;

	slots_sort(&q->asked);
	for (size_t i = 0; i < ARRAY_SIZE(families) && q->asked.n && r == 0; i++)
		r = read_others(q, families[i], e);
	slots_done(&q->asked);
	return r;
}

int route_others(struct observer *obs, struct err *e)
{
	const struct object *netns = obs->wanted[0];
	struct question q = { .obs = obs };

	/* A namespace that is just being created has none of others. */
	for (struct object *o = netns && obs->ns->state != NETNS_FRESH ? netns->first : NULL; o; o = o->next) {
		const struct object *have = o->kind == &kind_route ? model_find(obs->observed, o->id) : NULL;

		if (o->kind != &kind_route)
			continue;
		if (!have)
			o->crowded = false;
		if (!have || obs->extent.crowded || object_diff(o, have) & kind_mask(&kind_route, FIXED))
			slots_add(&q.asked, o);
	}
	return ask(&q, e) < 0 ? err_prefix(e, "routes of %s", obs->ns->name) : 0;
}

const char *route_in_the_way(struct batch *b, const struct object *o, struct arena *a)
{
	struct model seen, none;
	struct observer obs = { .observed = &seen, .ns = b->at, .nl = b->nl, .desired = &none, .last = &none };
	struct question q = { .obs = &obs };
	const char *words = NULL;
	struct err e;

	if (!b->at || strcmp(b->at->name, o->netns))
		return NULL;
	_cleanup_(netns_leavep) int entered = netns_enter(b->at, &e);
	if (entered < 0)
		return NULL;
	model_init(&seen, b->plan->observed->kinds);
	model_init(&none, b->plan->observed->kinds);
	slots_add(&q.asked, (struct object *)(uintptr_t)o);
	if (ask(&q, &e) == 0 && seen.n)
		words = arena_fmt(a, "%s exists; %s", seen.objects[0]->beside->words, seen.objects[0]->beside->remedy);
	model_done(&seen);
	model_done(&none);
	return words;
}
