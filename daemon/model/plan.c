/* SPDX-License-Identifier: MIT */
/* plan.c - decides what to do.  Pure: no kernel, no clock, no files.  It knows references
 * between objects and nothing else about them. */
#include "plan.h"
#include "slot.h"

/* The fate of an observed object, in object.mark. */
enum { UNSEEN, KEEP, CHANGE, REPLACE, GONE, STRANGE, LEFT };
/* The progress of a desired object. */
enum { WAITING, GIVEN, SETTLED };

struct planning {
	struct plan *plan;
	struct model *desired, *observed;
	struct problems *problems;
	struct slots leaving; /* observed objects that are removed or changed, by their slots */
	struct slots places;  /* observed objects that are removed or changed, by their places */
	struct slots held;    /* observed objects that are removed, by what only one can have */
};

void plan_add(struct plan *p, struct op op)
{
	if (p->n == p->room) {
		p->room = p->room ? p->room * 2 : 64;
		p->ops = must(realloc(p->ops, p->room * sizeof(*p->ops)));
	}
	p->ops[p->n++] = op;
}

static bool leaves(const struct object *o)
{
	return o->mark == REPLACE || o->mark == GONE || o->mark == LEFT;
}

/* Whether a change of the fields @diff is not possible in place. */
static bool is_rigid(const struct object *want, uint64_t diff)
{
	return diff && diff & (kind_mask(want->kind, KEY) | kind_mask(want->kind, FIXED));
}

static unsigned decide(struct planning *g, struct object *have);

/* Whether the object is removed with another that it depends on, or that creates it. */
static bool goes_along(struct planning *g, struct object *have, bool gives)
{
	struct ref ref;
	bool gone = false;

	for (size_t i = 0; object_ref(have, gives, &i, &ref);) {
		struct object *base = model_find_ref(g->observed, ref.class, ref.to);

		if (!base || base == have || (decide(g, base), !leaves(base)))
			continue;
		if (!ref.loose)
			gone = true;
		else if (have->mark == KEEP)
			have->mark = CHANGE;
	}
	return gone;
}

static unsigned decide(struct planning *g, struct object *have)
{
	const struct object *want;
	uint64_t diff;

	if (have->mark != UNSEEN)
		return have->mark;
	want = model_same(g->desired, have);
	if (!want)
		return have->mark = have->owner == OWNER_OURS ? GONE : STRANGE;
	if (have->alias_of || (have->owner != OWNER_OURS && !want->managed && !have->managed)) {
		plan_conflict(g->problems, want, have);
		return have->mark = STRANGE;
	}
	have->mark = KEEP; /* also ends the walk around a veth pair */
	diff = object_diff(want, have);
	if ((want->kind != have->kind && !want->managed) || have->out_of_order || is_rigid(want, diff) ||
	    goes_along(g, have, false) || goes_along(g, have, true))
		return have->mark = REPLACE;
	if (have->mark == KEEP && diff)
		have->mark = CHANGE;
	return have->mark;
}

static bool stands_on_leaving(struct planning *g, const struct object *have)
{
	const struct object *netns = have->kind->in_netns ? model_netns(g->observed, have->netns) : NULL;
	struct ref ref;

	if (netns && leaves(netns))
		return true;
	for (size_t i = 0; object_ref(have, false, &i, &ref);) {
		struct object *base = model_find_ref(g->observed, ref.class, ref.to);

		if (base && base != have && !ref.loose && leaves(base))
			return true;
	}
	return false;
}

/* Whether it has been removed with something that a step so far removes. */
static bool has_left(struct planning *g, const struct object *have)
{
	struct ref ref;

	for (size_t i = 0; have->mark != LEFT && object_ref(have, false, &i, &ref);) {
		const struct object *base = ref.loose ? NULL : model_find_ref(g->observed, ref.class, ref.to);

		if (base && base != have && has_left(g, base))
			return true;
	}
	return have->mark == LEFT;
}

/* Removes @have, unless it was removed with what it depends on. */
static void leave(struct planning *g, struct object *have, enum effect effect)
{
	bool along = has_left(g, have);
	struct ref ref;

	if (have->mark == LEFT)
		return;
	have->mark = LEFT;
	if (!along)
		plan_add(g->plan, (struct op){ .before = have, .effect = effect });
	for (size_t i = 0; !along && object_ref(have, true, &i, &ref);) {
		struct object *far = model_find_ref(g->observed, ref.class, ref.to);

		if (far)
			far->mark = LEFT;
	}
}

/* Removes all those out of order before the first of them is recreated; the last one first,
 * as each may become what the one before it was. */
static void leave_out_of_order(struct planning *g, const struct object *place)
{
	for (size_t i = g->observed->n; i-- > 0;) {
		struct object *o = g->observed->objects[i];

		if (o->out_of_order && o->mark == REPLACE && !strcmp(o->place, place->place))
			leave(g, o, EFFECT_RECREATE);
	}
}

/* Removes what has what only one can have, and @want is about to get: two may exchange it. */
static void leave_held(struct planning *g, const struct object *want)
{
	struct slot slot = { 0 };
	const char *in = want->kind->holds ? want->kind->holds(want, &slot) : NULL;
	size_t found = 0;
	const struct slot_entry *at = in ? slots_find(&g->held, in, &slot, &found) : NULL;

	for (size_t f = 0; f < found; f++)
		if (leaves(at[f].o) && at[f].o->kind == want->kind)
			leave(g, at[f].o, at[f].o->mark == GONE ? EFFECT_REMOVE : EFFECT_RECREATE);
}

static void create(struct planning *g, struct object *want, struct object *have)
{
	enum effect effect = have && leaves(have) ? EFFECT_RECREATE : EFFECT_NONE;
	struct ref ref;

	if (have && have->out_of_order && have->mark == REPLACE)
		leave_out_of_order(g, have);
	if (have && leaves(have))
		leave(g, have, EFFECT_RECREATE);
	for (size_t i = 0; object_ref(want, true, &i, &ref);) {
		struct object *far = model_find_ref(g->observed, ref.class, ref.to);

		/* The new object may want the old one's name. */
		if (far && leaves(far))
			leave(g, far, EFFECT_RECREATE);
	}
	leave_held(g, want);
	plan_add(g->plan, (struct op){ .after = want, .effect = effect });
	for (size_t i = 0; object_ref(want, true, &i, &ref);) {
		struct object *far = model_find_ref(g->desired, ref.class, ref.to);

		if (far && far != want && far->mark == WAITING)
			far->mark = GIVEN;
	}
}

/* Removes objects of another class, or (@near) on the same interface. */
static void leave_slot(struct planning *g, const struct slots *leaving, const struct object *want,
		       const struct slot *slot, bool near)
{
	size_t found;
	const struct slot_entry *at = slots_find(leaving, want->netns, slot, &found);

	for (size_t f = 0; f < found; f++) {
		struct object *o = at[f].o;

		if (leaves(o) && (strcmp(o->kind->class, want->kind->class) ||
				  (near && o->kind->in_link && !strcmp(o->place, want->place))))
			leave(g, o, o->mark == GONE ? EFFECT_REMOVE : EFFECT_RECREATE);
	}
}

/* Removes what occupies a slot that @want is about to take, or is where it must not be. */
static void vacate(struct planning *g, const struct object *want)
{
	const struct object *have = model_same(g->observed, want);
	struct slot slots[SLOTS_MAX] = { 0 }, one = { 0 };
	size_t n = want->kind->slots(want, slots);

	if (have && have->mark == KEEP)
		return;
	for (size_t i = 0; i < n; i++)
		leave_slot(g, &g->leaving, want, &slots[i], false);
	for (size_t i = 0; want->kind->avoids && want->kind->avoids(want, i, &one); i++)
		leave_slot(g, &g->places, want, &one, true);
}

/* Does so for all objects of one kind in one namespace, before the first of them is created:
 * removing an address may remove routes, which are then created after it. */
static void vacate_for(struct planning *g, struct object **arriving, size_t n)
{
	const struct kind *k = arriving[0]->kind;

	for (size_t i = 0; g->leaving.n && k->slots && i < n; i++) {
		if (arriving[i]->kind != k || strcmp(arriving[i]->netns, arriving[0]->netns))
			break;
		vacate(g, arriving[i]);
	}
}

/* References that were cut when their end was removed have to be set again. */
static uint64_t cut_refs(struct planning *g, const struct object *want)
{
	uint64_t mask = 0;
	struct ref ref;

	for (size_t i = 0; object_ref(want, false, &i, &ref);) {
		struct object *base = model_find_ref(g->observed, ref.class, ref.to);

		if (ref.loose && base && leaves(base))
			mask |= bit(ref.field);
	}
	return mask;
}

/* Whether a managed object comes with the interface that it belongs to, be that new or changed. */
static bool comes_along(struct planning *g, const struct object *want)
{
	struct ref ref;

	for (size_t i = 0; object_ref(want, false, &i, &ref);) {
		const struct object *base = model_find_ref(g->observed, ref.class, ref.to);

		if (!ref.loose && (!base || leaves(base) || (base->mark == CHANGE && base->name)))
			return true;
	}
	return false;
}

/* Whether @want comes before what changes of its namespace, which is there already. */
static bool precedes(const struct planning *g, const struct object *want, const struct object *base)
{
	unsigned first = want->kind->early && base->kind->early ? want->kind->early(want) : 0;

	return first && first < base->kind->early(base) && model_find(g->observed, base->id);
}

/* Settles @want after everything it refers to. */
static void settle(struct planning *g, struct object *want)
{
	struct object *have = model_same(g->observed, want);
	bool given = want->mark == GIVEN;
	struct ref ref;

	if (want->mark == SETTLED || want->moot)
		return;
	want->mark = SETTLED;
	for (size_t i = 0; object_ref(want, false, &i, &ref);) {
		struct object *base = model_find_ref(g->desired, ref.class, ref.to);

		if (base && !precedes(g, want, base))
			settle(g, base);
	}
	if (have && !leaves(have)) {
		uint64_t diff = have->mark == CHANGE ? object_diff(want, have) | cut_refs(g, want) : 0;

		want->handle = have->handle;
		if (diff)
			plan_add(g->plan,
				 (struct op){ .before = have, .after = want, .diff = diff, .effect = EFFECT_IN_PLACE });
	} else if (given) {
		plan_add(g->plan, (struct op){ .after = want, .given = true });
	} else if (!want->managed || comes_along(g, want)) {
		create(g, want, have);
	} else if (want->declared || !want->kind->in_link) { /* else there is nowhere to revert to */
		struct arena *a = &g->problems->arena;
		const char *key = object_describe(a, want, NULL, kind_mask(want->kind, KEY));

		problem_add_missing(g->problems, &want->where,
				    arena_fmt(a, "%s %s%s%s", want->kind->label, want->place, *key ? " " : "", key),
				    want->name_blocked, want->kind->awaitable);
	}
}

static bool has_slot(const struct object *o, const struct slot *slot)
{
	struct slot all[SLOTS_MAX] = { 0 };
	size_t n = o->kind->slots(o, all);

	while (n--)
		if (slot_cmp(&all[n], slot) == 0)
			return true;
	return false;
}

/* Whether the object that occupies a slot of @want leaves it. */
static bool is_vacated(const struct planning *g, const struct object *want)
{
	struct slot slots[SLOTS_MAX] = { 0 };
	size_t n = want->kind->slots(want, slots), found;

	for (size_t i = 0; i < n; i++) {
		const struct slot_entry *at = slots_find(&g->leaving, want->netns, &slots[i], &found);

		for (size_t f = 0; f < found; f++)
			if (strcmp(at[f].o->kind->class, want->kind->class) &&
			    (leaves(at[f].o) || !has_slot(model_same(g->desired, at[f].o), &slots[i])))
				return true;
	}
	return false;
}

/* Finds objects of others that prevent the creation of one of ours. */
static void find_barred(struct planning *g)
{
	for (size_t i = 0; i < g->observed->n; i++) {
		const struct beside *b = g->observed->objects[i]->beside;
		const struct object *want = b && b->bars ? model_find(g->desired, b->id) : NULL;
		struct arena a = { 0 };

		if (want && !(b->along && is_vacated(g, want)))
			problem_add_barred(g->problems, &want->where, plan_object(&a, want), b->words, b->remedy);
		arena_done(&a);
	}
}

int plan_make(struct plan *p, struct model *desired, struct model *observed, struct problems *problems)
{
	_cleanup_(freep) struct object **arriving = NULL, **leaving = plan_in_order(observed, NULL);
	struct planning g = { p, desired, observed, problems };
	size_t problems_before = problems->n;

	*p = (struct plan){ .desired = desired, .observed = observed };
	for (size_t i = 0; i < observed->n; i++)
		observed->objects[i]->mark = UNSEEN;
	for (size_t i = 0; i < observed->n; i++)
		if (decide(&g, observed->objects[i]) == KEEP && observed->objects[i]->kind->derive)
			observed->objects[i]->kind->derive(desired, observed, observed->objects[i]);
	plan_find_moot(desired, observed);
	arriving = plan_in_order(desired, observed);
	for (size_t i = 0; i < desired->n; i++)
		desired->objects[i]->mark = WAITING;
	for (size_t i = 0; i < observed->n; i++) {
		struct object *o = observed->objects[i];

		if (leaves(o))
			slots_add_held(&g.held, o);
		if (leaves(o) || o->mark == CHANGE) {
			slots_add(&g.leaving, o);
			slots_add_place(&g.places, o);
		}
	}
	slots_sort(&g.leaving);
	slots_sort(&g.places);
	slots_sort(&g.held);
	find_barred(&g);
	for (size_t i = 0; i < desired->n; i++) {
		if (i == 0 || arriving[i]->kind != arriving[i - 1]->kind ||
		    strcmp(arriving[i]->netns, arriving[i - 1]->netns))
			vacate_for(&g, arriving + i, desired->n - i);
		settle(&g, arriving[i]);
	}
	for (size_t i = observed->n; i-- > 0;)
		if (leaving[i]->mark == GONE && !stands_on_leaving(&g, leaving[i]))
			leave(&g, leaving[i], EFFECT_REMOVE);
	slots_done(&g.leaving);
	slots_done(&g.places);
	slots_done(&g.held);
	plan_find_others(p);
	return problems->n == problems_before ? 0 : problems->v[problems_before].code;
}

void plan_done(struct plan *p)
{
	free(p->ops);
	*p = (struct plan){ 0 };
}
