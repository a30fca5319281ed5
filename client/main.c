/* SPDX-License-Identifier: MIT */
/* main.c - netnsctl: finds the command, reads its options, runs it. */
#include "ascii.h"
#include "commands.h"
#include "options.h"
#include "table.h"
#include "base/suggest.h"
#include "base/std_fds.h"
#include <locale.h>
#include <signal.h>
#include <sys/un.h>

static const size_t SOCKET_MAX = sizeof(((struct sockaddr_un *)0)->sun_path) - 1;

static int main_help(void)
{
	static const struct column columns[] = { { .gap = 2 }, { .gap = 1 }, { .gap = 2 } };
	_cleanup_(table_done) struct table t = TABLE(columns, false);

	ascii_output();
	puts("Usage: netnsctl [OPTION…] COMMAND …\n\n"
	     "Applies topologies of network namespaces and keeps them applied.\n\nCommands:");
	for (size_t i = 0; i < n_commands && commands[i].run; i++) {
		table_cell(&t, COLOUR_NONE, "%s", commands[i].name);
		table_cell(&t, COLOUR_NONE, "%s", commands[i].args);
		table_cell(&t, COLOUR_NONE, "%s", commands[i].doc);
	}
	table_print(&t, stdout);
	puts("\nOptions of every command:");
	options_print(stdout, OPTIONS_ALWAYS);
	puts("\nMore: netnsctl COMMAND --help, netnsctl(1), netnsd-topology(5)");
	return EXIT_DONE;
}

static int command_help(const struct command *k)
{
	printf("Usage: netnsctl %s [OPTION…]%s%s\n\n%s: %s\n\nOptions:\n", k->name, *k->args ? " " : "", k->args,
	       k->name, k->doc);
	options_print(stdout, k->takes | OPTIONS_ALWAYS);
	return EXIT_DONE;
}

static int command_unknown(const char *word)
{
	struct suggest suggest = suggest_new(word);

	for (size_t i = 0; i < n_habits; i++)
		if (!strcmp(word, habits[i].word))
			return ctl_fail(EXIT_INVALID, "unknown command \"%s\"; did you mean %s?", word,
					habits[i].command);
	for (size_t i = 0; i < n_commands; i++)
		if (commands[i].run)
			suggest_try(&suggest, commands[i].name);
	if (suggest.best)
		return ctl_fail(EXIT_INVALID, "unknown command \"%s\"; did you mean %s?", word, suggest.best);
	return ctl_fail(EXIT_INVALID, "unknown command \"%s\"; see netnsctl --help", word);
}

/* Whether standard output is for programs, which read UTF-8 whatever the locale is. */
static bool is_data(const struct ctl *c, const struct command *k)
{
	return k->data || c->given & (OPT_JSON | OPT_JUNIT | OPT_TAP);
}

static int command_run(const struct command *k, struct ctl *c)
{
	int r = options_parse(c, c->n_args, c->args, !k->stops);

	if (r)
		return r;
	if (c->given & OPT_HELP || !is_data(c, k))
		ascii_output();
	if (c->given & OPT_HELP)
		return command_help(k);
	if (c->given & OPT_VERSION)
		return puts("netnsctl " NETNSD_VERSION), EXIT_DONE;
	r = options_check(c, k->takes | OPTIONS_ALWAYS, k->name);
	if (r)
		return r;
	/* An empty one would be an abstract socket. */
	if (!*c->socket || strlen(c->socket) > SOCKET_MAX)
		return ctl_fail(EXIT_INVALID,
				"\"%s\": the path of a socket has 1 to %zu bytes: --socket, or NETNSD_SOCKET",
				c->socket, SOCKET_MAX);
	/* An empty variable in a script leaves an empty operand; a command to run may have one. */
	for (int i = 0; i < c->n_args && !k->stops; i++)
		if (!*c->args[i])
			return ctl_fail(EXIT_INVALID, "argument %d is empty; usage: netnsctl %s [OPTION…] %s", i + 1,
					k->name, k->args);
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
	/* "help" is another way to say --help before the command. */
	if (c->n_args && !strcmp(c->args[0], "help")) {
		c->given |= OPT_HELP;
		c->args++;
		c->n_args--;
	}
	if (!c->n_args)
		return c->given & OPT_HELP ? main_help() : ctl_fail(EXIT_INVALID, "no command; see netnsctl --help");
	for (size_t i = 0; i < n_commands; i++) {
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

	std_fds_open(true);
	/* A file size limit fails a write, and does not end us. */
	signal(SIGXFSZ, SIG_IGN);
	/* Text is UTF-8 here whatever the locale says; nothing else of it is used. */
	setlocale(LC_CTYPE, "C.UTF-8");
	ascii_messages();
	r = ctl_run(&c, argc, argv);
	if (fflush(stdout) || ferror(stdout))
		return ctl_fail(EXIT_FAILED, "cannot print the answer: %s", strerror(errno));
	return r;
}
