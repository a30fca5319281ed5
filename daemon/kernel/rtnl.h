/* SPDX-License-Identifier: MIT */
/* rtnl.h - a rtnetlink socket inside one namespace: dumps that restart when they were disturbed, batches of
 * requests, and the kernel's own words for errors. */
#pragma once
#include "model/kind.h"
#include <netlink/attr.h>
#include <netlink/msg.h>

struct rtnl;
struct op;
struct rtmsg;

/* Opens a socket in the present namespace of the thread. */
int rtnl_open(struct rtnl **ret, struct err *e);
/* Likewise, one that speaks nfnetlink. */
int rtnl_open_netfilter(struct rtnl **ret, struct err *e);
/* Likewise, one that is asked about sockets. */
int rtnl_open_sock_diag(struct rtnl **ret, struct err *e);
void rtnl_close(struct rtnl *nl);
/* The kernel's unique number of its namespace, never reused; 0: it has none. */
uint64_t rtnl_cookie(const struct rtnl *nl);
/* Its own number, by which the kernel knows the owner of a table. */
uint32_t rtnl_port(const struct rtnl *nl);
int rtnl_fd(const struct rtnl *nl);
/* Answers to a request that failed may still arrive: only rtnl_close can be relied on. */
bool rtnl_is_behind(const struct rtnl *nl);
static inline void rtnl_closep(struct rtnl **nl)
{
	rtnl_close(*nl);
}
static inline void msg_freep(struct nl_msg **m)
{
	nlmsg_free(*m);
}

/* Makes a request with its fixed header; aborts when memory runs out. */
struct nl_msg *msg_new(int type, int flags, const void *header, size_t size);
/* Appends an attribute; messages are made large enough, so failing is a bug. */
void msg_put(struct nl_msg *m, int type, const void *value, size_t size);
void msg_put_u32(struct nl_msg *m, int type, uint32_t value);
void msg_put_string(struct nl_msg *m, int type, const char *s);

/* Sends @m as a dump and calls @each, which may ask (rtnl_ask) on another socket and do nothing else with sockets, with
 * every message of the answer.  @restart is
 * called when the kernel's tables changed during the dump and it begins again. */
int rtnl_dump(struct rtnl *nl, struct nl_msg *m, void (*each)(const struct nlmsghdr *h, void *arg),
	      void (*restart)(void *arg), void *arg, struct err *e);
/* The same a part at a time, for dumps of a size that nobody knows: begins one … */
int rtnl_dump_begin(struct rtnl *nl, struct nl_msg *m, struct err *e);
/* … and passes on what arrived next.  1: there may be more; 0: that was the end; -EINTR: the kernel's tables changed
 * meanwhile.  A socket whose dump is not read to its end is good for nothing but rtnl_close. */
int rtnl_dump_more(struct rtnl *nl, void (*each)(const struct nlmsghdr *h, void *arg), void *arg, struct err *e);
/* Sends @m and calls @each with the answer, if there is one besides the acknowledgement. */
int rtnl_ask(struct rtnl *nl, struct nl_msg *m, void (*each)(const struct nlmsghdr *h, void *arg), void *arg,
	     struct err *e);
/* Sends @bytes, a batch of nfnetlink, and numbers its messages.  The kernel takes all of it or nothing; then @ret_at is the
 * number of the first message that it refused, from 0.  -ENOBUFS: answers were lost, and it may have done either. */
int rtnl_transact(struct rtnl *nl, void *bytes, size_t size, size_t *ret_at, struct err *e);
/* The address in an attribute. */
struct inet msg_inet(uint8_t family, uint8_t len, const struct nlattr *from);
/* The gateway of a route of @family, from RTA_GATEWAY or RTA_VIA, each of which may be NULL; family 0: it has none.  An IPv4
 * route may have an IPv6 gateway (struct rtvia). */
struct inet msg_gateway(uint8_t family, const struct nlattr *gateway, const struct nlattr *via);
/* The slot of the route in a message, from its header and its attributes. */
struct slot msg_slot(const struct rtmsg *r, struct nlattr **a);

enum {
	/* Above this the acknowledgements of a batch that fails completely may not fit the receive buffer, 1 KiB
	 * each. */
	BATCH_MESSAGES = 128,
	/* The kernel accepts no more at once than libnl's send buffer, 64 KiB, less its own head. */
	BATCH_BYTES = 60 << 10,
	/* One request: a route with 256 next hops of IPv6 is the largest. */
	MESSAGE_BYTES = 16 << 10,
};

/* Requests that are sent at once. */
struct rtnl_batch {
	char *buffer;
	size_t size, n;
	uint32_t seq[BATCH_MESSAGES];
	struct op *op[BATCH_MESSAGES];
};
void rtnl_batch_done(struct rtnl_batch *b);
/* Whether another message of @size bytes has to wait for the next batch. */
bool rtnl_batch_full(const struct rtnl_batch *b, size_t size);
/* Appends @m, which is freed, on behalf of @op; NULL: the kernel's answer does not matter. */
void rtnl_batch_add(struct rtnl_batch *b, struct nl_msg *m, struct op *op);
/* Sends everything, waits for the end, empties the batch.  On failure @ret_op is the first that was refused; the
 * kernel has executed those after it. */
int rtnl_batch_send(struct rtnl_batch *b, struct rtnl *nl, struct op **ret_op, struct err *e);
