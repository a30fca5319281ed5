/* SPDX-License-Identifier: MIT */
/* survey_vlan.c - the VLANs of the ports of bridges, and of bridges themselves. */
#include "survey.h"
#include "vlan_range.h"
#include "base/search.h"
#include <linux/if_bridge.h>
#include <linux/rtnetlink.h>

struct of_link {
	struct survey *s;
	uint32_t link;
};

static void on_range(const struct vlan_range *r, void *arg)
{
	const struct of_link *of = arg;

	*ARRAY_ADD(of->s, vlans) = (struct vlan_fact){
		.link = of->link,
		.first = r->first,
		.last = r->last,
		.pvid = r->flags & BRIDGE_VLAN_INFO_PVID,
		.untagged = r->flags & BRIDGE_VLAN_INFO_UNTAGGED,
	};
}

void survey_on_vlans(const struct nlmsghdr *h, void *survey)
{
	const struct ifinfomsg *link = nlmsg_data(h);
	const struct nlattr *list = nlmsg_find_attr((struct nlmsghdr *)(uintptr_t)h, sizeof(*link), IFLA_AF_SPEC);

	if (h->nlmsg_type == RTM_NEWLINK && list)
		vlan_ranges(list, on_range, &(struct of_link){ survey, (uint32_t)link->ifi_index });
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
