/* SPDX-License-Identifier: MIT */
/* wait.c - netnsctl wait: until topologies are up, also across a restart of netnsd. */
#include "connection.h"
#include "ctl.h"
#include "model/type.h"
#include <ctype.h>

/* In seconds, as in netnsd. */
enum { TIMEOUT_USUAL = 30, TIMEOUT_MAX = 86400 };

/* netnsd itself keeps the time; if it does not get that far, a little more passes. */
enum { GRACE_MSEC = 1500, AGAIN_MSEC = 100 };

static void list_add(struct json_object *o, const char *key, const char *const *values)
{
	struct json_object *list;

	if (!*values)
		return;
	list = json_object_new_array();
	for (; *values; values++)
		json_object_array_add(list, json_object_new_string(*values));
	json_object_object_add(o, key, list);
}

static struct json_object *wait_parameters(const struct ctl *c, uint64_t left_msec)
{
	struct json_object *o = must(json_object_new_object());

	list_add(o, "names", (const char *const *)c->args);
	list_add(o, "namespaces", (const char *const *)c->namespaces);
	json_object_object_add(o, "timeout_seconds", json_object_new_int64((int64_t)(left_msec + 999) / 1000));
	return o;
}

static int wait_until(const struct ctl *c, uint64_t until_msec)
{
	_cleanup_(reply_putp) struct json_object *reply = NULL;
	struct call call = { .method = "Wait", .until_msec = until_msec + GRACE_MSEC };
	bool lost = false;
	int r;

	call.lost = &lost;
	for (;;) {
		uint64_t now = connection_now();

		call.parameters = wait_parameters(c, until_msec > now ? until_msec - now : 0);
		r = ctl_call(c, &call, &reply);
		if (r != EXIT_NO_DAEMON || !lost)
			return r;
		if (connection_now() >= until_msec)
			return ctl_fail(EXIT_TIMEOUT, "netnsd went away, and did not come back in time");
		usleep(AGAIN_MSEC * 1000);
	}
}

int command_wait(const struct ctl *c)
{
	unsigned long seconds = TIMEOUT_USUAL;
	struct err e;
	char *end;

	for (size_t i = 0; c->namespaces[i]; i++)
		if (name_problem(c->namespaces[i], &e))
			return ctl_fail(EXIT_INVALID, "--namespace: \"%s\" is not the name of a namespace: it %s",
					c->namespaces[i], e.text);
	if (c->timeout) {
		seconds = strtoul(c->timeout, &end, 10);
		if (!isdigit((unsigned char)*c->timeout) || *end || seconds > TIMEOUT_MAX)
			return ctl_fail(EXIT_INVALID, "--timeout takes 0 to %d seconds, not \"%s\"", TIMEOUT_MAX,
					c->timeout);
	}
	return wait_until(c, connection_now() + seconds * 1000);
}
