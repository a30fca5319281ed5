/* SPDX-License-Identifier: MIT */
/* export_check.c - what the kernel accepts the rules of the format may refuse, such as a name with a blank: that is
 * removed from an exported topology until the rest is valid. */
#include "export.h"
#include "load.h"

enum { SHOWN_MAX = 160 };

/* One step of a JSON pointer (RFC 6901), which is advanced past it; false: there is none. */
static bool step_next(const char **at, char *ret, size_t size)
{
	size_t n = 0;

	if (**at != '/')
		return false;
	for ((*at)++; **at && **at != '/'; (*at)++) {
		char c = **at;

		if (c == '~' && ((*at)[1] == '0' || (*at)[1] == '1'))
			c = *++*at == '0' ? '~' : '/';
		if (n + 1 < size)
			ret[n++] = c;
	}
	ret[n] = '\0';
	return true;
}

/* A place in a topology: an object and a key of it, or a list and an index. */
struct spot {
	struct json_object *in, *value;
	char key[256];
	size_t index;
};

/* An element of a list stands for all in it: without one of its members it would mean something else. */
static bool spot_find(struct json_object *topology, const char *pointer, struct spot *ret)
{
	struct spot s = { .value = topology };

	for (const char *at = pointer; step_next(&at, s.key, sizeof(s.key));) {
		s.in = s.value;
		if (json_object_is_type(s.in, json_type_array)) {
			s.index = strtoul(s.key, NULL, 10);
			s.value = json_object_array_get_idx(s.in, s.index);
			break;
		}
		if (!json_object_is_type(s.in, json_type_object) || !json_object_object_get_ex(s.in, s.key, &s.value))
			return false;
	}
	*ret = s;
	return s.in && s.value;
}

/* Leaves a null in a list, so that other places in it remain what they are. */
static void spot_cut(struct json_object *topology, const struct problem *p, struct unsaid *u)
{
	struct spot s;

	if (!p->where.pointer || !spot_find(topology, p->where.pointer, &s))
		return;
	unsaid_add(u, "%s is left out (%.*s): %s", p->where.pointer, SHOWN_MAX,
		   json_object_to_json_string_ext(s.value, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE),
		   p->message);
	if (json_object_is_type(s.in, json_type_array))
		json_object_array_put_idx(s.in, s.index, NULL);
	else
		json_object_object_del(s.in, s.key);
}

static void list_purge(struct json_object *list)
{
	for (size_t i = json_object_array_length(list); i-- > 0;)
		if (!json_object_array_get_idx(list, i))
			json_object_array_del_idx(list, i, 1);
}

static void purge(struct json_object *o)
{
	if (json_object_is_type(o, json_type_array))
		list_purge(o);
	if (!json_object_is_type(o, json_type_object))
		return;
	json_object_object_foreach(o, key, value) {
		(void)key;
		purge(value);
	}
}

bool export_is_valid(struct json_object *topology, const struct kinds *kinds, struct problems *p)
{
	struct declaration d;

	if (load_json(topology, NULL, kinds, &d, p) < 0)
		return false;
	declaration_done(&d);
	return true;
}

void export_cut(struct json_object *topology, const struct problems *p, struct unsaid *u)
{
	for (size_t i = 0; i < p->n; i++)
		spot_cut(topology, &p->v[i], u);
	purge(topology);
}
