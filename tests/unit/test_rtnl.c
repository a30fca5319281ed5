/* SPDX-License-Identifier: MIT */
/* test_rtnl.c - dumps and batches, against a kernel that a test writes line by line: the
 * real one disturbs a dump at random. send(2) and recv(2) are its ends. */
#include "model/plan.h"
#include "kernel/rtnl.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <linux/rtnetlink.h>
#include <sys/resource.h>
#include <sys/socket.h>

enum { LINES = 64 };

/* One message that the kernel sends, in a datagram of its own; type 0 and error: recv fails. */
struct line {
	uint16_t type, flags;
	int error;
	uint32_t comes_after; /* it answers the request that many before the last one */
};

static const struct line *script;
static size_t n_lines, at, requests, said_at[LINES];
static uint32_t last_seq;

static void play(const struct line *lines, size_t n)
{
	script = lines;
	n_lines = n;
	at = requests = 0;
}
#define PLAY(lines) play(lines, sizeof(lines) / sizeof(*(lines)))

/* The library's calls end here. */
ssize_t send(_unused_ int fd, const void *bytes, size_t size, _unused_ int flags)
{
	int left = (int)size;

	for (const struct nlmsghdr *h = bytes; nlmsg_ok(h, left);
	     h = nlmsg_next((struct nlmsghdr *)(uintptr_t)h, &left))
		last_seq = h->nlmsg_seq;
	assert_in_range(requests, 0, LINES - 1);
	said_at[requests++] = at;
	return (ssize_t)size;
}

ssize_t recv(_unused_ int fd, void *to, size_t size, _unused_ int flags)
{
	struct {
		struct nlmsghdr h;
		struct nlmsgerr e;
	} m = { 0 };
	const struct line *line;

	assert_in_range(at, 0, n_lines - 1);
	assert_true(size >= sizeof(m));
	line = &script[at++];
	if (!line->type) {
		errno = line->error;
		return -1;
	}
	m.h = (struct nlmsghdr){ .nlmsg_len = sizeof(m),
				 .nlmsg_type = line->type,
				 .nlmsg_flags = line->flags,
				 .nlmsg_seq = last_seq - line->comes_after };
	m.e.error = -line->error;
	m.e.msg.nlmsg_len = NLMSG_HDRLEN;
	memcpy(to, &m, sizeof(m));
	return sizeof(m);
}

/* The result of a dump, without what came before it restarted. */
struct found {
	size_t n, restarts;
};

static void each(_unused_ const struct nlmsghdr *h, void *arg)
{
	((struct found *)arg)->n++;
}

static void restart(void *arg)
{
	struct found *f = arg;

	*f = (struct found){ .restarts = f->restarts + 1 };
}

static int dump(struct found *f, struct err *e)
{
	_cleanup_(rtnl_closep) struct rtnl *nl = NULL;
	struct ifinfomsg header = { 0 };
	_cleanup_(msg_freep) struct nl_msg *m = msg_new(RTM_GETLINK, 0, &header, sizeof(header));

	assert_int_equal(rtnl_open(&nl, e), 0);
	return rtnl_dump(nl, m, each, restart, f, e);
}

#define LINK { RTM_NEWLINK, NLM_F_MULTI, 0, 0 }
#define TORN { RTM_NEWLINK, NLM_F_MULTI | NLM_F_DUMP_INTR, 0, 0 }
#define DONE { NLMSG_DONE, NLM_F_MULTI, 0, 0 }
#define LOST { 0, 0, ENOBUFS, 0 }

static void test_dump(_unused_ void **state)
{
	static const struct line lines[] = { LINK, { RTM_NEWLINK, NLM_F_MULTI, 0, 1 }, LINK, DONE };
	struct found f = { 0 };
	struct err e;

	PLAY(lines);
	assert_int_equal(dump(&f, &e), 0);
	/* An answer to another request is not part of it. */
	assert_int_equal(f.n, 2);
	assert_int_equal(f.restarts, 0);
}

/* The tables changed during the dump: nothing of it counts, wherever the kernel said so. */
static void test_dump_disturbed(_unused_ void **state)
{
	static const struct line lines[][8] = {
		{ LINK, TORN, LINK, DONE, LINK, DONE },
		{ LINK, LINK, LINK, { NLMSG_DONE, NLM_F_MULTI | NLM_F_DUMP_INTR, 0, 0 }, LINK, DONE },
		{ LINK, LOST, LINK, DONE, LINK, DONE },
		{ TORN, LOST, LOST, DONE, LINK, DONE },
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		struct found f = { 0 };
		struct err e;

		play(lines[i], 6);
		assert_int_equal(dump(&f, &e), 0);
		assert_int_equal(f.n, 1);
		assert_int_equal(f.restarts, 1);
		/* Read to its end before the next one was requested. */
		assert_int_equal(requests, 2);
		assert_int_equal(said_at[1], 4);
		assert_int_equal(at, 6);
	}
}

/* It does not go on for ever. */
static void test_dump_never_still(_unused_ void **state)
{
	struct line lines[2 * LINES];
	struct found f = { 0 };
	struct err e;

	for (size_t i = 0; i < 2 * LINES; i += 2) {
		lines[i] = (struct line)TORN;
		lines[i + 1] = (struct line)DONE;
	}
	PLAY(lines);
	assert_int_equal(dump(&f, &e), -EINTR);
	assert_int_equal(requests, 10);
	assert_non_null(strstr(e.text, "kept changing"));
}

static void test_dump_refused(_unused_ void **state)
{
	static const struct line as_error[] = { { NLMSG_ERROR, 0, EPERM, 0 } };
	static const struct line at_the_end[] = { LINK, { NLMSG_DONE, NLM_F_MULTI, EMSGSIZE, 0 } };
	struct found f = { 0 };
	struct err e;

	PLAY(as_error);
	assert_int_equal(dump(&f, &e), -EPERM);
	assert_non_null(strstr(e.text, strerror(EPERM)));
	PLAY(at_the_end);
	assert_int_equal(dump(&f, &e), -EMSGSIZE);
	assert_int_equal(requests, 1);
}

static int send_three(struct op **ret_op, struct op *const *ops, struct err *e)
{
	_cleanup_(rtnl_closep) struct rtnl *nl = NULL;
	_cleanup_(rtnl_batch_done) struct rtnl_batch b = { 0 };
	struct ifinfomsg header = { 0 };

	assert_int_equal(rtnl_open(&nl, e), 0);
	for (size_t i = 0; i < 3; i++)
		rtnl_batch_add(&b, msg_new(RTM_NEWLINK, 0, &header, sizeof(header)), ops[i]);
	return rtnl_batch_send(&b, nl, ret_op, e);
}

/* The first that was refused is reported, after all were answered. */
static void test_batch(_unused_ void **state)
{
	static const struct line good[] = { { NLMSG_ERROR, 0, 0, 0 } };
	static const struct line bad[] = { { NLMSG_ERROR, 0, EBUSY, 1 }, { NLMSG_ERROR, 0, EINVAL, 0 } };
	struct op ops[3] = { 0 }, *op = NULL, *each[] = { &ops[0], &ops[1], &ops[2] };
	struct err e;

	PLAY(good);
	assert_int_equal(send_three(&op, each, &e), 0);
	assert_null(op);
	PLAY(bad);
	assert_int_equal(send_three(&op, each, &e), -EBUSY);
	assert_ptr_equal(op, &ops[1]);
	assert_int_equal(at, 2);
	/* Nobody's. */
	each[1] = op = NULL;
	PLAY(good);
	assert_int_equal(send_three(&op, each, &e), 0);
}

static int transact(struct rtnl *nl, size_t *ret_at, struct err *e)
{
	struct nlmsghdr bytes[3];

	for (size_t i = 0; i < 3; i++)
		bytes[i] = (struct nlmsghdr){ .nlmsg_len = NLMSG_HDRLEN, .nlmsg_type = NLMSG_NOOP };
	return rtnl_transact(nl, bytes, sizeof(bytes), ret_at, e);
}

/* The answers of one that failed may arrive with those of the next. */
static void test_transaction(_unused_ void **state)
{
	static const struct line lost[] = { LOST, { NLMSG_ERROR, 0, 0, 1 }, { 0, 0, EAGAIN, 0 } };
	static const struct line behind[] = {
		{ NLMSG_ERROR, 0, 0, 1 }, LOST, { NLMSG_ERROR, 0, EBUSY, 0 }, { 0, 0, EAGAIN, 0 }
	};
	static const struct line good[] = { { NLMSG_ERROR, 0, EPERM, 4 },
					    { NLMSG_ERROR, 0, 0, 1 },
					    { 0, 0, EAGAIN, 0 } };
	static const struct line bad[] = { { NLMSG_ERROR, 0, ENOENT, 1 },
					   { NLMSG_ERROR, 0, EINVAL, 0 },
					   { 0, 0, EAGAIN, 0 } };
	static const struct line old[] = { { NLMSG_ERROR, 0, 0, 3 }, { 0, 0, EAGAIN, 0 } };
	_cleanup_(rtnl_closep) struct rtnl *nl = NULL;
	struct err e;
	size_t n;

	assert_int_equal(rtnl_open(&nl, &e), 0);
	PLAY(lost);
	assert_int_equal(transact(nl, &n, &e), -ENOBUFS);
	assert_int_equal(at, 3);
	assert_false(rtnl_is_behind(nl));
	/* An error is one, whatever else was lost. */
	PLAY(behind);
	assert_int_equal(transact(nl, &n, &e), -EBUSY);
	assert_int_equal(n, 2);
	PLAY(good);
	assert_int_equal(transact(nl, &n, &e), 0);
	assert_false(rtnl_is_behind(nl));
	PLAY(bad);
	assert_int_equal(transact(nl, &n, &e), -ENOENT);
	assert_int_equal(n, 1);
	PLAY(old);
	assert_int_equal(transact(nl, &n, &e), -ENOMSG);
}

/* libnl's own sockets are 1024 at most. */
static void test_many_sockets(_unused_ void **state)
{
	enum { MANY = 1100 };
	struct rlimit l = { 2 * MANY, 2 * MANY };
	struct rtnl *all[MANY];
	struct err e;

	if (setrlimit(RLIMIT_NOFILE, &l) < 0)
		skip();
	for (size_t i = 0; i < MANY; i++)
		assert_int_equal(rtnl_open(&all[i], &e), 0);
	assert_int_equal(rtnl_port(all[0]), getpid());
	assert_int_not_equal(rtnl_port(all[1]), rtnl_port(all[MANY - 1]));
	for (size_t i = 0; i < MANY; i++)
		rtnl_close(all[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dump),
		cmocka_unit_test(test_dump_disturbed),
		cmocka_unit_test(test_dump_never_still),
		cmocka_unit_test(test_dump_refused),
		cmocka_unit_test(test_batch),
		cmocka_unit_test(test_transaction),
		cmocka_unit_test(test_many_sockets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
