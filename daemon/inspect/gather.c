/* SPDX-License-Identifier: MIT */
/* gather.c - one stage after the other. */
#include "gather.h"
#include "usec.h"
#include <stdarg.h>

struct gathering *facts_begin(struct engine *engine, enum survey_depth depth)
{
	struct gathering *g = must(calloc(1, sizeof(*g)));

	g->engine = engine;
	g->facts = must(calloc(1, sizeof(*g->facts)));
	g->facts->began_usec = usec_now(CLOCK_MONOTONIC);
	g->facts->depth = depth;
	return g;
}

bool facts_step(struct gathering *g)
{
	static bool (*const stages[])(struct gathering *g) = {
		[GATHER_TOPOLOGIES] = gather_topologies, [GATHER_NAMES] = gather_names,
		[GATHER_NETNS] = gather_netns,           [GATHER_CONNECT] = gather_connect,
		[GATHER_MACHINE] = gather_machine,       [GATHER_PROCESSES] = gather_processes,
	};

	if (g->stage == GATHER_DONE)
		return false;
	if (stages[g->stage](g))
		return true;
	g->at = 0;
	g->stage = g->stage == GATHER_NETNS && g->facts->depth == SURVEY_COUNTERS ? GATHER_DONE : g->stage + 1;
	if (g->stage < GATHER_DONE)
		return true;
	/* What was gathered stays; the namespaces are not held. */
	for (size_t i = 0; i < g->facts->n_netns; i++) {
		closep(&g->facts->netns[i].fd);
		g->facts->netns[i].fd = -1;
	}
	return false;
}

struct facts *facts_take(struct gathering *g)
{
	return g->stage == GATHER_DONE ? TAKE(g->facts) : NULL;
}

void facts_end(struct gathering *g)
{
	if (!g)
		return;
	survey_end(g->reader);
	gather_pairs_free(g->pairs);
	free(g->declared);
	free(g->strange);
	if (g->proc)
		closedir(g->proc);
	facts_free(g->facts);
	free(g);
}

void gather_unread(struct gathering *g, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	*ARRAY_ADD(g->facts, unread) = arena_strdup(&g->facts->arena, text);
}
