/* SPDX-License-Identifier: MIT */
/* ctl.h - what every command of netnsctl is given, and how it calls the daemon. */
#pragma once
#include "netnsd.h"
#include "fail.h"
#include "reply.h"
#include <signal.h>

/* Options as bits: those given, and those that a command takes. */
enum {
	OPT_ALL = 1ULL << 0,
	OPT_CONFIRM = 1ULL << 1,
	OPT_COUNT = 1ULL << 2,
	OPT_DRY_RUN = 1ULL << 3,
	OPT_EXIT_CODE = 1ULL << 4,
	OPT_FORGET = 1ULL << 5,
	OPT_FORMAT = 1ULL << 6,
	OPT_HELP = 1ULL << 7,
	OPT_JSON = 1ULL << 8,
	OPT_JUNIT = 1ULL << 9,
	OPT_LINES = 1ULL << 10,
	OPT_LIVE = 1ULL << 11,
	OPT_NAME = 1ULL << 12,
	OPT_NAMESPACE = 1ULL << 13,
	OPT_NO_DISRUPT = 1ULL << 14,
	OPT_PERSIST = 1ULL << 15,
	OPT_PORT = 1ULL << 16,
	OPT_PROBE = 1ULL << 17,
	OPT_PROTO = 1ULL << 18,
	OPT_REPLACE = 1ULL << 19,
	OPT_REVERSE = 1ULL << 20,
	OPT_SNAPLEN = 1ULL << 21,
	OPT_SOCKET = 1ULL << 22,
	OPT_SURE = 1ULL << 23,
	OPT_TAP = 1ULL << 24,
	OPT_TEST = 1ULL << 25,
	OPT_TIMEOUT = 1ULL << 26,
	OPT_VERSION = 1ULL << 27,
	OPT_WATCH = 1ULL << 28,
	OPT_WITH = 1ULL << 29,
	OPT_WRITE = 1ULL << 30,
	OPT_DECLARED = 1ULL << 31,
	OPT_UNTIL_GONE = 1ULL << 32,
	OPT_TRACE = 1ULL << 33,
	OPT_LATER = 1ULL << 63, /* not implemented yet */
};

/* For an option that may be given several times. */
enum { VALUES_MAX = 64 };

struct file;

/* One run of netnsctl. */
struct ctl {
	uint64_t given; /* OPT_… */
	const char *confirm, *count, *format, *lines, *name, *port, *proto, *snaplen, *socket, *test, *timeout, *trace,
		*write;
	const char *namespaces[VALUES_MAX + 1], *with[VALUES_MAX + 1]; /* each ended by NULL */
	char **args;                                                   /* what follows the command, ended by NULL */
	int n_args;
	int n_after; /* of them, those that follow "--" */
};

/* The commands; each returns an exit code. */
int command_apply(const struct ctl *c);
int command_plan(const struct ctl *c);
int command_up(const struct ctl *c);
int command_down(const struct ctl *c);
int command_confirm(const struct ctl *c);
int command_rollback(const struct ctl *c);
int command_rename(const struct ctl *c);
int command_adopt(const struct ctl *c);
int command_status(const struct ctl *c);
int command_list(const struct ctl *c);
int command_show(const struct ctl *c);
int command_graph(const struct ctl *c);
int command_monitor(const struct ctl *c);
int command_log(const struct ctl *c);
int command_record(const struct ctl *c);
int command_reload(const struct ctl *c);
int command_wait(const struct ctl *c);
int command_test(const struct ctl *c);
int command_doctor(const struct ctl *c);
int command_explain(const struct ctl *c);
int command_metrics(const struct ctl *c);
int command_capture(const struct ctl *c);
int command_validate(const struct ctl *c);
int command_diff(const struct ctl *c);
int command_export(const struct ctl *c);
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
	/* Set as soon as netnsd has the whole call; may be NULL. */
	volatile sig_atomic_t *sent;
	const char *expects; /* an error that is left to the caller, in @failure, and not printed; NULL: none */
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
/* Whether @value, which may be NULL, is a time that --@option (confirm, test) takes; returns an exit code. */
int seconds_check(const char *option, const char *value);
/* Prints an error of the interface, which the change of the topology @name ended with;
 * returns its exit code. */
int ctl_say_failure(const char *name, const char *error, struct json_object *parameters);
