/* SPDX-License-Identifier: MIT */
/* fdb.c - a forwarding entry that does not age: behind which port of a bridge a MAC address is, or that the bridge itself
 * takes what is sent to it.  The kernel stores no mark on one, and a bridge has one for a MAC address and VLAN, on
 * whichever port: ours are those that records name, and those on interfaces of ours. */
#include "fdb.h"
#include "kernel/batch.h"
#include "kernel/observer.h"
#include "link.h"
#include "model/owner.h"
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

enum {
	ENTRIES_MAX = 4096, /* in a namespace: each is asked for by itself */
};

// clang-format off: keeps its rows
static const struct word states[] = {
	{ "static", NUD_NOARP },
	{ "local", NUD_PERMANENT },
	{ NULL, 0 },
};

/* A plan shows them in this order. */
static const struct field fields[] = {
	FIELD(fdb, mac, mac, .flags = KEY | BARE | NEEDED, .doc = "the MAC address of a station (NDA_LLADDR)"),
	FIELD(fdb, dev, dev, .refs = "link", .flags = KEY | BARE | NEEDED,
	      .doc = "the port of a bridge that it is behind, or the bridge itself (ndm_ifindex)"),
	FIELD(fdb, vlan, u16, .flags = KEY, .min = 1, .max = 4094, .kernel_default = "null",
	      .doc = "in this VLAN; required where the bridge has vlan_filtering, and only there (NDA_VLAN)"),
	FIELD(fdb, state, word, .words = states, .flags = BARE,
	      .doc = "static: frames to it leave by the port; local: the bridge itself takes them; static by default, "
		     "of the bridge itself local (ndm_state)"),
	FIELD(fdb, sticky, bool, .flags = BARE | USUAL, .kernel_default = "false",
	      .doc = "it stays on the port, even if frames from it arrive at another one (NTF_STICKY)"),
	FIELD(fdb, learned, bool, .flags = HIDDEN | SHOWN | USUAL, .kernel_default = "false", .doc = ""),
};
// clang-format on

static int fdb_check(struct object *o, struct err *e)
{
	static const uint8_t none[MAC];
	const struct fdb *f = (const struct fdb *)o;

	if (f->mac[0] & 1)
		return err_set(
			e, EINVAL,
			"mac: a group address, which the bridge forwards by its multicast database (bridge mdb)");
	if (!memcmp(f->mac, none, MAC))
		return err_set(e, EINVAL, "mac: 00:00:00:00:00:00 is the MAC address of no station");
	if (f->sticky && f->state == NUD_PERMANENT)
		return err_set(e, EINVAL, "sticky: what is local cannot move; leave it out");
	object_set_usual(o);
	return 0;
}

/* The link that has the table; NULL: unknown. */
const struct object *fdb_table(const struct model *m, const struct object *dev)
{
	const char *master = ((const struct link *)dev)->master;

	return link_kind(dev)->has_fdb ? dev : master ? model_find_ref(m, "link", master) : NULL;
}

/* An entry of the bridge itself can only be local. */
static void fdb_complete(struct model *m, struct object *o, _unused_ struct problems *p)
{
	struct fdb *f = (struct fdb *)o;
	const struct object *dev = model_find_ref(m, "link", f->dev);

	if (!object_says(o, "state"))
		f->state = dev && link_kind(dev)->has_fdb ? NUD_PERMANENT : NUD_NOARP;
	OBJECT_SET(o, fdb, state);
}

static void check_table(const struct model *m, const struct fdb *f, const struct object *dev, struct problems *p)
{
	const struct object *o = &f->object, *table = fdb_table(m, dev);
	bool known = table && link_kind(table)->has_fdb;

	if (known && table == dev && f->state != NUD_PERMANENT)
		object_problem(p, EINVAL, o, "state", "%s is the bridge itself, whose entries are local", f->dev);
	else if (!dev->managed && (table ? !known && !table->managed : true))
		object_problem(p, EINVAL, o, "dev",
			       "%s has no forwarding entries: it is neither a bridge nor a port of one", f->dev);
	if (!known || table->managed || !link_kind(table)->has_vlans)
		return;
	if (link_kind(table)->has_vlans(table) && !f->vlan)
		object_problem(p, EINVAL, o, NULL,
			       "%s filters by VLAN: \"vlan\" must say in which one, 1 unless its ports have others",
			       table->place);
	else if (!link_kind(table)->has_vlans(table) && f->vlan)
		object_problem(p, EINVAL, o, "vlan", "%s does not filter by VLAN (\"vlan_filtering\"); leave it out",
			       table->place);
}

static void fdb_check_in(const struct model *m, const struct object *o, struct problems *p)
{
	const struct fdb *f = (const struct fdb *)o;
	const struct object *dev = model_find_ref(m, "link", f->dev);

	if (!ref_is_in(f->dev, o->netns))
		object_problem(p, EINVAL, o, "dev",
			       "%s is in another namespace; an entry and its interface must be in the same one",
			       f->dev);
	else if (dev && object_has(dev, LINK_MAC) && !memcmp(((const struct link *)dev)->mac, f->mac, MAC))
		object_problem(p, EINVAL, o, "mac", "the kernel has an entry of its own for the address of %s", f->dev);
	else if (dev)
		check_table(m, f, dev, p);
}

/* ---- one for each MAC address and VLAN of a bridge ---- */

struct place {
	const struct fdb *f;
	const char *table;
};

static int place_cmp(const void *a, const void *b)
{
	const struct place *x = a, *y = b;
	int c = strcmp(x->table, y->table);

	c = c ? c : memcmp(x->f->mac, y->f->mac, MAC);
	c = c ? c : (int)x->f->vlan - (int)y->f->vlan;
	return c ? c : x->f->object.seq < y->f->object.seq ? -1 : x->f->object.seq > y->f->object.seq;
}

static bool is_same(const struct place *a, const struct place *b)
{
	return !strcmp(a->table, b->table) && !memcmp(a->f->mac, b->f->mac, MAC) && a->f->vlan == b->f->vlan;
}

static void check_places(struct place *v, size_t n, struct problems *p)
{
	if (n)
		qsort(v, n, sizeof(*v), place_cmp);
	for (size_t i = 1; i < n; i++)
		if (is_same(&v[i - 1], &v[i]))
			object_problem(p, EINVAL, &v[i].f->object, "mac",
				       "already on %s (line %u): %s has one entry for a MAC address and VLAN",
				       v[i - 1].f->dev, v[i - 1].f->object.where.line, v[i].table);
}

static void fdb_check_netns(const struct model *m, const struct object *netns, struct problems *p)
{
	struct place *v = NULL;
	size_t n = 0, all = 0;

	for (const struct object *o = netns->first; o; o = o->next) {
		const struct fdb *f = (const struct fdb *)o;
		const struct object *dev = o->kind == &kind_fdb ? model_find_ref(m, "link", f->dev) : NULL, *table;

		table = dev ? fdb_table(m, dev) : NULL;
		all += o->kind == &kind_fdb;
		if (all == ENTRIES_MAX + 1 && o->kind == &kind_fdb)
			object_problem(p, EINVAL, o, NULL, "more than %d entries in a namespace", ENTRIES_MAX);
		if (!table)
			continue;
		if (n % 64 == 0)
			v = must(realloc(v, (n + 64) * sizeof(*v)));
		v[n++] = (struct place){ f, table->place };
	}
	check_places(v, n, p);
	free(v);
}

/* ---- reading ---- */

static const char *fdb_del(struct arena *a, const struct fdb *f, const char *at, bool own)
{
	const char *netns = strcmp(f->object.netns, "host") ? arena_fmt(a, " -n %s", f->object.netns) : "",
		   *vlan = f->vlan ? arena_fmt(a, " vlan %u", f->vlan) : "";
	struct json_object *mac = type_mac.format(NULL, NULL, f->mac);
	char *text = arena_fmt(a, "bridge%s fdb del %s dev %s %s%s", netns, json_object_get_string(mac),
			       strchr(at, '/') + 1, own ? "self" : "master", vlan);

	json_object_put(mac);
	return text;
}

/* What the kernel answers about one. */
struct answer {
	struct observer *obs;
	const struct fdb *want;
	bool found;
	struct fdb have;
};

static void on_entry(const struct nlmsghdr *h, void *arg)
{
	const struct ndmsg *i = nlmsg_data(h);
	struct answer *a = arg;

	/* What it has learned is in nobody's way. */
	if (h->nlmsg_type != RTM_NEWNEIGH || !(i->ndm_state & (NUD_NOARP | NUD_PERMANENT)))
		return;
	a->have = *a->want;
	a->have.dev = observer_link(a->obs, (uint32_t)i->ndm_ifindex);
	a->have.state = (uint8_t)i->ndm_state;
	a->have.sticky = i->ndm_flags & NTF_STICKY;
	a->have.learned = i->ndm_flags & NTF_EXT_LEARNED;
	a->found = true;
}

static int ask(struct answer *a, uint32_t index, uint8_t flag, struct err *e)
{
	struct ndmsg i = { .ndm_family = AF_BRIDGE, .ndm_ifindex = (int)index, .ndm_flags = flag };
	_cleanup_(msg_freep) struct nl_msg *m = msg_new(RTM_GETNEIGH, 0, &i, sizeof(i));

	msg_put(m, NDA_LLADDR, a->want->mac, MAC);
	if (a->want->vlan)
		msg_put(m, NDA_VLAN, &a->want->vlan, sizeof(a->want->vlan));
	return rtnl_ask(a->obs->nl, m, on_entry, a, e);
}

/* The entry of a port's bridge, or of a bridge itself.  An interface that is neither has none. */
static int entry_get(struct answer *a, const struct object *dev, struct err *e)
{
	static const int none[] = { -ENOENT, -EINVAL, -EOPNOTSUPP, -ENODEV };
	int r = ask(a, dev->handle, NTF_MASTER, e);

	/* It is no port. */
	if (r == -EINVAL)
		r = ask(a, dev->handle, NTF_SELF, e);
	for (size_t i = 0; i < ARRAY_SIZE(none); i++)
		if (r == none[i])
			return 0;
	return r;
}

/* Whether it is the kernel's own, for the address of the port or the bridge. */
bool fdb_is_kernels(const struct model *observed, const struct fdb *have, const struct object *dev)
{
	const struct object *links[] = { dev, fdb_table(observed, dev) };

	for (size_t i = 0; i < ARRAY_SIZE(links); i++)
		if (have->state == NUD_PERMANENT && links[i] &&
		    !memcmp(((const struct link *)links[i])->mac, have->mac, MAC))
			return true;
	return false;
}

static const char *foreign_words(const struct answer *q, const struct object *dev)
{
	struct arena *a = &q->obs->observed->arena;
	const char *at = q->have.dev ? q->have.dev : q->want->dev;
	const struct object *link = model_find_ref(q->obs->observed, "link", at);
	const char *what = object_describe(a, &q->want->object, NULL, ~UINT64_C(0));

	if (fdb_is_kernels(q->obs->observed, &q->have, dev))
		return arena_fmt(a,
				 "fdb %s %s: that is the address of the port or of the bridge itself, for which the "
				 "kernel has an entry of its own",
				 dev->netns, what);
	return arena_fmt(
		a,
		"fdb %s %s: another program has an entry for it, on %s; netnsd leaves it alone; remove it with "
		"\"%s\", or take it over with netnsctl adopt",
		dev->netns, what, strchr(at, '/') + 1, fdb_del(a, q->want, at, link && link_kind(link)->has_fdb));
}

/* Whether a record names it: one that the last applied topology has, or that a change has tried to create. */
static bool is_recorded(const struct observer *obs, const char *id)
{
	return model_find(obs->last, id) || (obs->tried && model_find(obs->tried, id));
}

static bool is_ours(const struct observer *obs, const struct fdb *f)
{
	const struct object *dev = model_find_ref(obs->observed, "link", f->dev);

	return is_recorded(obs, f->object.id) ||
	       (dev && dev->sign.topology && !strcmp(dev->sign.topology, obs->topology));
}

/* The entry as it is; on an interface that is not read it is in the place of the one asked for. */
static struct fdb *fdb_new(const struct answer *a)
{
	const struct object *want = &a->want->object;
	struct model *m = a->obs->observed;
	struct fdb *f = (struct fdb *)object_new(m, &kind_fdb, want->netns, NULL);

	memcpy(f->mac, a->want->mac, MAC);
	f->dev = a->have.dev ? a->have.dev : a->want->dev;
	f->vlan = a->want->vlan;
	f->state = a->have.state;
	f->sticky = a->have.sticky;
	f->learned = a->have.learned;
	f->object.set = want->set | field_bit(want->kind, "sticky") | field_bit(want->kind, "learned");
	model_name(m, &f->object);
	return f;
}

static void entry_add(const struct answer *a, const struct object *dev)
{
	const struct object *want = &a->want->object;
	struct observer *obs = a->obs;
	struct fdb *f = fdb_new(a);
	bool here = a->have.dev && !strcmp(f->object.id, want->id), ours = is_ours(obs, f);

	if (fdb_is_kernels(obs->observed, &a->have, dev) ||
	    (!ours && !(here && obs->extent.adopting) && !is_recorded(obs, want->id))) {
		f->dev = dev->place;
		f->object.foreign = foreign_words(a, dev);
	} else if (!here) {
		/* One of ours has moved, or is about to: it is missing here. */
		return;
	} else if (ours) {
		f->object.sign.hash = SIGN_ANY;
	}
	observer_add(obs, &f->object);
}

static int observe_one(struct observer *obs, const struct object *want, struct err *e)
{
	const struct fdb *f = (const struct fdb *)want;
	const struct object *dev = model_find_ref(obs->observed, "link", f->dev);
	struct answer a = { .obs = obs, .want = f };

	if (!dev || !dev->handle || model_find(obs->observed, want->id))
		return 0;
	if (entry_get(&a, dev, e) < 0)
		return err_prefix(e, "forwarding entries of %s", f->dev);
	if (a.found)
		entry_add(&a, dev);
	return 0;
}

/* Each is asked for by itself: a dump walks all that a bridge has learned, once for each of its ports. */
static int fdb_observe(struct observer *obs, struct err *e)
{
	const struct object *o = NULL;

	if (obs->extent.unsaid)
		return fdb_observe_all(obs, e);
	for (size_t at = 0; (o = observer_next(obs, &at, o));)
		if (o->kind == &kind_fdb && observe_one(obs, o, e) < 0)
			return e->code;
	return 0;
}

/* ---- writing ---- */

/* Whether its interface is the bridge itself. */
static bool is_own(const struct batch *b, const struct fdb *f)
{
	const struct model *models[] = { b->plan->observed, b->plan->desired };

	/* Of one of others only what was read shows the kind. */
	for (size_t i = 0; i < ARRAY_SIZE(models); i++) {
		const struct object *dev = model_find_ref(models[i], "link", f->dev);

		if (dev && link_kind(dev)->has_fdb)
			return true;
	}
	return false;
}

/* Not NLM_F_EXCL: what the bridge has learned meanwhile is in nobody's way, and one of another program was looked for.
 * One that is on another port moves; its removal there then finds none. */
static int fdb_encode(struct batch *b, struct op *op, struct err *e)
{
	const struct fdb *f = (const struct fdb *)(op->after ? op->after : op->before);
	struct ndmsg i = {
		.ndm_family = AF_BRIDGE,
		.ndm_ifindex = (int)batch_ifindex(b, f->dev),
		.ndm_state = op->after ? f->state : NUD_NONE,
		.ndm_flags =
			(uint8_t)((is_own(b, f) ? NTF_SELF : NTF_MASTER) | (op->after && f->sticky ? NTF_STICKY : 0)),
	};
	struct nl_msg *m = msg_new(op->after ? RTM_NEWNEIGH : RTM_DELNEIGH,
				   op->after ? NLM_F_CREATE | NLM_F_REPLACE : 0, &i, sizeof(i));

	msg_put(m, NDA_LLADDR, f->mac, MAC);
	if (f->vlan)
		msg_put(m, NDA_VLAN, &f->vlan, sizeof(f->vlan));
	return batch_send(b, f->object.netns, m, op, e);
}

/* The kernel has no room for it: the record is the mark. */
static int fdb_mark(_unused_ struct batch *b, _unused_ struct op *op, _unused_ struct err *e)
{
	return 0;
}

const struct kind kind_fdb = {
	.name = "fdb",
	.class = "fdb",
	.label = "fdb",
	.doc = "a forwarding entry of a bridge that does not age",
	.section = "fdb",
	.form = FORM_LIST,
	.size = sizeof(struct fdb),
	.fields = fields,
	.n_fields = ARRAY_SIZE(fields),
	.groups = { RTNLGRP_NEIGH },
	.check = fdb_check,
	.complete = fdb_complete,
	.check_in = fdb_check_in,
	.check_netns = fdb_check_netns,
	.observe = fdb_observe,
	.export = fdb_export,
	.encode = fdb_encode,
	.mark = fdb_mark,
};
