/* SPDX-License-Identifier: MIT */
/* drift.h - remembers what drifted and how often, so that a fight with another program
 * is damped and told, and does not become a loop.  Pure: times are handed in, in
 * microseconds of one clock. */
#pragma once
#include "model.h"
#include "why_not.h"

enum { DRIFT_BURST = 5, DRIFT_WINDOW_SECONDS = 10 };

/* One object that is, or was a while ago, not as declared. */
struct drift {
	char *id, *netns, *name;	/* of the object; name: of its link, or NULL */
	uint32_t hash;			/* of id */
	char *kind, *object;		/* in the words of a plan */
	char *expected, *actual;			/* as declared, and as found; NULL: it is not */
	char by[64];			/* who did it last; empty: unknown */
	uint64_t since, noted;		/* when it drifted first and last */
	uint64_t until;			/* it is not healed before */
	uint64_t pause;			/* the last one; 0: it is not contested */
	unsigned heals;			/* since then */
	bool open;			/* it is not as declared now */
	enum why_not why;		/* it is not healed, or not yet */
	enum why_not said;		/* the last reason that was logged, and when */
	uint64_t said_usec;
	bool quiet;			/* no event has told of it: it is only noted why it is not healed */
	bool put_off;			/* until nothing is missing that it may need, or until then */
	bool refused;			/* the last step to mend it was */
	bool tried;			/* it was recreated; whether that helps the kernel has not said */
};

struct drifts {
	struct drift *v;
	size_t n;
	unsigned burst;			/* more heals than these … */
	uint64_t window;		/* … within so long are a fight */
};

void drifts_done(struct drifts *d);
/* NULL: it has not drifted lately. */
struct drift *drift_find(const struct drifts *d, const struct object *o);
/* The object is not as declared; it is remembered.  NULL: too many are. */
struct drift *drift_note(struct drifts *d, const struct object *o, uint64_t now);
/* Likewise, but so that nobody is told; NULL also where so many are that the rest is for what can be healed. */
struct drift *drift_note_quietly(struct drifts *d, const struct object *o, uint64_t now);
/* Whether it is open, and was told. */
bool drift_is_told(const struct drift *one);
/* It is not healed now; true if that is to be logged: for the first time, or not within a minute. */
bool drift_skip(struct drift *one, enum why_not why, uint64_t now);
/* Why it is damped; WHY_NOT_NONE: it is not. */
enum why_not drift_damped_by(const struct drift *one, uint64_t now);
/* It has been healed.  True if with that it has become contested. */
bool drift_heal(const struct drifts *d, struct drift *one, uint64_t now);
/* Says what became of it; @by NULL: nobody knows who did it this time. */
void drift_say(struct drift *one, const struct object *o, const char *expected, const char *actual, const char *by);
/* Healing it was refused, and now waits; longer each time. */
void drift_refuse(struct drift *one, uint64_t now);
/* Healing it is tried again after @seconds. */
void drift_rest(struct drift *one, uint64_t now, unsigned seconds);
/* Healing it waits for what others make, or a minute; that is no fight. */
void drift_put_off(struct drift *one, uint64_t now);
/* All is as declared. */
void drift_settle_all(struct drifts *d);
/* Whether it has waited long enough to be healed; once. */
bool drift_due(struct drift *one, uint64_t now);
/* Whether others keep changing it. */
bool drift_is_contested(const struct drifts *d, const struct drift *one, uint64_t now);
/* What stands in @netns itself, or on @link of it (NULL: on any), and was not noted at @now is as declared. */
void drift_settle(struct drifts *d, const char *netns, const char *link, uint64_t now);
/* All is as declared, and nothing else is remembered. */
void drift_declared(struct drifts *d, const struct model *declared);
/* Forgets what has been quiet for long enough. */
void drift_forget(struct drifts *d, uint64_t now);
/* When the next one that is open may be healed; UINT64_MAX: none waits. */
uint64_t drift_next(const struct drifts *d);
