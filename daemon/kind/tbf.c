/* SPDX-License-Identifier: MIT */
/* tbf.c - a token bucket: what leaves by an interface, at no more than a rate. */
#include "kernel/observer.h"
#include "link.h"
#include "qdisc.h"
#include "model/plan.h"
#include <linux/if_ether.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

extern const struct kind kind_tbf;

struct tbf {
	struct qdisc qdisc;
	uint64_t rate, latency;
	uint32_t burst;
	uint8_t extras;
};

/* What no file can set. */
enum { EXTRA_PEAK = 1 << 0, EXTRA_OVERHEAD = 1 << 1 };

enum { TICK_NSEC = 64 }; /* PSCHED_SHIFT, include/net/pkt_sched.h */

static const struct word extras[] = { { "peakrate", EXTRA_PEAK }, { "overhead", EXTRA_OVERHEAD }, { NULL, 0 } };

// clang-format off: keeps its rows
static const struct field fields[] = {
	FIELD(tbf, rate, tc_rate, .flags = NEEDED,
	      .doc = "the rate in the long run; bit, kbit, mbit, gbit a second, or bytes: bps, kbps, mbps (tc_tbf_qopt.rate)"),
	FIELD(tbf, burst, tc_size, .flags = NEEDED,
	      .doc = "what may leave at once, at least one packet; b, kb (1024 bytes), mb (TCA_TBF_BURST)"),
	FIELD(tbf, latency, tc_time, .flags = NEEDED,
	      .doc = "the longest time that a packet waits; what would wait longer is dropped (tc_tbf_qopt.limit, in bytes: rate "
		     "times latency, and burst)"),
	FIELD(tbf, extras, tc_extras, .words = extras, .flags = HIDDEN | SHOWN, .kernel_default = "\"none\"", .doc = ""),
	FIELD(qdisc, parent, link, .refs = "netem", .flags = HIDDEN | FIXED, .kernel_default = "null", .doc = ""),
};
// clang-format on

__extension__ typedef unsigned __int128 wide;

/* The longest queue, in bytes. */
static wide limit_of(const struct tbf *t)
{
	return (wide)t->rate * t->latency / NSEC_PER_SECOND + t->burst;
}

/* The time that a burst takes, in the kernel's ticks. */
static wide ticks_of(const struct tbf *t)
{
	return (wide)t->burst * NSEC_PER_SECOND / t->rate / TICK_NSEC;
}

static int tbf_check(struct object *o, struct err *e)
{
	struct tbf *t = (struct tbf *)o;

	if (!t->rate || !t->burst)
		return err_set(e, EINVAL, "\"%s\" must not be 0; leave \"tbf\" out to shape nothing",
			       t->rate ? "burst" : "rate");
	if (ticks_of(t) > UINT32_MAX)
		return err_set(e, EINVAL, "a \"burst\" must not take longer than 274 s at its \"rate\"");
	if (limit_of(t) > UINT32_MAX)
		return err_set(e, EINVAL, "\"rate\" times \"latency\" must be less than 4 GiB");
	o->set = kind_mask(o->kind, 0);
	return 0;
}

static void tbf_complete(struct model *m, struct object *o, _unused_ struct problems *p)
{
	((struct tbf *)o)->qdisc.parent = model_find_ref(m, "netem", o->place) ? o->place : NULL;
}

/* A packet that is larger than the bucket never leaves. */
static void tbf_check_in(const struct model *m, const struct object *o, struct problems *p)
{
	const struct object *link = model_find_ref(m, "link", o->place);
	uint32_t mtu = link ? link_mtu(link) : 0, burst = ((const struct tbf *)o)->burst;

	if (mtu && burst < mtu + ETH_HLEN)
		object_problem(p, EINVAL, o, "burst",
			       "%u bytes are less than a packet of %s, which has an MTU of %u and %d bytes of header; "
			       "such packets would never leave",
			       burst, o->place, mtu, ETH_HLEN);
}

/* Whether @t is what the kernel makes of @want: it stores ticks and a queue in bytes, and rounds both. */
static bool is_rounded(const struct tbf *want, const struct tbf *t, uint32_t ticks, uint32_t limit)
{
	wide expected = ticks_of(want), off = expected > ticks ? expected - ticks : ticks - expected;

	return want->rate == t->rate && limit_of(want) == limit && off <= 1 + (expected >> 20);
}

static void read_values(struct observer *obs, struct tbf *t, const struct tc_tbf_qopt *qopt)
{
	const struct model *models[] = { obs->desired, obs->last, obs->tried };
	wide bytes = (wide)qopt->buffer * TICK_NSEC * t->rate + NSEC_PER_SECOND / 2;

	bytes /= NSEC_PER_SECOND;
	t->burst = bytes > UINT32_MAX ? UINT32_MAX : (uint32_t)bytes;
	t->latency = t->rate && qopt->limit > t->burst
			     ? (uint64_t)((wide)(qopt->limit - t->burst) * NSEC_PER_SECOND / t->rate)
			     : 0;
	for (size_t i = ARRAY_SIZE(models); i-- > 0;) {
		const struct object *o =
			models[i] ? model_find_ref(models[i], kind_tbf.class, t->qdisc.object.place) : NULL;
		const struct tbf *want = (const struct tbf *)o;

		if (!o || o->kind != &kind_tbf || !want->rate || !is_rounded(want, t, qopt->buffer, qopt->limit))
			continue;
		t->burst = want->burst;
		t->latency = want->latency;
	}
}

static void tbf_read(struct observer *obs, struct qdisc *q, struct nlattr *options)
{
	struct nlattr *a[TCA_TBF_MAX + 1] = { 0 };
	struct tbf *t = (struct tbf *)q;
	const struct tc_tbf_qopt *qopt;

	q->object.set = kind_mask(q->object.kind, 0);
	if (!options || nla_parse_nested(a, TCA_TBF_MAX, options, NULL) < 0 || !a[TCA_TBF_PARMS] ||
	    nla_len(a[TCA_TBF_PARMS]) < (int)sizeof(*qopt))
		return;
	qopt = nla_data(a[TCA_TBF_PARMS]);
	t->rate = a[TCA_TBF_RATE64] ? nla_get_u64(a[TCA_TBF_RATE64]) : qopt->rate.rate;
	if (qopt->peakrate.rate || a[TCA_TBF_PRATE64])
		t->extras |= EXTRA_PEAK;
	if (qopt->rate.overhead || (qopt->rate.linklayer & TC_LINKLAYER_MASK) == TC_LINKLAYER_ATM)
		t->extras |= EXTRA_OVERHEAD;
	read_values(obs, t, qopt);
}

/* The kernel computes the ticks of a burst that it gets in bytes, and needs no rate table where the link layer is named
 * (tbf_change, net/sched/sch_tbf.c). */
static void tbf_put(struct nl_msg *m, const struct qdisc *q, _unused_ const struct qdisc *before)
{
	const struct tbf *t = (const struct tbf *)q;
	struct tc_tbf_qopt qopt = {
		.rate = { .rate = t->rate > UINT32_MAX ? UINT32_MAX : (uint32_t)t->rate,
			  .linklayer = TC_LINKLAYER_ETHERNET },
		.limit = (uint32_t)limit_of(t),
		.buffer = (uint32_t)ticks_of(t),
	};
	struct nlattr *all = nla_nest_start(m, TCA_OPTIONS);

	nla_put(m, TCA_TBF_PARMS, sizeof(qopt), &qopt);
	nla_put_u32(m, TCA_TBF_BURST, t->burst);
	if (t->rate > UINT32_MAX)
		nla_put_u64(m, TCA_TBF_RATE64, t->rate);
	nla_nest_end(m, all);
}

static const struct qdisc_options options = { .read = tbf_read, .put = tbf_put, .is_child = true, .is_last = true };

static int tbf_observe(struct observer *obs, struct err *e)
{
	return qdisc_observe(obs, &kind_tbf, &options, e);
}

static int tbf_encode(struct batch *b, struct op *op, struct err *e)
{
	return qdisc_encode(b, op, &options, e);
}

static int tbf_mark(struct batch *b, struct op *op, struct err *e)
{
	return qdisc_mark(b, op, &options, e);
}

const struct kind kind_tbf = {
	.name = "tbf",
	.class = "tbf",
	.label = "qdisc",
	.doc = "a token bucket that limits the rate of what leaves by an interface; with netem, what comes after it",
	.section = "tbf",
	.form = FORM_OBJECT,
	.in_link = true,
	.interrupts = true,
	.module = "sch_tbf",
	.size = sizeof(struct tbf),
	.fields = fields,
	.n_fields = ARRAY_SIZE(fields),
	.groups = { RTNLGRP_TC },
	.tells_who = true,
	.check = tbf_check,
	.complete = tbf_complete,
	.check_in = tbf_check_in,
	.slots = qdisc_slots,
	.observe = tbf_observe,
	.encode = tbf_encode,
	.in_the_way = qdisc_in_the_way,
	.mark = tbf_mark,
};
