/* SPDX-License-Identifier: MIT */
/* test_varlink.c - the answers of a connection to what is sent: in one piece or in many, well meant or not. */
#include "wire.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <sys/socket.h>

static void test_parameters(void **state _unused_)
{
	static const char *const same[] = {
		"{\"method\":\"" ECHO "\"}",
		"{\"method\":\"" ECHO "\",\"parameters\":null}",
		"{\"method\":\"" ECHO "\",\"parameters\":{}}",
		" {\"parameters\" : {}, \"method\":\"" ECHO "\", \"more\": false, \"oneway\":false, \"x\":1}\n",
		"{\"method\":\"" ECHO "\",\"more\":true}",
	};
	struct fixture f;

	open_as(&f, true, true);
	for (size_t i = 0; i < ARRAY_SIZE(same); i++) {
		send_text(&f, same[i]);
		expect(&f, EMPTY);
	}
	send_text(&f, "{\"method\":\"" ECHO "\",\"parameters\":{\"text\":\"a/b \\u00e4\"}}");
	expect(&f, "{\"parameters\":{\"text\":\"a/b ä\"}}");
	fixture_done(&f);
}

static void test_byte_by_byte(void **state _unused_)
{
	static const char message[] = "{\"method\":\"" ECHO "\",\"parameters\":{\"text\":\"x\"}}";
	struct fixture f;

	open_as(&f, true, true);
	for (size_t i = 0; i < sizeof(message); i++) {
		NOTHING_HEARD(&f);
		send_bytes(&f, message + i, 1);
	}
	expect(&f, "{\"parameters\":{\"text\":\"x\"}}");
	fixture_done(&f);
}

/* Three and a half messages in one write, then the other half. */
static void test_many_in_one(void **state _unused_)
{
	static const char one[] = "{\"method\":\"" ECHO "\"}";
	char all[4 * sizeof(one)];
	struct fixture f;

	open_as(&f, true, true);
	for (size_t i = 0; i < 4; i++)
		memcpy(all + i * sizeof(one), one, sizeof(one));
	send_bytes(&f, all, sizeof(all) - sizeof(one) / 2);
	for (size_t i = 0; i < 3; i++)
		expect(&f, EMPTY);
	NOTHING_HEARD(&f);
	send_bytes(&f, all + sizeof(all) - sizeof(one) / 2, sizeof(one) / 2);
	expect(&f, EMPTY);
	fixture_done(&f);
}

/* What follows a pending call waits its turn. */
static void test_in_order(void **state _unused_)
{
	struct fixture f;

	open_as(&f, true, true);
	ask(&f, LATER);
	ask(&f, ECHO);
	ask(&f, LATER);
	NOTHING_HEARD(&f);
	assert_non_null(f.later);
	call_reply(f.later, json_object_new_object());
	f.later = NULL;
	run(&f);
	expect(&f, EMPTY);
	expect(&f, EMPTY);
	assert_non_null(f.later);
	NOTHING_HEARD(&f);
	fixture_done(&f);
	assert_int_equal(f.vanished, 1);
}

static void progress(struct call *c, int n)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "n", json_object_new_int(n));
	call_progress(c, o);
}

static void test_more(void **state _unused_)
{
	struct fixture f;

	open_as(&f, true, true);
	send_text(&f, "{\"method\":\"" LATER "\",\"more\":true}");
	assert_true(f.later->more);
	progress(f.later, 1);
	progress(f.later, 2);
	call_reply(f.later, NULL);
	expect(&f, "{\"parameters\":{\"n\":1},\"continues\":true}");
	expect(&f, "{\"parameters\":{\"n\":2},\"continues\":true}");
	expect(&f, EMPTY);
	fixture_done(&f);
	assert_int_equal(f.vanished, 0);
}

static void test_oneway(void **state _unused_)
{
	struct fixture f;

	open_as(&f, true, true);
	send_text(&f, "{\"method\":\"org.example.test.Change\",\"oneway\":true}");
	send_text(&f, "{\"method\":\"org.example.test.Nothing\",\"oneway\":true}");
	NOTHING_HEARD(&f);
	assert_int_equal(f.changed, 1);
	ask(&f, ECHO);
	expect(&f, EMPTY);
	fixture_done(&f);
}

static void test_no_call(void **state _unused_)
{
	static const char *const cases[] = {
		"",
		"x",
		"{",
		"[]",
		"null",
		"{}",
		"{\"method\":1}",
		"{\"method\":null}",
		"\xff",
		"{\"method\":\"" ECHO "\",\"parameters\":[]}",
		"{\"method\":\"" ECHO "\",\"more\":1}",
		"{\"method\":\"" ECHO "\",\"oneway\":\"yes\"}",
		"{\"method\":\"" ECHO "\",\"method\":\"" ECHO "\"}",
		"{\"method\":\"" ECHO "\"} {}",
	};
	struct fixture f;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		open_as(&f, true, true);
		send_text(&f, cases[i]);
		/* It is said why. */
		assert_non_null(strstr(hear(&f), INVALID_PARAMETER));
		HUNG_UP(&f);
		fixture_done(&f);
	}
}

/* A call of @size bytes without its NUL. */
static const char *call_of_size(char *buffer, size_t size)
{
	static const char start[] = "{\"method\":\"" ECHO "\",\"parameters\":{}", end[] = "}";

	memset(buffer, ' ', size);
	memcpy(buffer, start, sizeof(start) - 1);
	memcpy(buffer + size - 1, end, sizeof(end));
	return buffer;
}

static void test_size(void **state _unused_)
{
	char buffer[MESSAGE_MAX + 2];
	struct fixture f;

	open_as(&f, true, true);
	send_text(&f, call_of_size(buffer, MESSAGE_MAX));
	expect(&f, EMPTY);
	send_text(&f, call_of_size(buffer, MESSAGE_MAX + 1));
	assert_non_null(strstr(hear(&f), INVALID_PARAMETER));
	HUNG_UP(&f);
	fixture_done(&f);
	/* A read-only peer is told why so little is accepted. */
	open_as(&f, true, false);
	send_bytes(&f, call_of_size(buffer, MESSAGE_MAX + 1), MESSAGE_MAX + 1);
	expect_error(&f, PERMISSION_DENIED, "{}");
	HUNG_UP(&f);
	fixture_done(&f);
}

static void test_half_message_rests(void **state _unused_)
{
	struct fixture f;

	open_hasty(&f, 2000);
	send_bytes(&f, "{\"method\":", 10);
	while (!f.closed)
		assert_true(sd_event_run(f.event, 10 * 1000 * 1000) > 0);
	HUNG_UP(&f);
	fixture_done(&f);
}

/* The timeout runs for the peer only while it is the peer's turn. */
static void test_whole_messages_may_rest(void **state _unused_)
{
	struct fixture f;

	open_hasty(&f, 2000);
	send_bytes(&f, "{\"method\":\"" LATER "\"}\0{\"me", sizeof("{\"method\":\"" LATER "\"}") + 4);
	assert_int_equal(sd_event_run(f.event, 10 * 1000), 0);
	assert_false(f.closed);
	call_reply(f.later, NULL);
	expect(&f, EMPTY);
	while (!f.closed)
		assert_true(sd_event_run(f.event, 10 * 1000 * 1000) > 0);
	fixture_done(&f);
}

static void test_peer_goes(void **state _unused_)
{
	struct fixture f;

	open_as(&f, true, true);
	ask(&f, LATER);
	close(f.fd);
	f.fd = -1;
	run(&f);
	assert_true(f.closed);
	assert_int_equal(f.vanished, 1);
	fixture_done(&f);
}

/* What was sent before is still carried out. */
static void test_peer_sends_and_goes(void **state _unused_)
{
	static const char message[] = "{\"method\":\"org.example.test.Change\"}";
	struct fixture f;

	open_as(&f, true, true);
	assert_int_equal(send(f.fd, message, sizeof(message), 0), sizeof(message));
	assert_int_equal(send(f.fd, message, sizeof(message), 0), sizeof(message));
	close(f.fd);
	f.fd = -1;
	run(&f);
	assert_int_equal(f.changed, 2);
	assert_true(f.closed);
	fixture_done(&f);
}

/* Nobody would read the answers. */
static void test_peer_asks_and_goes(void **state _unused_)
{
	static const char ask_text[] = "{\"method\":\"" ECHO "\"}",
			  change_text[] = "{\"method\":\"org.example.test.Change\"}";
	struct fixture f;

	for (int may_change = 0; may_change <= 1; may_change++) {
		open_as(&f, true, may_change);
		for (size_t i = 0; i < 10; i++)
			assert_int_equal(send(f.fd, ask_text, sizeof(ask_text), 0), sizeof(ask_text));
		assert_int_equal(send(f.fd, change_text, sizeof(change_text), 0), sizeof(change_text));
		close(f.fd);
		f.fd = -1;
		run(&f);
		assert_int_equal(f.asked, 0);
		assert_int_equal(f.changed, may_change);
		assert_true(f.closed);
		fixture_done(&f);
	}
}

/* "printf … | socat": it has sent everything, and still listens. */
static void test_peer_ends_its_half(void **state _unused_)
{
	struct fixture f;

	open_as(&f, true, true);
	ask(&f, LATER);
	shutdown(f.fd, SHUT_WR);
	run(&f);
	assert_false(f.closed);
	call_reply(f.later, NULL);
	run(&f);
	expect(&f, EMPTY);
	HUNG_UP(&f);
	fixture_done(&f);
}

static void test_peer_does_not_read(void **state _unused_)
{
	struct fixture f;

	open_as(&f, true, true);
	send_text(&f, "{\"method\":\"org.example.test.Flood\",\"more\":true}");
	assert_true(f.closed);
	assert_int_equal(f.vanished, 1);
	fixture_done(&f);
}

/* Its answers fill the socket; its further calls are not read, instead of piling up. */
static void test_peer_only_asks(void **state _unused_)
{
	static const char message[] = "{\"method\":\"org.example.test.Change\"}";
	unsigned sent = 0, heard = 0;
	struct fixture f;

	open_as(&f, true, true);
	for (; send(f.fd, message, sizeof(message), MSG_NOSIGNAL) == sizeof(message); sent++)
		run(&f);
	assert_true(f.changed < sent);
	assert_false(f.closed);
	for (const char *s = hear(&f); s && *s; s = hear(&f), heard++)
		run(&f);
	assert_int_equal(heard, sent);
	assert_int_equal(f.changed, sent);
	fixture_done(&f);
}

static void test_drain(void **state _unused_)
{
	struct fixture f;

	open_as(&f, true, true);
	ask(&f, LATER);
	ask(&f, "org.example.test.Change");
	varlink_drain(f.varlink);
	run(&f);
	assert_false(f.closed);
	call_reply(f.later, NULL);
	run(&f);
	expect(&f, EMPTY);
	HUNG_UP(&f);
	assert_int_equal(f.changed, 0);
	fixture_done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parameters),
		cmocka_unit_test(test_byte_by_byte),
		cmocka_unit_test(test_many_in_one),
		cmocka_unit_test(test_in_order),
		cmocka_unit_test(test_more),
		cmocka_unit_test(test_oneway),
		cmocka_unit_test(test_no_call),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_half_message_rests),
		cmocka_unit_test(test_whole_messages_may_rest),
		cmocka_unit_test(test_peer_goes),
		cmocka_unit_test(test_peer_sends_and_goes),
		cmocka_unit_test(test_peer_asks_and_goes),
		cmocka_unit_test(test_peer_ends_its_half),
		cmocka_unit_test(test_peer_does_not_read),
		cmocka_unit_test(test_peer_only_asks),
		cmocka_unit_test(test_drain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
