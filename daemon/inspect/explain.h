/* SPDX-License-Identifier: MIT */
/* explain.h - why a packet arrives, or does not: its way there and that of the answer, hop by hop.  Where a packet goes is
 * the kernel's own answer; the rest is judged from facts.  Pure, but for the lookups that it is handed. */
#pragma once
#include "bridge_vlan.h"
#include "finding.h"
#include "kernel/route_ask.h"
#include "kind/nft.h"

enum { EXPLAIN_HOPS_MAX = 64 }; /* namespaces on the way there, and on the way back */

/* Who is to reach whom. */
struct explain_request {
	const char *from, *to; /* "NS" or "NS/IF"; to also an address */
	uint8_t proto;         /* IPPROTO_*; 0: ping */
	uint16_t port;         /* of TO; 0: none */
	bool reverse;          /* TO sends to FROM */
	bool all;              /* the caller may see what is another program's */
};

enum hop_state {
	HOP_PASSES,
	HOP_BROKEN,
	HOP_UNKNOWN, /* beyond this netnsd does not see, or cannot say */
};
enum hop_stage { HOP_ROUTE, HOP_NEIGHBOUR, HOP_LINK, HOP_ARRIVAL };

struct hop {
	bool back; /* on the way of the answer */
	enum hop_stage stage;
	enum hop_state state;
	const struct netns_fact *n;
	const char *object;  /* "ns1/eth0", "ns1" */
	const char *message; /* what decides here, and what it decides */
	const char *veiled;  /* the same without what is another program's; NULL: there is none of that in it */
	const char *command; /* repairs it, or shows more; NULL: no single one does */
};

/* The kernel's answer: 0, or the negative errno of its refusal. */
typedef int explain_lookup(void *arg, const struct netns_fact *n, const struct route_query *q,
			   struct route_answer *ret);

/* A packet as it is now. */
struct flow {
	struct inet from, to;
	uint8_t proto;
	uint16_t sport, dport;
};

/* What NAT of a namespace has made of the first packet. */
struct translation {
	const struct netns_fact *n;
	struct flow before, after;
};

/* A packet that came by before. */
struct been {
	const struct link_fact *in;
	struct flow flow;
};

/* The packet as a namespace gets it, or sends it. */
struct passage {
	const struct netns_fact *n;
	struct flow flow;
	bool back;
};

struct explanation {
	struct diagnosis d; /* for the helpers of check.h: the facts, the arena of all texts */
	explain_lookup *lookup;
	void *arg;
	struct hop *hops;
	struct translation *translations;
	struct been *been; /* on this way */
	struct passage *passages;
	size_t n_hops, room_hops, n_translations, room_translations, n_been, room_been, n_passages, room_passages;

	/* Where the packet is. */
	struct flow flow;
	const struct netns_fact *n;
	const struct link_fact *in; /* NULL: it is sent from here */
	bool back, done;
	uint32_t mtu;         /* of packets so far: the smallest on this way; 0: it has not begun */
	bool unsure;          /* NAT of another program may have translated it */
	enum hop_state state; /* of the whole, once it is done */

	/* The rules of the topologies of one namespace. */
	struct arena ruled;
	const struct netns_fact *ruled_n;
	struct nft_rules *rules; /* by its words */

	const struct netns_fact *origin, *target; /* target NULL: whoever has the address */
};

/* Begins; -ENOENT: @e says which place does not exist, or not for this caller.  explanation_done in any case. */
int explain_begin(struct explanation *x, const struct facts *f, const struct explain_request *r, explain_lookup *lookup,
		  void *arg, struct err *e);
/* Goes through one namespace; false: that was the end. */
bool explain_step(struct explanation *x);
void explanation_done(struct explanation *x);
/* The packets of the flow in one namespace that it has come by, each once, there and back; also answers to what got no
 * further.  The number of them, at most @max. */
size_t explain_packets(const struct explanation *x, const struct netns_fact *n, struct passage *ret, size_t max);
/* "passes", "broken", "unknown"; "route", "neighbour", "link", "arrival" */
const char *hop_state_word(unsigned state);
const char *hop_stage_word(unsigned stage);

/* ---- what the files of explain share ---- */

/* That of the answer. */
static inline struct flow flow_turned(const struct flow *f)
{
	return (struct flow){ .from = f->to, .to = f->from, .proto = f->proto, .sport = f->dport, .dport = f->sport };
}
/* Adds a hop about @l, or all of @n; one that does not pass is the last. */
struct hop *hop_add(struct explanation *x, enum hop_stage stage, enum hop_state state, const struct netns_fact *n,
		    const struct link_fact *l, const char *fmt, ...) _printf_(6, 7);
/* Its command, in the namespace: "ip -n ns1 …" */
void hop_ip(struct explanation *x, struct hop *h, const char *fmt, ...) _printf_(3, 4);
void hop_sysctl(struct explanation *x, struct hop *h, const char *key, const char *value);
/* Its command: netnsctl up of the topology of which something in the namespace of the hop, or in @n, or of its link @l
 * unless NULL, is not as declared; if nothing is, the command stays. */
void hop_up(struct explanation *x, struct hop *h, const struct link_fact *l);
void hop_up_at(struct explanation *x, struct hop *h, const struct netns_fact *n, const struct link_fact *l);
/* The same, if a route or a rule of the namespaces on the way here is not as declared: it may have come the wrong way. */
void hop_up_routes(struct explanation *x, struct hop *h);
/* A hop, if a topology says that an interface, of @n unless NULL, has the address, and it is missing. */
bool explain_address_missing(struct explanation *x, const struct netns_fact *n, const struct inet *ip);
bool explain_is_local(const struct netns_fact *n, const struct inet *ip);

/* route: asks the kernel for the packet; false: it goes no further, and a hop says why. */
bool explain_route(struct explanation *x, struct route_answer *ret);
/* "default via 10.0.0.1 dev eth0, table main" */
const char *explain_entry(struct explanation *x, const struct route_answer *a);
void explain_refused(struct explanation *x, int error);

/* A link that a frame passes. */
struct pass_by {
	const struct netns_fact *n;
	const struct link_fact *l;
};
/* neighbour: the links from @out to the one that answers for @next, both included, which the caller frees; NULL: nobody
 * does, and a hop says why.  @ret_known: it is not asked, for its MAC address is known for good. */
struct pass_by *explain_neighbour(struct explanation *x, const struct link_fact *out, const struct inet *next,
				  size_t *ret_n, bool *ret_known);
/* link: follows the packet along them to where it arrives. */
void explain_link(struct explanation *x, const struct pass_by *v, size_t n, bool is_known);

/* ---- VLANs ---- */

/* A frame on its way. */
struct vlan_walk {
	uint32_t tag;
	/* The last bridge that filters by VLAN, where it came in and where it went out; number: of its VLAN there. */
	const struct netns_fact *n;
	const struct link_fact *bridge, *port, *out;
	uint16_t number;
	bool bare; /* it had no tag when it came in */
};
/* Goes from link @i of a way of @n to the next; false: a hop says why not. */
bool explain_vlan(struct explanation *x, struct vlan_walk *w, const struct pass_by *v, size_t n, size_t i);
/* Whether a bridge on the way that filters by VLAN is why it is none. */
bool explain_vlans_refuse(const struct pass_by *v, size_t n);

/* arrival: what is sent from here, or has arrived. */
void explain_send(struct explanation *x);
void explain_arrive(struct explanation *x);

/* The rule of netnsd's own that decides at a base chain; NULL: none does, and @ret_policy whether the policy then drops the
 * packet.  It is valid until another namespace is asked about. */
const struct nft_rule *explain_rule(struct explanation *x, enum nft_base base, const struct link_fact *out,
				    bool *ret_policy);
/* A hop, if addresses may be others than they seem: another program's NAT was on the way. */
bool explain_unsure(struct explanation *x);
/* Whether others translate first packets at a hook, as a hop says. */
bool explain_foreign_nat(struct explanation *x, uint32_t hook);
/* The chains of others and of netnsd at a hook; false: a hop says which of them stops it. */
bool explain_filter(struct explanation *x, uint32_t hook, enum nft_base base, const struct link_fact *out);
