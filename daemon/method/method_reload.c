/* SPDX-License-Identifier: MIT */
/* method_reload.c - Reload: answered when everything that it caused is done. */
#include "method_change.h"
#include "answer.h"
#include "engine/reload.h"

/* A call that waits for a reload. */
struct asked {
	struct call *call; /* NULL: the client has disconnected */
	struct method_context *context;
	bool dry_run;
};

static void on_vanished(struct call *c)
{
	struct asked *a = c->data;

	a->call = NULL;
}

static void on_done(void *arg, struct json_object *results)
{
	struct json_object *reply = json_object_new_object();
	struct asked *a = arg;

	if (!a->dry_run)
		a->context->reloading(a->context->arg, false);
	add(reply, "results", results);
	if (a->call)
		call_reply(a->call, reply);
	else
		json_object_put(reply);
	free(a);
}

struct reload_in {
	bool dry_run;
	uint32_t confirm_seconds;
};
static const struct json_member members[] = {
	JSON_MEMBER(reload_in, dry_run, FLAG, .optional = true),
	JSON_MEMBER(reload_in, confirm_seconds, U32, .optional = true, .min = 1, .max = CONFIRM_SECONDS_MAX),
};
const struct json_struct reload_takes = PARAMETERS(reload_in, members);

void method_reload(struct call *c, const void *parameters, void *arg)
{
	const struct reload_in *in = parameters;
	struct asked *a = must(calloc(1, sizeof(*a)));
	char by[80];
	struct reload_request request = {
		.by = by, .of_user = !c->peer->root, .dry_run = in->dry_run, .confirm_seconds = in->confirm_seconds
	};

	*a = (struct asked){ c, arg, in->dry_run };
	c->data = a;
	c->vanished = on_vanished;
	if (!a->dry_run)
		a->context->reloading(a->context->arg, true);
	a->context->work(a->context->arg);
	call_caller(c, by, sizeof(by));
	reload_start(a->context->engine, &request, on_done, a);
}
