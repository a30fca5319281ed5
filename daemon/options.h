/* SPDX-License-Identifier: MIT */
/* options.h - the command line of netnsd. */
#pragma once
#include "base.h"

struct options {
	const char *socket, *group, *admin_group, *run_dir, *topologies_dir, *state_dir; /* paths are absolute */
	unsigned audit, burst, seconds;
	bool once, down, export, no_table_owner;
};

/* -1: go on, with what @o has unless an option says otherwise; else the exit code. */
int options_read(struct options *o, int argc, char **argv);
