/* SPDX-License-Identifier: MIT */
/* plan_moot.c - finds what cannot be restored any more: somebody has removed the interface or the namespace that it
 * belongs to.  What is gone counts as restored, or a down or a rollback could never end. */
#include "kind.h"
#include "plan.h"

static bool is_moot(const struct object *want, const struct model *desired, const struct model *observed)
{
	bool comes = false;
	struct ref ref;

	for (size_t i = 0; object_ref(want, false, &i, &ref);) {
		const struct object *base = ref.loose ? NULL : model_find_ref(desired, ref.class, ref.to);

		if (base && base->moot)
			return true;
		if (ref.loose || model_find_ref(observed, ref.class, ref.to))
			continue;
		if (!base)
			return want->reverts;
		comes = true;
	}
	/* What has a name is gone with it, unless it comes with a namespace that the plan creates. */
	return want->reverts && !comes && want->name && !want->name_blocked && !model_same(observed, want);
}

void plan_find_moot(struct model *desired, const struct model *observed)
{
	bool more = false;

	for (size_t i = 0; i < desired->n; i++) {
		desired->objects[i]->moot = false;
		more |= desired->objects[i]->reverts;
	}
	while (more) {
		more = false;
		for (size_t i = 0; i < desired->n; i++) {
			struct object *o = desired->objects[i];

			if (!o->moot && is_moot(o, desired, observed))
				o->moot = more = true;
		}
	}
}
