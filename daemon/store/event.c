/* SPDX-License-Identifier: MIT */
/* event.c - tells what happens to topologies, and remembers the newest of it. */
#include "usec.h"
#include "event.h"
#include "model/type.h"
#include "event_file.h"
#include "base/log.h"
#include "base/utf8.h"
#include <json-c/json.h>

/* Bytes of one text of an event, so that no event is too much for a file or a monitor. */
enum { TEXT_MAX = 1024 };

struct events {
	struct event_file file;
	char *lines[EVENTS_MAX];	/* JSON; the newest at (n - 1) % EVENTS_MAX */
	size_t n;
	size_t odd;			/* lines of the file that were no events */
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
	[EVENT_DRIFT] = { "drift", "16864d8954f942b2b83b5ac198297c6c", LOG_NOTICE },
	[EVENT_HEALED] = { "healed", "362d21ac75aa42e98a072e8269c0d675", LOG_NOTICE },
	[EVENT_CONTESTED] = { "contested", "aa09387cdfde451b997fa0f130aaf82e", LOG_WARNING },
	[EVENT_WAITING] = { "waiting", "67e53b3750484016b50c42f0895ab8c4", LOG_NOTICE },
	[EVENT_FAILED] = { "failed", "07e4b92d6f5a4c81930ac6e8d17f2b45", LOG_ERR },
};
_Static_assert(ARRAY_SIZE(types) == EVENT_TYPES, "each event has a word");

static void add_text(struct json_object *o, const char *key, const char *s)
{
	char text[TEXT_MAX];

	if (!s)
		return;
	snprintf(text, sizeof(text), "%s", s);
	utf8_repair(text);
	json_object_object_add(o, key, json_object_new_string(text));
}

static struct json_object *event_json(const struct event *ev)
{
	struct json_object *o = must(json_object_new_object());
	uint64_t usec = ev->time_usec ? ev->time_usec : usec_now(CLOCK_REALTIME);

	json_object_object_add(o, "time_usec", json_object_new_int64((int64_t)usec));
	add_text(o, "event", types[ev->type].word);
	add_text(o, "topology", ev->topology);
	add_text(o, "kind", ev->kind);
	add_text(o, "object", ev->object);
	add_text(o, "was", ev->was);
	add_text(o, "is", ev->is);
	add_text(o, "by", ev->by);
	add_text(o, "reason", why_not_word(ev->why));
	add_text(o, "message", ev->message);
	if (ev->code)
		json_object_object_add(o, "errno", json_object_new_int(abs(ev->code)));
	return o;
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
		.was = ev->was,
		.is = ev->is,
		.by = ev->by,
		.reason = why_not_word(ev->why),
		.code = ev->code,
	};

	if (ev->object)
		snprintf(netns, sizeof(netns), "%.*s", (int)strcspn(ev->object, "/"), ev->object);
	log_say(types[ev->type].level, &about, "%s: %s%s%s", ev->topology, ev->message, ev->by ? "; by " : "",
		ev->by ? ev->by : "");
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
	const char *line = json_object_to_json_string_ext(json, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);

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

/* The event on line @i of @e if it is of @topology; NULL also for a line that is no event. */
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

/* The Event of the interface text. */
static const struct { const char *key; enum json_type type; bool needed; } fields[] = {
	{ "time_usec", json_type_int, true }, { "event", json_type_string, true }, { "topology", json_type_string, true },
	{ "kind", json_type_string, false }, { "object", json_type_string, false }, { "was", json_type_string, false },
	{ "is", json_type_string, false }, { "by", json_type_string, false }, { "message", json_type_string, false },
	{ "reason", json_type_string, false },	{ "errno", json_type_int, false },
};

static bool has_fields(struct json_object *o)
{
	int n = 0;

	if (!json_object_is_type(o, json_type_object))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		struct json_object *v;
		bool there = json_object_object_get_ex(o, fields[i].key, &v);

		if (there ? !json_object_is_type(v, fields[i].type) : fields[i].needed)
			return false;
		n += there;
	}
	return n == json_object_object_length(o);
}

/* What was written down is handed to clients again, so it must be what netnsd can have written. */
static bool is_event(const char *line)
{
	struct json_object *o = json_tokener_parse(line);
	const char *reason = json_object_get_string(json_object_object_get(o, "reason"));
	bool fine = has_fields(o) && (!reason || why_not_find(reason)) && json_object_get_int64(json_object_object_get(o, "time_usec")) >= 0, known = false;
	struct err e;

	for (size_t i = 0; fine && i < ARRAY_SIZE(types); i++)
		known |= !strcmp(json_object_get_string(json_object_object_get(o, "event")), types[i].word);
	fine = fine && known && !name_problem(json_object_get_string(json_object_object_get(o, "topology")), &e);
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
		log_warning("%s/log: %zu %s no event, and left out", dir, e->odd, e->odd == 1 ? "line is" : "lines are");
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
