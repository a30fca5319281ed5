/* SPDX-License-Identifier: MIT */
/* nft_entry.c - one element of masquerade, dnat or rules as a whole: whether its keys fit together, which families its
 * packets are of, and the terms that match them. */
#include "nft.h"

static uint8_t list_families(const struct nft_list *list)
{
	uint8_t families = 0;

	for (size_t i = 0; i < list->n; i++)
		families |= list->v[i].families;
	return families;
}

static bool has_ports(uint8_t proto)
{
	return proto == IPPROTO_TCP || proto == IPPROTO_UDP || proto == IPPROTO_SCTP || proto == IPPROTO_DCCP ||
	       proto == IPPROTO_UDPLITE;
}

/* A match that not all families have. */
struct part {
	const char *key;
	uint8_t families;
};

enum { PARTS = 7 };

static size_t parts_of(const struct nft_entry *e, struct part ret[PARTS])
{
	const struct part all[] = {
		{ "family", e->family },
		{ "from", list_families(&e->from) },
		{ "to", list_families(&e->to) },
		{ "at", list_families(&e->at) },
		{ "to", e->target.families },
		{ "icmp", list_families(&e->icmp) },
		{ "proto", list_families(&e->proto) },
	};
	size_t n = 0;

	for (size_t i = 0; i < PARTS; i++)
		if (all[i].families)
			ret[n++] = all[i];
	return n;
}

uint8_t nft_entry_families(const struct nft_entry *e)
{
	struct part parts[PARTS];
	uint8_t families = NFT_BOTH;

	for (size_t i = 0, n = parts_of(e, parts); i < n; i++)
		families &= parts[i].families;
	return families;
}

bool nft_entry_is_split(const struct nft_entry *e)
{
	return e->family || e->from.n || e->to.n || e->at.n || e->icmp.n || e->target.families;
}

/* ---- checks ---- */

static struct node member(const struct node *n, const char *key)
{
	struct json_object *v = json_object_object_get(n->in, key);

	return v ? node_member(n, key, v) : *n;
}

#define REFUSE(key, ...) \
	(note_value(notes, &(const struct node){ member(n, key).path, member(n, key).in }, __VA_ARGS__), -EINVAL)

static const char *family_name(uint8_t family)
{
	return family == NFT_IPV4 ? "IPv4" : "IPv6";
}

static int families_check(const struct node *n, const struct nft_entry *e, struct notes *notes)
{
	struct part parts[PARTS];
	size_t count = parts_of(e, parts);
	uint8_t families = NFT_BOTH;

	for (size_t i = 0; i < count; i++) {
		if (!(families & parts[i].families))
			return REFUSE(parts[i].key, "is for %s only, and \"%s\" for %s only: no packet matches",
				      family_name(parts[i].families), parts[i - 1].key, family_name(families));
		families &= parts[i].families;
	}
	return 0;
}

static int ports_check(const struct node *n, const struct nft_entry *e, struct notes *notes)
{
	const char *key = e->port.n ? "port" : "sport";
	bool icmp = true;

	for (size_t i = 0; i < e->proto.n; i++) {
		uint8_t proto = e->proto.v[i].from[0];

		icmp &= proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6;
		if ((e->port.n || e->sport.n) && !has_ports(proto))
			return REFUSE(key, "%s has no ports", e->proto.v[i].text);
	}
	if ((e->port.n || e->sport.n) && !e->proto.n)
		return REFUSE(key, "needs \"proto\", such as \"tcp\" or [\"tcp\", \"udp\"]");
	if (e->icmp.n && (!icmp || e->port.n || e->sport.n))
		return REFUSE("icmp", "is for messages of ICMP, without ports and any other \"proto\"");
	return 0;
}

static bool is_in(const struct nft_value *v, const char *prefix)
{
	struct nft_value net = { 0 };
	struct arena a = { 0 };
	struct err e;
	bool in = nft_addresses.parse(prefix, &net, &a, &e) == 0 && net.families & v->families &&
		  memcmp(v->from, net.to, sizeof(net.to)) <= 0 && memcmp(net.from, v->to, sizeof(net.to)) <= 0;

	arena_done(&a);
	return in;
}

/* An address that no packet can be sent to, or from, by another machine. */
static const char *never(const struct nft_target *t)
{
	static const char *const nets[] = { "127.0.0.0/8", "0.0.0.0/8", "224.0.0.0/3", "::1", "::", "ff00::/8" };
	struct nft_value v = { .families = t->families };

	memcpy(v.from, t->from, sizeof(v.from));
	memcpy(v.to, t->to, sizeof(v.to));
	for (size_t i = 0; i < ARRAY_SIZE(nets); i++)
		if (t->families && is_in(&v, nets[i]))
			return nets[i];
	return NULL;
}

static int masquerade_check(const struct node *n, const struct nft_entry *e, struct notes *notes)
{
	const char *net = never(&e->target);

	if (!e->from.n && !e->out.n)
		return REFUSE("", "needs \"from\", \"out\" or both: what is masqueraded, and where");
	return net ? REFUSE("to", "%s is in %s, which is no source on a network", e->target.text, net) : 0;
}

/* The number of ports of a list. */
static unsigned port_count(const struct nft_list *list)
{
	unsigned count = 0;

	for (size_t i = 0; i < list->n; i++)
		count += (unsigned)((list->v[i].to[0] << 8 | list->v[i].to[1]) -
				    (list->v[i].from[0] << 8 | list->v[i].from[1]) + 1);
	return count;
}

static int dnat_ports_check(const struct node *n, const struct nft_entry *e, struct notes *notes)
{
	unsigned to = e->target.port_from ? (unsigned)(e->target.port_to - e->target.port_from + 1) : 0;
	bool portless = e->proto.n;

	for (size_t i = 0; i < e->proto.n; i++)
		portless &= !has_ports(e->proto.v[i].from[0]);
	if (!e->port.n && !e->at.n && !portless)
		return REFUSE("",
			      "needs \"port\" or \"at\": without them it would take everything that is sent to the "
			      "machine itself");
	if (to && !e->port.n)
		return REFUSE("to", "a port needs \"port\", the one that it takes the place of");
	if (to > 1 && (e->port.n > 1 || port_count(&e->port) != to))
		return REFUSE("to", "has %u ports, \"port\" %u%s: give one range of as many, one port, or none", to,
			      port_count(&e->port), e->port.n > 1 ? " in a list" : "");
	if (to > NFT_LIST_MAX)
		return REFUSE("to", "%u ports are mapped one to one, at most %d are allowed", to, NFT_LIST_MAX);
	return 0;
}

static int dnat_check(const struct node *n, const struct nft_entry *e, struct notes *notes)
{
	const char *net = never(&e->target);
	uint8_t hairpin = list_families(&e->hairpin);

	if (!e->target.text)
		return REFUSE("", "\"to\" is missing: the address that packets are sent on to");
	if (net)
		return REFUSE("to", "%s is in %s, where nothing can be sent on to", e->target.text, net);
	for (size_t i = 0; i < e->at.n; i++) {
		if (is_in(&e->at.v[i], "127.0.0.0/8"))
			return REFUSE("at",
				      "127.0.0.1 needs more than a rule; leave it out and add \"localhost\": true");
		if (is_in(&e->at.v[i], "::1"))
			return REFUSE("at", "the kernel cannot send on what is sent to ::1");
	}
	if (e->localhost && e->target.families == NFT_IPV6)
		return REFUSE("localhost", "is for IPv4: the kernel cannot send on what is sent to ::1");
	if (hairpin & ~e->target.families)
		return REFUSE("hairpin", "must be a network of the target, which is %s",
			      family_name(e->target.families));
	return dnat_ports_check(n, e, notes);
}

static int rule_check(const struct node *n, const struct nft_entry *e, struct notes *notes)
{
	if (!e->chain)
		return REFUSE("", "\"chain\" is missing: \"input\", \"forward\" or \"output\"");
	if (!e->action && !e->log)
		return REFUSE("", "\"action\" is missing: \"accept\", \"drop\" or \"reject\"");
	if (e->in.n && e->chain == NFT_WORD_OUTPUT)
		return REFUSE("in", "a packet of chain output arrives on no interface");
	if (e->out.n && e->chain == NFT_WORD_INPUT)
		return REFUSE("out", "a packet of chain input leaves by no interface");
	return 0;
}

int nft_entry_check(const struct node *n, enum nft_place place, const struct nft_entry *e, struct notes *notes)
{
	int r = families_check(n, e, notes), own;

	if (ports_check(n, e, notes) < 0)
		r = -EINVAL;
	own = place == NFT_IN_MASQUERADE ? masquerade_check(n, e, notes)
	      : place == NFT_IN_DNAT     ? dnat_check(n, e, notes)
					 : rule_check(n, e, notes);
	return own < 0 ? own : r;
}

/* ---- terms ---- */

struct nft_rule *nft_rule_add(struct nft_rules *r, enum nft_base base, enum nft_verb verb)
{
	struct nft_rule *v;

	if (r->n == r->room) {
		r->room = r->room ? 2 * r->room : 32;
		v = arena_alloc(r->a, r->room * sizeof(*v));
		if (r->n)
			memcpy(v, r->v, r->n * sizeof(*v));
		r->v = v;
	}
	if (!r->policy[base])
		r->policy[base] = NFT_ACTION_ACCEPT;
	r->v[r->n] = (struct nft_rule){ .base = base, .verb = verb };
	return &r->v[r->n++];
}

void nft_term_add(struct nft_rule *r, enum nft_what what, const struct nft_list *list)
{
	if (r->n == NFT_TERMS_MAX)
		abort();
	r->terms[r->n++] = (struct nft_term){ what, list ? *list : (struct nft_list){ 0 } };
}

void nft_term_add_text(struct nft_rules *all, struct nft_rule *r, enum nft_what what, const struct nft_values *values,
		       bool negated, const char *text)
{
	struct nft_list list = { arena_alloc(all->a, sizeof(*list.v)), 1, negated };
	struct err e;

	if (values->parse(text, list.v, all->a, &e) < 0)
		abort();
	nft_term_add(r, what, &list);
}

/* The values of a list that exist in the family; a type of ICMP as the number that it has there. */
static struct nft_list list_of(const struct nft_list *list, uint8_t family, bool icmp, struct arena *a)
{
	struct nft_list part = { arena_alloc(a, list->n * sizeof(*part.v)), 0, list->negated };

	for (size_t i = 0; i < list->n; i++) {
		if (!(list->v[i].families & family))
			continue;
		part.v[part.n] = list->v[i];
		if (icmp)
			part.v[part.n].from[0] = part.v[part.n].to[0] =
				family == NFT_IPV4 ? list->v[i].from[0] : list->v[i].to[0];
		part.n++;
	}
	return part;
}

static void add(struct nft_rule *r, enum nft_what what, const struct nft_list *list)
{
	if (list->n)
		nft_term_add(r, what, list);
}

void nft_terms_add(struct nft_rules *all, struct nft_rule *r, const struct nft_entry *e, uint8_t family)
{
	struct nft_list from = list_of(&e->from, family, false, all->a), to = list_of(&e->to, family, false, all->a);
	struct nft_list at = list_of(&e->at, family, false, all->a), icmp = list_of(&e->icmp, family, true, all->a);

	r->family = family;
	r->comment = e->comment;
	add(r, NFT_WHAT_IIFNAME, &e->in);
	add(r, NFT_WHAT_OIFNAME, &e->out);
	add(r, NFT_WHAT_SADDR, &from);
	add(r, NFT_WHAT_DADDR, &to);
	add(r, NFT_WHAT_DADDR, &at);
	add(r, NFT_WHAT_MARK, &e->mark);
	add(r, NFT_WHAT_STATE, &e->state);
	if (!icmp.n)
		add(r, NFT_WHAT_L4PROTO, &e->proto);
	add(r, family == NFT_IPV4 ? NFT_WHAT_ICMP : NFT_WHAT_ICMPV6, &icmp);
	add(r, NFT_WHAT_SPORT, &e->sport);
	add(r, NFT_WHAT_DPORT, &e->port);
}
