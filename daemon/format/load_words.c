/* SPDX-License-Identifier: MIT */
/* load_words.c - which words are allowed where, and how to report one that is not.  All
 * of it comes from the tables of the kinds. */
#include "base/suggest.h"
#include "reserved.h"
#include "loader.h"

void names_add(struct names *names, const char *name)
{
	if (names->n < ARRAY_SIZE(names->v))
		names->v[names->n++] = name;
}

const char *names_text(const struct names *names, struct arena *a)
{
	const char *all = "nothing";

	for (size_t i = 0; i < names->n; i++)
		all = i ? arena_fmt(a, "%s%s\"%s\"", all, i + 1 < names->n ? ", " : " or ", names->v[i])
			: arena_fmt(a, "\"%s\"", names->v[i]);
	return all;
}

/* Whether the section of @k belongs in objects of kind @in. */
static bool section_fits(const struct kind *k, const struct kind *in)
{
	return k->section && (k->in_link ? in->form == FORM_MAP : in->form == FORM_BODY);
}

const struct kind *section_find(const struct kinds *kinds, const struct kind *in, const char *word)
{
	for (size_t i = 0; i < kinds->n; i++)
		if (section_fits(kinds->v[i], in) && !strcmp(kinds->v[i]->section, word))
			return kinds->v[i];
	return NULL;
}

bool kind_shares_section(const struct kind *a, const struct kind *b)
{
	return a->section && b->section && a->in_link == b->in_link && !strcmp(a->section, b->section);
}

bool section_has_kinds(const struct kinds *kinds, const struct kind *k)
{
	for (size_t i = 0; i < kinds->n; i++)
		if (kinds->v[i] != k && kind_shares_section(kinds->v[i], k))
			return true;
	return false;
}

int field_find(const struct kind *k, const char *word)
{
	int i = kind_field(k, word);

	return i >= 0 && !(k->fields[i].flags & HIDDEN) ? i : -1;
}

const struct kind *keys_find(const struct kinds *kinds, const struct kind *in, const char *word)
{
	for (size_t i = 0; in->form == FORM_BODY && i < kinds->n; i++)
		if (kinds->v[i]->form == FORM_KEYS && field_find(kinds->v[i], word) >= 0)
			return kinds->v[i];
	return NULL;
}

/* Another kind than @k that has the field @word. */
static const struct kind *field_elsewhere(const struct kinds *kinds, const struct kind *k, const char *word)
{
	for (size_t i = 0; i < kinds->n; i++)
		if (!kinds->v[i]->managed && kind_shares_section(kinds->v[i], k) && field_find(kinds->v[i], word) >= 0)
			return kinds->v[i];
	return NULL;
}

static void fields_add(struct names *all, const struct kind *k)
{
	for (size_t i = 0; i < k->n_fields; i++)
		if (!(k->fields[i].flags & HIDDEN))
			names_add(all, k->fields[i].name);
}

/* All words allowed in an object of kind @k. */
static struct names words_of(const struct kinds *kinds, const struct kind *k)
{
	struct names all = { 0 };

	if (section_has_kinds(kinds, k))
		names_add(&all, "kind");
	fields_add(&all, k);
	for (size_t i = 0; i < kinds->n; i++)
		if (k->form == FORM_BODY && kinds->v[i]->form == FORM_KEYS)
			fields_add(&all, kinds->v[i]);
	for (size_t i = 0; i < kinds->n; i++)
		if (section_fits(kinds->v[i], k) && section_find(kinds, k, kinds->v[i]->section) == kinds->v[i])
			names_add(&all, kinds->v[i]->section);
	return all;
}

static const char *reserved_place(const struct kind *k)
{
	return k->section ? k->section : "namespace";
}

static bool is_word(const struct kinds *kinds, const struct kind *k, const char *word)
{
	return field_find(k, word) >= 0 || section_find(kinds, k, word) || keys_find(kinds, k, word) ||
	       (!strcmp(word, "kind") && section_has_kinds(kinds, k));
}

const char *word_meant(const struct loader *l, const struct kind *k, const char *word)
{
	struct suggest suggest = suggest_new(word);
	struct names all;

	if (is_word(l->kinds, k, word))
		return word;
	/* A problem that will not be printed needs no text. */
	if (l->notes.problems->n == PROBLEMS_MAX || field_elsewhere(l->kinds, k, word) ||
	    reserved_has(reserved_place(k), word))
		return NULL;
	all = words_of(l->kinds, k);
	for (size_t i = 0; i < all.n; i++)
		suggest_try(&suggest, all.v[i]);
	return suggest.best;
}

/* Where else than in an object of kind @k the section or key @word belongs, in words. */
static const char *section_elsewhere(const struct kinds *kinds, const char *word)
{
	for (size_t i = 0; i < kinds->n; i++)
		if (kinds->v[i]->section && !strcmp(kinds->v[i]->section, word))
			return kinds->v[i]->in_link ? "an interface" : "a namespace or the host";
	for (size_t i = 0; i < kinds->n; i++)
		if (kinds->v[i]->form == FORM_KEYS && field_find(kinds->v[i], word) >= 0)
			return "a namespace or the host";
	return NULL;
}

void word_refuse(struct loader *l, const struct node *n, const struct kind *k, const char *meant)
{
	const char *word = n->path.key;
	const struct kind *other = field_elsewhere(l->kinds, k, word);
	const char *place = section_elsewhere(l->kinds, word);
	struct names all;

	/* A problem that will not be printed needs no text. */
	if (l->notes.problems->n == PROBLEMS_MAX) {
		l->notes.problems->more++;
		return;
	}
	if (other && k->managed) {
		note_key(&l->notes, n, "unknown field; it would need \"kind\": \"%s\"", other->name);
	} else if (other) {
		note_key(&l->notes, n, "a %s has no \"%s\", a %s has", k->name, word, other->name);
	} else if (reserved_has(reserved_place(k), word)) {
		note_key(&l->notes, n, "\"%s\" is not supported by this version of netnsd", word);
	} else if (place) {
		note_key(&l->notes, n, "unknown field here; \"%s\" belongs in %s", word, place);
	} else if (meant) {
		note_key(&l->notes, n, "unknown field; did you mean \"%s\"?", meant);
	} else {
		all = words_of(l->kinds, k);
		note_key(&l->notes, n, "unknown field; possible here: %s", names_text(&all, &l->notes.problems->arena));
	}
}

/* Reports that @name is no kind of the section of @of; returns the one that was meant. */
static const struct kind *kind_refuse(struct loader *l, const struct node *n, const struct kind *of, const char *name)
{
	struct suggest suggest = suggest_new(name);
	const struct kind *meant = NULL;
	struct names all = { 0 };

	for (size_t i = 0; i < l->kinds->n; i++) {
		const struct kind *k = l->kinds->v[i];

		if (k->managed || !kind_shares_section(k, of))
			continue;
		names_add(&all, k->name);
		suggest_try(&suggest, k->name);
		meant = suggest.best == k->name ? k : meant;
	}
	if (reserved_has("kind", name)) {
		note_value(&l->notes, n, "\"%s\" is not supported by this version of netnsd", name);
		return NULL;
	}
	if (meant)
		note_value(&l->notes, n, "there is no kind \"%s\"; did you mean \"%s\"?", name, meant->name);
	else
		note_value(&l->notes, n, "must be %s", names_text(&all, &l->notes.problems->arena));
	return meant;
}

bool kind_choose(struct loader *l, const struct node *n, const struct kind *of, const struct kind **ret)
{
	struct json_object *in = json_object_object_get(n->in, "kind");
	const char *name = json_object_is_type(in, json_type_string) ? json_object_get_string(in) : "";
	struct node member = node_member(n, "kind", in);
	const struct kind *any = of, *meant;

	*ret = of;
	if (!section_has_kinds(l->kinds, of))
		return true;
	for (size_t i = 0; i < l->kinds->n; i++) {
		const struct kind *k = l->kinds->v[i];

		if (!kind_shares_section(k, of))
			continue;
		if (k->managed)
			any = k;
		if (k->managed || strcmp(k->name, name))
			continue;
		*ret = k;
		return true;
	}
	meant = in ? kind_refuse(l, &member, of, name) : any;
	*ret = meant ? meant : any;
	return meant;
}
