/* SPDX-License-Identifier: MIT */
/* explain.c - netnsctl explain: the hops of a packet and of its answer, a line each, and
 * whether they arrive. */
#include "ctl.h"
#include "number.h"
#include "print.h"
#include "text.h"
#include "trace.h"

enum { PORT_MAX = 65535 };

/* "office → lab/eth0, tcp port 80": the line above the hops of one way.  --port is always that of TO, which sends with
 * --reverse. */
static void heading_add(struct table *t, const struct ctl *c, bool back)
{
	bool reverse = c->given & OPT_REVERSE, from_to = back != reverse;
	const char *proto = c->proto && strcmp(c->proto, "icmp") != 0 ? c->proto : "ping";

	if (back)
		proto = "the answer";
	table_line(t, COLOUR_STRONG, "%s → %s, %s%s%s", c->args[from_to], c->args[!from_to], proto,
		   back || !c->port ? ""
		   : reverse        ? " from port "
				    : " port ",
		   back || !c->port ? "" : c->port);
}

/* "  router  broken: IPv4 is not forwarded here", and the command on a line of its own, which is never wrapped: it is
 * there to be copied. */
static void hop_add(struct table *t, struct json_object *o)
{
	const char *state = reply_text(o, "state"), *command = reply_text(o, "command");
	bool passes = !strcmp(state, "passes");
	enum colour colour = passes ? COLOUR_NONE : !strcmp(state, "broken") ? COLOUR_BAD : COLOUR_CHANGE;

	table_cell(t, colour, "  %s", reply_text(o, "object"));
	table_cell(t, colour, "%s%s%s", passes ? "" : state, passes ? "" : ": ", reply_text(o, "message"));
	if (!*command)
		return;
	table_print(t, stdout);
	fputs("      ", stdout);
	colour_print(stdout, t->colours, COLOUR_STRONG, text_escape(&t->arena, command));
	putchar('\n');
}

/* Whether it arrives, in a sentence: @last is the hop that the packet or its answer got to. */
static void verdict_print(struct json_object *reply, struct json_object *last, bool colours)
{
	bool back = reply_flag(last, "back"), broken = !strcmp(reply_text(last, "state"), "broken");
	const char *text;

	if (reply_flag(reply, "arrives"))
		text = "the packet arrives, and so does its answer";
	else if (broken)
		text = back ? "the packet arrives; its answer does not" : "the packet does not arrive";
	else
		text = back ? "the packet arrives; whether its answer does, netnsd cannot tell"
			    : "whether the packet arrives, netnsd cannot tell";
	colour_print(stdout, colours,
		     reply_flag(reply, "arrives") ? COLOUR_GOOD
		     : broken                     ? COLOUR_BAD
						  : COLOUR_CHANGE,
		     text);
	putchar('\n');
}

static void answer_print(const struct ctl *c, struct json_object *reply)
{
	static const struct column columns[] = { { .gap = 0 }, { .gap = 2 } };
	_cleanup_(table_done) struct table t = TABLE(columns, print_colours(stdout));
	struct json_object *o, *last = NULL;

	print_fit(&t);
	for (size_t i = 0; (o = reply_at(reply, "hops", i)); last = o, i++) {
		if (!last || reply_flag(o, "back") != reply_flag(last, "back"))
			heading_add(&t, c, reply_flag(o, "back"));
		hop_add(&t, o);
	}
	table_print(&t, stdout);
	verdict_print(reply, last, t.colours);
}

/* The protocol and the port as parameters; an exit code. */
static int add_flow(const struct ctl *c, struct json_object *parameters)
{
	bool ports = c->proto && (!strcmp(c->proto, "tcp") || !strcmp(c->proto, "udp"));
	uint64_t port;

	if (c->proto && !ports && strcmp(c->proto, "icmp") != 0)
		return ctl_fail(EXIT_INVALID, "--proto %s: must be icmp, tcp or udp", c->proto);
	if (c->proto)
		json_object_object_add(parameters, "proto", json_object_new_string(c->proto));
	if (!c->port)
		return EXIT_DONE;
	if (!ports)
		return ctl_fail(EXIT_INVALID, "--port needs --proto tcp or --proto udp");
	if (!number_read(c->port, 1, PORT_MAX, &port))
		return ctl_fail(EXIT_INVALID, "--port %s: must be 1 to %d", c->port, PORT_MAX);
	json_object_object_add(parameters, "port", json_object_new_int64((int64_t)port));
	return EXIT_DONE;
}

int command_explain(const struct ctl *c)
{
	_cleanup_(reply_putp) struct json_object *reply = NULL;
	struct json_object *parameters = must(json_object_new_object());
	int r;

	if (c->trace && c->given & OPT_REVERSE) {
		json_object_put(parameters);
		return ctl_fail(EXIT_INVALID,
				"--trace follows both ways: without --reverse, or with FROM and TO exchanged");
	}
	json_object_object_add(parameters, "source", json_object_new_string(c->args[0]));
	json_object_object_add(parameters, "to", json_object_new_string(c->args[1]));
	if (c->given & OPT_REVERSE)
		json_object_object_add(parameters, "reverse", json_object_new_boolean(true));
	r = add_flow(c, parameters);
	if (r) {
		json_object_put(parameters);
		return r;
	}
	if (c->trace)
		return trace_run(c, parameters);
	r = ctl_call(c, &(struct call){ .method = "Explain", .parameters = parameters }, &reply);
	if (r)
		return r;
	if (c->given & OPT_JSON)
		print_json(stdout, reply, false);
	else
		answer_print(c, reply);
	return reply_flag(reply, "arrives") ? EXIT_DONE : EXIT_PENDING;
}
