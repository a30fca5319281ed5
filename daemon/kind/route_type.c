/* SPDX-License-Identifier: MIT */
/* route_type.c - the values that only routes have: gateways, lists of next hops, and the key by
 * which the kernel identifies routes. */
#include "route.h"
#include <sys/socket.h>

enum { NEXTHOPS_MAX = 256 };

static int gateway_parse(const struct field *f, const char *netns, void *dst, struct json_object *in, struct arena *a,
			 struct err *e)
{
	return type_ip.parse(f, netns, dst, in, a, e);
}

static struct json_object *gateway_format(const struct field *f, const char *netns, const void *src)
{
	return type_ip.format(f, netns, src);
}

static bool gateway_equal(const void *a, const void *b)
{
	return !memcmp(a, b, sizeof(struct inet));
}

/* After "via": ip(8) wants the family of a gateway that is not of that of the route @r. */
static char *gateway_text(const struct route *r, const struct inet *via, char buf[64])
{
	int n = via->family == AF_INET6 && r->key.family == AF_INET ? snprintf(buf, 64, "inet6 ") : 0;
	char address[64];

	snprintf(buf + n, 64 - (size_t)n, "%s", inet_text(via, true, address));
	return buf;
}

/* Only routes have one. */
static const struct route *route_of(const void *member, size_t offset)
{
	return (const struct route *)((const char *)member - offset);
}

static char *gateway_say(_unused_ const char *netns, const void *src, struct arena *a)
{
	char buf[64];

	return arena_fmt(a, "via %s", gateway_text(route_of(src, offsetof(struct route, via)), src, buf));
}

static struct json_object *gateway_schema(const struct field *f)
{
	return type_ip.schema(f);
}

const struct type type_gateway = {
	.name = "IP address",
	.size = sizeof(struct inet),
	.parse = gateway_parse,
	.format = gateway_format,
	.equal = gateway_equal,
	.say = gateway_say,
	.schema = gateway_schema,
};

static const struct field rows[] = {
	FIELD(nexthop, via, ip, .doc = "the next hop"),
	FIELD(nexthop, dev, link, .doc = "the outgoing interface"),
	FIELD(nexthop, weight, u16, .min = 1, .max = 256, .doc = "its share of the traffic"),
	FIELD(nexthop, onlink, bool, .doc = "its gateway is on its link, whatever the networks there"),
};

static void *member_of(const struct nexthop *n, const struct field *f)
{
	return (char *)(uintptr_t)n + f->offset;
}

static int nexthop_member(const char *netns, struct nexthop *n, const char *key, struct json_object *v, struct arena *a,
			  struct err *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (!strcmp(key, rows[i].name))
			return rows[i].type->parse(&rows[i], netns, member_of(n, &rows[i]), v, a, e);
	return err_set(e, EINVAL, "unknown field; a next hop has \"via\", \"dev\", \"weight\" and \"onlink\"");
}

static int nexthops_parse(_unused_ const struct field *f, const char *netns, void *dst, struct json_object *in,
			  struct arena *a, struct err *e)
{
	struct nexthops *list = dst;
	size_t n = json_object_is_type(in, json_type_array) ? json_object_array_length(in) : 0;

	if (n < 1 || n > NEXTHOPS_MAX)
		return err_set(e, EINVAL, "must be a list of 1 to %d objects with \"via\", \"dev\", \"weight\"",
			       NEXTHOPS_MAX);
	*list = (struct nexthops){ n, arena_alloc(a, n * sizeof(*list->v)) };
	for (size_t i = 0; i < n; i++) {
		struct json_object *item = json_object_array_get_idx(in, i);

		if (!json_object_is_type(item, json_type_object))
			return err_set(e, EINVAL, "%zu: must be an object with \"via\", \"dev\", \"weight\"", i);
		list->v[i].weight = 1;
		json_object_object_foreach(item, key, value) {
			if (nexthop_member(netns, &list->v[i], key, value, a, e) < 0)
				return err_prefix(e, "%zu/%s", i, key);
		}
		if (!list->v[i].via.family && !list->v[i].dev)
			return err_set(e, EINVAL, "%zu: leads nowhere: add \"via\" or \"dev\"", i);
	}
	return 0;
}

static struct json_object *nexthops_format(_unused_ const struct field *f, const char *netns, const void *src)
{
	const struct nexthops *list = src;
	struct json_object *out = json_object_new_array();

	for (size_t i = 0; i < list->n; i++) {
		struct json_object *item = json_object_new_object();

		for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
			/* Zero means none: no gateway, no interface. */
			static const struct inet none;
			const void *value = member_of(&list->v[i], &rows[r]);

			if (memcmp(value, &none, rows[r].type->size))
				json_object_object_add(item, rows[r].name,
						       rows[r].type->format(&rows[r], netns, value));
		}
		json_object_array_add(out, item);
	}
	return out;
}

static void nexthops_copy(void *dst, const void *src, struct arena *a)
{
	const struct nexthops *from = src;
	struct nexthops *to = dst;

	*to = (struct nexthops){ from->n, arena_alloc(a, from->n * sizeof(*to->v)) };
	for (size_t i = 0; i < from->n; i++) {
		to->v[i] = from->v[i];
		text_copy(&to->v[i].dev, &from->v[i].dev, a);
	}
}

/* In one piece: a list may be long, and a topology may have many. */
static char *nexthops_say(const char *netns, const void *src, struct arena *a)
{
	enum { HOP_MAX = 256 }; /* "nexthop", an address, NS/IF, a weight, "onlink" */
	const struct route *r = route_of(src, offsetof(struct route, nexthops));
	const struct nexthops *list = src;
	char *all = arena_alloc(a, list->n * HOP_MAX + 1);
	size_t used = 0;

	for (size_t i = 0; i < list->n; i++) {
		const struct nexthop *n = &list->v[i];
		const char *dev = n->dev && ref_is_in(n->dev, netns) ? strchr(n->dev, '/') + 1 : n->dev;
		char via[64] = "", weight[32] = "";

		if (n->weight > 1)
			snprintf(weight, sizeof(weight), " weight %u", n->weight);
		used += (size_t)snprintf(all + used, HOP_MAX, "%snexthop%s%s%s%s%s%s", i ? " " : "",
					 n->via.family ? " via " : "",
					 n->via.family ? gateway_text(r, &n->via, via) : "", dev ? " dev " : "",
					 dev ? dev : "", weight, n->onlink ? " onlink" : "");
	}
	return all;
}

static bool nexthop_equal(const struct nexthop *want, const struct nexthop *have)
{
	return !memcmp(&want->via, &have->via, sizeof(want->via)) && want->weight == have->weight &&
	       want->onlink == have->onlink && (!want->dev || !have->dev || !strcmp(want->dev, have->dev));
}

/* The kernel does not preserve the order; it fills in the interface where none was given. */
static bool nexthops_equal(const void *a, const void *b)
{
	const struct nexthops *x = a, *y = b;
	bool taken[NEXTHOPS_MAX] = { false };

	if (x->n != y->n || y->n > NEXTHOPS_MAX)
		return false;
	for (size_t i = 0; i < x->n; i++) {
		size_t j = 0;

		while (j < y->n && (taken[j] || !nexthop_equal(&x->v[i], &y->v[j])))
			j++;
		if (j == y->n)
			return false;
		taken[j] = true;
	}
	return true;
}

static struct json_object *nexthops_schema(_unused_ const struct field *f)
{
	struct json_object *list = json_tokener_parse("{\"type\": \"array\", \"minItems\": 1, \"maxItems\": 256}");
	struct json_object *item = json_tokener_parse("{\"type\": \"object\", \"additionalProperties\": false}");
	struct json_object *members = json_object_new_object();

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		json_object_object_add(members, rows[i].name, rows[i].type->schema(&rows[i]));
	json_object_object_add(item, "properties", members);
	json_object_object_add(list, "items", item);
	return list;
}

const struct type type_nexthops = {
	.name = "list of objects",
	.size = sizeof(struct nexthops),
	.copy = nexthops_copy,
	.parse = nexthops_parse,
	.format = nexthops_format,
	.equal = nexthops_equal,
	.say = nexthops_say,
	.schema = nexthops_schema,
};

static int route_key_parse(_unused_ const struct field *f, _unused_ const char *netns, void *dst,
			   struct json_object *in, _unused_ struct arena *a, struct err *e)
{
	struct route_key *k = dst;

	if (sscanf(json_object_get_string(in), "%u %u %u", &k->family, &k->metric, &k->table) != 3)
		return err_set(e, EINVAL, "must be family, metric and table");
	return 0;
}

static struct json_object *route_key_format(_unused_ const struct field *f, _unused_ const char *netns, const void *src)
{
	const struct route_key *k = src;
	char text[64];

	snprintf(text, sizeof(text), "%u %u %u", k->family, k->metric, k->table);
	return json_object_new_string(text);
}

static bool route_key_equal(const void *a, const void *b)
{
	return !memcmp(a, b, sizeof(struct route_key));
}

const struct type type_route_key = {
	.name = "route key",
	.size = sizeof(struct route_key),
	.parse = route_key_parse,
	.format = route_key_format,
	.equal = route_key_equal,
};
