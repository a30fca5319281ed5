/* SPDX-License-Identifier: MIT */
/* link_data.c - what distinguishes kinds of links in a message: the name, and
 * IFLA_INFO_DATA, from the rows and from what the kind adds. */
#include "link.h"
#include <linux/if_link.h>

uint64_t link_at(const struct object *o, enum nla_place place, uint64_t mask)
{
	uint64_t all = 0;

	for (size_t i = 0; i < o->kind->n_fields; i++)
		if (o->kind->fields[i].place == place)
			all |= bit(i);
	return all & mask;
}

uint64_t link_needs_word(const struct object *o)
{
	return ~kind_mask(o->kind, USUAL) | object_unusual(o);
}

/* Those that the kind itself writes. */
static uint64_t of_kind(const struct object *o, uint64_t mask)
{
	uint64_t all = link_at(o, NLA_INFO_DATA, mask & o->set);

	for (size_t i = 0; i < o->kind->n_fields; i++)
		if (o->kind->fields[i].nla)
			all &= ~bit(i);
	return all;
}

uint64_t link_usual_modes(const struct object *o)
{
	uint64_t mask = 0;

	for (size_t i = 0; i < o->kind->n_fields; i++) {
		const struct field *f = &o->kind->fields[i];

		if (f->place == NLA_INFO_DATA && f->type == &type_bool && object_has_default(o, i))
			mask |= bit(i);
	}
	return mask;
}

int link_put_data(struct batch *b, const struct object *o, uint64_t mask, struct nl_msg *m, struct err *e)
{
	struct nlattr *info = nla_nest_start(m, IFLA_LINKINFO), *inside;
	uint64_t own = of_kind(o, mask);

	msg_put(m, IFLA_INFO_KIND, o->kind->name, strlen(o->kind->name));
	inside = nla_nest_start(m, IFLA_INFO_DATA);
	link_put_rows(b, o, mask, NLA_INFO_DATA, m);
	if (own && link_kind(o)->put_data && link_kind(o)->put_data(b, o, own, m, e) < 0)
		return e->code;
	nla_nest_end(m, inside);
	nla_nest_end(m, info);
	return 0;
}

struct object *link_all_data(const struct op *op)
{
	const struct object *before = op->before;
	struct object *all = must(malloc(op->after->kind->size));

	memcpy(all, op->after, op->after->kind->size);
	for (size_t i = 0; before->kind == all->kind && i < all->kind->n_fields; i++) {
		const struct field *f = &all->kind->fields[i];

		if (f->place != NLA_INFO_DATA || object_has(all, i) || !object_has(before, i))
			continue;
		memcpy(object_at(all, i), object_at(before, i), f->type->size);
		all->set |= bit(i);
	}
	return all;
}

/* The link below @o (IFLA_LINK); NULL: it has none. */
static const struct object *below(const struct model *m, const struct object *o)
{
	for (size_t i = 0; i < o->kind->n_fields; i++) {
		const struct field *f = &o->kind->fields[i];

		if (f->type == &type_link && f->place == NLA_MESSAGE && f->nla == IFLA_LINK && object_has(o, i))
			return model_find_ref(m, "link", *(const char *const *)object_at(o, i));
	}
	return NULL;
}

const char *link_birthplace(const struct batch *b, const struct object *o)
{
	const char *at = link_kind(o)->birthplace ? link_kind(o)->birthplace(o) : NULL;
	const struct object *base = at ? NULL : below(b->plan->desired, o);

	return at ? at : base ? base->netns : o->netns;
}
