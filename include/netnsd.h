/* SPDX-License-Identifier: MIT */
/* netnsd.h - what the daemon and its client agree on besides the interface text. */
#pragma once

#define NETNSD_INTERFACE "io.netnsd"
#define NETNSD_SOCKET "/run/netnsd/io.netnsd"

enum {
	/* A topology file, in bytes, before it is parsed. */
	TOPOLOGY_MAX = 8 << 20,
	/* The size of a message without its topology, in bytes. */
	ENVELOPE_MAX = 64 << 10,
	/* Nesting of objects and lists in any JSON text. */
	NESTING_MAX = 32,
};

/* Exit codes of netnsctl(1) and of netnsd --once. */
enum exit_code {
	EXIT_DONE = 0,
	EXIT_FAILED = 1,
	EXIT_INVALID = 2,
	EXIT_PENDING = 3,
	EXIT_NO_DAEMON = 4,
	EXIT_NOT_PERMITTED = 5,
	EXIT_TIMEOUT = 124,
};
