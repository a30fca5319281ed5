/* SPDX-License-Identifier: MIT */
/* doctor.c - netnsctl doctor: a line for each finding. */
#include "doctor.h"
#include "print.h"
#include "text.h"

/* Notes are no reason to fail: nothing is wrong yet. */
static bool is_wrong(struct json_object *finding)
{
	return strcmp(reply_text(finding, "severity"), "note") != 0;
}

/* "error: ns1/veth-ns: the interface is down: no packet passes: ip -n ns1 link set veth-ns up" */
static void finding_print(struct json_object *o, bool colours)
{
	_cleanup_(arena_done) struct arena a = {};
	const char *severity = reply_text(o, "severity"), *command = reply_text(o, "command");
	bool error = !strcmp(severity, "error");

	colour_print(stdout, colours,
		     error         ? COLOUR_BAD
		     : is_wrong(o) ? COLOUR_CHANGE
				   : COLOUR_FAINT,
		     text_escape(&a, severity));
	printf(": %s: %s: %s", text_escape(&a, reply_text(o, "object")), text_escape(&a, reply_text(o, "message")),
	       text_escape(&a, reply_text(o, "why")));
	if (*command) {
		fputs(": ", stdout);
		colour_print(stdout, colours, COLOUR_STRONG, text_escape(&a, command));
	}
	putchar('\n');
}

int command_doctor(const struct ctl *c)
{
	_cleanup_(reply_putp) struct json_object *reply = NULL;
	_cleanup_(arena_done) struct arena a = {};
	struct json_object *parameters = must(json_object_new_object()), *o;
	bool wrong = false, colours = print_colours(stdout);
	int r = c->given & OPT_PROBE ? doctor_probe(c) : EXIT_DONE;

	if (r) {
		json_object_put(parameters);
		return r;
	}
	if (c->n_args)
		json_object_object_add(parameters, "name", json_object_new_string(c->args[0]));
	r = ctl_call(c, &(struct call){ .method = "Doctor", .parameters = parameters }, &reply);
	if (r)
		return r;
	for (size_t i = 0; (o = reply_at(reply, "findings", i)); i++) {
		wrong |= is_wrong(o);
		if (!(c->given & OPT_JSON))
			finding_print(o, colours);
	}
	if (c->given & OPT_JSON)
		print_json(stdout, reply, false);
	fflush(stdout);
	for (size_t i = 0; i < reply_size(reply, "unread") && !(c->given & OPT_JSON); i++)
		fprintf(stderr, "netnsctl: not looked at: %s\n",
			text_escape(&a, json_object_get_string(reply_at(reply, "unread", i))));
	return wrong ? EXIT_PENDING : EXIT_DONE;
}
