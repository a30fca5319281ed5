/* SPDX-License-Identifier: MIT */
/* test_outcome.c - how a change is reported: which event, about which object, in which words. */
#include "engine/outcome.h"
#include "disk.h"
#include "base/log.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <json-c/json.h>

/* The event that is reported for @o, which is freed; the caller's. */
static struct json_object *told(void **state, const struct change *c, struct outcome *o)
{
	struct engine *g = must(calloc(1, sizeof(*g)));
	struct json_object *events, *event;

	disk_clear(*state);
	g->env.events = events_new(*state);
	snprintf(o->name, sizeof(o->name), "lab");
	outcome_tell(g, c, o);
	events = events_last(g->env.events, "lab", 2);
	assert_int_equal(json_object_array_length(events), 1);
	event = json_object_get(json_object_array_get_idx(events, 0));
	json_object_put(events);
	events_free(g->env.events);
	free(g);
	outcome_done(o);
	return event;
}

static const char *field(struct json_object *event, const char *name)
{
	return json_object_get_string(json_object_object_get(event, name));
}

static void test_done(void **state)
{
	static const struct {
		struct change change;
		size_t n;
		const char *event, *message;
	} rows[] = {
		{ { .type = CHANGE_APPLY }, 2, "applied", "2 created, 1 changed, 3 removed in 1.5 ms" },
		{ { .type = CHANGE_APPLY }, 0, "applied", "1 changed, 3 removed in 1.5 ms" },
		{ { .type = CHANGE_UP }, 2, "applied", "2 created, 1 changed, 3 removed in 1.5 ms" },
		{ { .type = CHANGE_DOWN }, 2, "down", "2 created, 1 changed, 3 removed in 1.5 ms" },
		{ { .type = CHANGE_ROLLBACK }, 0, "rolled_back", "rolled back: 1 changed, 3 removed in 1.5 ms" },
		{ { .type = CHANGE_ROLLBACK, .overdue = true },
		  0,
		  "rolled_back",
		  "not confirmed in time, rolled back: 1 changed, 3 removed in 1.5 ms" },
		{ { .type = CHANGE_CONFIRM }, 0, "confirmed", "confirmed" },
		{ { .type = CHANGE_ADOPT }, 2, "applied", "adopted: 2 created, 1 changed, 3 removed in 1.5 ms" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct outcome o = { .created = rows[i].n, .changed = 1, .removed = 3, .duration_usec = 1500 };
		struct json_object *event = told(state, &rows[i].change, &o);

		assert_string_equal(field(event, "event"), rows[i].event);
		assert_string_equal(field(event, "message"), rows[i].message);
		assert_null(field(event, "by"));
		assert_null(field(event, "object"));
		assert_null(field(event, "errno"));
		json_object_put(event);
	}
}

static void test_refused(void **state)
{
	struct outcome o = { .code = OUTCOME_REFUSED };
	struct json_object *event;
	struct err e;

	err_set(&e, EINVAL, "no route to %s", "it");
	problem_add_err(&o.problems, &e, NULL, "address ns1/veth-ns 10.0.0.2/24");
	event = told(state, &(struct change){ .type = CHANGE_APPLY, .by = "uid 0" }, &o);
	assert_string_equal(field(event, "kind"), "address");
	assert_string_equal(field(event, "object"), "ns1/veth-ns");
	assert_string_equal(field(event, "by"), "uid 0");
	assert_int_equal(json_object_get_int(json_object_object_get(event, "errno")), EINVAL);
	assert_non_null(strstr(field(event, "message"), "no route to it"));
	json_object_put(event);
	/* There is none for something without a kind. */
	o = (struct outcome){ .code = OUTCOME_REFUSED };
	problem_add_err(&o.problems, &e, NULL, "netns");
	event = told(state, &(struct change){ .type = CHANGE_APPLY }, &o);
	assert_null(field(event, "kind"));
	json_object_put(event);
}

static void test_more_that_is_said(void **state)
{
	struct outcome o = { .others = "route ns1 10.9.0.0/24" };
	struct json_object *event;

	o.users = must(calloc(2, sizeof(*o.users)));
	o.n_users = 2;
	o.users[0].pid = 7;
	snprintf(o.users[0].command, sizeof(o.users[0].command), "sleep");
	event = told(state, &(struct change){ .type = CHANGE_DOWN }, &o);
	assert_string_equal(field(event, "message"),
			    "unchanged; also removed, outside this topology: route ns1 10.9.0.0/24; "
			    "7 (sleep) and 1 other processes still use removed namespaces");
	json_object_put(event);
	/* As long as a path may be, the report is not. */
	o = (struct outcome){ .code = OUTCOME_NAME_IN_USE };
	memset(o.source, 'x', sizeof(o.source) - 1);
	event = told(state, &(struct change){ .type = CHANGE_APPLY }, &o);
	assert_int_equal(strlen(field(event, "message")), 1023);
	json_object_put(event);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_done, disk_setup, disk_teardown),
		cmocka_unit_test_setup_teardown(test_refused, disk_setup, disk_teardown),
		cmocka_unit_test_setup_teardown(test_more_that_is_said, disk_setup, disk_teardown),
	};

	log_set_level(LOG_EMERG);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
