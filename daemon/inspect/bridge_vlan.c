/* SPDX-License-Identifier: MIT */
/* bridge_vlan.c - br_allowed_ingress, br_allowed_egress and br_handle_vlan of the kernel, on facts. */
#include "bridge_vlan.h"

const struct vlan_fact *bridge_vlan_of(const struct netns_fact *n, const struct link_fact *at, uint16_t number)
{
	size_t count;
	const struct vlan_fact *v = survey_vlans(&n->s, at->index, &count);

	for (size_t i = 0; i < count; i++)
		if (v[i].first <= number && number <= v[i].last)
			return &v[i];
	return NULL;
}

uint16_t bridge_vlan_pvid(const struct netns_fact *n, const struct link_fact *at)
{
	size_t count;
	const struct vlan_fact *v = survey_vlans(&n->s, at->index, &count);

	for (size_t i = 0; i < count; i++)
		if (v[i].pvid)
			return v[i].first;
	return 0;
}

static bool is_unread(const struct netns_fact *n)
{
	return n->s.cut & 1U << SURVEY_VLANS;
}

enum vlan_way bridge_vlan_in(const struct netns_fact *n, const struct link_fact *bridge, const struct link_fact *at,
			     uint32_t *tag)
{
	uint16_t pvid = bridge_vlan_pvid(n, at);

	if (!bridge->filters_vlans)
		return VLAN_PASSES;
	/* It would get a second tag, of the other protocol. */
	if (is_unread(n) || (*tag && (*tag & ~(uint32_t)VLAN_NUMBER) != bridge->vlan_protocol))
		return VLAN_UNKNOWN;
	if (*tag)
		return bridge_vlan_of(n, at, *tag & VLAN_NUMBER) ? VLAN_PASSES : VLAN_DROPPED;
	if (!pvid)
		return VLAN_DROPPED;
	*tag = bridge->vlan_protocol | pvid;
	return VLAN_PASSES;
}

enum vlan_way bridge_vlan_out(const struct netns_fact *n, const struct link_fact *bridge, const struct link_fact *at,
			      uint32_t *tag)
{
	const struct vlan_fact *v = bridge_vlan_of(n, at, *tag & VLAN_NUMBER);

	if (!bridge->filters_vlans)
		return VLAN_PASSES;
	if (is_unread(n))
		return VLAN_UNKNOWN;
	if (!v)
		return VLAN_DROPPED;
	if (v->untagged)
		*tag = 0;
	return VLAN_PASSES;
}
