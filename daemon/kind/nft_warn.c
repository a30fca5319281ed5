/* SPDX-License-Identifier: MIT */
/* nft_warn.c - what decides about a filter besides its rules, and is not netnsd's to change: settings of the kernel, and
 * connections that exist before it. */
#include "nft.h"
#include "kernel/netns.h"
#include "kernel/rtnl.h"
#include "kernel/sysctl.h"
#include "model/plan.h"
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdarg.h>
#include <sys/socket.h>

#define LOG_ALL "net/netfilter/nf_log_all_netns"
#define TRACKED "net/netfilter/nf_conntrack_count"

static void on_port(_unused_ const struct nlmsghdr *h, void *arg)
{
	*(bool *)arg = true;
}

/* Only ports of bridges are in this dump. */
static bool has_port(void)
{
	_cleanup_(rtnl_closep) struct rtnl *nl = NULL;
	struct ifinfomsg i = { .ifi_family = AF_BRIDGE };
	_cleanup_(msg_freep) struct nl_msg *m = msg_new(RTM_GETLINK, 0, &i, sizeof(i));
	bool any = false;
	struct err e;

	return rtnl_open(&nl, &e) == 0 && rtnl_dump(nl, m, on_port, NULL, &any, &e) == 0 && any;
}

/* What was found in the namespace, and what of it is also true of one that does not exist yet. */
struct facts {
	bool exists, logs, bridges, tracks;
	const char *calls; /* the key that sends bridged packets to the filter */
};

static struct facts facts_of(const struct netns *ns)
{
	/* The key exists in the machine's first namespace only, be it the daemon's or not. */
	struct facts f = { .logs = sysctl_number(LOG_ALL) };
	char buf[16];
	struct err e;

	if (!ns || !netns_is_there(ns))
		return f;
	_cleanup_(netns_leavep) int entered = netns_enter(ns, &e);
	if (entered < 0)
		return f;
	f.exists = true;
	f.logs |= sysctl_read(LOG_ALL, buf, sizeof(buf), &e) == 0;
	f.tracks = sysctl_number(TRACKED);
	f.calls = sysctl_number("net/bridge/bridge-nf-call-iptables")    ? "net.bridge.bridge-nf-call-iptables"
		  : sysctl_number("net/bridge/bridge-nf-call-ip6tables") ? "net.bridge.bridge-nf-call-ip6tables"
									 : NULL;
	f.bridges = f.calls && has_port();
	return f;
}

static void warn(struct problems *p, const struct object *o, const char *pointer, const char *fmt, ...) _printf_(4, 5);

static void warn(struct problems *p, const struct object *o, const char *pointer, const char *fmt, ...)
{
	struct where where = { .pointer = arena_fmt(&p->arena, "%s/filter/%s", o->where.pointer, pointer) };
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	problem_add(p, 0, &where, "%s", text);
}

static void warn_logs(const struct object *o, const struct nft_filter *filter, struct problems *p)
{
	char pointer[64];

	for (size_t i = 0; i < filter->n; i++) {
		if (!filter->rules[i].log)
			continue;
		snprintf(pointer, sizeof(pointer), "rules/%zu/log", i);
		warn(p, o, pointer,
		     "%s is not the machine's first network namespace, where alone the kernel logs packets; \"sysctl "
		     "net.netfilter.nf_log_all_netns=1\" there makes it log those of others, too",
		     o->netns);
		return;
	}
}

void nft_warn(const struct plan *plan, const struct op *op, const struct netns *ns, struct problems *p)
{
	static const char *const chains[] = { "input", "forward", "output" };
	const struct object *o = op->after, *netns = o ? model_netns(plan->desired, o->netns) : NULL;
	struct arena a = { 0 };
	struct nft_filter filter, old;
	struct facts f;

	if (!netns || !((const struct nft *)o)->filter || !o->where.pointer)
		return;
	nft_filter_get(((const struct nft *)o)->filter, &filter, &a);
	nft_filter_get(op->before ? ((const struct nft *)op->before)->filter : NULL, &old, &a);
	f = facts_of(ns);
	if (!f.logs)
		warn_logs(o, &filter, p);
	if (f.bridges && netns->managed && filter.policy[1] > NFT_ACTION_ACCEPT)
		warn(p, o, "forward",
		     "%s is 1 and there are bridges: what they forward between their ports passes this filter, too, and "
		     "no longer passes unless a rule accepts it; \"sysctl %s=0\" keeps it away",
		     f.calls, f.calls);
	for (size_t i = 0; i < ARRAY_SIZE(chains) && f.exists && !f.tracks; i++)
		if (filter.policy[i] > NFT_ACTION_ACCEPT && old.policy[i] <= NFT_ACTION_ACCEPT) {
			warn(p, o, chains[i],
			     "no connection is tracked there yet: those that are open now look new to the filter, and "
			     "end unless a rule accepts their packets");
			break;
		}
	arena_done(&a);
}
