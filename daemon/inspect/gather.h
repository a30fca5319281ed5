/* SPDX-License-Identifier: MIT */
/* gather.h - reads facts in small steps, from the engine and the kernel. */
#pragma once
#include "facts.h"
#include "kernel/route_ask.h"
#include <dirent.h>

struct engine;
struct gathering;

/* Begins; @engine must outlive it. */
struct gathering *facts_begin(struct engine *engine, enum survey_depth depth);
/* Takes the next small step: true: there is more.  It never fails: what cannot be read is named in facts.unread. */
bool facts_step(struct gathering *g);
/* The facts, once there is no more to do; NULL before.  The caller owns them. */
struct facts *facts_take(struct gathering *g);
void facts_end(struct gathering *g);

/* The kernel's answer for a packet in one of the namespaces, as it is now (route_ask.h).  -ESTALE: the namespace is gone, or
 * another one has its name.  An explain_lookup: @engine is a struct engine. */
int facts_lookup(void *engine, const struct netns_fact *n, const struct route_query *q, struct route_answer *ret);

/* ---- what the files of gather share ---- */

/* What is being read. */
enum gather_stage {
	GATHER_TOPOLOGIES,
	GATHER_NAMES,
	GATHER_NETNS,
	GATHER_CONNECT,
	GATHER_MACHINE,
	GATHER_PROCESSES,
	GATHER_DONE,
};

struct gathering {
	struct engine *engine;
	struct facts *facts;
	enum gather_stage stage;
	size_t at; /* within the stage */
	struct survey_reader *reader;
	DIR *proc;
	char last[65]; /* the topology that was read last */
	struct pairs *pairs;
	const struct declared_link **declared; /* all, in order of namespace and name */
	size_t n_declared;
	uint64_t *strange; /* inodes of namespaces of others that have no name */
	size_t n_strange, room_strange;
};

/* Each takes the next step of its stage; false: it is done. */
bool gather_topologies(struct gathering *g);
bool gather_names(struct gathering *g);
bool gather_netns(struct gathering *g);
bool gather_connect(struct gathering *g);
bool gather_machine(struct gathering *g);
bool gather_processes(struct gathering *g);
/* Notes a process of the namespace with that index, if it is a DHCP client. */
void gather_dhcp(struct gathering *g, size_t netns, int pid);

/* Notes what could not be read. */
void gather_unread(struct gathering *g, const char *fmt, ...) _printf_(2, 3);
void gather_pairs_free(struct pairs *p);
