/* SPDX-License-Identifier: MIT */
/* engine.h - what the files that make up the engine share. */
#pragma once
#include "model/drift.h"
#include "store/event.h"
#include "store/identity.h"
#include "transaction/job.h"
#include "queue.h"

/* Anybody may give a namespace a number of nine digits: no table can be as long. */
enum { HEARD_CHAINS = 4096 };

/* For most names one look says that no other has the same mark. */
enum { MARK_BUCKETS = 1 << 16 };

/* A topology that is known, as the interface shows it and as the next change needs it. */
struct member {
	struct known known;	/* first: what is handed out */
	struct model originals;
	bool visited;		/* scratch of one walk */
	struct model claims;	/* what it declares of what is not its own (share.c) */

	/* keep.c: what is kept so; empty unless it is up. */
	struct model declared;
	enum on_drift on_drift;
	struct object **places;	/* of declared, in order of namespace and interface */
	struct kept *kept;	/* its namespaces, in order of name */
	size_t n_kept;
	struct drifts drifts;
	bool broken;		/* a change could be neither done nor taken back: netnsd leaves it alone */
	bool heal_failed;
	bool forgot;		/* of a link by what number it was ours: a job at work has to, too */
	uint64_t again_usec;	/* CLOCK_BOOTTIME: a look has failed, and is due then; 0: none has */
	struct json_object *previous;	/* as in its record (state.h) */
	bool persist;
	uint64_t due_usec;	/* CLOCK_BOOTTIME: when it is to be taken back; UINT64_MAX: that is in line already */
	unsigned refusals;	/* of taking it back, one after the other */
};

struct engine {
	const struct kinds *kinds;
	char netns_dir[256], machine[IDENTITY_SIZE];
	struct state state;
	struct events *events;
	struct member **members;	/* in order of name */
	size_t n_members;
	uint16_t marks[MARK_BUCKETS];	/* members whose topology_hash leaves that rest */
	bool marked;			/* some member may be marked (keep_is_marked); else none is */
	struct queue queue;
	struct job job;			/* of the change at work */
	uint64_t began_usec;
	struct job planned;		/* of engine_plan and engine_look */

	struct listener *listener;	/* NULL: nothing is kept, only applied once */
	struct kept *heard[HEARD_CHAINS];	/* by keep_chain of the nsid */
	struct drifts drifts;		/* what those of new members start from */
	uint32_t next_index;		/* above all that links of ours have had */
	size_t turn;			/* the member to be healed next */
	struct boot *boot;		/* NULL: there are no boot directories */
	void (*alive)(void);		/* of engine_options */
};

/* known.c */
struct member *member_find(const struct engine *g, const char *name, size_t *ret_place);
struct member *member_need(struct engine *g, const char *name);
void member_drop(struct engine *g, const char *name);
void member_free(struct member *m);
/* The record is what the member is from now on; @declared: its model, NULL if it is down. */
void member_take(struct engine *g, struct record *r, const struct model *declared);
/* Loads a topology that was valid when it was written down. */
int member_load(const struct engine *g, struct json_object *json, struct topology *ret, struct err *e);
/* Tells the model of what was applied last by which numbers its links are known. */
void member_number(const struct member *m, struct model *last);
/* A job that starts from what @name is now, which may be nothing. */
int member_job(struct engine *g, struct job *j, const char *name, struct err *e);
/* Takes over what a job that has ended did, or how it failed. */
void member_settle(struct engine *g, struct job *j, bool forget);
/* A job was refused and rolled back, which says nothing of the member: it is only looked at again. */
void member_unsettled(struct engine *g, struct job *j);
void member_failed(struct engine *g, struct job *j);

/* share.c: what several topologies declare of the host and of others' namespaces. */
/* Notes what @m, whose model is @declared, claims. */
void share_note(struct member *m, const struct model *declared);
/* -EEXIST with a problem if another topology that is up claims otherwise, -ELOOP if it lives in what @j makes. */
int share_check(const struct engine *g, struct job *j);
/* A topology that lives in a namespace that @j takes away, and which; NULL: none. */
const struct known *share_user(const struct engine *g, const struct job *j, const char **ret_netns);
/* What other topologies declare in namespaces of @name carries our mark, but is not its own. */
void share_disown(const struct engine *g, const char *name, struct model *observed, const struct model *desired,
		  const struct model *last);
/* Gives the originals of what the change @j gives up to those that still want it, in their records. */
int share_hand_on(struct engine *g, const struct job *j, struct err *e);

/* outcome.c: what became of a change like @c in a line; and tells it. */
void outcome_text(const struct change *c, const struct outcome *o, char *ret, size_t size);
void outcome_tell(struct engine *g, const struct change *c, const struct outcome *o);
/* Writes down what @m is, with nothing changed but what only the record says. */
int member_store(const struct engine *g, const struct member *m, struct err *e);

/* confirm.c: the way back, as long as a person can go it. */
/* Whether @c must wait until the topology is confirmed or taken back. */
bool confirm_awaited(const struct engine *g, const struct change *c);
/* Whether the time to confirm is over. */
bool confirm_overdue(const struct member *m);
/* Keeps in the record of @j, which @c leads to, what is there now. */
void confirm_keep(struct job *j, const struct member *m, const struct change *c);
/* What was kept: true if it was up. */
bool confirm_previous(const struct member *m, struct json_object **ret, const char **ret_source);
/* Carries out a CHANGE_CONFIRM. */
int confirm_take(struct engine *g, const char *name, struct err *e);
/* When the first is to be taken back, CLOCK_BOOTTIME in microseconds; UINT64_MAX: never. */
uint64_t confirm_deadline(const struct engine *g);
/* Puts in line what is to be taken back now. */
void confirm_tick(struct engine *g);

/* start.c: takes back what was cut off, then puts right what is not as it should be. */
int engine_start(struct engine *g, struct err *e);
