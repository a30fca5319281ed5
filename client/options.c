/* SPDX-License-Identifier: MIT */
/* options.c - parses the command line by one table, from which --help, the shell
 * completions and the summary in netnsctl(1) are made, too. */
#include "options.h"
#include "table.h"
#include "base/suggest.h"
#include <getopt.h>

// clang-format off: keeps its rows
const struct option_row option_rows[] = {
	{ .name = "all", .bit = OPT_ALL, .doc = "every topology that is up; of export: every namespace" },
	{ .name = "confirm", .bit = OPT_CONFIRM, .value = "SECONDS", .offset = offsetof(struct ctl, confirm),
	  .doc = "roll back after that time unless netnsctl confirm is run before" },
	{ .name = "count", .letter = 'c', .bit = OPT_COUNT, .value = "N", .offset = offsetof(struct ctl, count),
	  .doc = "end after N packets, of all interfaces together" },
	{ .name = "declared", .bit = OPT_DECLARED,
	  .doc = "fail at once if no topology is going to make the namespace; not while the machine boots" },
	{ .name = "dry-run", .bit = OPT_DRY_RUN, .doc = "show the steps without taking them" },
	{ .name = "exit-code", .bit = OPT_EXIT_CODE, .doc = "exit with 3 if there are steps to take" },
	{ .name = "forget", .bit = OPT_FORGET,
	  .doc = "also delete netnsd's record of them, and what was saved for boot" },
	{ .name = "format", .bit = OPT_FORMAT, .value = "FORMAT", .offset = offsetof(struct ctl, format),
	  .doc = "graph: text, mermaid, dot, d2, svg, html or json; metrics: openmetrics or prometheus" },
	{ .name = "json", .bit = OPT_JSON, .doc = "print JSON, for programs" },
	{ .name = "junit", .bit = OPT_JUNIT, .doc = "print JUnit's XML" },
	{ .name = "lines", .letter = 'n', .bit = OPT_LINES, .value = "N", .offset = offsetof(struct ctl, lines),
	  .doc = "only the last N events" },
	{ .name = "live", .bit = OPT_LIVE, .doc = "draw what no topology declares, too" },
	{ .name = "name", .bit = OPT_NAME, .value = "NAME", .offset = offsetof(struct ctl, name),
	  .doc = "the topology's name" },
	{ .name = "namespace", .bit = OPT_NAMESPACE, .value = "NS", .operand = VALUE_NETNS, .offset = offsetof(struct ctl, namespaces), .list = true,
	  .doc = "wait for a namespace; may be repeated" },
	{ .name = "no-disrupt", .bit = OPT_NO_DISRUPT, .doc = "refuse a change that interrupts traffic" },
	{ .name = "persist", .bit = OPT_PERSIST, .doc = "also apply it at boot; with --confirm, once it is confirmed" },
	{ .name = "port", .bit = OPT_PORT, .value = "PORT", .offset = offsetof(struct ctl, port),
	  .doc = "the port that is to be reached; needs --proto tcp or udp" },
	{ .name = "probe", .bit = OPT_PROBE, .doc = "ping the gateways first, from inside the namespaces" },
	{ .name = "proto", .bit = OPT_PROTO, .value = "PROTO", .offset = offsetof(struct ctl, proto),
	  .doc = "tcp, udp or icmp; default icmp, a ping" },
	{ .name = "replace", .bit = OPT_REPLACE, .doc = "replace a topology of that name from another file" },
	{ .name = "reverse", .bit = OPT_REVERSE, .doc = "TO sends, and FROM answers" },
	{ .name = "snaplen", .letter = 's', .bit = OPT_SNAPLEN, .value = "BYTES", .offset = offsetof(struct ctl, snaplen),
	  .doc = "keep only the first BYTES of each packet; default 262144" },
	{ .name = "sure", .bit = OPT_SURE, .doc = "apply without --confirm what may lock you out of the machine" },
	{ .name = "tap", .bit = OPT_TAP, .doc = "print TAP, the Test Anything Protocol, version 14" },
	{ .name = "test", .bit = OPT_TEST, .value = "SECONDS", .offset = offsetof(struct ctl, test),
	  .doc = "test what the file expects; roll back if that fails, or takes longer" },
	{ .name = "timeout", .bit = OPT_TIMEOUT, .value = "SECONDS", .offset = offsetof(struct ctl, timeout),
	  .doc = "give up after that time, with exit status 124; default 30, record: 60, --until-gone: none" },
	{ .name = "trace", .bit = OPT_TRACE, .value = "SECONDS", .offset = offsetof(struct ctl, trace),
	  .doc = "show for that time what really happens to such packets; at most 60" },
	{ .name = "until-gone", .bit = OPT_UNTIL_GONE, .doc = "wait until the namespaces no longer exist; needs no netnsd" },
	{ .name = "with", .bit = OPT_WITH, .value = "IF[=ADDRESS…]", .offset = offsetof(struct ctl, with), .list = true,
	  .doc = "a stand-in for an interface of the host: eth0=192.0.2.2/24,via=192.0.2.1; may be repeated" },
	{ .name = "watch", .bit = OPT_WATCH, .doc = "show it again and again, until q or Ctrl-C is pressed" },
	{ .name = "write", .letter = 'w', .bit = OPT_WRITE, .value = "FILE", .operand = VALUE_PATH, .offset = offsetof(struct ctl, write),
	  .doc = "write to FILE instead of standard output" },
	{ .name = "socket", .bit = OPT_SOCKET, .value = "PATH", .operand = VALUE_PATH, .offset = offsetof(struct ctl, socket),
	  .doc = "the socket of netnsd; default $NETNSD_SOCKET, else " NETNSD_SOCKET },
	{ .name = "help", .letter = 'h', .bit = OPT_HELP, .doc = "show help for netnsctl or the command" },
	{ .name = "version", .bit = OPT_VERSION, .doc = "print the version of netnsctl" },
};
// clang-format on
const size_t n_option_rows = ARRAY_SIZE(option_rows);

/* getopt's value for a row without a letter. */
enum { ROW = 256 };

static int option_unknown(const char *word)
{
	struct suggest suggest = suggest_new(word + strspn(word, "-"));

	for (size_t i = 0; i < ARRAY_SIZE(option_rows); i++)
		if (option_rows[i].bit != OPT_LATER)
			suggest_try(&suggest, option_rows[i].name);
	if (suggest.best)
		return ctl_fail(EXIT_INVALID, "unknown option %s; did you mean --%s?", word, suggest.best);
	return ctl_fail(EXIT_INVALID, "unknown option %s; see netnsctl --help", word);
}

static const struct option_row *row_find(int got)
{
	for (size_t i = 0; i < ARRAY_SIZE(option_rows); i++)
		if (got == (int)i + ROW || (got && got == option_rows[i].letter))
			return &option_rows[i];
	return NULL;
}

static int option_take(struct ctl *c, const struct option_row *row)
{
	if (row->bit == OPT_LATER)
		return ctl_fail(EXIT_INVALID, "--%s is not supported by this version", row->name);
	if (row->value) {
		const char **value = (const char **)((char *)c + row->offset);

		for (size_t i = 0; row->list && *value; i++, value++)
			if (i + 1 == VALUES_MAX)
				return ctl_fail(EXIT_INVALID, "more than %d times --%s", VALUES_MAX, row->name);
		*value = optarg;
	}
	c->given |= row->bit;
	return EXIT_DONE;
}

/* The letters for getopt, after @first. */
static void letters_fill(const char *first, char ret[3 * ARRAY_SIZE(option_rows)])
{
	char *at = stpcpy(ret, first);

	for (size_t i = 0; i < ARRAY_SIZE(option_rows); i++) {
		if (!option_rows[i].letter)
			continue;
		*at++ = option_rows[i].letter;
		if (option_rows[i].value)
			*at++ = ':';
	}
	*at = '\0';
}

/* The words after the "--" that getopt will meet first, unless it meets an option before. */
static int words_after_dashes(int argc, char **argv)
{
	for (int i = optind ?: 1; i < argc; i++)
		if (!strcmp(argv[i], "--"))
			return argc - i - 1;
	return 0;
}

int options_parse(struct ctl *c, int argc, char **argv, bool permute)
{
	struct option options[ARRAY_SIZE(option_rows) + 1] = {};
	char letters[3 * ARRAY_SIZE(option_rows)];
	int after, got;

	letters_fill(permute ? ":" : "+:", letters);
	for (size_t i = 0; i < ARRAY_SIZE(option_rows); i++)
		options[i] =
			(struct option){ option_rows[i].name, option_rows[i].value ? required_argument : no_argument,
					 NULL, (int)i + ROW };
	/* 0 makes glibc forget another argv. */
	optind = 0;
	opterr = 0;
	while (after = words_after_dashes(argc, argv), (got = getopt_long(argc, argv, letters, options, NULL)) != -1) {
		const struct option_row *row = row_find(got == ':' ? optopt : got);
		int r;

		if (!row)
			return option_unknown(argv[optind - 1]);
		if (got == ':')
			return ctl_fail(EXIT_INVALID, "--%s needs a value: --%s %s", row->name, row->name, row->value);
		r = option_take(c, row);
		if (r)
			return r;
	}
	c->args = argv + optind;
	c->n_args = argc - optind;
	c->n_after = after;
	return EXIT_DONE;
}

int options_check(const struct ctl *c, uint64_t takes, const char *command)
{
	for (size_t i = 0; i < ARRAY_SIZE(option_rows); i++)
		if (c->given & ~takes & option_rows[i].bit)
			return ctl_fail(EXIT_INVALID, "%s takes no --%s; see netnsctl %s --help", command,
					option_rows[i].name, command);
	return EXIT_DONE;
}

void options_print(FILE *out, uint64_t takes)
{
	static const struct column columns[] = { { .gap = 2 }, { .gap = 2 } };
	_cleanup_(table_done) struct table t = TABLE(columns, false);

	for (size_t i = 0; i < ARRAY_SIZE(option_rows); i++) {
		const struct option_row *r = &option_rows[i];
		char letter[4] = "   ";

		if (!(takes & r->bit) || !r->doc)
			continue;
		if (r->letter)
			snprintf(letter, sizeof(letter), "-%c,", r->letter);
		table_cell(&t, COLOUR_NONE, "%s --%s%s%s", letter, r->name, r->value ? " " : "", r->value ?: "");
		table_cell(&t, COLOUR_NONE, "%s", r->doc);
	}
	table_print(&t, out);
}
