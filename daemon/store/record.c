/* SPDX-License-Identifier: MIT */
/* record.c - a record as JSON, and back: each field with its type and range. */
#include "usec.h"
#include "record.h"
#include "base/json.h"
#include "base/json_struct.h"
#include <inttypes.h>

/* The end of the year 9999: a clock may be wrong, but not by as much. */
#define SINCE_MAX INT64_C(253402300800000000)

static const char *state_word(unsigned i)
{
	static const char *const words[] = {
		[STATE_UP] = "up", [STATE_DOWN] = "down", [STATE_FAILED] = "failed", [STATE_WAITING] = "waiting"
	};

	return i < ARRAY_SIZE(words) ? words[i] : NULL;
}

static struct json_object *objects_save(const void *model)
{
	return model_save(model);
}

static int objects_restore(void *model, struct json_object *in, struct err *e)
{
	return model_restore(model, in, e);
}

static const struct json_member record_members[] = {
	JSON_MEMBER(record, name, CHARS),
	JSON_MEMBER(record, source, CHARS),
	JSON_MEMBER(record, macs, CHARS, .optional = true, .problem = name_problem),
	JSON_MEMBER(record, renames, CHARS, .optional = true, .problem = name_problem),
	JSON_MEMBER(record, state, WORD, .word = state_word),
	JSON_MEMBER(record, since_usec, U64, .max = SINCE_MAX),
	JSON_MEMBER(record, healed, U32),
	JSON_MEMBER(record, had, FLAG),
	JSON_MEMBER(record, topology, STORED),
	JSON_MEMBER(record, names, STORED, .optional = true),
	JSON_MEMBER_NAMED(record, saved, "originals", OWN, .save = objects_save, .restore = objects_restore),
	JSON_MEMBER(record, delta, OWN, .save = objects_save, .restore = objects_restore),
	/* Records from before --confirm lack it. */
	JSON_MEMBER(record, confirm_usec, U64, .max = INT64_MAX - 1, .optional = true, .always = true),
	JSON_MEMBER(record, adopt, FLAG, .optional = true),
	JSON_MEMBER(record, persist, FLAG, .optional = true),
	JSON_MEMBER(record, forget, FLAG, .optional = true),
	JSON_MEMBER(record, previous, STORED, .optional = true),
};
static const struct json_struct record_struct = JSON_STRUCT(record, record_members);

static const struct json_member previous_members[] = {
	JSON_MEMBER(previous, source, CHARS),
	JSON_MEMBER(previous, state, WORD, .word = state_word),
	JSON_MEMBER(previous, topology, STORED),
	JSON_MEMBER(previous, names, STORED, .optional = true),
};
static const struct json_struct previous_struct = JSON_STRUCT(previous, previous_members);

void record_done(struct record *r)
{
	json_text_put(r->topology);
	json_text_put(r->names);
	json_text_put(r->previous);
	model_done(&r->saved);
	model_done(&r->delta);
	*r = (struct record){ 0 };
}

struct json_object *record_json(const struct record *r)
{
	return json_encode(&record_struct, r);
}

void previous_done(struct previous *p)
{
	json_text_put(p->topology);
	json_text_put(p->names);
	*p = (struct previous){ 0 };
}

struct json_text *previous_text(const struct previous *p)
{
	_cleanup_(json_putp) struct json_object *o = json_encode(&previous_struct, p);

	return json_text_new(o);
}

int previous_read(const struct json_text *text, struct previous *ret, struct err *e)
{
	_cleanup_(json_putp) struct json_object *in = json_text_parse(text);
	struct previous p = { 0 };

	if (json_decode(&previous_struct, in, &p, NULL, e) < 0)
		return e->code;
	if (p.state != STATE_UP && p.state != STATE_DOWN) {
		const enum topology_state state = p.state;

		previous_done(&p);
		return err_set(e, EINVAL, "\"state\" is \"%s\", not up or down", state_word(state));
	}
	*ret = p;
	return 0;
}

/* A time that nobody can have asked for would never come, or come at once. */
static int confirm_check(uint64_t usec, struct err *e)
{
	uint64_t last = usec_now(CLOCK_BOOTTIME) + (uint64_t)(CONFIRM_SECONDS_MAX + 1) * 1000000;

	return usec > last ? err_set(e, EINVAL, "\"confirm_usec\" is %" PRIu64 ", too far in the future", usec) : 0;
}

static int fields_parse(struct record *r, struct json_object *o, struct err *e)
{
	struct previous previous = { 0 };
	char name[sizeof(r->name)];

	memcpy(name, r->name, sizeof(name));
	if (!json_object_is_type(o, json_type_object))
		return err_set(e, EINVAL, "is not a JSON object");
	if (json_decode(&record_struct, o, r, NULL, e) < 0)
		return e->code;
	if (strcmp(r->name, name)) {
		err_set(e, EINVAL, "\"name\" is \"%s\", unlike the name of the file", r->name);
		memcpy(r->name, name, sizeof(name));
		return e->code;
	}
	if (confirm_check(r->confirm_usec, e) < 0)
		return e->code;
	if (r->previous && previous_read(r->previous, &previous, e) < 0)
		return err_prefix(e, "\"previous\"");
	previous_done(&previous);
	return 0;
}

int record_parse(struct record *r, const char *text, size_t size, const struct kinds *kinds, struct err *e)
{
	_cleanup_(json_putp) struct json_object *o = json_own_parse(text, size);

	model_init(&r->saved, kinds);
	model_init(&r->delta, kinds);
	return o ? fields_parse(r, o, e) : err_set(e, EINVAL, "is not JSON");
}
