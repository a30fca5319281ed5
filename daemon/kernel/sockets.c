/* SPDX-License-Identifier: MIT */
/* sockets.c - asks the kernel for sockets (sock_diag(7)). */
#include "sockets.h"
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

struct reading {
	void (*each)(const struct bound_socket *s, void *arg);
	void *arg;
	uint8_t proto;
};

static void on_socket(const struct nlmsghdr *h, void *arg)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	const struct inet_diag_msg *d = nlmsg_data(h);
	const struct reading *r = arg;
	struct bound_socket s = { .proto = r->proto };
	const struct nlattr *only;
	const uint8_t *from;
	bool v4;

	if (h->nlmsg_len < NLMSG_LENGTH(sizeof(*d)) || (d->idiag_family != AF_INET && d->idiag_family != AF_INET6))
		return;
	from = (const uint8_t *)d->id.idiag_src;
	v4 = d->idiag_family == AF_INET || !memcmp(from, mapped, sizeof(mapped));
	if (v4 && d->idiag_family == AF_INET6)
		from += sizeof(mapped);
	s.address = (struct inet){ .family = v4 ? AF_INET : AF_INET6, .len = v4 ? 32 : 128 };
	memcpy(s.address.addr, from, v4 ? 4 : 16);
	s.port = d->id.idiag_sport;
	only = nlmsg_find_attr((struct nlmsghdr *)(uintptr_t)h, sizeof(*d), INET_DIAG_SKV6ONLY);
	s.both = !v4 && inet_is_unspecified(&s.address) && !(only && nla_len(only) == 1 && nla_get_u8(only));
	r->each(&s, r->arg);
}

/* What was seen twice does no harm. */
static void on_restart(_unused_ void *arg)
{
}

static int read_some(struct rtnl *nl, uint8_t family, uint8_t proto, struct reading *r, struct err *e)
{
	struct inet_diag_req_v2 q = {
		.sdiag_family = family,
		.sdiag_protocol = proto,
		.idiag_states = 1U << (proto == IPPROTO_TCP ? TCP_LISTEN : TCP_CLOSE),
	};
	_cleanup_(msg_freep) struct nl_msg *m = msg_new(SOCK_DIAG_BY_FAMILY, 0, &q, sizeof(q));
	int code;

	r->proto = proto;
	code = rtnl_dump(nl, m, on_socket, on_restart, r, e);
	/* Without the module, or the protocol. */
	return code == -ENOENT || code == -EINVAL || code == -EOPNOTSUPP ? 0 : code;
}

int sockets_read(void (*each)(const struct bound_socket *s, void *arg), void *arg, struct err *e)
{
	static const uint8_t families[] = { AF_INET, AF_INET6 }, protos[] = { IPPROTO_TCP, IPPROTO_UDP };
	struct reading r = { .each = each, .arg = arg };
	_cleanup_(rtnl_closep) struct rtnl *nl = NULL;
	int code = rtnl_open_sock_diag(&nl, e);

	for (size_t i = 0; i < ARRAY_SIZE(families); i++)
		for (size_t k = 0; k < ARRAY_SIZE(protos) && code == 0; k++)
			code = read_some(nl, families[i], protos[k], &r, e);
	return code;
}
