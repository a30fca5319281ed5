/* SPDX-License-Identifier: MIT */
/* heal_beside.c - objects of others that coexist with ours and may draw traffic away:
 * they are left alone, but reported. */
#include "healing.h"

static void tell(struct heal *h, const struct object *o, const struct object *want, struct drift *one)
{
	uint64_t mask = kind_mask(want->kind, BARE) | kind_mask(want->kind, FIXED);
	struct arena a = { 0 };
	const char *ours = object_describe(&a, want, NULL, mask),
		   *actual = arena_fmt(&a, "%s beside %s", ours, o->beside->words);
	struct event ev = {
		.type = EVENT_DRIFT,
		.topology = h->topology->name,
		.kind = want->kind->label,
		.object = want->place,
		.expected = ours,
		.actual = actual,
		.why = WHY_NOT_BESIDE,
	};

	drift_say(one, want, ours, actual, NULL);
	one->quiet = false;
	ev.message = arena_fmt(&a, "%s %s %s has %s beside it, which netnsd leaves alone; %s", ev.kind, ev.object, ours,
			       o->beside->words, o->beside->remedy);
	events_tell(h->env->events, &ev);
	arena_done(&a);
}

/* An address that is about to be removed, or changed, takes its route with it. */
static bool is_vacated(const struct heal *h, const struct object *want)
{
	_cleanup_(slots_done) struct slots leaving = { 0 };
	struct slot slots[SLOTS_MAX] = { 0 };
	size_t n = want->kind->slots(want, slots), found;
	bool vacated = false;

	for (size_t i = 0; i < h->pass.plan.n; i++)
		if (h->pass.plan.ops[i].before && strcmp(h->pass.plan.ops[i].before->kind->class, want->kind->class))
			slots_add(&leaving, h->pass.plan.ops[i].before);
	slots_sort(&leaving);
	for (size_t i = 0; i < n; i++)
		vacated |= !!slots_find(&leaving, want->netns, &slots[i], &found);
	return vacated;
}

void heal_note_beside(struct heal *h)
{
	for (size_t i = 0; i < h->pass.observed.n; i++) {
		const struct object *o = h->pass.observed.objects[i];
		const struct object *want = o->beside ? model_find(&h->scope.desired, o->beside->id) : NULL;
		struct drift *one = want ? drift_find(&h->topology->drifts, o) : NULL;
		bool known = drift_is_told(one);

		if (!want || h->told == TOLD_MAX || (o->beside->along && is_vacated(h, want)))
			continue;
		one = drift_note(&h->topology->drifts, o, h->now);
		if (one && !known) {
			h->told++;
			tell(h, o, want, one);
		}
		heal_skip(h, &(struct op){ .before = h->pass.observed.objects[i] }, WHY_NOT_BESIDE);
	}
}
