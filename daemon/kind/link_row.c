/* SPDX-License-Identifier: MIT */
/* link_row.c - converts between the rows of a kind of link and the kernel's attributes. */
#include "kernel/observer.h"
#include "link.h"
#include <assert.h>
#include <linux/if_link.h>
#include <netinet/in.h>

/* Whether the kernel has a number there, however many bytes it has there and here. */
static bool is_number(const struct field *f)
{
	return f->type == &type_link || f->type->size <= sizeof(uint32_t);
}

static size_t width_of(const struct field *f)
{
	return f->width ? f->width : f->type == &type_link ? sizeof(uint32_t) : f->type->size;
}

/* The shift of byte @i of @n in memory, where the value is in network order or in our own. */
static unsigned shift(const struct field *f, size_t i, size_t n)
{
	bool big = f->flags & NETWORK_ORDER || __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;

	return (unsigned)(8 * (big ? n - 1 - i : i));
}

static uint32_t number_load(const struct field *f, const void *at)
{
	if (f->type->size == sizeof(uint8_t))
		return *(const uint8_t *)at;
	return f->type->size == sizeof(uint16_t) ? *(const uint16_t *)at : *(const uint32_t *)at;
}

static void put_number(struct nl_msg *m, const struct field *f, uint32_t v)
{
	uint8_t bytes[sizeof(v)];
	size_t n = width_of(f);

	for (size_t i = 0; i < n; i++)
		bytes[i] = (uint8_t)(v >> shift(f, i, n));
	msg_put(m, f->nla, bytes, n);
}

static bool read_number(const struct field *f, const struct nlattr *a, uint32_t *ret)
{
	const uint8_t *bytes = a ? nla_data(a) : NULL;
	size_t n = width_of(f);

	if (!a || nla_len(a) < (int)n)
		return false;
	*ret = 0;
	for (size_t i = 0; i < n; i++)
		*ret |= (uint32_t)bytes[i] << shift(f, i, n);
	return true;
}

/* None is the address 0.0.0.0. */
static void put_ip(struct nl_msg *m, const struct field *f, const struct inet *i)
{
	bool v6 = i->family == AF_INET6;

	msg_put(m, v6 && f->nla6 ? f->nla6 : f->nla, i->addr, v6 ? 16 : 4);
}

static bool read_ip(const struct field *f, struct nlattr *const *attributes, size_t n, struct inet *ret)
{
	const struct nlattr *a = attributes[f->nla]       ? attributes[f->nla]
				 : f->nla6 && f->nla6 < n ? attributes[f->nla6]
							  : NULL;
	bool v6 = a && nla_len(a) >= 16;
	struct inet i;

	if (!a || nla_len(a) < 4)
		return false;
	i = msg_inet(v6 ? AF_INET6 : AF_INET, v6 ? 128 : 32, a);
	if (inet_is_unspecified(&i))
		return false;
	*ret = i;
	return true;
}

void link_put_rows(const struct batch *b, const struct object *o, uint64_t mask, enum nla_place place, struct nl_msg *m)
{
	for (size_t i = 0; i < o->kind->n_fields; i++) {
		const struct field *f = &o->kind->fields[i];
		const void *at = object_at(o, i);

		/* A state is only read. */
		if (!f->nla || f->place != place || !(o->set & mask & bit(i)) ||
		    (f->flags & HIDDEN && f->flags & WRITTEN))
			continue;
		if (f->type == &type_link)
			put_number(m, f, *(const char *const *)at ? batch_ifindex(b, *(const char *const *)at) : 0);
		else if (f->type == &type_ip)
			put_ip(m, f, at);
		else if (f->type == &type_string)
			msg_put_string(m, f->nla, *(const char *const *)at);
		else if (is_number(f))
			put_number(m, f, number_load(f, at));
		else
			msg_put(m, f->nla, at, f->type->size);
	}
}

/* Whether the attribute was present, and is read. */
static bool read_value(struct observer *obs, const struct field *f, void *at, struct nlattr *const *attributes,
		       size_t n)
{
	const struct nlattr *a = attributes[f->nla];
	uint32_t v;

	if (f->type == &type_ip)
		return read_ip(f, attributes, n, at);
	if (is_number(f)) {
		if (!read_number(f, a, &v))
			return false;
		field_store(f, at, v);
		return true;
	}
	if (!a || (f->type != &type_string && nla_len(a) < (int)f->type->size))
		return false;
	if (f->type == &type_string)
		*(const char **)at = arena_strdup(&obs->observed->arena, nla_data(a));
	else
		memcpy(at, nla_data(a), f->type->size);
	return true;
}

void link_read_rows(struct observer *obs, struct object *o, enum nla_place place, struct nlattr *const *attributes,
		    size_t n)
{
	struct link *l = (struct link *)o;
	size_t named = 0;

	for (size_t i = 0; i < o->kind->n_fields; i++) {
		const struct field *f = &o->kind->fields[i];

		if (!f->nla || f->type != &type_link) {
			if (f->nla && f->nla < n && f->place == place &&
			    read_value(obs, f, object_at(o, i), attributes, n))
				o->set |= bit(i);
			continue;
		}
		assert(named < LINK_NAMED_MAX);
		if (f->nla < n && f->place == place)
			read_number(f, attributes[f->nla], &l->named[named]);
		named++;
	}
}

void link_read_names(const struct observer *obs, struct object *o)
{
	struct link *l = (struct link *)o;
	size_t named = 0;

	for (size_t i = 0; i < o->kind->n_fields; i++) {
		const struct field *f = &o->kind->fields[i];
		bool away = f->place == NLA_MESSAGE && f->nla == IFLA_LINK && l->lower_away;
		const char *name;

		if (!f->nla || f->type != &type_link)
			continue;
		name = l->named[named] && !away ? observer_link(obs, l->named[named]) : NULL;
		named++;
		if (!name)
			continue;
		*(const char **)object_at(o, i) = name;
		o->set |= bit(i);
	}
}

/* The one below may be in another namespace, which is read separately: the two agree on its number. */
void link_resolve(struct model *observed, struct object *o, const struct object *wanted)
{
	const struct link *l = (const struct link *)o;

	for (size_t i = 0; l->lower_at && i < o->kind->n_fields; i++) {
		const struct field *f = &o->kind->fields[i];

		if (f->type != &type_link || f->place != NLA_MESSAGE || f->nla != IFLA_LINK)
			continue;
		*(const char **)object_at(o, i) = l->lower_at;
		o->set |= bit(i);
	}
	for (size_t i = 0; wanted && wanted->kind == o->kind && l->lower_away && i < o->kind->n_fields; i++) {
		const struct field *f = &o->kind->fields[i];
		const char *to =
			object_has(wanted, i) && f->type == &type_link ? *(const char **)object_at(wanted, i) : NULL;
		const struct object *base = to && f->place == NLA_MESSAGE && f->nla == IFLA_LINK
						    ? model_find_ref(observed, "link", to)
						    : NULL;

		if (!base || base->handle != l->lower || ref_is_in(to, o->netns))
			continue;
		*(const char **)object_at(o, i) = arena_strdup(&observed->arena, to);
		o->set |= bit(i);
	}
	if (link_kind(o)->resolve)
		link_kind(o)->resolve(observed, o, wanted);
}
