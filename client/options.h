/* SPDX-License-Identifier: MIT */
/* options.h - the options of all commands, in one table. */
#pragma once
#include "ctl.h"

/* The type of an option's value, for the completions. */
enum value { VALUE_FREE, VALUE_NETNS, VALUE_PATH };

struct option_row {
	const char *name;
	char letter;
	uint64_t bit;      /* OPT_… */
	const char *value; /* the value in --help; NULL: none */
	enum value operand;
	size_t offset;   /* of the value in struct ctl */
	bool list;       /* several values, from there on */
	const char *doc; /* NULL: not implemented yet */
};
extern const struct option_row option_rows[];
extern const size_t n_option_rows;

/* Parses options from @argv up to the first operand, or with @permute all of it; the rest
 * is then in @c->args.  Returns an exit code. */
int options_parse(struct ctl *c, int argc, char **argv, bool permute);
/* Complains if an option was given that is not in @takes; returns an exit code. */
int options_check(const struct ctl *c, uint64_t takes, const char *command);
/* Prints the lines of --help for the options in @takes. */
void options_print(FILE *out, uint64_t takes);
