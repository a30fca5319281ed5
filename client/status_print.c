/* SPDX-License-Identifier: MIT */
/* status_print.c - topologies as a table, one of them as a tree: once, or again and again with what is measured. */
#include "status.h"
#include "print.h"
#include "text.h"
#include "model/kind.h"
#include "model/type.h"
#include "model/why_not.h"

enum {
	DRIFT_LINES = 10, /* how many are shown */
	TRAFFIC = 19,     /* columns of most rates: they do not move with each of them */
};

/* Prints what a boot directory has that is not applied, and how to apply it. */
static void on_disk_print(const struct view *v, struct json_object *topology)
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
			fprintf(v->out, "%s\n",
				text_escape(&a, print_fill(&a, down && texts[i].down ? texts[i].down : texts[i].text,
							   topology)));
}

static void problem_print(const struct view *v, struct json_object *topology)
{
	_cleanup_(arena_done) struct arena a = {};
	struct json_object *problem = reply_get(topology, "problem");
	bool failed = !strcmp(reply_text(topology, "state"), "failed"),
	     invalid = !strcmp(reply_text(topology, "on_disk"), "invalid");

	if (problem)
		fprintf(v->out, "%s: %s%s\n", text_escape(&a, reply_text(topology, "name")),
			invalid && !failed ? "changed on disk, and invalid: " : "",
			text_escape(&a, print_problem(&a, problem)));
}

static void waiting_print(const struct view *v, struct json_object *topology)
{
	_cleanup_(arena_done) struct arena a = {};
	const char *name = text_escape(&a, reply_text(topology, "name"));

	if (reply_number(topology, "confirm_usec"))
		fprintf(v->out, "%s: confirm within %s (netnsctl confirm %s), or it is rolled back\n", name,
			print_left(&a, topology), name);
}

/* "  not healed: the topology's file says to report drift, not to heal it: netnsctl up lab",
 * below the line of @what; that of a topology starts with its name. */
static void reason_print(const struct view *v, struct json_object *topology, struct json_object *what)
{
	_cleanup_(arena_done) struct arena a = {};
	const char *word = reply_text(what, "reason");
	enum why_not why = why_not_find(word);
	/* A word of a newer netnsd is shown as it is. */
	const char *sentence = why ? why_not_sentence(why) : text_escape(&a, word), *command = why_not_command(why);

	if (!*word)
		return;
	fprintf(v->out, "%s%s not healed: %s", what == topology ? text_escape(&a, reply_text(topology, "name")) : " ",
		what == topology ? ":" : "", sentence);
	if (command)
		fprintf(v->out, ": %s", text_escape(&a, print_fill(&a, command, topology)));
	putc('\n', v->out);
}

/* "lab: address ns1/veth-ns 10.0.0.2/24 is missing; changed again and again by pid 4711
 * (dhclient), healed in 3 s" */
static void drift_print(const struct view *v, const char *name, struct json_object *topology, struct json_object *drift)
{
	_cleanup_(arena_done) struct arena a = {};
	const char *expected = text_escape(&a, reply_text(drift, "expected")),
		   *actual = text_escape(&a, reply_text(drift, "actual"));
	const char *kind = text_escape(&a, reply_text(drift, "kind"));
	const char *by = text_escape(&a, reply_text(drift, "by")), *what = *expected ? expected : actual;
	uint64_t left = reply_number(drift, "heal_usec");
	bool contested = reply_flag(drift, "contested");
	bool changed = *expected && *actual, is_link = !strcmp(kind, "link");

	fprintf(v->out, "%s: %s%s%s", name, changed && is_link ? "" : kind, changed && is_link ? "" : " ",
		text_escape(&a, reply_text(drift, "object")));
	/* "namespace ns1" says everything. */
	if (strcmp(what, kind) != 0 && !changed)
		fprintf(v->out, " %s", what);
	if (!reply_flag(drift, "drifted"))
		fprintf(v->out, " is healed");
	else if (changed)
		fprintf(v->out, ": %s, declared %s", actual, expected);
	else
		fprintf(v->out, " is %s", *expected ? "missing" : "present, but not declared");
	if (contested)
		fprintf(v->out, "; changed again and again");
	if (*by)
		fprintf(v->out, "%s by %s", contested ? "" : ";", by);
	if (left)
		fprintf(v->out, "%s healed in %s", contested ? "," : ";", text_duration(&a, left));
	putc('\n', v->out);
	reason_print(v, topology, drift);
}

static void drifts_print(const struct view *v, struct json_object *topology)
{
	_cleanup_(arena_done) struct arena a = {};
	const char *name = text_escape(&a, reply_text(topology, "name"));
	size_t n = reply_size(topology, "drift");
	struct json_object *o;

	for (size_t i = 0; i < DRIFT_LINES && (o = reply_at(topology, "drift", i)); i++)
		drift_print(v, name, topology, o);
	if (n > DRIFT_LINES)
		fprintf(v->out, "%s: %zu more objects not as declared (netnsctl --json status %s)\n", name,
			n - DRIFT_LINES, name);
}

/* What is marked if it changes, else in @usual. */
static enum colour colour_of(const struct view *v, enum colour usual, struct arena *a, const char *where,
			     const char *what, const char *text)
{
	return v->changes && changes_note(v->changes, arena_fmt(a, "%s %s", where, what), text) ? COLOUR_MARKED : usual;
}

static void topologies_print(const struct view *v, struct json_object *reply)
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
	_cleanup_(table_done) struct table t = TABLE(columns, v->colours);
	struct json_object *o;

	if (v->out == stdout)
		print_fit(&t);
	for (size_t i = 0; (o = reply_at(reply, "topologies", i)); i++) {
		enum colour colour = print_state_colour(reply_text(o, "state"));

		table_cell(&t, colour, "●");
		table_cell(&t, COLOUR_NONE, "%s", reply_text(o, "name"));
		table_cell(&t, colour_of(v, colour, &t.arena, reply_text(o, "name"), "state", reply_text(o, "state")),
			   "%s", reply_text(o, "state"));
		for (size_t n = 0; n < ARRAY_SIZE(numbers); n++) {
			const char *text = arena_fmt(&t.arena, "%llu", (unsigned long long)reply_number(o, numbers[n]));

			table_cell(&t, colour_of(v, COLOUR_NONE, &t.arena, reply_text(o, "name"), numbers[n], text),
				   "%s", text);
		}
		table_cell(&t, COLOUR_NONE, "%s", text_ago(&t.arena, reply_number(o, "since_usec"), print_now()));
		table_cell(&t, COLOUR_NONE, "%s", print_source(&t.arena, o));
	}
	table_print(&t, v->out);
	for (size_t i = 0; (o = reply_at(reply, "topologies", i)); i++) {
		waiting_print(v, o);
		on_disk_print(v, o);
		problem_print(v, o);
		reason_print(v, o, o);
		drifts_print(v, o);
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

/* "1.44 Mbit/s 120 pps" */
static const char *traffic(struct arena *a, uint64_t bits, uint64_t packets)
{
	return packets ? arena_fmt(a, "%s %s pps", text_rate(a, bits), text_short(a, packets)) : "0";
}

static void rates_add(const struct view *v, struct table *t, const char *interface)
{
	struct rate r;

	if (!rates_find(v->rates, interface, &r)) {
		for (size_t i = 0; i < 3; i++)
			table_cell(t, COLOUR_FAINT, "-");
		return;
	}
	table_cell(t, COLOUR_NONE, "%s", traffic(&t->arena, r.received_bits, r.received_packets));
	table_cell(t, COLOUR_NONE, "%s", traffic(&t->arena, r.sent_bits, r.sent_packets));
	table_cell(t, r.dropped ? COLOUR_BAD : COLOUR_NONE, "%s%s", text_short(&t->arena, r.dropped),
		   r.dropped ? "/s" : "");
}

static void rates_print(const struct view *v)
{
	static const struct column columns[] = {
		{ "INTERFACE" },
		{ "STATE", .gap = 2 },
		{ "RECEIVED", .gap = 2, .min = TRAFFIC, .right = true },
		{ "SENT", .gap = 2, .min = TRAFFIC, .right = true },
		{ "DROPPED", .gap = 2, .right = true },
	};
	_cleanup_(table_done) struct table t = TABLE(columns, v->colours);

	if (!v->rates->now || !json_object_object_length(v->rates->now))
		return;
	json_object_object_foreach(v->rates->now, name, o) {
		const char *state = print_state(o);

		table_cell(&t, COLOUR_NONE, "%s", name);
		table_cell(&t, colour_of(v, print_state_colour(state), &t.arena, name, "state", state), "%s", state);
		rates_add(v, &t, name);
	}
	putc('\n', v->out);
	table_print(&t, v->out);
}

static void interface_add(const struct view *v, struct table *t, struct json_object *o, bool last)
{
	const char *state = print_state(o), *addresses = print_addresses(&t->arena, o),
		   *place = arena_fmt(&t->arena, "%s/%s", reply_text(o, "namespace"), reply_text(o, "name"));

	table_cell(t, COLOUR_NONE, "%s %s", last ? "└─" : "├─", reply_text(o, "name"));
	table_cell(t, colour_of(v, print_state_colour(state), &t->arena, place, "state", state), "%s", state);
	if (v->rates)
		rates_add(v, t, place);
	table_cell(t, colour_of(v, COLOUR_NONE, &t->arena, place, "addresses", addresses), "%s", addresses);
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

static void namespace_add(const struct view *v, struct table *t, struct json_object *o)
{
	size_t n = reply_size(o, "interfaces");
	struct json_object *item;

	table_line(t, COLOUR_STRONG, "%s", reply_text(o, "name"));
	for (size_t i = 0; (item = reply_at(o, "interfaces", i)); i++)
		interface_add(v, t, item, i == n - 1);
	for (size_t i = 0; i < all_kinds.n; i++)
		if (kind_is_listed(all_kinds.v[i]))
			lists_add(t, o, all_kinds.v[i]);
	for (size_t i = 0; (item = reply_at(o, "obstacles", i)); i++)
		table_line(t, print_state_colour("failed"), "   others %s what is forwarded here: %s, %s; see %s",
			   reply_flag(item, "certain") ? "stop" : "may stop", reply_text(item, "chain"),
			   reply_text(item, "how"), reply_text(item, "command"));
}

static bool is_of(struct json_object *netns, const char *topology, bool host)
{
	return (!topology || !strcmp(reply_text(netns, "topology"), topology)) &&
	       !strcmp(reply_text(netns, "name"), "host") == host;
}

/* Those of one topology (NULL: there is only one).  The host comes first; it has nothing to show if the topology declares nothing of it. */
static void namespaces_print(const struct view *v, struct json_object *reply, const char *topology)
{
	static const struct column columns[] = { { .gap = 2 }, { .gap = 2 }, { .gap = 2 }, { .gap = 2 } };
	static const struct column watched[] = {
		{ "INTERFACE", .gap = 2 },
		{ "STATE", .gap = 2 },
		{ "RECEIVED", .gap = 2, .min = TRAFFIC, .right = true },
		{ "SENT", .gap = 2, .min = TRAFFIC, .right = true },
		{ "DROPPED", .gap = 2, .right = true },
		{ "ADDRESSES", .gap = 2 },
		{ "", .gap = 2 },
	};
	_cleanup_(table_done) struct table once = TABLE(columns, v->colours), often = TABLE(watched, v->colours);
	struct table *t = v->rates ? &often : &once;
	struct json_object *o;

	if (v->out == stdout)
		print_fit(t);
	for (size_t i = 0; (o = reply_at(reply, "namespaces", i)); i++)
		if (is_of(o, topology, true) &&
		    (reply_size(o, "interfaces") || reply_size(o, "obstacles") || has_lists(o)))
			namespace_add(v, t, o);
	for (size_t i = 0; (o = reply_at(reply, "namespaces", i)); i++)
		if (is_of(o, topology, false))
			namespace_add(v, t, o);
	table_print(t, v->out);
}

static void topology_print(const struct view *v, struct json_object *o)
{
	_cleanup_(arena_done) struct arena a = {};
	const char *state = reply_text(o, "state");
	unsigned long long healed = reply_number(o, "healed");

	colour_print(v->out, v->colours, print_state_colour(state), "●");
	fprintf(v->out, " %s: %s since %s, %s; ", text_escape(&a, reply_text(o, "name")), text_escape(&a, state),
		text_clock(&a, reply_number(o, "since_usec"), print_now()), text_escape(&a, print_source(&a, o)));
	if (healed)
		fprintf(v->out, "%llu healed\n", healed);
	else
		fputs("nothing healed\n", v->out);
	waiting_print(v, o);
	on_disk_print(v, o);
	problem_print(v, o);
	reason_print(v, o, o);
	drifts_print(v, o);
}

void status_print(const struct view *v, struct json_object *reply, bool one)
{
	size_t n = reply_size(reply, "topologies");
	struct json_object *o;

	if (!n) {
		fputs("no topologies; netnsctl apply FILE\n", v->out);
	} else if (one) {
		for (size_t i = 0; (o = reply_at(reply, "topologies", i)); i++) {
			if (i)
				putc('\n', v->out);
			topology_print(v, o);
			namespaces_print(v, reply, n > 1 ? reply_text(o, "name") : NULL);
		}
	} else {
		topologies_print(v, reply);
		if (v->rates)
			rates_print(v);
	}
}
