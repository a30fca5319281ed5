/* SPDX-License-Identifier: MIT */
/* facts.c - facts made by hand. */
#include "facts.h"
#include <linux/if_bridge.h>
#include <linux/rtnetlink.h>

struct facts *hand_facts(void)
{
	struct facts *f = must(calloc(1, sizeof(*f)));

	hand_netns(f, "host", -1)->place = PLACE_HOST;
	return f;
}

struct topology_fact *hand_topology(struct facts *f, const char *name)
{
	struct topology_fact *t = ARRAY_ADD(f, topologies);

	*t = (struct topology_fact){ .name = name, .up = true };
	return t;
}

struct netns_fact *hand_netns(struct facts *f, const char *name, int topology)
{
	struct netns_fact *n = ARRAY_ADD(f, netns);

	*n = (struct netns_fact){ .name = name,
				  .place = topology < 0 ? PLACE_FOREIGN : PLACE_OURS,
				  .topology = topology,
				  .there = true,
				  .fd = -1 };
	return n;
}

struct link_fact *hand_link(struct netns_fact *n, const char *name, enum link_class class)
{
	struct link_fact *l = ARRAY_ADD(&n->s, links);

	*l = (struct link_fact){ .index = (uint32_t)n->s.n_links,
				 .name = name,
				 .kind = "",
				 .class = class,
				 .up = true,
				 .carrier = true,
				 .mtu = 1500,
				 .port_state = BR_STATE_FORWARDING,
				 .lower_nsid = -1,
				 .peer_netns = -1,
				 .peer = -1,
				 .has_ipv6 = true };
	return l;
}

void hand_pair(struct facts *f, size_t netns, size_t link, size_t other_netns, size_t other)
{
	struct link_fact *a = &f->netns[netns].s.links[link], *b = &f->netns[other_netns].s.links[other];

	a->peer_netns = (int)other_netns;
	a->peer = (int)other;
	b->peer_netns = (int)netns;
	b->peer = (int)link;
}

static struct inet inet_of(const char *s)
{
	struct inet i = { 0 };
	struct err e;
	bool slash;

	if (strcmp(s, "default") != 0 && inet_parse(s, &i, &slash, &e) < 0)
		abort();
	return i;
}

struct address_fact *hand_address(struct netns_fact *n, size_t link, const char *address)
{
	struct address_fact *a = ARRAY_ADD(&n->s, addresses);

	a->link = (uint32_t)link + 1;
	a->address = inet_of(address);
	return a;
}

struct route_fact *hand_route(struct netns_fact *n, size_t link, const char *to, const char *via)
{
	struct route_fact *r = ARRAY_ADD(&n->s, routes);

	*r = (struct route_fact){ .to = inet_of(to),
				  .link = (uint32_t)link + 1,
				  .table = RT_TABLE_MAIN,
				  .hops = 1,
				  .protocol = via ? RTPROT_STATIC : RTPROT_KERNEL };
	if (via)
		r->via = inet_of(via);
	r->family = via ? r->via.family : r->to.family;
	return r;
}

static const char *judged(struct facts *f, bool commands)
{
	static char text[4096];
	struct diagnosis d;
	size_t n = 0;

	facts_connect(f);
	doctor_begin(f, &d);
	while (doctor_step(&d))
		;
	*text = '\0';
	for (size_t i = 0; i < d.n; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s%s\n", commands ? "" : d.v[i].check->id,
				      commands ? "" : " ", commands ? d.v[i].command : d.v[i].object);
	diagnosis_done(&d);
	facts_free(f);
	return text;
}

const char *hand_findings(struct facts *f)
{
	return judged(f, false);
}

const char *hand_commands(struct facts *f)
{
	return judged(f, true);
}
