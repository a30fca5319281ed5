/* SPDX-License-Identifier: MIT */
/* suite.c - makes tests of the expectations of a topology, with the words that they are shown by. */
#include "suite.h"
#include "text.h"
#include "netnsd.h"
#include "model/kind.h"
#include "format/route_table.h"
#include <stdarg.h>

static const struct target *test_target(const struct expectation *x)
{
	return EXPECTS(x, ping) ? &x->ping : EXPECTS(x, tcp) ? &x->tcp : &x->udp;
}

static const char *target_text(struct arena *a, const struct target *t)
{
	char buf[64];

	return t->link ?: arena_strdup(a, inet_text(&t->address, true, buf));
}

/* ", 9 Mbit/s to 10 Mbit/s" */
static const char *rate_text(struct arena *a, const struct expectation *x)
{
	if (EXPECTS(x, rate_min) && EXPECTS(x, rate_max))
		return arena_fmt(a, ", %s to %s", text_rate(a, x->rate_min), text_rate(a, x->rate_max));
	if (EXPECTS(x, rate_min) || EXPECTS(x, rate_max))
		return arena_fmt(a, ", at %s %s", EXPECTS(x, rate_min) ? "least" : "most",
				 text_rate(a, EXPECTS(x, rate_min) ? x->rate_min : x->rate_max));
	return "";
}

/* ", round trip 18 ms to 22 ms, at most 1% lost" */
static const char *measure_text(struct arena *a, const struct expectation *x)
{
	const char *text = "";

	if (EXPECTS(x, rtt_min) && EXPECTS(x, rtt_max))
		text = arena_fmt(a, ", round trip %s to %s", text_duration(a, x->rtt_min),
				 text_duration(a, x->rtt_max));
	else if (EXPECTS(x, rtt_min) || EXPECTS(x, rtt_max))
		text = arena_fmt(a, ", round trip at %s %s", EXPECTS(x, rtt_min) ? "least" : "most",
				 text_duration(a, EXPECTS(x, rtt_min) ? x->rtt_min : x->rtt_max));
	if (EXPECTS(x, loss_max))
		text = arena_fmt(a, "%s, at most %g%% lost", text, x->loss_max / 1000.0);
	return text;
}

static const char *what_text(struct arena *a, const struct expectation *x)
{
	const char *to = target_text(a, test_target(x)), *not = x->reach ? "" : "no ";
	const char *table = EXPECTS(x, route) ? type_table.say(NULL, &x->table, a) : NULL;
	char buf[64];

	if (EXPECTS(x, route))
		return arena_fmt(a, "route %s%s%s%s%s%s%s", inet_text(&x->route, false, buf),
				 EXPECTS(x, via) ? " via " : "",
				 EXPECTS(x, via) ? target_text(a, &(struct target){ .address = x->via }) : "",
				 EXPECTS(x, dev) ? " dev " : "", EXPECTS(x, dev) ? x->dev : "", table ? " " : "",
				 table ? table : "");
	if (EXPECTS(x, ping))
		return arena_fmt(a, "%sping %s%s", not, to, measure_text(a, x));
	return arena_fmt(a, "%s%s %s port %u%s", not, EXPECTS(x, tcp) ? "tcp" : "udp", to, x->port, rate_text(a, x));
}

static const struct inet *address_of(const struct object *o)
{
	int i = object_is(o, "address") ? kind_field(o->kind, "address") : -1;

	return i < 0 ? NULL : object_at(o, (size_t)i);
}

/* The first address of the interface @link; of @family, unless that is 0. */
static const struct inet *link_address(const struct model *m, const char *link, uint8_t family)
{
	char netns[128];
	const struct object *o;

	snprintf(netns, sizeof(netns), "%.*s", (int)strcspn(link, "/"), link);
	o = model_netns(m, netns);
	for (o = o ? o->first : NULL; o; o = o->next) {
		const struct inet *i = address_of(o);

		if (i && !strcmp(o->place, link) && (!family || i->family == family))
			return i;
	}
	return NULL;
}

/* The namespace that has the address: @from itself, if it does, else the first. */
static const char *address_owner(const struct model *m, const struct inet *address, const char *from)
{
	const char *owner = NULL;

	for (size_t n = 0; n < m->n; n++) {
		const struct inet *i = address_of(m->objects[n]);

		if (!i || i->family != address->family || memcmp(i->addr, address->addr, sizeof(i->addr)) != 0)
			continue;
		owner = owner && strcmp(m->objects[n]->netns, from) != 0 ? owner : m->objects[n]->netns;
	}
	return owner;
}

int target_find(const struct suite *s, const struct expectation *x, const struct target *t, struct inet *ret,
		const char **ret_owner, struct err *e)
{
	const struct model *m = &s->topology.model;
	const struct inet *found;

	if (!t->link) {
		*ret = t->address;
		*ret_owner = address_owner(m, ret, x->from);
		return 0;
	}
	found = link_address(m, t->link, x->family);
	if (!found)
		return err_set(e, EADDRNOTAVAIL, "%s has no %saddress in the topology", t->link,
			       x->family == AF_INET6 ? "IPv6 "
			       : x->family           ? "IPv4 "
						     : "");
	*ret = *found;
	ret->len = found->family == AF_INET6 ? 128 : 32;
	*ret_owner = arena_fmt((struct arena *)&s->arena, "%.*s", (int)strcspn(t->link, "/"), t->link);
	return 0;
}

static void test_init(struct suite *s, struct test *t, const struct expectation *x)
{
	struct err e = {};

	*t = (struct test){ .x = x, .from = x->from, .what = what_text(&s->arena, x) };
	t->probe = (struct probe){ .watch.fd = -1, .x = x, .port = x->port };
	t->probe.type = EXPECTS(x, route)  ? &probe_route
			: EXPECTS(x, ping) ? &probe_ping
			: EXPECTS(x, tcp)  ? &probe_tcp
					   : &probe_udp;
	if (!EXPECTS(x, route) && target_find(s, x, test_target(x), &t->probe.to, &t->owner, &e) < 0)
		test_end(s, t, VERDICT_NOT_RUN, "%s", e.text);
}

int suite_init(struct suite *ret, const char *name, struct json_object *topology, struct err *e)
{
	_cleanup_(problems_done) struct problems p = {};
	struct suite s = {};

	if (load_json(topology, NULL, &all_kinds_once, &s.topology, &p) < 0)
		return err_set(e, EINVAL, "%s: %s%s%s", name, p.n ? p.v[0].where.pointer ?: "" : "", p.n ? ": " : "",
			       p.n ? p.v[0].message : "is not valid");
	s.name = arena_strdup(&s.arena, name);
	s.n = s.topology.expect.n;
	s.tests = must(calloc(s.n + 1, sizeof(*s.tests)));
	for (size_t i = 0; i < s.n; i++)
		test_init(&s, &s.tests[i], s.topology.expect.v[i]);
	*ret = s;
	return 0;
}

void suite_done(struct suite *s)
{
	for (size_t i = 0; i < s->n; i++) {
		probe_end(&s->tests[i].probe);
		free(s->tests[i].probe.trips);
	}
	free(s->tests);
	declaration_done(&s->topology);
	arena_done(&s->arena);
	*s = (struct suite){};
}

void test_end(struct suite *s, struct test *t, enum verdict verdict, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	t->verdict = verdict;
	t->detail = arena_strdup(&s->arena, text);
	s->count[verdict]++;
	probe_end(&t->probe);
}

int suites_exit(const struct suite *s, size_t n)
{
	size_t count[N_VERDICTS] = {};

	for (size_t i = 0; i < n; i++)
		for (size_t v = 0; v < N_VERDICTS; v++)
			count[v] += s[i].count[v];
	return count[VERDICT_FAILS] ? EXIT_FAILED : count[VERDICT_NOT_RUN] ? EXIT_PENDING : EXIT_DONE;
}
