/* SPDX-License-Identifier: MIT */
/* naming.h - an engine without a kernel, with its files, whose topologies get other names. */
#pragma once
#include "engine/rename.h"
#include "transaction/rename.h"

struct fixture {
	char *dir;
	struct engine *g;
};

/* Of a topology: what follows its name. */
#define NAMING_NOTHING "\"description\":\"d\""

int naming_setup(void **state);
int naming_teardown(void **state);
/* The engine alone; the files stay. */
void naming_start(struct fixture *f);
void naming_stop(struct fixture *f);
/* A topology in memory and on disk; @rest follows its name. */
struct topology *naming_add(struct fixture *f, const char *name, enum topology_state state, const char *rest);
struct topology *naming_add_down(struct fixture *f, const char *name);
/* Saves it for boot. */
void naming_save(struct fixture *f, struct topology *t);
/* As rename_begin. */
bool naming_prepare(struct fixture *f, const char *from, const char *to, struct outcome *o);
/* Fails unless nothing is left under the old name, and all there was has the new one. */
void naming_expect(struct fixture *f, const char *from, const char *to);
