/* SPDX-License-Identifier: MIT */
/* netns.c - a namespace: created before everything in it, named when all of it exists,
 * released when the change is committed. */
#include "forwarding.h"
#include "link.h"
#include "kernel/observer.h"
#include "kernel/sysctl.h"
#include "kernel/batch.h"

extern const struct kind kind_netns;

enum { FORWARD_IPV4 = 1, FORWARD_IPV6 = 2 };

struct netns_object {
	struct object object;
	bool existing;
	uint8_t forwarding; /* FORWARD_*, or-ed */
	const char *lo;
};

static int forwarding_parse(_unused_ const struct field *f, _unused_ const char *netns, void *dst,
			    struct json_object *in, _unused_ struct arena *a, struct err *e)
{
	const char *s = json_object_is_type(in, json_type_string) ? json_object_get_string(in) : "";

	if (json_object_is_type(in, json_type_boolean))
		*(uint8_t *)dst = json_object_get_boolean(in) ? FORWARD_IPV4 | FORWARD_IPV6 : 0;
	else if (!strcmp(s, "ipv4"))
		*(uint8_t *)dst = FORWARD_IPV4;
	else if (!strcmp(s, "ipv6"))
		*(uint8_t *)dst = FORWARD_IPV6;
	else
		return err_set(e, EINVAL, "must be true, false, \"ipv4\" or \"ipv6\"");
	return 0;
}

static struct json_object *forwarding_format(_unused_ const struct field *f, _unused_ const char *netns,
					     const void *src)
{
	uint8_t v = *(const uint8_t *)src;

	if (v == FORWARD_IPV4 || v == FORWARD_IPV6)
		return json_object_new_string(v == FORWARD_IPV4 ? "ipv4" : "ipv6");
	return json_object_new_boolean(v != 0);
}

static bool forwarding_equal(const void *a, const void *b)
{
	return *(const uint8_t *)a == *(const uint8_t *)b;
}

static struct json_object *forwarding_schema(_unused_ const struct field *f)
{
	return json_tokener_parse("{\"enum\": [true, false, \"ipv4\", \"ipv6\"]}");
}

static const struct type type_forwarding = {
	.name = "true, false, ipv4 or ipv6",
	.size = sizeof(uint8_t),
	.parse = forwarding_parse,
	.format = forwarding_format,
	.equal = forwarding_equal,
	.schema = forwarding_schema,
};

static const struct field fields[] = {
	FIELD(netns_object, existing, bool, .flags = WRITTEN, .kernel_default = "false",
	      .doc = "the namespace belongs to others: it is managed, never created or deleted"),
	FIELD(netns_object, forwarding, forwarding, .flags = OFF_INTERRUPTS, .kernel_default = "false",
	      .doc = "whether packets are forwarded (net.ipv4.ip_forward, net.ipv6.conf.all.forwarding)"),
	FIELD(netns_object, lo, link, .gives = "link", .flags = HIDDEN | WRITTEN, .doc = "the loopback"),
};

static bool is_host(const struct object *o)
{
	return !strcmp(o->netns, "host");
}

const char *const forwarding_keys[FORWARDING_KEYS] = { "ipv4.forwarding", "ipv6.forwarding", "ipv6.accept_ra" };

const char *const forwarding_shared[FORWARDING_SHARED] = { "net.ipv4.conf.all.accept_redirects",
							   "net.ipv4.conf.default.forwarding",
							   "net.ipv6.conf.default.forwarding" };

bool netns_says_forwarding(const struct object *netns)
{
	return netns && netns->managed && object_says(netns, "forwarding");
}

static enum affects netns_affects(const struct object *o, uint64_t mask, const struct object *other)
{
	const char *key = strrchr(other->id, ' ');
	bool shared = false;

	if (!o->managed || !(mask & field_bit(o->kind, "forwarding")) || !object_is(other, "sysctl"))
		return AFFECTS_NOT;
	for (size_t i = 0; i < FORWARDING_SHARED; i++)
		shared |= !strcmp(key + 1, forwarding_shared[i]);
	return shared || other->name ? AFFECTS_UNASKED : AFFECTS_NOT;
}

static int netns_check(struct object *o, struct err *e)
{
	struct netns_object *n = (struct netns_object *)o;

	if (is_host(o) && n->existing)
		return err_set(e, EINVAL, "\"existing\" is for namespaces; the host always exists");
	o->managed = is_host(o) || n->existing;
	return 0;
}

/* In a namespace that netnsd creates the loopback is up by default. */
static void netns_complete(struct model *m, struct object *o, _unused_ struct problems *p)
{
	struct netns_object *n = (struct netns_object *)o;
	struct object *lo;

	if (o->managed)
		return;
	n->lo = arena_fmt(&m->arena, "%s/" LOOPBACK, o->netns);
	OBJECT_SET(o, netns_object, lo);
	lo = model_find_ref(m, "link", n->lo);
	if (!lo) {
		lo = object_new(m, &kind_interface, o->netns, LOOPBACK);
		lo->where = o->where;
		model_add(m, lo, NULL);
	}
	if (!object_says(lo, "up"))
		object_set(m, lo, "up", "true");
}

static int forwarding_read(struct netns_object *n, struct err *e)
{
	char v4[16], v6[16];

	if (sysctl_read("net/ipv4/ip_forward", v4, sizeof(v4), e) < 0)
		return e->code;
	if (sysctl_read("net/ipv6/conf/all/forwarding", v6, sizeof(v6), e) < 0) {
		if (e->code != -ENOENT)
			return e->code;
		strcpy(v6, "0"); /* a kernel without IPv6 */
	}
	n->forwarding = (uint8_t)((atoi(v4) ? FORWARD_IPV4 : 0) | (atoi(v6) ? FORWARD_IPV6 : 0));
	OBJECT_SET(&n->object, netns_object, forwarding);
	return 0;
}

static int netns_observe(struct observer *obs, struct err *e)
{
	struct netns_object *n = (struct netns_object *)object_new(obs->observed, &kind_netns, obs->ns->name, NULL);
	bool asked = obs->extent.unsaid;

	for (size_t i = 0; i < ARRAY_SIZE(obs->wanted); i++) {
		const struct netns_object *w = (const struct netns_object *)obs->wanted[i];

		asked |= w && object_says(&w->object, "forwarding");
	}
	n->lo = arena_fmt(&obs->observed->arena, "%s/" LOOPBACK, obs->ns->name);
	OBJECT_SET(&n->object, netns_object, lo);
	n->object.cookie = rtnl_cookie(obs->nl);
	n->object.partial = obs->extent.only;
	observer_add(obs, &n->object);
	return asked ? forwarding_read(n, e) : 0;
}

/* IPv6 forwarding makes the kernel drop the default route that a router advertised,
 * unless accept_ra is 2 (Documentation/networking/ip-sysctl.rst). */
static int keep_advertised(const struct batch *b, struct err *e)
{
	const struct object *host = model_netns(b->plan->observed, "host");

	for (const struct object *o = host ? host->first : NULL; o; o = o->next) {
		char path[128], value[16];

		snprintf(path, sizeof(path), "net/ipv6/conf/%s/accept_ra", o->name ? o->name : "");
		if (!object_is(o, "link") || o->sign.hash)
			continue;
		if (sysctl_read(path, value, sizeof(value), e) < 0) {
			if (e->code != -ENOENT)
				return e->code;
		} else if (!strcmp(value, "1") && sysctl_write(path, "2", e) < 0) {
			return e->code;
		}
	}
	return 0;
}

static int forwarding_write(const struct batch *b, const struct op *op, struct err *e)
{
	const struct netns_object *n = (const struct netns_object *)op->after;
	bool v4 = n->forwarding & FORWARD_IPV4, v6 = n->forwarding & FORWARD_IPV6;
	int r;

	if (!object_says(op->after, "forwarding"))
		return 0;
	if (is_host(op->after) && v6 && keep_advertised(b, e) < 0)
		return e->code;
	_cleanup_(netns_leavep) int entered = netns_enter(batch_netns(b, op->after->netns), e);
	if (entered < 0)
		return entered;
	if (sysctl_write("net/ipv4/ip_forward", v4 ? "1" : "0", e) < 0)
		return e->code;
	r = sysctl_write("net/ipv6/conf/all/forwarding", v6 ? "1" : "0", e);
	return r == -ENOENT && !v6 ? 0 : r;
}

static int create_run(struct batch *b, struct op *ops, size_t n, struct err *e)
{
	_cleanup_(freep) struct netns **fresh = must(calloc(n, sizeof(*fresh)));
	int r;

	for (size_t i = 0; i < n; i++) {
		struct netns *ns = batch_netns(b, ops[i].after->netns);

		if (ns->state == NETNS_STALE || ns->state == NETNS_PLACEHOLDER) {
			b->refused = &ops[i];
			return err_set(e, EEXIST,
				       "%s/%s belongs to another program: it already exists and is not a "
				       "network namespace",
				       b->set->dir, ns->name);
		}
		fresh[i] = ns;
	}
	r = netns_make(b->set, TAKE(fresh), n, e);
	for (size_t i = 0; i < n && r == 0; i++)
		r = forwarding_write(b, &ops[i], e);
	return r;
}

static int netns_apply(struct batch *b, struct op *ops, size_t n, size_t *ret_taken, struct err *e)
{
	size_t run = 0;

	*ret_taken = 1;
	if (batch_flush(b, e) < 0)
		return e->code;
	b->refused = &ops[0];
	if (ops[0].before && ops[0].after)
		return forwarding_write(b, &ops[0], e);
	if (!ops[0].after)
		return netns_unname(b->set, batch_netns(b, ops[0].before->netns), e);
	while (run < n && ops[run].after && !ops[run].before && ops[run].after->kind == &kind_netns)
		run++;
	*ret_taken = run;
	return create_run(b, ops, run, e);
}

/* Rules come before forwarding (nft.c), sysctls after it. */
static unsigned netns_early(_unused_ const struct object *o)
{
	return 2;
}

const struct kind kind_netns = {
	.name = "namespace",
	.class = "netns",
	.label = "namespace",
	.doc = "a network namespace, visible to ip-netns(8) under its name",
	.form = FORM_BODY,
	.awaitable = true,
	.size = sizeof(struct netns_object),
	.fields = fields,
	.n_fields = ARRAY_SIZE(fields),
	.check = netns_check,
	.complete = netns_complete,
	.early = netns_early,
	.affects = netns_affects,
	.observe = netns_observe,
	.say_damage = link_say_damage,
	.apply = netns_apply,
};
