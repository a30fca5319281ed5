/* SPDX-License-Identifier: MIT */
/* machine.c - the kernel as the machine of a pass. */
#include "machine.h"
#include "kind/observe.h"

int machine_open(void *dir, struct netns_set *set, const char **names, size_t n, const char *pins, struct err *e)
{
	if (netns_set_make(set, dir, names, n, e) < 0)
		return e->code;
	set->pins = pins;
	if (pins)
		netns_pin_find(set);
	return 0;
}

void machine_clear(_unused_ void *arg, const struct netns_set *set)
{
	observe_clear(set);
}

int machine_observe(_unused_ void *arg, const struct netns_set *set, const struct netns *ns, const struct wish *w,
		    struct model *observed, struct err *e)
{
	struct extent extent = w->extents ? w->extents[ns - set->v] : (struct extent){ 0 };

	extent.adopting = w->adopt;
	return observe_netns(observed, ns, set, w->topology, extent, w->desired, w->last, e);
}

int machine_execute(_unused_ void *arg, struct execution *x, const struct op **ret_op, struct err *e)
{
	return execute_step(x, ret_op, e);
}

int machine_name(_unused_ void *arg, struct netns_set *set, struct netns *ns, struct err *e)
{
	return netns_restore_name(set, ns, e);
}
