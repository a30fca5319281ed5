/* SPDX-License-Identifier: MIT */
/* explain.c - netnsctl explain: a line for each hop, there and back. */
#include "ctl.h"
#include "print.h"
#include "text.h"

enum { PORT_MAX = 65535 };

/* "there: office: default via 10.0.3.1 dev eth0, table main" */
static void hop_print(struct json_object *o, bool colours)
{
	_cleanup_(arena_done) struct arena a = {};
	const char *state = reply_text(o, "state"), *command = reply_text(o, "command");
	bool passes = !strcmp(state, "passes");

	printf("%s: ", reply_flag(o, "back") ? "back" : "there");
	if (!passes) {
		colour_print(stdout, colours, !strcmp(state, "broken") ? COLOUR_BAD : COLOUR_CHANGE,
			     text_escape(&a, state));
		fputs(": ", stdout);
	}
	printf("%s: %s", text_escape(&a, reply_text(o, "object")), text_escape(&a, reply_text(o, "message")));
	if (*command) {
		fputs(": ", stdout);
		colour_print(stdout, colours, COLOUR_STRONG, text_escape(&a, command));
	}
	putchar('\n');
}

/* The protocol and the port as parameters; an exit code. */
static int add_flow(const struct ctl *c, struct json_object *parameters)
{
	bool ports = c->proto && (!strcmp(c->proto, "tcp") || !strcmp(c->proto, "udp"));
	char *end = NULL;
	long port;

	if (c->proto && !ports && strcmp(c->proto, "icmp") != 0)
		return ctl_fail(EXIT_INVALID, "--proto %s: must be icmp, tcp or udp", c->proto);
	if (c->proto)
		json_object_object_add(parameters, "proto", json_object_new_string(c->proto));
	if (!c->port)
		return EXIT_DONE;
	if (!ports)
		return ctl_fail(EXIT_INVALID, "--port needs --proto tcp or --proto udp");
	port = strtol(c->port, &end, 10);
	if (*c->port < '0' || *c->port > '9' || *end || port < 1 || port > PORT_MAX)
		return ctl_fail(EXIT_INVALID, "--port %s: must be 1 to %d", c->port, PORT_MAX);
	json_object_object_add(parameters, "port", json_object_new_int64(port));
	return EXIT_DONE;
}

int command_explain(const struct ctl *c)
{
	_cleanup_(reply_putp) struct json_object *reply = NULL;
	struct json_object *parameters = must(json_object_new_object()), *o;
	bool colours = print_colours(stdout);
	int r;

	json_object_object_add(parameters, "source", json_object_new_string(c->args[0]));
	json_object_object_add(parameters, "to", json_object_new_string(c->args[1]));
	if (c->given & OPT_REVERSE)
		json_object_object_add(parameters, "reverse", json_object_new_boolean(true));
	r = add_flow(c, parameters);
	if (r) {
		json_object_put(parameters);
		return r;
	}
	r = ctl_call(c, &(struct call){ .method = "Explain", .parameters = parameters }, &reply);
	if (r)
		return r;
	if (c->given & OPT_JSON)
		print_json(stdout, reply, false);
	for (size_t i = 0; (o = reply_at(reply, "hops", i)) && !(c->given & OPT_JSON); i++)
		hop_print(o, colours);
	return reply_flag(reply, "arrives") ? EXIT_DONE : EXIT_PENDING;
}
