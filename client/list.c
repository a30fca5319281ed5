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
	if (c->given & OPT_JSON)
		return print_json(stdout, reply, false), EXIT_DONE;
	if (!reply_size(reply, "namespaces"))
		return puts("no namespaces; netnsctl apply FILE"), EXIT_DONE;
	for (size_t i = 0; (netns = reply_at(reply, "namespaces", i)); i++)
		for (size_t k = 0; (o = reply_at(netns, "interfaces", k)); k++)
			interface_add(&t, netns, o);
	table_print(&t, stdout);
	return EXIT_DONE;
}
