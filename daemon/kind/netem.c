/* SPDX-License-Identifier: MIT */
/* netem.c - what a network does to packets: delays, loses, repeats, damages and reorders them, at each interface's
 * egress. */
#include "qdisc.h"
#include "model/plan.h"
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

extern const struct kind kind_netem;

struct netem {
	struct qdisc qdisc;
	uint64_t delay, jitter, rate;
	uint32_t loss, duplicate, corrupt, reorder, limit;
	uint8_t extras;
};

/* What no file can set. */
enum {
	EXTRA_CORRELATION = 1 << 0,
	EXTRA_MODEL = 1 << 1,
	EXTRA_ECN = 1 << 2,
	EXTRA_GAP = 1 << 3,
	EXTRA_OVERHEAD = 1 << 4,
	EXTRA_SLOT = 1 << 5,
};

enum {
	LIMIT_MIN = 1000,    /* the default of tc(8) */
	LIMIT_MAX = 1000000, /* packets in flight that a limit by default makes room for */
	PACKET_BYTES = 1000,
};
#define LINK_RATE UINT64_C(1250000000) /* without a rate: 10 Gbit/s */

static const struct word extras[] = {
	{ "correlation", EXTRA_CORRELATION }, { "loss-model", EXTRA_MODEL }, { "ecn", EXTRA_ECN }, { "gap", EXTRA_GAP },
	{ "overhead", EXTRA_OVERHEAD },       { "slot", EXTRA_SLOT },        { NULL, 0 },
};

#define PERCENT(m, words) FIELD(netem, m, tc_percent, .kernel_default = "null", .doc = (words))

// clang-format off: keeps its rows
static const struct field fields[] = {
	FIELD(netem, delay, tc_time, .kernel_default = "null",
	      .doc = "added to each packet; with the unit s, ms, us or ns, a number without one is microseconds (TCA_NETEM_LATENCY64)"),
	FIELD(netem, jitter, tc_time, .kernel_default = "null",
	      .doc = "the delay varies by as much, evenly, which reorders packets; needs delay (TCA_NETEM_JITTER64)"),
	PERCENT(loss, "packets lost at random (tc_netem_qopt.loss)"),
	PERCENT(duplicate, "packets sent twice (tc_netem_qopt.duplicate)"),
	PERCENT(corrupt, "packets with a wrong bit (TCA_NETEM_CORRUPT)"),
	PERCENT(reorder, "packets sent at once, ahead of the delayed ones; needs delay (TCA_NETEM_REORDER)"),
	FIELD(netem, rate, tc_rate, .kernel_default = "null",
	      .doc = "packets leave at this rate; bit, kbit, mbit, gbit a second, or bytes: bps, kbps, mbps (TCA_NETEM_RATE)"),
	FIELD(netem, limit, u32, .min = 1,
	      .doc = "packets that it holds, those delayed included; by default 1000 and as many of 1000 bytes as the rate, "
		     "or 10 Gbit/s, sends during delay and jitter, 1,000,000 at most (tc_netem_qopt.limit)"),
	FIELD(netem, extras, tc_extras, .words = extras, .flags = HIDDEN | SHOWN, .kernel_default = "\"none\"", .doc = ""),
};
// clang-format on

/* Delayed packets are in the queue: a limit that knows nothing of the delay loses them at speed. */
static uint32_t usual_limit(const struct netem *n)
{
	uint64_t rate = n->rate ? n->rate : LINK_RATE;
	__extension__ typedef unsigned __int128 wide;
	wide packets = (wide)rate * (n->delay + n->jitter) / NSEC_PER_SECOND / PACKET_BYTES;

	return packets > LIMIT_MAX - LIMIT_MIN ? LIMIT_MAX : LIMIT_MIN + (uint32_t)packets;
}

static int netem_check(struct object *o, struct err *e)
{
	struct netem *n = (struct netem *)o;

	if (n->jitter && !n->delay)
		return err_set(e, EINVAL, "\"jitter\" needs a \"delay\" that it varies");
	if (n->reorder && !n->delay)
		return err_set(e, EINVAL, "\"reorder\" needs a \"delay\": only delayed packets can be overtaken");
	if (!object_says(o, "limit"))
		n->limit = usual_limit(n);
	/* All of it belongs to the file: what it does not mention is none. */
	o->set = kind_mask(o->kind, 0);
	return 0;
}

static void read_loss_model(struct netem *n, struct nlattr *model)
{
	if (model && (nla_find(nla_data(model), nla_len(model), NETEM_LOSS_GI) ||
		      nla_find(nla_data(model), nla_len(model), NETEM_LOSS_GE)))
		n->extras |= EXTRA_MODEL;
}

/* The data of an attribute that is at least as large, or zeros. */
static const void *data_of(struct nlattr *a, size_t size)
{
	static const uint64_t zeros[8];

	return a && (size_t)nla_len(a) >= size ? nla_data(a) : zeros;
}

static void read_rate(struct netem *n, struct nlattr **a)
{
	const struct tc_netem_rate *rate = data_of(a[TCA_NETEM_RATE], sizeof(*rate));

	n->rate = a[TCA_NETEM_RATE64] ? nla_get_u64(a[TCA_NETEM_RATE64]) : rate->rate;
	if (rate->packet_overhead || rate->cell_size || rate->cell_overhead)
		n->extras |= EXTRA_OVERHEAD;
}

static void read_reorder(struct netem *n, const struct tc_netem_qopt *qopt, const struct tc_netem_reorder *reorder)
{
	n->reorder = qopt->gap ? reorder->probability : 0;
	if (qopt->gap > 1)
		n->extras |= EXTRA_GAP;
	if (qopt->gap && reorder->correlation)
		n->extras |= EXTRA_CORRELATION;
}

/* A raw struct, followed by attributes. */
static void netem_read(_unused_ struct observer *obs, struct qdisc *q, struct nlattr *options)
{
	struct nlattr *a[TCA_NETEM_MAX + 1] = { 0 };
	const struct tc_netem_qopt *qopt = data_of(options, sizeof(*qopt));
	struct netem *n = (struct netem *)q;
	const int head = (int)sizeof(*qopt); /* a multiple of NLA_ALIGNTO */
	const struct tc_netem_corr *corr;
	const struct tc_netem_corrupt *corrupt;

	q->object.set = kind_mask(q->object.kind, 0);
	if (options && nla_len(options) > head)
		nla_parse(a, TCA_NETEM_MAX, (struct nlattr *)((char *)nla_data(options) + head),
			  nla_len(options) - head, NULL);
	corr = data_of(a[TCA_NETEM_CORR], sizeof(*corr));
	corrupt = data_of(a[TCA_NETEM_CORRUPT], sizeof(*corrupt));
	n->limit = qopt->limit;
	n->loss = qopt->loss;
	n->duplicate = qopt->duplicate;
	n->corrupt = corrupt->probability;
	n->delay = a[TCA_NETEM_LATENCY64] ? nla_get_u64(a[TCA_NETEM_LATENCY64]) : 0;
	n->jitter = a[TCA_NETEM_JITTER64] ? nla_get_u64(a[TCA_NETEM_JITTER64]) : 0;
	read_rate(n, a);
	read_reorder(n, qopt, data_of(a[TCA_NETEM_REORDER], sizeof(struct tc_netem_reorder)));
	read_loss_model(n, a[TCA_NETEM_LOSS]);
	if (corr->delay_corr || corr->loss_corr || corr->dup_corr || corrupt->correlation)
		n->extras |= EXTRA_CORRELATION;
	if (a[TCA_NETEM_ECN] && nla_get_u32(a[TCA_NETEM_ECN]))
		n->extras |= EXTRA_ECN;
	if (a[TCA_NETEM_SLOT])
		n->extras |= EXTRA_SLOT;
}

/* Everything is sent, zeros too: the kernel keeps what a change does not mention (netem_change, net/sched/sch_netem.c). */
static void netem_put(struct nl_msg *m, const struct qdisc *q, const struct qdisc *before)
{
	const struct netem *n = (const struct netem *)q, *b = (const struct netem *)before;
	struct tc_netem_qopt qopt = {
		.limit = n->limit,
		.loss = n->loss,
		.duplicate = n->duplicate,
		.gap = n->reorder ? 1 : 0,
	};
	struct tc_netem_corr corr = { 0 };
	struct tc_netem_reorder reorder = { .probability = n->reorder };
	struct tc_netem_corrupt corrupt = { .probability = n->corrupt };
	struct tc_netem_rate rate = { .rate = n->rate > UINT32_MAX ? UINT32_MAX : (uint32_t)n->rate };
	struct tc_netem_slot slot = { 0 };
	struct nlattr *all = nla_nest_start(m, TCA_OPTIONS);

	if (nlmsg_append(m, &qopt, sizeof(qopt), NLMSG_ALIGNTO) < 0)
		abort();
	nla_put(m, TCA_NETEM_CORR, sizeof(corr), &corr);
	nla_put(m, TCA_NETEM_REORDER, sizeof(reorder), &reorder);
	nla_put(m, TCA_NETEM_CORRUPT, sizeof(corrupt), &corrupt);
	nla_put(m, TCA_NETEM_RATE, sizeof(rate), &rate);
	if (n->rate > UINT32_MAX)
		nla_put_u64(m, TCA_NETEM_RATE64, n->rate);
	nla_put_u64(m, TCA_NETEM_LATENCY64, n->delay);
	nla_put_u64(m, TCA_NETEM_JITTER64, n->jitter);
	nla_put_u32(m, TCA_NETEM_ECN, 0);
	if (b && b->extras & EXTRA_SLOT)
		nla_put(m, TCA_NETEM_SLOT, sizeof(slot), &slot);
	nla_nest_end(m, all);
}

static const struct qdisc_options options = { .read = netem_read, .put = netem_put };

static int netem_observe(struct observer *obs, struct err *e)
{
	return qdisc_observe(obs, &kind_netem, &options, e);
}

/* That of netnsd itself need not be said. */
static bool netem_export(_unused_ struct model *observed, struct object *o, _unused_ struct unsaid *u)
{
	const struct netem *n = (const struct netem *)o;

	if (n->limit == usual_limit(n))
		o->set &= ~field_bit(o->kind, "limit");
	return true;
}

static int netem_encode(struct batch *b, struct op *op, struct err *e)
{
	return qdisc_encode(b, op, &options, e);
}

static int netem_mark(struct batch *b, struct op *op, struct err *e)
{
	return qdisc_mark(b, op, &options, e);
}

const struct kind kind_netem = {
	.name = "netem",
	.class = "netem",
	.label = "qdisc",
	.doc = "delay, loss and other faults of a network, for what leaves by an interface",
	.section = "netem",
	.form = FORM_OBJECT,
	.in_link = true,
	.interrupts = true,
	.module = "sch_netem",
	.size = sizeof(struct netem),
	.fields = fields,
	.n_fields = ARRAY_SIZE(fields),
	.groups = { RTNLGRP_TC },
	.tells_who = true,
	.check = netem_check,
	.slots = qdisc_slots,
	.observe = netem_observe,
	.export = netem_export,
	.encode = netem_encode,
	.in_the_way = qdisc_in_the_way,
	.mark = netem_mark,
};
