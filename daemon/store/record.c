/* SPDX-License-Identifier: MIT */
/* record.c - a record as JSON, and back: each field with its type and range. */
#include "usec.h"
#include "record.h"
#include "base/json.h"
#include <inttypes.h>
#include <json-c/json_visit.h>

enum { DEPTH_MAX = NESTING_MAX + 8 };

/* The end of the year 9999: a clock may be wrong, but not by as much. */
#define SINCE_MAX INT64_C(253402300800000000)

static const char *const state_words[] = { [STATE_UP] = "up", [STATE_DOWN] = "down", [STATE_FAILED] = "failed",
					   [STATE_WAITING] = "waiting" };

struct row {
	const char *name;
	enum json_type type;
	int64_t max;		/* of a number, which is at least 0 */
	bool optional;
};

static const struct row record_rows[] = {
	{ .name = "name", .type = json_type_string },
	{ .name = "source", .type = json_type_string, .max = SOURCE_SIZE - 1 },
	{ .name = "state", .type = json_type_string },
	{ .name = "since_usec", .type = json_type_int, .max = SINCE_MAX },
	{ .name = "healed", .type = json_type_int, .max = UINT32_MAX },
	{ .name = "had", .type = json_type_boolean },
	{ .name = "topology", .type = json_type_object },
	{ .name = "originals", .type = json_type_array },
	{ .name = "delta", .type = json_type_array },
	/* Records of before there was --confirm lack it. */
	{ .name = "confirm_usec", .type = json_type_int, .max = INT64_MAX - 1, .optional = true },
	{ .name = "adopt", .type = json_type_boolean, .optional = true },
	{ .name = "persist", .type = json_type_boolean, .optional = true },
	{ .name = "forget", .type = json_type_boolean, .optional = true },
	{ .name = "previous", .type = json_type_object, .optional = true },
};

static const struct row previous_rows[] = {
	{ .name = "source", .type = json_type_string, .max = SOURCE_SIZE - 1 },
	{ .name = "state", .type = json_type_string },
	{ .name = "topology", .type = json_type_object },
};

void record_done(struct record *r)
{
	json_object_put(r->topology);
	json_object_put(r->previous);
	model_done(&r->saved);
	model_done(&r->delta);
	*r = (struct record){ 0 };
}

struct json_object *record_json(const struct record *r)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "name", json_object_new_string(r->name));
	json_object_object_add(o, "source", json_object_new_string(r->source));
	json_object_object_add(o, "state", json_object_new_string(state_words[r->state]));
	json_object_object_add(o, "since_usec", json_object_new_int64((int64_t)r->since_usec));
	json_object_object_add(o, "healed", json_object_new_int64(r->healed));
	json_object_object_add(o, "had", json_object_new_boolean(r->had));
	json_object_object_add(o, "topology", json_object_get(r->topology));
	json_object_object_add(o, "originals", model_save(&r->saved));
	json_object_object_add(o, "delta", model_save(&r->delta));
	json_object_object_add(o, "confirm_usec", json_object_new_int64((int64_t)r->confirm_usec));
	if (r->adopt)
		json_object_object_add(o, "adopt", json_object_new_boolean(true));
	if (r->persist)
		json_object_object_add(o, "persist", json_object_new_boolean(true));
	if (r->forget)
		json_object_object_add(o, "forget", json_object_new_boolean(true));
	if (r->previous)
		json_object_object_add(o, "previous", json_object_get(r->previous));
	return o;
}

static int value_check(const struct row *row, struct json_object *v, struct err *e)
{
	int64_t n;

	if (!json_object_is_type(v, row->type))
		return err_set(e, EINVAL, "\"%s\" is no %s", row->name, json_type_to_name(row->type));
	if (row->type == json_type_string) {
		n = json_object_get_string_len(v);
		if (strlen(json_object_get_string(v)) != (size_t)n)
			return err_set(e, EINVAL, "\"%s\" holds a NUL", row->name);
		return row->max && n > row->max ? err_set(e, EINVAL, "\"%s\" is longer than %" PRId64 " bytes", row->name, row->max) : 0;
	}
	n = row->type == json_type_int ? json_object_get_int64(v) : 0;
	if (n < 0 || n > row->max)
		return err_set(e, EINVAL, "\"%s\" is %s, not from 0 to %" PRId64, row->name, json_object_get_string(v), row->max);
	return 0;
}

/* All of @rows are in @o, and nothing else. */
static int rows_check(const struct row *rows, size_t n, struct json_object *o, struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		struct json_object *v;

		if (json_object_object_get_ex(o, rows[i].name, &v) ? value_check(&rows[i], v, e) < 0 : !rows[i].optional)
			return json_object_object_get_ex(o, rows[i].name, NULL) ? e->code : err_set(e, EINVAL, "\"%s\" is missing", rows[i].name);
	}
	json_object_object_foreach(o, key, value) {
		size_t i = 0;

		(void)value;
		while (i < n && strcmp(key, rows[i].name))
			i++;
		if (i == n)
			return err_set(e, EINVAL, "\"%.64s\" is no field of a record", key);
	}
	return 0;
}

static const char *text_of(struct json_object *o, const char *name)
{
	return json_object_get_string(json_object_object_get(o, name));
}

static uint64_t number_of(struct json_object *o, const char *name)
{
	return (uint64_t)json_object_get_int64(json_object_object_get(o, name));
}

static bool flag_of(struct json_object *o, const char *name)
{
	return json_object_get_boolean(json_object_object_get(o, name));
}

static int state_parse(struct record *r, const char *word, struct err *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(state_words); i++)
		if (!strcmp(word, state_words[i])) {
			r->state = (enum topology_state)i;
			return 0;
		}
	return err_set(e, EINVAL, "\"state\" is \"%.32s\", not up, down, failed or waiting", word);
}

/* A time that nobody can have asked for would never come, or come at once. */
static int confirm_parse(struct record *r, uint64_t usec, struct err *e)
{
	uint64_t last = usec_now(CLOCK_BOOTTIME) + (uint64_t)(CONFIRM_SECONDS_MAX + 1) * 1000000;

	if (usec > last)
		return err_set(e, EINVAL, "\"confirm_usec\" is %" PRIu64 ", later than anybody may confirm", usec);
	r->confirm_usec = usec;
	return 0;
}

static int previous_parse(struct record *r, struct json_object *previous, struct err *e)
{
	const char *word;

	if (!previous)
		return 0;
	if (rows_check(previous_rows, ARRAY_SIZE(previous_rows), previous, e) < 0)
		return err_prefix(e, "\"previous\"");
	word = text_of(previous, "state");
	if (strcmp(word, "up") && strcmp(word, "down"))
		return err_set(e, EINVAL, "\"previous\": \"state\" is \"%.32s\", not up or down", word);
	r->previous = json_object_get(previous);
	return 0;
}

static int fields_parse(struct record *r, struct json_object *o, struct err *e)
{
	if (!json_object_is_type(o, json_type_object))
		return err_set(e, EINVAL, "holds no JSON object");
	if (rows_check(record_rows, ARRAY_SIZE(record_rows), o, e) < 0)
		return e->code;
	if (strcmp(text_of(o, "name"), r->name))
		return err_set(e, EINVAL, "\"name\" is \"%.64s\", and the file has another", text_of(o, "name"));
	if (state_parse(r, text_of(o, "state"), e) < 0 || confirm_parse(r, number_of(o, "confirm_usec"), e) < 0 ||
	    previous_parse(r, json_object_object_get(o, "previous"), e) < 0)
		return e->code;
	snprintf(r->source, sizeof(r->source), "%s", text_of(o, "source"));
	r->since_usec = number_of(o, "since_usec");
	r->healed = (uint32_t)number_of(o, "healed");
	r->had = flag_of(o, "had");
	r->topology = json_object_get(json_object_object_get(o, "topology"));
	r->adopt = flag_of(o, "adopt");
	r->persist = flag_of(o, "persist");
	r->forget = flag_of(o, "forget");
	if (model_restore(&r->saved, json_object_object_get(o, "originals"), e) < 0)
		return err_prefix(e, "\"originals\"");
	return model_restore(&r->delta, json_object_object_get(o, "delta"), e) < 0 ? err_prefix(e, "\"delta\"") : 0;
}

/* With a number that has a fraction json-c keeps its text, where json.c looks for a place. */
static int visit(struct json_object *value, _unused_ int flags, _unused_ struct json_object *in, _unused_ const char *key,
		 _unused_ size_t *i, _unused_ void *arg)
{
	if (json_object_is_type(value, json_type_double))
		json_object_set_serializer(value, NULL, NULL, NULL);
	return JSON_C_VISIT_RETURN_CONTINUE;
}

int record_parse(struct record *r, const char *text, size_t size, const struct kinds *kinds, struct err *e)
{
	_cleanup_(json_putp) struct json_object *o = NULL;
	struct json_tokener *t = must(json_tokener_new_ex(DEPTH_MAX));
	bool whole;

	model_init(&r->saved, kinds);
	model_init(&r->delta, kinds);
	json_tokener_set_flags(t, JSON_TOKENER_STRICT);
	/* With its NUL, which ends a number too. */
	o = json_tokener_parse_ex(t, text, (int)size + 1);
	whole = json_tokener_get_error(t) == json_tokener_success && strlen(text) == size &&
		json_tokener_get_parse_end(t) + strspn(text + json_tokener_get_parse_end(t), " \t\r\n") == size;
	json_tokener_free(t);
	json_c_visit(o, 0, visit, NULL);
	return whole ? fields_parse(r, o, e) : err_set(e, EINVAL, "holds no JSON");
}
