/* SPDX-License-Identifier: MIT */
/* sysctl_check.c - what keys say together.  Pure. */
#include "forwarding.h"
#include "sysctl.h"

/* The kernel has the first no larger than the second (its first number), at every moment. */
static const char *const ordered[][2] = {
	{ "net.ipv4.ip_unprivileged_port_start", "net.ipv4.ip_local_port_range" },
	{ "net.ipv4.ipfrag_low_thresh", "net.ipv4.ipfrag_high_thresh" },
	{ "net.ipv6.ip6frag_low_thresh", "net.ipv6.ip6frag_high_thresh" },
	{ "net.netfilter.nf_conntrack_frag6_low_thresh", "net.netfilter.nf_conntrack_frag6_high_thresh" },
};

const char *sysctl_partner(const char *key)
{
	for (size_t i = 0; i < ARRAY_SIZE(ordered); i++)
		for (size_t k = 0; k < ARRAY_SIZE(ordered[i]); k++)
			if (!strcmp(key, ordered[i][k]))
				return ordered[i][!k];
	return NULL;
}

void sysctl_check_in(const struct model *m, const struct object *o, struct problems *p)
{
	static const char *const forwarding[] = { "net.ipv4.ip_forward", "net.ipv4.conf.all.forwarding",
						  "net.ipv6.conf.all.forwarding" };
	const struct object *netns = model_netns(m, o->netns);
	int i = netns ? kind_field(netns->kind, "forwarding") : -1;

	for (size_t k = 0; i >= 0 && object_has(netns, (size_t)i) && k < ARRAY_SIZE(forwarding); k++)
		if (!strcmp(((const struct sysctl *)o)->key, forwarding[k]))
			object_problem(p, EINVAL, o, NULL, "\"forwarding\" of %s says this already", o->netns);
}
