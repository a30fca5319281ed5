/* SPDX-License-Identifier: MIT */
/* nft_flows.c - after a change of NAT rules, has the kernel forget the connections that go on as if they were not:
 * translated by a rule that is gone, or not translated though there is a rule now.  Their next packet is then a first one.
 * Connections that others translate stay. */
#include "nft_flows.h"
#include "kernel/nft_beside.h"
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>

enum { SOURCES = 256, WAYS = 1024 };

struct local {
	struct inet address;
	uint32_t ifindex;
	bool global; /* its scope */
};

/* The way that packets leave by. */
struct way {
	struct inet from, to;
	uint32_t ifindex;      /* 0: none */
	char out[IF_NAMESIZE]; /* empty: none */
};

struct nft_flows {
	struct nft_rules before, after;
	struct nft_change change;
	struct conntrack_walk *walk;
	struct rtnl *route;  /* in the namespace; the thread is in it, too */
	struct local *local; /* its addresses */
	size_t n_local, room;
	struct nft_beside *beside;
	struct way ways[WAYS]; /* that were looked up last, by the end of the destination */
	uint32_t oif;          /* what the kernel says to one question */
	/* Sources are few, and each has many connections: the interface that one arrives on, by the end of its address. */
	struct {
		struct inet from;
		uint32_t iif;
	} sources[SOURCES];
	struct arena arena;
};

static bool same_address(const struct inet *x, const struct inet *y)
{
	return x->family == y->family && !memcmp(x->addr, y->addr, sizeof(x->addr));
}

static bool is_local(const struct nft_flows *f, const struct inet *i)
{
	for (size_t k = 0; k < f->n_local; k++)
		if (same_address(&f->local[k].address, i))
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
	f->local[f->n_local++] = (struct local){
		.address = msg_inet(m->ifa_family, m->ifa_family == AF_INET ? 32 : 128, at),
		.ifindex = m->ifa_index,
		.global = m->ifa_scope == RT_SCOPE_UNIVERSE,
	};
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

/* How packets from @from to @to leave. */
static const struct way *way_of(struct nft_flows *f, const struct inet *from, const struct inet *to)
{
	const uint8_t *end = to->addr + (to->family == AF_INET ? 2 : 14);
	struct way *w = &f->ways[(end[0] << 8 | end[1]) % WAYS];
	uint32_t iif;

	if (same_address(&w->from, from) && same_address(&w->to, to))
		return w;
	*w = (struct way){ .from = *from, .to = *to };
	if (is_local(f, from)) {
		w->ifindex = route_to(f, to, from, 0);
	} else {
		/* Where the kernel says that it would not route them so, only the destination is known. */
		iif = iif_of(f, from);
		w->ifindex = iif ? route_to(f, to, from, iif) : 0;
	}
	w->ifindex = w->ifindex ? w->ifindex : route_to(f, to, NULL, 0);
	if (!w->ifindex || !if_indextoname(w->ifindex, w->out))
		w->out[0] = '\0';
	return w;
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
		return nft_list_has_address(&t->list, &c->original.from);
	case NFT_WHAT_DADDR:
		return nft_list_has_address(&t->list, to);
	case NFT_WHAT_LOCAL:
		return is_local(f, to);
	case NFT_WHAT_L4PROTO:
		return nft_list_has(&t->list, &c->proto, 1);
	case NFT_WHAT_SPORT:
		return nft_list_has(&t->list, &c->original.sport, 2);
	case NFT_WHAT_DPORT:
		return nft_list_has(&t->list, &dport, 2);
	case NFT_WHAT_STATUS_DNAT:
		return c->dnat;
	case NFT_WHAT_OIFNAME:
		return list_has_name(&t->list, way_of(f, &c->original.from, to)->out);
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

/* Whether its source is one that masquerade would give: an address of the interface that it leaves by, or, where that has
 * none, any. */
static bool is_masqueraded(const struct nft_flows *f, const struct way *w, const struct flow *c)
{
	bool any = false;

	for (size_t k = 0; k < f->n_local; k++) {
		const struct local *l = &f->local[k];

		if (l->ifindex != w->ifindex || l->address.family != c->reply.to.family)
			continue;
		if (same_address(&l->address, &c->reply.to))
			return true;
		any |= l->global;
	}
	return !any && is_local(f, &c->reply.to);
}

static bool is_in_target(const struct nft_target *t, const struct inet *i)
{
	size_t size = i->family == AF_INET ? 4 : 16;

	return !t->families || (memcmp(i->addr, t->from, size) >= 0 && memcmp(i->addr, t->to, size) <= 0);
}

/* Whether the source that a connection has is one that the rule gives.  If it may as well be from another program that
 * masquerades, nobody knows whose it is. */
static bool is_source_of(struct nft_flows *f, const struct nft_rule *r, const struct flow *c)
{
	const struct way *w = way_of(f, &c->original.from, &c->reply.from);
	bool masqueraded = is_masqueraded(f, w, c);

	if (r->verb == NFT_DO_MASQUERADE ? !masqueraded : !is_in_target(&r->target, &c->reply.to))
		return false;
	return !masqueraded || !nft_beside_matches(f->beside, c, w->out);
}

/* Whether the translation that a connection has is one that the rule makes. */
static bool is_its_doing(struct nft_flows *f, const struct nft_rule *r, const struct flow *c, bool source)
{
	if (source)
		return is_source_of(f, r, c);
	return is_in_target(&r->target, &c->reply.from) && ntohs(c->reply.sport) == port_after(r, c);
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
		if (is_its_doing(f, r, c, source) && (!was || was->verb == r->verb))
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
	if (r == 0 && f->walk)
		r = nft_beside_read(&f->beside, e);
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
	nft_beside_free(f->beside);
	rtnl_close(f->route);
	free(f->local);
	arena_done(&f->arena);
	free(f);
}
