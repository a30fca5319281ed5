/* SPDX-License-Identifier: MIT */
/* doctor.c - the table of checks, and what comes of it. */
#include "doctor.h"
#include "check.h"

// clang-format off: keeps its rows
const struct check doctor_checks[] = {
	{ "not-up", SEVERITY_ERROR, "topologies",
	  "a topology has failed, or waits for something", "what it declares is not there, or not all of it",
	  "netnsctl status NAME says what is missing", judge_not_up },
	{ "namespace-missing", SEVERITY_ERROR, "topologies",
	  "a namespace that a topology declares is gone", "everything in it is gone with it",
	  "netnsctl up NAME creates it again", judge_namespace_missing },
	{ "link-missing", SEVERITY_ERROR, "topologies",
	  "an interface that a topology declares is gone", "nothing passes there",
	  "netnsctl up NAME creates it again", judge_link_missing },
	{ "far-end", SEVERITY_ERROR, "topologies",
	  "the other end of a veth pair is not where it should be", "packets arrive somewhere else",
	  "move it back, or netnsctl up NAME", judge_far_end },
	{ "address-missing", SEVERITY_ERROR, "topologies",
	  "an address that a topology declares is not there", "nobody is reached by it",
	  "netnsctl up NAME adds it again", judge_address_missing },
	{ "route-missing", SEVERITY_ERROR, "topologies",
	  "a route that a topology declares is not there, or the one that came with an address",
	  "packets to its destination have no way, or another one",
	  "netnsctl up NAME adds it again", judge_route_missing },
	{ "changed", SEVERITY_WARNING, "topologies",
	  "something else is not as a topology declares it", "it may not do what it is for",
	  "netnsctl up NAME restores it", judge_changed },
	{ "contested", SEVERITY_WARNING, "topologies",
	  "another program keeps changing an object of a topology", "healing it is delayed, longer each time",
	  "stop that program from managing it, or remove the object from the topology", judge_contested },
	{ "link-down", SEVERITY_ERROR, "interfaces",
	  "an interface is down, though it is not declared so", "no packet passes, and its routes are gone",
	  "ip link set IF up", judge_link_down },
	{ "loopback-down", SEVERITY_ERROR, "interfaces",
	  "the loopback of a namespace is down", "programs in it do not reach each other, nor its own addresses",
	  "ip link set lo up", judge_loopback_down },
	{ "no-carrier", SEVERITY_ERROR, "interfaces",
	  "an interface is up and has no carrier", "no packet passes until the other end is up",
	  "set the other end up, or give the bridge a port", judge_no_carrier },
	{ "gateway-nobody", SEVERITY_ERROR, "routes",
	  "a gateway is an address that nothing on its network has", "packets through it are lost",
	  "correct the route, or give the gateway its address", judge_gateway_nobody },
	{ "gateway-silent", SEVERITY_ERROR, "routes",
	  "a gateway did not answer when it was last asked for its hardware address", "packets through it are lost",
	  "see whether it is up; netnsctl doctor --probe asks again", judge_gateway_silent },
	{ "no-gateway", SEVERITY_WARNING, "routes",
	  "a namespace is connected to a router, and has no route through it", "it reaches its own network only",
	  "ip route add default via ADDRESS", judge_no_gateway },
	{ "mtu-pair", SEVERITY_WARNING, "sizes",
	  "the two ends of a veth pair have different MTUs", "packets of the larger size are lost without a word",
	  "give both the same; netnsd-topology(5): mtu", judge_mtu_pair },
	{ "mtu-bridge", SEVERITY_WARNING, "sizes",
	  "a port of a bridge has another MTU than the bridge", "frames that are too large for a port are dropped",
	  "give all ports the same", judge_mtu_bridge },
	{ "mtu-lower", SEVERITY_WARNING, "sizes",
	  "a tunnel, or an interface on top of another one, has a larger MTU than fits below it",
	  "large packets are fragmented or lost", "lower it by the bytes that the tunnel adds", judge_mtu_lower },
};
// clang-format on
const size_t n_doctor_checks = ARRAY_SIZE(doctor_checks);

const char *severity_word(unsigned severity)
{
	static const char *const words[] = {
		[SEVERITY_NOTE] = "note",
		[SEVERITY_WARNING] = "warning",
		[SEVERITY_ERROR] = "error",
	};

	return severity < ARRAY_SIZE(words) ? words[severity] : NULL;
}

void doctor_begin(const struct facts *f, struct diagnosis *ret)
{
	*ret = (struct diagnosis){ .f = f };
}

bool doctor_step(struct diagnosis *d)
{
	if (d->next == n_doctor_checks)
		return false;
	doctor_checks[d->next].judge(d, &doctor_checks[d->next]);
	d->next++;
	return true;
}

void doctor_select(struct diagnosis *d, const char *topology)
{
	size_t n = 0;

	for (size_t i = 0; i < d->n; i++)
		if (d->v[i].topology && !strcmp(d->v[i].topology, topology))
			d->v[n++] = d->v[i];
	d->n = n;
}

void diagnosis_done(struct diagnosis *d)
{
	free(d->v);
	arena_done(&d->arena);
	*d = (struct diagnosis){ 0 };
}
