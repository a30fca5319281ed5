/* SPDX-License-Identifier: MIT */
/* rates.c - compares what is with what was.  Pure: times are passed in. */
#include "rates.h"
#include "base/arena.h"

enum { MARKED_USEC = 3 * 1000 * 1000 };

static struct json_object *counters_of(struct json_object *answer)
{
	struct json_object *index = must(json_object_new_object()), *n, *o;
	struct arena a = { 0 };

	for (size_t i = 0; (n = reply_at(answer, "namespaces", i)); i++) {
		const char *name = reply_text(n, "name");

		for (size_t k = 0; (o = reply_at(n, "interfaces", k)); k++)
			json_object_object_add(index, arena_fmt(&a, "%s/%s", name, reply_text(o, "name")),
					       json_object_get(o));
		for (size_t k = 0; (o = reply_at(n, "qdiscs", k)); k++) {
			struct json_object *to =
				json_object_object_get(index, arena_fmt(&a, "%s/%s", name, reply_text(o, "interface")));

			if (to)
				json_object_object_add(
					to, "queued",
					json_object_new_uint64(reply_number(to, "queued") + reply_number(o, "drops")));
		}
	}
	arena_done(&a);
	return index;
}

void rates_take(struct rates *r, struct json_object *answer, uint64_t usec)
{
	json_object_put(r->before);
	r->before = r->now;
	r->before_usec = r->now_usec;
	r->now = counters_of(answer);
	r->now_usec = usec;
}

bool rates_find(const struct rates *r, const char *interface, struct rate *ret)
{
	static const struct {
		const char *key;
		size_t offset;
		unsigned factor;
	} counters[] = {
		{ "receive_bytes", offsetof(struct rate, received_bits), 8 },
		{ "receive_packets", offsetof(struct rate, received_packets), 1 },
		{ "transmit_bytes", offsetof(struct rate, sent_bits), 8 },
		{ "transmit_packets", offsetof(struct rate, sent_packets), 1 },
		{ "receive_drop", offsetof(struct rate, dropped), 1 },
		{ "transmit_drop", offsetof(struct rate, dropped), 1 },
		{ "queued", offsetof(struct rate, dropped), 1 },
	};
	struct json_object *now = json_object_object_get(r->now, interface),
			   *before = json_object_object_get(r->before, interface);
	double seconds = (double)(r->now_usec - r->before_usec) / 1e6;

	*ret = (struct rate){ 0 };
	if (!now || !before || r->now_usec <= r->before_usec)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(counters); i++) {
		uint64_t a = reply_number(before, counters[i].key), b = reply_number(now, counters[i].key);

		/* It begins anew. */
		if (b < a)
			return false;
		*(uint64_t *)((char *)ret + counters[i].offset) +=
			(uint64_t)((double)(b - a) * counters[i].factor / seconds + 0.5);
	}
	return true;
}

void rates_done(struct rates *r)
{
	json_object_put(r->now);
	json_object_put(r->before);
}

bool changes_note(struct changes *c, const char *name, const char *text)
{
	struct json_object *old = json_object_object_get(c->texts, name);
	bool first = !c->times, same = old && !strcmp(json_object_get_string(old), text);
	uint64_t then;

	if (!c->texts)
		c->texts = must(json_object_new_object());
	if (!same)
		json_object_object_add(c->texts, name, json_object_new_string(text));
	if (!same && !first)
		json_object_object_add(c->times, name, json_object_new_uint64(c->now_usec));
	then = json_object_get_uint64(json_object_object_get(c->times, name));
	return then && c->now_usec - then < MARKED_USEC;
}

void changes_next(struct changes *c, uint64_t usec)
{
	if (c->texts && !c->times)
		c->times = must(json_object_new_object());
	c->now_usec = usec;
}

void changes_done(struct changes *c)
{
	json_object_put(c->texts);
	json_object_put(c->times);
}
