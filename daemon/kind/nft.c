/* SPDX-License-Identifier: MIT */
/* nft.c - NAT and filters of one namespace: what one topology says of them is one object.  What the kernel has is not
 * decoded: it is compared with what would be sent, and is equal, different or absent. */
#include "nft.h"
#include "kernel/batch.h"
#include "kernel/nft_compare.h"
#include "kernel/nft_known.h"
#include "kernel/nft_owner.h"
#include "kernel/nft_rename.h"
#include "kernel/nft_table.h"
#include "kernel/observer.h"
#include "model/owner.h"
#include <time.h>

extern const struct kind kind_nft;

static const struct field fields[] = {
	FIELD(nft, nat, nft_nat, .kernel_default = "null", .doc = "address translation: see NAT AND FILTERS"),
	FIELD(nft, filter, nft_filter, .kernel_default = "null", .doc = "which packets pass: see NAT AND FILTERS"),
	FIELD(nft, differs, string, .flags = HIDDEN | WRITTEN, .doc = "what of the kernel's is not as declared"),
};

enum {
	ENTRY_BYTES = sizeof("{\"in\":\"a\"}"), /* the shortest in a list, with its comma */
	ENTRY_RULES = 8,                        /* that one makes at most, and */
	OTHER_RULES = 64,                       /* those that a filter makes by itself */
};

/* Whether so short a text cannot have too many rules. */
static bool is_short(const struct nft *o)
{
	size_t bytes = (o->nat ? strlen(o->nat) : 0) + (o->filter ? strlen(o->filter) : 0);

	return bytes / ENTRY_BYTES * ENTRY_RULES + OTHER_RULES <= NFT_RULES_MAX;
}

static int nft_check(struct object *o, struct err *e)
{
	struct arena a = { 0 };
	struct nft_rules rules;
	size_t n;

	if (is_short((const struct nft *)o))
		return 0;
	nft_rules_of((struct nft *)o, &rules, &a);
	n = rules.n;
	arena_done(&a);
	return n <= NFT_RULES_MAX ? 0
				  : err_set(e, EINVAL, "\"nat\" and \"filter\" make %zu rules, at most %d are allowed",
					    n, NFT_RULES_MAX);
}

/* ---- the state of the kernel ---- */

static int compare(const struct observer *obs, struct rtnl *nl, const struct nft_seen *seen, const struct object *o,
		   enum nft_state *ret, char how[256], struct err *e)
{
	struct arena a = { 0 };
	struct nft_image image;
	char below[64];
	size_t n;
	int r;

	nft_build((const struct nft *)o, &image, &a);
	r = nft_table_compare(nl, seen, &image, obs->topology, ret, how, 256, below, e);
	n = strlen(how);
	if (*below && o->where.pointer && model_find(obs->desired, o->id) == o)
		snprintf(how + n, 256 - n, ": %s/%s", o->where.pointer, below);
	arena_done(&a);
	return r;
}

static void add(struct observer *obs, const struct object *equal, const char *how)
{
	struct nft *o = (struct nft *)object_new(obs->observed, &kind_nft, obs->ns->name, NULL);

	if (equal) {
		object_assign(obs->observed, &o->object, equal,
			      field_bit(&kind_nft, "nat") | field_bit(&kind_nft, "filter"));
	} else {
		o->differs = arena_strdup(&obs->observed->arena, how);
		OBJECT_SET(&o->object, nft, differs);
	}
	o->object.sign.hash = topology_hash(obs->topology);
	o->object.sign.topology = obs->topology;
	observer_add(obs, &o->object);
}

/* Another program has a table of that name. */
static void add_foreign(struct observer *obs)
{
	struct model *m = obs->observed;
	struct object *o = object_new(m, &kind_nft, obs->ns->name, NULL);

	o->instead = "another program's";
	o->foreign =
		arena_fmt(&m->arena,
			  "nft %s cannot be applied: another program's table inet netnsd is there, and netnsd leaves "
			  "it alone; \"%snft delete table inet netnsd\" removes it",
			  obs->ns->name, netns_exec(&m->arena, obs->ns->name));
	observer_add(obs, o);
}

static struct nft_wanted wanted_of(const struct object *o, const char *topology)
{
	const struct nft *nft = (const struct nft *)o;
	uint64_t h = fnv(FNV_START, topology);

	h = fnv(h, nft->nat ? nft->nat : "");
	return (struct nft_wanted){ topology_hash(topology), fnv(h, nft->filter ? nft->filter : "") };
}

/* What the table has may be what is wanted, what was applied last, or what is being rolled back. */
static int compare_all(struct observer *obs, struct rtnl *nl, const struct nft_seen *seen, uint32_t generation,
		       const struct object *const *wanted, size_t n, struct err *e)
{
	char how[256], first[256];

	for (size_t i = 0; i < n; i++) {
		enum nft_state state;

		if (compare(obs, nl, seen, wanted[i], &state, i ? how : first, e) < 0)
			return e->code;
		if (state == NFT_EQUAL) {
			add(obs, wanted[i], NULL);
			if (seen->owner && seen->owner == rtnl_port(nl))
				nft_known_note(nl, generation, false, wanted_of(wanted[i], obs->topology));
		}
		if (state != NFT_DIFFERENT)
			return 0;
	}
	add(obs, NULL, first);
	return 0;
}

/* Reads the table. */
static int look(struct observer *obs, struct rtnl *nl, uint32_t generation, const struct object *const *wanted,
		size_t n, struct err *e)
{
	struct nft_seen seen;
	int r = nft_seen_read(nl, &seen, e);

	if (r == 0 && seen.foreign && model_find_ref(obs->desired, "nft", obs->ns->name))
		add_foreign(obs);
	else if (r == 0 && !seen.foreign)
		r = compare_all(obs, nl, &seen, generation, wanted, n, e);
	nft_seen_done(&seen);
	return r;
}

static int nft_observe(struct observer *obs, struct err *e)
{
	const struct model *models[] = { obs->desired, obs->last, obs->tried };
	const struct object *wanted[ARRAY_SIZE(models)];
	uint32_t generation;
	struct rtnl *nl;
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(models); i++) {
		wanted[n] = models[i] ? model_find_ref(models[i], "nft", obs->ns->name) : NULL;
		/* In a heal, the first two are the same. */
		n += wanted[n] && (n == 0 || wanted[n] != wanted[n - 1]);
	}
	if (obs->extent.unsaid)
		return nft_tell_tables(obs, e);
	if (n == 0)
		return 0;
	if (nft_owner_socket(obs->ns, &nl, e) < 0)
		return e->code;
	generation = nft_generation(nl);
	if (!nft_known(nl, generation, wanted_of(wanted[0], obs->topology)))
		return look(obs, nl, generation, wanted, n, e);
	add(obs, wanted[0], NULL);
	return 0;
}

static unsigned nft_early(_unused_ const struct object *o)
{
	return 1;
}

/* ---- connections ---- */

enum { SLICE_USEC = 5000 };

static uint64_t now_usec(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void flows_end(void *flows)
{
	nft_flows_end(flows);
}

/* A slice: the loop gets its turn.  1: there are more. */
static int forget_some(struct batch *b, struct err *e)
{
	uint64_t end = now_usec() + SLICE_USEC;
	int r;

	b->sent++;
	do
		r = nft_flows_step(b->unfinished, e);
	while (r == 1 && now_usec() < end);
	if (r <= 0)
		batch_keep(b, NULL, NULL);
	return r;
}

static int forget_begin(struct batch *b, struct rtnl *nl, const struct op *op, struct err *e)
{
	struct nft_flows *f;
	int r = nft_flows_begin(&f, nl, (const struct nft *)op->before, (const struct nft *)op->after, e);

	if (r < 0 || !f)
		return r;
	batch_keep(b, f, flows_end);
	return forget_some(b, e);
}

/* All rules of the namespace change in one transaction. */
static int nft_apply(struct batch *b, struct op *ops, _unused_ size_t n, size_t *ret_taken, struct err *e)
{
	const struct object *o = ops[0].after ? ops[0].after : ops[0].before;
	struct rtnl *nl;
	struct nft_image image = { 0 };
	struct arena a = { 0 };
	uint32_t before;
	bool ours;
	int r;

	*ret_taken = 1;
	if (batch_flush(b, e) < 0)
		return e->code;
	b->refused = &ops[0];
	_cleanup_(netns_leavep) int entered = netns_enter(batch_netns(b, o->netns), e);
	if (entered < 0)
		return entered;
	if (b->unfinished)
		return forget_some(b, e);
	if (nft_owner_socket(batch_netns(b, o->netns), &nl, e) < 0)
		return e->code;
	if (ops[0].after)
		nft_build((const struct nft *)ops[0].after, &image, &a);
	before = nft_generation(nl);
	r = nft_table_commit(nl, &image, b->topology, &ours, e);
	if (r == 0 && ours && image.n_rules)
		nft_known_note(nl, before, true, wanted_of(ops[0].after, b->topology));
	if (r == 0 && batch_netns(b, o->netns)->state != NETNS_FRESH)
		r = forget_begin(b, nl, &ops[0], e);
	arena_done(&a);
	return r;
}

/* Rules have no mark but the names of their chains: there is one to change, none to put. */
static int nft_mark_put(struct batch *b, struct op *op, struct err *e)
{
	struct netns *ns = batch_netns(b, op->before->netns);
	struct rtnl *nl;

	if (batch_flush(b, e) < 0)
		return e->code;
	b->refused = op;
	b->sent++;
	_cleanup_(netns_leavep) int entered = netns_enter(ns, e);
	if (entered < 0)
		return entered;
	if (nft_owner_socket(ns, &nl, e) < 0)
		return e->code;
	return nft_table_rename(nl, op->before->sign.topology, b->topology, e);
}

const struct kind kind_nft = {
	.name = "nft",
	.class = "nft",
	.label = "nft",
	.doc = "NAT and filters of the namespace",
	.form = FORM_KEYS,
	.in_netns = true,
	.netfilter = true,
	.tells_who = true,
	.size = sizeof(struct nft),
	.fields = fields,
	.n_fields = ARRAY_SIZE(fields),
	.check = nft_check,
	.complete = nft_complete,
	.check_netns = nft_check_netns,
	.observe = nft_observe,
	.excludes = nft_excludes,
	.describe = nft_describe,
	.lines = nft_lines,
	.early = nft_early,
	.locks_out = nft_locks_out,
	.warn = nft_warn,
	.apply = nft_apply,
	.mark = nft_mark_put,
};
