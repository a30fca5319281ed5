/* SPDX-License-Identifier: MIT */
/* route_option.c - what a route does besides leading somewhere: its metrics, its lifetime, its encapsulation.
 * Somebody may set all of it on a route that still carries our mark. */
#include "kernel/observer.h"
#include "model/owner.h"
#include "route.h"
#include "kernel/batch.h"
#include <linux/rtnetlink.h>

/* The metrics that path MTU discovery and TCP may not change (ip-route(8)). */
static const struct word metrics[] = {
	{ "mtu", RTAX_MTU },           { "window", RTAX_WINDOW },         { "rtt", RTAX_RTT },
	{ "rttvar", RTAX_RTTVAR },     { "ssthresh", RTAX_SSTHRESH },     { "cwnd", RTAX_CWND },
	{ "advmss", RTAX_ADVMSS },     { "reordering", RTAX_REORDERING }, { "hoplimit", RTAX_HOPLIMIT },
	{ "initcwnd", RTAX_INITCWND }, { "features", RTAX_FEATURES },     { "rto_min", RTAX_RTO_MIN },
	{ "initrwnd", RTAX_INITRWND }, { "quickack", RTAX_QUICKACK },     { "congctl", RTAX_CC_ALGO },
};

static int lock_parse(_unused_ const struct field *f, _unused_ const char *netns, void *dst, struct json_object *in,
		      _unused_ struct arena *a, struct err *e)
{
	const char *s = json_object_is_type(in, json_type_string) ? json_object_get_string(in) : "";
	size_t n;

	for (; *s; s += n + (s[n] == ' ')) {
		size_t i = 0;

		n = strcspn(s, " ");
		while (i < ARRAY_SIZE(metrics) && (strlen(metrics[i].name) != n || strncmp(s, metrics[i].name, n)))
			i++;
		if (i == ARRAY_SIZE(metrics))
			return err_set(e, EINVAL, "%.64s is not a metric of a route", s);
		*(uint32_t *)dst |= UINT32_C(1) << metrics[i].value;
	}
	return 0;
}

static struct json_object *lock_format(_unused_ const struct field *f, _unused_ const char *netns, const void *src)
{
	char text[160] = "";

	for (size_t i = 0; i < ARRAY_SIZE(metrics); i++) {
		size_t n = strlen(text);

		if (*(const uint32_t *)src & UINT32_C(1) << metrics[i].value)
			snprintf(text + n, sizeof(text) - n, "%s%s", n ? " " : "", metrics[i].name);
	}
	return json_object_new_string(text);
}

static bool lock_equal(const void *a, const void *b)
{
	return *(const uint32_t *)a == *(const uint32_t *)b;
}

const struct type type_metric_lock = {
	.name = "metrics of a route",
	.size = sizeof(uint32_t),
	.parse = lock_parse,
	.format = lock_format,
	.equal = lock_equal,
};

/* Time passes: a limited lifetime equals any other limited one. */
static bool expires_equal(const void *a, const void *b)
{
	return !*(const uint32_t *)a == !*(const uint32_t *)b;
}

const struct type type_expires = {
	.name = "seconds",
	.size = sizeof(uint32_t),
	.parse = type_number_parse,
	.format = type_number_format,
	.equal = expires_equal,
};

enum { ENCAP_MAX = 1024 };

/* "1:00ff": its type, and the attribute as the kernel reports it. */
static int encap_parse(_unused_ const struct field *f, _unused_ const char *netns, void *dst, struct json_object *in,
		       struct arena *a, struct err *e)
{
	const char *s = json_object_is_type(in, json_type_string) ? json_object_get_string(in) : "",
		   *hex = strchr(s, ':');
	size_t n = hex ? strlen(hex + 1) / 2 : 0;
	struct encap *to = dst;
	uint8_t *data;

	if (!hex || sscanf(s, "%hu:", &to->type) != 1 || n > ENCAP_MAX)
		return err_set(e, EINVAL, "must be a type and an attribute");
	to->data = data = arena_alloc(a, n + 1);
	to->size = (uint16_t)n;
	for (size_t i = 0; i < n; i++)
		if (sscanf(hex + 1 + 2 * i, "%2hhx", &data[i]) != 1)
			return err_set(e, EINVAL, "must be a type and an attribute");
	return 0;
}

static struct json_object *encap_format(_unused_ const struct field *f, _unused_ const char *netns, const void *src)
{
	const struct encap *from = src;
	char text[2 * ENCAP_MAX + 16];
	size_t n = (size_t)snprintf(text, sizeof(text), "%u:", from->type);

	for (size_t i = 0; i < from->size && i < ENCAP_MAX; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%02x", from->data[i]);
	return json_object_new_string(text);
}

static void encap_copy(void *dst, const void *src, struct arena *a)
{
	struct encap *to = dst;
	uint8_t *data;

	*to = *(const struct encap *)src;
	data = arena_alloc(a, to->size + 1U);
	if (to->size)
		memcpy(data, to->data, to->size);
	to->data = data;
}

static bool encap_equal(const void *a, const void *b)
{
	const struct encap *x = a, *y = b;

	return x->type == y->type && x->size == y->size && (!x->size || !memcmp(x->data, y->data, x->size));
}

/* Its contents need a parser for each type. */
static char *encap_say(_unused_ const char *netns, const void *src, struct arena *a)
{
	return arena_fmt(a, "encap of type %u", ((const struct encap *)src)->type);
}

const struct type type_encap = {
	.name = "encapsulation",
	.size = sizeof(struct encap),
	.copy = encap_copy,
	.parse = encap_parse,
	.format = encap_format,
	.equal = encap_equal,
	.say = encap_say,
};

/* The values as they are in memory, of rows at @place. */
static void rows_read(struct object *o, enum nla_place place, struct nlattr **attributes, int max)
{
	for (size_t i = 0; i < o->kind->n_fields; i++) {
		const struct field *f = &o->kind->fields[i];
		const struct nlattr *a = f->nla && f->nla <= max && f->place == place ? attributes[f->nla] : NULL;

		if (!a || nla_len(a) < (int)f->type->size)
			continue;
		memcpy(object_at(o, i), nla_data(a), f->type->size);
		o->set |= bit(i);
	}
}

/* Whether there were any. */
static bool rows_put(const struct object *o, enum nla_place place, struct nl_msg *m)
{
	uint64_t mask = object_unusual(o);
	bool any = false;

	for (size_t i = 0; i < o->kind->n_fields; i++) {
		const struct field *f = &o->kind->fields[i];

		if (!f->nla || f->place != place || !(mask & bit(i)))
			continue;
		msg_put(m, f->nla, object_at(o, i), f->type->size);
		any = true;
	}
	return any;
}

static void read_metrics(struct route *r, struct nlattr *from, struct arena *arena)
{
	struct nlattr *m[RTAX_MAX + 1];

	if (nla_parse_nested(m, RTAX_MAX, from, NULL) < 0)
		return;
	rows_read(&r->object, NLA_METRICS, m, RTAX_MAX);
	if (m[RTAX_CC_ALGO])
		r->congctl = arena_strdup(arena, nla_data(m[RTAX_CC_ALGO]));
}

static void read_encap(struct route *r, const struct nlattr *type, const struct nlattr *from, struct arena *arena)
{
	int n = nla_len(from);
	uint8_t *data = arena_alloc(arena, (size_t)n + 1);

	memcpy(data, nla_data(from), (size_t)n);
	r->encap = (struct encap){ nla_get_u16(type), (uint16_t)n, data };
}

void route_read_options(struct route *r, struct nlattr **a, struct arena *arena)
{
	const struct rta_cacheinfo *lives = a[RTA_CACHEINFO] ? nla_data(a[RTA_CACHEINFO]) : NULL;

	if (a[RTA_METRICS])
		read_metrics(r, a[RTA_METRICS], arena);
	rows_read(&r->object, NLA_MESSAGE, a, RTA_MAX);
	if (a[RTA_ENCAP] && a[RTA_ENCAP_TYPE] && nla_len(a[RTA_ENCAP]) <= ENCAP_MAX)
		read_encap(r, a[RTA_ENCAP_TYPE], a[RTA_ENCAP], arena);
	/* Hundredths of a second. */
	if (r->key.family == AF_INET6 && lives && lives->rta_expires)
		r->expires = ((uint32_t)lives->rta_expires + 99) / 100;
	r->nhid = a[RTA_NH_ID] ? nla_get_u32(a[RTA_NH_ID]) : 0;
	OBJECT_SET(&r->object, route, expires);
	OBJECT_SET(&r->object, route, nhid);
	object_set_usual(&r->object);
	OBJECT_SET(&r->object, route, congctl);
	OBJECT_SET(&r->object, route, encap);
	OBJECT_SET(&r->object, route, src);
}

void route_put_options(const struct route *r, struct nl_msg *m)
{
	struct nlattr *nest = nla_nest_start(m, RTA_METRICS);
	bool any = rows_put(&r->object, NLA_METRICS, m);

	if (r->congctl)
		msg_put_string(m, RTAX_CC_ALGO, r->congctl);
	if (any || r->congctl)
		nla_nest_end(m, nest);
	else
		nla_nest_cancel(m, nest);
	rows_put(&r->object, NLA_MESSAGE, m);
	if (r->expires)
		msg_put_u32(m, RTA_EXPIRES, r->expires);
	if (!r->encap.type)
		return;
	msg_put(m, RTA_ENCAP_TYPE, &r->encap.type, sizeof(r->encap.type));
	msg_put(m, RTA_ENCAP | NLA_F_NESTED, r->encap.data, r->encap.size);
}

void route_set_shape(struct route *r, uint8_t scope)
{
	uint32_t hops = r->nexthops.n ? (uint32_t)r->nexthops.n : r->via.family ? 1 : 0;

	r->shape = hops << 8 | scope;
	OBJECT_SET(&r->object, route, shape);
}
