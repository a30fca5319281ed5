/* SPDX-License-Identifier: MIT */
/* survey_vlan.c - the VLANs of the ports of bridges, and of bridges themselves. */
#include "survey.h"
#include "rtnl.h"
#include "base/search.h"
#include <linux/if_bridge.h>
#include <linux/rtnetlink.h>

/* A range comes as two attributes, its first number and its last. */
void survey_on_vlans(const struct nlmsghdr *h, void *survey)
{
	const struct ifinfomsg *link = nlmsg_data(h);
	struct nlattr *list = nlmsg_find_attr((struct nlmsghdr *)(uintptr_t)h, sizeof(*link), IFLA_AF_SPEC), *at;
	struct survey *s = survey;
	uint16_t first = 0;
	int left;

	if (h->nlmsg_type != RTM_NEWLINK || !list)
		return;
	nla_for_each_nested(at, list, left) {
		const struct bridge_vlan_info *i = nla_data(at);

		if (nla_type(at) != IFLA_BRIDGE_VLAN_INFO || nla_len(at) < (int)sizeof(*i))
			continue;
		if (i->flags & BRIDGE_VLAN_INFO_RANGE_BEGIN) {
			first = i->vid;
			continue;
		}
		*ARRAY_ADD(s, vlans) = (struct vlan_fact){
			.link = (uint32_t)link->ifi_index,
			.first = i->flags & BRIDGE_VLAN_INFO_RANGE_END ? first : i->vid,
			.last = i->vid,
			.pvid = i->flags & BRIDGE_VLAN_INFO_PVID,
			.untagged = i->flags & BRIDGE_VLAN_INFO_UNTAGGED,
		};
	}
}

static int vlan_cmp(const void *a, const void *b)
{
	const struct vlan_fact *x = a, *y = b;

	return x->link != y->link ? (x->link < y->link ? -1 : 1) : (int)x->first - (int)y->first;
}

void survey_sort_vlans(struct survey *s)
{
	if (s->n_vlans)
		qsort(s->vlans, s->n_vlans, sizeof(*s->vlans), vlan_cmp);
}

const struct vlan_fact *survey_vlans(const struct survey *s, uint32_t link, size_t *ret_n)
{
	const struct vlan_fact key = { .link = link };
	size_t low = lower_bound(&key, s->vlans, s->n_vlans, sizeof(key), vlan_cmp), end;

	for (end = low; end < s->n_vlans && s->vlans[end].link == link; end++)
		;
	*ret_n = end - low;
	return s->vlans + low;
}
