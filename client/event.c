/* SPDX-License-Identifier: MIT */
/* event.c - events as lines of a table. */
#include "event.h"
#include "print.h"
#include "text.h"
#include "model/why_not.h"

static enum colour event_colour(const char *event)
{
	static const struct {
		const char *event;
		enum colour colour;
	} colours[] = {
		{ "applied", COLOUR_GOOD }, { "confirmed", COLOUR_GOOD }, { "healed", COLOUR_GOOD },
		{ "down", COLOUR_FAINT },   { "refused", COLOUR_BAD },    { "failed", COLOUR_BAD },
	};

	for (size_t i = 0; i < ARRAY_SIZE(colours); i++)
		if (!strcmp(event, colours[i].event))
			return colours[i].colour;
	return COLOUR_CHANGE;
}

/* The part of the reason that the message does not say itself: "; not healed: …". */
static const char *reason_text(struct arena *a, struct json_object *event)
{
	const char *word = reply_text(event, "reason");
	enum why_not why = why_not_find(word);

	if (!*word || (why && why_not_is_told(why)))
		return "";
	return arena_fmt(a, "; not healed: %s", why ? why_not_sentence(why) : word);
}

/* "address ns1/veth-ns 10.0.0.2/24 → nothing: was removed; by pid 4711 (ip)" */
static const char *event_text(struct arena *a, struct json_object *event)
{
	const char *kind = reply_text(event, "kind"), *object = reply_text(event, "object");
	const char *expected = reply_text(event, "expected"), *actual = reply_text(event, "actual"),
		   *by = reply_text(event, "by");
	const char *about = arena_fmt(a, "%s%s%s", kind, *kind && *object ? " " : "", object),
		   *message = reply_text(event, "message");

	/* "ns1/lo: down, declared up" */
	if (!strncmp(message, about, strlen(about)) || !strncmp(message, object, strlen(object)))
		about = "";
	else if (*expected || *actual)
		about = arena_fmt(a, "%s%s%s → %s", about, *about ? " " : "", *expected ? expected : "nothing",
				  *actual ? actual : "nothing");
	return arena_fmt(a, "%s%s%s%s%s%s", about, *about ? ": " : "", message, *by ? "; by " : "", by,
			 reason_text(a, event));
}

void event_line(struct table *t, uint64_t usec, const char *topology, enum colour colour, const char *word,
		const char *text)
{
	table_cell(t, COLOUR_FAINT, "%s", text_clock(&t->arena, usec, print_now()));
	table_cell(t, COLOUR_NONE, "%s", topology);
	table_cell(t, colour, "%s", word);
	table_cell(t, COLOUR_NONE, "%s", text);
}

void event_add(struct table *t, struct json_object *event)
{
	const char *word = reply_text(event, "event");

	event_line(t, reply_number(event, "time_usec"), reply_text(event, "topology"), event_colour(word), word,
		   event_text(&t->arena, event));
}
