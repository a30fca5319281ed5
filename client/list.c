/* SPDX-License-Identifier: MIT */
/* list.c - netnsctl list: every interface that netnsd manages, a line each. */
#include "ctl.h"
#include "print.h"

static void interface_add(struct table *t, struct json_object *netns, struct json_object *o)
{
	const char *state = print_state(o);

	table_cell(t, COLOUR_NONE, "%s", reply_text(netns, "name"));
	table_cell(t, COLOUR_NONE, "%s", reply_text(o, "name"));
	table_cell(t, COLOUR_NONE, "%s", reply_text(o, "kind"));
	table_cell(t, print_state_colour(state), "%s", state);
	table_cell(t, COLOUR_NONE, "%llu", (unsigned long long)reply_number(o, "mtu"));
	table_cell(t, COLOUR_NONE, "%s", reply_text(netns, "topology"));
	table_cell(t, COLOUR_NONE, "%s", print_addresses(&t->arena, o));
}

/* Removes the namespaces that are neither called @name nor of a topology of that name. */
static void namespaces_filter(struct json_object *reply, const char *name)
{
	for (size_t i = reply_size(reply, "namespaces"); i-- > 0;) {
		struct json_object *o = reply_at(reply, "namespaces", i);

		if (strcmp(reply_text(o, "name"), name) != 0 && strcmp(reply_text(o, "topology"), name) != 0)
			json_object_array_del_idx(reply_get(reply, "namespaces"), i, 1);
	}
}

int command_list(const struct ctl *c)
{
	// clang-format off: keeps its rows
	static const struct column columns[] = {
		{ "NAMESPACE", .gap = 0 },
		{ "INTERFACE", .gap = 2 },
		{ "KIND", .gap = 2 },
		{ "STATE", .gap = 2 },
		{ "MTU", .gap = 2, .right = true },
		{ "TOPOLOGY", .gap = 2 },
		{ "ADDRESSES", .gap = 2 },
	};
	// clang-format on
	_cleanup_(table_done) struct table t = TABLE(columns, print_colours(stdout));
	_cleanup_(reply_putp) struct json_object *reply = NULL;
	struct json_object *netns, *o;
	int r = ctl_call(c, &(struct call){ .method = "List" }, &reply);

	if (r)
		return r;
	if (c->n_args) {
		namespaces_filter(reply, c->args[0]);
		if (!reply_size(reply, "namespaces"))
			return ctl_fail(
				EXIT_FAILED,
				"netnsd manages no namespace %s and no topology %s that is up; see netnsctl list, "
				"netnsctl status",
				c->args[0], c->args[0]);
	}
	if (c->given & OPT_JSON)
		return print_json(stdout, reply, false), EXIT_DONE;
	if (!reply_size(reply, "namespaces"))
		return puts("no namespaces; netnsctl apply FILE"), EXIT_DONE;
	print_fit(&t);
	for (size_t i = 0; (netns = reply_at(reply, "namespaces", i)); i++)
		for (size_t k = 0; (o = reply_at(netns, "interfaces", k)); k++)
			interface_add(&t, netns, o);
	table_print(&t, stdout);
	return EXIT_DONE;
}
