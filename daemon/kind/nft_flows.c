/* SPDX-License-Identifier: MIT */
/* nft_flows.c - after a change of NAT rules, has the kernel forget the connections that go on as if they were not:
 * translated by a rule that is gone, or not translated though there is a rule now.  Their next packet is then a first one.
 * Connections that others translate stay. */
#include "nft.h"
#include "kernel/conntrack.h"
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>

struct flows {
	struct nft_rules before, after;
	struct rtnl *route; /* in the namespace; the thread is in it, too */
	struct inet *local; /* its addresses */
	size_t n_local, room;
	struct inet to;        /* the last destination that was looked up … */
	char out[IF_NAMESIZE]; /* … and the interface it is reached by; empty: none */
	struct arena arena;
};

static bool is_local(const struct flows *f, const struct inet *i)
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
	struct flows *f = arg;

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
	((struct flows *)arg)->n_local = 0;
}

static int locals_read(struct flows *f, struct err *e)
{
	struct ifaddrmsg i = { 0 };
	_cleanup_(msg_freep) struct nl_msg *m = msg_new(RTM_GETADDR, 0, &i, sizeof(i));

	return rtnl_dump(f->route, m, on_address, on_restart, f, e);
}

static void on_route(const struct nlmsghdr *h, void *arg)
{
	struct nlattr *oif = nlmsg_find_attr((struct nlmsghdr *)(uintptr_t)h, sizeof(struct rtmsg), RTA_OIF);
	struct flows *f = arg;

	if (h->nlmsg_type == RTM_NEWROUTE && oif && !if_indextoname(nla_get_u32(oif), f->out))
		f->out[0] = '\0';
}

/* The interface that packets to @to leave by. */
static const char *out_of(struct flows *f, const struct inet *to)
{
	struct rtmsg r = { .rtm_family = to->family, .rtm_dst_len = to->len };
	_cleanup_(msg_freep) struct nl_msg *m = NULL;
	struct err e;

	if (f->to.family == to->family && !memcmp(f->to.addr, to->addr, sizeof(to->addr)))
		return f->out;
	f->to = *to;
	f->out[0] = '\0';
	m = msg_new(RTM_GETROUTE, 0, &r, sizeof(r));
	msg_put(m, RTA_DST, to->addr, to->family == AF_INET ? 4 : 16);
	(void)!rtnl_ask(f->route, m, on_route, f, &e);
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
static bool term_matches(struct flows *f, const struct nft_term *t, const struct flow *c, bool post)
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
		return list_has_name(&t->list, out_of(f, to));
	default:
		return true;
	}
}

static bool rule_matches(struct flows *f, const struct nft_rule *r, const struct flow *c, bool post)
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

static bool target_has(const struct nft_target *t, const struct inet *i)
{
	size_t size = i->family == AF_INET ? 4 : 16;

	return !t->families || (memcmp(i->addr, t->from, size) >= 0 && memcmp(i->addr, t->to, size) <= 0);
}

static bool port_has(const struct nft_target *t, uint16_t port)
{
	return !t->port_from || (ntohs(port) >= t->port_from && ntohs(port) <= t->port_to);
}

/* Whether a rule of @all matches and, of a translated connection, does what was done to it. */
static bool rules_do(struct flows *f, const struct nft_rules *all, const struct flow *c, bool source, bool translated)
{
	for (size_t i = 0; i < all->n; i++) {
		const struct nft_rule *r = &all->v[i];
		bool snat = r->verb == NFT_DO_MASQUERADE || r->verb == NFT_DO_SNAT;

		if (source ? !snat : r->verb != NFT_DO_DNAT)
			continue;
		if (translated &&
		    !(source ? target_has(&r->target, &c->reply.to)
			     : target_has(&r->target, &c->reply.from) && port_has(&r->target, c->reply.sport)))
			continue;
		if (rule_matches(f, r, c, source))
			return true;
	}
	return false;
}

static bool is_stale(const struct flow *c, void *arg)
{
	struct flows *f = arg;

	for (int source = 0; source < 2; source++)
		if (source ? c->snat : c->dnat) {
			if (rules_do(f, &f->before, c, source, true) && !rules_do(f, &f->after, c, source, true))
				return true;
		} else if (!(source && is_local(f, &c->original.from)) && rules_do(f, &f->after, c, source, false)) {
			return true;
		}
	return false;
}

static bool translates(const struct nft_rules *r)
{
	bool any = false;

	for (size_t i = 0; i < r->n; i++)
		any |= r->v[i].verb == NFT_DO_MASQUERADE || r->v[i].verb == NFT_DO_SNAT || r->v[i].verb == NFT_DO_DNAT;
	return any;
}

int nft_flows_forget(struct rtnl *nl, const struct nft *before, const struct nft *after, struct err *e)
{
	static const uint8_t families[] = { AF_INET, AF_INET6 };
	struct flows f = { 0 };
	int r = 0;

	if (before)
		nft_rules_of(before, &f.before, &f.arena);
	if (after)
		nft_rules_of(after, &f.after, &f.arena);
	if (translates(&f.before) || translates(&f.after)) {
		r = rtnl_open(&f.route, e);
		if (r == 0)
			r = locals_read(&f, e);
		for (size_t i = 0; i < ARRAY_SIZE(families) && r == 0; i++)
			r = conntrack_forget(nl, families[i], is_stale, &f, e);
	}
	rtnl_close(f.route);
	free(f.local);
	arena_done(&f.arena);
	return r;
}
