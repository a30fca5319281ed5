/* SPDX-License-Identifier: MIT */
/* print.c - what several commands print in the same way: JSON, steps, summaries. */
#include "print.h"
#include "terminal.h"
#include "text.h"
#include "usec.h"
#include <limits.h>

/* Standard output may be a stream that has no number (ascii.h). */
static bool is_terminal(FILE *out)
{
	return isatty(out == stdout ? STDOUT_FILENO : fileno(out));
}

bool print_colours(FILE *out)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return is_terminal(out) && !(no && *no) && !(term && !strcmp(term, "dumb"));
}

void print_fit(struct table *t)
{
	size_t rows;

	if (!isatty(STDOUT_FILENO))
		return;
	terminal_size(&t->wide, &rows);
}

static void json_write(FILE *out, struct json_object *o, int flags)
{
	_cleanup_(arena_done) struct arena a = {};

	flags |= JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE;
	fprintf(out, "%s\n", text_escape_json(&a, json_object_to_json_string_ext(o, flags)));
}

void print_json(FILE *out, struct json_object *o, bool pretty)
{
	json_write(out, o, pretty || is_terminal(out) ? JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED : 0);
}

void print_json_line(FILE *out, struct json_object *o)
{
	json_write(out, o, 0);
	fflush(out);
}

struct table print_steps_table(FILE *out, size_t wide)
{
	/* "namespace" is the longest kind; so steps from several replies are aligned. */
	static const struct column columns[] = { { .gap = 2 }, { .gap = 1, .min = 9 }, { .gap = 1 }, { .gap = 2 } };

	struct table t = TABLE(columns, print_colours(out));

	if (out == stdout)
		print_fit(&t);
	t.width[2] = t.wide && wide > t.wide / 2 ? t.wide / 2 : wide;
	return t;
}

static void print_step_lines(struct table *t, struct json_object *step)
{
	struct json_object *line;

	for (size_t i = 0; (line = reply_at(step, "lines", i)); i++) {
		const char *s = json_object_get_string(line);

		table_line(t, *s == '+' ? COLOUR_GOOD : COLOUR_BAD, "      %s", s);
	}
}

void print_steps(FILE *out, struct table *t, struct json_object *reply)
{
	static const struct {
		const char *action, *sign;
		enum colour colour;
	} signs[] = {
		{ "create", "+", COLOUR_GOOD },
		{ "change", "~", COLOUR_CHANGE },
		{ "remove", "-", COLOUR_BAD },
	};
	struct json_object *step;

	for (size_t i = 0; (step = reply_at(reply, "steps", i)); i++) {
		bool recreate = !strcmp(reply_text(step, "effect"), "recreate");
		const char *sign = "?";
		enum colour colour = COLOUR_NONE;

		for (size_t s = 0; s < ARRAY_SIZE(signs); s++)
			if (!strcmp(reply_text(step, "action"), signs[s].action)) {
				sign = signs[s].sign;
				colour = signs[s].colour;
			}
		table_cell(t, colour, "%s", sign);
		table_cell(t, colour, "%s", reply_text(step, "kind"));
		table_cell(t, COLOUR_NONE, "%s", reply_text(step, "object"));
		table_cell(t, COLOUR_NONE, "%s%s", reply_text(step, "detail"), recreate ? " (recreated)" : "");
		print_step_lines(t, step);
	}
	table_print(t, out);
}

void print_plan(FILE *out, const char *name, struct json_object *plan, size_t wide)
{
	_cleanup_(table_done) struct table steps = print_steps_table(out, wide);
	_cleanup_(arena_done) struct arena a = {};
	size_t n = reply_size(plan, "steps");

	name = text_escape(&a, name);
	fprintf(out, "%s: %s", name, n ? text_count(&a, n, "step", "steps") : "nothing to do");
	if (reply_flag(plan, "down"))
		fprintf(out, "; takes %s down, as it was before the apply", name);
	fputc('\n', out);
	print_steps(out, &steps, plan);
}

void print_marks(FILE *out, struct json_object *reply, const char *what, bool json)
{
	_cleanup_(arena_done) struct arena a = {};
	struct json_object *summary = reply_get(reply, "summary");

	if (json)
		print_json(out, summary, false);
	else
		fprintf(out, "%s: %s; %s\n", text_escape(&a, reply_text(summary, "name")), what,
			text_count(&a, reply_number(summary, "changed"), "mark set", "marks set"));
}

/* @path relative to the working directory if that is shorter. */
static const char *short_path(struct arena *a, const char *path)
{
	char dir[PATH_MAX];

	return arena_strdup(a, text_path(path, getcwd(dir, sizeof(dir)) ? dir : ""));
}

void print_summary(FILE *out, struct json_object *summary)
{
	static const char *const counts[] = { "created", "changed", "removed" };
	_cleanup_(arena_done) struct arena a = {};
	const char *comma = "";

	fprintf(out, "%s:", text_escape(&a, reply_text(summary, "name")));
	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		uint64_t n = reply_number(summary, counts[i]);

		if (!n)
			continue;
		fprintf(out, "%s %llu %s", comma, (unsigned long long)n, counts[i]);
		comma = ",";
	}
	if (*comma)
		fprintf(out, " in %s", text_duration(&a, reply_number(summary, "duration_usec")));
	else
		fputs(" unchanged", out);
	if (reply_number(summary, "confirm_usec"))
		fprintf(out, "; rolled back in %s unless you run: netnsctl confirm %s", print_left(&a, summary),
			text_escape(&a, reply_text(summary, "name")));
	if (reply_flag(summary, "persisted"))
		fputs("; saved for boot", out);
	if (reply_flag(summary, "forgotten"))
		fputs("; forgotten", out);
	if (reply_flag(summary, "down"))
		fprintf(out, "; %1$s is down, as before the apply; to undo: netnsctl rollback %1$s",
			text_escape(&a, reply_text(summary, "name")));
	if (*reply_text(summary, "boot_file"))
		fprintf(out, "; comes up again at boot: %s",
			text_escape(&a, short_path(&a, reply_text(summary, "boot_file"))));
	if (*reply_text(summary, "others"))
		fprintf(out, "; also removed, outside this topology: %s",
			text_escape(&a, reply_text(summary, "others")));
	fputc('\n', out);
}

const char *print_left(struct arena *a, struct json_object *o)
{
	return arena_fmt(a, "%llu s",
			 (unsigned long long)(reply_number(o, "confirm_usec") + USEC_PER_SEC - 1) / USEC_PER_SEC);
}

const char *print_fill(struct arena *a, const char *sentence, struct json_object *parameters)
{
	char *text = arena_strdup(a, "");

	for (const char *open; (open = strchr(sentence, '{'));) {
		size_t n = strcspn(open + 1, "}");
		const char *key = arena_fmt(a, "%.*s", (int)n, open + 1);

		text = arena_fmt(a, "%s%.*s%s", text, (int)(open - sentence), sentence,
				 short_path(a, reply_text(parameters, key)));
		sentence = open + n + 2;
	}
	return arena_fmt(a, "%s%s", text, sentence);
}

const char *print_problem(struct arena *a, struct json_object *problem)
{
	const char *pointer = reply_text(problem, "pointer"), *file = reply_text(problem, "file");
	unsigned long long line = reply_number(problem, "line");
	const char *place =
		*file && line ? arena_fmt(a, ":%llu:%llu", line, (unsigned long long)reply_number(problem, "column"))
			      : "";

	return arena_fmt(a, "%s%s%s%s%s%s", short_path(a, file), place, *file ? ": " : "", pointer,
			 *pointer ? ": " : "", reply_text(problem, "message"));
}

const char *print_source(struct arena *a, struct json_object *topology)
{
	const char *source = reply_text(topology, "source");
	bool at_boot = reply_flag(topology, "boot") && strcmp(reply_text(topology, "on_disk"), "other") != 0;

	return arena_fmt(a, "%s%s%s", short_path(a, source), *source ? ", " : "", at_boot ? "at boot" : "until reboot");
}

const char *print_state(struct json_object *interface)
{
	if (!reply_flag(interface, "up"))
		return "down";
	return reply_flag(interface, "carrier") ? "up" : "no carrier";
}

enum colour print_state_colour(const char *state)
{
	static const struct {
		const char *state;
		enum colour colour;
	} colours[] = {
		{ "up", COLOUR_GOOD },           { "down", COLOUR_FAINT },     { "failed", COLOUR_BAD },
		{ "no carrier", COLOUR_CHANGE }, { "waiting", COLOUR_CHANGE },
	};

	for (size_t i = 0; i < ARRAY_SIZE(colours); i++)
		if (!strcmp(state, colours[i].state))
			return colours[i].colour;
	return COLOUR_NONE;
}

static const char *condition(struct json_object *interface, const char *address)
{
	struct json_object *one;

	for (size_t i = 0; (one = reply_at(interface, "conditions", i)); i++)
		if (!strcmp(reply_text(one, "address"), address))
			return reply_text(one, "condition");
	return "";
}

const char *print_addresses(struct arena *a, struct json_object *interface)
{
	struct json_object *item;
	const char *text = "";

	for (size_t i = 0; (item = reply_at(interface, "addresses", i)); i++) {
		const char *address = json_object_get_string(item), *word = condition(interface, address);

		text = arena_fmt(a, "%s%s%s%s%s%s", text, *text ? ", " : "", address, *word ? " (" : "", word,
				 *word ? ")" : "");
	}
	return text;
}

uint64_t print_now(void)
{
	return usec_now(CLOCK_REALTIME);
}
