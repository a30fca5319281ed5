/* SPDX-License-Identifier: MIT */
/* monitor.c - netnsctl monitor and log: events of topologies, a line each. */
#include "ctl.h"
#include "event.h"
#include "number.h"
#include "print.h"
#include "text.h"
#include <signal.h>

/* The present state of a topology, as if it were the event that caused it. */
static void topology_add(struct table *t, struct json_object *topology)
{
	const char *state = reply_text(topology, "state");

	event_line(t, reply_number(topology, "since_usec"), reply_text(topology, "name"), print_state_colour(state),
		   state, print_source(&t->arena, topology));
}

struct monitor {
	const struct ctl *c;
	struct table table;
};

static bool is_wanted(const struct ctl *c, const char *name)
{
	for (int i = 0; i < c->n_args; i++)
		if (!strcmp(c->args[i], name))
			return true;
	return !c->n_args;
}

/* Removes the topologies that were not asked for from the first reply. */
static void topologies_filter(const struct ctl *c, struct json_object *reply)
{
	struct json_object *list = reply_get(reply, "topologies");

	for (size_t i = reply_size(reply, "topologies"); i-- > 0;)
		if (!is_wanted(c, reply_text(reply_at(reply, "topologies", i), "name")))
			json_object_array_del_idx(list, i, 1);
}

static void on_reply(void *arg, struct json_object *reply)
{
	struct monitor *m = arg;
	struct json_object *event = reply_get(reply, "event"), *topology;

	if (event && !is_wanted(m->c, reply_text(event, "topology")))
		return;
	topologies_filter(m->c, reply);
	if (m->c->given & OPT_JSON) {
		print_json_line(stdout, reply);
	} else {
		print_fit(&m->table);
		for (size_t i = 0; (topology = reply_at(reply, "topologies", i)); i++)
			topology_add(&m->table, topology);
		if (event)
			event_add(&m->table, event);
		table_print(&m->table, stdout);
		/* Its lines are dropped, its widths stay. */
		arena_done(&m->table.arena);
	}
	if (fflush(stdout) || ferror(stdout))
		exit(ctl_fail(EXIT_FAILED, "cannot print the answer: %s", strerror(errno)));
}

/* Every line has been printed already. */
static void on_end(_unused_ int number)
{
	_exit(EXIT_DONE);
}

int command_monitor(const struct ctl *c)
{
	static const struct column columns[] = {
		{ .min = 8 },
		{ .gap = 2, .min = 8 },
		{ .gap = 2, .min = 9 },
		{ .gap = 2 },
	};
	struct monitor m = { c, TABLE(columns, print_colours(stdout)) };
	_cleanup_(reply_putp) struct json_object *reply = NULL;
	int r;

	signal(SIGINT, on_end);
	signal(SIGTERM, on_end);
	signal(SIGPIPE, on_end);
	r = ctl_call(c, &(struct call){ .method = "Monitor", .progress = on_reply, .arg = &m, .endless = true },
		     &reply);
	table_done(&m.table);
	return r;
}

int command_log(const struct ctl *c)
{
	static const struct column columns[] = {
		{ "TIME", .gap = 0 },
		{ "TOPOLOGY", .gap = 2 },
		{ "EVENT", .gap = 2 },
		{ "WHAT", .gap = 2 },
	};
	_cleanup_(table_done) struct table t = TABLE(columns, print_colours(stdout));
	_cleanup_(reply_putp) struct json_object *reply = NULL;
	struct call call = { .method = "Log" };
	struct json_object *event;
	uint64_t lines = 0;
	int r;

	if (c->lines && !number_read(c->lines, 1, INT64_MAX, &lines))
		return ctl_fail(EXIT_INVALID, "--lines %s: must be a number of at least 1", c->lines);
	call.parameters = must(json_object_new_object());
	if (c->n_args)
		json_object_object_add(call.parameters, "name", json_object_new_string(c->args[0]));
	if (c->lines)
		json_object_object_add(call.parameters, "limit", json_object_new_int64((int64_t)lines));
	r = ctl_call(c, &call, &reply);
	if (r)
		return r;
	if (c->given & OPT_JSON)
		return print_json(stdout, reply, false), EXIT_DONE;
	if (!reply_size(reply, "events"))
		return puts("no events yet"), EXIT_DONE;
	print_fit(&t);
	for (size_t i = 0; (event = reply_at(reply, "events", i)); i++)
		event_add(&t, event);
	table_print(&t, stdout);
	return EXIT_DONE;
}
