/* SPDX-License-Identifier: MIT */
/* wait.c - netnsctl wait: until topologies are up, also across a restart of netnsd. */
#include "booting.h"
#include "connection.h"
#include "ctl.h"
#include "gone.h"
#include "model/type.h"
#include "number.h"

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

static struct json_object *wait_parameters(const struct ctl *c, bool declared, uint64_t left_msec)
{
	struct json_object *o = must(json_object_new_object());

	list_add(o, "names", (const char *const *)c->args);
	list_add(o, "namespaces", (const char *const *)c->namespaces);
	if (declared)
		json_object_object_add(o, "declared", json_object_new_boolean(true));
	json_object_object_add(o, "timeout_seconds", json_object_new_int64((int64_t)(left_msec + 999) / 1000));
	return o;
}

static int wait_until(const struct ctl *c, uint64_t until_msec)
{
	/* During the boot, what applies the topology may not have run yet. */
	const bool declared = c->given & OPT_DECLARED && !is_booting();
	_cleanup_(reply_putp) struct json_object *reply = NULL;
	struct call call = { .method = "Wait", .until_msec = until_msec + GRACE_MSEC };
	bool lost = false;
	int r;

	call.lost = &lost;
	for (;;) {
		uint64_t now = connection_now();

		call.parameters = wait_parameters(c, declared, until_msec > now ? until_msec - now : 0);
		r = ctl_call(c, &call, &reply);
		if (r != EXIT_NO_DAEMON || !lost)
			return r;
		if (connection_now() >= until_msec)
			return ctl_fail(EXIT_TIMEOUT, "netnsd went away, and did not come back in time");
		usleep(AGAIN_MSEC * 1000);
	}
}

static int options_check(const struct ctl *c)
{
	struct err e;

	for (size_t i = 0; c->namespaces[i]; i++)
		if (name_problem(c->namespaces[i], &e))
			return ctl_fail(EXIT_INVALID, "--namespace: \"%s\" is not the name of a namespace: it %s",
					c->namespaces[i], e.text);
	if (c->given & OPT_DECLARED && !c->namespaces[0])
		return ctl_fail(EXIT_INVALID, "--declared needs --namespace NS");
	if (!(c->given & OPT_UNTIL_GONE))
		return EXIT_DONE;
	if (c->n_args || c->given & OPT_DECLARED || !c->namespaces[0])
		return ctl_fail(EXIT_INVALID, "--until-gone takes --namespace NS and --timeout, nothing else");
	return EXIT_DONE;
}

int command_wait(const struct ctl *c)
{
	uint64_t seconds = TIMEOUT_USUAL;
	int r = options_check(c);
	uint64_t until_msec;

	if (r)
		return r;
	if (c->timeout && !number_read(c->timeout, 0, TIMEOUT_MAX, &seconds))
		return ctl_fail(EXIT_INVALID, "--timeout takes 0 to %d seconds, not \"%s\"", TIMEOUT_MAX, c->timeout);
	until_msec = connection_now() + seconds * 1000;
	if (c->given & OPT_UNTIL_GONE)
		return gone_wait(c, c->timeout ? until_msec : 0);
	return wait_until(c, until_msec);
}
