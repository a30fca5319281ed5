/* SPDX-License-Identifier: MIT */
/* main.c - netnsctl: finds the command, reads its options, runs it. */
#include "options.h"
#include "table.h"
#include "../daemon/guess.h"
#include <locale.h>

enum { ANY = 1 << 16, ALWAYS = OPT_HELP | OPT_SOCKET | OPT_VERSION };

static const struct command {
	const char *name, *args, *doc;
	int (*run)(const struct ctl *c);	/* NULL: not built yet */
	unsigned takes;				/* options besides ALWAYS */
	int min, max;				/* operands */
	bool stops;				/* options end at the first operand */
} commands[] = {
	{ .name = "apply", .args = "FILE…", .run = command_apply, .min = 1, .max = ANY,
	  .takes = OPT_CONFIRM | OPT_DRY_RUN | OPT_EXIT_CODE | OPT_JSON | OPT_NAME | OPT_NO_DISRUPT | OPT_PERSIST |
		   OPT_REPLACE,
	  .doc = "make the machine as the files say, all or nothing, and keep it so" },
	{ .name = "plan", .args = "FILE…", .run = command_plan, .min = 1, .max = ANY,
	  .takes = OPT_DRY_RUN | OPT_EXIT_CODE | OPT_JSON | OPT_NAME | OPT_NO_DISRUPT | OPT_REPLACE,
	  .doc = "show the steps that apply would take" },
	{ .name = "up", .args = "[NAME…]", .run = command_up, .max = ANY, .takes = OPT_JSON,
	  .doc = "bring known topologies up again; without a name all that are down" },
	{ .name = "down", .args = "NAME…|--all", .run = command_down, .max = ANY,
	  .takes = OPT_ALL | OPT_FORGET | OPT_JSON, .doc = "take topologies down; nothing of them stays" },
	{ .name = "confirm", .args = "[NAME]", .run = command_confirm, .max = 1, .takes = OPT_JSON,
	  .doc = "let an apply --confirm stay; without a name all that wait" },
	{ .name = "rollback", .args = "[NAME]", .run = command_rollback, .max = 1, .takes = OPT_JSON,
	  .doc = "go back to the topology before; without a name all that wait to be confirmed" },
	{ .name = "adopt", .args = "FILE|NAME", .run = command_adopt, .min = 1, .max = 1, .takes = OPT_JSON | OPT_NAME,
	  .doc = "take over what is there already, if it is just as declared" },
	{ .name = "status", .args = "[NAME]", .run = command_status, .max = 1, .takes = OPT_JSON,
	  .doc = "show the topologies, or one with its namespaces and interfaces" },
	{ .name = "list", .args = "", .run = command_list, .takes = OPT_JSON,
	  .doc = "show the interfaces that netnsd keeps, a line each" },
	{ .name = "show", .args = "NAME", .run = command_show, .min = 1, .max = 1, .takes = OPT_JSON,
	  .doc = "print a topology as it was declared" },
	{ .name = "monitor", .args = "[NAME…]", .run = command_monitor, .max = ANY, .takes = OPT_JSON,
	  .doc = "show what there is, then what happens to it as it happens" },
	{ .name = "log", .args = "[NAME]", .run = command_log, .max = 1, .takes = OPT_JSON | OPT_LINES,
	  .doc = "show what happened, the newest last" },
	{ .name = "reload", .args = "", .run = command_reload, .takes = OPT_JSON,
	  .doc = "read the boot directories again, and apply what is new or has changed" },
	{ .name = "wait", .args = "[NAME…]", .run = command_wait, .max = ANY, .takes = OPT_NAMESPACE | OPT_TIMEOUT,
	  .doc = "wait until topologies are up; without a name all that are not meant to be down" },
	{ .name = "validate", .args = "FILE…", .run = command_validate, .min = 1, .max = ANY, .takes = OPT_NAME,
	  .doc = "check files; needs neither netnsd nor root" },
	{ .name = "exec", .args = "NS CMD…", .run = command_exec, .min = 2, .max = ANY, .stops = true,
	  .doc = "run a command in a namespace, as ip netns exec does" },
	{ .name = "shell", .args = "NS", .run = command_shell, .min = 1, .max = 1,
	  .doc = "run a shell in a namespace" },
	{ .name = "schema", .args = "", .run = command_schema, .takes = OPT_JSON,
	  .doc = "print the JSON Schema of topology files" },
	{ .name = "version", .args = "", .run = command_version,
	  .doc = "print the versions of netnsctl and of the netnsd that runs" },
	{ .name = "doctor" },
	{ .name = "explain" },
	{ .name = "export" },
	{ .name = "graph" },
	{ .name = "rename" },
	{ .name = "test" },
};

static int main_help(void)
{
	static const struct column columns[] = { { .gap = 2 }, { .gap = 1 }, { .gap = 2 } };
	_cleanup_(table_done) struct table t = TABLE(columns, false);

	puts("Usage: netnsctl [OPTION…] COMMAND …\n\n"
	     "Keeps the network namespaces of this machine as topology files say.\n\nCommands:");
	for (size_t i = 0; i < ARRAY_SIZE(commands) && commands[i].run; i++) {
		table_cell(&t, COLOUR_NONE, "%s", commands[i].name);
		table_cell(&t, COLOUR_NONE, "%s", commands[i].args);
		table_cell(&t, COLOUR_NONE, "%s", commands[i].doc);
	}
	table_print(&t, stdout);
	puts("\nOptions, of every command:");
	options_print(stdout, ALWAYS);
	puts("\nMore: netnsctl COMMAND --help, netnsctl(1), netnsd-topology(5)");
	return EXIT_DONE;
}

static int command_help(const struct command *k)
{
	printf("Usage: netnsctl %s [OPTION…]%s%s\n\n%s: %s\n\nOptions:\n", k->name, *k->args ? " " : "", k->args,
	       k->name, k->doc);
	options_print(stdout, k->takes | ALWAYS);
	return EXIT_DONE;
}

static int command_unknown(const char *word)
{
	struct guess guess = guess_new(word);

	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (commands[i].run)
			guess_try(&guess, commands[i].name);
	if (guess.best)
		return ctl_fail(EXIT_INVALID, "unknown command \"%s\"; did you mean %s?", word, guess.best);
	return ctl_fail(EXIT_INVALID, "unknown command \"%s\"; see netnsctl --help", word);
}

static int command_run(const struct command *k, struct ctl *c)
{
	int r = options_parse(c, c->n_args, c->args, !k->stops);

	if (r)
		return r;
	if (c->given & OPT_HELP)
		return command_help(k);
	if (c->given & OPT_VERSION)
		return puts("netnsctl " NETNSD_VERSION), EXIT_DONE;
	r = options_check(c, k->takes | ALWAYS, k->name);
	if (r)
		return r;
	if (c->n_args >= k->min && c->n_args <= k->max)
		return k->run(c);
	return ctl_fail(EXIT_INVALID, "too %s arguments; usage: netnsctl %s [OPTION…]%s%s",
			c->n_args < k->min ? "few" : "many", k->name, *k->args ? " " : "", k->args);
}

static int ctl_run(struct ctl *c, int argc, char **argv)
{
	int r = options_parse(c, argc, argv, false);

	if (r)
		return r;
	if (c->given & OPT_VERSION)
		return puts("netnsctl " NETNSD_VERSION), EXIT_DONE;
	/* "help" is a way to say --help before the command. */
	if (c->n_args && !strcmp(c->args[0], "help")) {
		c->given |= OPT_HELP;
		c->args++;
		c->n_args--;
	}
	if (!c->n_args)
		return c->given & OPT_HELP ? main_help()
					   : ctl_fail(EXIT_INVALID, "no command; see netnsctl --help");
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		if (strcmp(c->args[0], commands[i].name) != 0)
			continue;
		if (commands[i].run)
			return command_run(&commands[i], c);
		return ctl_fail(EXIT_INVALID, "%s is not supported by this version", commands[i].name);
	}
	return command_unknown(c->args[0]);
}

int main(int argc, char **argv)
{
	const char *socket = getenv("NETNSD_SOCKET");
	struct ctl c = { .socket = socket && *socket ? socket : NETNSD_SOCKET };
	int r;

	/* Text is UTF-8 here whatever the locale says; nothing else of it is used. */
	setlocale(LC_CTYPE, "C.UTF-8");
	r = ctl_run(&c, argc, argv);
	if (fflush(stdout) || ferror(stdout))
		return ctl_fail(EXIT_FAILED, "cannot print the answer: %s", strerror(errno));
	return r;
}
