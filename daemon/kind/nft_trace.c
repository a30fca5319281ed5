/* SPDX-License-Identifier: MIT */
/* nft_trace.c - the table by which packets are followed, in one transaction, and what the kernel tells about them. */
#include "nft_trace.h"
#include "nft.h"
#include "kernel/netns.h"
#include "kernel/nft_seen.h"
#include "kernel/rtnl.h"
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <netinet/in.h>

enum {
	/* Before connection tracking and NAT, behind the reassembly of fragments. */
	AT_FIRST = -399,
	AT_LAST = INT32_MAX - 1,
	BATCH_SIZE = 1 << 16,
	DATAGRAMS = 64, /* that are read at once */
	RECEIVE_SIZE = 1 << 20,
	IPV4_SIZE = 20,
	IPV6_SIZE = 40,
};

#define FIRST "first_"
#define LAST "last_"

/* The hooks: at the first ones packets are marked, at the end of all they are seen once more. */
static const struct {
	const char *name;
	uint32_t hook;
	bool marks;
} hooks[] = {
	{ "prerouting", NF_INET_PRE_ROUTING, true },    { "input", NF_INET_LOCAL_IN, false },
	{ "forward", NF_INET_FORWARD, false },          { "output", NF_INET_LOCAL_OUT, true },
	{ "postrouting", NF_INET_POST_ROUTING, false },
};

struct nft_trace {
	struct rtnl *owner; /* of the table */
	int fd;
};

/* ---- the table ---- */

struct batch {
	char bytes[BATCH_SIZE];
	size_t size;
};

/* Appends @m, which is freed. */
static void add(struct batch *b, struct nl_msg *m)
{
	const struct nlmsghdr *h = nlmsg_hdr(m);

	if (b->size + NLMSG_ALIGN(h->nlmsg_len) > sizeof(b->bytes))
		abort();
	memcpy(b->bytes + b->size, h, h->nlmsg_len);
	b->size += NLMSG_ALIGN(h->nlmsg_len);
	nlmsg_free(m);
}

static void add_table(struct batch *b)
{
	struct nl_msg *m = nft_msg(NFT_MSG_NEWTABLE, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK, 0);

	msg_put_string(m, NFTA_TABLE_NAME, NFT_TRACE_TABLE);
	nft_put_u32(m, NFTA_TABLE_FLAGS, NFT_TABLE_F_OWNER);
	add(b, m);
}

static void add_chain(struct batch *b, const char *prefix, size_t hook, int32_t priority)
{
	struct nl_msg *m = nft_msg(NFT_MSG_NEWCHAIN, NLM_F_CREATE, 0);
	struct nlattr *nest;
	char name[32];

	snprintf(name, sizeof(name), "%s%s", prefix, hooks[hook].name);
	msg_put_string(m, NFTA_CHAIN_TABLE, NFT_TRACE_TABLE);
	msg_put_string(m, NFTA_CHAIN_NAME, name);
	nest = must(nla_nest_start(m, NFTA_CHAIN_HOOK));
	nft_put_u32(m, NFTA_HOOK_HOOKNUM, hooks[hook].hook);
	nft_put_u32(m, NFTA_HOOK_PRIORITY, (uint32_t)priority);
	nla_nest_end(m, nest);
	msg_put_string(m, NFTA_CHAIN_TYPE, "filter");
	nft_put_u32(m, NFTA_CHAIN_POLICY, NF_ACCEPT);
	add(b, m);
}

static void compare(struct nft_expr *p, const void *data, size_t size)
{
	nft_expr_begin(p, "cmp");
	nft_expr_u32(p, NFTA_CMP_SREG, NFT_REG_1);
	nft_expr_u32(p, NFTA_CMP_OP, NFT_CMP_EQ);
	nft_expr_data(p, NFTA_CMP_DATA, data, size);
	nft_expr_end(p);
}

static void match_meta(struct nft_expr *p, uint32_t key, uint8_t value)
{
	nft_expr_begin(p, "meta");
	nft_expr_u32(p, NFTA_META_KEY, key);
	nft_expr_u32(p, NFTA_META_DREG, NFT_REG_1);
	nft_expr_end(p);
	compare(p, &value, 1);
}

static void match_bytes(struct nft_expr *p, uint32_t base, uint32_t offset, const void *data, size_t size)
{
	nft_expr_begin(p, "payload");
	nft_expr_u32(p, NFTA_PAYLOAD_DREG, NFT_REG_1);
	nft_expr_u32(p, NFTA_PAYLOAD_BASE, base);
	nft_expr_u32(p, NFTA_PAYLOAD_OFFSET, offset);
	nft_expr_u32(p, NFTA_PAYLOAD_LEN, (uint32_t)size);
	nft_expr_end(p);
	compare(p, data, size);
}

static void match_port(struct nft_expr *p, uint32_t offset, uint16_t port)
{
	uint16_t value = htons(port);

	if (port)
		match_bytes(p, NFT_PAYLOAD_TRANSPORT_HEADER, offset, &value, sizeof(value));
}

static void limit(struct nft_expr *p)
{
	const uint64_t rate = htobe64(NFT_TRACE_RATE), second = htobe64(1);

	nft_expr_begin(p, "limit");
	must(nla_put(p->m, NFTA_LIMIT_RATE, sizeof(rate), &rate) == 0 ? p : NULL);
	must(nla_put(p->m, NFTA_LIMIT_UNIT, sizeof(second), &second) == 0 ? p : NULL);
	nft_expr_u32(p, NFTA_LIMIT_BURST, NFT_TRACE_BURST);
	nft_expr_u32(p, NFTA_LIMIT_TYPE, NFT_LIMIT_PKTS);
	nft_expr_end(p);
}

/* meta nftrace set 1 */
static void mark(struct nft_expr *p)
{
	const uint8_t one = 1;

	nft_expr_begin(p, "immediate");
	nft_expr_u32(p, NFTA_IMMEDIATE_DREG, NFT_REG_1);
	nft_expr_data(p, NFTA_IMMEDIATE_DATA, &one, sizeof(one));
	nft_expr_end(p);
	nft_expr_begin(p, "meta");
	nft_expr_u32(p, NFTA_META_KEY, NFT_META_NFTRACE);
	nft_expr_u32(p, NFTA_META_SREG, NFT_REG_1);
	nft_expr_end(p);
}

static void add_rule(struct batch *b, size_t hook, const struct nft_packet *packet)
{
	bool v6 = packet->to.family == AF_INET6;
	struct nl_msg *m = nft_msg(NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND, 4096);
	struct nft_expr p;
	char name[32];

	snprintf(name, sizeof(name), FIRST "%s", hooks[hook].name);
	msg_put_string(m, NFTA_RULE_TABLE, NFT_TRACE_TABLE);
	msg_put_string(m, NFTA_RULE_CHAIN, name);
	nft_expr_init(&p, NULL);
	match_meta(&p, NFT_META_NFPROTO, v6 ? NFPROTO_IPV6 : NFPROTO_IPV4);
	match_bytes(&p, NFT_PAYLOAD_NETWORK_HEADER, v6 ? 8 : 12, packet->from.addr, v6 ? 16 : 4);
	match_bytes(&p, NFT_PAYLOAD_NETWORK_HEADER, v6 ? 24 : 16, packet->to.addr, v6 ? 16 : 4);
	if (packet->proto)
		match_meta(&p, NFT_META_L4PROTO, packet->proto);
	match_port(&p, 0, packet->sport);
	match_port(&p, 2, packet->dport);
	limit(&p);
	mark(&p);
	msg_put(m, NFTA_RULE_EXPRESSIONS | NLA_F_NESTED, nlmsg_data(nlmsg_hdr(p.m)),
		(size_t)nlmsg_datalen(nlmsg_hdr(p.m)));
	nft_expr_done(&p);
	add(b, m);
}

static int table_create(struct rtnl *nl, const struct nft_packet *v, size_t n, struct err *e)
{
	_cleanup_(freep) struct batch *b = must(calloc(1, sizeof(*b)));
	size_t at;

	add(b, nft_bracket(NFNL_MSG_BATCH_BEGIN));
	add_table(b);
	for (size_t i = 0; i < ARRAY_SIZE(hooks); i++) {
		add_chain(b, LAST, i, AT_LAST);
		if (!hooks[i].marks)
			continue;
		add_chain(b, FIRST, i, AT_FIRST);
		for (size_t k = 0; k < n; k++)
			add_rule(b, i, &v[k]);
	}
	add(b, nft_bracket(NFNL_MSG_BATCH_END));
	return rtnl_transact(nl, b->bytes, b->size, &at, e);
}

/* ---- the events ---- */

/* In the present namespace of the thread. */
static int group_join(void)
{
	const struct sockaddr_nl any = { .nl_family = AF_NETLINK };
	_cleanup_(closep) int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_NETFILTER);
	int group = NFNLGRP_NFTRACE, room = RECEIVE_SIZE;

	if (fd < 0 || bind(fd, (const struct sockaddr *)&any, sizeof(any)) < 0 ||
	    setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) < 0)
		return -errno;
	(void)!setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	return take_fd(&fd);
}

int nft_trace_begin(struct nft_trace **ret, int fd, const struct nft_packet *v, size_t n, struct err *e)
{
	const struct netns ns = { .name = "", .fd = fd };
	struct nft_trace *t = must(calloc(1, sizeof(*t)));
	_cleanup_(netns_leavep) int entered = netns_enter(&ns, e);
	int r = entered;

	t->fd = entered < 0 ? entered : group_join();
	if (r >= 0 && t->fd < 0)
		r = err_set(e, t->fd, "events of nftables: %s", strerror(-t->fd));
	if (r >= 0)
		r = rtnl_open_netfilter(&t->owner, e);
	if (r >= 0)
		r = table_create(t->owner, v, n < NFT_TRACED_MAX ? n : NFT_TRACED_MAX, e);
	if (r < 0) {
		nft_trace_end(t);
		return r;
	}
	*ret = t;
	return 0;
}

void nft_trace_end(struct nft_trace *t)
{
	if (!t)
		return;
	rtnl_close(t->owner);
	if (t->fd >= 0)
		close(t->fd);
	free(t);
}

int nft_trace_fd(const struct nft_trace *t)
{
	return t->fd;
}

static uint32_t number(const struct nlattr *a)
{
	return a && nla_len(a) >= 4 ? ntohl(nla_get_u32(a)) : 0;
}

static uint64_t big_number(const struct nlattr *a)
{
	uint64_t v = 0;

	if (a && nla_len(a) >= (int)sizeof(v))
		memcpy(&v, nla_data(a), sizeof(v));
	return be64toh(v);
}

static uint16_t port_at(const struct nlattr *transport, size_t offset)
{
	const uint8_t *at = nla_data(transport);

	return (uint16_t)(at[offset] << 8 | at[offset + 1]);
}

static bool has_ports(uint8_t proto)
{
	return proto == IPPROTO_TCP || proto == IPPROTO_UDP;
}

/* The first event of a packet at a chain has its headers. */
static void read_header(struct nft_trace_event *to, const struct nlattr *network, const struct nlattr *transport)
{
	const uint8_t *at = network ? nla_data(network) : NULL;
	struct nft_packet *h = &to->header;
	int size = network ? nla_len(network) : 0;

	if (size >= IPV4_SIZE && at[0] >> 4 == 4) {
		*h = (struct nft_packet){ { AF_INET, 32, { 0 } }, { AF_INET, 32, { 0 } }, .proto = at[9] };
		memcpy(h->from.addr, at + 12, 4);
		memcpy(h->to.addr, at + 16, 4);
	} else if (size >= IPV6_SIZE && at[0] >> 4 == 6) {
		*h = (struct nft_packet){ { AF_INET6, 128, { 0 } }, { AF_INET6, 128, { 0 } }, .proto = at[6] };
		memcpy(h->from.addr, at + 8, 16);
		memcpy(h->to.addr, at + 24, 16);
	} else {
		return;
	}
	to->has_header = true;
	if (transport && nla_len(transport) >= 4 && has_ports(h->proto)) {
		h->sport = port_at(transport, 0);
		h->dport = port_at(transport, 2);
	}
}

/* Whether it is worth to be told: at the table of the trace itself the event that has the headers says where a packet is;
 * elsewhere the one that has them may have no rule. */
static bool read_place(struct nft_trace_event *to, uint32_t type)
{
	if (strcmp(to->table, NFT_TRACE_TABLE) != 0)
		return type == NFT_TRACETYPE_POLICY || (type == NFT_TRACETYPE_RULE && to->handle);
	to->what = strncmp(to->chain, FIRST, strlen(FIRST)) != 0 ? NFT_TRACE_PASSED : NFT_TRACE_SEEN;
	to->hook = strchr(to->chain, '_') + 1;
	return to->has_header;
}

/* A text of the message, for people. */
static const char *text_of(struct arena *a, const struct nlattr *in)
{
	const char *s = nft_text(in);

	return nft_print(arena_strdup(a, s ? s : "?"));
}

static bool read_event(struct nft_trace_event *to, const struct nlmsghdr *h, struct arena *arena)
{
	uint8_t family = ((const struct nfgenmsg *)nlmsg_data(h))->nfgen_family;
	struct nlattr *a[NFTA_TRACE_MAX + 1], *verdict[NFTA_VERDICT_MAX + 1] = { 0 };
	uint32_t type;

	if (h->nlmsg_type != (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_TRACE) ||
	    nlmsg_parse((struct nlmsghdr *)(uintptr_t)h, sizeof(struct nfgenmsg), a, NFTA_TRACE_MAX, NULL) < 0)
		return false;
	type = number(a[NFTA_TRACE_TYPE]);
	if (a[NFTA_TRACE_VERDICT] && nla_parse_nested(verdict, NFTA_VERDICT_MAX, a[NFTA_TRACE_VERDICT], NULL) < 0)
		return false;
	*to = (struct nft_trace_event){
		.what = type == NFT_TRACETYPE_POLICY ? NFT_TRACE_POLICY : NFT_TRACE_RULE,
		.packet = number(a[NFTA_TRACE_ID]),
		.family = nft_family_name(family),
		.table = text_of(arena, a[NFTA_TRACE_TABLE]),
		.chain = text_of(arena, a[NFTA_TRACE_CHAIN]),
		.handle = big_number(a[NFTA_TRACE_RULE_HANDLE]),
		.verdict = number(type == NFT_TRACETYPE_POLICY ? a[NFTA_TRACE_POLICY] : verdict[NFTA_VERDICT_CODE]),
		.target = verdict[NFTA_VERDICT_CHAIN] ? text_of(arena, verdict[NFTA_VERDICT_CHAIN]) : NULL,
		.in = number(a[NFTA_TRACE_IIF]),
		.out = number(a[NFTA_TRACE_OIF]),
	};
	read_header(to, a[NFTA_TRACE_NETWORK_HEADER], a[NFTA_TRACE_TRANSPORT_HEADER]);
	return read_place(to, type);
}

int nft_trace_read(struct nft_trace *t, void (*each)(const struct nft_trace_event *event, void *arg), void *arg)
{
	char buffer[16 << 10] __attribute__((aligned(NLMSG_ALIGNTO)));

	for (size_t i = 0; i < DATAGRAMS; i++) {
		_cleanup_(arena_done) struct arena arena = { 0 };
		ssize_t n = recv(t->fd, buffer, sizeof(buffer), MSG_DONTWAIT);
		int left = (int)n;

		if (n < 0)
			return errno == ENOBUFS ? -ENOBUFS : 0;
		for (struct nlmsghdr *h = (void *)buffer; nlmsg_ok(h, left); h = nlmsg_next(h, &left)) {
			struct nft_trace_event event;

			if (read_event(&event, h, &arena))
				each(&event, arg);
		}
	}
	return 1;
}
