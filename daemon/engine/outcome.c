/* SPDX-License-Identifier: MIT */
/* outcome.c - what became of a change, as the event that everybody is told. */
#include "outcome.h"
#include "engine.h"
#include <stdarg.h>

enum { MESSAGE_MAX = 1024 };

void outcome_done(struct outcome *o)
{
	problems_done(&o->problems);
	free(o->users);
	o->users = NULL;
}

void outcome_awaited(const struct outcome *o, char *ret, size_t size)
{
	size_t n = 0;

	*ret = '\0';
	for (size_t i = 0; i < o->problems.n && n < size; i++)
		n += (size_t)snprintf(ret + n, size - n, "%s%s", n ? ", " : "", o->problems.v[i].object);
}

static _printf_(2, 3) void say(char message[MESSAGE_MAX], const char *fmt, ...)
{
	size_t n = strlen(message);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(message + n, MESSAGE_MAX - n, fmt, ap);
	va_end(ap);
}

static void say_others(char message[MESSAGE_MAX], const struct outcome *o)
{
	if (*o->others)
		say(message, "; took along what is not of this topology: %s", o->others);
}

/* "2 created, 1 removed in 1.2 ms" */
static void say_counts(char message[MESSAGE_MAX], const struct outcome *o)
{
	const struct {
		size_t n;
		const char *word;
	} counts[] = { { o->created, "created" }, { o->changed, "changed" }, { o->removed, "removed" } };
	const char *comma = "";

	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		if (!counts[i].n)
			continue;
		say(message, "%s%zu %s", comma, counts[i].n, counts[i].word);
		comma = ", ";
	}
	if (*comma)
		say(message, " in %.1f ms", (double)o->duration_usec / 1000);
	else
		say(message, "unchanged");
	say_others(message, o);
	if (o->n_users)
		say(message, "; %d (%s) and %zu other processes still use what left", o->users[0].pid,
		    o->users[0].command, o->n_users - 1);
}

static void say_problem(char message[MESSAGE_MAX], const struct problem *p)
{
	char words[MESSAGE_MAX];

	problem_text(p, words, sizeof(words));
	say(message, "%s", words);
}

static void say_problems(char message[MESSAGE_MAX], const struct outcome *o)
{
	size_t more = o->problems.n + o->problems.more;

	if (o->problems.n)
		say_problem(message, &o->problems.v[0]);
	if (more > 1)
		say(message, "; and %zu more", more - 1);
}

/* Which event it is; its words go into @message. */
static enum event_type outcome_event(const struct change *c, const struct outcome *o, char message[MESSAGE_MAX])
{
	static const enum event_type done[] = {
		[CHANGE_APPLY] = EVENT_APPLIED,
		[CHANGE_UP] = EVENT_APPLIED,
		[CHANGE_DOWN] = EVENT_DOWN,
		[CHANGE_ROLLBACK] = EVENT_ROLLED_BACK,
		[CHANGE_CONFIRM] = EVENT_CONFIRMED,
		[CHANGE_ADOPT] = EVENT_APPLIED,
	};
	char awaited[512];

	switch (o->code) {
	case OUTCOME_DONE:
		if (c->type == CHANGE_CONFIRM)
			say(message, "confirmed; it stays");
		else if (c->type == CHANGE_ROLLBACK)
			say(message, c->overdue ? "not confirmed in time, rolled back: " : "rolled back: ");
		else if (c->type == CHANGE_ADOPT)
			say(message, "adopted: ");
		if (c->type != CHANGE_CONFIRM)
			say_counts(message, o);
		return done[c->type];
	case OUTCOME_INVALID:
	case OUTCOME_REFUSED:
	case OUTCOME_CONFLICT:
	case OUTCOME_DISRUPTS:
	case OUTCOME_DIFFERS:
		say_problems(message, o);
		say_others(message, o);
		break;
	case OUTCOME_WAITING:
		outcome_awaited(o, awaited, sizeof(awaited));
		say(message, "waits for %s", awaited);
		return EVENT_WAITING;
	case OUTCOME_NO_SUCH_TOPOLOGY:
		say(message, "no topology is called so; netnsctl status shows those there are");
		break;
	case OUTCOME_NAME_IN_USE:
		say(message, "is up from %s; --replace, or --name OTHER", o->source);
		break;
	case OUTCOME_BUSY:
		say(message, "waits to be confirmed: netnsctl confirm %s, or netnsctl rollback %s", o->name, o->name);
		break;
	case OUTCOME_NOTHING_TO_CONFIRM:
		say(message, "does not wait to be confirmed");
		break;
	case OUTCOME_NOT_PERSISTED:
		say(message, "is done, but not what is there at boot: ");
		say_problem(message, &o->problems.v[0]);
		return EVENT_FAILED;
	case OUTCOME_ROLLBACK_FAILED:
		say_problem(message, &o->problems.v[0]);
		if (o->problems.n > 1)
			say(message, "; the way back was refused too: %s", o->problems.v[1].message);
		say_others(message, o);
		return EVENT_FAILED;
	}
	return EVENT_REFUSED;
}

void outcome_text(const struct change *c, const struct outcome *o, char *ret, size_t size)
{
	char message[MESSAGE_MAX] = "";

	outcome_event(c, o, message);
	snprintf(ret, size, "%s", message);
}

/* Why the topology is left alone after it. */
static enum why_not outcome_reason(enum outcome_code code)
{
	if (code == OUTCOME_WAITING)
		return WHY_NOT_AWAITING;
	return code == OUTCOME_ROLLBACK_FAILED ? WHY_NOT_ROLLBACK_FAILED : WHY_NOT_NONE;
}

void outcome_tell(struct engine *g, const struct change *c, const struct outcome *o)
{
	const struct problem *first = o->problems.n ? &o->problems.v[0] : NULL;
	char message[MESSAGE_MAX] = "", kind[32], object[160];
	struct event ev = {
		.type = outcome_event(c, o, message),
		.topology = o->name,
		.by = *c->by ? c->by : NULL,
		.message = message,
		.code = first ? first->code : 0,
		.why = outcome_reason(o->code),
		.quiet = c->quiet,
	};

	/* A problem says "address ns1/veth-ns 10.0.0.2/24". */
	if (first && first->object && sscanf(first->object, "%31s %159s", kind, object) == 2) {
		ev.kind = kind;
		ev.object = object;
	}
	events_tell(g->env.events, &ev);
}
