/* SPDX-License-Identifier: MIT */
/* nft_locks_filter.c - what of a filter may lock out whoever administers a machine from afar: what passed before may be
 * dropped or rejected now.  Rules are compared by what they match, whatever they log and say. */
#include "nft.h"
#include "base/utf8.h"

static const char *const chains[] = { "input", "forward", "output" };
static const char *const words[] = { [NFT_ACTION_DROP] = "drop", [NFT_ACTION_REJECT] = "reject" };
enum { NONE = -1 };

struct rule {
	const char *match; /* as canonical JSON */
	long place;        /* in the list of the file */
	long before;       /* of a rule after: its place before; NONE: it is new */
	uint8_t action;    /* enum nft_action */
	bool accepts, kept;
};

/* The rules of one chain that accept, drop or reject. */
struct chain {
	struct rule *v, **sorted;
	size_t n;
	bool closed; /* the policy */
};

static bool closes(uint8_t action)
{
	return action > NFT_ACTION_ACCEPT;
}

static const char *match_of(const struct nft_entry *e, struct arena *a)
{
	struct nft_entry only = *e;
	struct json_object *list;
	const char *text;

	only.chain = only.action = 0;
	only.log = only.comment = NULL;
	list = nft_entries_format(&only, 1, NFT_IN_RULE);
	text = arena_strdup(a, json_object_to_json_string_ext(json_object_array_get_idx(list, 0),
							      JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(list);
	return text;
}

/* Rules that are equal stay in order. */
static int rule_cmp(const void *a, const void *b)
{
	const struct rule *x = *(const struct rule *const *)a, *y = *(const struct rule *const *)b;
	int c = strcmp(x->match, y->match);

	c = c ? c : x->accepts - y->accepts;
	return c ? c : (x->place > y->place) - (x->place < y->place);
}

static void chain_get(const struct nft_filter *filter, size_t chain, struct chain *ret, struct arena *a)
{
	*ret = (struct chain){ .v = arena_alloc(a, (filter->n + 1) * sizeof(*ret->v)),
			       .sorted = arena_alloc(a, (filter->n + 1) * sizeof(struct rule *)),
			       .closed = closes(filter->policy[chain]) };
	for (size_t i = 0; i < filter->n; i++) {
		const struct nft_entry *e = &filter->rules[i];

		if (e->chain != chain + NFT_WORD_INPUT || !e->action)
			continue;
		ret->sorted[ret->n] = &ret->v[ret->n];
		ret->v[ret->n++] = (struct rule){ .match = match_of(e, a),
						  .place = (long)i,
						  .before = NONE,
						  .action = e->action,
						  .accepts = !closes(e->action) };
	}
	qsort(ret->sorted, ret->n, sizeof(struct rule *), rule_cmp);
}

static bool is_same(const struct rule *x, const struct rule *y)
{
	return x->accepts == y->accepts && !strcmp(x->match, y->match);
}

/* Finds each rule of @new in @old.  A rule behind an equal one decides nothing: it is not lost if that one stays, and
 * not new if it closes. */
static void pair(struct chain *old, struct chain *new)
{
	for (size_t i = 0, k = 0; i < old->n && k < new->n;) {
		struct rule *x = old->sorted[i], *y = new->sorted[k];
		int c = strcmp(x->match, y->match);

		c = c ? c : x->accepts - y->accepts;
		if (c == 0) {
			y->before = x->place;
			x->kept = true;
		}
		i += c <= 0;
		k += c >= 0;
	}
	for (size_t i = 1; i < old->n; i++)
		old->sorted[i]->kept |= old->sorted[i - 1]->kept && is_same(old->sorted[i], old->sorted[i - 1]);
	for (size_t i = 1; i < new->n; i++) {
		struct rule *r = new->sorted[i], *last = new->sorted[i - 1];

		if (r->before == NONE && !r->accepts && is_same(r, last))
			r->before = last->before;
	}
}

/* A rule that closes, and was not there, in front of anything that opens. */
static bool begins(const struct chain *new, const char *chain, struct err *e)
{
	bool opens = !new->closed;

	for (size_t i = new->n; i-- > 0;) {
		const struct rule *r = &new->v[i];

		opens |= r->accepts;
		if (r->accepts || r->before != NONE || !opens)
			continue;
		err_set(e, EPERM, "the filter begins to %s this in \"%s\"", words[r->action], chain);
		snprintf(e->below, sizeof(e->below), "filter/rules/%ld", r->place);
		return true;
	}
	return false;
}

/* An accept that was before a rule that closes, and is behind it. */
static bool moves(const struct chain *new, struct err *e)
{
	const struct rule *last = NULL;

	for (size_t i = 0; i < new->n; i++) {
		const struct rule *r = &new->v[i];

		if (!r->accepts && r->before != NONE && (!last || r->before > last->before))
			last = r;
		if (!r->accepts || r->before == NONE || !last || r->before > last->before)
			continue;
		err_set(e, EPERM, "the %s of rules/%ld, which came after this accept, now comes before it",
			words[last->action], last->place);
		snprintf(e->below, sizeof(e->below), "filter/rules/%ld", r->place);
		return true;
	}
	return false;
}

/* An accept that is gone, while something that came after it closes. */
static bool loses(const struct chain *old, const struct chain *new, const char *chain, struct err *e)
{
	const struct rule *last = NULL, *lost = NULL;

	for (size_t i = 0; i < new->n; i++)
		if (!new->v[i].accepts && (!last || new->v[i].before > last->before))
			last = &new->v[i];
	for (size_t i = 0; i < old->n && !lost; i++)
		if (old->v[i].accepts && !old->v[i].kept && (new->closed || (last && old->v[i].place < last->before)))
			lost = &old->v[i];
	if (!lost)
		return false;
	err_set(e, EPERM, "the filter no longer accepts %.200s in \"%s\", and closes after it", lost->match, chain);
	utf8_repair(e->text);
	if (new->closed)
		snprintf(e->below, sizeof(e->below), "filter/%s", chain);
	else
		snprintf(e->below, sizeof(e->below), "filter/rules/%ld", last->place);
	return true;
}

static bool policy_begins(const struct nft_filter *old, const struct nft_filter *new, size_t i, struct err *e)
{
	if (!closes(new->policy[i]) || closes(old->policy[i]))
		return false;
	err_set(e, EPERM, "the filter begins to %s what no rule of \"%s\" accepts", words[new->policy[i]], chains[i]);
	snprintf(e->below, sizeof(e->below), "filter/%s", chains[i]);
	return true;
}

bool nft_filter_locks_out(const char *before, const char *after, struct err *e)
{
	struct nft_filter old, new;
	struct arena a = { 0 };
	bool asked = false;

	nft_filter_get(before, &old, &a);
	nft_filter_get(after, &new, &a);
	for (size_t i = 0; i < ARRAY_SIZE(chains) && !asked; i++) {
		struct chain x, y;

		chain_get(&old, i, &x, &a);
		chain_get(&new, i, &y, &a);
		pair(&x, &y);
		asked = policy_begins(&old, &new, i, e) || begins(&y, chains[i], e) || moves(&y, e) ||
			loses(&x, &y, chains[i], e);
	}
	arena_done(&a);
	return asked;
}
