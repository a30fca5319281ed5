/* SPDX-License-Identifier: MIT */
/* plan_others.c - determines which objects of others the steps of a plan remove: what
 * belongs to a namespace or link that is removed, and what a change flushes.  Pure. */
#include "plan.h"
#include "kind.h"
#include "model.h"
#include "base/utf8.h"

enum { NAMED_MAX = 5 };

struct taker {
	struct op *op;
	const char *place; /* of what it removes, or changes */
};

struct takers {
	struct taker *v;
	size_t n;
};

static int taker_cmp(const void *a, const void *b)
{
	return strcmp(((const struct taker *)a)->place, ((const struct taker *)b)->place);
}

static bool may_take(const struct op *op)
{
	const struct object *o = op->after ? op->after : op->before;

	if (!op->after)
		return op->before->kind->form == FORM_BODY || op->before->kind->form == FORM_MAP;
	return o->kind->takes && o->kind->takes(op, NULL);
}

static void takers_add(struct takers *t, struct op *op, const char *place)
{
	if (t->n % 64 == 0)
		t->v = must(realloc(t->v, (t->n + 64) * sizeof(*t->v)));
	t->v[t->n++] = (struct taker){ .op = op, .place = place };
}

static void takers_find(const struct plan *p, struct takers *t)
{
	for (size_t i = 0; i < p->n; i++) {
		struct op *op = &p->ops[i];
		struct ref ref;

		if (!may_take(op))
			continue;
		takers_add(t, op, op->after ? op->after->place : op->before->place);
		/* The far end is removed with the near one. */
		for (size_t n = 0;
		     !op->after && object_is(op->before, "link") && object_ref(op->before, true, &n, &ref);)
			takers_add(t, op, ref.to);
	}
	if (t->n)
		qsort(t->v, t->n, sizeof(*t->v), taker_cmp);
}

static void name(struct arena *a, struct op *op, const struct object *o, bool port)
{
	const char *what = o->kind->form == FORM_MAP ? o->name : object_describe(a, o, NULL, kind_mask(o->kind, BARE));

	if (op->n_others++ < NAMED_MAX)
		op->others = arena_fmt(a, "%s%s%s%s", op->others ? op->others : "", op->others ? ", " : "", what,
				       port ? " (its port)" : "");
}

/* Adds @o to the step that is about @place, if it removes it. */
static bool tell(struct arena *a, const struct takers *all, const char *place, const struct object *o, bool port)
{
	struct taker key = { .place = place }, *t;

	t = place && all->n ? bsearch(&key, all->v, all->n, sizeof(*all->v), taker_cmp) : NULL;
	while (t && t > all->v && !strcmp(t[-1].place, place))
		t--;
	for (; t && t < all->v + all->n && !strcmp(t->place, place); t++) {
		if (t->op->after && !t->op->after->kind->takes(t->op, o))
			continue;
		name(a, t->op, o, port);
		return true;
	}
	return false;
}

static void find_taker(struct arena *a, const struct takers *all, const struct object *o)
{
	struct ref ref;

	if (tell(a, all, o->netns, o, false) || (o->kind->base && tell(a, all, o->kind->base(o), o, false)))
		return;
	for (size_t i = 0; object_ref(o, false, &i, &ref);)
		if (strcmp(ref.to, o->netns) != 0 && tell(a, all, ref.to, o, ref.loose))
			return;
}

void plan_find_others(struct plan *p)
{
	struct arena *a = &p->observed->arena;
	struct takers all = { 0 };

	takers_find(p, &all);
	for (size_t i = 0; all.n && i < p->observed->n; i++) {
		const struct object *o = p->observed->objects[i];
		bool stands =
			o->kind->form == FORM_MAP ? !is_loopback(o->name) : object_is(o, "address") && !o->managed;

		if (stands && o->owner != OWNER_OURS && !o->assumed && !o->alias_of && !model_same(p->desired, o))
			find_taker(a, &all, o);
	}
	free(all.v);
	for (size_t i = 0; i < p->n; i++)
		if (p->ops[i].n_others > NAMED_MAX)
			p->ops[i].others =
				arena_fmt(a, "%s and %zu more", p->ops[i].others, p->ops[i].n_others - NAMED_MAX);
}

static void list(const struct plan *p, size_t end, bool (*skips)(const struct op *op, const struct op *refused),
		 const struct op *refused, char *ret, size_t size)
{
	size_t n = 0;

	*ret = '\0';
	for (size_t i = 0; i < end && n < size; i++)
		if (p->ops[i].others && !(skips && skips(&p->ops[i], refused)))
			n += (size_t)snprintf(ret + n, size - n, "%s%s", n ? ", " : "", p->ops[i].others);
	utf8_repair(ret);
}

void plan_others(const struct plan *p, char *ret, size_t size)
{
	list(p, p->n, NULL, NULL, ret, size);
}

static bool takes_nothing(const struct op *op, const struct op *refused)
{
	return op == refused || (!op->after && object_is(op->before, "netns"));
}

void plan_others_lost(const struct plan *p, size_t n, const struct op *refused, char *ret, size_t size)
{
	size_t until = refused ? (size_t)(refused - p->ops) : 0;

	/* Steps of one kind may be executed together: those before the refused one do not
	 * count as done then. */
	list(p, n > until ? n : until, takes_nothing, refused, ret, size);
}
