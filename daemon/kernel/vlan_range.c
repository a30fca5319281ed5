/* SPDX-License-Identifier: MIT */
/* vlan_range.c - a range comes as two attributes, its first number and its last. */
#include "vlan_range.h"
#include <linux/if_bridge.h>

void vlan_ranges(const struct nlattr *af_spec, void (*each)(const struct vlan_range *r, void *arg), void *arg)
{
	uint16_t first = 0;
	struct nlattr *at;
	int left;

	nla_for_each_nested(at, (struct nlattr *)(uintptr_t)af_spec, left) {
		const struct bridge_vlan_info *i = nla_data(at);

		if (nla_type(at) != IFLA_BRIDGE_VLAN_INFO || nla_len(at) < (int)sizeof(*i))
			continue;
		if (i->flags & BRIDGE_VLAN_INFO_RANGE_BEGIN) {
			first = i->vid;
			continue;
		}
		each(&(struct vlan_range){ i->flags & BRIDGE_VLAN_INFO_RANGE_END && first ? first : i->vid, i->vid,
					   i->flags },
		     arg);
	}
}
