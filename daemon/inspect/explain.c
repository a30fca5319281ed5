/* SPDX-License-Identifier: MIT */
/* explain.c - goes with a packet from namespace to namespace, there and back. */
#include "explain.h"
#include "check.h"
#include "model/model.h"
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <stdarg.h>

enum { TEXT_SIZE = 1024 };

const char *hop_state_word(unsigned state)
{
	static const char *const words[] = {
		[HOP_PASSES] = "passes", [HOP_BROKEN] = "broken", [HOP_UNKNOWN] = "unknown"
	};

	return state < ARRAY_SIZE(words) ? words[state] : NULL;
}

const char *hop_stage_word(unsigned stage)
{
	static const char *const words[] = {
		[HOP_ROUTE] = "route", [HOP_NEIGHBOUR] = "neighbour", [HOP_LINK] = "link", [HOP_ARRIVAL] = "arrival"
	};

	return stage < ARRAY_SIZE(words) ? words[stage] : NULL;
}

struct hop *hop_add(struct explanation *x, enum hop_stage stage, enum hop_state state, const struct netns_fact *n,
		    const struct link_fact *l, const char *fmt, ...)
{
	struct hop *h = ARRAY_ADD(x, hops);
	char text[TEXT_SIZE];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	*h = (struct hop){ .back = x->back,
			   .stage = stage,
			   .state = state,
			   .n = n,
			   .object = place_of(&x->d, n, l),
			   .message = arena_strdup(&x->d.arena, text) };
	if (state != HOP_PASSES) {
		x->state = state;
		x->done = true;
	}
	return h;
}

void hop_ip(struct explanation *x, struct hop *h, const char *fmt, ...)
{
	char text[TEXT_SIZE];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	h->command = arena_fmt(&x->d.arena, "%s %s", netns_ip(&x->d.arena, h->n->name), text);
}

void hop_sysctl(struct explanation *x, struct hop *h, const char *key, const char *value)
{
	h->command = arena_fmt(&x->d.arena, "%ssysctl -w %s=%s", netns_exec(&x->d.arena, h->n->name), key, value);
}

/* Whether the object "NS" or "NS/IF" of a drift is @n, or @l in it. */
static bool is_about(const char *object, const struct netns_fact *n, const struct link_fact *l)
{
	size_t size = strlen(n->name);

	if (strncmp(object, n->name, size) != 0 || (object[size] && object[size] != '/'))
		return false;
	return !l || (object[size] && !strcmp(object + size + 1, l->name));
}

/* netnsctl up, if something in @n, or of its link @l unless NULL, is not as declared; @routing: a route or a rule. */
static void command_up(struct explanation *x, struct hop *h, const struct netns_fact *n, const struct link_fact *l,
		       bool routing)
{
	const struct facts *f = x->d.f;

	for (size_t t = 0; t < f->n_topologies && !h->command; t++)
		for (size_t i = 0; i < f->topologies[t].n_drifts; i++) {
			const struct drift_fact *d = &f->topologies[t].drifts[i];

			if (!d->open || !d->expected || !is_about(d->object, n, l) ||
			    (routing && strcmp(d->kind, "route") != 0 && strcmp(d->kind, "rule") != 0))
				continue;
			h->command = arena_fmt(&x->d.arena, "netnsctl up %s", f->topologies[t].name);
			break;
		}
}

void hop_up(struct explanation *x, struct hop *h, const struct link_fact *l)
{
	command_up(x, h, h->n, l, false);
}

void hop_up_at(struct explanation *x, struct hop *h, const struct netns_fact *n, const struct link_fact *l)
{
	command_up(x, h, n, l, false);
}

void hop_up_routes(struct explanation *x, struct hop *h)
{
	for (size_t i = x->n_hops; i--;)
		command_up(x, h, x->hops[i].n, NULL, true);
}

bool explain_address_missing(struct explanation *x, const struct netns_fact *n, const struct inet *ip)
{
	const struct facts *f = x->d.f;
	const char *text = ip_of(&x->d, ip);
	size_t size = strlen(text);

	for (size_t t = 0; t < f->n_topologies; t++)
		for (size_t i = 0; i < f->topologies[t].n_drifts; i++) {
			const struct drift_fact *d = &f->topologies[t].drifts[i];
			struct hop *h;

			if (!d->open || strcmp(d->kind, "address") != 0 || !d->expected ||
			    (n && !is_about(d->object, n, NULL)) || strncmp(d->expected, text, size) != 0 ||
			    (d->expected[size] && d->expected[size] != '/' && d->expected[size] != ' '))
				continue;
			h = hop_add(x, HOP_NEIGHBOUR, HOP_BROKEN, x->n, NULL, "its address %s is missing", text);
			h->object = d->object;
			h->command = arena_fmt(&x->d.arena, "netnsctl up %s", f->topologies[t].name);
			return true;
		}
	return false;
}

bool explain_is_local(const struct netns_fact *n, const struct inet *ip)
{
	for (size_t i = 0; i < n->s.n_addresses; i++)
		if (same_ip(&n->s.addresses[i].address, ip))
			return true;
	return false;
}

/* ---- who and whom ---- */

/* An end of the way: a namespace, one of its links or NULL, and the address that it has. */
struct end {
	const struct netns_fact *n;
	const struct link_fact *l;
	struct inet address; /* family 0: none */
	const char *gone;    /* what is not there, though it is declared: a sentence; NULL: it is there */
	const struct topology_fact *declares;
};

/* An address that others can reach. */
static bool is_usable(const struct end *at, const struct address_fact *a, uint8_t family)
{
	const struct link_fact *l = survey_link(&at->n->s, a->link);

	if (a->address.family != family || !l || a->scope >= RT_SCOPE_LINK)
		return false;
	return at->l ? l == at->l : !l->loopback;
}

static struct inet address_of(const struct end *at, uint8_t family)
{
	struct inet none = { 0 };

	for (size_t i = 0; i < at->n->s.n_addresses; i++)
		if (is_usable(at, &at->n->s.addresses[i], family)) {
			struct inet a = at->n->s.addresses[i].address;

			a.len = family == AF_INET ? 32 : 128;
			return a;
		}
	return none;
}

/* An interface that is missing may be one that a topology declares. */
static bool is_declared_link(const struct facts *f, const char *name, const char *link, struct end *ret)
{
	for (size_t t = 0; t < f->n_topologies; t++)
		for (size_t i = 0; i < f->topologies[t].n_links; i++)
			if (!strcmp(f->topologies[t].links[i].netns, name) &&
			    !strcmp(f->topologies[t].links[i].name, link)) {
				ret->gone = "the interface is gone";
				ret->declares = &f->topologies[t];
				return true;
			}
	return false;
}

static int find_end(const struct facts *f, const char *what, bool all, struct end *ret, struct err *e)
{
	size_t size = strcspn(what, "/");
	char name[80];

	*ret = (struct end){ 0 };
	snprintf(name, sizeof(name), "%.*s", (int)(size < sizeof(name) ? size : 0), what);
	ret->n = *name ? facts_netns(f, name) : NULL;
	/* Whether somebody else has it is not told, either. */
	if (!ret->n || (!ret->n->there && ret->n->topology < 0) || (ret->n->place == PLACE_FOREIGN && !all))
		return err_set(e, ENOENT, "%s", name);
	if (!ret->n->there) {
		ret->gone = "the namespace is gone";
		ret->declares = &f->topologies[ret->n->topology];
		return 0;
	}
	if (what[size])
		ret->l = survey_link_named(&ret->n->s, what + size + 1);
	if (!what[size] || ret->l || is_declared_link(f, name, what + size + 1, ret))
		return 0;
	return err_set(e, ENOENT, "%s", what);
}

/* The namespace that has an address. */
static int find_holder(const struct facts *f, const struct inet *ip, bool all, struct end *ret, struct err *e)
{
	char text[64];

	for (size_t i = 0; i < f->n_located; i++)
		if (same_ip(&f->located[i].a->address, ip) && (all || f->located[i].n->place != PLACE_FOREIGN)) {
			*ret = (struct end){ f->located[i].n, f->located[i].l, *ip };
			return 0;
		}
	return err_set(e, ENOENT, "%s", inet_text(ip, true, text));
}

static int find_ends(const struct facts *f, const struct explain_request *r, struct end *from, struct end *to,
		     struct err *e)
{
	struct inet ip;
	struct err bad;
	bool slash;
	int n = find_end(f, r->from, r->all, from, e);

	*to = (struct end){ 0 };
	if (n < 0)
		return n;
	if (inet_parse(r->to, &ip, &slash, &bad) >= 0 && !slash) {
		to->address = ip;
		from->address = address_of(from, ip.family);
		return r->reverse ? find_holder(f, &ip, r->all, to, e) : 0;
	}
	n = find_end(f, r->to, r->all, to, e);
	if (n < 0)
		return n;
	for (int v6 = 0; v6 < 2 && !(from->address.family && to->address.family); v6++) {
		to->address = address_of(to, v6 ? AF_INET6 : AF_INET);
		from->address = address_of(from, v6 ? AF_INET6 : AF_INET);
	}
	for (int v6 = 0; v6 < 2 && !to->address.family; v6++)
		to->address = address_of(to, v6 ? AF_INET6 : AF_INET);
	return 0;
}

static bool is_gone(struct explanation *x, const struct end *at, const char *what)
{
	struct hop *h;

	if (!at->gone)
		return false;
	h = hop_add(x, HOP_ARRIVAL, HOP_BROKEN, at->n, NULL, "%s", at->gone);
	h->object = arena_strdup(&x->d.arena, what);
	h->command = arena_fmt(&x->d.arena, "netnsctl up %s", at->declares->name);
	return true;
}

static void no_address(struct explanation *x, const struct end *at)
{
	hop_up(x, hop_add(x, HOP_ARRIVAL, HOP_BROKEN, at->n, at->l, "has no address that could be reached"), at->l);
}

int explain_begin(struct explanation *x, const struct facts *f, const struct explain_request *r, explain_lookup *lookup,
		  void *arg, struct err *e)
{
	struct end from, to, swap;
	uint8_t icmp;
	int n;

	*x = (struct explanation){ .d = { .f = f }, .lookup = lookup, .arg = arg };
	n = find_ends(f, r, &from, &to, e);
	if (n < 0 || is_gone(x, &from, r->from) || is_gone(x, &to, r->to))
		return n;
	if (r->reverse) {
		swap = from;
		from = to;
		to = swap;
	}
	icmp = to.address.family == AF_INET6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
	x->n = x->origin = from.n;
	x->target = to.n;
	x->flow = (struct flow){ .from = from.address,
				 .to = to.address,
				 .proto = r->proto ? r->proto : icmp,
				 .sport = r->reverse ? r->port : 0,
				 .dport = r->reverse ? 0 : r->port };
	if (!to.address.family)
		no_address(x, &to);
	/* An interface that was named has to have one. */
	else if (from.l && !from.address.family)
		no_address(x, &from);
	/* One of the namespace's: the kernel says which. */
	if (!from.l)
		x->flow.from = (struct inet){ 0 };
	return 0;
}

static bool same_flow(const struct flow *a, const struct flow *b)
{
	return same_ip(&a->from, &b->from) && same_ip(&a->to, &b->to) && a->proto == b->proto && a->sport == b->sport &&
	       a->dport == b->dport;
}

/* Whether it goes in a circle; or on and on. */
static bool is_lost(struct explanation *x)
{
	for (size_t i = 0; i < x->n_been; i++)
		if (x->been[i].in == x->in && same_flow(&x->been[i].flow, &x->flow)) {
			hop_add(x, HOP_ARRIVAL, HOP_BROKEN, x->n, x->in,
				"a loop: the packet has been here before, %zu hops ago", x->n_been - i);
			return true;
		}
	if (x->n_been == EXPLAIN_HOPS_MAX) {
		hop_add(x, HOP_ARRIVAL, HOP_BROKEN, x->n, x->in, "after %d hops the packet's time to live is over",
			EXPLAIN_HOPS_MAX);
		return true;
	}
	*ARRAY_ADD(x, been) = (struct been){ x->in, x->flow };
	return false;
}

/* Its source, which the kernel has chosen meanwhile. */
static struct inet source_of(const struct explanation *x, const struct passage *sent)
{
	for (size_t i = 0; i < x->n_translations; i++)
		if (x->translations[i].n == sent->n)
			return x->translations[i].before.from;
	return x->back ? x->flow.to : x->flow.from;
}

static void note_passage(struct explanation *x, const struct passage *p)
{
	struct passage *to = ARRAY_ADD(x, passages);

	*to = *p;
	if (!to->flow.from.family)
		to->flow.from = source_of(x, p);
}

static bool step(struct explanation *x)
{
	if (!x->in)
		explain_send(x);
	else if (!is_lost(x))
		explain_arrive(x);
	return !x->done;
}

bool explain_step(struct explanation *x)
{
	const struct passage here = { x->n, x->flow, x->back };
	bool more;

	if (x->done)
		return false;
	more = step(x);
	note_passage(x, &here);
	return more;
}

static size_t add_packet(struct passage *v, size_t n, size_t max, const struct passage *p)
{
	for (size_t i = 0; i < n; i++)
		if (same_flow(&v[i].flow, &p->flow))
			return n;
	if (n == max || !p->flow.from.family || !p->flow.to.family)
		return n;
	v[n] = *p;
	return n + 1;
}

size_t explain_packets(const struct explanation *x, const struct netns_fact *n, struct passage *ret, size_t max)
{
	size_t found = 0;

	for (size_t i = 0; i < x->n_passages; i++)
		if (x->passages[i].n == n)
			found = add_packet(ret, found, max, &x->passages[i]);
	for (size_t i = 0; i < x->n_translations; i++)
		if (x->translations[i].n == n)
			found = add_packet(ret, found, max,
					   &(struct passage){ n, flow_turned(&x->translations[i].after), true });
	for (size_t i = 0; i < x->n_passages; i++)
		if (x->passages[i].n == n && !x->passages[i].back)
			found = add_packet(ret, found, max,
					   &(struct passage){ n, flow_turned(&x->passages[i].flow), true });
	return found;
}

void explanation_done(struct explanation *x)
{
	free(x->hops);
	free(x->translations);
	free(x->been);
	free(x->passages);
	arena_done(&x->ruled);
	arena_done(&x->d.arena);
	*x = (struct explanation){ 0 };
}
