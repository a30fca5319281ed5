/* SPDX-License-Identifier: MIT */
/* drifted.c - the drift of a topology, contested objects included, for its status. */
#include "drifted.h"
#include "engine.h"
#include "usec.h"
#include "heal/heal.h"

bool engine_drifted(const struct engine *g, const char *name, size_t *i, struct drifted *ret)
{
	const struct topology *t = topology_find(&g->env, name, NULL);
	uint64_t now = usec_now(CLOCK_BOOTTIME);

	for (; t && *i < t->drifts.n; ++*i) {
		const struct drift *one = &t->drifts.v[*i];
		bool contested = drift_is_contested(&t->drifts, one, now);

		/* Drift that was not reported yet is about to be healed. */
		if (!one->kind || (!one->open && !contested))
			continue;
		*ret = (struct drifted){
			.kind = one->kind,
			.object = one->object,
			.expected = one->expected,
			.actual = one->actual,
			.by = *one->by ? one->by : NULL,
			.open = one->open,
			.contested = contested,
			.why = one->open ? one->why : WHY_NOT_NONE,
			.heal_usec = one->open && one->until > now ? one->until - now : 0,
		};
		++*i;
		return true;
	}
	return false;
}

enum why_not engine_left_alone(const struct engine *g, const char *name)
{
	const struct topology *t = topology_find(&g->env, name, NULL);

	return t ? heal_left_alone(&g->env, t) : WHY_NOT_NONE;
}
