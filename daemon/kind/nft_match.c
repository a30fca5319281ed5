/* SPDX-License-Identifier: MIT */
/* nft_match.c - the grammar of matches: which keys an element of masquerade, dnat or rules may have, how each is read,
 * and what a file would say of it.  All of it comes from one table. */
#include "nft.h"
#include "base/suggest.h"

enum row_type { ROW_LIST, ROW_TARGET, ROW_WORD, ROW_TEXT, ROW_TRUE };

static const struct word chain_words[] = {
	{ "input", NFT_WORD_INPUT }, { "forward", NFT_WORD_FORWARD }, { "output", NFT_WORD_OUTPUT }, { NULL, 0 }
};
static const struct word action_words[] = {
	{ "accept", NFT_ACTION_ACCEPT }, { "drop", NFT_ACTION_DROP }, { "reject", NFT_ACTION_REJECT }, { NULL, 0 }
};
static const struct word family_words[] = { { "ipv4", NFT_IPV4 }, { "ipv6", NFT_IPV6 }, { NULL, 0 } };

enum { ANYWHERE = NFT_IN_MASQUERADE | NFT_IN_DNAT | NFT_IN_RULE, IN_NAT = NFT_IN_MASQUERADE | NFT_IN_DNAT };

static const struct row {
	const char *key;
	unsigned places; /* enum nft_place */
	enum row_type type;
	size_t offset;
	const struct nft_values *values;
	const struct word *words;
	unsigned max;
	bool port; /* of a target */
	bool no_dollar;
	const char *doc;
} rows[] = {
#define ROW(k, p, t, m, ...) { .key = k, .places = p, .type = t, .offset = offsetof(struct nft_entry, m), __VA_ARGS__ }
	ROW("chain", NFT_IN_RULE, ROW_WORD, chain, .words = chain_words, .doc = "where packets are looked at"),
	ROW("in", ANYWHERE, ROW_LIST, in, .values = &nft_ifnames, .doc = "the interface that a packet arrives on"),
	ROW("out", NFT_IN_MASQUERADE | NFT_IN_RULE, ROW_LIST, out, .values = &nft_ifnames,
	    .doc = "the interface that it leaves by"),
	ROW("from", ANYWHERE, ROW_LIST, from, .values = &nft_addresses, .doc = "its source"),
	ROW("to", NFT_IN_RULE, ROW_LIST, to, .values = &nft_addresses, .doc = "its destination"),
	ROW("at", NFT_IN_DNAT, ROW_LIST, at, .values = &nft_addresses,
	    .doc = "its destination; without it every local address"),
	ROW("family", ANYWHERE, ROW_WORD, family, .words = family_words, .doc = "packets of one family only"),
	ROW("proto", ANYWHERE, ROW_LIST, proto, .values = &nft_protos, .doc = "the protocol above IP"),
	ROW("icmp", NFT_IN_RULE, ROW_LIST, icmp, .values = &nft_icmps, .doc = "the type of an ICMP message"),
	ROW("sport", ANYWHERE, ROW_LIST, sport, .values = &nft_ports, .doc = "the source port"),
	ROW("port", ANYWHERE, ROW_LIST, port, .values = &nft_ports, .doc = "the destination port"),
	ROW("mark", ANYWHERE, ROW_LIST, mark, .values = &nft_marks, .doc = "the packet's mark"),
	ROW("state", NFT_IN_RULE, ROW_LIST, state, .values = &nft_states, .doc = "what connection tracking says of it"),
	ROW("to", NFT_IN_MASQUERADE, ROW_TARGET, target, .doc = "the new source, instead of that of the interface"),
	ROW("to", NFT_IN_DNAT, ROW_TARGET, target, .port = true, .doc = "the new destination"),
	ROW("hairpin", NFT_IN_DNAT, ROW_LIST, hairpin, .values = &nft_addresses,
	    .doc = "the target's network, whose hosts get there too; by default that of the namespace's own address"),
	ROW("localhost", NFT_IN_DNAT, ROW_TRUE, localhost, .doc = "127.0.0.1 leads there, too"),
	ROW("log", NFT_IN_RULE, ROW_TEXT, log, .max = 64, .no_dollar = true,
	    .doc = "the beginning of a line in the kernel's log"),
	ROW("action", NFT_IN_RULE, ROW_WORD, action, .words = action_words, .doc = "what becomes of the packet"),
	ROW("comment", ANYWHERE, ROW_TEXT, comment, .max = NFT_COMMENT_MAX, .doc = "shown by nft(8)"),
#undef ROW
};

/* Words of nft(8) that this version does not know, and people try. */
static const char *const later[] = {
	"counter", "counters", "limit", "rate",  "quota",  "helper", "helpers", "set",       "sets", "zone",
	"zones",   "jump",     "goto",  "queue", "chains", "tables", "mac",     "flowtable", "snat", "redirect",
	"notrack", "synproxy", "dscp",  "vmap",  "maps",   "meter",  "time",    "uid",       "user", "sets",
};

void nft_key_refuse(struct notes *notes, const struct node *n, const char *const *words, size_t n_words)
{
	struct suggest suggest = suggest_new(n->path.key);
	char all[400] = "";
	size_t used = 0;

	for (size_t i = 0; i < ARRAY_SIZE(later); i++)
		if (!strcmp(later[i], n->path.key)) {
			note_key(notes, n, "\"%s\" is not supported by this version of netnsd", n->path.key);
			return;
		}
	for (size_t i = 0; i < n_words; i++) {
		suggest_try(&suggest, words[i]);
		used += (size_t)snprintf(all + used, sizeof(all) - used, "%s\"%s\"",
					 !i                ? ""
					 : i + 1 < n_words ? ", "
							   : " or ",
					 words[i]);
	}
	if (suggest.best)
		note_key(notes, n, "unknown field; did you mean \"%s\"?", suggest.best);
	else
		note_key(notes, n, "unknown field; possible here: %s", all);
}

/* ---- lists ---- */

/* Whether two values of a list have a packet in common. */
static bool overlap(const struct nft_value *a, const struct nft_value *b)
{
	return (!a->families || a->families & b->families) && memcmp(a->from, b->to, sizeof(a->from)) <= 0 &&
	       memcmp(b->from, a->to, sizeof(a->from)) <= 0;
}

static int value_read(const struct node *n, const struct nft_values *values, struct nft_list *list, struct notes *notes,
		      struct arena *a)
{
	bool number = values->numbers && json_object_is_type(n->in, json_type_int);
	const char *s = json_object_get_string(n->in);
	struct nft_value *v = &list->v[list->n];
	bool not = values->negatable && s && *s == '!';
	struct err e;

	if (!number && !json_object_is_type(n->in, json_type_string))
		note_value(notes, n, "must be a text in double quotes%s%s", values->numbers ? " or a number" : "",
			   ", or a list of them");
	else if (strlen(s) != (size_t)json_object_get_string_len(n->in) && !number)
		note_value(notes, n, "must not contain a NUL");
	else if (values->parse(s + not, v, a, &e) < 0)
		note_value(notes, n, "%s", e.text);
	else if (list->n && not!= list->negated)
		note_value(notes, n, "\"!\" is for all names of a list, or for none");
	else {
		list->negated = not;
		list->n++;
		return 0;
	}
	return -EINVAL;
}

struct indexed {
	struct nft_value v;
	size_t index;
};

static int indexed_cmp(const void *a, const void *b)
{
	const struct indexed *x = a, *y = b;
	int c = (x->v.families > y->v.families) - (x->v.families < y->v.families);

	c = c ? c : memcmp(x->v.from, y->v.from, sizeof(x->v.from));
	return c ? c : (x->index > y->index) - (x->index < y->index);
}

/* The kernel refuses a set with a value in it twice.  In order, a value can only overlap with the one before it that
 * ends last. */
static int overlaps_check(const struct node *n, const struct nft_values *values, const struct nft_list *list,
			  struct notes *notes)
{
	_cleanup_(freep) struct indexed *sorted = must(calloc(list->n + 1, sizeof(*sorted)));
	size_t last = 0;
	int r = 0;

	for (size_t i = 0; i < list->n; i++)
		sorted[i] = (struct indexed){ list->v[i], i };
	qsort(sorted, list->n, sizeof(*sorted), indexed_cmp);
	for (size_t i = 1; i < list->n; i++) {
		const struct indexed *x = &sorted[last], *y = &sorted[i];
		bool same = !strcmp(x->v.text, y->v.text);
		size_t at = x->index > y->index ? x->index : y->index;
		struct node one = node_element(n, at, json_object_array_get_idx(n->in, at));

		if (same || (values->disjoint && overlap(&x->v, &y->v))) {
			const char *other = (at == x->index ? y : x)->v.text;

			note_value(notes, &one,
				   same ? "%s is in the list twice" : "%s overlaps with %s of the same list",
				   list->v[at].text, other);
			r = -EINVAL;
		} else if (values->negatable && nft_names_are_one(&x->v, &y->v)) {
			note_value(notes, &one,
				   "%s and %s cannot be in one list, which nft(8) would not read; make two rules of it",
				   sorted[last].v.text, y->v.text);
			r = -EINVAL;
		}
		if (x->v.families != y->v.families || memcmp(y->v.to, x->v.to, sizeof(x->v.to)) > 0)
			last = i;
	}
	return r;
}

static int list_read(const struct node *n, const struct nft_values *values, struct nft_list *list, struct notes *notes,
		     struct arena *a)
{
	bool many = json_object_is_type(n->in, json_type_array);
	size_t count = many ? json_object_array_length(n->in) : 1;
	int r = 0;

	if (many && values->single) {
		note_value(notes, n, "must be one value, not a list");
		return -EINVAL;
	}
	if (count == 0 || count > NFT_LIST_MAX) {
		note_value(notes, n, count ? "has %zu elements, at most %d are allowed" : "must not be empty", count,
			   NFT_LIST_MAX);
		return -EINVAL;
	}
	list->v = arena_alloc(a, count * sizeof(*list->v));
	for (size_t i = 0; i < count; i++) {
		struct node one = many ? node_element(n, i, json_object_array_get_idx(n->in, i)) : *n;

		if (!one.in || value_read(&one, values, list, notes, a) < 0)
			r = -EINVAL;
	}
	return r < 0 || !many ? r : overlaps_check(n, values, list, notes);
}

static struct json_object *value_format(const struct nft_values *values, const struct nft_value *v, bool negated,
					struct arena *a)
{
	char *end;
	long number = strtol(v->text, &end, 10);

	if (values->numbers && !*end)
		return must(json_object_new_int64(number));
	return must(json_object_new_string(negated ? arena_fmt(a, "!%s", v->text) : v->text));
}

/* One value as it is, more as a list. */
static struct json_object *list_format(const struct nft_values *values, const struct nft_list *list)
{
	struct json_object *all = list->n > 1 ? must(json_object_new_array()) : NULL;
	struct json_object *one = NULL;
	struct arena a = { 0 };

	for (size_t i = 0; i < list->n; i++) {
		one = value_format(values, &list->v[i], list->negated, &a);
		if (all)
			json_object_array_add(all, one);
	}
	arena_done(&a);
	return all ? all : one;
}

/* ---- entries ---- */

static int text_read(const struct node *n, const struct row *row, const char **ret, struct notes *notes,
		     struct arena *a)
{
	const char *s = json_object_get_string(n->in);
	bool bad = false;

	if (!json_object_is_type(n->in, json_type_string)) {
		note_value(notes, n, "must be a text in double quotes");
		return -EINVAL;
	}
	for (const char *c = s; *c; c++)
		bad |= (unsigned char)*c < 0x20 || *c == 0x7f || *c == '"';
	if (!*s || strlen(s) != (size_t)json_object_get_string_len(n->in))
		note_value(notes, n, *s ? "must not contain a NUL" : "must not be empty");
	else if (bad)
		note_value(notes, n, "must not contain double quotes or control characters, which nft(8) cannot write");
	else if (row->no_dollar && strchr(s, '$'))
		note_value(notes, n, "must not contain \"$\", which is a variable to nft(8)");
	else if (strlen(s) > row->max)
		note_value(notes, n, "is %zu bytes long, at most %u are allowed", strlen(s), row->max);
	else {
		*ret = arena_strdup(a, s);
		return 0;
	}
	return -EINVAL;
}

static int row_read(const struct node *n, const struct row *row, struct nft_entry *entry, struct notes *notes,
		    struct arena *a)
{
	struct field f = { .words = row->words };
	void *at = (char *)entry + row->offset;
	bool is_text = json_object_is_type(n->in, json_type_string);
	struct err e;

	switch (row->type) {
	case ROW_LIST:
		return list_read(n, row->values, at, notes, a);
	case ROW_TEXT:
		return text_read(n, row, at, notes, a);
	case ROW_WORD:
		if (type_word.parse(&f, NULL, at, n->in, a, &e) >= 0)
			return 0;
		break;
	case ROW_TARGET:
		if (!is_text)
			err_set(&e, EINVAL, "must be an address in double quotes");
		else if (nft_target_parse(json_object_get_string(n->in), row->port, at, a, &e) >= 0)
			return 0;
		break;
	case ROW_TRUE:
		if (json_object_is_type(n->in, json_type_boolean)) {
			*(bool *)at = json_object_get_boolean(n->in);
			return 0;
		}
		err_set(&e, EINVAL, "must be true or false");
		break;
	}
	note_value(notes, n, "%s", e.text);
	return -EINVAL;
}

static const struct row *row_find(const char *key, enum nft_place place)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].places & place && !strcmp(rows[i].key, key))
			return &rows[i];
	return NULL;
}

static void key_refuse(struct notes *notes, const struct node *n, enum nft_place place)
{
	const char *words[ARRAY_SIZE(rows)];
	size_t n_words = 0;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].places & place)
			words[n_words++] = rows[i].key;
	nft_key_refuse(notes, n, words, n_words);
}

static int entry_read(const struct node *n, enum nft_place place, struct nft_entry *entry, struct notes *notes,
		      struct arena *a)
{
	int r = 0;

	if (!node_is_object(notes, n))
		return -EINVAL;
	json_object_object_foreach(n->in, key, value) {
		struct node member = node_member(n, key, value);
		const struct row *row = row_find(key, place);

		if (!row)
			key_refuse(notes, &member, place);
		if (!row || !value || row_read(&member, row, entry, notes, a) < 0)
			r = -EINVAL;
	}
	return r < 0 ? r : nft_entry_check(n, place, entry, notes);
}

int nft_entries_read(const struct node *n, enum nft_place place, struct nft_entry **ret, size_t *ret_n,
		     struct notes *notes, struct arena *a)
{
	struct nft_entry *v;
	size_t count;
	int r = 0;

	if (!node_is_list(notes, n))
		return -EINVAL;
	count = json_object_array_length(n->in);
	if (count > NFT_RULES_MAX) {
		note_value(notes, n, "has %zu elements, at most %d are allowed", count, NFT_RULES_MAX);
		return -EINVAL;
	}
	v = arena_alloc(a, (count + 1) * sizeof(*v));
	for (size_t i = 0; i < count; i++) {
		struct node one = node_element(n, i, json_object_array_get_idx(n->in, i));

		if (!one.in || entry_read(&one, place, &v[i], notes, a) < 0)
			r = -EINVAL;
	}
	*ret = v;
	*ret_n = count;
	return r;
}

static struct json_object *row_format(const struct row *row, const struct nft_entry *entry)
{
	const void *at = (const char *)entry + row->offset;
	const struct field f = { .words = row->words };
	const char *text = NULL;

	switch (row->type) {
	case ROW_LIST:
		return list_format(row->values, at);
	case ROW_TARGET:
		text = ((const struct nft_target *)at)->text;
		break;
	case ROW_TEXT:
		text = *(const char *const *)at;
		break;
	case ROW_WORD:
		return *(const uint8_t *)at ? type_word.format(&f, NULL, at) : NULL;
	case ROW_TRUE:
		return *(const bool *)at ? must(json_object_new_boolean(true)) : NULL;
	}
	return text ? must(json_object_new_string(text)) : NULL;
}

struct json_object *nft_entries_format(const struct nft_entry *v, size_t n, enum nft_place place)
{
	struct json_object *list = must(json_object_new_array());

	for (size_t i = 0; i < n; i++) {
		struct json_object *one = must(json_object_new_object());

		for (size_t k = 0; k < ARRAY_SIZE(rows); k++) {
			struct json_object *value = rows[k].places & place ? row_format(&rows[k], &v[i]) : NULL;

			if (value)
				json_object_object_add(one, rows[k].key, value);
		}
		json_object_array_add(list, one);
	}
	return list;
}

/* ---- schema ---- */

static struct json_object *row_schema(const struct row *row)
{
	const struct field words = { .words = row->words }, text = { .max = row->max };
	struct json_object *s = NULL, *one, *list;

	switch (row->type) {
	case ROW_LIST:
		one = must(json_tokener_parse(row->values->schema));
		if (row->values->single) {
			s = one;
			break;
		}
		list = must(json_tokener_parse("{\"type\": \"array\", \"minItems\": 1}"));
		json_object_object_add(list, "items", one);
		json_object_object_add(list, "maxItems", json_object_new_int(NFT_LIST_MAX));
		s = must(json_tokener_parse("{\"anyOf\": []}"));
		json_object_array_add(json_object_object_get(s, "anyOf"), json_object_get(one));
		json_object_array_add(json_object_object_get(s, "anyOf"), list);
		break;
	case ROW_TARGET:
		s = schema_pattern("^[][0-9a-fA-F:.-]+$");
		break;
	case ROW_WORD:
		s = type_word.schema(&words);
		break;
	case ROW_TEXT:
		s = type_string.schema(&text);
		break;
	case ROW_TRUE:
		s = type_bool.schema(NULL);
		break;
	}
	json_object_object_add(s, "description", json_object_new_string(row->doc));
	return s;
}

struct json_object *nft_entry_schema(enum nft_place place)
{
	struct json_object *s = must(json_tokener_parse("{\"type\": \"object\", \"properties\": {}}"));

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].places & place)
			json_object_object_add(json_object_object_get(s, "properties"), rows[i].key,
					       row_schema(&rows[i]));
	json_object_object_add(s, "additionalProperties", json_object_new_boolean(false));
	return s;
}
