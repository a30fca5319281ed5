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
	{ "forwarding-off", SEVERITY_ERROR, "forwarding",
	  "a router does not forward: its topology says so, or others have their gateway there",
	  "packets for others are dropped", "sysctl -w net.ipv4.ip_forward=1, and \"forwarding\" in the topology",
	  judge_forwarding_off },
	{ "nat-without-forwarding", SEVERITY_ERROR, "forwarding",
	  "addresses are translated where nothing is forwarded", "no packet gets as far as the translation",
	  "\"forwarding\" in the topology", judge_nat_not_forwarded },
	{ "port-forward-nobody", SEVERITY_ERROR, "forwarding",
	  "a port is forwarded to an address that nothing on its network has", "connections to it time out",
	  "correct the address in nat", judge_port_forward_nobody },
	{ "rp-filter", SEVERITY_ERROR, "forwarding",
	  "strict rp_filter (the larger value of all and of the interface is 1) where the way back is another one",
	  "packets that come in there are dropped without a word", "2 is loose, 0 is off", judge_rp_filter },
	{ "accept-ra", SEVERITY_WARNING, "forwarding",
	  "an interface has accept_ra 1, and IPv6 is forwarded", "the address and the route that it has from a router expire",
	  "2 accepts router advertisements all the same", judge_accept_ra },
	{ "firewall-forward", SEVERITY_WARNING, "firewalls",
	  "a chain of another program drops or rejects what is forwarded, as far as its rules do not accept it",
	  "no rule of netnsd's can accept what another chain drops", "accept it in that chain, or with that program",
	  judge_firewall_forward },
	{ "firewall-input", SEVERITY_NOTE, "firewalls",
	  "a chain of another program drops or rejects what arrives, as far as its rules do not accept it",
	  "it may be in the way of those who ping, or use, an address here", "accept it in that chain", judge_firewall_input },
	{ "bridge-nf", SEVERITY_WARNING, "firewalls",
	  "br_netfilter sends bridged packets through a chain that drops them",
	  "ports of one bridge do not reach each other", "sysctl -w net.bridge.bridge-nf-call-iptables=0", judge_bridge_nf },
	{ "legacy-tables", SEVERITY_NOTE, "firewalls",
	  "iptables-legacy has rules for what is forwarded", "what they do is not read here", "iptables-legacy -S FORWARD",
	  judge_legacy_tables },
	{ "address-twice", SEVERITY_ERROR, "addresses",
	  "two interfaces on one network have the same address", "packets reach sometimes the one, sometimes the other",
	  "give one of them another address", judge_address_twice },
	{ "overlap", SEVERITY_WARNING, "addresses",
	  "two interfaces of a namespace have networks that overlap", "the kernel sends to one of the two only",
	  "correct the prefix lengths", judge_overlap },
	{ "host-prefix", SEVERITY_WARNING, "addresses",
	  "a /32 where a network was meant: the address has no peer, and no route leads to its interface",
	  "nobody is reached from it", "write the address with the prefix length of its network", judge_host_prefix },
	{ "dad-failed", SEVERITY_ERROR, "addresses",
	  "duplicate address detection has found another host with an address", "the kernel does not use it",
	  "give one of them another address", judge_dad_failed },
	{ "tentative", SEVERITY_WARNING, "addresses",
	  "an address is still tentative after 3 seconds", "it cannot be used yet",
	  "wait, or declare it with nodad", judge_tentative },
	{ "mtu-pair", SEVERITY_WARNING, "sizes",
	  "the two ends of a veth pair have different MTUs", "packets of the larger size are lost without a word",
	  "give both the same; netnsd-topology(5): mtu", judge_mtu_pair },
	{ "mtu-bridge", SEVERITY_WARNING, "sizes",
	  "a port of a bridge has another MTU than the bridge", "frames that are too large for a port are dropped",
	  "give all ports the same", judge_mtu_bridge },
	{ "mtu-lower", SEVERITY_WARNING, "sizes",
	  "a tunnel, or an interface on top of another one, has a larger MTU than fits below it",
	  "large packets are fragmented or lost", "lower it by the bytes that the tunnel adds", judge_mtu_lower },
	{ "dhcp-checksum", SEVERITY_NOTE, "sizes",
	  "a DHCP client waits on a veth whose other end leaves checksums to the hardware",
	  "some clients take the unfinished checksum of an answer for a wrong one", "ethtool -K IF tx off, at the other end",
	  judge_dhcp_checksum },
	{ "other-manager", SEVERITY_WARNING, "other programs",
	  "NetworkManager, systemd-networkd, dhcpcd or ifupdown manages an interface of a topology, too",
	  "it may remove what netnsd adds", "keep it from that interface", judge_other_manager },
	{ "udev-mac", SEVERITY_WARNING, "other programs",
	  "the hardware address of an interface was changed, and udev has a .link file for it",
	  "neighbours know the declared one", "a .link file with MACAddressPolicy=none", judge_udev_mac },
	{ "stale-name", SEVERITY_WARNING, "other programs",
	  "a file in /run/netns is no namespace", "nothing can have that name until it is gone", "rm /run/netns/NAME",
	  judge_stale_name },
	{ "nameless", SEVERITY_WARNING, "other programs",
	  "a namespace that netnsd made was removed, and processes in it keep it alive",
	  "its interfaces and addresses exist until they end", "end them: kill PID", judge_nameless },
	{ "module-missing", SEVERITY_ERROR, "the machine",
	  "the kernel does not support what a topology needs", "it cannot be brought up",
	  "load the module, or use another kernel", judge_module_missing },
	{ "userns-blocked", SEVERITY_NOTE, "the machine",
	  "AppArmor restricts user namespaces", "what needs them works for root only",
	  "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0", judge_userns_blocked },
	{ "bridge-ports", SEVERITY_WARNING, "the machine",
	  "a bridge has nearly as many ports as the kernel allows", "the next ones are refused", "a second bridge",
	  judge_bridge_ports },
	{ "limit", SEVERITY_WARNING, "the machine",
	  "a limit of the kernel is nearly reached: neighbours, namespaces, descriptors, inotify", "what is beyond it is refused",
	  "raise the sysctl; of descriptors, LimitNOFILE= of netnsd.service", judge_limits },
	{ "conntrack", SEVERITY_WARNING, "the machine",
	  "nearly as many connections are tracked as the kernel allows", "packets of new ones are dropped",
	  "sysctl -w net.netfilter.nf_conntrack_max=N", judge_conntrack },
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
