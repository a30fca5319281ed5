/* SPDX-License-Identifier: MIT */
/* batch.c - collects messages into batches, one namespace at a time. */
#include "batch.h"
#include "sysctl.h"

enum { INDEX_FRESH = 2 };

void batch_init(struct batch *b, const struct plan *plan, struct netns_set *set, const char *topology,
		const char *machine)
{
	*b = (struct batch){ .plan = plan,
			     .set = set,
			     .topology = topology,
			     .macs = topology,
			     .machine = machine,
			     .next_fresh = INDEX_FRESH,
			     .next_index = INDEX_MIN,
			     .conf = -1 };
	model_init(&b->noted, plan->desired->kinds);
	for (size_t i = 0; i < plan->observed->n; i++) {
		const struct object *o = plan->observed->objects[i];
		const struct netns *ns = object_is(o, "link") ? netns_find(set, o->netns) : NULL;
		uint32_t *next =
			ns && ns->state == NETNS_FRESH && o->handle < INDEX_MIN ? &b->next_fresh : &b->next_index;

		if (ns && o->handle >= *next && o->handle < INDEX_MAX)
			*next = o->handle + 1;
	}
}

void batch_keep(struct batch *b, void *unfinished, void (*unfinished_free)(void *unfinished))
{
	if (b->unfinished)
		b->unfinished_free(b->unfinished);
	b->unfinished = unfinished;
	b->unfinished_free = unfinished_free;
}

void batch_done(struct batch *b)
{
	batch_keep(b, NULL, NULL);
	if (b->set)
		netns_make_stop(b->set, NULL);
	rtnl_batch_done(&b->queued);
	rtnl_close(b->nl);
	model_done(&b->noted);
	closep(&b->conf);
	*b = (struct batch){ .conf = -1 };
}

struct netns *batch_netns(const struct batch *b, const char *netns)
{
	struct netns *ns = netns_find(b->set, netns);

	if (ns && ns->making)
		netns_await(b->set, ns);
	return ns;
}

static int batch_move(struct batch *b, const struct netns *ns, struct err *e)
{
	int r = batch_flush(b, e);

	if (r < 0)
		return r;
	rtnl_close(b->nl);
	b->nl = NULL;
	b->at = NULL;
	_cleanup_(netns_leavep) int entered = netns_enter(ns, e);
	if (entered < 0)
		return entered;
	r = rtnl_open(&b->nl, e);
	if (r == 0)
		b->at = ns;
	return r;
}

int batch_send(struct batch *b, const char *netns, struct nl_msg *m, struct op *op, struct err *e)
{
	_cleanup_(msg_freep) struct nl_msg *mine = m;
	const struct netns *ns = batch_netns(b, netns);
	int r = 0;

	if (ns != b->at)
		r = batch_move(b, ns, e);
	else if (rtnl_batch_full(&b->queued, nlmsg_hdr(m)->nlmsg_len))
		r = batch_flush(b, e);
	if (r < 0)
		return r;
	rtnl_batch_add(&b->queued, TAKE(mine), op);
	return 0;
}

int batch_barrier(struct batch *b, const char *netns, struct err *e)
{
	return batch_netns(b, netns)->state == NETNS_FRESH ? 0 : batch_flush(b, e);
}

int batch_flush(struct batch *b, struct err *e)
{
	if (!b->queued.n)
		return 0;
	b->sent++;
	return rtnl_batch_send(&b->queued, b->nl, &b->refused, e);
}

/* The two ends of a veth pair must not have the same number: IPv6 between them would be slow. */
uint32_t batch_new_index(struct batch *b, const char *netns)
{
	const struct netns *ns = batch_netns(b, netns);

	return ns && ns->state == NETNS_FRESH && b->next_fresh < INDEX_MIN ? b->next_fresh++ : b->next_index++;
}

static int conf_open(struct batch *b, const struct netns *ns, struct err *e)
{
	_cleanup_(netns_leavep) int entered = netns_enter(ns, e);

	if (entered < 0)
		return entered;
	closep(&b->conf);
	b->conf = sysctl_dir("net/ipv6/conf", e);
	b->conf_at = b->conf < 0 ? NULL : ns;
	return b->conf < 0 && e->code != -ENOENT ? e->code : 0;
}

int batch_conf(struct batch *b, const char *netns, const char *ifname, const char *key, const char *value,
	       struct err *e)
{
	const struct netns *ns = batch_netns(b, netns);
	char path[128];

	if (b->conf_at != ns && conf_open(b, ns, e) < 0)
		return e->code;
	snprintf(path, sizeof(path), "%s/%s", ifname, key);
	return b->conf < 0 || sysctl_write_at(b->conf, path, value, e) == 0 || e->code == -ENOENT ? 0 : e->code;
}

uint32_t batch_ifindex(const struct batch *b, const char *link)
{
	const struct object *o = model_find_ref(b->plan->desired, "link", link);

	if (!o || !o->handle)
		o = model_find_ref(b->plan->observed, "link", link);
	return o ? o->handle : 0;
}
