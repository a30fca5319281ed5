/* SPDX-License-Identifier: MIT */
/* nft_export.c - what other programs have in nftables, as "nat" and "filter": a table that consists of nothing else, or its
 * name. */
#include "nft.h"
#include "kernel/nft_owner.h"
#include "kernel/nft_seen.h"
#include "kernel/observer.h"
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

/* What tables say together: lists of entries, and sentences about what is not quite the same. */
struct said {
	struct json_object *masquerade, *dnat, *rules, *remarks;
};

struct exporting_rules {
	struct observer *obs;
	struct nft_ruleset set;
	struct arena a;
	struct said all, table; /* of all tables, and of the one that is being read */
};

static bool is_filter_verb(enum nft_verb verb)
{
	return verb == NFT_DO_ACCEPT || verb == NFT_DO_DROP;
}

static bool is_source_verb(enum nft_verb verb)
{
	return verb == NFT_DO_MASQUERADE || verb == NFT_DO_SNAT;
}

static bool is_dnat_verb(enum nft_verb verb)
{
	return verb == NFT_DO_DNAT;
}

/* Where a base chain has its rules in a file. */
static const struct place {
	const char *type;
	uint32_t hook;
	enum nft_place is;
	const char *chain; /* of "rules" */
	bool (*may)(enum nft_verb verb);
} places[] = {
	{ "nat", NF_INET_POST_ROUTING, NFT_IN_MASQUERADE, NULL, is_source_verb },
	{ "nat", NF_INET_PRE_ROUTING, NFT_IN_DNAT, NULL, is_dnat_verb },
	{ "filter", NF_INET_LOCAL_IN, NFT_IN_RULE, "input", is_filter_verb },
	{ "filter", NF_INET_FORWARD, NFT_IN_RULE, "forward", is_filter_verb },
	{ "filter", NF_INET_LOCAL_OUT, NFT_IN_RULE, "output", is_filter_verb },
};

static struct said said_new(void)
{
	return (struct said){ json_object_new_array(), json_object_new_array(), json_object_new_array(),
			      json_object_new_array() };
}

static void said_done(struct said *s)
{
	json_object_put(s->masquerade);
	json_object_put(s->dnat);
	json_object_put(s->rules);
	json_object_put(s->remarks);
}

static void list_append(struct json_object *to, struct json_object *from)
{
	for (size_t i = 0; i < json_object_array_length(from); i++)
		json_object_array_add(to, json_object_get(json_object_array_get_idx(from, i)));
}

/* ---- one rule ---- */

static bool says(struct json_object *entry, const char *member)
{
	return json_object_object_get_ex(entry, member, NULL);
}

static void rename_member(struct json_object *entry, const char *from, const char *to)
{
	struct json_object *v;

	if (!json_object_object_get_ex(entry, from, &v))
		return;
	json_object_object_add(entry, to, json_object_get(v));
	json_object_object_del(entry, from);
}

static void remark(struct exporting_rules *x, struct json_object *entry, const char *what)
{
	const char *text =
		json_object_to_json_string_ext(entry, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);

	json_object_array_add(x->table.remarks, json_object_new_string(arena_fmt(&x->a, "%.200s %s", text, what)));
}

/* Packets of one family only, which nothing else in the entry says. */
static void family_add(struct json_object *entry, uint8_t families)
{
	if (families != NFT_BOTH && !says(entry, "from") && !says(entry, "to") && !says(entry, "at"))
		json_object_object_add(entry, "family", json_object_new_string(families == NFT_IPV4 ? "ipv4" : "ipv6"));
}

static void source_add(struct exporting_rules *x, struct nft_decoded *d)
{
	struct json_object *six = NULL;

	rename_member(d->entry, "target", "to");
	/* Without a word, IPv4 is meant. */
	if (d->families != NFT_IPV4)
		family_add(d->entry, d->families);
	if (d->families == NFT_BOTH && json_object_deep_copy(d->entry, &six, NULL) == 0)
		json_object_object_add(six, "family", json_object_new_string("ipv6"));
	json_object_array_add(x->table.masquerade, d->entry);
	if (six)
		json_object_array_add(x->table.masquerade, six);
	if (!says(d->entry, "out"))
		remark(x, d->entry, "leaves alone what stays in its network, multicast, and what leaves by lo");
}

static void dnat_add(struct exporting_rules *x, struct nft_decoded *d)
{
	bool at = says(d->entry, "to");

	rename_member(d->entry, "to", "at");
	rename_member(d->entry, "target", "to");
	remark(x, d->entry,
	       at ? "is also for what the namespace sends itself, and for hosts next to the target"
		  : "is only for addresses of the namespace, and also for what it sends itself, and for hosts next to the target");
	json_object_array_add(x->table.dnat, d->entry);
}

static void rule_add(struct exporting_rules *x, struct nft_decoded *d, const char *chain)
{
	struct json_object *entry = must(json_object_new_object());

	json_object_object_add(entry, "chain", json_object_new_string(chain));
	json_object_object_foreach(d->entry, key, value) {
		json_object_object_add(entry, key, json_object_get(value));
	}
	family_add(entry, d->families);
	json_object_object_add(entry, "action", json_object_new_string(d->verb == NFT_DO_ACCEPT ? "accept" : "drop"));
	json_object_array_add(x->table.rules, entry);
	json_object_put(d->entry);
}

/* NULL, or why no file can say it. */
static const char *rule_tell(struct exporting_rules *x, const struct place *p, const struct nft_ruleset_rule *r)
{
	struct nft_decoded d;
	const char *why;

	if (!nft_decode(r, &d, &x->a, &why))
		return why;
	if (!p->may(d.verb)) {
		json_object_put(d.entry);
		return "does what no file can say there";
	}
	if (p->is == NFT_IN_MASQUERADE)
		source_add(x, &d);
	else if (p->is == NFT_IN_DNAT)
		dnat_add(x, &d);
	else
		rule_add(x, &d, p->chain);
	return NULL;
}

/* ---- one chain ---- */

static bool is_in(const struct nft_ruleset_rule *r, const struct nft_ruleset_chain *c)
{
	return r->family == c->family && r->chain && !strcmp(r->table, c->table) && !strcmp(r->chain, c->name);
}

static bool has_rules(const struct nft_ruleset *s, const struct nft_ruleset_chain *c)
{
	for (size_t i = 0; i < s->n_rules; i++)
		if (is_in(&s->rules[i], c))
			return true;
	return false;
}

static bool does_something(const struct nft_ruleset *s, const struct nft_ruleset_chain *c)
{
	return has_rules(s, c) || (c->type && c->policy == NF_DROP);
}

static bool overlap(uint8_t a, uint8_t b)
{
	return a == b || a == NFPROTO_INET || b == NFPROTO_INET;
}

/* Two at one hook would have to be one list. */
static bool is_alone(const struct nft_ruleset *s, const struct nft_ruleset_chain *c)
{
	for (size_t i = 0; i < s->n_chains; i++) {
		const struct nft_ruleset_chain *other = &s->chains[i];

		if (other != c && other->type && other->hook == c->hook && !strcmp(other->type, c->type) &&
		    overlap(other->family, c->family) && does_something(s, other))
			return false;
	}
	return true;
}

static const struct place *place_of(const struct nft_ruleset_chain *c)
{
	bool ip = c->family == NFPROTO_IPV4 || c->family == NFPROTO_IPV6 || c->family == NFPROTO_INET;

	for (size_t i = 0; i < ARRAY_SIZE(places) && ip && c->type; i++)
		if (places[i].hook == c->hook && !strcmp(places[i].type, c->type))
			return &places[i];
	return NULL;
}

/* Its policy, as the last rule: a policy of netnsd's accepts more, such as answers. */
static void policy_tell(struct exporting_rules *x, const struct place *p, const struct nft_ruleset_chain *c)
{
	struct nft_decoded d = { .verb = NFT_DO_DROP,
				 .families = c->family == NFPROTO_IPV4   ? NFT_IPV4
					     : c->family == NFPROTO_IPV6 ? NFT_IPV6
									 : NFT_BOTH };

	if (c->policy != NF_DROP)
		return;
	d.entry = must(json_object_new_object());
	rule_add(x, &d, p->chain);
}

static const char *chain_tell(struct exporting_rules *x, const struct nft_ruleset_chain *c)
{
	const struct place *p = place_of(c);
	unsigned number = 0;

	if (!does_something(&x->set, c))
		return NULL;
	if (!p || (p->is != NFT_IN_RULE && c->policy == NF_DROP))
		return arena_fmt(&x->a, "chain %.64s is of a kind that no topology can declare", c->name);
	if (!is_alone(&x->set, c))
		return arena_fmt(&x->a, "chain %.64s is not the only one at its hook", c->name);
	for (size_t i = 0; i < x->set.n_rules; i++) {
		const char *why;

		if (!is_in(&x->set.rules[i], c))
			continue;
		number++;
		why = rule_tell(x, p, &x->set.rules[i]);
		if (why)
			return arena_fmt(&x->a, "chain %.64s: rule %u %s", c->name, number, why);
	}
	policy_tell(x, p, c);
	return NULL;
}

/* ---- the object ---- */

/* The text of the field @type; NULL: the rules of the format refuse @in. */
static const char *field_text(struct observer *obs, const struct type *type, struct json_object *in,
			      const char **ret_why, struct arena *a)
{
	struct problems p = { 0 };
	struct notes notes = { .problems = &p };
	const struct node n = { .in = in };
	const char *text = NULL;

	if (type->read(NULL, NULL, &text, &n, &notes, &obs->observed->arena) < 0 || p.n) {
		*ret_why = arena_fmt(a, "%s", p.n ? p.v[0].message : "no topology can declare it");
		text = NULL;
	}
	problems_done(&p);
	return text;
}

static struct json_object *nat_of(const struct said *s)
{
	struct json_object *o = must(json_object_new_object());

	if (json_object_array_length(s->dnat))
		json_object_object_add(o, "dnat", json_object_get(s->dnat));
	if (json_object_array_length(s->masquerade))
		json_object_object_add(o, "masquerade", json_object_get(s->masquerade));
	return o;
}

static struct json_object *filter_of(const struct said *s)
{
	struct json_object *o = must(json_object_new_object());

	if (json_object_array_length(s->rules))
		json_object_object_add(o, "rules", json_object_get(s->rules));
	return o;
}

/* Sets a field of @o, if there is anything in it; NULL, or why not. */
static const char *field_set(struct exporting_rules *x, struct nft *o, const char **field, const struct type *type,
			     struct json_object *in)
{
	const char *why = NULL, *text;

	if (json_object_object_length(in)) {
		text = field_text(x->obs, type, in, &why, &x->a);
		if (text && o)
			*field = text;
	}
	json_object_put(in);
	return why;
}

static const char *object_fill(struct exporting_rules *x, struct nft *o, const struct said *s)
{
	const char *nat = NULL, *filter = NULL, *why;

	why = field_set(x, o, o ? &o->nat : &nat, &type_nft_nat, nat_of(s));
	return why ?: field_set(x, o, o ? &o->filter : &filter, &type_nft_filter, filter_of(s));
}

/* ---- all tables ---- */

static const char *table_tell(struct exporting_rules *x, const struct nft_ruleset_table *t, bool ours)
{
	const char *why = NULL;

	if (x->set.cut)
		return arena_fmt(&x->a, "the namespace has more than %d rules or chains of others", NFT_RULESET_MAX);
	if (ours)
		return "a topology has rules there, too";
	for (size_t i = 0; i < x->set.n_chains && !why; i++)
		if (x->set.chains[i].family == t->family && !strcmp(x->set.chains[i].table, t->name))
			why = chain_tell(x, &x->set.chains[i]);
	return why ?: object_fill(x, NULL, &x->table);
}

static void table_add(struct exporting_rules *x)
{
	list_append(x->all.masquerade, x->table.masquerade);
	list_append(x->all.dnat, x->table.dnat);
	list_append(x->all.rules, x->table.rules);
	for (size_t i = 0; i < json_object_array_length(x->table.remarks); i++)
		unsaid_add(x->obs->extent.unsaid, "nftables of %s: of netnsd, %s", x->obs->ns->name,
			   json_object_get_string(json_object_array_get_idx(x->table.remarks, i)));
}

static void object_add(struct exporting_rules *x)
{
	struct nft *o;

	if (!json_object_array_length(x->all.masquerade) && !json_object_array_length(x->all.dnat) &&
	    !json_object_array_length(x->all.rules))
		return;
	o = (struct nft *)object_new(x->obs->observed, kinds_find(x->obs->observed->kinds, "nft", NULL),
				     x->obs->ns->name, NULL);
	object_fill(x, o, &x->all);
	if (o->nat)
		OBJECT_SET(&o->object, nft, nat);
	if (o->filter)
		OBJECT_SET(&o->object, nft, filter);
	observer_add(x->obs, &o->object);
}

/* Whether netnsd's own table is there; who knows what topologies declare tells that. */
static bool tell_ours(struct observer *obs)
{
	struct nft_seen seen;
	struct rtnl *nl = NULL;
	struct err e;
	bool there = rtnl_open_netfilter(&nl, &e) == 0 && nft_seen_table(nl, &seen, &e) == 0 && seen.exists;

	rtnl_close(nl);
	if (there && !obs->extent.declared)
		unsaid_add(obs->extent.unsaid,
			   "nftables of %s: the table inet " NFT_TABLE
			   " is left out: only the running netnsd knows what "
			   "declares it, see netnsctl export",
			   obs->ns->name);
	return there;
}

int nft_tell_tables(struct observer *obs, struct err *e)
{
	struct exporting_rules x = { .obs = obs, .all = said_new() };
	int r = nft_ruleset_read(&x.set, e);
	bool ours = r == 0 && tell_ours(obs);

	for (size_t i = 0; i < x.set.n_tables && r == 0; i++) {
		const struct nft_ruleset_table *t = &x.set.tables[i];
		const char *why;

		x.table = said_new();
		why = table_tell(&x, t, ours);
		if (why)
			unsaid_add(obs->extent.unsaid, "nftables of %s: the table %s %.64s is left out: %s",
				   obs->ns->name, nft_family_name(t->family), t->name, why);
		else
			table_add(&x);
		said_done(&x.table);
	}
	if (r == 0)
		object_add(&x);
	said_done(&x.all);
	nft_ruleset_done(&x.set);
	arena_done(&x.a);
	return r;
}
