/* SPDX-License-Identifier: MIT */
/* kinds.c - the table of kinds, one row each, in order of creation. */
#include "model/kind.h"
#include "model/model.h"

static const struct kind *const rows[] = {
	&kind_netns, &kind_interface, &kind_bridge, &kind_veth, &kind_sysctl, &kind_sysctl_link, &kind_address, &kind_route,
};

const struct kinds all_kinds = { rows, ARRAY_SIZE(rows) };
