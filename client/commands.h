/* SPDX-License-Identifier: MIT */
/* commands.h - the table of commands. */
#pragma once
#include "ctl.h"

/* What a command's operands are, for the completions. */
enum operands {
	OPERANDS_NONE,
	OPERANDS_FILES,
	OPERANDS_NAME,		/* of a topology */
	OPERANDS_NAMES,
	OPERANDS_FILE_OR_NAME,
	OPERANDS_NETNS,
	OPERANDS_COMMAND,	/* a namespace, then a command line */
};

struct command {
	const char *name, *args, *doc;		/* as --help shows them */
	int (*run)(const struct ctl *c);	/* NULL: not built yet */
	unsigned takes;				/* options besides OPTIONS_ALWAYS */
	int min, max;				/* number of operands */
	bool stops;				/* options end at the first operand */
	enum operands operands;
};
extern const struct command commands[];
extern const size_t n_commands;

enum { OPTIONS_ALWAYS = OPT_HELP | OPT_SOCKET | OPT_VERSION };
