/* SPDX-License-Identifier: MIT */
/* event.c - reports what happens to topologies, and stores the newest events. */
#include "usec.h"
#include "event.h"
#include "model/type.h"
#include "event_file.h"
#include "base/json_struct.h"
#include "base/log.h"
#include <json-c/json.h>

/* Bytes of one text of an event, so that no event is too much for a file or a monitor. */
enum { TEXT_MAX = 1023 };

struct events {
	struct event_file file;
	char *lines[EVENTS_MAX]; /* JSON; the newest at (n - 1) % EVENTS_MAX */
	size_t n;
	size_t odd; /* lines of the file that were not events */
	struct subscriber *subscribers;
};

/* In the interface, in the journal: each id is explained in systemd/netnsd.catalog. */
static const struct {
	const char *word, *id;
	int level;
} types[] = {
	[EVENT_APPLIED] = { "applied", "5f1d9e0a7c3b4d68a2f4c0917e6b3d52", LOG_INFO },
	[EVENT_DOWN] = { "down", "9616066e23134db8aea3625a21778480", LOG_INFO },
	[EVENT_REFUSED] = { "refused", "d83a6c1f20b94e57bb0d4f7a95e1c368", LOG_NOTICE },
	[EVENT_ROLLED_BACK] = { "rolled_back", "0e7078d539ad4571982f2b10f0c21b8f", LOG_NOTICE },
	[EVENT_CONFIRMED] = { "confirmed", "c7034755be1d4fa0a1a823cf53bc189c", LOG_INFO },
	[EVENT_RENAMED] = { "renamed", "2b9e4d7f6c1a4830b5d2e97a0f4c8316", LOG_INFO },
	[EVENT_DRIFT] = { "drift", "16864d8954f942b2b83b5ac198297c6c", LOG_NOTICE },
	[EVENT_HEALED] = { "healed", "362d21ac75aa42e98a072e8269c0d675", LOG_NOTICE },
	[EVENT_CONTESTED] = { "contested", "aa09387cdfde451b997fa0f130aaf82e", LOG_WARNING },
	[EVENT_WAITING] = { "waiting", "67e53b3750484016b50c42f0895ab8c4", LOG_NOTICE },
	[EVENT_FAILED] = { "failed", "07e4b92d6f5a4c81930ac6e8d17f2b45", LOG_ERR },
};
_Static_assert(ARRAY_SIZE(types) == EVENT_TYPES, "each event has a word");

static const char *event_word(unsigned i)
{
	return i < EVENT_TYPES ? types[i].word : NULL;
}

/* The Event of the interface text. */
static const struct json_member members[] = {
	JSON_MEMBER(event, time_usec, U64),
	JSON_MEMBER_NAMED(event, type, "event", WORD, .word = event_word),
	JSON_MEMBER(event, topology, TEXT, .problem = name_problem),
	JSON_MEMBER(event, kind, TEXT, .max = TEXT_MAX, .optional = true),
	JSON_MEMBER(event, object, TEXT, .max = TEXT_MAX, .optional = true),
	JSON_MEMBER(event, expected, TEXT, .max = TEXT_MAX, .optional = true),
	JSON_MEMBER(event, actual, TEXT, .max = TEXT_MAX, .optional = true),
	JSON_MEMBER(event, by, TEXT, .max = TEXT_MAX, .optional = true),
	JSON_MEMBER_NAMED(event, why, "reason", WORD, .word = why_not_word, .min = WHY_NOT_FIRST, .optional = true),
	JSON_MEMBER(event, message, TEXT, .max = TEXT_MAX),
	JSON_MEMBER_NAMED(event, code, "errno", ERRNO, .optional = true),
};
const struct json_struct event_struct = JSON_STRUCT(event, members);

static struct json_object *event_json(const struct event *ev)
{
	struct event now = *ev;

	if (!now.time_usec)
		now.time_usec = usec_now(CLOCK_REALTIME);
	return json_encode(&event_struct, &now);
}

static void event_log(const struct event *ev)
{
	const char *slash = ev->object ? strchr(ev->object, '/') : NULL;
	char netns[65] = "";
	struct log_about about = {
		.id = types[ev->type].id,
		.topology = ev->topology,
		.netns = netns,
		.interface = slash ? slash + 1 : NULL,
		.expected = ev->expected,
		.actual = ev->actual,
		.by = ev->by,
		.reason = why_not_word(ev->why),
		.code = ev->code,
	};

	if (ev->object)
		snprintf(netns, sizeof(netns), "%.*s", (int)strcspn(ev->object, "/"), ev->object);
	log_say(types[ev->type].level, &about, "%s: %s%s%s%s%s", ev->topology, ev->verb ? ev->verb : "",
		ev->verb ? ": " : "", ev->message, ev->by ? "; by " : "", ev->by ? ev->by : "");
}

static void events_keep(void *arg, const char *line)
{
	struct events *e = arg;
	char **place = &e->lines[e->n++ % EVENTS_MAX];

	free(*place);
	*place = must(strdup(line));
}

void events_tell(struct events *e, const struct event *ev)
{
	struct json_object *json = event_json(ev);
	const char *line =
		json_object_to_json_string_ext(json, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);

	if (!ev->quiet)
		event_log(ev);
	events_keep(e, line);
	event_file_append(&e->file, line);
	for (struct subscriber *s = e->subscribers, *next; s; s = next) {
		next = s->next;
		s->told(s, json);
	}
	json_object_put(json);
}

void events_subscribe(struct events *e, struct subscriber *s)
{
	s->next = e->subscribers;
	e->subscribers = s;
}

void events_unsubscribe(struct events *e, struct subscriber *s)
{
	struct subscriber **at = &e->subscribers;

	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
}

/* The event on line @i of @e if it is of @topology; NULL also for a line that is not an event. */
static struct json_object *event_read(const struct events *e, size_t i, const char *topology)
{
	struct json_object *o = json_tokener_parse(e->lines[i % EVENTS_MAX]);
	const char *of = json_object_get_string(json_object_object_get(o, "topology"));

	if (of && (!topology || !strcmp(of, topology)))
		return o;
	json_object_put(o);
	return NULL;
}

struct json_object *events_last(const struct events *e, const char *topology, size_t limit)
{
	struct json_object *found[EVENTS_MAX], *list = must(json_object_new_array());
	size_t oldest = e->n > EVENTS_MAX ? e->n - EVENTS_MAX : 0, n = 0;

	for (size_t i = e->n; i > oldest && n < limit; i--) {
		found[n] = event_read(e, i - 1, topology);
		n += found[n] != NULL;
	}
	while (n)
		json_object_array_add(list, found[--n]);
	return list;
}

/* Gives line @i of @e the name @to if it is of @from. */
static bool line_rename(struct events *e, size_t i, const char *from, const char *to)
{
	struct json_object *o = event_read(e, i, from);
	char **line = &e->lines[i % EVENTS_MAX];

	if (!o)
		return false;
	json_object_object_add(o, "topology", json_object_new_string(to));
	free(*line);
	*line = must(
		strdup(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE)));
	json_object_put(o);
	return true;
}

void events_rename(struct events *e, const char *from, const char *to)
{
	size_t oldest = e->n > EVENTS_MAX ? e->n - EVENTS_MAX : 0;
	bool any = false;

	for (size_t i = oldest; i < e->n; i++)
		any |= line_rename(e, i, from, to);
	if (!any)
		return;
	event_file_clear(&e->file);
	for (size_t i = oldest; i < e->n; i++)
		event_file_append(&e->file, e->lines[i % EVENTS_MAX]);
}

/* Events from the file are handed to clients, so a line must be what netnsd can have written. */
static bool is_event(const char *line)
{
	struct json_object *o = json_tokener_parse(line);
	struct event ev;
	struct err e;
	bool fine = json_object_is_type(o, json_type_object) && json_decode(&event_struct, o, &ev, NULL, &e) == 0;

	json_object_put(o);
	return fine;
}

static void on_line(void *arg, const char *line)
{
	struct events *e = arg;

	if (is_event(line))
		events_keep(e, line);
	else
		e->odd++;
}

struct events *events_new(const char *dir)
{
	struct events *e = must(calloc(1, sizeof(*e)));

	event_file_open(&e->file, dir, EVENTS_MAX, on_line, e);
	if (e->odd)
		log_warning("%s/log: %zu %s invalid, and ignored", dir, e->odd, e->odd == 1 ? "line is" : "lines are");
	return e;
}

void events_free(struct events *e)
{
	if (!e)
		return;
	event_file_close(&e->file);
	for (size_t i = 0; i < EVENTS_MAX; i++)
		free(e->lines[i]);
	free(e);
}
