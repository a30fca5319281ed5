/* SPDX-License-Identifier: MIT */
/* trace.c - netnsctl explain --trace: what really happens to packets, a line for each step as it comes, and in the end how
 * many arrived. */
#include "trace.h"
#include "print.h"
#include "text.h"

enum { TRACE_SECONDS_MAX = 60 };

struct trace {
	const struct ctl *c;
	struct table table;
	char *last[2];   /* the last step of a packet, and of an answer */
	bool dropped[2]; /* it was dropped there */
	bool seen[2];
};

/* "  0.012  router/office  comes in: 10.0.3.10 → 10.0.4.10", and the command on a line of its own. */
static void step_print(struct trace *t, struct json_object *step)
{
	bool back = reply_flag(step, "back"), dropped = !strcmp(reply_text(step, "state"), "dropped");
	uint64_t usec = reply_number(step, "usec");
	const char *command = reply_text(step, "command");

	t->seen[back] = true;
	t->dropped[back] = dropped;
	free(t->last[back]);
	t->last[back] = must(strdup(reply_text(step, "object")));
	print_fit(&t->table);
	table_cell(&t->table, COLOUR_NONE, "  %llu.%03llu", (unsigned long long)usec / 1000000,
		   (unsigned long long)usec / 1000 % 1000);
	table_cell(&t->table, dropped ? COLOUR_BAD : COLOUR_NONE, "%s", reply_text(step, "object"));
	table_cell(&t->table, dropped ? COLOUR_BAD : COLOUR_NONE, "%s %llu: %s%s", back ? "answer" : "packet",
		   (unsigned long long)reply_number(step, "packet"), dropped ? "dropped: " : "",
		   reply_text(step, "message"));
	table_print(&t->table, stdout);
	if (*command) {
		fputs("      ", stdout);
		colour_print(stdout, t->table.colours, COLOUR_STRONG, text_escape(&t->table.arena, command));
		putchar('\n');
	}
	/* Its lines are dropped, its widths stay. */
	arena_done(&t->table.arena);
}

/* The namespaces are there now, and packets can be sent. */
static void beginning_print(const struct trace *t, struct json_object *reply)
{
	const struct ctl *c = t->c;

	printf("%s → %s: packets are followed for %s s in", c->args[0], c->args[1], c->trace);
	for (size_t i = 0; i < reply_size(reply, "namespaces"); i++)
		printf("%s %s", i ? "," : "", json_object_get_string(reply_at(reply, "namespaces", i)));
	printf("; netnsctl sends none\n");
}

static void on_reply(void *arg, struct json_object *reply)
{
	struct trace *t = arg;
	struct json_object *step = reply_get(reply, "step");

	if (t->c->given & OPT_JSON)
		print_json_line(stdout, reply);
	else if (step)
		step_print(t, step);
	else
		beginning_print(t, reply);
	if (fflush(stdout) || ferror(stdout))
		exit(ctl_fail(EXIT_FAILED, "cannot print the answer: %s", strerror(errno)));
}

static void counters_print(struct arena *a, struct json_object *reply)
{
	struct json_object *o;

	for (size_t i = 0; (o = reply_at(reply, "counters", i)); i++)
		printf("  %s: %s %llu\n", text_escape(a, reply_text(o, "object")),
		       text_escape(a, reply_text(o, "counter")), (unsigned long long)reply_number(o, "packets"));
	if (reply_number(reply, "lost"))
		printf("%llu events were lost\n", (unsigned long long)reply_number(reply, "lost"));
}

/* How far they got, in a sentence. */
static void verdict_print(struct trace *t, struct json_object *reply)
{
	unsigned long long arrived = reply_number(reply, "arrived"), answered = reply_number(reply, "answered");
	bool back = arrived && !answered && t->seen[1];

	counters_print(&t->table.arena, reply);
	if (!t->seen[0] && !t->seen[1])
		puts("no such packet was seen: nobody has sent one, or it never got to nftables");
	else if (!arrived || back)
		printf("%s: the last was seen at %s, and %s\n",
		       back ? "the packets arrive; their answers do not" : "no packet arrived",
		       t->last[back] ? text_escape(&t->table.arena, t->last[back]) : "?",
		       t->dropped[back] ? "dropped there"
					: "no next namespace saw it: netnsctl explain says who should have");
	else
		printf("%llu arrived, %llu answers did\n", arrived, answered);
}

static int seconds_parse(const char *text)
{
	char *end = NULL;
	long n = strtol(text, &end, 10);

	return *text < '0' || *text > '9' || *end || n < 1 || n > TRACE_SECONDS_MAX ? -EINVAL : (int)n;
}

int trace_run(const struct ctl *c, struct json_object *parameters)
{
	static const struct column columns[] = { { .gap = 0 }, { .gap = 2, .min = 12 }, { .gap = 2 } };
	struct trace t = { c, TABLE(columns, print_colours(stdout)) };
	_cleanup_(reply_putp) struct json_object *reply = NULL;
	int seconds = seconds_parse(c->trace), r;
	bool answered;

	if (seconds < 0) {
		json_object_put(parameters);
		return ctl_fail(EXIT_INVALID, "--trace %s: must be 1 to %d seconds", c->trace, TRACE_SECONDS_MAX);
	}
	json_object_object_add(parameters, "seconds", json_object_new_int(seconds));
	r = ctl_call(c, &(struct call){ .method = "Trace", .parameters = parameters, .progress = on_reply, .arg = &t },
		     &reply);
	answered = r == EXIT_DONE && reply_number(reply, "answered");
	if (r == EXIT_DONE && c->given & OPT_JSON)
		print_json_line(stdout, reply);
	else if (r == EXIT_DONE)
		verdict_print(&t, reply);
	table_done(&t.table);
	free(t.last[0]);
	free(t.last[1]);
	return r ? r : answered ? EXIT_DONE : EXIT_PENDING;
}
