/* SPDX-License-Identifier: MIT */
/* reference.c - prints the parts of the shell completions and of netnsctl(1) that come from the
 * tables of commands, options, reasons and checks.  Runs during the build; it is not installed. */
#include "../client/commands.h"
#include "../client/metrics.h"
#include "../client/options.h"
#include "inspect/doctor.h"
#include "model/why_not.h"

/* @s with each character of @special after @escape. */
static void put_escaped(const char *s, const char *special, const char *escape)
{
	for (; *s; s++) {
		if (strchr(special, *s))
			fputs(escape, stdout);
		putchar(*s);
	}
}

/* Inside single quotes of bash and zsh. */
static void put_quoted(const char *s, const char *special)
{
	for (; *s; s++) {
		if (*s == '\'')
			fputs("'\\'", stdout);
		else if (strchr(special, *s))
			putchar('\\');
		putchar(*s);
	}
}

static bool is_built(const struct command *k)
{
	return k->run;
}

static void put_names(const char *between)
{
	for (size_t i = 0; i < n_commands && is_built(&commands[i]); i++)
		printf("%s%s", i ? between : "", commands[i].name);
}

static void put_options(uint64_t takes)
{
	const char *space = "";

	for (size_t i = 0; i < n_option_rows; i++) {
		if (!(option_rows[i].bit & takes) || !option_rows[i].doc)
			continue;
		printf("%s--%s", space, option_rows[i].name);
		space = " ";
	}
}

static const char *const operand_words[] = {
	[OPERANDS_NONE] = "none",
	[OPERANDS_FILES] = "files",
	[OPERANDS_NAME] = "name",
	[OPERANDS_NAMES] = "names",
	[OPERANDS_FILE_OR_NAME] = "file_or_name",
	[OPERANDS_NETNS] = "netns",
	[OPERANDS_PLACES] = "places",
	[OPERANDS_COMMAND] = "command",
	[OPERANDS_PROGRAM] = "program",
};
static const char *const value_words[] = { [VALUE_FREE] = "free", [VALUE_NETNS] = "netns", [VALUE_PATH] = "path" };

static void print_bash(void)
{
	fputs("_netnsctl_commands='", stdout);
	put_names(" ");
	puts("'\n\n_netnsctl_options() {\n\tcase $1 in");
	for (size_t i = 0; i < n_commands && is_built(&commands[i]); i++) {
		printf("\t%s) echo '", commands[i].name);
		put_options(commands[i].takes);
		puts("' ;;");
	}
	fputs("\tesac\n\techo '", stdout);
	put_options(OPTIONS_ALWAYS);
	puts("'\n}\n\n_netnsctl_operands() {\n\tcase $1 in");
	for (size_t i = 0; i < n_commands && is_built(&commands[i]); i++)
		printf("\t%s) echo %s ;;\n", commands[i].name, operand_words[commands[i].operands]);
	puts("\tesac\n}\n\n_netnsctl_value() {\n\tcase $1 in");
	for (size_t i = 0; i < n_option_rows; i++) {
		const struct option_row *r = &option_rows[i];

		if (r->value && r->doc && r->letter)
			printf("\t--%s | -%c) echo %s ;;\n", r->name, r->letter, value_words[r->operand]);
		else if (r->value && r->doc)
			printf("\t--%s) echo %s ;;\n", r->name, value_words[r->operand]);
	}
	puts("\tesac\n}");
}

/* One specification of _arguments. */
static void put_zsh_option(const struct option_row *r)
{
	static const char *const actions[] = {
		[VALUE_FREE] = "", [VALUE_NETNS] = "_netnsctl_namespaces", [VALUE_PATH] = "_files"
	};
	bool last = r->bit & (OPT_HELP | OPT_VERSION);

	if (r->letter)
		printf(last ? "'(- *)'{-%c,--%s%s}'" : "'(-%1$c --%2$s)'{-%1$c%4$s,--%2$s%3$s}'", r->letter, r->name,
		       r->value ? "=" : "", r->value ? "+" : "");
	else
		printf("'%s--%s%s", last ? "(- *)" : r->list ? "*" : "", r->name, r->value ? "=" : "");
	putchar('[');
	put_quoted(r->doc, "[]");
	putchar(']');
	if (r->value)
		printf(":%s:%s", r->value, actions[r->operand]);
	putchar('\'');
}

static void put_zsh_options(uint64_t takes)
{
	for (size_t i = 0; i < n_option_rows; i++) {
		if (!(option_rows[i].bit & takes) || !option_rows[i].doc)
			continue;
		putchar(' ');
		put_zsh_option(&option_rows[i]);
	}
}

static void print_zsh(void)
{
	static const char *const operands[] = {
		[OPERANDS_NONE] = "",
		[OPERANDS_FILES] = " '*:file:_netnsctl_files'",
		[OPERANDS_NAME] = " '1:topology:_netnsctl_names'",
		[OPERANDS_NAMES] = " '*:topology:_netnsctl_names'",
		[OPERANDS_FILE_OR_NAME] = " '1:file or topology:{_netnsctl_files; _netnsctl_names}'",
		[OPERANDS_NETNS] = " '1:namespace:_netnsctl_namespaces'",
		[OPERANDS_PLACES] = " '*:interface:_netnsctl_places'",
		[OPERANDS_COMMAND] = " '1:namespace:_netnsctl_namespaces' '*::command:_normal'",
		[OPERANDS_PROGRAM] = " '*::command:_normal'",
	};

	puts("_netnsctl_commands=(");
	for (size_t i = 0; i < n_commands && is_built(&commands[i]); i++) {
		printf("\t'%s:", commands[i].name);
		put_quoted(commands[i].doc, ":");
		puts("'");
	}
	fputs(")\n_netnsctl_always=(", stdout);
	put_zsh_options(OPTIONS_ALWAYS);
	puts(" )\n\n_netnsctl_arguments() {\n\tcase $words[1] in");
	for (size_t i = 0; i < n_commands && is_built(&commands[i]); i++) {
		printf("\t%s) _arguments $_netnsctl_always", commands[i].name);
		put_zsh_options(commands[i].takes);
		printf("%s ;;\n", operands[commands[i].operands]);
	}
	puts("\tesac\n}");
}

/* Completions for each command that takes @bit. */
static void put_fish_option(const struct option_row *r)
{
	static const char *const values[] = {
		[VALUE_FREE] = " -r -f", [VALUE_NETNS] = " -r -f -a '(__netnsctl_namespaces)'", [VALUE_PATH] = " -r -F"
	};

	fputs("complete -c netnsctl", stdout);
	if (!(r->bit & OPTIONS_ALWAYS)) {
		fputs(" -n '__fish_seen_subcommand_from", stdout);
		for (size_t i = 0; i < n_commands && is_built(&commands[i]); i++)
			if (commands[i].takes & r->bit)
				printf(" %s", commands[i].name);
		putchar('\'');
	}
	if (r->letter)
		printf(" -s %c", r->letter);
	printf(" -l %s%s -d '", r->name, r->value ? values[r->operand] : "");
	put_escaped(r->doc, "'\\", "\\");
	puts("'");
}

static void put_fish_operands(unsigned which, const char *condition, const char *action)
{
	fputs("complete -c netnsctl -n '__fish_seen_subcommand_from", stdout);
	for (size_t i = 0; i < n_commands && is_built(&commands[i]); i++)
		if (which & 1U << commands[i].operands)
			printf(" %s", commands[i].name);
	printf("%s' -a '(%s)'\n", condition, action);
}

static void print_fish(void)
{
	fputs("set -l commands ", stdout);
	put_names(" ");
	puts("\nset -l none \"not __fish_seen_subcommand_from $commands\"\n\ncomplete -c netnsctl -f");
	for (size_t i = 0; i < n_commands && is_built(&commands[i]); i++) {
		printf("complete -c netnsctl -n $none -a %s -d '", commands[i].name);
		put_escaped(commands[i].doc, "'\\", "\\");
		puts("'");
	}
	put_fish_operands(1 << OPERANDS_FILES | 1 << OPERANDS_FILE_OR_NAME, "", "__fish_complete_suffix .json");
	put_fish_operands(1 << OPERANDS_NAME | 1 << OPERANDS_NAMES | 1 << OPERANDS_FILE_OR_NAME, "",
			  "__netnsctl_names");
	put_fish_operands(1 << OPERANDS_NETNS | 1 << OPERANDS_COMMAND, "; and test (count (commandline -opc)) -eq 2",
			  "__netnsctl_namespaces");
	put_fish_operands(1 << OPERANDS_PLACES, "", "__netnsctl_places");
	put_fish_operands(1 << OPERANDS_COMMAND, "; and test (count (commandline -opc)) -gt 2",
			  "__fish_complete_subcommand --commandline");
	put_fish_operands(1 << OPERANDS_PROGRAM, "", "__fish_complete_subcommand --commandline");
	for (size_t i = 0; i < n_option_rows; i++)
		if (option_rows[i].doc)
			put_fish_option(&option_rows[i]);
}

/* Text of scdoc, with its own markup escaped. */
static void put_scdoc(const char *s)
{
	put_escaped(s, "_*\\", "\\");
}

static void print_commands(void)
{
	puts("|[ *command*\n:[ *operands*\n:< *what it does*");
	for (size_t i = 0; i < n_commands && is_built(&commands[i]); i++) {
		printf("|  *%s*\n:  ", commands[i].name);
		put_scdoc(commands[i].args);
		fputs("\n:  ", stdout);
		put_scdoc(commands[i].doc);
		putchar('\n');
	}
}

static void print_options(void)
{
	puts("|[ *option*\n:[ *of*\n:< *what it does*");
	for (size_t i = 0; i < n_option_rows; i++) {
		const struct option_row *r = &option_rows[i];
		const char *comma = "";

		if (!r->doc)
			continue;
		printf("|  *--%s*%s%s\n:  ", r->name, r->value ? " " : "", r->value ?: "");
		for (size_t n = 0; n < n_commands && is_built(&commands[n]) && !(r->bit & OPTIONS_ALWAYS); n++)
			if (commands[n].takes & r->bit) {
				printf("%s%s", comma, commands[n].name);
				comma = ", ";
			}
		printf("%s\n:  ", r->bit & OPTIONS_ALWAYS ? "all" : "");
		put_scdoc(r->doc);
		putchar('\n');
	}
}

static void print_reasons(void)
{
	puts("|[ *reason*\n:< *what it means*");
	for (unsigned i = WHY_NOT_FIRST; i < WHY_NOT_N; i++) {
		fputs("|  *", stdout);
		put_scdoc(why_not_word(i));
		fputs("*\n:  ", stdout);
		put_scdoc(why_not_sentence(i));
		putchar('\n');
	}
}

/* A heading for each group of checks. */
static void print_checks(void)
{
	const char *about = "";

	for (size_t i = 0; i < n_doctor_checks; i++) {
		const struct check *c = &doctor_checks[i];

		if (strcmp(c->about, about) != 0)
			printf("%s## %s\n\n|[ *check*\n:[ *severity*\n:< *what it finds, why it matters, what helps*\n",
			       *about ? "\n" : "", c->about);
		about = c->about;
		printf("|  *%s*\n:  %s\n:  ", c->id, severity_word(c->severity));
		put_scdoc(c->sentence);
		fputs(": ", stdout);
		put_scdoc(c->why);
		fputs("; ", stdout);
		put_scdoc(c->remedy);
		putchar('\n');
	}
}

static void print_metrics(void)
{
	static const char *const types[] = {
		[METRIC_GAUGE] = "gauge", [METRIC_COUNTER] = "counter", [METRIC_HISTOGRAM] = "histogram"
	};

	/* Not a table: it would break the names, which people search for. */
	for (size_t i = 0; i < n_metrics; i++) {
		fputs("*netnsd\\_", stdout);
		put_scdoc(metrics[i].name);
		printf("%s* (%s; %s)\n\t", metrics[i].type == METRIC_COUNTER ? "\\_total" : "", types[metrics[i].type],
		       metric_labels[metrics[i].of]);
		put_scdoc(metrics[i].help);
		puts(".\n");
	}
}

int main(_unused_ int argc, char **argv)
{
	const struct {
		const char *name;
		void (*print)(void);
	} parts[] = { { "bash", print_bash },         { "zsh", print_zsh },         { "fish", print_fish },
		      { "commands", print_commands }, { "options", print_options }, { "reasons", print_reasons },
		      { "checks", print_checks },     { "metrics", print_metrics } };

	for (size_t i = 0; argv[1] && i < ARRAY_SIZE(parts); i++)
		if (!strcmp(argv[1], parts[i].name)) {
			parts[i].print();
			return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
		}
	fputs("usage: reference bash|zsh|fish|commands|options|reasons|checks|metrics\n", stderr);
	return EXIT_FAILURE;
}
