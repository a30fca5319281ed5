/* SPDX-License-Identifier: MIT */
/* show.c - netnsctl show, schema and version: output that is printed as it is. */
#include "ctl.h"
#include "print.h"
#include "text.h"
#include "format/load.h"

int command_show(const struct ctl *c)
{
	_cleanup_(reply_putp) struct json_object *reply = NULL;
	struct call call = { .method = "Show", .parameters = must(json_object_new_object()) };
	int r;

	json_object_object_add(call.parameters, "name", json_object_new_string(c->args[0]));
	r = ctl_call(c, &call, &reply);
	if (r)
		return r;
	print_json(stdout, reply_get(reply, "topology"), true);
	return EXIT_DONE;
}

int command_schema(_unused_ const struct ctl *c)
{
	_cleanup_(reply_putp) struct json_object *schema = load_schema(&all_kinds);

	print_json(stdout, schema, true);
	return EXIT_DONE;
}

int command_version(const struct ctl *c)
{
	_cleanup_(arena_done) struct arena a = {};
	_cleanup_(reply_putp) struct json_object *reply = NULL;

	puts("netnsctl " NETNSD_VERSION);
	if (ctl_call(c, &(struct call){ .method = "Ping", .quiet = true }, &reply) == EXIT_DONE)
		printf("netnsd %s\n", text_escape(&a, reply_text(reply, "version")));
	return EXIT_DONE;
}
