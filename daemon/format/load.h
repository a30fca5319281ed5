/* SPDX-License-Identifier: MIT */
/* load.h - turns a topology file into the desired model, and reports everything that is wrong with it at once.
 * Pure: text in, model out. */
#pragma once
#include "expect.h"
#include "model/kind.h"
#include "model/model.h"

enum on_drift { ON_DRIFT_HEAL, ON_DRIFT_REPORT };

/* The contents of a file. */
struct declaration {
	char name[65]; /* of the file's "name"; empty without one */
	enum on_drift on_drift;
	struct model model;
	struct expectations expect; /* with the memory of the model */
	struct json_object *names;  /* those used for numbers, with the numbers: {"isp1": 100}; NULL: none */
};
void declaration_done(struct declaration *t);

/* Reads a topology from @text of @size bytes.  -EINVAL with at least one problem
 * in @p, sorted, with lines and columns; @ret is then untouched. */
int load_text(const char *text, size_t size, const struct kinds *kinds, struct declaration *ret, struct problems *p);
/* The same, and the JSON in @text, with its positions, even if it is not a topology (NULL: it is not JSON); the
 * caller owns it. */
int load_text_json(const char *text, size_t size, const struct kinds *kinds, struct declaration *ret,
		   struct json_object **ret_json, struct problems *p);
/* Only the JSON: for one who has somebody else check the rest.  -EINVAL with at least one problem in @p; @ret, which the
 * caller owns, is NULL then. */
int load_text_syntax(const char *text, size_t size, struct json_object **ret, struct problems *p);
/* Then the rest, from that JSON, with lines. */
int load_text_rest(struct json_object *in, const struct kinds *kinds, struct declaration *ret, struct problems *p);
/* The same as load_text from JSON that was read with json_read; without lines.  @names has what names of numbers stood for when it
 * was loaded before, whatever they stand for now; NULL: that is looked up. */
int load_json(struct json_object *in, struct json_object *names, const struct kinds *kinds, struct declaration *ret,
	      struct problems *p);

/* The JSON Schema (draft 2020-12) of everything that load_text accepts; the caller owns it. */
struct json_object *load_schema(const struct kinds *kinds);
/* Writes the tables of netnsd-topology(5), in scdoc's language. */
void load_manual(const struct kinds *kinds, FILE *out);
