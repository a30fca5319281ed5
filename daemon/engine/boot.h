/* SPDX-License-Identifier: MIT */
/* boot.h - the boot directories, as the engine sees them: which topologies are there at
 * boot, and what has changed there since.  Nothing of it is applied unasked but once,
 * at the start. */
#pragma once
#include "store/boot_file.h"
#include "engine.h"

struct boot;
struct topology;

struct boot *boot_new(const struct kinds *kinds, const char *topologies, const char *state_dir);
void boot_free(struct boot *b);
struct boot_files *boot_files(const struct engine *g);
/* Looks again, and notes in each topology what the directories have for it. */
void boot_refresh(struct engine *g);
/* The same of one topology, in a time that does not grow with their number, unless somebody
 * else has changed something there. */
void boot_refresh_one(struct engine *g, const char *name);
/* The file at @path, of @name, may have changed: in the directory of what was persisted by
 * netnsd itself, right after boot_refresh_one. */
void boot_note(struct engine *g, const char *name, enum boot_dir dir, const char *path);
/* Puts in line what this start finds for the first time since the machine was booted. */
void boot_start(struct engine *g);
/* Before an apply that is to be there at boot too: writes what needs room beside its place. */
int boot_prepare(struct engine *g, const struct change *c, struct err *e);
/* After any change: what it is to do to the boot directories. */
void boot_settle(struct engine *g, const struct change *c, struct outcome *o);
/* Writes down what @t is. */
int boot_persist(struct engine *g, struct topology *t, struct err *e);
void boot_unpersist(struct engine *g, const char *name);
/* Before a change that forgets a topology: one that is there at boot stays known, as down,
 * so that it does not come with the next restart. */
void boot_forget(struct engine *g, struct change *c);
/* Before an up that is about to begin: what is down, or was never up, comes from its
 * file as it is now.  False: that cannot be used, as @o says. */
bool boot_admit(struct engine *g, struct change *c, struct outcome *o);
/* Of a change whose topology came from a boot directory, and that went wrong: says where
 * in the file, and shows it. */
void boot_failed(struct engine *g, const struct change *c, struct outcome *o);
/* Why a change that would wait for the kernel is rolled back instead. */
#define STOPPING "netnsd is stopping"
/* netnsd is about to leave: what root asked for is still done; what users have in line, and what
 * the start found, is not begun. */
void boot_leave(struct engine *g);
/* Whether topologies that the start found in the boot directories are still to be applied. */
bool boot_is_starting(const struct engine *g);
