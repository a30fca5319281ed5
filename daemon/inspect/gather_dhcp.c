/* SPDX-License-Identifier: MIT */
/* gather_dhcp.c - DHCP clients in the namespaces of topologies, and whether the other end of a pair finishes checksums. */
#include "gather.h"
#include "kernel/netns.h"
#include "kernel/process.h"
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

static bool is_client(const char *command)
{
	static const char *const clients[] = { "dhclient", "dhcpcd", "udhcpc", "dhcpcanon", "dhcp-client" };

	for (size_t i = 0; i < ARRAY_SIZE(clients); i++)
		if (!strcmp(clients[i], command))
			return true;
	return false;
}

/* Whether the kernel leaves the checksum of what leaves by the link to it, as a veth says it can do by itself.  The
 * socket is of a family that the unit allows: the ioctl is the same for all. */
static bool leaves_checksums(const struct netns_fact *n, const char *link)
{
	const struct netns ns = { .name = n->name, .fd = n->fd };
	struct ethtool_value v = { .cmd = ETHTOOL_GTXCSUM };
	struct ifreq r = { .ifr_data = (char *)&v };
	_cleanup_(closep) int fd = -1;
	struct err e;
	_cleanup_(netns_leavep) int entered = n->fd >= 0 ? netns_enter(&ns, &e) : -1;

	snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", link);
	fd = entered < 0 ? -1 : socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return fd >= 0 && ioctl(fd, SIOCETHTOOL, &r) == 0 && v.data;
}

void gather_dhcp(struct gathering *g, size_t netns, int pid)
{
	const struct netns_fact *n = &g->facts->netns[netns];
	char command[32] = "";

	if (n->place != PLACE_OURS && n->place != PLACE_EXISTING)
		return;
	process_command(pid, command, sizeof(command));
	for (size_t i = 0; i < n->s.n_links && is_client(command); i++) {
		const struct link_fact *l = &n->s.links[i];
		const struct netns_fact *far;
		const struct link_fact *peer = facts_peer(g->facts, l, &far);
		struct dhcp_fact *f;

		if (!peer || !facts_owner(g->facts, n, l) || !leaves_checksums(far, peer->name))
			continue;
		f = ARRAY_ADD(g->facts, dhcp);
		*f = (struct dhcp_fact){ .netns = netns, .link = i, .pid = pid };
		snprintf(f->command, sizeof(f->command), "%s", command);
	}
}
