/* SPDX-License-Identifier: MIT */
/* drift.c - heals occasional drift at once, and what is changed again and again ever more seldom. */
#include "drift.h"
#include "kind.h"
#include "model.h"

#define SECOND UINT64_C(1000000)
enum { DRIFTS_MAX = 1024, PAUSE_FIRST = 1, PAUSE_MAX = 64, PUT_OFF = 60, SAY_AGAIN = 60 };

static void drift_done(struct drift *one)
{
	free(one->id);
	free(one->netns);
	free(one->name);
	free(one->kind);
	free(one->object);
	free(one->expected);
	free(one->actual);
}

static void put(char **at, const char *s)
{
	free(*at);
	*at = s ? must(strdup(s)) : NULL;
}

void drift_say(struct drift *one, const struct object *o, const char *expected, const char *actual, const char *by)
{
	put(&one->kind, o->kind->label);
	put(&one->object, o->place);
	put(&one->expected, expected);
	put(&one->actual, actual);
	if (by)
		snprintf(one->by, sizeof(one->by), "%s", by);
}

void drifts_done(struct drifts *d)
{
	for (size_t i = 0; i < d->n; i++)
		drift_done(&d->v[i]);
	free(d->v);
	d->v = NULL;
	d->n = 0;
}

struct drift *drift_find(const struct drifts *d, const struct object *o)
{
	for (size_t i = 0; i < d->n; i++)
		if (d->v[i].hash == o->hash && !strcmp(d->v[i].id, o->id))
			return &d->v[i];
	return NULL;
}

/* Whether it was quiet for so long that it counts as no fight any more. */
static bool is_over(const struct drifts *d, const struct drift *one, uint64_t now)
{
	return now > one->noted + d->window && now > one->until + 2 * one->pause;
}

/* Forgets what is over at @now or, with @declared, is not in it. */
static void forget(struct drifts *d, const struct model *declared, uint64_t now)
{
	size_t kept = 0;

	for (size_t i = 0; i < d->n; i++)
		if (declared ? !model_find(declared, d->v[i].id) : !d->v[i].open && is_over(d, &d->v[i], now))
			drift_done(&d->v[i]);
		else
			d->v[kept++] = d->v[i];
	d->n = kept;
	/* The allocation stays in steps of sixteen. */
	d->v = kept ? must(realloc(d->v, (kept + 16) / 16 * 16 * sizeof(*d->v))) : d->v;
}

struct drift *drift_note(struct drifts *d, const struct object *o, uint64_t now)
{
	struct drift *one = drift_find(d, o);

	if (!one && d->n == DRIFTS_MAX)
		forget(d, NULL, now);
	if (!one && d->n == DRIFTS_MAX)
		return NULL;
	if (!one) {
		if (d->n % 16 == 0)
			d->v = must(realloc(d->v, (d->n + 16) * sizeof(*d->v)));
		one = &d->v[d->n++];
		*one = (struct drift){ .id = must(strdup(o->id)), .netns = must(strdup(o->netns)), .hash = o->hash };
		one->name = o->name ? must(strdup(o->name)) : NULL;
		one->since = now;
	} else if (!one->open && is_over(d, one, now)) {
		one->heals = 0;
		one->pause = one->until = 0;
		one->since = now;
	}
	one->noted = now;
	one->quiet &= one->open;
	one->open = true;
	one->why = WHY_NOT_NONE;
	return one;
}

struct drift *drift_note_quietly(struct drifts *d, const struct object *o, uint64_t now)
{
	struct drift *one = drift_find(d, o);
	bool told = drift_is_told(one);

	if (!one && d->n >= DRIFTS_MAX / 2)
		return NULL;
	one = drift_note(d, o, now);
	if (one)
		one->quiet = !told;
	return one;
}

bool drift_is_told(const struct drift *one)
{
	return one && one->open && !one->quiet;
}

bool drift_skip(struct drift *one, enum why_not why, uint64_t now)
{
	bool again = one->said != why || now - one->said_usec >= SAY_AGAIN * SECOND;

	one->why = why;
	if (again) {
		one->said = why;
		one->said_usec = now;
	}
	return again;
}

enum why_not drift_damped_by(const struct drift *one, uint64_t now)
{
	if (!one || one->until <= now)
		return WHY_NOT_NONE;
	return one->put_off ? WHY_NOT_OTHERS_MISSING : one->refused ? WHY_NOT_REFUSED : WHY_NOT_CONTESTED;
}

static void drift_pause(struct drift *one, uint64_t now)
{
	one->pause = one->pause ? one->pause * 2 : PAUSE_FIRST * SECOND;
	if (one->pause > PAUSE_MAX * SECOND)
		one->pause = PAUSE_MAX * SECOND;
	one->until = now + one->pause;
	one->put_off = false;
}

void drift_put_off(struct drift *one, uint64_t now)
{
	one->until = now + PUT_OFF * SECOND;
	one->put_off = true;
}

void drift_refuse(struct drift *one, uint64_t now)
{
	one->refused = true;
	drift_pause(one, now);
}

void drift_rest(struct drift *one, uint64_t now, unsigned seconds)
{
	one->refused = true;
	one->tried = one->put_off = false;
	one->until = now + seconds * SECOND;
}

bool drift_heal(const struct drifts *d, struct drift *one, uint64_t now)
{
	bool contested = one->pause && !one->refused;

	if (one->refused)
		one->pause = one->until = 0;
	one->open = one->refused = one->tried = one->quiet = false;
	one->why = WHY_NOT_NONE;
	/* A few in a long time are no fight. */
	if (!contested && now - one->since > d->window) {
		one->since = now;
		one->heals = 0;
	}
	if (++one->heals < d->burst && !contested)
		return false;
	drift_pause(one, now);
	return !contested;
}

void drift_settle(struct drifts *d, const char *netns, const char *link, uint64_t now)
{
	for (size_t i = 0; i < d->n; i++) {
		struct drift *one = &d->v[i];

		if (one->noted != now && !strcmp(one->netns, netns) &&
		    (!link || !one->name || !strcmp(one->name, link)))
			one->open = one->refused = false;
	}
}

void drift_settle_all(struct drifts *d)
{
	for (size_t i = 0; i < d->n; i++)
		d->v[i].open = d->v[i].refused = false;
}

bool drift_due(struct drift *one, uint64_t now)
{
	bool due = one->open && one->until && one->until <= now;

	if (due)
		one->until = 0;
	return due;
}

bool drift_is_contested(const struct drifts *d, const struct drift *one, uint64_t now)
{
	return one->pause && !one->refused && !is_over(d, one, now);
}

void drift_declared(struct drifts *d, const struct model *declared)
{
	drift_settle_all(d);
	forget(d, declared, 0);
}

uint64_t drift_next(const struct drifts *d)
{
	uint64_t next = UINT64_MAX;

	for (size_t i = 0; i < d->n; i++)
		if (d->v[i].open && d->v[i].until && d->v[i].until < next)
			next = d->v[i].until;
	return next;
}
