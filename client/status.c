/* SPDX-License-Identifier: MIT */
/* status.c - netnsctl status: the topologies as a table, one of them as a tree. */
#include "ctl.h"
#include "event.h"
#include "print.h"
#include "text.h"
#include "model/kind.h"
#include "model/type.h"
#include "model/why_not.h"

enum {
	DRIFT_LINES = 10, /* how many are shown */
	REPAIRS_SHOWN = 5,
	REPAIRS_AMONG = 100, /* among that many latest events */
};

/* Prints what a boot directory has that is not applied, and how to apply it. */
static void on_disk_print(struct json_object *topology)
{
	static const struct {
		const char *on_disk, *text, *down;
	} texts[] = {
		{ "new", "{name}: new on disk: netnsctl reload, or netnsctl up {name}", NULL },
		{ "changed", "{name}: changed on disk: netnsctl reload",
		  "{name}: changed on disk: netnsctl up {name}" },
		{ "other", "{name}: another file is used at boot: netnsctl apply --replace {boot_file}", NULL },
	};
	_cleanup_(arena_done) struct arena a = {};
	bool down = !strcmp(reply_text(topology, "state"), "down");

	for (size_t i = 0; i < ARRAY_SIZE(texts) && !reply_get(topology, "problem"); i++)
		if (!strcmp(reply_text(topology, "on_disk"), texts[i].on_disk))
			puts(text_escape(
				&a, print_fill(&a, down && texts[i].down ? texts[i].down : texts[i].text, topology)));
}

static void problem_print(struct json_object *topology)
{
	_cleanup_(arena_done) struct arena a = {};
	struct json_object *problem = reply_get(topology, "problem");
	bool failed = !strcmp(reply_text(topology, "state"), "failed"),
	     invalid = !strcmp(reply_text(topology, "on_disk"), "invalid");

	if (problem)
		printf("%s: %s%s\n", text_escape(&a, reply_text(topology, "name")),
		       invalid && !failed ? "changed on disk, and invalid: " : "",
		       text_escape(&a, print_problem(&a, problem)));
}

static void waiting_print(struct json_object *topology)
{
	_cleanup_(arena_done) struct arena a = {};
	const char *name = text_escape(&a, reply_text(topology, "name"));

	if (reply_number(topology, "confirm_usec"))
		printf("%s: confirm within %s (netnsctl confirm %s), or it is rolled back\n", name,
		       print_left(&a, topology), name);
}

/* "  not healed: the topology's file says to report drift, not to heal it: netnsctl up lab",
 * below the line of @what; that of a topology starts with its name. */
static void reason_print(struct json_object *topology, struct json_object *what)
{
	_cleanup_(arena_done) struct arena a = {};
	const char *word = reply_text(what, "reason");
	enum why_not why = why_not_find(word);
	/* A word of a newer netnsd is shown as it is. */
	const char *sentence = why ? why_not_sentence(why) : text_escape(&a, word), *command = why_not_command(why);

	if (!*word)
		return;
	printf("%s%s not healed: %s", what == topology ? text_escape(&a, reply_text(topology, "name")) : " ",
	       what == topology ? ":" : "", sentence);
	if (command)
		printf(": %s", text_escape(&a, print_fill(&a, command, topology)));
	putchar('\n');
}

/* "lab: address ns1/veth-ns 10.0.0.2/24 is missing; changed again and again by pid 4711
 * (dhclient), healed in 3 s" */
static void drift_print(const char *name, struct json_object *topology, struct json_object *drift)
{
	_cleanup_(arena_done) struct arena a = {};
	const char *expected = text_escape(&a, reply_text(drift, "expected")),
		   *actual = text_escape(&a, reply_text(drift, "actual"));
	const char *kind = text_escape(&a, reply_text(drift, "kind"));
	const char *by = text_escape(&a, reply_text(drift, "by")), *what = *expected ? expected : actual;
	uint64_t left = reply_number(drift, "heal_usec");
	bool contested = reply_flag(drift, "contested");

	bool changed = *expected && *actual, is_link = !strcmp(kind, "link");

	printf("%s: %s%s%s", name, changed && is_link ? "" : kind, changed && is_link ? "" : " ",
	       text_escape(&a, reply_text(drift, "object")));
	/* "namespace ns1" says everything. */
	if (strcmp(what, kind) != 0 && !changed)
		printf(" %s", what);
	if (!reply_flag(drift, "drifted"))
		printf(" is healed");
	else if (changed)
		printf(": %s, declared %s", actual, expected);
	else
		printf(" is %s", *expected ? "missing" : "present, but not declared");
	if (contested)
		printf("; changed again and again");
	if (*by)
		printf("%s by %s", contested ? "" : ";", by);
	if (left)
		printf("%s healed in %s", contested ? "," : ";", text_duration(&a, left));
	putchar('\n');
	reason_print(topology, drift);
}

static void drifts_print(struct json_object *topology)
{
	_cleanup_(arena_done) struct arena a = {};
	const char *name = text_escape(&a, reply_text(topology, "name"));
	size_t n = reply_size(topology, "drift");
	struct json_object *o;

	for (size_t i = 0; i < DRIFT_LINES && (o = reply_at(topology, "drift", i)); i++)
		drift_print(name, topology, o);
	if (n > DRIFT_LINES)
		printf("%s: %zu more objects not as declared (netnsctl --json status %s)\n", name, n - DRIFT_LINES,
		       name);
}

static void topologies_print(struct json_object *reply)
{
	static const struct column columns[] = {
		{ "", .gap = 0 },
		{ "TOPOLOGY", .gap = 1 },
		{ "STATE", .gap = 2 },
		{ "NAMESPACES", .gap = 2, .right = true },
		{ "LINKS", .gap = 2, .right = true },
		{ "HEALED", .gap = 2, .right = true },
		{ "SINCE", .gap = 2 },
		{ "SOURCE", .gap = 2 },
	};
	static const char *const numbers[] = { "namespaces", "links", "healed" };
	_cleanup_(table_done) struct table t = TABLE(columns, print_colours(stdout));
	struct json_object *o;

	for (size_t i = 0; (o = reply_at(reply, "topologies", i)); i++) {
		enum colour colour = print_state_colour(reply_text(o, "state"));

		table_cell(&t, colour, "●");
		table_cell(&t, COLOUR_NONE, "%s", reply_text(o, "name"));
		table_cell(&t, colour, "%s", reply_text(o, "state"));
		for (size_t n = 0; n < ARRAY_SIZE(numbers); n++)
			table_cell(&t, COLOUR_NONE, "%llu", (unsigned long long)reply_number(o, numbers[n]));
		table_cell(&t, COLOUR_NONE, "%s", text_ago(&t.arena, reply_number(o, "since_usec"), print_now()));
		table_cell(&t, COLOUR_NONE, "%s", print_source(&t.arena, o));
	}
	table_print(&t, stdout);
	for (size_t i = 0; (o = reply_at(reply, "topologies", i)); i++) {
		waiting_print(o);
		on_disk_print(o);
		problem_print(o);
		reason_print(o, o);
		drifts_print(o);
	}
}

/* "bridge, master br0, ⇄ host/veth-host": further facts about an interface. */
static const char *interface_relations(struct arena *a, struct json_object *o)
{
	const char *kind = reply_text(o, "kind"), *peer = reply_text(o, "peer"), *master = reply_text(o, "master");
	const char *text = "";

	if (*peer)
		text = arena_fmt(a, "⇄ %s", peer);
	else if (strcmp(kind, "loopback") != 0 && !is_loopback(reply_text(o, "name")))
		text = kind;
	if (*master)
		text = arena_fmt(a, "%s%smaster %s", text, *text ? ", " : "", master);
	return text;
}

static void interface_add(struct table *t, struct json_object *o, bool last)
{
	const char *state = print_state(o);

	table_cell(t, COLOUR_NONE, "%s %s", last ? "└─" : "├─", reply_text(o, "name"));
	table_cell(t, print_state_colour(state), "%s", state);
	table_cell(t, COLOUR_NONE, "%s", print_addresses(&t->arena, o));
	table_cell(t, COLOUR_NONE, "%s", interface_relations(&t->arena, o));
}

/* Before an entry of a list; what says a "via" is a route. */
static const char *list_label(const struct kind *k, struct arena *a)
{
	return strcmp(k->class, "route") ? arena_fmt(a, "%s ", k->label) : "";
}

static bool has_lists(struct json_object *o)
{
	for (size_t i = 0; i < all_kinds.n; i++)
		if (kind_is_listed(all_kinds.v[i]) && reply_size(o, all_kinds.v[i]->section))
			return true;
	return false;
}

static void lists_add(struct table *t, struct json_object *o, const struct kind *k)
{
	struct json_object *item;

	for (size_t i = 0; (item = reply_at(o, k->section, i)); i++)
		table_line(t, COLOUR_NONE, "   %s%s", list_label(k, &t->arena), json_object_get_string(item));
}

static void namespace_add(struct table *t, struct json_object *o)
{
	size_t n = reply_size(o, "interfaces");
	struct json_object *item;

	table_line(t, COLOUR_STRONG, "%s", reply_text(o, "name"));
	for (size_t i = 0; (item = reply_at(o, "interfaces", i)); i++)
		interface_add(t, item, i == n - 1);
	for (size_t i = 0; i < all_kinds.n; i++)
		if (kind_is_listed(all_kinds.v[i]))
			lists_add(t, o, all_kinds.v[i]);
	for (size_t i = 0; (item = reply_at(o, "obstacles", i)); i++)
		table_line(t, print_state_colour("failed"), "   others %s what is forwarded here: %s, %s; see %s",
			   reply_flag(item, "certain") ? "stop" : "may stop", reply_text(item, "chain"),
			   reply_text(item, "how"), reply_text(item, "command"));
}

/* The host comes first; it has nothing to show if the topology declares nothing of it. */
static void namespaces_print(struct json_object *reply)
{
	static const struct column columns[] = { { .gap = 2 }, { .gap = 2 }, { .gap = 2 }, { .gap = 2 } };
	_cleanup_(table_done) struct table t = TABLE(columns, print_colours(stdout));
	struct json_object *o;

	for (size_t i = 0; (o = reply_at(reply, "namespaces", i)); i++)
		if (!strcmp(reply_text(o, "name"), "host") &&
		    (reply_size(o, "interfaces") || reply_size(o, "obstacles") || has_lists(o)))
			namespace_add(&t, o);
	for (size_t i = 0; (o = reply_at(reply, "namespaces", i)); i++)
		if (strcmp(reply_text(o, "name"), "host") != 0)
			namespace_add(&t, o);
	table_print(&t, stdout);
}

static void topology_print(struct json_object *o)
{
	_cleanup_(arena_done) struct arena a = {};
	const char *state = reply_text(o, "state");
	unsigned long long healed = reply_number(o, "healed");

	colour_print(stdout, print_colours(stdout), print_state_colour(state), "●");
	printf(" %s: %s since %s, %s; ", text_escape(&a, reply_text(o, "name")), text_escape(&a, state),
	       text_clock(&a, reply_number(o, "since_usec"), print_now()), text_escape(&a, print_source(&a, o)));
	if (healed)
		printf("%llu healed\n", healed);
	else
		puts("nothing healed");
	waiting_print(o);
	on_disk_print(o);
	problem_print(o);
	reason_print(o, o);
	drifts_print(o);
}

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
	int r;

	if (c->n_args)
		json_object_object_add(call.parameters, "name", json_object_new_string(c->args[0]));
	r = ctl_call(c, &call, &reply);
	if (r)
		return r;
	if (c->given & OPT_JSON)
		return print_json(stdout, reply, false), EXIT_DONE;
	if (!reply_size(reply, "topologies"))
		return puts("no topologies; netnsctl apply FILE"), EXIT_DONE;
	if (!c->n_args)
		return topologies_print(reply), EXIT_DONE;
	topology_print(reply_at(reply, "topologies", 0));
	namespaces_print(reply);
	if (reply_number(reply_at(reply, "topologies", 0), "healed"))
		repairs_print(c, c->args[0]);
	return EXIT_DONE;
}
