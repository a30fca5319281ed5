/* SPDX-License-Identifier: MIT */
/* load.h - turns a topology file into the desired model, and says all that is
 * wrong with it at once.  Pure: text in, model out. */
#pragma once
#include "model/kind.h"
#include "model/model.h"

enum on_drift { ON_DRIFT_HEAL, ON_DRIFT_REPORT };

/* What a file says. */
struct declaration {
	char name[65];			/* of the file's "name"; empty without one */
	enum on_drift on_drift;
	struct model model;
};
void declaration_done(struct declaration *t);

/* Reads a topology from @text of @size bytes.  -EINVAL with at least one problem
 * in @p, sorted, with lines and columns; @ret is then untouched. */
int load_text(const char *text, size_t size, const struct kinds *kinds, struct declaration *ret, struct problems *p);
/* The same, and the JSON that stands in @text, with its places, even if it is no topology (NULL: it is no JSON);
 * the caller owns it. */
int load_text_json(const char *text, size_t size, const struct kinds *kinds, struct declaration *ret,
		   struct json_object **ret_json, struct problems *p);
/* The same from JSON that has been read already with json_read; without lines. */
int load_json(struct json_object *in, const struct kinds *kinds, struct declaration *ret, struct problems *p);

/* The JSON Schema (draft 2020-12) of all that load_text takes; the caller owns it. */
struct json_object *load_schema(const struct kinds *kinds);
/* The tables of netnsd-topology(5), in scdoc's language. */
void load_manual(const struct kinds *kinds, FILE *out);
