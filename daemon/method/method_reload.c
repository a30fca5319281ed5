/* SPDX-License-Identifier: MIT */
/* method_reload.c - Reload: answered when everything that it caused is done. */
#include "method_change.h"
#include "answer.h"
#include "engine/reload.h"

/* A call that waits for a reload. */
struct asked {
	struct call *call; /* NULL: the client has disconnected */
	struct method_context *context;
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

	a->context->reloading(a->context->arg, false);
	add(reply, "results", results);
	if (a->call)
		call_reply(a->call, reply);
	else
		json_object_put(reply);
	free(a);
}

void method_reload(struct call *c, _unused_ const void *in, void *arg)
{
	struct asked *a = must(calloc(1, sizeof(*a)));
	char by[80];

	*a = (struct asked){ c, arg };
	c->data = a;
	c->vanished = on_vanished;
	a->context->reloading(a->context->arg, true);
	a->context->work(a->context->arg);
	call_caller(c, by, sizeof(by));
	reload_start(a->context->engine, by, !c->peer->root, on_done, a);
}
