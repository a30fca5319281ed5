/* SPDX-License-Identifier: MIT */
/* heal_retry.c - objects that are as declared, but do not work according to the kernel: an
 * address that another host has.  The kernel does not check again by itself, so the object is
 * recreated now and then; until that helps, the topology has failed. */
#include "healing.h"

/* The interval of retries, as a multiple of the time within which frequent healing counts as a fight. */
enum { AGAIN = 3 };

static unsigned again_seconds(const struct heal *h)
{
	return AGAIN * (unsigned)(h->topology->drifts.window / 1000000);
}

/* Asks for the kernel's verdict on @have, if that is declared. */
static int word_on(const struct heal *h, const struct object *have, struct err *e)
{
	int r = have && have->kind->retry ? have->kind->retry(have, e) : 0;

	return r < 0 && model_find(&h->scope.desired, have->id) ? r : 0;
}

/* Whether it was recreated, and is being checked by the kernel again. */
static bool is_tried(const struct heal *h, const struct object *have, struct drift **ret)
{
	struct err e;

	*ret = word_on(h, have, &e) == -EAGAIN ? drift_find(&h->topology->drifts, have) : NULL;
	return *ret && (*ret)->open && (*ret)->tried;
}

bool heal_is_retry(const struct heal *h, const struct op *op)
{
	const struct object *have = op->before ? op->before : model_find(&h->pass.observed, op->after->id);
	struct err e;

	return word_on(h, have, &e) == -EADDRNOTAVAIL;
}

void heal_note_tried(struct heal *h)
{
	for (size_t i = 0; i < h->pass.observed.n; i++) {
		struct object *have = h->pass.observed.objects[i];
		struct drift *one;

		if (is_tried(h, have, &one))
			heal_skip(h, &(struct op){ .before = have }, WHY_NOT_NOT_READY);
	}
}

void heal_pace_retries(struct heal *h)
{
	for (size_t i = 0; i < h->pass.plan.n; i++) {
		const struct op *op = &h->pass.plan.ops[i];
		struct drift *one =
			op->before && heal_is_retry(h, op) ? drift_find(&h->topology->drifts, op->before) : NULL;

		if (one && !one->refused)
			drift_rest(one, h->now, again_seconds(h));
	}
}

void heal_tell_retries(struct heal *h)
{
	for (size_t i = 0; i < h->pass.observed.n; i++) {
		const struct object *have = h->pass.observed.objects[i];
		struct drift *one;
		struct err e;
		char object[600];

		if (word_on(h, have, &e) != -EADDRNOTAVAIL && !is_tried(h, have, &one))
			continue;
		snprintf(object, sizeof(object), "%s %s", have->kind->label, have->place);
		if (!h->report && e.code == -EADDRNOTAVAIL)
			err_append(&e, "; it is retried every %u s", again_seconds(h));
		problem_add_err(&h->refused, &e, &model_find(&h->scope.desired, have->id)->where, object);
	}
	for (size_t i = 0; i < h->scope.desired.n; i++) {
		const struct object *want = h->scope.desired.objects[i];
		unsigned seconds;
		struct err e;

		if (want->kind->ready && !model_find(&h->pass.observed, want->id) &&
		    want->kind->ready(&h->pass.observed, want, &seconds, &e) == -EADDRNOTAVAIL)
			problem_add_err(&h->refused, &e, &want->where, NULL);
	}
}
