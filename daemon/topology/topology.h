/* SPDX-License-Identifier: MIT */
/* topology.h - the topologies that netnsd has, in order of name. */
#pragma once
#include "env.h"

struct member *member_find(const struct env *env, const char *name, size_t *ret_place);
struct member *member_need(struct env *env, const char *name);
void member_drop(struct env *env, const char *name);
void member_free(struct member *m);
/* The record is what the member is from now on; @declared: its model, NULL if it is down. */
void member_take(struct env *env, struct record *r, const struct model *declared);
/* Loads a topology that was valid when it was written down. */
int member_load(const struct env *env, struct json_object *json, struct topology *ret, struct err *e);
/* What @m declares, which is up: a copy of the model that is kept of it; only where there is none it is loaded. */
int member_declared(const struct env *env, const struct member *m, struct topology *ret, struct err *e);
/* Tells the model of what was applied last by which numbers its links are known. */
void member_number(const struct member *m, struct model *last);
/* Writes down what @m is, with nothing changed but what only the record says. */
int member_store(const struct env *env, const struct member *m, struct err *e);
/* Whether @o, of the model @declared, is something that the topology declares of others' things. */
bool member_claims(const struct model *declared, const struct object *o);
/* Why nothing of @m is healed now, although it is meant to be up; WHY_NOT_NONE: it is. */
enum why_not member_left_alone(const struct env *env, const struct member *m);
/* Notes what @m, whose model is @declared, claims. */
void member_note_claims(struct member *m, const struct model *declared);
