/* SPDX-License-Identifier: MIT */
/* test_nft_owner.c - which flags a table gets, and what becomes of them on a kernel that has no owner that persists
 * (before Linux 6.9): send(2) and recv(2) end at one that has no tables yet and says what it does not know. */
#include "kernel/nft_owner.h"
#include "kernel/nft_table.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <sys/socket.h>

enum { OWNER = 2, PERSIST = 4, OURS = OWNER | PERSIST };

static int unknown; /* what it says of such flags; 0: it has them */
static uint32_t flags_seen;
static size_t transactions;
static struct {
	struct nlmsghdr h;
	struct nlmsgerr e;
} answer;
static bool answered;

static void answer_to(const struct nlmsghdr *h, int code)
{
	if (answered && answer.e.error)
		return;
	answer.h =
		(struct nlmsghdr){ .nlmsg_len = sizeof(answer), .nlmsg_type = NLMSG_ERROR, .nlmsg_seq = h->nlmsg_seq };
	answer.e = (struct nlmsgerr){ .error = -code, .msg = *h };
	answered = true;
}

ssize_t send(_unused_ int fd, const void *bytes, size_t size, _unused_ int flags)
{
	int left = (int)size;

	answered = false;
	for (struct nlmsghdr *h = (void *)(uintptr_t)bytes; nlmsg_ok(h, left); h = nlmsg_next(h, &left)) {
		const struct nlattr *a;

		if (h->nlmsg_type == (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETTABLE))
			answer_to(h, ENOENT);
		if (h->nlmsg_type == NFNL_MSG_BATCH_BEGIN)
			transactions++;
		if (h->nlmsg_type != (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWTABLE))
			continue;
		a = nlmsg_find_attr(h, sizeof(struct nfgenmsg), NFTA_TABLE_FLAGS);
		flags_seen = ntohl(nla_get_u32(a));
		answer_to(h, flags_seen ? unknown : 0);
	}
	return (ssize_t)size;
}

ssize_t recv(_unused_ int fd, void *to, _unused_ size_t size, _unused_ int flags)
{
	if (!answered) {
		errno = EAGAIN;
		return -1;
	}
	answered = false;
	memcpy(to, &answer, sizeof(answer));
	return sizeof(answer);
}

static void test_flags(_unused_ void **state)
{
	assert_int_equal(nft_owner_flags(false, 0), OURS);
	/* Claimed again, and kept. */
	assert_int_equal(nft_owner_flags(true, PERSIST), OURS);
	assert_int_equal(nft_owner_flags(true, OURS), OURS);
	assert_int_equal(nft_owner_flags(true, OURS | NFT_TABLE_F_DORMANT), OURS);
	/* Nobody can own what others may have; it wakes up all the same. */
	assert_int_equal(nft_owner_flags(true, 0), 0);
	assert_int_equal(nft_owner_flags(true, NFT_TABLE_F_DORMANT), 0);
	/* Without persist all would be lost with its owner: nothing to be claimed. */
	assert_int_equal(nft_owner_flags(true, OWNER), OWNER);
}

static int commit(struct err *e)
{
	static const struct nft_chain_image chain = { "forward", "filter", NF_INET_FORWARD, 0, NF_DROP };
	static const struct nft_image image = { .chains = &chain, .n_chains = 1 };
	_cleanup_(rtnl_closep) struct rtnl *nl = NULL;
	bool ours;
	int r;

	assert_int_equal(rtnl_open(&nl, e), 0);
	r = nft_table_commit(nl, &image, "lab", &ours, e);
	assert_int_equal(ours, r == 0 && flags_seen == OURS);
	return r;
}

static void test_other_errors(_unused_ void **state)
{
	struct err e;

	unknown = ENOMEM;
	assert_int_equal(commit(&e), -ENOMEM);
	assert_int_equal(transactions, 1);
	unknown = 0;
	assert_int_equal(commit(&e), 0);
	assert_int_equal(flags_seen, OURS);
}

/* It is asked without them, and is not asked again. */
static void test_older_kernel(void **state)
{
	struct err e;

	unknown = *(int *)*state;
	transactions = 0;
	assert_int_equal(commit(&e), 0);
	assert_int_equal(transactions, 2);
	assert_int_equal(flags_seen, 0);
	assert_int_equal(commit(&e), 0);
	assert_int_equal(transactions, 3);
	assert_int_equal(nft_owner_flags(true, PERSIST), PERSIST);
	assert_null(nft_owner_get(&(struct netns){ .fd = -1 }));
}

int main(void)
{
	static int code = EOPNOTSUPP;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_other_errors),
		cmocka_unit_test_prestate(test_older_kernel, &code),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
