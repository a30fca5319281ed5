/* SPDX-License-Identifier: MIT */
/* loader.h - what the parts of the loader share: load.c reads the outer part of a file,
 * load_words.c knows which words are allowed where, load_object.c reads one object after
 * another, load_check.c checks them against each other. */
#pragma once
#include "expect.h"
#include "model/kind.h"
#include "model/model.h"
#include "model/node.h"

struct loader {
	const struct kinds *kinds;
	struct model *model;
	struct notes notes;
	struct expectations *expect;
	struct json_object *known, **names; /* what names of numbers stand for: given, and used */
	/* So that one mistake is one problem: */
	struct json_object *doubtful; /* set of namespaces that were not understood completely */
	bool lost;                    /* an object that gives others was not understood */
};

/* Bits of object.mark while it is loaded. */
enum {
	MARK_BROKEN = 1 << 0, /* not understood: no rule is applied to it */
	MARK_UNSURE = 1 << 1, /* says more than was understood: no rule about others is applied */
	MARK_OPEN = 1 << 2,   /* on the path of a walk */
	MARK_CLOSED = 1 << 3, /* finished */
	MARK_BITS = 4,        /* above them: the number of levels below it */
};

/* The position of the value; the pointer is in @a. */
struct where node_where(const struct loader *l, const struct node *n, struct arena *a);

/* Names that are possible in a place. */
struct names {
	const char *v[128];
	size_t n;
};
void names_add(struct names *names, const char *name);
/* "a", "b" or "c" */
const char *names_text(const struct names *names, struct arena *a);

/* The kind whose section @word is within an object of kind @in; of several that
 * share it the first. */
const struct kind *section_find(const struct kinds *kinds, const struct kind *in, const char *word);
bool kind_shares_section(const struct kind *a, const struct kind *b);
/* Whether "kind" distinguishes the kinds of this section. */
bool section_has_kinds(const struct kinds *kinds, const struct kind *k);
/* The kind of FORM_KEYS that has the key @word of an object of kind @in; NULL: none. */
const struct kind *keys_find(const struct kinds *kinds, const struct kind *in, const char *word);
/* Index of the field that is called @word in a file, or -1. */
int field_find(const struct kind *k, const char *word);
/* @word itself if it is allowed in an object of kind @k, else the one that was meant, if
 * that is clear, or NULL. */
const char *word_meant(const struct loader *l, const struct kind *k, const char *word);
/* Reports the key of @n, which is not allowed in an object of kind @k. */
void word_refuse(struct loader *l, const struct node *n, const struct kind *k, const char *meant);
/* The kind that the object @n of the section of @of says it is; without a word the one
 * for existing objects.  A misspelt one is a problem, and read as what was meant.  False
 * with a problem if it is no kind at all. */
bool kind_choose(struct loader *l, const struct node *n, const struct kind *of, const struct kind **ret);

/* Reads a namespace or the host, with everything in it. */
void load_netns(struct loader *l, const struct node *n, const char *netns);
/* Reads an element of a list whose objects are in no model.  NULL with a problem. */
struct object *load_element(struct loader *l, const struct node *n, const struct kind *k);
/* Completes the model and checks it as a whole. */
void load_check(struct loader *l);
