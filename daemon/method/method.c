/* SPDX-License-Identifier: MIT */
/* method.c - the table of methods, and those that only look.  What comes in has
 * been checked against the interface text. */
#include "engine/outcome.h"
#include "method.h"
#include "answer.h"
#include "idl_text.h"
#include "method_change.h"
#include "monitor.h"
#include "wait.h"

static void method_plan(struct call *c, void *arg)
{
	const char *name = param_text(c, "name");
	struct change change = { .type = CHANGE_APPLY, .topology = param(c, "topology"), .replace = true,
				 .no_disrupt = param_bool(c, "no_disrupt") };
	struct method_context *m = arg;
	const struct plan *plan = NULL;
	struct json_object *reply;
	struct outcome o;

	if (!name_ok(c, name, "name"))
		return;
	snprintf(change.name, sizeof(change.name), "%s", name);
	engine_plan(m->engine, &change, &plan, &o);
	if (o.code == OUTCOME_DONE) {
		reply = one_string("name", name);
		add(reply, "steps", steps_json(plan, 0, plan->n));
		call_reply(c, reply);
	} else {
		call_outcome(c, &o);
	}
	outcome_done(&o);
}

static void method_status(struct call *c, void *arg)
{
	const char *name = param_text(c, "name");
	struct method_context *m = arg;
	struct json_object *reply;
	struct err e;
	int r = status_topologies(m->engine, name, &reply, &e);

	if (r == 0)
		call_reply(c, reply);
	else if (r == -ENOENT && name)
		call_no_such_topology(c, name);
	else
		call_refused(c, &e);
}

static void method_list(struct call *c, void *arg)
{
	struct method_context *m = arg;
	struct json_object *reply;
	struct err e;

	if (status_list(m->engine, &reply, &e) == 0)
		call_reply(c, reply);
	else
		call_refused(c, &e);
}

static void method_show(struct call *c, void *arg)
{
	const char *name = param_text(c, "name");
	struct method_context *m = arg;
	const struct known *k = engine_find(m->engine, name);
	struct json_object *reply;

	if (!k || !k->json) {
		call_no_such_topology(c, name);
		return;
	}
	reply = one_string("name", k->name);
	add(reply, "topology", json_object_get(k->json));
	call_reply(c, reply);
}

static void method_ping(struct call *c, _unused_ void *arg)
{
	call_reply(c, one_string("version", NETNSD_VERSION));
}

struct interface method_interface(struct method_context *m)
{
	static const struct method methods[] = {
		{ "Apply", CHANGE, method_apply },
		{ "Plan", READ, method_plan },
		{ "Up", CHANGE, method_up },
		{ "Down", CHANGE, method_down },
		{ "Confirm", CHANGE, method_confirm },
		{ "Rollback", CHANGE, method_rollback },
		{ "Adopt", CHANGE, method_adopt },
		{ "Reload", CHANGE, method_reload },
		{ "Status", READ, method_status },
		{ "List", READ, method_list },
		{ "Show", READ, method_show },
		{ "Monitor", READ, method_monitor },
		{ "Log", READ, method_log },
		{ "Wait", READ, method_wait },
		{ "Ping", READ, method_ping },
	};

	return (struct interface){ idl_text, methods, ARRAY_SIZE(methods), m };
}
