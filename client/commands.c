/* SPDX-License-Identifier: MIT */
/* commands.c - the table of commands, from which --help, the shell completions and the
 * summary in netnsctl(1) are made. */
#include "commands.h"

enum { ANY = 1 << 16 };

// clang-format off: keeps its rows
const struct command commands[] = {
	{ .name = "apply", .args = "FILE…", .operands = OPERANDS_FILES, .run = command_apply, .min = 1, .max = ANY,
	  .takes = OPT_CONFIRM | OPT_DRY_RUN | OPT_EXIT_CODE | OPT_JSON | OPT_NAME | OPT_NO_DISRUPT | OPT_PERSIST |
		   OPT_REPLACE | OPT_SURE | OPT_TEST,
	  .doc = "apply topologies, each all or nothing, and keep them applied" },
	{ .name = "plan", .args = "FILE…", .operands = OPERANDS_FILES, .run = command_plan, .min = 1, .max = ANY,
	  .takes = OPT_CONFIRM | OPT_DRY_RUN | OPT_EXIT_CODE | OPT_JSON | OPT_NAME | OPT_NO_DISRUPT | OPT_PERSIST |
		   OPT_REPLACE | OPT_SURE | OPT_TEST,
	  .doc = "show the steps that apply would take" },
	{ .name = "up", .args = "[NAME…]", .operands = OPERANDS_NAMES, .run = command_up, .max = ANY, .takes = OPT_JSON,
	  .doc = "bring up topologies; without a name, all that are down" },
	{ .name = "down", .args = "NAME…|--all", .operands = OPERANDS_NAMES, .run = command_down, .max = ANY,
	  .takes = OPT_ALL | OPT_FORGET | OPT_JSON, .doc = "take topologies down and remove everything they created" },
	{ .name = "confirm", .args = "[NAME]", .operands = OPERANDS_NAME, .run = command_confirm, .max = 1, .takes = OPT_JSON,
	  .doc = "keep what apply --confirm applied; without a name, all that await it" },
	{ .name = "rollback", .args = "[NAME]", .operands = OPERANDS_NAME, .run = command_rollback, .max = 1,
	  .takes = OPT_DRY_RUN | OPT_EXIT_CODE | OPT_JSON,
	  .doc = "revert the last apply; without a name, all that await confirmation" },
	{ .name = "adopt", .args = "FILE|NAME", .operands = OPERANDS_FILE_OR_NAME, .run = command_adopt, .min = 1, .max = 1, .takes = OPT_JSON | OPT_NAME,
	  .doc = "take over what exists already, if it is exactly as declared" },
	{ .name = "rename", .args = "OLD NEW", .operands = OPERANDS_NAMES, .run = command_rename, .min = 2, .max = 2, .takes = OPT_JSON,
	  .doc = "give a topology another name without touching the network" },
	{ .name = "status", .args = "[NAME|NS]", .operands = OPERANDS_NAME, .run = command_status, .max = 1, .takes = OPT_JSON | OPT_WATCH,
	  .doc = "show all topologies, or one with its namespaces and interfaces, or those of one namespace" },
	{ .name = "list", .args = "[NAME|NS]", .operands = OPERANDS_NAME, .run = command_list, .max = 1, .takes = OPT_JSON,
	  .doc = "list the interfaces that netnsd manages, all or those of a topology or namespace" },
	{ .name = "show", .args = "NAME", .data = true, .operands = OPERANDS_NAME, .run = command_show, .min = 1, .max = 1, .takes = OPT_JSON,
	  .doc = "print a topology as declared" },
	{ .name = "graph", .args = "[NAME…]", .data = true, .operands = OPERANDS_NAMES, .run = command_graph, .max = ANY, .takes = OPT_FORMAT | OPT_JSON | OPT_LIVE | OPT_WATCH | OPT_WRITE,
	  .doc = "draw topologies; without a name, all of them" },
	{ .name = "monitor", .args = "[NAME…]", .operands = OPERANDS_NAMES, .run = command_monitor, .max = ANY, .takes = OPT_JSON,
	  .doc = "show the current state, then events as they happen" },
	{ .name = "log", .args = "[NAME]", .operands = OPERANDS_NAME, .run = command_log, .max = 1, .takes = OPT_JSON | OPT_LINES,
	  .doc = "show past events, the newest last" },
	{ .name = "reload", .args = "", .run = command_reload, .takes = OPT_CONFIRM | OPT_DRY_RUN | OPT_EXIT_CODE | OPT_JSON,
	  .doc = "read the boot directories again and apply what is new or has changed" },
	{ .name = "wait", .args = "[NAME…]", .operands = OPERANDS_NAMES, .run = command_wait, .max = ANY, .takes = OPT_DECLARED | OPT_NAMESPACE | OPT_TIMEOUT | OPT_UNTIL_GONE,
	  .doc = "wait until topologies are up; without a name, all that should be" },
	{ .name = "test", .args = "[NAME|FILE]", .operands = OPERANDS_FILE_OR_NAME, .run = command_test, .max = 1,
	  .takes = OPT_JSON | OPT_JUNIT | OPT_NAME | OPT_TAP,
	  .doc = "test what topologies expect, from inside the namespaces; without a name, of all that are up" },
	{ .name = "doctor", .args = "[NAME]", .operands = OPERANDS_NAME, .run = command_doctor, .max = 1, .takes = OPT_JSON | OPT_PROBE,
	  .doc = "say what is wrong, and the command that repairs it" },
	{ .name = "explain", .args = "FROM TO", .operands = OPERANDS_NETNS, .run = command_explain, .min = 2, .max = 2,
	  .takes = OPT_JSON | OPT_PORT | OPT_PROTO | OPT_REVERSE | OPT_TRACE,
	  .doc = "show the way of a packet and of its answer, and where it ends" },
	{ .name = "metrics", .args = "", .data = true, .run = command_metrics, .takes = OPT_FORMAT | OPT_WRITE,
	  .doc = "print counters and states in numbers, for Prometheus" },
	{ .name = "capture", .args = "NS/IF… [FILTER]", .data = true, .operands = OPERANDS_PLACES, .run = command_capture, .min = 1, .max = ANY,
	  .takes = OPT_COUNT | OPT_SNAPLEN | OPT_WRITE, .doc = "capture packets on interfaces of any namespaces into one pcapng" },
	{ .name = "export", .args = "[NS…|--all]", .data = true, .operands = OPERANDS_NETNS, .run = command_export, .max = ANY, .takes = OPT_ALL | OPT_JSON,
	  .doc = "print what there is now as a topology; without a namespace, what topologies declare" },
	{ .name = "diff", .args = "NAME [FILE]", .operands = OPERANDS_FILE_OR_NAME, .run = command_diff, .min = 1, .max = 2, .takes = OPT_JSON,
	  .doc = "show what is not as declared, or what a file would change and what of that is drift" },
	{ .name = "validate", .args = "FILE…", .operands = OPERANDS_FILES, .run = command_validate, .min = 1, .max = ANY, .takes = OPT_NAME,
	  .doc = "check files; needs neither netnsd nor root" },
	{ .name = "exec", .args = "NS CMD…", .data = true, .operands = OPERANDS_COMMAND, .run = command_exec, .min = 2, .max = ANY, .stops = true,
	  .doc = "run a command in a namespace, as ip netns exec does" },
	{ .name = "shell", .args = "NS", .data = true, .operands = OPERANDS_NETNS, .run = command_shell, .min = 1, .max = 1,
	  .doc = "run a shell in a namespace" },
	{ .name = "record", .args = "-- COMMAND…", .data = true, .operands = OPERANDS_PROGRAM, .run = command_record, .min = 1, .max = ANY, .stops = true,
	  .takes = OPT_TIMEOUT | OPT_WITH, .doc = "run a command in a sandbox, and print what it has built as a topology" },
	{ .name = "schema", .args = "", .data = true, .run = command_schema, .takes = OPT_JSON,
	  .doc = "print the JSON Schema of topology files" },
	{ .name = "version", .args = "", .run = command_version,
	  .doc = "print the versions of netnsctl and the running netnsd" },
};
// clang-format on
const size_t n_commands = ARRAY_SIZE(commands);

// clang-format off: keeps its rows
const struct habit habits[] = {
	{ "add", "apply FILE" },
	{ "cat", "show NAME" },
	{ "check", "doctor, or validate FILE" },
	{ "create", "apply FILE" },
	{ "del", "down NAME" },
	{ "delete", "down NAME" },
	{ "destroy", "down NAME" },
	{ "enable", "apply FILE --persist" },
	{ "info", "status" },
	{ "kill", "down NAME" },
	{ "logs", "log" },
	{ "ls", "list" },
	{ "ps", "status, or list" },
	{ "remove", "down NAME" },
	{ "restart", "down NAME, then up NAME" },
	{ "rm", "down NAME" },
	{ "run", "exec NS CMD" },
	{ "start", "up NAME" },
	{ "stop", "down NAME" },
	{ "undo", "rollback NAME" },
	{ "watch", "status --watch, or monitor" },
};
// clang-format on
const size_t n_habits = ARRAY_SIZE(habits);
