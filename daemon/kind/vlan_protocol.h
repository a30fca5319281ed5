/* SPDX-License-Identifier: MIT */
/* vlan_protocol.h - the EtherType of tagged frames, as ip(8) writes it: a word in a file (type_word), two bytes in network
 * order for the kernel. */
#pragma once
#include "kernel/rtnl.h"
#include <arpa/inet.h>
#include <linux/if_ether.h>

enum { VLAN_CUSTOMER, VLAN_SERVICE };

#define VLAN_PROTOCOL_WORDS { { "802.1Q", VLAN_CUSTOMER }, { "802.1ad", VLAN_SERVICE }, { NULL, 0 } }

static inline void vlan_protocol_put(struct nl_msg *m, int attribute, uint8_t protocol)
{
	uint16_t type = htons(protocol == VLAN_SERVICE ? ETH_P_8021AD : ETH_P_8021Q);

	msg_put(m, attribute, &type, sizeof(type));
}

/* False: there is none. */
static inline bool vlan_protocol_read(const struct nlattr *a, uint8_t *ret)
{
	if (!a || nla_len(a) < (int)sizeof(uint16_t))
		return false;
	*ret = nla_get_u16(a) == htons(ETH_P_8021AD) ? VLAN_SERVICE : VLAN_CUSTOMER;
	return true;
}
