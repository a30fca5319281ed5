/* SPDX-License-Identifier: MIT */
/* nft_flows.c - after a change of NAT rules, has the kernel forget the connections that go on as if they were not:
 * translated by a rule that is gone, or not translated though there is a rule now.  Their next packet is then a first one.
 * Connections that others translate stay. */
#include "nft_flows.h"
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>

enum { SOURCES = 256 };

struct nft_flows {
	struct nft_rules before, after;
	struct nft_change change;
	struct conntrack_walk *walk;
	struct rtnl *route; /* in the namespace; the thread is in it, too */
	struct inet *local; /* its addresses */
	size_t n_local, room;
	/* The last way that was looked up: where from and where to, and the
	 * interface that leads there; empty: none. */
	struct inet from, to;
	char out[IF_NAMESIZE];
	uint32_t oif;
	/* Sources are few, and each has many connections: the interface that one arrives on, by the end of its address. */
	struct {
		struct inet from;
		uint32_t iif;
	} sources[SOURCES];
	struct arena arena;
};

static bool is_local(const struct nft_flows *f, const struct inet *i)
{
	for (size_t k = 0; k < f->n_local; k++)
		if (f->local[k].family == i->family && !memcmp(f->local[k].addr, i->addr, sizeof(i->addr)))
			return true;
	return false;
}

static void on_address(const struct nlmsghdr *h, void *arg)
{
	const struct ifaddrmsg *m = nlmsg_data(h);
	struct nlattr *a[IFA_MAX + 1], *at;
	struct nft_flows *f = arg;

	if (h->nlmsg_type != RTM_NEWADDR ||
	    nlmsg_parse((struct nlmsghdr *)(uintptr_t)h, sizeof(*m), a, IFA_MAX, NULL) < 0)
		return;
	at = a[IFA_LOCAL] ? a[IFA_LOCAL] : a[IFA_ADDRESS];
	if (!at)
		return;
	if (f->n_local == f->room) {
		f->room = f->room ? f->room * 2 : 16;
		f->local = must(reallocarray(f->local, f->room, sizeof(*f->local)));
	}
	f->local[f->n_local++] = msg_inet(m->ifa_family, m->ifa_family == AF_INET ? 32 : 128, at);
}

static void on_restart(void *arg)
{
	((struct nft_flows *)arg)->n_local = 0;
}

static int locals_read(struct nft_flows *f, struct err *e)
{
	struct ifaddrmsg i = { 0 };
	_cleanup_(msg_freep) struct nl_msg *m = msg_new(RTM_GETADDR, 0, &i, sizeof(i));

	return rtnl_dump(f->route, m, on_address, on_restart, f, e);
}

static void on_route(const struct nlmsghdr *h, void *arg)
{
	struct nlattr *oif = nlmsg_find_attr((struct nlmsghdr *)(uintptr_t)h, sizeof(struct rtmsg), RTA_OIF);
	struct nft_flows *f = arg;

	if (h->nlmsg_type == RTM_NEWROUTE && oif)
		f->oif = nla_get_u32(oif);
}

/* The number of the interface that packets to @to leave by, 0 for none.  With @iif they come from @from and arrive there:
 * policy routing may send them elsewhere than others. */
static uint32_t route_to(struct nft_flows *f, const struct inet *to, const struct inet *from, uint32_t iif)
{
	struct rtmsg r = { .rtm_family = to->family, .rtm_dst_len = to->len };
	_cleanup_(msg_freep) struct nl_msg *m = NULL;
	int size = to->family == AF_INET ? 4 : 16;
	struct err e;

	if (from)
		r.rtm_src_len = from->len;
	m = msg_new(RTM_GETROUTE, 0, &r, sizeof(r));
	msg_put(m, RTA_DST, to->addr, (size_t)size);
	if (from)
		msg_put(m, RTA_SRC, from->addr, (size_t)size);
	if (iif)
		msg_put(m, RTA_IIF, &iif, sizeof(iif));
	f->oif = 0;
	return rtnl_ask(f->route, m, on_route, f, &e) < 0 ? 0 : f->oif;
}

static bool same_address(const struct inet *x, const struct inet *y)
{
	return x->family == y->family && !memcmp(x->addr, y->addr, sizeof(x->addr));
}

/* The interface that packets from @from arrive on is taken to be the one that answers leave by. */
static uint32_t iif_of(struct nft_flows *f, const struct inet *from)
{
	uint8_t at = from->addr[from->family == AF_INET ? 3 : 15];

	if (!same_address(&f->sources[at].from, from)) {
		f->sources[at].iif = route_to(f, from, NULL, 0);
		f->sources[at].from = *from;
	}
	return f->sources[at].iif;
}

/* The interface that packets from @from to @to leave by. */
static const char *out_of(struct nft_flows *f, const struct inet *from, const struct inet *to)
{
	uint32_t iif, oif = 0;

	if (same_address(&f->from, from) && same_address(&f->to, to))
		return f->out;
	f->from = *from;
	f->to = *to;
	if (is_local(f, from)) {
		oif = route_to(f, to, from, 0);
	} else {
		/* Where the kernel says that it would not route them so, only the destination is known. */
		iif = iif_of(f, from);
		oif = iif ? route_to(f, to, from, iif) : 0;
	}
	oif = oif ? oif : route_to(f, to, NULL, 0);
	if (!oif || !if_indextoname(oif, f->out))
		f->out[0] = '\0';
	return f->out;
}

static bool list_has(const struct nft_list *l, const void *bytes, size_t size)
{
	bool has = false;

	for (size_t i = 0; i < l->n && !has; i++)
		has = memcmp(bytes, l->v[i].from, size) >= 0 && memcmp(bytes, l->v[i].to, size) <= 0;
	return has != l->negated;
}

static bool list_has_address(const struct nft_list *l, const struct inet *i)
{
	return list_has(l, i->addr, i->family == AF_INET ? 4 : 16);
}

/* Names may end in "*". */
static bool list_has_name(const struct nft_list *l, const char *name)
{
	bool has = false;

	for (size_t i = 0; i < l->n && !has; i++) {
		size_t n = strlen(l->v[i].text);

		has = n && l->v[i].text[n - 1] == '*' ? !strncmp(l->v[i].text, name, n - 1)
						      : !strcmp(l->v[i].text, name);
	}
	return has != l->negated;
}

/* What is known of a connection; of the rest, the rule is taken to match.  What postrouting sees has its new
 * destination. */
static bool term_matches(struct nft_flows *f, const struct nft_term *t, const struct flow *c, bool post)
{
	const struct inet *to = post ? &c->reply.from : &c->original.to;
	uint16_t dport = post ? c->reply.sport : c->original.dport;

	switch (t->what) {
	case NFT_WHAT_SADDR:
		return list_has_address(&t->list, &c->original.from);
	case NFT_WHAT_DADDR:
		return list_has_address(&t->list, to);
	case NFT_WHAT_LOCAL:
		return is_local(f, to);
	case NFT_WHAT_L4PROTO:
		return list_has(&t->list, &c->proto, 1);
	case NFT_WHAT_SPORT:
		return list_has(&t->list, &c->original.sport, 2);
	case NFT_WHAT_DPORT:
		return list_has(&t->list, &dport, 2);
	case NFT_WHAT_STATUS_DNAT:
		return c->dnat;
	case NFT_WHAT_OIFNAME:
		return list_has_name(&t->list, out_of(f, &c->original.from, to));
	default:
		return true;
	}
}

static bool rule_matches(struct nft_flows *f, const struct nft_rule *r, const struct flow *c, bool post)
{
	uint8_t family = c->original.from.family == AF_INET ? NFT_IPV4 : NFT_IPV6;

	if (r->family && r->family != family)
		return false;
	/* The interface takes a question to the kernel: it comes last. */
	for (int late = 0; late < 2; late++)
		for (size_t i = 0; i < r->n; i++)
			if ((r->terms[i].what == NFT_WHAT_OIFNAME) == late && !term_matches(f, &r->terms[i], c, post))
				return false;
	return true;
}

/* The rules that a connection meets, by what they translate and where. */
static bool is_for(const struct nft_flows *f, const struct nft_rule *r, const struct flow *c, bool source)
{
	if (source)
		return nft_rule_is_snat(r);
	return r->verb == NFT_DO_DNAT && r->base == (is_local(f, &c->original.from) ? NFT_NAT_OUTPUT : NFT_PREROUTING);
}

/* The port that a dnat sends a connection to. */
static uint16_t port_after(const struct nft_rule *r, const struct flow *c)
{
	uint16_t port = ntohs(c->original.dport);

	if (r->map_n)
		return (uint16_t)(r->target.port_from + port - r->map_from);
	return r->target.port_from ? r->target.port_from : port;
}

/* Whether the translation that a connection has is one that the rule makes. */
static bool is_its_doing(const struct nft_rule *r, const struct flow *c, bool source)
{
	const struct inet *i = source ? &c->reply.to : &c->reply.from;
	size_t size = i->family == AF_INET ? 4 : 16;

	if (r->target.families &&
	    (memcmp(i->addr, r->target.from, size) < 0 || memcmp(i->addr, r->target.to, size) > 0))
		return false;
	return source || ntohs(c->reply.sport) == port_after(r, c);
}

/* Whether all that the rule asks for is known of a connection. */
static bool is_certain(const struct nft_rule *r)
{
	bool certain = true;

	for (size_t i = 0; i < r->n; i++)
		certain &= r->terms[i].what != NFT_WHAT_IIFNAME && r->terms[i].what != NFT_WHAT_MARK;
	return certain;
}

/* The rule of @all that translates a connection; if @was is the one that did, as far as is known none before it. */
static const struct nft_rule *rule_of(struct nft_flows *f, const struct nft_rules *all, const struct flow *c,
				      bool source, const struct nft_rule *was)
{
	for (size_t i = 0; i < all->n; i++) {
		const struct nft_rule *r = &all->v[i];

		if (!is_for(f, r, c, source) || !rule_matches(f, r, c, source))
			continue;
		if (is_its_doing(r, c, source) && (!was || was->verb == r->verb))
			return r;
		if (was && is_certain(r))
			return NULL;
	}
	return NULL;
}

/* A connection that is not translated, though a rule matches. */
static bool is_missed(struct nft_flows *f, const struct flow *c, bool source)
{
	if (source && is_local(f, &c->original.from))
		return false;
	for (size_t i = 0; i < f->after.n; i++)
		if (is_for(f, &f->after.v[i], c, source) && rule_matches(f, &f->after.v[i], c, source))
			return true;
	return false;
}

/* Whether it matches a rule that is gone or has come; if not, nothing has changed for it. */
static bool is_concerned(struct nft_flows *f, const struct flow *c, bool source)
{
	for (size_t i = 0; i < f->change.n; i++)
		if (is_for(f, f->change.v[i], c, source) && rule_matches(f, f->change.v[i], c, source))
			return true;
	return false;
}

static bool is_stale_in(struct nft_flows *f, const struct flow *c, bool source)
{
	const struct nft_rule *was;

	if (!is_concerned(f, c, source))
		return false;
	if (!(source ? c->snat : c->dnat))
		return is_missed(f, c, source);
	was = rule_of(f, &f->before, c, source, NULL);
	return was && !rule_of(f, &f->after, c, source, was);
}

static bool is_stale(const struct flow *c, void *arg)
{
	return is_stale_in(arg, c, false) || is_stale_in(arg, c, true);
}

int nft_flows_begin(struct nft_flows **ret, struct rtnl *nl, const struct nft *before, const struct nft *after,
		    struct err *e)
{
	struct nft_flows *f = must(calloc(1, sizeof(*f)));
	struct flow_filter only;
	int r = 0;

	if (before)
		nft_rules_of(before, &f->before, &f->arena);
	if (after)
		nft_rules_of(after, &f->after, &f->arena);
	nft_change_of(&f->before, &f->after, &f->change, &f->arena);
	nft_change_filter(&f->change, &only);
	if (f->change.n)
		r = conntrack_walk_begin(&f->walk, nl, &only, is_stale, f, e);
	if (r == 0 && f->walk)
		r = rtnl_open(&f->route, e);
	if (r == 0 && f->walk)
		r = locals_read(f, e);
	if (r < 0 || !f->walk)
		nft_flows_end(TAKE(f));
	*ret = f;
	return r;
}

int nft_flows_step(struct nft_flows *f, struct err *e)
{
	return conntrack_walk_step(f->walk, e);
}

void nft_flows_end(struct nft_flows *f)
{
	conntrack_walk_end(f->walk);
	rtnl_close(f->route);
	free(f->local);
	arena_done(&f->arena);
	free(f);
}
