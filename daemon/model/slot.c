/* SPDX-License-Identifier: MIT */
/* slot.c - a sorted list of the occupants of slots. */
#include "slot.h"
#include "base/search.h"

int slot_cmp(const struct slot *a, const struct slot *b)
{
	int c = memcmp(&a->to, &b->to, sizeof(a->to));

	if (c == 0 && a->family != b->family)
		c = a->family < b->family ? -1 : 1;
	if (c == 0 && a->metric != b->metric)
		c = a->metric < b->metric ? -1 : 1;
	if (c == 0 && a->table != b->table)
		c = a->table < b->table ? -1 : 1;
	return c;
}

static int entry_cmp(const void *a, const void *b)
{
	const struct slot_entry *x = a, *y = b;
	int c = slot_cmp(&x->slot, &y->slot);

	return c ? c : strcmp(x->in, y->in);
}

static void add(struct slots *s, const char *in, struct object *o, const struct slot *slot)
{
	if ((s->n & (s->n - 1)) == 0)
		s->v = must(realloc(s->v, (s->n ? s->n * 2 : 1) * sizeof(*s->v)));
	s->v[s->n++] = (struct slot_entry){ in, *slot, o };
}

void slots_add(struct slots *s, struct object *o)
{
	struct slot all[SLOTS_MAX] = { 0 };
	size_t n = o->kind->slots ? o->kind->slots(o, all) : 0;

	for (size_t i = 0; i < n; i++)
		add(s, o->netns, o, &all[i]);
}

void slots_add_place(struct slots *s, struct object *o)
{
	struct slot one = { 0 };

	if (o->kind->is_at && o->kind->is_at(o, &one))
		add(s, o->netns, o, &one);
}

void slots_add_held(struct slots *s, struct object *o)
{
	struct slot one = { 0 };
	const char *in = o->kind->holds ? o->kind->holds(o, &one) : NULL;

	if (in)
		add(s, in, o, &one);
}

void slots_sort(struct slots *s)
{
	if (s->n)
		qsort(s->v, s->n, sizeof(*s->v), entry_cmp);
}

void slots_done(struct slots *s)
{
	free(s->v);
	*s = (struct slots){ 0 };
}

const struct slot_entry *slots_find(const struct slots *s, const char *in, const struct slot *slot, size_t *ret_n)
{
	struct slot_entry key = { in, *slot, NULL };
	size_t first = lower_bound(&key, s->v, s->n, sizeof(*s->v), entry_cmp);

	for (*ret_n = 0; first + *ret_n < s->n && entry_cmp(&s->v[first + *ret_n], &key) == 0;)
		++*ret_n;
	return *ret_n ? s->v + first : NULL;
}
