/* SPDX-License-Identifier: MIT */
/* boot.h - the boot directories, as the engine sees them: which topologies come up at boot, and
 * which files have changed since.  Nothing is applied from them without being asked, except
 * once, at the start. */
#pragma once
#include "store/boot_file.h"
#include "engine.h"

struct boot;
struct topology;

struct boot *boot_new(const struct kinds *kinds, const char *topologies, const char *state_dir);
void boot_free(struct boot *b);
struct boot_files *boot_files(const struct engine *g);
/* Reads the directories again, and notes in each topology what they have for it. */
void boot_refresh(struct engine *g);
/* The same for one topology, in a time that does not grow with their number, unless somebody
 * else has changed something there. */
void boot_refresh_one(struct engine *g, const char *name);
/* The file at @path, of @name, may have changed: in netnsd's own directory of persisted
 * topologies, right after boot_refresh_one. */
void boot_note(struct engine *g, const char *name, enum boot_dir dir, const char *path);
/* Queues what this start finds for the first time since the machine was booted. */
void boot_start(struct engine *g);
/* Whether netnsd may save @name for boot. */
int boot_may_persist(struct engine *g, const char *name, struct err *e);
/* Before an apply --persist: writes the new file next to its place, which needs space. */
int boot_prepare(struct engine *g, const struct change *c, struct err *e);
/* After any change: updates the boot directories. */
void boot_settle(struct engine *g, const struct change *c, struct outcome *o);
/* Saves @t for the next boot. */
int boot_persist(struct engine *g, struct topology *t, struct err *e);
/* Gives what is saved of @from for the next boot the name @to: prepares that, which needs space; then does it, or not.
 * Nothing is saved: nothing to do. */
int boot_rename_prepare(struct engine *g, const char *from, const char *to, struct err *e);
int boot_rename(struct engine *g, const char *from, const char *to, struct err *e);
void boot_rename_abandon(struct engine *g, const char *to);
void boot_unpersist(struct engine *g, const char *name);
/* Before a change that forgets a topology: one that comes up at boot remains listed, as down, so
 * that the next restart does not bring it up. */
void boot_forget(struct engine *g, struct change *c);
/* Before an up begins: a topology that is down, or was never up, is read from its file as it is
 * now.  False: the file cannot be used, as @o says. */
bool boot_admit(struct engine *g, struct change *c, struct outcome *o);
/* Adds to the problems of a change whose topology came from a boot directory the position in the file; false: it did
 * not, or there are none. */
bool boot_place(const struct engine *g, const struct change *c, struct outcome *o);
/* The same for a failed change, and shows the failure. */
void boot_failed(struct engine *g, const struct change *c, struct outcome *o);
/* Why a change that would wait for the kernel is rolled back instead. */
#define STOPPING "netnsd is stopping"
/* netnsd is about to exit: changes of root are still carried out; queued changes of users, and
 * what the start found, are not begun. */
void boot_leave(struct engine *g);
/* Whether topologies that the start found in the boot directories are still to be applied. */
bool boot_is_starting(const struct engine *g);
