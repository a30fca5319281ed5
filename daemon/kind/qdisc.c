/* SPDX-License-Identifier: MIT */
/* qdisc.c - attaches queueing disciplines to interfaces: one as the root, with our mark as its handle, and one below
 * it.  Where nobody declares any, nothing is read. */
#include "qdisc.h"
#include "kernel/observer.h"
#include "kernel/batch.h"
#include "model/owner.h"
#include "model/plan.h"
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

/* The only child of a netem. */
enum { CHILD_CLASS = QDISC_ROOT | 1 };

struct reading {
	struct observer *obs;
	const struct kind *kind;
	const struct qdisc_options *options;
	size_t first; /* where the objects of the current dump begin */
};

/* Whether one is declared on a link that is being read. */
static bool is_declared(const struct observer *obs, const struct kind *k)
{
	const struct object *o = NULL;

	for (size_t at = 0; (o = observer_next(obs, &at, o));)
		if (o->kind == k)
			return true;
	return false;
}

static const char *tc(struct arena *a, const struct object *o)
{
	return strcmp(o->netns, "host") ? arena_fmt(a, "tc -n %s", o->netns) : "tc";
}

/* Says what has the place of @want, and how it is removed. */
static const char *foreign_words(struct arena *a, const struct object *want, const char *what, const struct tcmsg *t)
{
	const char *at = t->tcm_parent == TC_H_ROOT ? "root" : arena_fmt(a, "parent %x:1", QDISC_ROOT >> 16);

	return arena_fmt(a,
			 "qdisc %s %s cannot be attached: another program's %s is there, and netnsd leaves it "
			 "alone; \"%s qdisc del dev %s %s\" removes it",
			 want->place, want->kind->name, what, tc(a, want), want->name, at);
}

/* What has taken the place of one of ours. */
static void foreign_add(const struct reading *r, const struct object *want, const char *kind, const struct tcmsg *t)
{
	struct model *m = r->obs->observed;
	struct object *o = object_new(m, r->kind, want->netns, want->name);

	o->instead = arena_fmt(&m->arena, "%.32s %x:", kind, TC_H_MAJ(t->tcm_handle) >> 16);
	o->foreign = foreign_words(&m->arena, want, o->instead, t);
	observer_add(r->obs, o);
}

static void qdisc_add(const struct reading *r, const struct object *link, const struct tcmsg *t, struct nlattr *options)
{
	struct qdisc *q = (struct qdisc *)object_new(r->obs->observed, r->kind, link->netns, link->name);

	q->number = t->tcm_handle;
	q->object.handle = (uint32_t)t->tcm_ifindex;
	q->object.sign.hash = t->tcm_handle == QDISC_ROOT || t->tcm_handle == QDISC_CHILD ? SIGN_ANY : 0;
	r->options->read(r->obs, q, options);
	q->parent = t->tcm_parent == TC_H_ROOT ? NULL : q->object.place;
	observer_add(r->obs, &q->object);
}

/* The only child of a netem, whoever attached it: its parent is the first class of that. */
static bool is_child(const struct observer *obs, const struct object *link, const struct tcmsg *t)
{
	const struct object *root = model_find_ref(obs->observed, "netem", link->place);

	return root && t->tcm_parent == (((const struct qdisc *)root)->number | 1);
}

/* Whether @t is where @want is to be. */
static bool is_place_of(const struct object *want, const struct tcmsg *t)
{
	return t->tcm_parent == (((const struct qdisc *)want)->parent ? (uint32_t)CHILD_CLASS : TC_H_ROOT);
}

static void qdisc_read(const struct reading *r, const struct object *link, const struct tcmsg *t, struct nlattr **a)
{
	const struct observer *obs = r->obs;
	const char *kind = nla_data(a[TCA_KIND]);
	const struct object *want = model_find_ref(obs->desired, r->kind->class, link->place);
	bool marked = t->tcm_handle == (t->tcm_parent == TC_H_ROOT ? QDISC_ROOT : QDISC_CHILD);

	if (!strcmp(kind, r->kind->name) && (marked || (obs->extent.adopting && t->tcm_parent == TC_H_ROOT)))
		qdisc_add(r, link, t, a[TCA_OPTIONS]);
	else if (want && is_place_of(want, t) && !(marked && observer_find(obs, kind, link->place)))
		foreign_add(r, want, kind, t);
}

/* Of an export: what no kind can be is told once, by the first one. */
static void qdisc_tell(const struct reading *r, const struct object *link, const struct tcmsg *t, struct nlattr **a)
{
	const struct observer *obs = r->obs;
	const char *kind = nla_data(a[TCA_KIND]);
	bool root = t->tcm_parent == TC_H_ROOT, child = is_child(obs, link, t);

	if (!strcmp(kind, r->kind->name) && (root || (child && r->options->is_child)))
		qdisc_add(r, link, t, a[TCA_OPTIONS]);
	else if (r->options->is_last && !((root && model_find_ref(obs->observed, kind, link->place))))
		unsaid_add(
			obs->extent.unsaid,
			"qdisc %s %.32s %x: no topology can declare it there; it and its classes and filters are left out",
			link->place, kind, TC_H_MAJ(t->tcm_handle) >> 16);
}

static const struct object *link_of(const struct observer *obs, int ifindex)
{
	size_t low = 0, high = obs->n_links;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (obs->links[middle]->handle < (uint32_t)ifindex)
			low = middle + 1;
		else
			high = middle;
	}
	return low < obs->n_links && obs->links[low]->handle == (uint32_t)ifindex ? obs->links[low] : NULL;
}

static void on_qdisc(const struct nlmsghdr *h, void *arg)
{
	const struct tcmsg *t = nlmsg_data(h);
	const struct reading *r = arg;
	const struct object *link;
	struct nlattr *a[TCA_MAX + 1];

	/* Without a number it is the kernel's own, which makes room. */
	if (h->nlmsg_type != RTM_NEWQDISC || !t->tcm_handle ||
	    (t->tcm_parent != TC_H_ROOT && t->tcm_parent != (uint32_t)CHILD_CLASS && !r->obs->extent.unsaid) ||
	    nlmsg_parse((struct nlmsghdr *)(uintptr_t)h, sizeof(*t), a, TCA_MAX, NULL) < 0 || !a[TCA_KIND])
		return;
	link = link_of(r->obs, t->tcm_ifindex);
	if (link && r->obs->extent.unsaid)
		qdisc_tell(r, link, t, a);
	else if (link && observer_find(r->obs, r->kind->class, link->place))
		qdisc_read(r, link, t, a);
}

static void on_restart(void *arg)
{
	struct reading *r = arg;

	model_truncate(r->obs->observed, r->first);
}

int qdisc_observe(struct observer *obs, const struct kind *kind, const struct qdisc_options *options, struct err *e)
{
	struct reading r = { .obs = obs, .kind = kind, .options = options, .first = obs->observed->n };
	struct tcmsg t = { .tcm_family = AF_UNSPEC };
	_cleanup_(msg_freep) struct nl_msg *m = NULL;

	if (!is_declared(obs, kind) && !obs->extent.unsaid)
		return 0;
	m = msg_new(RTM_GETQDISC, 0, &t, sizeof(t));
	if (rtnl_dump(obs->nl, m, on_qdisc, on_restart, &r, e) < 0)
		return err_prefix(e, "queueing disciplines of %s", obs->ns->name);
	return 0;
}

static struct nl_msg *message(int type, int flags, const struct qdisc *q, uint32_t index, uint32_t handle)
{
	struct tcmsg t = {
		.tcm_family = AF_UNSPEC,
		.tcm_ifindex = (int)index,
		.tcm_handle = handle,
		.tcm_parent = q->parent ? (uint32_t)CHILD_CLASS : TC_H_ROOT,
	};
	struct nl_msg *m = msg_new(type, flags, &t, sizeof(t));

	msg_put_string(m, TCA_KIND, q->object.kind->name);
	return m;
}

/* Handle and kind are in each message: the kernel refuses it if another program's is there by now. */
int qdisc_encode(struct batch *b, struct op *op, const struct qdisc_options *options, struct err *e)
{
	const struct object *o = op->after ? op->after : op->before;
	const struct qdisc *q = (const struct qdisc *)o;
	uint32_t index = op->after ? batch_ifindex(b, o->place) : o->handle;
	uint32_t handle = q->parent ? QDISC_CHILD : QDISC_ROOT;
	struct nl_msg *m;

	if (!op->after)
		return batch_send(b, o->netns, message(RTM_DELQDISC, 0, q, index, handle), op, e);
	m = message(RTM_NEWQDISC, op->before ? 0 : NLM_F_CREATE | NLM_F_EXCL, q, index, handle);
	options->put(m, q, (const struct qdisc *)op->before);
	return batch_send(b, o->netns, m, op, e);
}

/* A handle is never changed: a qdisc of the same values gets the other one, and what was queued is lost. */
int qdisc_mark(struct batch *b, struct op *op, const struct qdisc_options *options, struct err *e)
{
	const struct qdisc *q = (const struct qdisc *)op->before;
	uint32_t handle = op->mark == MARK_PUT ? QDISC_ROOT : q->number;
	struct nl_msg *m = message(RTM_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE, q, q->object.handle, handle);

	options->put(m, q, NULL);
	return batch_send(b, q->object.netns, m, op, e);
}

/* The root of an interface, which only one of them can be. */
size_t qdisc_slots(const struct object *o, struct slot ret[SLOTS_MAX])
{
	if (((const struct qdisc *)o)->parent || !o->name)
		return 0;
	ret[0] = (struct slot){ .to = { .family = AF_PACKET }, .family = AF_PACKET };
	memcpy(ret[0].to.addr, o->name, strnlen(o->name, sizeof(ret[0].to.addr)));
	return 1;
}

const char *qdisc_in_the_way(_unused_ struct batch *b, const struct object *o, struct arena *a)
{
	return arena_fmt(
		a,
		"another program's qdisc is there by now; \"%s qdisc show dev %s\" shows it, and \"%s qdisc del "
		"dev %s root\" removes it",
		tc(a, o), o->name, tc(a, o), o->name);
}
