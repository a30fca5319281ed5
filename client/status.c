/* SPDX-License-Identifier: MIT */
/* status.c - netnsctl status: the topologies as a table, one of them as a tree. */
#include "status.h"
#include "event.h"
#include "print.h"

enum {
	REPAIRS_SHOWN = 5,
	REPAIRS_AMONG = 100, /* among that many latest events */
};

/* The last repairs, as systemctl status shows the last lines of a unit's log. */
static void repairs_print(const struct ctl *c, const char *name)
{
	static const struct column columns[] = { { .gap = 2 }, { .gap = 2 }, { .gap = 2 }, { .gap = 2 } };
	_cleanup_(table_done) struct table t = TABLE(columns, print_colours(stdout));
	_cleanup_(reply_putp) struct json_object *reply = NULL;
	struct call call = { .method = "Log", .parameters = must(json_object_new_object()), .quiet = true };
	size_t n = 0, nth = 0, skip;
	struct json_object *o;

	json_object_object_add(call.parameters, "name", json_object_new_string(name));
	json_object_object_add(call.parameters, "limit", json_object_new_int(REPAIRS_AMONG));
	if (ctl_call(c, &call, &reply))
		return;
	for (size_t i = 0; (o = reply_at(reply, "events", i)); i++)
		n += !strcmp(reply_text(o, "event"), "drift");
	print_fit(&t);
	skip = n > REPAIRS_SHOWN ? n - REPAIRS_SHOWN : 0;
	for (size_t i = 0; (o = reply_at(reply, "events", i)); i++)
		if (!strcmp(reply_text(o, "event"), "drift") && nth++ >= skip)
			event_add(&t, o);
	if (n)
		puts("");
	table_print(&t, stdout);
}

int command_status(const struct ctl *c)
{
	_cleanup_(reply_putp) struct json_object *reply = NULL;
	struct call call = { .method = "Status", .parameters = must(json_object_new_object()) };
	const struct view v = { .out = stdout, .colours = print_colours(stdout) };
	int r;

	if (c->given & OPT_WATCH) {
		json_object_put(call.parameters);
		return status_watch(c);
	}
	if (c->n_args)
		json_object_object_add(call.parameters, "name", json_object_new_string(c->args[0]));
	r = ctl_call(c, &call, &reply);
	if (r)
		return r;
	if (c->given & OPT_JSON)
		return print_json(stdout, reply, false), EXIT_DONE;
	status_print(&v, reply, c->n_args);
	/* Not where it is the name of a namespace: they are told of topologies. */
	if (c->n_args && !strcmp(reply_text(reply_at(reply, "topologies", 0), "name"), c->args[0]) &&
	    reply_number(reply_at(reply, "topologies", 0), "healed"))
		repairs_print(c, c->args[0]);
	return EXIT_DONE;
}
