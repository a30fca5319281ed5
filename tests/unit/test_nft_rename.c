/* SPDX-License-Identifier: MIT */
/* test_nft_rename.c - which chains a rename names, and how: by their handles, all in one transaction. */
#include "kernel/nft_rename.h"
#include "nft_table_seen.h"
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

/* What was sent to change the table, "HANDLE NAME " for each chain, and what is answered. */
static char sent[1024];
static unsigned transactions;
static int answer;

// NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the names that --wrap of ld(1) makes
int __wrap_rtnl_transact(struct rtnl *nl, void *bytes, size_t size, size_t *ret_at, struct err *e);
// NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)

int __wrap_rtnl_transact(_unused_ struct rtnl *nl, void *bytes, size_t size, size_t *ret_at, struct err *e)
{
	int left = (int)size;
	size_t n = 0, at = 0;

	transactions++;
	*ret_at = 0;
	for (struct nlmsghdr *h = bytes; nlmsg_ok(h, left); h = nlmsg_next(h, &left), at++) {
		const struct nlattr *handle = nft_attr(h, NFTA_CHAIN_HANDLE);
		uint64_t number;

		if (at == 0) {
			assert_int_equal(h->nlmsg_type, NFNL_MSG_BATCH_BEGIN);
			continue;
		}
		if (h->nlmsg_type == NFNL_MSG_BATCH_END)
			continue;
		assert_int_equal(h->nlmsg_type, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWCHAIN);
		/* Without it the kernel would not answer; it must not create one. */
		assert_int_equal(h->nlmsg_flags, NLM_F_REQUEST | NLM_F_ACK);
		assert_string_equal(nft_text(nft_attr(h, NFTA_CHAIN_TABLE)), "netnsd");
		assert_int_equal(nla_len(handle), sizeof(number));
		memcpy(&number, nla_data(handle), sizeof(number));
		n += (size_t)snprintf(sent + n, sizeof(sent) - n, "%llu %s ", (unsigned long long)number,
				      nft_text(nft_attr(h, NFTA_CHAIN_NAME)));
	}
	assert_int_equal(left, 0);
	return answer ? err_kernel(e, -answer, NULL, "the kernel refused") : 0;
}

static const char *renamed(struct nft_seen_chain *chains, size_t n, const char *from, const char *to, int *ret)
{
	struct err e;

	table_seen = (struct nft_seen){ .exists = true, .chains = chains, .n_chains = n };
	*sent = '\0';
	transactions = 0;
	*ret = nft_table_rename(NULL, from, to, &e);
	return sent;
}

static struct nft_seen_chain chains[] = {
	{ .name = "forward", .base = "forward", .hooked = true, .handle = 1 },
	{ .name = "forward_lab", .base = "forward", .topology = "lab", .handle = 2 },
	{ .name = "last_forward_lab", .base = "forward", .topology = "lab", .last = true, .handle = 3 },
	{ .name = "forward_lab-2", .base = "forward", .topology = "lab-2", .handle = 4 },
	{ .name = "input_lab", .base = "input", .topology = "lab", .handle = 5 },
	{ .name = "mine", .handle = 6 },
};

static void test_chains_of_one_topology(_unused_ void **state)
{
	int r;

	assert_string_equal(renamed(chains, ARRAY_SIZE(chains), "lab", "web", &r),
			    "2 forward_web 3 last_forward_web 5 input_web ");
	assert_int_equal(r, 0);
	assert_int_equal(transactions, 1);
}

static void test_longest_names(_unused_ void **state)
{
	static const char to[] = "1234567890123456789012345678901234567890123456789012345678901234";
	int r;

	assert_non_null(strstr(renamed(chains, ARRAY_SIZE(chains), "lab", to, &r), to));
	assert_int_equal(r, 0);
}

/* Also after a crash, when they have the new names already. */
static void test_nothing_to_do(_unused_ void **state)
{
	int r;

	renamed(chains, ARRAY_SIZE(chains), "web", "lab", &r);
	assert_int_equal(r, 0);
	renamed(NULL, 0, "lab", "web", &r);
	assert_int_equal(r, 0);
	assert_int_equal(transactions, 0);
}

static void test_refused(_unused_ void **state)
{
	int r;

	answer = -EEXIST;
	renamed(chains, ARRAY_SIZE(chains), "lab", "web", &r);
	assert_int_equal(r, -EEXIST);
	/* Answers were lost, and nothing has changed. */
	answer = -ENOBUFS;
	renamed(chains, ARRAY_SIZE(chains), "lab", "web", &r);
	assert_int_equal(r, -ENOBUFS);
	answer = 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_chains_of_one_topology),
		cmocka_unit_test(test_longest_names),
		cmocka_unit_test(test_nothing_to_do),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
