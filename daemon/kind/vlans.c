/* SPDX-License-Identifier: MIT */
/* vlans.c - the complete list of the VLANs of a bridge's port, or of the bridge itself.  Where none is declared, they are
 * what the kernel makes of the bridge's default, and are not read. */
#include "kernel/batch.h"
#include "kernel/observer.h"
#include "kernel/vlan_range.h"
#include "link.h"
#include "vlan_list.h"
#include "model/unsaid.h"
#include <linux/if_bridge.h>
#include <linux/rtnetlink.h>

extern const struct kind kind_vlans;

enum {
	RUNS_MAX = 1024,      /* of a port, which bounds the message in which the kernel shows them */
	ATTRIBUTES_MAX = 512, /* in one of ours, of 8 bytes each */
};

struct vlans {
	struct object object;
	const char *list; /* type_vlan_list */
};

// clang-format off: keeps its rows
static const struct field fields[] = {
	FIELD(vlans, list, vlan_list, .flags = BARE | NEEDED, .max = RUNS_MAX,
	      .doc = "10, \"100-200\" or {\"id\": 10, \"pvid\": true, \"untagged\": true}: what arrives without a tag belongs to pvid, "
		     "and leaves without one if untagged (IFLA_BRIDGE_VLAN_INFO)"),
};
// clang-format on

static const char *list_of(const struct object *o)
{
	return o ? ((const struct vlans *)o)->list : NULL;
}

/* What a port that has @have is told to add for @want … */
static struct vlan_set set_added(const struct vlan_set *have, const struct vlan_set *want)
{
	struct vlan_set s = { { 0 } };

	for (unsigned vid = VLAN_FIRST; vid <= VLAN_LAST; vid++)
		s.of[vid] = want->of[vid] == have->of[vid] ? 0 : want->of[vid];
	return s;
}

/* … and to delete. */
static struct vlan_set set_deleted(const struct vlan_set *have, const struct vlan_set *want)
{
	struct vlan_set s = { { 0 } };

	for (unsigned vid = VLAN_FIRST; vid <= VLAN_LAST; vid++)
		s.of[vid] = have->of[vid] && !want->of[vid] ? VLAN_MEMBER : 0;
	return s;
}

/* As what is added and deleted, if anything was there before. */
static char *vlans_describe(struct arena *a, const struct object *o, const struct object *before)
{
	const struct vlan_set want = vlan_set_of(list_of(o)), have = vlan_set_of(list_of(before));
	const struct vlan_set add = set_added(&have, &want), del = set_deleted(&have, &want);
	const char *added = before ? vlan_set_text(&add, "add ", a) : vlan_set_text(&want, "", a),
		   *deleted = before ? vlan_set_text(&del, "del ", a) : "";

	return *added || *deleted ? arena_fmt(a, "%s%s%s", added, *added && *deleted ? ", " : "", deleted)
				  : arena_strdup(a, "none");
}

/* Whether a VLAN goes, or is treated otherwise: new ones are in nobody's way. */
static bool vlans_disrupts(const struct op *op)
{
	const struct vlan_set have = vlan_set_of(list_of(op->before)), want = vlan_set_of(list_of(op->after));

	for (unsigned vid = VLAN_FIRST; vid <= VLAN_LAST; vid++)
		if (have.of[vid] && have.of[vid] != want.of[vid])
			return true;
	return false;
}

/* ---- where it is ---- */

/* The bridge of a port, or the bridge itself; NULL: unknown. */
static const struct object *table_of(const struct model *m, const char *place)
{
	const struct object *link = model_find_ref(m, "link", place);
	const char *master = link ? ((const struct link *)link)->master : NULL;

	return link && link_kind(link)->has_fdb ? link : master ? model_find_ref(m, "link", master) : NULL;
}

/* The same when the plan has been executed so far.  Of what others created only what was read shows the kind. */
static const struct object *table_in(const struct plan *plan, const char *place)
{
	const struct object *link = model_find_ref(plan->desired, "link", place), *t = table_of(plan->desired, place),
			    *read;

	if (!t && (!link || link->managed))
		t = table_of(plan->observed, place);
	read = t && t->managed ? model_find_ref(plan->observed, "link", t->place) : NULL;
	return read ? read : t;
}

/* What an interface of others has is restored. */
static void vlans_complete(struct model *m, struct object *o, _unused_ struct problems *p)
{
	const struct object *link = model_find_ref(m, "link", o->place);

	o->managed = link && link->managed;
}

static bool filters(const struct object *table)
{
	return link_kind(table)->has_vlans && link_kind(table)->has_vlans(table);
}

static void vlans_check_in(const struct model *m, const struct object *o, struct problems *p)
{
	const struct object *link = model_find_ref(m, "link", o->place), *table = table_of(m, o->place);

	if (!link)
		return;
	if (is_loopback(o->name) || (table ? !table->managed && !link_kind(table)->has_fdb : !link->managed))
		object_problem(p, EINVAL, o, NULL, "%s is neither a bridge nor a port of one%s", o->place,
			       is_loopback(o->name) ? "" : ": add its \"master\"");
	else if (table && !table->managed && !filters(table))
		object_problem(
			p, EINVAL, o, NULL,
			"%s does not filter by VLAN: they would have no effect; add \"vlan_filtering\": true to it",
			table->place);
}

/* Of a bridge of others. */
static void vlans_warn(const struct plan *plan, const struct op *op, _unused_ const struct netns *ns,
		       struct problems *p)
{
	const struct object *table = op->after && op->after->where.pointer ? table_in(plan, op->after->place) : NULL;

	if (table && link_kind(table)->has_fdb && !filters(table))
		problem_add(
			p, 0, &op->after->where,
			"%s does not filter by VLAN (\"ip link set %s type bridge vlan_filtering 1\"): they have no effect",
			table->place, table->name);
}

/* ---- reading ---- */

static void on_range(const struct vlan_range *r, void *set)
{
	vlan_set_fill(set, r->first, r->last,
		      (uint8_t)(VLAN_MEMBER | (r->flags & BRIDGE_VLAN_INFO_PVID ? VLAN_PVID : 0) |
				(r->flags & BRIDGE_VLAN_INFO_UNTAGGED ? VLAN_UNTAGGED : 0)));
}

static const char *list_get(const struct nlattr *af_spec, struct arena *a)
{
	struct vlan_set s = { { 0 } };

	vlan_ranges(af_spec, on_range, &s);
	return vlan_set_text(&s, "", a);
}

/* What a new port has; the kernel does not mind the removal of what is missing. */
static struct vlan_set set_default(const struct object *table)
{
	unsigned pvid = table && link_kind(table)->default_pvid ? link_kind(table)->default_pvid(table) : 0;
	struct vlan_set s = { { 0 } };

	if (pvid)
		vlan_set_fill(&s, pvid, pvid, VLAN_MEMBER | VLAN_PVID | VLAN_UNTAGGED);
	return s;
}

/* Whether one that no file lists any more has gone: then there is the default. */
static bool has_left(const struct observer *obs, const struct object *known, const struct vlans *v)
{
	const struct vlan_set usual = set_default(table_of(obs->observed, known->place)), have = vlan_set_of(v->list);

	return !known->managed && !model_find(obs->desired, known->id) && !memcmp(&usual, &have, sizeof(have));
}

static void on_port(const struct nlmsghdr *h, void *arg)
{
	const struct ifinfomsg *i = nlmsg_data(h);
	struct observer *obs = arg;
	struct nlattr *a[IFLA_MAX + 1];
	const struct object *dev, *known;
	const char *place = observer_link(obs, (uint32_t)i->ifi_index);
	struct vlans *v;

	known = place ? observer_find(obs, kind_vlans.class, place) : NULL;
	dev = known || (place && obs->extent.unsaid) ? model_find_ref(obs->observed, "link", place) : NULL;
	if (!dev || h->nlmsg_type != RTM_NEWLINK || i->ifi_family != AF_BRIDGE ||
	    nlmsg_parse((struct nlmsghdr *)(uintptr_t)h, sizeof(*i), a, IFLA_MAX, NULL) < 0 ||
	    (!a[IFLA_MASTER] && !link_kind(dev)->has_fdb))
		return;
	v = (struct vlans *)object_new(obs->observed, &kind_vlans, dev->netns, dev->name);
	v->list = a[IFLA_AF_SPEC] ? list_get(a[IFLA_AF_SPEC], &obs->observed->arena) : "";
	OBJECT_SET(&v->object, vlans, list);
	v->object.handle = dev->handle;
	v->object.managed = known && known->managed;
	v->object.sign.hash = SIGN_ANY;
	if (!known || !has_left(obs, known, v))
		observer_add(obs, &v->object);
}

static int vlans_observe(struct observer *obs, struct err *e)
{
	struct ifinfomsg i = { .ifi_family = AF_BRIDGE };
	_cleanup_(msg_freep) struct nl_msg *m = NULL;

	if (!observer_wants(obs, kind_vlans.class))
		return 0;
	m = msg_new(RTM_GETLINK, 0, &i, sizeof(i));
	msg_put_u32(m, IFLA_EXT_MASK, RTEXT_FILTER_BRVLAN_COMPRESSED);
	return observer_dump(obs, m, on_port, e) < 0 ? err_prefix(e, "VLANs of %s", obs->ns->name) : 0;
}

static size_t count_runs(const struct vlan_set *s)
{
	unsigned vid = VLAN_FIRST, end;
	size_t n = 0;

	for (; vlan_set_next(s, &vid, &end); vid = end + 1)
		n++;
	return n;
}

/* Without a word it has the default, and what a bridge does not filter by need not be said. */
static bool vlans_export(struct model *observed, struct object *o, struct unsaid *u)
{
	const struct object *table = table_of(observed, o->place);
	const struct vlan_set usual = set_default(table), have = vlan_set_of(list_of(o));
	size_t n = count_runs(&have);

	if (!table || !filters(table) || !memcmp(&usual, &have, sizeof(have)))
		return false;
	if (n > RUNS_MAX)
		unsaid_add(u, "%s: has %zu VLANs and ranges, a topology can list %d; its \"vlans\" are left out",
			   o->place, n, RUNS_MAX);
	return n <= RUNS_MAX;
}

/* ---- writing ---- */

static struct nl_msg *message(int type, uint32_t index, bool own, struct nlattr **ret_af)
{
	struct ifinfomsg i = { .ifi_family = AF_BRIDGE, .ifi_index = (int)index };
	struct nl_msg *m = msg_new(type, 0, &i, sizeof(i));
	uint16_t flags = BRIDGE_FLAGS_SELF;

	*ret_af = nla_nest_start(m, IFLA_AF_SPEC);
	if (own)
		msg_put(m, IFLA_BRIDGE_FLAGS, &flags, sizeof(flags));
	return m;
}

/* Both ends of a range are in the same message. */
static void put_run(struct nl_msg *m, unsigned vid, unsigned end, uint8_t of)
{
	uint16_t flags = (uint16_t)((of & VLAN_PVID ? BRIDGE_VLAN_INFO_PVID : 0) |
				    (of & VLAN_UNTAGGED ? BRIDGE_VLAN_INFO_UNTAGGED : 0));
	struct bridge_vlan_info first = { flags | BRIDGE_VLAN_INFO_RANGE_BEGIN, (uint16_t)vid },
				last = { flags | BRIDGE_VLAN_INFO_RANGE_END, (uint16_t)end },
				one = { flags, (uint16_t)vid };

	if (vid == end) {
		msg_put(m, IFLA_BRIDGE_VLAN_INFO, &one, sizeof(one));
		return;
	}
	msg_put(m, IFLA_BRIDGE_VLAN_INFO, &first, sizeof(first));
	msg_put(m, IFLA_BRIDGE_VLAN_INFO, &last, sizeof(last));
}

static int send_set(struct batch *b, struct op *op, int type, bool own, const struct vlan_set *s, struct err *e)
{
	const struct object *o = op->after ? op->after : op->before;
	unsigned vid = VLAN_FIRST, end;

	while (vlan_set_next(s, &vid, &end)) {
		struct nlattr *af;
		struct nl_msg *m = message(type, batch_ifindex(b, o->place), own, &af);

		for (size_t n = 0; n + 2 <= ATTRIBUTES_MAX && vlan_set_next(s, &vid, &end); vid = end + 1, n += 2)
			put_run(m, vid, end, s->of[vid]);
		nla_nest_end(m, af);
		if (batch_send(b, o->netns, m, op, e) < 0)
			return e->code;
	}
	return 0;
}

/* New ones first: a VLAN that stays is never without its port.  Of a port that has just become one nothing is known. */
static int vlans_encode(struct batch *b, struct op *op, struct err *e)
{
	const struct object *o = op->after ? op->after : op->before, *table = table_in(b->plan, o->place);
	bool own = table && !strcmp(table->place, o->place);
	const struct vlan_set usual = set_default(table), want = op->after ? vlan_set_of(list_of(op->after)) : usual;
	struct vlan_set have = vlan_set_of(list_of(op->before)), add = set_added(&have, &want), del;

	/* It is no port any more, and has none. */
	if (!table && !op->after)
		return 0;
	if (!op->before)
		vlan_set_fill(&have, VLAN_FIRST, VLAN_LAST, VLAN_MEMBER);
	else
		for (unsigned vid = VLAN_FIRST; vid <= VLAN_LAST; vid++)
			have.of[vid] |= usual.of[vid];
	del = set_deleted(&have, &want);
	return send_set(b, op, RTM_SETLINK, own, &add, e) < 0 ? e->code : send_set(b, op, RTM_DELLINK, own, &del, e);
}

const struct kind kind_vlans = {
	.name = "vlans",
	.class = "vlans",
	.label = "vlans",
	.doc = "the VLANs of a port of a bridge, or of the bridge itself, as of bridge(8): the complete list",
	.section = "vlans",
	.form = FORM_ONE,
	.in_link = true,
	.shorthand = "list",
	.size = sizeof(struct vlans),
	.fields = fields,
	.n_fields = ARRAY_SIZE(fields),
	.groups = { RTNLGRP_LINK, RTNLGRP_BRVLAN },
	.complete = vlans_complete,
	.check_in = vlans_check_in,
	.describe = vlans_describe,
	.disrupts = vlans_disrupts,
	.warn = vlans_warn,
	.observe = vlans_observe,
	.export = vlans_export,
	.encode = vlans_encode,
};
