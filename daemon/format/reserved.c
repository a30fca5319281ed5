/* SPDX-License-Identifier: MIT */
/* reserved.c - the table of words for later versions.  A word that a kind has in its own
 * table is never looked up here; its row can be removed then. */
#include "reserved.h"

static const struct {
	const char *place, *word;
} later[] = {
	{ "kind", "macvlan" },
	{ "kind", "ipvlan" },
	{ "kind", "vxlan" },
	{ "kind", "ifb" },
	{ "kind", "vrf" },
	{ "kind", "bond" },
	{ "kind", "tun" },
	{ "kind", "tap" },
	{ "kind", "wireguard" },
	{ "interfaces", "other_addresses" },
	{ "interfaces", "move_from" },
	{ "interfaces", "learning" },
	{ "interfaces", "isolated" },
	{ "routes", "tos" },
	{ "neighbors", "nud" },
	{ "neighbors", "managed" },
	{ "neighbors", "extern_learn" },
	{ "fdb", "self" },
	{ "fdb", "master" },
	{ "fdb", "dst" },
	{ "fdb", "vni" },
	{ "fdb", "src_vni" },
	{ "fdb", "port" },
	{ "fdb", "via" },
	{ "fdb", "nhid" },
	{ "fdb", "extern_learn" },
};

bool reserved_has(const char *place, const char *word)
{
	for (size_t i = 0; i < ARRAY_SIZE(later); i++)
		if (!strcmp(later[i].place, place) && !strcmp(later[i].word, word))
			return true;
	return false;
}
