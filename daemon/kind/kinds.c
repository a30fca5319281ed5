/* SPDX-License-Identifier: MIT */
/* kinds.c - the table of kinds, one row each, in order of creation.  meson.build compiles NAME.c for
 * each KIND(NAME): a kind is its file and its row. */
#include "model/kind.h"
#include "format/route_table.h"

#define KINDS               \
	KIND(netns)         \
	KIND(interface)     \
	KIND(bridge)        \
	KIND(veth)          \
	KIND(dummy)         \
	KIND(vlan)          \
	KIND(vlans)         \
	KIND(sysctl)        \
	KIND(sysctl_link)   \
	KIND(netem)         \
	KIND(tbf)           \
	KIND(address)       \
	KIND(address_route) \
	KIND(route)         \
	KIND(rule)          \
	KIND(neighbor)      \
	KIND(fdb)           \
	KIND(dns)           \
	KIND(hosts)         \
	KIND(nft)

#define KIND(name) extern const struct kind kind_##name;
KINDS
#undef KIND
#define KIND(name) &kind_##name,
static const struct kind *const rows[] = { KINDS };

const struct kinds all_kinds = { rows, ARRAY_SIZE(rows), route_tables_forget };
const struct kinds all_kinds_once = { rows, ARRAY_SIZE(rows), NULL };
