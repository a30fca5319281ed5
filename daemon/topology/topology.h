/* SPDX-License-Identifier: MIT */
/* topology.h - the topologies that netnsd has, in order of name. */
#pragma once
#include "env.h"

struct topology *topology_find(const struct env *env, const char *name, size_t *ret_place);
struct topology *topology_need(struct env *env, const char *name);
void topology_drop(struct env *env, const char *name);
/* Gives @t, which stays where it is in memory, a name that no other has. */
void topology_rename(struct env *env, struct topology *t, const char *name);
void topology_free(struct topology *t);
/* Takes the state of the topology from its record; @declared: its model, NULL if it is down. */
void topology_take(struct env *env, struct record *r, const struct model *declared);
/* Puts the name into a topology, as a file has it, that says one itself. */
void topology_put_name(struct json_object *topology, const char *name);
/* Loads a topology that was valid when it was recorded, with what names stood for then. */
int topology_load(const struct env *env, const struct json_text *json, const struct json_text *names,
		  struct declaration *ret, struct err *e);
/* Returns what @t, which is up, declares: a copy of the watched model; loaded only if there is none. */
int topology_declared(const struct env *env, const struct topology *t, struct declaration *ret, struct err *e);
/* Copies to the model of what was applied last the numbers of its links. */
void topology_number(const struct topology *t, struct model *last);
/* Records @t as it is, with the parts that only the record has unchanged. */
int topology_store(const struct env *env, const struct topology *t, struct err *e);
/* Whether @o, of the model @declared, is something that the topology declares of others' objects. */
bool topology_claims(const struct model *declared, const struct object *o);
/* Whether its file declares the namespace, also if it is down; "host" is the daemon's own. */
bool topology_declares(const struct topology *t, const char *netns);
/* Why nothing of @t is healed now, although it is meant to be up; WHY_NOT_NONE: it is. */
enum why_not topology_left_alone(const struct env *env, const struct topology *t);
