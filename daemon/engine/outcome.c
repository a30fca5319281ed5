/* SPDX-License-Identifier: MIT */
/* outcome.c - the outcome of a change: the parameters of its error, and its event, both
 * from the table of outcomes. */
#include "outcome.h"
#include "engine.h"
#include "shape.h"
#include "usec.h"
#include <json-c/json.h>
#include <stdarg.h>

/* A source is as long as a path; longer messages are cut off. */
enum { MESSAGE_MAX = SOURCE_SIZE + 1024, TOLD_MAX = 1024 };

void outcome_done(struct outcome *o)
{
	problems_done(&o->problems);
	problems_done(&o->warnings);
	free(o->users);
	o->users = NULL;
}

static _printf_(2, 3) void say(char message[MESSAGE_MAX], const char *fmt, ...)
{
	size_t n = strlen(message);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(message + n, MESSAGE_MAX - n, fmt, ap);
	va_end(ap);
}

static const struct problem *problem_at(const struct outcome *o, size_t i)
{
	static const struct problem unknown = { .message = "unknown", .object = "unknown", .owner = "unknown" };

	return i < o->problems.n ? &o->problems.v[i] : &unknown;
}

static const struct problem *conflict_of(const struct outcome *o)
{
	size_t i = 0;

	while (i < o->problems.n && !o->problems.v[i].owner)
		i++;
	return problem_at(o, i);
}

static const char *text_name(const struct outcome *o)
{
	return o->name;
}

static const char *text_source(const struct outcome *o)
{
	return o->source;
}

static const char *text_object(const struct outcome *o)
{
	return conflict_of(o)->object;
}

static const char *text_owner(const struct outcome *o)
{
	return conflict_of(o)->owner;
}

static const char *text_others(const struct outcome *o)
{
	return o->others;
}

static void say_for(char message[MESSAGE_MAX], const struct outcome *o)
{
	for (size_t i = 0; i < o->problems.n; i++)
		say(message, "%s%s", i ? ", " : "", o->problems.v[i].object);
}

static void say_problem_at(char message[MESSAGE_MAX], const struct outcome *o, size_t i)
{
	char words[MESSAGE_MAX];

	problem_text(problem_at(o, i), words, sizeof(words));
	say(message, "%s", words);
}

static void say_problem(char message[MESSAGE_MAX], const struct outcome *o)
{
	say_problem_at(message, o, 0);
}

static void say_after(char message[MESSAGE_MAX], const struct outcome *o)
{
	say_problem_at(message, o, 1);
}

static void say_problems(char message[MESSAGE_MAX], const struct outcome *o)
{
	size_t all = o->problems.n + o->problems.more;

	if (all)
		say_problem(message, o);
	if (all > 1)
		say(message, "; and %zu more", all - 1);
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
}

static struct json_object *json_for(const struct outcome *o)
{
	char text[MESSAGE_MAX] = "";

	say_for(text, o);
	return json_object_new_string(text);
}

static struct json_object *json_problem(const struct outcome *o)
{
	return shape_problem(problem_at(o, 0));
}

static struct json_object *json_after(const struct outcome *o)
{
	return shape_problem(problem_at(o, 1));
}

static struct json_object *json_problems(const struct outcome *o)
{
	return shape_problems(&o->problems);
}

/* What can be in a sentence and, except for the last, in an error: either a text, or words and JSON. */
static const struct parameter {
	const char *name;
	const char *(*text)(const struct outcome *o);
	void (*say)(char message[MESSAGE_MAX], const struct outcome *o);
	struct json_object *(*json)(const struct outcome *o);
	bool optional; /* left out if empty */
} parameters[] = {
	[OUTCOME_NAME] = { "name", text_name },
	[OUTCOME_SOURCE] = { "source", text_source },
	[OUTCOME_FOR] = { "missing", .say = say_for, .json = json_for },
	[OUTCOME_OBJECT] = { "object", text_object },
	[OUTCOME_OWNER] = { "owner", text_owner },
	[OUTCOME_PROBLEM] = { "problem", .say = say_problem, .json = json_problem },
	[OUTCOME_AFTER] = { "after", .say = say_after, .json = json_after },
	[OUTCOME_PROBLEMS] = { "problems", .say = say_problems, .json = json_problems },
	[OUTCOME_OTHERS] = { "others", text_others, .optional = true },
	{ "counts", .say = say_counts },
};
_Static_assert(ARRAY_SIZE(parameters) == OUTCOME_PARAMETERS + 1, "each parameter has a row");

struct json_object *outcome_parameters(const struct outcome *o)
{
	unsigned mask = outcome_row(o->code)->parameters;
	struct json_object *in = must(json_object_new_object());

	for (size_t i = 0; i < OUTCOME_PARAMETERS; i++) {
		const struct parameter *p = &parameters[i];
		const char *text = p->text && mask & 1U << i ? p->text(o) : NULL;

		if (mask & 1U << i && !(p->optional && !*text))
			json_object_object_add(in, p->name, text ? json_object_new_string(text) : p->json(o));
	}
	return in;
}

static void say_parameter(char message[MESSAGE_MAX], const char *name, size_t n, const struct outcome *o)
{
	for (size_t i = 0; i < ARRAY_SIZE(parameters); i++) {
		const struct parameter *p = &parameters[i];

		if (strlen(p->name) != n || strncmp(name, p->name, n) != 0)
			continue;
		if (p->text)
			say(message, "%s", p->text(o));
		else
			p->say(message, o);
	}
}

/* Appends @sentence, with the value of @o for each {x}. */
static void fill(char message[MESSAGE_MAX], const char *sentence, const struct outcome *o)
{
	for (const char *open; (open = strchr(sentence, '{'));) {
		size_t n = strcspn(open + 1, "}");

		say(message, "%.*s", (int)(open - sentence), sentence);
		say_parameter(message, open + 1, n, o);
		sentence = open + n + 2;
	}
	say(message, "%s", sentence);
}

void outcome_fill(const char *sentence, const struct outcome *o, char *ret, size_t size)
{
	char message[MESSAGE_MAX] = "";

	fill(message, sentence, o);
	snprintf(ret, size, "%s", message);
}

/* What each change is called, and how OUTCOME_DONE is told. */
static const struct {
	enum event_type event;
	const char *told, *overdue;
	/* in the journal: when it is done, NULL: @told says it, and when it is refused */
	const char *done, *refused;
} changes[] = {
	[CHANGE_APPLY] = { EVENT_APPLIED, "{counts}", .done = "applied", .refused = "apply refused" },
	[CHANGE_UP] = { EVENT_APPLIED, "{counts}", .done = "brought up", .refused = "up refused" },
	[CHANGE_DOWN] = { EVENT_DOWN, "{counts}", .done = "taken down", .refused = "down refused" },
	[CHANGE_ROLLBACK] = { EVENT_ROLLED_BACK, "rolled back: {counts}",
			      "not confirmed in time, rolled back: {counts}", .refused = "rollback refused" },
	[CHANGE_CONFIRM] = { EVENT_CONFIRMED, "confirmed", .refused = "confirm refused" },
	[CHANGE_ADOPT] = { EVENT_APPLIED, "adopted: {counts}", .refused = "adopt refused" },
	[CHANGE_RENAME] = { EVENT_RENAMED, "renamed, from {source}", .refused = "rename refused" },
};

/* What the journal puts in front of the message, which in the log has a column of its own. */
static const char *outcome_verb(const struct change *c, const struct outcome *o)
{
	if (o->code == OUTCOME_DONE)
		return changes[c->type].done;
	if (outcome_row(o->code)->event == EVENT_REFUSED || o->code == OUTCOME_ROLLBACK_FAILED)
		return changes[c->type].refused;
	return NULL;
}

/* Which event it is; its message goes into @message. */
static enum event_type outcome_event(const struct change *c, const struct outcome *o, char message[MESSAGE_MAX])
{
	static const char name[] = "{name} ";
	const struct outcome_row *row = outcome_row(o->code);
	const char *told = row->told ? row->told : row->sentence;

	if (o->code == OUTCOME_DONE)
		told = c->overdue && changes[c->type].overdue ? changes[c->type].overdue : changes[c->type].told;
	if (!strncmp(told, name, strlen(name)))
		told += strlen(name);
	fill(message, told, o);
	if (o->down)
		say(message, "; it is down");
	if (o->forgotten)
		say(message, "; forgotten");
	if (*o->others)
		say(message, "; also removed, outside this topology: %s", o->others);
	if (o->n_users && o->code == OUTCOME_DONE)
		say(message, "; %d (%s) and %zu other processes still use removed namespaces", o->users[0].pid,
		    o->users[0].command, o->n_users - 1);
	return o->code == OUTCOME_DONE ? changes[c->type].event : row->event;
}

void outcome_text(const struct change *c, const struct outcome *o, char *ret, size_t size)
{
	char message[MESSAGE_MAX] = "";

	outcome_event(c, o, message);
	snprintf(ret, size, "%s", message);
}

/* Notes how long a change took that was made, and when the topology was applied. */
static void measure(struct engine *g, const struct change *c, const struct outcome *o)
{
	/* A confirmation takes no time; a rename changes nothing in the network. */
	static const int durations[] = {
		[CHANGE_APPLY] = RECONCILE_APPLY,
		[CHANGE_UP] = RECONCILE_UP,
		[CHANGE_DOWN] = RECONCILE_DOWN,
		[CHANGE_CONFIRM] = -1,
		[CHANGE_ROLLBACK] = RECONCILE_ROLLBACK,
		[CHANGE_ADOPT] = RECONCILE_ADOPT,
		[CHANGE_RENAME] = -1,
	};
	struct topology *t = topology_find(&g->env, o->name, NULL);

	if (durations[c->type] < 0 || o->code != OUTCOME_DONE)
		return;
	histogram_add(&g->env.durations[durations[c->type]], o->duration_usec);
	if (t && c->type != CHANGE_DOWN)
		t->applied_usec = usec_now(CLOCK_REALTIME);
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
		.verb = outcome_verb(c, o),
		.code = first ? first->code : 0,
		.why = outcome_row(o->code)->why,
		.quiet = c->quiet,
	};

	message[TOLD_MAX - 1] = '\0';
	/* A problem says "address ns1/veth-ns 10.0.0.2/24". */
	if (first && first->object && sscanf(first->object, "%31s %159s", kind, object) == 2) {
		ev.kind = kind;
		ev.object = object;
	}
	events_tell(g->env.events, &ev);
	measure(g, c, o);
}
