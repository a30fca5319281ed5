/* SPDX-License-Identifier: MIT */
/* records.c - records for the tests of what netnsd stores on disk. */
#include "records.h"
#include "toy.h"
#include "base/json.h"
#include "usec.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <json-c/json.h>

void state_opened(struct state *s, const char *dir)
{
	struct err e = { 0 };

	assert_int_equal(state_open(s, dir, &e), 0);
}

struct json_text *json_text(const char *json)
{
	_cleanup_(json_putp) struct json_object *value = json_own_parse(json, strlen(json));

	assert_non_null(value);
	return json_text_new(value);
}

void record_make(struct record *r, const char *name)
{
	struct object *o;

	*r = (struct record){ .state = STATE_WAITING,
			      .since_usec = 1700000000000001,
			      .healed = UINT32_MAX,
			      .had = true,
			      .adopt = true,
			      .persist = true,
			      .forget = true };
	snprintf(r->name, sizeof(r->name), "%s", name);
	memset(r->source, 's', SOURCE_SIZE - 1);
	memset(r->macs, 'm', sizeof(r->macs) - 1);
	memset(r->renames, 'n', sizeof(r->renames) - 1);
	r->confirm_usec = usec_now(CLOCK_BOOTTIME) + 5000000;
	r->topology = json_text("{\"description\":\"\\u0007 ü /\",\"n\":1.5}");
	r->previous = json_text("{\"source\":\"/a\",\"state\":\"down\",\"topology\":{\"version\":1}}");
	model_init(&r->saved, &toy_kinds);
	model_init(&r->delta, &toy_kinds);
	o = object_new(&r->saved, kinds_find(&toy_kinds, "link", "any"), "host", "eth0");
	((struct toy_any *)o)->mtu = 9000;
	OBJECT_SET(o, toy_any, mtu);
	assert_int_equal(model_add(&r->saved, o, NULL), 0);
	o = object_new(&r->delta, kinds_find(&toy_kinds, "netns", "namespace"), "ns1", NULL);
	assert_int_equal(model_add(&r->delta, o, NULL), 0);
}

void found_take(void *arg, struct record *r, const struct err *e)
{
	struct found *f = arg;
	size_t n = strlen(f->text);

	f->n++;
	snprintf(f->text + n, sizeof(f->text) - n, "%s: %s\n", r->name, e ? e->text : "good");
	if (e)
		return;
	record_done(&f->last);
	f->last = *r;
	*r = (struct record){ 0 };
}

void found_read(const struct state *s, bool pending, struct found *f)
{
	struct err e = { 0 };

	record_done(&f->last);
	*f = (struct found){ 0 };
	assert_int_equal(state_read(s, pending, &toy_kinds, found_take, f, &e), 0);
}

void record_expect_same(const struct record *a, const struct record *b)
{
	struct json_object *x = record_json(a), *y = record_json(b);

	assert_string_equal(json_object_to_json_string(x), json_object_to_json_string(y));
	json_object_put(x);
	json_object_put(y);
}
