/* SPDX-License-Identifier: MIT */
/* bridge_vlan.h - what a bridge that filters by VLAN does with the tag of a frame.  A tag is as link_fact.vlan has it, 0: none. */
#pragma once
#include "facts.h"

enum { VLAN_NUMBER = 0xfff };
enum vlan_way { VLAN_PASSES, VLAN_DROPPED, VLAN_UNKNOWN };

/* A frame comes in by @at, a port or the bridge itself: the tag becomes that of its VLAN … */
enum vlan_way bridge_vlan_in(const struct netns_fact *n, const struct link_fact *bridge, const struct link_fact *at,
			     uint32_t *tag);
/* … and is sent by @at, or handed to the bridge itself: the tag as it is outside. */
enum vlan_way bridge_vlan_out(const struct netns_fact *n, const struct link_fact *bridge, const struct link_fact *at,
			      uint32_t *tag);
/* The VLAN of that number at a port, or the bridge itself; NULL: it is not in it. */
const struct vlan_fact *bridge_vlan_of(const struct netns_fact *n, const struct link_fact *at, uint16_t number);
/* The VLAN of what comes in there without a tag; 0: none. */
uint16_t bridge_vlan_pvid(const struct netns_fact *n, const struct link_fact *at);
