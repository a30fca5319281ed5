/* SPDX-License-Identifier: MIT */
/* export.c - netnsctl export: the present state as a topology. */
#include "ctl.h"
#include "print.h"
#include "text.h"

/* What a topology cannot say is no part of it, and a reason not to rely on it. */
int command_export(const struct ctl *c)
{
	_cleanup_(reply_putp) struct json_object *reply = NULL;
	_cleanup_(arena_done) struct arena a = {};
	struct json_object *parameters = must(json_object_new_object()), *names;
	size_t unsaid;
	int r;

	if (c->given & OPT_ALL && c->n_args) {
		json_object_put(parameters);
		return ctl_fail(EXIT_INVALID, "export takes namespaces or --all, not both");
	}
	if (c->given & OPT_ALL)
		json_object_object_add(parameters, "all", json_object_new_boolean(true));
	if (c->n_args)
		json_object_object_add(parameters, "namespaces", names = must(json_object_new_array()));
	for (int i = 0; i < c->n_args; i++)
		json_object_array_add(names, json_object_new_string(c->args[i]));
	r = ctl_call(c, &(struct call){ .method = "Export", .parameters = parameters }, &reply);
	if (r)
		return r;
	if (c->given & OPT_JSON)
		print_json(stdout, reply, false);
	else
		print_json(stdout, reply_get(reply, "topology"), true);
	fflush(stdout);
	unsaid = reply_size(reply, "unsaid");
	for (size_t i = 0; i < unsaid && !(c->given & OPT_JSON); i++)
		fprintf(stderr, "netnsctl: %s\n",
			text_escape(&a, json_object_get_string(reply_at(reply, "unsaid", i))));
	return unsaid ? EXIT_FAILED : EXIT_DONE;
}
