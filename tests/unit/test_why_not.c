/* SPDX-License-Identifier: MIT */
/* test_why_not.c - each reason has a word, a sentence, and its place in the interface text, in the
 * order of the enum. */
#include "control/idl.h"
#include "idl_text.h"
#include "model/why_not.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void test_rows(void **state)
{
	(void)state;
	assert_null(why_not_word(WHY_NOT_NONE));
	for (unsigned i = WHY_NOT_FIRST; i < WHY_NOT_N; i++) {
		const char *word = why_not_word(i), *sentence = why_not_sentence(i);

		assert_non_null(word);
		assert_non_null(sentence);
		assert_int_equal(strspn(word, "abcdefghijklmnopqrstuvwxyz_"), strlen(word));
		/* The word is unique: it leads back to the reason. */
		assert_int_equal(why_not_find(word), i);
		assert_true(strlen(sentence) > 20 && strlen(sentence) < 120);
		assert_null(strpbrk(sentence, ".\n{"));
	}
	assert_int_equal(why_not_find("no_such_word"), WHY_NOT_NONE);
	assert_int_equal(why_not_find(NULL), WHY_NOT_NONE);
}

static void test_interface(void **state)
{
	_cleanup_(idl_done) struct idl idl = {};
	const struct idl_member *m;
	const struct idl_field *f;
	struct err e;

	(void)state;
	assert_int_equal(idl_parse(idl_text, &idl, &e), 0);
	m = idl_find(&idl, IDL_TYPE, "Reason");
	assert_non_null(m);
	f = m->type->fields;
	for (unsigned i = WHY_NOT_FIRST; i < WHY_NOT_N; i++, f = f->next) {
		assert_non_null(f);
		assert_string_equal(f->name, why_not_word(i));
	}
	assert_null(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_interface),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
