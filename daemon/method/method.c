/* SPDX-License-Identifier: MIT */
/* method.c - the table of methods, and those that only read.  Calls have been checked
 * against the interface text. */
#include "engine/outcome.h"
#include "engine/shape.h"
#include "graph.h"
#include "method.h"
#include "answer.h"
#include "idl_text.h"
#include "method_change.h"
#include "doctor.h"
#include "explain.h"
#include "export.h"
#include "metrics.h"
#include "monitor.h"
#include "plan.h"
#include "trace.h"
#include "wait.h"

struct status_in {
	const char *name;
};
static const struct json_member status_members[] = { JSON_MEMBER(status_in, name, TEXT, .optional = true) };
static const struct json_struct status_takes = PARAMETERS(status_in, status_members);

static void method_status(struct call *c, const void *in, void *arg)
{
	const char *name = ((const struct status_in *)in)->name;
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

static void method_list(struct call *c, _unused_ const void *in, void *arg)
{
	struct method_context *m = arg;
	struct json_object *reply;
	struct err e;

	if (status_list(m->engine, &reply, &e) == 0)
		call_reply(c, reply);
	else
		call_refused(c, &e);
}

struct show_in {
	const char *name;
};
static const struct json_member show_members[] = { JSON_MEMBER(show_in, name, TEXT) };
static const struct json_struct show_takes = PARAMETERS(show_in, show_members);

static void method_show(struct call *c, const void *in, void *arg)
{
	const char *name = ((const struct show_in *)in)->name;
	struct method_context *m = arg;
	const struct topology *t = engine_find(m->engine, name);
	struct json_object *reply;

	if (!t || !t->json) {
		call_no_such_topology(c, name);
		return;
	}
	reply = one_string("name", t->name);
	add(reply, "topology", json_text_parse(t->json));
	call_reply(c, reply);
}

static void method_ping(struct call *c, _unused_ const void *in, _unused_ void *arg)
{
	call_reply(c, one_string("version", NETNSD_VERSION));
}

struct interface method_interface(struct method_context *m)
{
	// clang-format off: keeps its rows
	static const struct method methods[] = {
		{ "Apply", CHANGE, method_apply, &apply_takes },
		{ "Plan", READ, method_plan, &plan_takes },
		{ "Up", CHANGE, method_up, &up_takes },
		{ "Down", CHANGE, method_down, &down_takes },
		{ "Confirm", CHANGE, method_confirm, &confirm_takes },
		{ "Rollback", CHANGE, method_rollback, &rollback_takes },
		{ "Adopt", CHANGE, method_adopt, &adopt_takes },
		{ "Rename", CHANGE, method_rename, &rename_takes },
		{ "Reload", CHANGE, method_reload, &reload_takes },
		{ "Status", READ, method_status, &status_takes },
		{ "List", READ, method_list },
		{ "Show", READ, method_show, &show_takes },
		{ "Graph", READ, method_graph, &graph_takes },
		{ "Monitor", READ, method_monitor },
		{ "Log", READ, method_log, &log_takes },
		{ "Doctor", READ, method_doctor, &doctor_takes },
		{ "Explain", READ, method_explain, &explain_takes },
		{ "Trace", CHANGE, method_trace, &trace_takes },
		{ "Metrics", READ, method_metrics },
		{ "Export", READ, method_export, &export_takes },
		{ "Wait", READ, method_wait, &wait_takes },
		{ "Ping", READ, method_ping },
	};
	// clang-format on

	return (struct interface){ idl_text, methods, ARRAY_SIZE(methods), m };
}
