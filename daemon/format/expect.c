/* SPDX-License-Identifier: MIT */
/* expect.c - the rows of an expectation, from which it is read, and from which its part of the schema and of the
 * manual are made; and the rules across them. */
#include "expect.h"
#include "model/field.h"
#include "route_table.h"
#include <linux/rtnetlink.h>
#include <sys/socket.h>

static const struct word families[] = {
	{ "ipv4", AF_INET },
	{ "ipv6", AF_INET6 },
	{ NULL, 0 },
};

// clang-format off: keeps its rows
static const struct field rows[] = {
	FIELD(expectation, from, netns_name, .refs = "netns", .flags = NEEDED, .doc = "the namespace it is tried in; \"host\" for the host"),
	FIELD(expectation, ping, target, .refs = "link", .doc = "answers an echo request"),
	FIELD(expectation, tcp, target, .refs = "link", .doc = "accepts a connection at port"),
	FIELD(expectation, udp, target, .refs = "link", .doc = "receives a packet at port, and its answer comes back"),
	FIELD(expectation, port, u16, .min = 1, .doc = "of tcp and udp"),
	FIELD(expectation, listen, target, .refs = "link", .doc = "where packets arrive in the end, if a NAT sends them elsewhere"),
	FIELD(expectation, listen_port, u16, .min = 1, .doc = "likewise; the default is port"),
	FIELD(expectation, route, dest, .doc = "a route of exactly this destination exists"),
	FIELD(expectation, via, ip, .doc = "of route: the next hop, one of several"),
	FIELD(expectation, dev, ifname, .doc = "of route: the outgoing interface"),
	FIELD(expectation, table, table, .min = 1, .doc = "of route: the routing table, by number or by name; the default is main"),
	FIELD(expectation, family, word, .words = families, .doc = "which address of NS/IF, or which default route; the default is the first"),
	FIELD(expectation, reach, bool, .doc = "false: it must not be reached; the default is true"),
	FIELD(expectation, within, u32, .min = 1, .max = WITHIN_MAX, .doc = "seconds that it may take to become true; the default is 5"),
	FIELD(expectation, count, u32, .min = 1, .max = COUNT_MAX, .doc = "of ping: packets that are measured; the default is 100"),
	FIELD(expectation, loss_max, percentage, .doc = "of ping: so much of them may be lost"),
	FIELD(expectation, rtt_min, duration, .doc = "of ping: the median of their round-trip times is not below that"),
	FIELD(expectation, rtt_max, duration, .doc = "likewise, not above that"),
	FIELD(expectation, rate_min, bitrate, .doc = "of tcp: at least so much data arrives, in bits a second as *tc*(8) writes rates"),
	FIELD(expectation, rate_max, bitrate, .doc = "likewise, not more than that"),
};
// clang-format on

bool expectation_sets(const struct expectation *x, size_t offset)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].offset == offset)
			return object_has(&x->object, i);
	abort();
}

/* Which of ping, tcp, udp and route need a field, or have no use for it. */
enum { PING = 1 << 0, TCP = 1 << 1, UDP = 1 << 2, ROUTE = 1 << 3 };

static unsigned form_of(const struct expectation *x, unsigned *ret_n)
{
	bool has[] = { EXPECTS(x, ping), EXPECTS(x, tcp), EXPECTS(x, udp), EXPECTS(x, route) };
	unsigned form = 0;

	*ret_n = 0;
	for (size_t i = 0; i < ARRAY_SIZE(has); i++) {
		form |= has[i] ? 1U << i : 0;
		*ret_n += has[i];
	}
	return form;
}

static int fields_check(const struct expectation *x, unsigned form, struct err *e)
{
	static const struct {
		const char *name, *goes;
		size_t offset;
		unsigned with;
	} rules[] = {
		{ "port", "tcp or udp", offsetof(struct expectation, port), TCP | UDP },
		{ "listen", "tcp or udp", offsetof(struct expectation, listen), TCP | UDP },
		{ "listen_port", "tcp or udp", offsetof(struct expectation, listen_port), TCP | UDP },
		{ "via", "route", offsetof(struct expectation, via), ROUTE },
		{ "dev", "route", offsetof(struct expectation, dev), ROUTE },
		{ "table", "route", offsetof(struct expectation, table), ROUTE },
		{ "reach", "ping, tcp or udp", offsetof(struct expectation, reach), PING | TCP | UDP },
		{ "count", "ping", offsetof(struct expectation, count), PING },
		{ "loss_max", "ping", offsetof(struct expectation, loss_max), PING },
		{ "rtt_min", "ping", offsetof(struct expectation, rtt_min), PING },
		{ "rtt_max", "ping", offsetof(struct expectation, rtt_max), PING },
		{ "rate_min", "tcp", offsetof(struct expectation, rate_min), TCP },
		{ "rate_max", "tcp", offsetof(struct expectation, rate_max), TCP },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
		if (!(form & rules[i].with) && expectation_sets(x, rules[i].offset))
			return err_set(e, EINVAL, "\"%s\" goes with %s", rules[i].name, rules[i].goes);
	if (form & (TCP | UDP) && !EXPECTS(x, port))
		return err_set(e, EINVAL, "\"port\" is missing");
	return 0;
}

static int measures_check(const struct expectation *x, struct err *e)
{
	bool rtt = EXPECTS(x, rtt_min) || EXPECTS(x, rtt_max), loss = EXPECTS(x, loss_max);
	bool rate = EXPECTS(x, rate_min) || EXPECTS(x, rate_max);

	if (!x->reach && (rtt || loss || rate || EXPECTS(x, count) || EXPECTS(x, within)))
		return err_set(e, EINVAL,
			       "what is not reached has no loss, no round-trip time, no rate and no \"within\"");
	if (EXPECTS(x, count) && !rtt && !loss)
		return err_set(e, EINVAL, "\"count\" needs \"loss_max\", \"rtt_min\" or \"rtt_max\"");
	if (EXPECTS(x, rtt_min) && EXPECTS(x, rtt_max) && x->rtt_min > x->rtt_max)
		return err_set(e, EINVAL, "\"rtt_min\" is above \"rtt_max\"");
	if (EXPECTS(x, rate_min) && EXPECTS(x, rate_max) && x->rate_min > x->rate_max)
		return err_set(e, EINVAL, "\"rate_min\" is above \"rate_max\"");
	return 0;
}

static int expect_check(struct object *o, struct err *e)
{
	struct expectation *x = (struct expectation *)o;
	unsigned n, form = form_of(x, &n);
	int r;

	if (n != 1)
		return err_set(e, EINVAL, "needs %s \"ping\", \"tcp\", \"udp\" or \"route\"",
			       n ? "only one of" : "one of");
	x->reach = !EXPECTS(x, reach) || x->reach;
	x->table = EXPECTS(x, table) ? x->table : RT_TABLE_MAIN;
	x->within = EXPECTS(x, within) ? x->within : WITHIN_DEFAULT;
	x->count = EXPECTS(x, count) ? x->count : COUNT_DEFAULT;
	r = fields_check(x, form, e);
	return r < 0 ? r : measures_check(x, e);
}

const struct kind kind_expect = {
	.name = "expect",
	.class = "expect",
	.label = "expect",
	.doc = "what should be reachable from where, as netnsctl test finds out; nothing in the kernel depends on it",
	.section = "expect",
	.form = FORM_LIST,
	.size = sizeof(struct expectation),
	.fields = rows,
	.n_fields = ARRAY_SIZE(rows),
	.check = expect_check,
};
