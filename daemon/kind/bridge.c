/* SPDX-License-Identifier: MIT */
/* bridge.c - a switch; its ports name it as their master. */
#include "link.h"
#include <linux/if_link.h>

struct bridge {
	struct link link;
	bool stp_state, vlan_filtering;
	uint16_t priority;
	uint32_t ageing_time, forward_delay;
};

static const struct field fields[] = {
	LINK_FIELDS,
	FIELD(bridge, stp_state, bool, .flags = INTERRUPTS, .nla = IFLA_BR_STP_STATE, .width = 4, .place = NLA_INFO_DATA,
	      .fallback = "false", .doc = "whether the spanning tree protocol runs (IFLA_BR_STP_STATE)"),
	FIELD(bridge, vlan_filtering, bool, .flags = INTERRUPTS, .nla = IFLA_BR_VLAN_FILTERING, .width = 1, .place = NLA_INFO_DATA,
	      .fallback = "false", .doc = "whether ports are told apart by VLAN (IFLA_BR_VLAN_FILTERING)"),
	FIELD(bridge, ageing_time, u32, .nla = IFLA_BR_AGEING_TIME, .place = NLA_INFO_DATA, .max = 100000000,
	      .fallback = "30000",
	      .doc = "how long an address is remembered, in hundredths of a second as ip(8) has it (IFLA_BR_AGEING_TIME)"),
	FIELD(bridge, forward_delay, u32, .nla = IFLA_BR_FORWARD_DELAY, .place = NLA_INFO_DATA, .max = 3000,
	      .fallback = "1500", .doc = "listening and learning, in hundredths of a second (IFLA_BR_FORWARD_DELAY)"),
	FIELD(bridge, priority, u16, .nla = IFLA_BR_PRIORITY, .place = NLA_INFO_DATA, .fallback = "32768",
	      .doc = "in the election of the root, the lower the better (IFLA_BR_PRIORITY)"),
};

const struct kind kind_bridge = {
	.name = "bridge",
	.class = "link",
	.label = "link",
	.doc = "a switch; its ports name it as their master",
	.section = "interfaces",
	.form = FORM_MAP,
	.ports = true,
	.size = sizeof(struct bridge),
	.fields = fields,
	.n_fields = ARRAY_SIZE(fields),
	.check = link_check,
	.check_in = link_check_in,
	.encode = link_encode,
	.mark = link_mark,
	.apply = link_apply,
};
