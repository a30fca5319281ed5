/* SPDX-License-Identifier: MIT */
/* conntrack.c - reads tracked connections, and has some forgotten. */
#include "conntrack.h"
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>

enum { CT_BYTES = 256 /* a tuple of IPv6 takes 80 */, TRIES = 10 };

struct conntrack_walk {
	bool (*doomed)(const struct flow *f, void *arg);
	void *arg;
	struct rtnl *nl, *forget; /* the one is busy with the dump */
	int counted;              /* what the kernel said when it was asked for their number */
	struct flow_filter only;
	bool asked, plain; /* without the filter */
	int tries;
	struct nl_msg **v; /* of the messages that were read last: the requests to forget */
	size_t n, room;
};

/* There may be many of them at a time, and they are small. */
static struct nl_msg *ct_msg(uint16_t type, uint8_t family)
{
	struct nfgenmsg g = { .nfgen_family = family, .version = NFNETLINK_V0 };
	struct nl_msg *m = must(nlmsg_alloc_size(CT_BYTES));

	must(nlmsg_put(m, NL_AUTO_PORT, 0, NFNL_SUBSYS_CTNETLINK << 8 | type, 0, NLM_F_REQUEST));
	if (nlmsg_append(m, &g, sizeof(g), NLMSG_ALIGNTO) < 0)
		abort();
	return m;
}

static bool address_read(struct nlattr *a, uint8_t family, struct inet *ret)
{
	int size = family == AF_INET ? 4 : 16;

	if (!a || nla_len(a) != size)
		return false;
	*ret = msg_inet(family, (uint8_t)(size * 8), a);
	return true;
}

static uint16_t port_read(const struct nlattr *a)
{
	return a && nla_len(a) == 2 ? nla_get_u16(a) : 0;
}

static bool tuple_read(struct nlattr *in, uint8_t family, struct flow_tuple *ret, uint8_t *ret_proto)
{
	struct nlattr *a[CTA_TUPLE_MAX + 1], *ip[CTA_IP_MAX + 1], *proto[CTA_PROTO_MAX + 1];
	bool v4 = family == AF_INET;

	if (!in || nla_parse_nested(a, CTA_TUPLE_MAX, in, NULL) < 0 || !a[CTA_TUPLE_IP] || !a[CTA_TUPLE_PROTO] ||
	    nla_parse_nested(ip, CTA_IP_MAX, a[CTA_TUPLE_IP], NULL) < 0 ||
	    nla_parse_nested(proto, CTA_PROTO_MAX, a[CTA_TUPLE_PROTO], NULL) < 0 || !proto[CTA_PROTO_NUM])
		return false;
	*ret_proto = nla_get_u8(proto[CTA_PROTO_NUM]);
	ret->sport = port_read(proto[CTA_PROTO_SRC_PORT]);
	ret->dport = port_read(proto[CTA_PROTO_DST_PORT]);
	return address_read(ip[v4 ? CTA_IP_V4_SRC : CTA_IP_V6_SRC], family, &ret->from) &&
	       address_read(ip[v4 ? CTA_IP_V4_DST : CTA_IP_V6_DST], family, &ret->to);
}

/* The request to forget a connection: what it is told by, and its number, so that a later one of the same addresses and
 * ports stays. */
static struct nl_msg *forget_msg(uint8_t family, const struct nlattr *tuple, const struct nlattr *id,
				 const struct nlattr *zone)
{
	struct nl_msg *m = ct_msg(IPCTNL_MSG_CT_DELETE, family);

	msg_put(m, CTA_TUPLE_ORIG | NLA_F_NESTED, nla_data(tuple), (size_t)nla_len(tuple));
	if (id)
		msg_put(m, CTA_ID, nla_data(id), (size_t)nla_len(id));
	if (zone)
		msg_put(m, CTA_ZONE, nla_data(zone), (size_t)nla_len(zone));
	return m;
}

static void on_flow(const struct nlmsghdr *h, void *arg)
{
	struct conntrack_walk *w = arg;
	const struct nfgenmsg *head = nlmsg_data(h);
	uint8_t family = head->nfgen_family, proto;
	struct nlattr *a[CTA_MAX + 1];
	struct flow f = { 0 };
	uint32_t status;

	if (nlmsg_parse((struct nlmsghdr *)(uintptr_t)h, sizeof(*head), a, CTA_MAX, NULL) < 0 ||
	    (family != AF_INET && family != AF_INET6) || !a[CTA_STATUS] ||
	    !tuple_read(a[CTA_TUPLE_ORIG], family, &f.original, &f.proto) ||
	    !tuple_read(a[CTA_TUPLE_REPLY], family, &f.reply, &proto))
		return;
	status = ntohl(nla_get_u32(a[CTA_STATUS]));
	f.snat = status & IPS_SRC_NAT;
	f.dnat = status & IPS_DST_NAT;
	if (!w->doomed(&f, w->arg))
		return;
	if (w->n == w->room) {
		w->room = w->room ? w->room * 2 : 64;
		w->v = must(reallocarray(w->v, w->room, sizeof(struct nl_msg *)));
	}
	w->v[w->n++] = forget_msg(family, a[CTA_TUPLE_ORIG], a[CTA_ID], a[CTA_ZONE]);
}

static void on_count(const struct nlmsghdr *h, void *arg)
{
	const struct nlattr *n =
		nlmsg_find_attr((struct nlmsghdr *)(uintptr_t)h, sizeof(struct nfgenmsg), CTA_STATS_GLOBAL_ENTRIES);

	*(bool *)arg = n && nla_len(n) == 4 && nla_get_u32(n) == 0;
}

/* Whether the namespace has no connection at all: a dump goes through those of all namespaces. */
static int count(struct rtnl *nl, bool *ret_none)
{
	_cleanup_(msg_freep) struct nl_msg *m = ct_msg(IPCTNL_MSG_CT_GET_STATS, AF_UNSPEC);
	struct err e;

	*ret_none = false;
	return rtnl_ask(nl, m, on_count, ret_none, &e);
}

static bool is_refusal(int r)
{
	return r == -EOPNOTSUPP || r == -EINVAL;
}

int conntrack_walk_begin(struct conntrack_walk **ret, struct rtnl *nl, const struct flow_filter *only,
			 bool (*doomed)(const struct flow *f, void *arg), void *arg, struct err *e)
{
	bool empty;
	int counted = count(nl, &empty);
	struct conntrack_walk *w;

	*ret = NULL;
	if (counted == 0 && empty)
		return 0;
	w = must(calloc(1, sizeof(*w)));
	*w = (struct conntrack_walk){ .doomed = doomed, .arg = arg, .counted = counted, .only = *only };
	if (rtnl_open_netfilter(&w->nl, e) < 0 || rtnl_open_netfilter(&w->forget, e) < 0) {
		conntrack_walk_end(w);
		return e->code;
	}
	*ret = w;
	return 0;
}

void conntrack_walk_end(struct conntrack_walk *w)
{
	if (!w)
		return;
	for (size_t i = 0; i < w->n; i++)
		nlmsg_free(w->v[i]);
	rtnl_close(w->nl);
	rtnl_close(w->forget);
	free(w->v);
	free(w);
}

/* Those that are gone by themselves are no error. */
static int forget(struct conntrack_walk *w, struct err *e)
{
	struct rtnl_batch batch = { 0 };
	struct op *none = NULL;
	int r = 0;

	for (size_t i = 0; i < w->n; i++) {
		if (r == 0 && rtnl_batch_full(&batch, nlmsg_hdr(w->v[i])->nlmsg_len))
			r = rtnl_batch_send(&batch, w->forget, &none, e);
		if (r == 0)
			rtnl_batch_add(&batch, w->v[i], NULL);
		else
			nlmsg_free(w->v[i]);
	}
	w->n = 0;
	if (r == 0)
		r = rtnl_batch_send(&batch, w->forget, &none, e);
	rtnl_batch_done(&batch);
	return r;
}

/* ---- what the kernel need not show ---- */

/* Bits of CTA_FILTER_ORIG_FLAGS (net/netfilter/nf_conntrack_netlink.c). */
enum { MATCH_FROM = 1 << 0, MATCH_TO = 1 << 1, MATCH_PROTO = 1 << 3, MATCH_DPORT = 1 << 5 };

/* Since Linux 5.8.  It compares addresses of IPv6 the wrong way round, and leaves out those that are the same. */
static void put_tuple(struct nl_msg *m, const struct flow_filter *f)
{
	bool from = f->from.family == AF_INET, to = f->to.family == AF_INET;
	uint32_t flags = (from ? MATCH_FROM : 0) | (to ? MATCH_TO : 0) | (f->proto ? MATCH_PROTO : 0) |
			 (f->proto && f->dport ? MATCH_DPORT : 0);
	struct nlattr *tuple, *nest;

	if (!flags || !f->family)
		return;
	tuple = must(nla_nest_start(m, CTA_TUPLE_ORIG | NLA_F_NESTED));
	nest = must(nla_nest_start(m, CTA_TUPLE_IP | NLA_F_NESTED));
	if (from)
		msg_put(m, CTA_IP_V4_SRC, f->from.addr, 4);
	if (to)
		msg_put(m, CTA_IP_V4_DST, f->to.addr, 4);
	nla_nest_end(m, nest);
	if (f->proto) {
		nest = must(nla_nest_start(m, CTA_TUPLE_PROTO | NLA_F_NESTED));
		msg_put(m, CTA_PROTO_NUM, &f->proto, 1);
		if (f->dport)
			msg_put(m, CTA_PROTO_DST_PORT, &f->dport, 2);
		nla_nest_end(m, nest);
	}
	nla_nest_end(m, tuple);
	nest = must(nla_nest_start(m, CTA_FILTER | NLA_F_NESTED));
	msg_put_u32(m, CTA_FILTER_ORIG_FLAGS, flags);
	nla_nest_end(m, nest);
}

static int ask(struct conntrack_walk *w, struct err *e)
{
	static const struct flow_filter all;
	const struct flow_filter *only = w->plain ? &all : &w->only;
	_cleanup_(msg_freep) struct nl_msg *m = ct_msg(IPCTNL_MSG_CT_GET, only->family);

	put_tuple(m, only);
	/* Since Linux 5.15. */
	if (only->status) {
		msg_put_u32(m, CTA_STATUS, htonl(only->status));
		msg_put_u32(m, CTA_STATUS_MASK, htonl(only->status));
	}
	w->asked = true;
	return rtnl_dump_begin(w->nl, m, e);
}

int conntrack_walk_step(struct conntrack_walk *w, struct err *e)
{
	int r = w->asked ? 0 : ask(w, e);

	if (r == 0)
		r = rtnl_dump_more(w->nl, on_flow, w, e);
	if (r >= 0 && forget(w, e) < 0)
		return e->code;
	if (r == -EINTR && ++w->tries < TRIES) {
		w->asked = false;
		return 1;
	}
	if (!is_refusal(r))
		return r;
	/* Without the module nothing is tracked, and the kernel refuses every message of it; a single one it refuses with the
	 * same words. */
	if (is_refusal(w->counted))
		return 0;
	if (w->plain)
		return r;
	w->plain = true;
	w->asked = false;
	return 1;
}
