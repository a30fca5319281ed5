/* SPDX-License-Identifier: MIT */
/* boot.h - the boot directories, as the engine sees them: which topologies are there at
 * boot, and what has changed there since.  Nothing of it is applied unasked but once,
 * at the start. */
#pragma once
#include "reconcile.h"

struct boot;

struct boot *boot_new(const struct kinds *kinds, const char *topologies, const char *state_dir);
void boot_free(struct boot *b);
struct boot_files *boot_files(const struct engine *g);
/* Looks again, and notes in each topology what the directories have for it. */
void boot_look(struct engine *g);
/* Puts in line what this start finds for the first time since the machine was booted. */
void boot_start(struct engine *g);
/* Before an up that is about to begin: what is down, or was never up, comes from its
 * file as it is now.  False: that cannot be used, as @o says. */
bool boot_admit(struct engine *g, struct change *c, struct outcome *o);
/* Of a change whose topology came from a boot directory, and that went wrong: says where
 * in the file, and shows it. */
void boot_failed(struct engine *g, const struct change *c, struct outcome *o);
