/* SPDX-License-Identifier: MIT */
/* nft_locks.c - what may lock out whoever administers a machine from afar: a filter that begins to drop, and a dnat of a
 * port on which something there listens. */
#include "nft.h"
#include "kernel/netns.h"
#include "kernel/sockets.h"
#include "model/plan.h"
#include <arpa/inet.h>

static bool is_own_loopback(const struct inet *i)
{
	return i->family == AF_INET ? i->addr[0] == 127 : inet_is_loopback6(i);
}

/* Whether what @e sends elsewhere would have come to the socket. */
static bool takes(const struct nft_entry *e, const struct bound_socket *s)
{
	uint8_t families = s->both ? NFT_BOTH : s->address.family == AF_INET ? NFT_IPV4 : NFT_IPV6;

	if (!(families & e->target.families) || (e->proto.n && !nft_list_has(&e->proto, &s->proto, 1)) ||
	    (e->port.n && !nft_sorted_has(&e->port, &s->port, 2)))
		return false;
	if (inet_is_unspecified(&s->address))
		return true;
	if (is_own_loopback(&s->address) && s->address.family == AF_INET && e->localhost)
		return true;
	return e->at.n ? nft_sorted_has_address(&e->at, &s->address) : !is_own_loopback(&s->address);
}

/* ---- the question ---- */

struct question {
	struct nft_nat old, new;
	struct err *e;
	bool asked;
};

static bool takes_any(const struct nft_nat *nat, const struct bound_socket *s, size_t *ret)
{
	for (size_t i = 0; i < nat->n_dnat; i++)
		if (takes(&nat->dnat[i], s)) {
			*ret = i;
			return true;
		}
	return false;
}

static void on_socket(const struct bound_socket *s, void *arg)
{
	struct question *q = arg;
	char address[64];
	size_t i, before;

	/* What is taken already may stay so. */
	if (q->asked || !takes_any(&q->new, s, &i) || takes_any(&q->old, s, &before))
		return;
	err_set(q->e, EPERM, "\"dnat\" %zu sends %s port %u to %s, though something here %s it at %s", i,
		s->proto == IPPROTO_TCP ? "tcp" : "udp", ntohs(s->port), q->new.dnat[i].target.text,
		s->proto == IPPROTO_TCP ? "listens on" : "is bound to", inet_text(&s->address, false, address));
	snprintf(q->e->below, sizeof(q->e->below), "nat/dnat/%zu", i);
	q->asked = true;
}

static bool sockets_lock_out(struct question *q, const struct netns *ns)
{
	struct err e;

	_cleanup_(netns_leavep) int entered = netns_enter(ns, &e);
	if (entered >= 0 && sockets_read(on_socket, q, &e) >= 0)
		return q->asked;
	err_set(q->e, EPERM, "it is not known what listens on the ports that \"dnat\" takes: %s", e.text);
	return true;
}

static bool dnat_locks_out(const struct nft *old, const struct nft *new, const struct netns_set *set, struct err *e)
{
	const struct netns *ns = netns_find(set, new->object.netns);
	struct question q = { .e = e };
	struct arena a = { 0 };
	bool asked;

	nft_nat_get(old ? old->nat : NULL, &q.old, &a);
	nft_nat_get(new->nat, &q.new, &a);
	nft_entries_sort(q.old.dnat, q.old.n_dnat);
	nft_entries_sort(q.new.dnat, q.new.n_dnat);
	asked = q.new.n_dnat &&ns &&netns_is_there(ns) && sockets_lock_out(&q, ns);
	arena_done(&a);
	return asked;
}

bool nft_locks_out(const struct op *op, const struct object *last, const struct netns_set *set, struct err *e)
{
	const struct nft *before = (const struct nft *)op->before, *new = (const struct nft *)op->after;
	/* What somebody else changed is only repaired. */
	const struct nft *old = before && !before->differs ? before : (const struct nft *)last;

	return nft_filter_locks_out(old ? old->filter : NULL, new->filter, e) || dnat_locks_out(old, new, set, e);
}
