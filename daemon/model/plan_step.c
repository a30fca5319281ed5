/* SPDX-License-Identifier: MIT */
/* plan_step.c - the steps of a plan in words, which of them interrupt traffic, and how
 * many there are.  Pure. */
#include "plan.h"
#include "kind.h"
#include "model.h"

bool plan_step(const struct op *op, struct arena *a, struct step *ret)
{
	static const char *const effects[] = {
		[EFFECT_NONE] = "none",
		[EFFECT_IN_PLACE] = "in_place",
		[EFFECT_RECREATE] = "recreate",
		[EFFECT_REMOVE] = "remove",
	};
	const struct object *o = op->after ? op->after : op->before;
	bool change = op->before && op->after;
	uint64_t mask = change ? op->diff : ~UINT64_C(0);

	/* What is removed is shown by what identifies it. */
	if (!op->after)
		mask = kind_mask(o->kind, BARE) | kind_mask(o->kind, FIXED);
	for (size_t i = 0; op->given && i < o->kind->n_fields; i++)
		if (o->kind->fields[i].gives)
			mask &= ~bit(i);
	*ret = (struct step){
		.action = op->before && op->after ? "change"
			  : op->after             ? "create"
						  : "remove",
		.kind = o->kind->label,
		.object = arena_strdup(a, o->place),
		.detail = object_describe(a, o, change ? op->before : NULL, mask),
		.effect = effects[op->effect],
	};
	if (o->kind->lines)
		ret->lines = o->kind->lines(a, op->before, op->after);
	if (!op->after && o->out_of_order)
		ret->detail = arena_fmt(a, "%s %s", ret->detail, o->kind->out_of_order);
	if (op->others)
		ret->detail = arena_fmt(a, "%s%swhich also removes, outside this topology: %s", ret->detail,
					*ret->detail ? ", " : "", op->others);
	return !op->given || (strcmp(ret->detail, o->kind->name) && *ret->detail);
}

/* What happens to traffic, as part of a sentence; NULL: nothing. */
static const char *disruption(const struct plan *p, const struct op *op)
{
	const struct kind *k = op->after ? op->after->kind : NULL;

	if ((op->after ? op->after : op->before)->kind->outside)
		return NULL;
	/* Of a recreated object the creation is shown. */
	if (!op->after)
		return model_same(p->desired, op->before) ? NULL : "would be removed";
	if (op->effect == EFFECT_RECREATE)
		return "would be recreated";
	if (op->others)
		return "would change";
	if (!op->before && k->interrupts && model_find_ref(p->observed, "link", op->after->place))
		return "would be created";
	if (op->before && k->disrupts && k->disrupts(op))
		return "would change";
	for (size_t i = 0; op->before && i < k->n_fields; i++) {
		uint8_t before, after;

		if (!(op->diff & bit(i)))
			continue;
		if (k->fields[i].flags & INTERRUPTS)
			return "would change";
		before = *(const uint8_t *)object_at(op->before, i);
		after = *(const uint8_t *)object_at(op->after, i);
		if (k->fields[i].flags & OFF_INTERRUPTS && before & ~after)
			return "would change";
	}
	return NULL;
}

bool plan_disrupts(const struct plan *p, struct problems *problems)
{
	bool any = false;

	for (size_t i = 0; i < p->n; i++) {
		const char *how = disruption(p, &p->ops[i]);
		struct arena a = { 0 };
		struct step s;

		if (!how)
			continue;
		plan_step(&p->ops[i], &a, &s);
		problem_add(problems, EBUSY, p->ops[i].after ? &p->ops[i].after->where : NULL,
			    "%s %s%s%s %s, which interrupts traffic", s.kind, s.object, *s.detail ? " " : "", s.detail,
			    how);
		any = true;
		arena_done(&a);
	}
	return any;
}

bool plan_locks_out(const struct plan *p, const struct model *last, const struct netns_set *set,
		    struct problems *problems)
{
	bool any = false;

	for (size_t i = 0; i < p->n; i++) {
		const struct object *o = p->ops[i].after;
		const struct object *netns = o && o->kind->locks_out ? model_netns(p->desired, o->netns) : NULL;
		struct err e;

		if (!netns || !netns->managed || !o->kind->locks_out(&p->ops[i], model_find(last, o->id), set, &e))
			continue;
		err_prefix(&e, "%s", o->place);
		problem_add_err(problems, &e, &o->where, NULL);
		any = true;
	}
	return any;
}

void plan_count(const struct plan *p, size_t *ret_created, size_t *ret_changed, size_t *ret_removed)
{
	size_t created = 0, changed = 0, removed = 0;

	for (size_t i = 0; i < p->n; i++) {
		const struct op *op = &p->ops[i];
		struct arena a = { 0 };
		struct step s;

		/* Only a step on what another one creates may have nothing to show. */
		if (!op->given || plan_step(op, &a, &s)) {
			created += !op->before;
			removed += !op->after;
			changed += op->before && op->after;
		}
		arena_done(&a);
	}
	*ret_created = created;
	*ret_changed = changed;
	*ret_removed = removed;
}
