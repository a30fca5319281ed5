/* SPDX-License-Identifier: MIT */
/* rtnl.c - speaks rtnetlink with libnl's messages.  Answers are read here and not by
 * libnl's receiver, which drops the kernel's extended error and the error in NLMSG_DONE;
 * and libnl opens at most 1024 sockets. */
#include "rtnl.h"
#include <linux/rtnetlink.h>
#include <poll.h>
#include <sys/socket.h>

enum {
	RECEIVE_BYTES = BATCH_MESSAGES << 10,
	ANSWER_MS = 3000, /* the kernel answers at once, or not at all */
	DUMP_TRIES = 10,
};

struct rtnl {
	int fd;
	uint32_t seq;
	bool behind;    /* answers may be left in it */
	bool disturbed; /* of the dump that rtnl_dump_more goes on with */
};

/* One answer at a time is read, by the one thread that speaks netlink; while the messages of a dump are gone through,
 * something else may be asked. */
static char receive_buffer[RECEIVE_BYTES] __attribute__((aligned(NLMSG_ALIGNTO)));
static char ask_buffer[RECEIVE_BYTES] __attribute__((aligned(NLMSG_ALIGNTO)));

static int socket_open(struct rtnl **ret, int protocol, struct err *e)
{
	static const struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	_cleanup_(closep) int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
	int on = 1, size = RECEIVE_BYTES;

	/* Only the kernel's messages are received: others in the namespace may send, too. */
	if (fd < 0 || connect(fd, (const struct sockaddr *)&kernel, sizeof(kernel)) < 0)
		return err_kernel(e, errno, NULL, "netlink socket");
	/* Older kernels lack some of these; their errors then have fewer words. */
	setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
	setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
	setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof(on));
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	*ret = must(calloc(1, sizeof(**ret)));
	**ret = (struct rtnl){ .fd = take_fd(&fd) };
	return 0;
}

int rtnl_open(struct rtnl **ret, struct err *e)
{
	return socket_open(ret, NETLINK_ROUTE, e);
}

int rtnl_open_netfilter(struct rtnl **ret, struct err *e)
{
	return socket_open(ret, NETLINK_NETFILTER, e);
}

int rtnl_open_sock_diag(struct rtnl **ret, struct err *e)
{
	return socket_open(ret, NETLINK_SOCK_DIAG, e);
}

uint64_t rtnl_cookie(const struct rtnl *nl)
{
	uint64_t cookie = 0;
	socklen_t size = sizeof(cookie);

	return getsockopt(nl->fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &size) < 0 ? 0 : cookie;
}

uint32_t rtnl_port(const struct rtnl *nl)
{
	struct sockaddr_nl own = { 0 };
	socklen_t size = sizeof(own);

	return getsockname(nl->fd, (struct sockaddr *)&own, &size) < 0 ? 0 : own.nl_pid;
}

int rtnl_fd(const struct rtnl *nl)
{
	return nl->fd;
}

bool rtnl_is_behind(const struct rtnl *nl)
{
	return nl->behind;
}

void rtnl_close(struct rtnl *nl)
{
	if (!nl)
		return;
	close(nl->fd);
	free(nl);
}

struct nl_msg *msg_new(int type, int flags, const void *header, size_t size)
{
	struct nl_msg *m = must(nlmsg_alloc_size(MESSAGE_BYTES));

	must(nlmsg_put(m, NL_AUTO_PORT, 0, type, 0, flags | NLM_F_REQUEST));
	if (nlmsg_append(m, (void *)(uintptr_t)header, size, NLMSG_ALIGNTO) < 0)
		abort();
	return m;
}

void msg_put(struct nl_msg *m, int type, const void *value, size_t size)
{
	if (nla_put(m, type, (int)size, value) < 0)
		abort();
}

void msg_put_u32(struct nl_msg *m, int type, uint32_t value)
{
	msg_put(m, type, &value, sizeof(value));
}

void msg_put_string(struct nl_msg *m, int type, const char *s)
{
	msg_put(m, type, s, strlen(s) + 1);
}

static int rtnl_send_bytes(struct rtnl *nl, const void *bytes, size_t size, struct err *e)
{
	if (send(nl->fd, bytes, size, 0) < 0)
		return err_kernel(e, errno, NULL, "netlink");
	return 0;
}

static int rtnl_receive(struct rtnl *nl, char buffer[RECEIVE_BYTES], ssize_t *ret_size, struct err *e)
{
	struct pollfd p = { .fd = nl->fd, .events = POLLIN };

	nl->behind = true;
	/* As a rule the answer is there when the request returns. */
	*ret_size = recv(p.fd, buffer, RECEIVE_BYTES, MSG_DONTWAIT);
	if (*ret_size < 0 && errno == EAGAIN) {
		if (poll(&p, 1, ANSWER_MS) == 0)
			return err_set(e, ETIMEDOUT, "the kernel did not answer in %d s", ANSWER_MS / 1000);
		*ret_size = recv(p.fd, buffer, RECEIVE_BYTES, MSG_DONTWAIT);
	}
	if (*ret_size < 0)
		return err_kernel(e, errno, NULL, "netlink answer");
	nl->behind = false;
	return 0;
}

/* An error message, or the end of a dump: both begin with an errno. */
static int message_error(const struct nlmsghdr *h, struct err *e)
{
	const int *code = nlmsg_data(h);
	size_t skip = sizeof(int);
	const struct nlattr *words;

	if (h->nlmsg_len < NLMSG_HDRLEN + sizeof(int) || !*code)
		return 0;
	if (h->nlmsg_type == NLMSG_ERROR) {
		const struct nlmsgerr *error = nlmsg_data(h);

		skip = sizeof(*error);
		if (!(h->nlmsg_flags & NLM_F_CAPPED))
			skip += error->msg.nlmsg_len - NLMSG_HDRLEN;
	}
	words = h->nlmsg_flags & NLM_F_ACK_TLVS
			? nlmsg_find_attr((struct nlmsghdr *)(uintptr_t)h, (int)skip, NLMSGERR_ATTR_MSG)
			: NULL;
	return err_kernel(e, *code, words ? nla_data(words) : NULL, "the kernel refused");
}

static struct nlmsghdr *message_start(struct rtnl *nl, struct nl_msg *m)
{
	struct nlmsghdr *h = nlmsg_hdr(m);

	h->nlmsg_seq = ++nl->seq;
	return h;
}

/* 1: at its end, 0: more to come, -EINTR: it has to restart. */
static int dump_part(struct rtnl *nl, char *buffer, ssize_t size, bool *disturbed,
		     void (*each)(const struct nlmsghdr *h, void *arg), void *arg, struct err *e)
{
	int left = (int)size;

	for (struct nlmsghdr *h = (void *)buffer; nlmsg_ok(h, left); h = nlmsg_next(h, &left)) {
		if (h->nlmsg_seq != nl->seq)
			continue;
		*disturbed |= h->nlmsg_flags & NLM_F_DUMP_INTR;
		if (h->nlmsg_type == NLMSG_DONE || h->nlmsg_type == NLMSG_ERROR) {
			if (message_error(h, e) < 0)
				return e->code;
			/* Only now may the next dump begin. */
			return *disturbed ? err_set(e, EINTR, "the kernel's tables kept changing while they were read")
					  : 1;
		}
		each(h, arg);
	}
	return 0;
}

int rtnl_dump(struct rtnl *nl, struct nl_msg *m, void (*each)(const struct nlmsghdr *h, void *arg),
	      void (*restart)(void *arg), void *arg, struct err *e)
{
	int r = -EINTR, lost = 0;

	for (int i = 0; i < DUMP_TRIES && (r == -EINTR || r == -ENOBUFS); i++) {
		struct nlmsghdr *h = message_start(nl, m);
		bool disturbed = false;

		if (i > 0)
			restart(arg);
		h->nlmsg_flags |= NLM_F_DUMP;
		r = rtnl_send_bytes(nl, h, h->nlmsg_len, e);
		while (r == 0) {
			ssize_t size;

			r = rtnl_receive(nl, receive_buffer, &size, e);
			if (r == 0)
				r = dump_part(nl, receive_buffer, size, &disturbed, each, arg, e);
			/* It continues after what was lost; before its end no other may begin. */
			else if ((r == -EINTR || r == -ENOBUFS) && lost++ < DUMP_TRIES)
				r = 0, disturbed = true;
		}
	}
	return r < 0 ? r : 0;
}

int rtnl_dump_begin(struct rtnl *nl, struct nl_msg *m, struct err *e)
{
	struct nlmsghdr *h = message_start(nl, m);

	h->nlmsg_flags |= NLM_F_DUMP;
	nl->disturbed = false;
	return rtnl_send_bytes(nl, h, h->nlmsg_len, e);
}

int rtnl_dump_more(struct rtnl *nl, void (*each)(const struct nlmsghdr *h, void *arg), void *arg, struct err *e)
{
	ssize_t size;
	int r = rtnl_receive(nl, receive_buffer, &size, e);

	if (r == 0)
		r = dump_part(nl, receive_buffer, size, &nl->disturbed, each, arg, e);
	else if (r == -EINTR || r == -ENOBUFS)
		/* It continues after what was lost, and ends with -EINTR. */
		return nl->disturbed = true;
	return r < 0 ? r : !r;
}

int rtnl_ask(struct rtnl *nl, struct nl_msg *m, void (*each)(const struct nlmsghdr *h, void *arg), void *arg,
	     struct err *e)
{
	struct nlmsghdr *h = message_start(nl, m);
	bool disturbed = false;
	int r;

	h->nlmsg_flags |= NLM_F_ACK;
	r = rtnl_send_bytes(nl, h, h->nlmsg_len, e);
	while (r == 0) {
		ssize_t size;

		r = rtnl_receive(nl, ask_buffer, &size, e);
		if (r == 0)
			r = dump_part(nl, ask_buffer, size, &disturbed, each, arg, e);
	}
	return r < 0 ? r : 0;
}

struct inet msg_inet(uint8_t family, uint8_t len, const struct nlattr *from)
{
	struct inet i = { .family = family, .len = len };
	int size = family == AF_INET ? 4 : 16;

	memcpy(i.addr, nla_data(from), (size_t)(nla_len(from) < size ? nla_len(from) : size));
	return i;
}

struct inet msg_gateway(uint8_t family, const struct nlattr *gateway, const struct nlattr *via)
{
	struct inet i = { 0 };
	uint16_t other = 0;
	uint8_t len;

	if (gateway)
		return msg_inet(family, family == AF_INET ? 32 : 128, gateway);
	if (!via || nla_len(via) < (int)sizeof(other))
		return i;
	memcpy(&other, nla_data(via), sizeof(other));
	len = other == AF_INET ? 32 : 128;
	if ((other != AF_INET && other != AF_INET6) || nla_len(via) < (int)sizeof(other) + len / 8)
		return i;
	i = (struct inet){ .family = (uint8_t)other, .len = len };
	memcpy(i.addr, (const char *)nla_data(via) + sizeof(other), len / 8);
	return i;
}

struct slot msg_slot(const struct rtmsg *r, struct nlattr **a)
{
	struct slot s = {
		.family = r->rtm_family,
		.metric = a[RTA_PRIORITY] ? nla_get_u32(a[RTA_PRIORITY]) : 0,
		.table = a[RTA_TABLE] ? nla_get_u32(a[RTA_TABLE]) : r->rtm_table,
	};

	if (a[RTA_DST] && r->rtm_dst_len)
		s.to = msg_inet(r->rtm_family, r->rtm_dst_len, a[RTA_DST]);
	return s;
}

void rtnl_batch_done(struct rtnl_batch *b)
{
	free(b->buffer);
	*b = (struct rtnl_batch){ 0 };
}

bool rtnl_batch_full(const struct rtnl_batch *b, size_t size)
{
	return b->n == BATCH_MESSAGES || b->size + size > BATCH_BYTES;
}

void rtnl_batch_add(struct rtnl_batch *b, struct nl_msg *m, struct op *op)
{
	struct nlmsghdr *h = nlmsg_hdr(m);
	size_t size = NLMSG_ALIGN(h->nlmsg_len);

	if (!b->buffer)
		b->buffer = must(malloc(BATCH_BYTES));
	memcpy(b->buffer + b->size, h, h->nlmsg_len);
	memset(b->buffer + b->size + h->nlmsg_len, 0, size - h->nlmsg_len);
	b->op[b->n++] = op;
	b->size += size;
	nlmsg_free(m);
}

/* The object to remove is gone: the kernel removed it with something else.  Types come in
 * fours, NEW, DEL, GET, SET (linux/rtnetlink.h). */
static bool is_gone(const struct nlmsghdr *h, int code)
{
	const struct nlmsgerr *error = nlmsg_data(h);

	return (error->msg.nlmsg_type - RTM_BASE) % 4 == 1 &&
	       (code == -ESRCH || code == -ENOENT || code == -EADDRNOTAVAIL || code == -ENODEV ||
		code == -ENXIO); /* a link that has lost IPv6 as a whole */
}

/* The route to add to others is there already: the kernel created it with an address. */
static bool is_there(const struct nlmsghdr *h, int code)
{
	const struct nlmsgerr *error = nlmsg_data(h);

	return error->msg.nlmsg_type == RTM_NEWROUTE && error->msg.nlmsg_flags & NLM_F_APPEND && code == -EEXIST;
}

/* Finds the request of the batch that an answer is for. */
static int rtnl_batch_answer(const struct rtnl_batch *b, const struct nlmsghdr *h, struct op **ret_op, struct err *e)
{
	if (h->nlmsg_type != NLMSG_ERROR || message_error(h, e) == 0 || is_gone(h, e->code) || is_there(h, e->code))
		return 0;
	for (size_t i = 0; i < b->n; i++)
		if (b->seq[i] == h->nlmsg_seq)
			*ret_op = b->op[i];
	return *ret_op ? e->code : 0;
}

int rtnl_batch_send(struct rtnl_batch *b, struct rtnl *nl, struct op **ret_op, struct err *e)
{
	int left = (int)b->size, r, refused = 0;
	struct err first, *into = &first;
	size_t i = 0;

	for (struct nlmsghdr *h = (void *)b->buffer; i < b->n && nlmsg_ok(h, left); h = nlmsg_next(h, &left), i++) {
		h->nlmsg_seq = b->seq[i] = ++nl->seq;
		/* Errors are always answered; the answer to the last request shows that all have arrived. */
		h->nlmsg_flags = (uint16_t)(i + 1 == b->n ? h->nlmsg_flags | NLM_F_ACK : h->nlmsg_flags & ~NLM_F_ACK);
	}
	r = b->n ? rtnl_send_bytes(nl, b->buffer, b->size, e) : 0;
	for (bool end = !b->n; r == 0 && !end;) {
		ssize_t size;

		r = rtnl_receive(nl, receive_buffer, &size, e);
		left = (int)size;
		for (struct nlmsghdr *h = (void *)receive_buffer; r == 0 && nlmsg_ok(h, left);
		     h = nlmsg_next(h, &left)) {
			struct op *op = NULL;

			end |= h->nlmsg_seq == b->seq[b->n - 1];
			if (refused == 0 && (refused = rtnl_batch_answer(b, h, &op, into)) < 0)
				*ret_op = op;
		}
	}
	b->size = b->n = 0;
	if (r == 0 && refused < 0)
		*e = first;
	return r < 0 ? r : refused;
}

/* One answer to a batch of nfnetlink; the first error counts, later ones follow from it.  What answers an earlier request
 * is not one. */
static void transaction_answer(const struct nlmsghdr *h, uint32_t first, size_t *ret_at, bool *done, struct err *e)
{
	struct err err;

	if (h->nlmsg_type != NLMSG_ERROR || (int32_t)(h->nlmsg_seq - first) < 0)
		return;
	*done = true;
	if (message_error(h, &err) == 0 || e->code)
		return;
	*e = err;
	*ret_at = h->nlmsg_seq - first;
}

int rtnl_transact(struct rtnl *nl, void *bytes, size_t size, size_t *ret_at, struct err *e)
{
	int left = (int)size, fd = nl->fd, room = (int)size * 2;
	uint32_t first = nl->seq + 1;
	bool done = false, lost = false;
	ssize_t got = 0;

	for (struct nlmsghdr *h = bytes; nlmsg_ok(h, left); h = nlmsg_next(h, &left))
		h->nlmsg_seq = ++nl->seq;
	if (size > BATCH_BYTES && setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	*ret_at = 0;
	if (rtnl_send_bytes(nl, bytes, size, e) < 0)
		return e->code;
	e->code = 0;
	/* All answers are there when the call returns (nfnetlink_rcv_batch, net/netfilter/nfnetlink.c); behind an overrun
	 * those that came before it. */
	while ((got = recv(fd, receive_buffer, RECEIVE_BYTES, MSG_DONTWAIT)) >= 0 || errno == EINTR ||
	       errno == ENOBUFS) {
		lost |= got < 0 && errno == ENOBUFS;
		left = (int)got;
		for (struct nlmsghdr *h = (void *)receive_buffer; got > 0 && nlmsg_ok(h, left);
		     h = nlmsg_next(h, &left))
			transaction_answer(h, first, ret_at, &done, e);
	}
	nl->behind = errno != EAGAIN;
	if (e->code == 0 && lost)
		return err_kernel(e, ENOBUFS, NULL, "answers of netfilter were lost");
	if (e->code == 0 && !done)
		return err_kernel(e, errno == EAGAIN ? ENOMSG : errno, NULL, "netfilter did not answer");
	return e->code;
}
