/* SPDX-License-Identifier: MIT */
/* vlan_range.h - the VLANs of a port of a bridge, or of the bridge, as the kernel sends them. */
#pragma once
#include "rtnl.h"

struct vlan_range {
	uint16_t first, last; /* their numbers */
	uint16_t flags;       /* BRIDGE_VLAN_INFO_PVID, _UNTAGGED (linux/if_bridge.h) */
};

/* Calls @each with those in the IFLA_AF_SPEC of a link of AF_BRIDGE, one after the other. */
void vlan_ranges(const struct nlattr *af_spec, void (*each)(const struct vlan_range *r, void *arg), void *arg);
