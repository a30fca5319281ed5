/* SPDX-License-Identifier: MIT */
/* loader.h - what the parts of the loader share: load.c reads the file as such,
 * load_words.c knows what may stand where, load_object.c reads one object after
 * another, load_check.c looks at what they are to each other. */
#pragma once
#include "model/kind.h"
#include "model/model.h"
#include "base/path.h"

struct loader {
	const struct kinds *kinds;
	struct model *model;
	struct problems *problems;
	bool lines;		/* the JSON knows its lines */
	/* So that one slip is one problem: */
	struct json_object *doubtful;	/* set of namespaces of which something was not understood */
	bool lost;		/* an object that gives others was not understood */
};

/* Bits of object.mark while it is loaded. */
enum {
	MARK_BROKEN = 1 << 0,	/* not understood: no rule is asked about it */
	MARK_UNSURE = 1 << 1,	/* says more than was understood: no rule about others is asked */
	MARK_OPEN = 1 << 2,	/* on the way of a walk */
	MARK_CLOSED = 1 << 3,	/* done with */
	MARK_BITS = 4,		/* above them: how many levels of objects it stands on */
};

/* A value and the way to it.  A child points to its parent, which must live on. */
struct node {
	struct path path;
	struct json_object *in;
};
struct node node_member(const struct node *up, const char *key, struct json_object *in);
struct node node_element(const struct node *up, size_t index, struct json_object *in);

/* Adds a problem where the value stands, or its key. */
void node_problem(struct loader *l, const struct node *n, const char *fmt, ...) _printf_(3, 4);
void node_problem_key(struct loader *l, const struct node *n, const char *fmt, ...) _printf_(3, 4);
/* False with a problem if the value is no object or list. */
bool node_is_object(struct loader *l, const struct node *n);
bool node_is_list(struct loader *l, const struct node *n);
/* Where the value stands; the pointer is in @a. */
struct where node_where(const struct loader *l, const struct node *n, struct arena *a);

/* Names that could stand in a place. */
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
/* Whether "kind" tells the kinds of this section apart. */
bool section_has_kinds(const struct kinds *kinds, const struct kind *k);
/* Index of the field that a file calls @word, or -1. */
int field_find(const struct kind *k, const char *word);
/* @word itself if an object of kind @k may have it, else the one that was meant,
 * if that is clear, or NULL. */
const char *word_meant(const struct loader *l, const struct kind *k, const char *word);
/* Says what is the matter with the key of @n, which an object of kind @k may not have. */
void word_refuse(struct loader *l, const struct node *n, const struct kind *k, const char *meant);
/* The kind that the object @n of the section of @of says it is; without a word
 * the one for what is there already.  What is only misspelled is a problem, and
 * taken for what was meant.  False with a problem if it is no kind at all. */
bool kind_choose(struct loader *l, const struct node *n, const struct kind *of, const struct kind **ret);

/* Reads a namespace or the host, and all that stands in it. */
void load_netns(struct loader *l, const struct node *n, const char *netns);
/* Completes the model and checks it as a whole. */
void load_check(struct loader *l);
