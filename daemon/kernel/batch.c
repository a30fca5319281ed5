/* SPDX-License-Identifier: MIT */
/* batch.c - collects messages into batches, one namespace at a time. */
#include "batch.h"
#include "sysctl.h"

enum { INDEX_FRESH = 2 };

void work_init(struct work *w, const struct plan *plan, struct netns_set *set, const char *topology, const char *machine)
{
	*w = (struct work){ .plan = plan, .set = set, .topology = topology, .machine = machine, .next_fresh = INDEX_FRESH,
			   .next_index = INDEX_MIN, .conf = -1 };
	model_init(&w->noted, plan->desired->kinds);
	for (size_t i = 0; i < plan->observed->n; i++) {
		const struct object *o = plan->observed->objects[i];
		const struct netns *ns = object_is(o, "link") ? netns_find(set, o->netns) : NULL;
		uint32_t *next = ns && ns->state == NETNS_FRESH && o->handle < INDEX_MIN ? &w->next_fresh : &w->next_index;

		if (ns && o->handle >= *next && o->handle < INDEX_MAX)
			*next = o->handle + 1;
	}
}

void work_done(struct work *w)
{
	if (w->set)
		netns_make_stop(w->set, NULL);
	batch_done(&w->batch);
	rtnl_close(w->nl);
	model_done(&w->noted);
	closep(&w->conf);
	*w = (struct work){ .conf = -1 };
}

struct netns *work_netns(const struct work *w, const char *netns)
{
	struct netns *ns = netns_find(w->set, netns);

	if (ns && ns->making)
		netns_await(w->set, ns);
	return ns;
}

static int work_move(struct work *w, const struct netns *ns, struct err *e)
{
	int r = work_flush(w, e);

	if (r < 0)
		return r;
	rtnl_close(w->nl);
	w->nl = NULL;
	w->at = NULL;
	_cleanup_(netns_leavep) int entered = netns_enter(ns, e);
	if (entered < 0)
		return entered;
	r = rtnl_open(&w->nl, e);
	if (r == 0)
		w->at = ns;
	return r;
}

int work_send(struct work *w, const char *netns, struct nl_msg *m, struct op *op, struct err *e)
{
	_cleanup_(msg_freep) struct nl_msg *mine = m;
	const struct netns *ns = work_netns(w, netns);
	int r = 0;

	if (ns != w->at)
		r = work_move(w, ns, e);
	else if (batch_full(&w->batch, nlmsg_hdr(m)->nlmsg_len))
		r = work_flush(w, e);
	if (r < 0)
		return r;
	batch_add(&w->batch, TAKE(mine), op);
	return 0;
}

int work_barrier(struct work *w, const char *netns, struct err *e)
{
	return work_netns(w, netns)->state == NETNS_FRESH ? 0 : work_flush(w, e);
}

int work_flush(struct work *w, struct err *e)
{
	if (!w->batch.n)
		return 0;
	w->sent++;
	return batch_send(&w->batch, w->nl, &w->refused, e);
}

/* No two ends of a cable may have one number: IPv6 between them would be slow. */
uint32_t work_new_index(struct work *w, const char *netns)
{
	const struct netns *ns = work_netns(w, netns);

	return ns && ns->state == NETNS_FRESH && w->next_fresh < INDEX_MIN ? w->next_fresh++ : w->next_index++;
}

static int conf_open(struct work *w, const struct netns *ns, struct err *e)
{
	_cleanup_(netns_leavep) int entered = netns_enter(ns, e);

	if (entered < 0)
		return entered;
	closep(&w->conf);
	w->conf = sysctl_dir("net/ipv6/conf", e);
	w->conf_at = w->conf < 0 ? NULL : ns;
	return w->conf < 0 && e->code != -ENOENT ? e->code : 0;
}

int work_conf(struct work *w, const char *netns, const char *ifname, const char *key, const char *value, struct err *e)
{
	const struct netns *ns = work_netns(w, netns);
	char path[128];

	if (w->conf_at != ns && conf_open(w, ns, e) < 0)
		return e->code;
	snprintf(path, sizeof(path), "%s/%s", ifname, key);
	return w->conf < 0 || sysctl_write_at(w->conf, path, value, e) == 0 || e->code == -ENOENT ? 0 : e->code;
}

uint32_t work_ifindex(const struct work *w, const char *link)
{
	const struct object *o = model_find_ref(w->plan->desired, "link", link);

	if (!o || !o->handle)
		o = model_find_ref(w->plan->observed, "link", link);
	return o ? o->handle : 0;
}
