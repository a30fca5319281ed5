/* SPDX-License-Identifier: MIT */
/* commands.h - the table of commands. */
#pragma once
#include "ctl.h"

/* The type of a command's operands, for the completions. */
enum operands {
	OPERANDS_NONE,
	OPERANDS_FILES,
	OPERANDS_NAME, /* of a topology */
	OPERANDS_NAMES,
	OPERANDS_FILE_OR_NAME,
	OPERANDS_NETNS,
	OPERANDS_PLACES,  /* NS/IF or NS, then a filter */
	OPERANDS_COMMAND, /* a namespace, then a command line */
	OPERANDS_PROGRAM, /* a command line */
};

struct command {
	const char *name, *args, *doc;   /* as in --help */
	int (*run)(const struct ctl *c); /* NULL: not implemented yet */
	uint64_t takes;                  /* options besides OPTIONS_ALWAYS */
	int min, max;                    /* number of operands */
	bool stops;                      /* options end at the first operand */
	bool data;                       /* it prints a file, or draws by itself: standard output is as it is */
	enum operands operands;
};
/* A command of another program, and what it is here. */
struct habit {
	const char *word, *command;
};
/* Only ever named, never run: what deletes elsewhere may not here, and the other way round. */
extern const struct habit habits[];
extern const size_t n_habits;
extern const struct command commands[];
extern const size_t n_commands;

enum { OPTIONS_ALWAYS = OPT_HELP | OPT_SOCKET | OPT_VERSION };
