/* SPDX-License-Identifier: MIT */
/* revert.c - a rollback is a plan like any other; this module computes what it leads to. */
#include "revert.h"
#include "kind.h"
#include "model.h"

/* Another object of the same name is not affected. */
static bool is_same(const struct object *original, const struct object *have)
{
	return have && (!original->handle || original->handle == have->handle);
}

static void object_complete(struct model *desired, struct object *want, const struct object *last,
			    const struct object *original, const struct model *observed)
{
	const struct object *have = model_same(observed, last);
	const struct kind *k = want->kind;
	uint64_t left = last->set & ~want->set & ~kind_mask(k, HIDDEN) & ~kind_mask(k, WRITTEN);

	if (want->managed && original) {
		if (is_same(original, have))
			object_assign(desired, want, original, left);
		return;
	}
	for (size_t i = 0; !want->managed && i < k->n_fields && last->kind == k; i++) {
		if (left & bit(i) && k->fields[i].kernel_default)
			object_set(desired, want, k->fields[i].name, k->fields[i].kernel_default);
		else if (left & bit(i) && k->reset)
			k->reset(desired, observed, want, i);
	}
}

/* The namespace of an object that only reverts must be in the model. */
static void netns_ensure(struct model *m, const char *netns)
{
	struct object *n;

	if (model_netns(m, netns))
		return;
	n = object_new(m, kinds_find(m->kinds, "netns", NULL), netns, NULL);
	n->managed = n->reverts = true;
	model_add(m, n, NULL);
}

/* Whether it is removed with an object of ours that it belongs to. */
static bool goes_along(const struct object *have, const struct model *desired, const struct model *observed)
{
	struct ref ref;

	for (size_t i = 0; object_ref(have, false, &i, &ref);) {
		const struct object *base = ref.loose ? NULL : model_find_ref(observed, ref.class, ref.to);

		if (base && base->owner == OWNER_OURS && !model_same(desired, base))
			return true;
	}
	return false;
}

static void object_revert(struct model *desired, const struct object *last, const struct object *original,
			  const struct model *observed)
{
	const struct object *have = model_same(observed, last);
	struct object *o;

	if (!original || !is_same(original, have) || goes_along(have, desired, observed))
		return;
	netns_ensure(desired, last->netns);
	o = model_same(desired, last);
	if (o) {
		object_complete(desired, o, last, original, observed);
		return;
	}
	o = object_copy(desired, original, ~UINT64_C(0));
	o->managed = o->reverts = true;
	model_add(desired, o, NULL);
}

static enum affects affects(const struct object *by, uint64_t mask, const struct object *o)
{
	return by->kind->affects ? by->kind->affects(by, mask, o) : AFFECTS_NOT;
}

/* Whether @desired still declares what affects @o as a side effect. */
static bool is_disturbed(const struct model *desired, const struct object *o)
{
	const struct object *netns = model_netns(desired, o->netns);
	bool found = netns && affects(netns, netns->declared, o) == AFFECTS_UNASKED;

	for (const struct object *by = netns ? netns->first : NULL; by && !found; by = by->next)
		found = by->declared && affects(by, by->declared, o) == AFFECTS_UNASKED;
	return found;
}

void revert_complete(struct model *desired, const struct model *last, const struct model *saved,
		     const struct model *observed)
{
	for (size_t i = 0; i < last->n; i++) {
		const struct object *l = last->objects[i], *original = model_same(saved, l);
		struct object *want = model_same(desired, l);

		if (want)
			object_complete(desired, want, l, original, observed);
		else if (l->managed)
			object_revert(desired, l, original, observed);
	}
	/* What nobody declared, but a change disturbed, reverts with the change. */
	for (size_t i = 0; i < saved->n; i++) {
		const struct object *o = saved->objects[i];

		if (!model_same(last, o) && !model_same(desired, o) && !is_disturbed(desired, o))
			object_revert(desired, o, o, observed);
	}
	for (size_t i = 0; i < desired->n; i++)
		if (!desired->objects[i]->declared && desired->objects[i]->kind->returns)
			desired->objects[i]->kind->returns(desired, desired->objects[i], observed);
}

void revert_shared(struct model *desired, const struct model *others, struct model *given)
{
	for (size_t i = 0; i < others->n; i++) {
		struct object *o = model_same(desired, others->objects[i]);
		uint64_t both =
			o && !o->kind->excludes ? o->set & others->objects[i]->set & ~kind_mask(o->kind, KEY) : 0;

		if (!both)
			continue;
		/* What no file sets is not compared meanwhile, but stays with its object. */
		if (given && both & (~o->declared | o->usual))
			revert_merge(given, o, both & (~o->declared | o->usual));
		o->set &= o->declared | ~both;
	}
}

void revert_merge(struct model *m, const struct object *from, uint64_t mask)
{
	struct object *o = model_same(m, from);

	/* A managed object may be of any kind. */
	if (o && (o->kind == from->kind || o->managed))
		object_assign(m, o, from, from->set & mask);
	else if (!o)
		model_add(m, object_copy(m, from, mask | kind_mask(from->kind, KEY)), NULL);
}

/* Calls @each with every object that the steps of @plan also change, in this way or a lesser one. */
static void affected(const struct plan *plan, enum affects how, void (*each)(struct model *m, const struct object *o),
		     struct model *m)
{
	for (size_t i = 0; i < plan->n; i++) {
		const struct op *op = &plan->ops[i];
		const struct object *netns = op->before ? model_netns(plan->observed, op->before->netns) : NULL;
		const struct kind *k = op->after ? op->after->kind : NULL;

		for (const struct object *o = netns && k && k->affects ? netns->first : NULL; o; o = o->next) {
			enum affects found = affects(op->after, op->diff, o);

			if (found && found <= how)
				each(m, o);
		}
	}
}

static void remember(struct model *saved, const struct object *o)
{
	if (!model_same(saved, o))
		model_add(saved, object_copy(saved, o, ~UINT64_C(0)), NULL);
}

void revert_remember(struct model *saved, const struct plan *plan)
{
	for (size_t i = 0; i < plan->n; i++) {
		const struct op *op = &plan->ops[i];
		struct object *o;

		if (!op->before || !op->after || !op->after->managed)
			continue;
		o = model_same(saved, op->before);
		if (o) {
			object_assign(saved, o, op->before, op->diff & ~o->set & ~kind_mask(o->kind, OF_MARK));
			continue;
		}
		/* A mark is not reverted. */
		o = object_copy(saved, op->before,
				(op->diff & ~kind_mask(op->before->kind, OF_MARK)) | kind_mask(op->before->kind, KEY));
		o->where = (struct where){ 0 };
		model_add(saved, o, NULL);
	}
	affected(plan, AFFECTS_UNASKED, remember, saved);
}

void revert_forget(struct model *saved, const struct model *desired)
{
	struct model kept;

	model_init(&kept, saved->kinds);
	for (size_t i = 0; i < saved->n; i++) {
		const struct object *o = saved->objects[i], *d = model_same(desired, o);
		uint64_t mask = d ? d->declared : is_disturbed(desired, o) ? ~UINT64_C(0) : 0;
		struct object *copy = mask ? object_copy(&kept, o, mask) : NULL;

		if (copy && copy->set & ~kind_mask(copy->kind, KEY))
			model_add(&kept, copy, NULL);
	}
	model_done(saved);
	*saved = kept;
}

/* The kernel had none of what the change adds: none again. */
static void mark_none(struct object *copy, const struct object *before, const struct object *want)
{
	const struct kind *k = copy->kind;

	for (size_t i = 0; want && want->kind == k && i < k->n_fields; i++)
		if (object_has(want, i) && !object_has(before, i) && k->fields[i].kernel_default &&
		    !strcmp(k->fields[i].kernel_default, "null"))
			copy->set |= bit(i);
}

static void delta_add(struct model *delta, const struct object *o)
{
	struct object *copy = object_copy(delta, o, ~UINT64_C(0));

	copy->managed = true;
	model_add(delta, copy, NULL);
}

void revert_delta(struct model *delta, const struct plan *plan)
{
	for (size_t i = 0; i < plan->n; i++) {
		const struct op *op = &plan->ops[i];
		uint64_t mask = op->after ? op->diff : ~UINT64_C(0);
		bool replaced = op->before && !op->after && model_same(plan->desired, op->before);
		struct object *copy;

		if (!op->before)
			continue;
		/* Defaults come by themselves. */
		mask = (mask | kind_mask(op->before->kind, KEY) | kind_mask(op->before->kind, HIDDEN)) &
		       ~kind_mask(op->before->kind, USUAL);
		mask |= replaced ? ~UINT64_C(0) : object_unusual(op->before) | (op->after ? op->diff : 0);
		copy = object_copy(delta, op->before, mask);
		copy->set &= ~kind_mask(copy->kind, OF_MARK);
		copy->managed = op->before->owner != OWNER_OURS || op->before->kind->managed;
		mark_none(copy, op->before, model_same(plan->desired, op->before));
		model_add(delta, copy, NULL);
	}
	affected(plan, AFFECTS_ON_PURPOSE, delta_add, delta);
}

/* Adds what @last declares, with the values that were observed. */
static void before_add(struct model *before, const struct object *last, const struct object *have)
{
	struct object *o = object_copy(before, last, ~UINT64_C(0));

	if (have && (have->kind == o->kind || o->managed))
		object_assign(before, o, have, object_diff(o, have));
	model_add(before, o, NULL);
}

void revert_before(struct model *before, struct model *last, const struct model *delta, const struct plan *plan)
{
	for (size_t i = 0; i < last->n; i++) {
		const struct object *have = plan ? model_same(plan->observed, last->objects[i]) : NULL;

		if (have || !plan)
			before_add(before, last->objects[i], have);
	}
	for (size_t i = 0; i < delta->n; i++) {
		netns_ensure(before, delta->objects[i]->netns);
		revert_merge(before, delta->objects[i], ~UINT64_C(0));
	}
	/* A rollback does not wait for what others have removed meanwhile. */
	for (size_t i = 0; i < before->n; i++)
		before->objects[i]->reverts = before->objects[i]->managed;
}
