/* SPDX-License-Identifier: MIT */
/* nft_check.c - what nat and filter say of other objects: names of interfaces, networks of targets, and the number of
 * rules. */
#include "nft.h"
#include "base/suggest.h"

static const struct nft *nft_of(const struct model *m, const char *netns)
{
	return (const struct nft *)model_find_ref(m, "nft", netns);
}

/* ---- interfaces ---- */

struct place {
	const struct model *model;
	const struct object *o, *netns;
	struct problems *problems;
};

static void name_check(const struct place *at, const char *pointer, const struct nft_value *v)
{
	struct suggest suggest = suggest_counted(v->text, &at->problems->compared);
	char ref[128];

	snprintf(ref, sizeof(ref), "%s/%s", at->o->netns, v->text);
	/* "*" says so, also after a name that nothing can be longer than. */
	if (v->bits != NFT_EXACT || v->text[strlen(v->text) - 1] == '*' || model_find_ref(at->model, "link", ref))
		return;
	for (const struct object *o = at->netns->first; o && !suggest_is_spent(&suggest); o = o->next)
		if (object_is(o, "link") && o->name)
			suggest_try(&suggest, o->name);
	if (suggest.best)
		object_problem(at->problems, -EINVAL, at->o, pointer, "%s is not an interface of %s; did you mean %s?",
			       v->text, at->o->netns, suggest.best);
	else
		object_problem(at->problems, -EINVAL, at->o, pointer,
			       "%s is not an interface of %s; if another program creates it there, write \"%s*\"",
			       v->text, at->o->netns, v->text);
}

static void names_check(const struct place *at, const char *section, size_t i, const char *key,
			const struct nft_list *list)
{
	char pointer[96];

	for (size_t k = 0; k < list->n; k++) {
		snprintf(pointer, sizeof(pointer), "%s/%zu/%s", section, i, key);
		if (list->n > 1)
			snprintf(pointer + strlen(pointer), sizeof(pointer) - strlen(pointer), "/%zu", k);
		name_check(at, pointer, &list->v[k]);
	}
}

static void entries_check(const struct place *at, const char *section, const struct nft_entry *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		names_check(at, section, i, "in", &v[i].in);
		names_check(at, section, i, "out", &v[i].out);
	}
}

/* Whether the canonical text has names of interfaces, or looks like it: most have not, and need not be taken apart. */
static bool has_names(const char *text)
{
	return text && (strstr(text, "\"in\":") || strstr(text, "\"out\":"));
}

void nft_check_netns(const struct model *m, const struct object *netns, struct problems *p)
{
	const struct nft *o = nft_of(m, netns->netns);
	const struct place at = { m, o ? &o->object : NULL, netns, p };
	struct nft_filter filter;
	struct nft_nat nat;
	struct arena a = { 0 };

	/* On a machine, or in a namespace of others, an interface may come later. */
	if (!o || netns->managed)
		return;
	nft_nat_get(has_names(o->nat) ? o->nat : NULL, &nat, &a);
	nft_filter_get(has_names(o->filter) ? o->filter : NULL, &filter, &a);
	entries_check(&at, "nat/masquerade", nat.masquerade, nat.n_masquerade);
	entries_check(&at, "nat/dnat", nat.dnat, nat.n_dnat);
	entries_check(&at, "filter/rules", filter.rules, filter.n);
	arena_done(&a);
}

/* ---- networks of targets ---- */

/* The address of the namespace in whose network the target is. */
static const struct object *network_of(const struct model *m, const struct nft_target *t, const char *netns,
				       struct inet *ret)
{
	const struct object *ns = model_netns(m, netns), *best = NULL;
	struct inet target = { .family = t->families == NFT_IPV4 ? AF_INET : AF_INET6 };

	target.len = t->families == NFT_IPV4 ? 32 : 128;
	memcpy(target.addr, t->from, sizeof(target.addr));
	for (const struct object *o = ns ? ns->first : NULL; o; o = o->next) {
		int i = object_is(o, "address") ? kind_field(o->kind, "address") : -1;
		const struct inet *own = i >= 0 ? object_at(o, (size_t)i) : NULL;

		if (!own || !inet_covers(own, &target) || (best && own->len <= ret->len))
			continue;
		best = o;
		*ret = inet_net(own);
	}
	return best;
}

static void hairpin_add(struct nft_entry *e, const struct inet *net, struct arena *a)
{
	char text[64];
	struct err err;

	e->hairpin = (struct nft_list){ arena_alloc(a, sizeof(*e->hairpin.v)), 1, false };
	if (nft_addresses.parse(inet_text(net, false, text), e->hairpin.v, a, &err) < 0)
		abort();
}

/* Answers to 127.0.0.1 arrive at the interface towards the target, where the kernel drops them otherwise. */
static void localhost_add(struct model *m, const struct object *address)
{
	const struct kind *k = NULL;
	struct object *o;

	for (size_t i = 0; i < m->kinds->n && !k; i++)
		if (m->kinds->v[i]->in_link && !strcmp(m->kinds->v[i]->class, "sysctl"))
			k = m->kinds->v[i];
	o = k ? object_new(m, k, address->netns, address->name) : NULL;
	if (!o)
		return;
	object_set(m, o, "key", "\"ipv4.route_localnet\"");
	object_set(m, o, "value", "1");
	o->where = address->where;
	model_add(m, o, NULL);
}

void nft_complete(struct model *m, struct object *o, struct problems *p)
{
	struct nft *nft = (struct nft *)o;
	struct arena a = { 0 };
	struct nft_nat nat;

	nft_nat_get(nft->nat, &nat, &a);
	for (size_t i = 0; i < nat.n_dnat; i++) {
		struct inet net;
		const struct object *address = network_of(m, &nat.dnat[i].target, o->netns, &net);
		char pointer[64];

		snprintf(pointer, sizeof(pointer), "nat/dnat/%zu/localhost", i);
		if (address && !nat.dnat[i].hairpin.n && net.len < (net.family == AF_INET ? 32 : 128))
			hairpin_add(&nat.dnat[i], &net, &a);
		if (nat.dnat[i].localhost && address)
			localhost_add(m, address);
		else if (nat.dnat[i].localhost)
			object_problem(p, -EINVAL, o, pointer,
				       "needs an address in the network of %s here, on the interface towards it",
				       nat.dnat[i].target.text);
	}
	if (nat.n_dnat)
		nft->nat = nft_nat_text(&nat, &m->arena);
	arena_done(&a);
}

/* ---- other topologies ---- */

/* Whether both would take the same packets: which of them gets them would be decided by the names of the topologies. */
static bool dnats_meet(const struct nft_entry *x, const struct nft_entry *y)
{
	return x->target.families == y->target.families && nft_sorted_meet(&x->proto, &y->proto) &&
	       nft_sorted_meet(&x->port, &y->port) && nft_sorted_meet(&x->at, &y->at) &&
	       nft_sorted_meet(&x->in, &y->in) && nft_sorted_meet(&x->from, &y->from);
}

const char *nft_excludes(struct arena *a, const struct object *want, const struct object *other)
{
	const struct nft *mine = (const struct nft *)want, *theirs = (const struct nft *)other;
	struct nft_nat x, y;
	struct arena own = { 0 };
	const char *found = NULL;

	if (mine->filter && theirs->filter)
		return "\"filter\"";
	nft_nat_get(mine->nat, &x, &own);
	nft_nat_get(theirs->nat, &y, &own);
	nft_entries_sort(x.dnat, x.n_dnat);
	nft_entries_sort(y.dnat, y.n_dnat);
	for (size_t i = 0; i < x.n_dnat && !found; i++)
		for (size_t k = 0; k < y.n_dnat && !found; k++)
			if (dnats_meet(&x.dnat[i], &y.dnat[k]))
				found = arena_fmt(a, "what \"dnat\" %zu sends to %s", i, x.dnat[i].target.text);
	arena_done(&own);
	return found;
}
