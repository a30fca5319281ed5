/* SPDX-License-Identifier: MIT */
/* ctl.h - what every command of netnsctl is given, and how it calls the daemon. */
#pragma once
#include "netnsd.h"
#include "fail.h"
#include "reply.h"

/* Options as bits: those given, and those that a command takes. */
enum {
	OPT_ALL = 1 << 0,
	OPT_DRY_RUN = 1 << 1,
	OPT_EXIT_CODE = 1 << 2,
	OPT_FORGET = 1 << 3,
	OPT_HELP = 1 << 4,
	OPT_JSON = 1 << 5,
	OPT_NAME = 1 << 6,
	OPT_REPLACE = 1 << 7,
	OPT_SOCKET = 1 << 8,
	OPT_VERSION = 1 << 9,
	OPT_CONFIRM = 1 << 10,
	OPT_NO_DISRUPT = 1 << 11,
	OPT_LINES = 1 << 12,
	OPT_NAMESPACE = 1 << 13,
	OPT_TIMEOUT = 1 << 14,
	OPT_PERSIST = 1 << 15,
	OPT_JUNIT = 1 << 16,
	OPT_TAP = 1 << 17,
	OPT_TEST = 1 << 18,
	OPT_SURE = 1 << 19,
	OPT_FORMAT = 1 << 20,
	OPT_LIVE = 1 << 21,
	OPT_PROBE = 1 << 22,
	OPT_LATER = 1 << 23, /* not implemented yet */
};

/* For an option that may be given several times. */
enum { VALUES_MAX = 64 };

struct file;

/* One run of netnsctl. */
struct ctl {
	unsigned given; /* OPT_… */
	const char *socket, *name, *confirm, *lines, *timeout, *test, *format;
	const char *namespaces[VALUES_MAX + 1]; /* ended by NULL */
	char **args;                            /* what follows the command, ended by NULL */
	int n_args;
};

/* The commands; each returns an exit code. */
int command_apply(const struct ctl *c);
int command_plan(const struct ctl *c);
int command_up(const struct ctl *c);
int command_down(const struct ctl *c);
int command_confirm(const struct ctl *c);
int command_rollback(const struct ctl *c);
int command_adopt(const struct ctl *c);
int command_status(const struct ctl *c);
int command_list(const struct ctl *c);
int command_show(const struct ctl *c);
int command_graph(const struct ctl *c);
int command_monitor(const struct ctl *c);
int command_log(const struct ctl *c);
int command_reload(const struct ctl *c);
int command_wait(const struct ctl *c);
int command_test(const struct ctl *c);
int command_doctor(const struct ctl *c);
int command_validate(const struct ctl *c);
int command_exec(const struct ctl *c);
int command_shell(const struct ctl *c);
int command_schema(const struct ctl *c);
int command_version(const struct ctl *c);

/* A call to the daemon. */
struct call {
	const char *method;             /* "Apply" */
	struct json_object *parameters; /* owned by the call */
	const struct file *file;        /* the file that problems are in; may be NULL */
	/* For a call with several replies: each but the last.  NULL: there is one. */
	void (*progress)(void *arg, struct json_object *parameters);
	void *arg;
	/* Receives the error and its parameters if netnsd answers with one, besides printing
	 * it.  May be NULL. */
	struct json_object **failure;
	bool quiet;          /* print nothing on failure */
	bool endless;        /* wait only as long as somebody reads stdout, else SIGPIPE */
	uint64_t until_msec; /* CLOCK_BOOTTIME: EXIT_TIMEOUT if there is no answer until then; 0: no limit */
	/* Set, and nothing printed, if netnsd goes away, or is missing when it was set
	 * already; EXIT_NO_DAEMON then.  May be NULL. */
	bool *lost;
};

/* Calls, and waits for the answer, whose parameters the caller then owns.  Prints what goes
 * wrong; returns an exit code. */
int ctl_call(const struct ctl *c, const struct call *call, struct json_object **ret);
/* Prints an error of the interface, which the change of the topology @name ended with;
 * returns its exit code. */
int ctl_say_failure(const char *name, const char *error, struct json_object *parameters);
