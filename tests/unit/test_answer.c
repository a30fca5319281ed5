/* SPDX-License-Identifier: MIT */
/* test_answer.c - the tables of outcomes, errors and events, compared with the interface text. */
#include "control/idl.h"
#include "engine/outcome.h"
#include "method/method.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static struct idl idl;

static int setup(_unused_ void **state)
{
	struct err e;

	return idl_parse(method_interface(NULL).text, &idl, &e);
}

static int teardown(_unused_ void **state)
{
	idl_done(&idl);
	return 0;
}

/* An outcome with a value for every parameter. */
static void outcome_make(struct outcome *o, enum outcome_code code)
{
	struct err e;

	*o = (struct outcome){ .code = code, .name = "lab", .source = "/lab.json", .others = "link ns1/veth" };
	problem_add_conflict(&o->problems, NULL, "link host/br0", NULL);
	err_kernel(&e, EINVAL, "Nexthop has invalid gateway", "the second");
	problem_add_err(&o->problems, &e, &(struct where){ "/host", 3, 4 }, "route host");
}

static const char *error_name(const struct outcome_row *row)
{
	const char prefix[] = NETNSD_INTERFACE ".";

	assert_memory_equal(row->error, prefix, strlen(prefix));
	return row->error + strlen(prefix);
}

/* Every {x} of @sentence is in @parameters. */
static void check_sentence(const char *sentence, struct json_object *parameters)
{
	for (const char *open = sentence; open && (open = strchr(open, '{')); open++) {
		char name[32];

		assert_int_equal(sscanf(open, "{%31[a-z]}", name), 1);
		assert_true(json_object_object_get_ex(parameters, name, NULL));
	}
}

static void test_outcomes(_unused_ void **state)
{
	for (int i = OUTCOME_DONE + 1; i < OUTCOMES; i++) {
		const struct outcome_row *row = outcome_row((enum outcome_code)i);
		const struct idl_member *m = idl_find(&idl, IDL_ERROR, error_name(row));
		const struct change change = { .type = CHANGE_APPLY };
		char path[IDL_PATH], text[1024];
		struct json_object *parameters;
		struct outcome o;
		int fields = 0;

		assert_non_null(m);
		assert_ptr_equal(outcome_row_of(row->error), row);
		outcome_make(&o, (enum outcome_code)i);
		parameters = outcome_parameters(&o);
		if (!idl_match(m->type, parameters, path))
			fail_msg("%s: %s in %s", row->error, path, json_object_to_json_string(parameters));
		for (const struct idl_field *f = m->type->fields; f; f = f->next)
			fields++;
		assert_int_equal(json_object_object_length(parameters), fields);
		check_sentence(row->sentence, parameters);
		check_sentence(row->once, parameters);
		assert_int_not_equal(row->exit, EXIT_DONE);
		outcome_text(&change, &o, text, sizeof(text));
		assert_true(*text && !strchr(text, '{'));
		json_object_put(parameters);
		outcome_done(&o);
	}
	assert_null(outcome_row_of("io.netnsd.Sing"));
}

/* Nothing is repeated, and nothing is said of what is missing. */
static void test_words(_unused_ void **state)
{
	static const struct {
		enum outcome_code code;
		const char *told;
	} cases[] = {
		{ OUTCOME_NAME_IN_USE, "is up from /lab.json; use --replace, or --name OTHER" },
		{ OUTCOME_BUSY, "awaits confirmation: netnsctl confirm lab, or netnsctl rollback lab" },
		{ OUTCOME_WAITING, "waits for link host/br0, route host" },
		{ OUTCOME_DONE, "2 created, 1 removed in 1.5 ms" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct outcome o;
		char text[1024];

		outcome_make(&o, cases[i].code);
		*o.others = '\0';
		o.created = 2;
		o.removed = 1;
		o.duration_usec = 1500;
		outcome_text(&(struct change){ .type = CHANGE_UP }, &o, text, sizeof(text));
		assert_string_equal(text, cases[i].told);
		outcome_done(&o);
	}
}

/* A path may be longer than any sentence. */
static void test_long_source(_unused_ void **state)
{
	struct outcome o = { .code = OUTCOME_NAME_IN_USE, .name = "lab" };
	struct json_object *parameters;

	memset(o.source, 'x', sizeof(o.source) - 1);
	parameters = outcome_parameters(&o);
	assert_string_equal(json_object_get_string(json_object_object_get(parameters, "source")), o.source);
	json_object_put(parameters);
}

/* The table of every method has its parameters, and nothing else. */
static void test_parameters(_unused_ void **state)
{
	const struct interface own = method_interface(NULL);
	struct service *s = NULL;
	struct err e;

	if (service_new(&s, &own, &e) < 0)
		fail_msg("%s", e.text);
	service_free(s);
}

static void test_event(_unused_ void **state)
{
	struct err e;

	if (idl_check_struct(idl_find(&idl, IDL_TYPE, "Event")->type, &event_struct, &e) < 0)
		fail_msg("%s", e.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_outcomes),   cmocka_unit_test(test_words), cmocka_unit_test(test_long_source),
		cmocka_unit_test(test_parameters), cmocka_unit_test(test_event),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
