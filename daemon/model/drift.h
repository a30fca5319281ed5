/* SPDX-License-Identifier: MIT */
/* drift.h - records what drifted and how often, so that a fight with another program is
 * damped and reported, and does not become a loop.  Pure: times are passed in, in
 * microseconds of one clock. */
#pragma once
#include "model.h"
#include "why_not.h"

enum { DRIFT_BURST = 5, DRIFT_WINDOW_SECONDS = 10 };

/* One object that is, or was a while ago, not as declared. */
struct drift {
	char *id, *netns, *name; /* of the object; name: of its link, or NULL */
	uint32_t hash;           /* of id */
	char *kind, *object;     /* in the words of a plan */
	char *expected, *actual; /* as declared, and as observed; NULL: there is none */
	char by[192];            /* who caused it last; empty: unknown */
	uint64_t since, noted;   /* when it drifted first and last */
	uint64_t until;          /* it is not healed before that */
	uint64_t pause;          /* the present delay; 0: it is not contested */
	unsigned heals;          /* since then */
	bool open;               /* it is not as declared now */
	enum why_not why;        /* why it is not healed, or not yet */
	enum why_not said;       /* the last logged reason, and when */
	uint64_t said_usec;
	bool quiet;   /* not reported by an event: only the reason why it is not healed is recorded */
	bool put_off; /* until nothing is missing that it may need, or until @until */
	bool refused; /* the last step to repair it was refused */
	bool tried;   /* it was recreated; the kernel has not yet said whether that helps */
};

struct drifts {
	struct drift *v;
	size_t n;
	unsigned burst;  /* more repairs than these … */
	uint64_t window; /* … within this time are a fight */
};

void drifts_done(struct drifts *d);
/* NULL: it has not drifted lately. */
struct drift *drift_find(const struct drifts *d, const struct object *o);
/* Records that the object is not as declared.  NULL: too many are recorded. */
struct drift *drift_note(struct drifts *d, const struct object *o, uint64_t now);
/* Likewise, but without reporting it; NULL also if so many are recorded that the rest is
 * reserved for what can be healed. */
struct drift *drift_note_quietly(struct drifts *d, const struct object *o, uint64_t now);
/* Whether it is open, and was reported. */
bool drift_is_told(const struct drift *one);
/* Records that it is not healed now; true if that is to be logged: for the first time, or
 * not within a minute. */
bool drift_skip(struct drift *one, enum why_not why, uint64_t now);
/* Why it is damped; WHY_NOT_NONE: it is not. */
enum why_not drift_damped_by(const struct drift *one, uint64_t now);
/* Records that it has been healed.  True if it has become contested with that. */
bool drift_heal(const struct drifts *d, struct drift *one, uint64_t now);
/* Stores what happened to it; @by NULL: this time the cause is unknown. */
void drift_say(struct drift *one, const struct object *o, const char *expected, const char *actual, const char *by);
/* Healing it was refused, and is delayed now; longer each time. */
void drift_refuse(struct drift *one, uint64_t now);
/* Has healing it retried after @seconds. */
void drift_rest(struct drift *one, uint64_t now, unsigned seconds);
/* Delays healing it until others have created what it needs, or for a minute; that is no fight. */
void drift_put_off(struct drift *one, uint64_t now);
/* Everything is as declared. */
void drift_settle_all(struct drifts *d);
/* Whether it has waited long enough to be healed; once. */
bool drift_due(struct drift *one, uint64_t now);
/* Whether others keep changing it. */
bool drift_is_contested(const struct drifts *d, const struct drift *one, uint64_t now);
/* Everything in @netns itself, or on @link of it (NULL: on any), that was not noted at @now is as declared. */
void drift_settle(struct drifts *d, const char *netns, const char *link, uint64_t now);
/* Everything is as declared, and nothing else is recorded. */
void drift_declared(struct drifts *d, const struct model *declared);
/* When the next open one may be healed; UINT64_MAX: none waits. */
uint64_t drift_next(const struct drifts *d);
