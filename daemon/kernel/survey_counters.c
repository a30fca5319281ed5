/* SPDX-License-Identifier: MIT */
/* survey_counters.c - what the kernel counts of a link and of its queueing disciplines. */
#include "survey.h"
#include "rtnl.h"
#include <linux/gen_stats.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

const struct link_counters *survey_counters(struct survey *s, struct nlattr **a)
{
	struct rtnl_link_stats64 from = { 0 };
	struct link_counters *c;
	size_t n;

	if (!a[IFLA_STATS64])
		return NULL;
	/* Newer kernels append counters; older ones lack the last. */
	n = (size_t)nla_len(a[IFLA_STATS64]);
	memcpy(&from, nla_data(a[IFLA_STATS64]), n < sizeof(from) ? n : sizeof(from));
	c = arena_alloc(&s->arena, sizeof(*c));
	*c = (struct link_counters){
		.receive_bytes = from.rx_bytes,
		.receive_packets = from.rx_packets,
		.receive_errs = from.rx_errors,
		.receive_drop = from.rx_dropped + from.rx_missed_errors,
		.receive_fifo = from.rx_fifo_errors,
		.receive_frame =
			from.rx_length_errors + from.rx_over_errors + from.rx_crc_errors + from.rx_frame_errors,
		.receive_multicast = from.multicast,
		.transmit_bytes = from.tx_bytes,
		.transmit_packets = from.tx_packets,
		.transmit_errs = from.tx_errors,
		.transmit_drop = from.tx_dropped,
		.transmit_fifo = from.tx_fifo_errors,
		.transmit_carrier = from.tx_carrier_errors + from.tx_aborted_errors + from.tx_window_errors +
				    from.tx_heartbeat_errors,
		.transmit_colls = from.collisions,
		.carrier_changes = a[IFLA_CARRIER_CHANGES] ? nla_get_u32(a[IFLA_CARRIER_CHANGES]) : 0,
	};
	return c;
}

/* Those of one link follow each other in a dump. */
static struct qdisc_fact *qdisc_of(struct survey *s, uint32_t link, const char *kind)
{
	struct qdisc_fact *q;

	for (size_t i = s->n_qdiscs; i-- > 0 && s->qdiscs[i].link == link;)
		if (!strcmp(s->qdiscs[i].kind, kind))
			return &s->qdiscs[i];
	q = ARRAY_ADD(s, qdiscs);
	*q = (struct qdisc_fact){ .link = link, .kind = arena_strdup(&s->arena, kind) };
	return q;
}

/* The bytes of a nested attribute, the rest of @ret is zero. */
static void stats_read(struct nlattr *stats, int type, void *ret, size_t size)
{
	struct nlattr *a = nla_find(nla_data(stats), nla_len(stats), type);
	size_t n = a ? (size_t)nla_len(a) : 0;

	memset(ret, 0, size);
	if (n)
		memcpy(ret, nla_data(a), n < size ? n : size);
}

void survey_on_qdisc(const struct nlmsghdr *h, void *survey)
{
	struct nlattr *a[TCA_MAX + 1];
	const struct tcmsg *t = nlmsg_data(h);
	struct gnet_stats_basic basic;
	struct gnet_stats_queue queue;
	struct survey *s = survey;
	struct qdisc_fact *q;
	uint64_t packets = 0;

	if (h->nlmsg_type != RTM_NEWQDISC ||
	    nlmsg_parse((struct nlmsghdr *)(uintptr_t)h, sizeof(*t), a, TCA_MAX, NULL) < 0 || !a[TCA_KIND] ||
	    !a[TCA_STATS2])
		return;
	stats_read(a[TCA_STATS2], TCA_STATS_BASIC, &basic, sizeof(basic));
	stats_read(a[TCA_STATS2], TCA_STATS_QUEUE, &queue, sizeof(queue));
	/* Sent only beside the one of 32 bits, if that has wrapped around. */
	stats_read(a[TCA_STATS2], TCA_STATS_PKT64, &packets, sizeof(packets));
	q = qdisc_of(s, (uint32_t)t->tcm_ifindex, nla_data(a[TCA_KIND]));
	q->bytes += basic.bytes;
	q->packets += packets ? packets : basic.packets;
	q->drops += queue.drops;
	q->overlimits += queue.overlimits;
	q->requeues += queue.requeues;
	q->backlog += queue.backlog;
	q->queue_length += queue.qlen;
}

static int qdisc_cmp(const void *a, const void *b)
{
	uint32_t x = ((const struct qdisc_fact *)a)->link, y = ((const struct qdisc_fact *)b)->link;

	return x < y ? -1 : x > y;
}

void survey_sort_qdiscs(struct survey *s)
{
	if (s->n_qdiscs)
		qsort(s->qdiscs, s->n_qdiscs, sizeof(*s->qdiscs), qdisc_cmp);
}

const struct qdisc_fact *survey_qdiscs(const struct survey *s, uint32_t link, size_t *ret_n)
{
	const struct qdisc_fact key = { .link = link }, *first, *end;

	*ret_n = 0;
	first = s->n_qdiscs ? bsearch(&key, s->qdiscs, s->n_qdiscs, sizeof(key), qdisc_cmp) : NULL;
	if (!first)
		return NULL;
	for (end = first + 1; end < s->qdiscs + s->n_qdiscs && end->link == link;)
		end++;
	while (first > s->qdiscs && first[-1].link == link)
		first--;
	*ret_n = (size_t)(end - first);
	return first;
}
