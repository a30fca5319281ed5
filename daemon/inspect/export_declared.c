/* SPDX-License-Identifier: MIT */
/* export_declared.c - what an export knows from the topologies that are up. */
#include "export_declared.h"
#include "transaction/machine.h"

/* Tells a file as it is declared, with what it says in fewer words, if that is what it contains. */
static void tell(struct model *observed, const struct object *declared)
{
	struct object *old = model_same(observed, declared), *new = object_copy(observed, declared, ~UINT64_C(0));

	if (old)
		model_replace(observed, old, new);
	else
		model_add(observed, new, NULL);
}

static bool is_compared(const struct object *o)
{
	return o->kind->netfilter || o->kind->outside;
}

/* Tells what is as it is declared, of @want. */
static void compare(struct model *observed, const char *topology, const struct model *want, const struct model *seen,
		    struct unsaid *u)
{
	for (size_t i = 0; i < want->n; i++) {
		const struct object *o = want->objects[i], *have = is_compared(o) ? model_same(seen, o) : NULL;
		bool same = have && !object_diff(o, have);

		if (same && o->kind->netfilter && model_same(observed, o))
			unsaid_add(u, "%s %s: that of %s is left out, as there is another topology's", o->kind->label,
				   o->place, topology);
		else if (same)
			tell(observed, o);
		else if (o->kind->netfilter)
			unsaid_add(u, "%s %s is not as %s declares it, and is left out", o->kind->label, o->place,
				   topology);
	}
}

/* The kernel's state alone does not show what rules and lines of files were made of: where they are as a topology
 * declares them, they are told like that.  The declared objects belong to the watch: they are copied. */
void export_declared(struct model *observed, const struct netns_set *set, size_t at, const char *topology,
		     const struct model *declared, struct unsaid *u)
{
	static const char *const none[] = { NULL };
	struct extent *extents = must(calloc(set->n + 1, sizeof(*extents)));
	struct model want, seen;
	struct wish w = { .topology = topology, .desired = &want, .last = &want, .extents = extents };
	bool any = false;
	struct err e;

	model_init(&want, observed->kinds);
	model_init(&seen, observed->kinds);
	for (size_t i = 0; i < declared->n; i++) {
		const struct object *o = declared->objects[i];

		if (strcmp(o->netns, set->v[at].name) != 0 || !(is_compared(o) || object_is(o, "netns")))
			continue;
		any |= is_compared(o);
		model_add(&want, object_copy(&want, o, ~UINT64_C(0)), NULL);
	}
	model_link(&want);
	extents[at].only = none;
	if (any && machine_observe(NULL, set, &set->v[at], &w, &seen, &e) == 0)
		compare(observed, topology, &want, &seen, u);
	model_done(&seen);
	model_done(&want);
	free(extents);
}
