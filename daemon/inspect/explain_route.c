/* SPDX-License-Identifier: MIT */
/* explain_route.c - the kernel's answer for a packet, and why it refuses one: an error names no entry, so what may be the
 * reason is gone through in the order in which the kernel does. */
#include "check.h"
#include "explain.h"
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

static int ask(struct explanation *x, const struct inet *to, const struct inet *from, const struct link_fact *in,
	       struct route_answer *ret)
{
	struct route_query q = { .to = *to,
				 .in = in ? in->index : 0,
				 .proto = x->flow.proto,
				 .sport = x->flow.sport,
				 .dport = x->flow.dport };

	if (from)
		q.from = *from;
	*ret = (struct route_answer){ 0 };
	return x->lookup(x->arg, x->n, &q, ret);
}

static const char *table_of(struct explanation *x, uint32_t table)
{
	const struct survey *s = &x->n->s;

	if (table == RT_TABLE_MAIN || table == RT_TABLE_LOCAL || !table)
		return table == RT_TABLE_LOCAL ? "local" : "main";
	for (size_t i = 0; i < s->n_rules; i++)
		if (s->rules[i].family == x->flow.to.family && s->rules[i].table == table)
			return arena_fmt(&x->d.arena, "%u, to which the rule of priority %u leads", table,
					 s->rules[i].priority);
	return arena_fmt(&x->d.arena, "%u", table);
}

const char *explain_entry(struct explanation *x, const struct route_answer *a)
{
	const struct link_fact *out = survey_link(&x->n->s, a->out);
	char entry[64];

	return arena_fmt(&x->d.arena, "%s%s%s%s%s, table %s",
			 a->matched ? inet_text(&a->entry, false, entry) : ip_of(&x->d, &x->flow.to),
			 a->via.family ? " via " : "", a->via.family ? ip_of(&x->d, &a->via) : "", out ? " dev " : "",
			 out ? out->name : "", table_of(x, a->table));
}

static bool is_special(uint8_t type)
{
	return type == RTN_BLACKHOLE || type == RTN_UNREACHABLE || type == RTN_PROHIBIT || type == RTN_THROW;
}

static const char *special_word(uint8_t type)
{
	static const char *const words[] = { [RTN_BLACKHOLE] = "blackhole",
					     [RTN_UNREACHABLE] = "unreachable",
					     [RTN_PROHIBIT] = "prohibit",
					     [RTN_THROW] = "throw" };

	return words[type];
}

/* ---- why it is refused ---- */

static bool forwarding_is_off(struct explanation *x)
{
	bool v6 = x->flow.to.family == AF_INET6, all = v6 ? x->n->s.forwards6 : x->n->s.forwards4;
	struct hop *h;

	if (!x->in || explain_is_local(x->n, &x->flow.to) || (all && (v6 || x->in->forwards4)))
		return false;
	h = hop_add(x, HOP_ARRIVAL, HOP_BROKEN, x->n, all ? x->in : NULL,
		    "%s is not forwarded here, and %s is elsewhere", v6 ? "IPv6" : "IPv4", ip_of(&x->d, &x->flow.to));
	hop_sysctl(x, h,
		   v6    ? "net.ipv6.conf.all.forwarding"
		   : all ? arena_fmt(&x->d.arena, "net/ipv4/conf/%s/forwarding", word_of(&x->d, x->in->name))
			 : "net.ipv4.ip_forward",
		   "1");
	return true;
}

/* What comes in from an address of the namespace itself is dropped as a martian, unless accept_local is on. */
static bool comes_from_itself(struct explanation *x)
{
	if (!x->in || x->flow.to.family != AF_INET || !explain_is_local(x->n, &x->flow.from))
		return false;
	if (x->n == (x->back ? x->target : x->origin))
		hop_add(x, HOP_ARRIVAL, HOP_BROKEN, x->n, x->in,
			"a loop: the packet is back at its sender, which drops it");
	else
		hop_add(x, HOP_ARRIVAL, HOP_BROKEN, x->n, x->in,
			"its source %s is an address here, too: what comes in from that is dropped",
			ip_of(&x->d, &x->flow.from));
	return true;
}

/* The kernel accepts a packet only where it would send to its source. */
static bool rp_filter_stops(struct explanation *x)
{
	uint8_t value = x->in && x->in->rp_filter > x->n->s.rp_filter ? x->in->rp_filter : x->n->s.rp_filter;
	const struct inet *from = explain_is_local(x->n, &x->flow.to) ? &x->flow.to : NULL;
	const struct link_fact *out;
	struct route_answer a;
	struct hop *h;
	int r;

	if (!x->in || !value || x->flow.to.family != AF_INET)
		return false;
	r = ask(x, &x->flow.from, from, NULL, &a);
	if (r == 0 && (value > 1 || a.out == x->in->index))
		return false;
	out = r == 0 ? survey_link(&x->n->s, a.out) : NULL;
	h = hop_add(x, HOP_ARRIVAL, HOP_BROKEN, x->n, x->in,
		    out ? "rp_filter %u drops it: the way to its source %s is by %s"
			: "rp_filter %u drops it: there is no route to its source %s%s",
		    value, ip_of(&x->d, &x->flow.from), out ? out->name : "");
	if (out)
		hop_sysctl(x, h, arena_fmt(&x->d.arena, "net/ipv4/conf/%s/rp_filter", word_of(&x->d, x->in->name)),
			   "2");
	else
		hop_up(x, h, NULL);
	return true;
}

/* A route that refuses, of the type that the kernel's error stands for; the longest. */
static const struct route_fact *special_route(const struct explanation *x, int error)
{
	uint8_t type = error == -EACCES ? RTN_PROHIBIT : error == -EINVAL ? RTN_BLACKHOLE : RTN_UNREACHABLE;
	const struct route_fact *best = NULL;

	for (size_t i = 0; i < x->n->s.n_routes; i++) {
		const struct route_fact *r = &x->n->s.routes[i];

		if (r->family != x->flow.to.family || r->type != type ||
		    (r->to.family && !inet_covers(&r->to, &x->flow.to)) || (best && best->to.len >= r->to.len))
			continue;
		best = r;
	}
	return best;
}

/* What a rule does that has the kernel answer so. */
static uint8_t rule_action(int error)
{
	return error == -EACCES ? FR_ACT_PROHIBIT : error == -EINVAL ? FR_ACT_BLACKHOLE : FR_ACT_UNREACHABLE;
}

static bool special_refuses(struct explanation *x, int error)
{
	const struct route_fact *r = special_route(x, error);
	const char *word = r ? special_word(r->type) : NULL;
	char to[64];
	struct hop *h;

	if (r) {
		inet_text(&r->to, false, to);
		h = hop_add(x, HOP_ROUTE, HOP_BROKEN, x->n, NULL, "%s %s, table %s", word, to, table_of(x, r->table));
		hop_ip(x, h, "%sroute del %s %s table %u", r->family == AF_INET6 ? "-6 " : "", word, to, r->table);
		return true;
	}
	for (size_t i = 0; i < x->n->s.n_rules; i++) {
		const struct rule_fact *rule = &x->n->s.rules[i];

		/* Packets have no mark here. */
		if (rule->family != x->flow.to.family || rule->marked || rule->action != rule_action(error))
			continue;
		h = hop_add(x, HOP_ROUTE, HOP_BROKEN, x->n, NULL, "a rule refuses it, as it seems that of priority %u",
			    rule->priority);
		hop_ip(x, h, "%srule del priority %u", rule->family == AF_INET6 ? "-6 " : "", rule->priority);
		return true;
	}
	return false;
}

/* A link that is down takes its routes with it. */
static bool link_is_down(struct explanation *x)
{
	for (size_t i = 0; i < x->n->s.n_links; i++) {
		const struct link_fact *l = &x->n->s.links[i];
		const struct declared_link *declared = x->n->declared ? x->n->declared[i] : NULL;
		struct hop *h;

		if (l->up || (declared && declared->down) || (x->n->declared && !declared && !l->loopback) ||
		    (l->loopback && !explain_is_local(x->n, &x->flow.to)))
			continue;
		h = hop_add(x, HOP_LINK, HOP_BROKEN, x->n, l, "is down, and its routes with it: there is none to %s",
			    ip_of(&x->d, &x->flow.to));
		hop_up(x, h, l);
		if (!h->command)
			hop_ip(x, h, "link set %s up", word_of(&x->d, l->name));
		return true;
	}
	return false;
}

/* The only one beside it that forwards, whose address is a gateway for it; NULL: there is none, or several. */
static const struct located *only_router(const struct explanation *x)
{
	const struct located *found = NULL;

	for (size_t i = 0; i < x->n->s.n_links; i++) {
		size_t n = 0;
		const struct located *v = facts_segment(x->d.f, x->n->s.links[i].segment, &n);

		for (size_t k = 0; k < n; k++) {
			bool v6 = x->flow.to.family == AF_INET6;

			if (v[k].n == x->n || v[k].a->address.family != x->flow.to.family ||
			    v[k].n->place == PLACE_FOREIGN || v[k].a->scope >= RT_SCOPE_LINK ||
			    !(v6 ? v[k].n->s.forwards6 : v[k].n->s.forwards4))
				continue;
			if (found)
				return NULL;
			found = &v[k];
		}
	}
	return found;
}

void explain_refused(struct explanation *x, int error)
{
	const struct located *router;
	struct route_answer a;
	struct hop *h;
	int without = error;

	if (error == -ESTALE) {
		hop_add(x, HOP_ROUTE, HOP_UNKNOWN, x->n, NULL, "the namespace has just gone");
		return;
	}
	if (explain_address_missing(x, x->n, &x->flow.to) || forwarding_is_off(x) || comes_from_itself(x) ||
	    rp_filter_stops(x))
		return;
	/* What the kernel says of a packet that came in is the same for many reasons. */
	if (x->in)
		without = ask(x, &x->flow.to, NULL, NULL, &a);
	if (special_refuses(x, without < 0 ? without : error) || link_is_down(x))
		return;
	if (without == 0) {
		hop_add(x, HOP_ROUTE, HOP_BROKEN, x->n, x->in,
			"the kernel refuses what comes in here for %s: %s; a rule of routing may be about it",
			ip_of(&x->d, &x->flow.to), strerror(-error));
		return;
	}
	if (explain_unsure(x))
		return;
	h = hop_add(x, HOP_ROUTE, HOP_BROKEN, x->n, NULL, "there is no route to %s", ip_of(&x->d, &x->flow.to));
	hop_up(x, h, NULL);
	hop_up_routes(x, h);
	router = h->command ? NULL : only_router(x);
	if (router)
		hop_ip(x, h, "route add %s via %s", ip_of(&x->d, &x->flow.to), ip_of(&x->d, &router->a->address));
}

bool explain_route(struct explanation *x, struct route_answer *ret)
{
	const struct inet *from = x->flow.from.family ? &x->flow.from : NULL;
	int r = ask(x, &x->flow.to, from, x->in, ret);
	struct hop *h;

	/* Always with a source: a rule may be about it. */
	if (r == 0 && !from && ret->source.family) {
		x->flow.from = ret->source;
		r = ask(x, &x->flow.to, &x->flow.from, x->in, ret);
	}
	if (r < 0) {
		explain_refused(x, r);
		return false;
	}
	if (ret->type == RTN_BROADCAST || ret->type == RTN_MULTICAST || ret->type == RTN_ANYCAST) {
		hop_add(x, HOP_ROUTE, HOP_UNKNOWN, x->n, NULL,
			"%s is an address of many: a packet is followed to one only", ip_of(&x->d, &x->flow.to));
		return false;
	}
	/* IPv6 answers also where it does not forward. */
	if (ret->type != RTN_LOCAL && x->flow.to.family == AF_INET6 && forwarding_is_off(x))
		return false;
	if (!is_special(ret->type))
		return true;
	h = hop_add(x, HOP_ROUTE, HOP_BROKEN, x->n, NULL, "%s %s", special_word(ret->type), explain_entry(x, ret));
	if (ret->matched) {
		char entry[64];

		hop_ip(x, h, "%sroute del %s %s table %u", x->flow.to.family == AF_INET6 ? "-6 " : "",
		       special_word(ret->type), inet_text(&ret->entry, false, entry), ret->table);
	}
	return false;
}
