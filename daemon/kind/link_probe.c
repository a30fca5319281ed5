/* SPDX-License-Identifier: MIT */
/* link_probe.c - asks the kernel whether it has a kind of link, without creating one. */
#include "kernel/rtnl.h"
#include "link.h"
#include <linux/rtnetlink.h>

/* The kernel refuses so many, but looks for the kind first, and loads its module (rtnl_create_link,
 * net/core/rtnetlink.c). */
enum { TOO_MANY_QUEUES = INT32_MAX };

static int ask(struct rtnl *nl, const struct kind *k, struct err *e)
{
	struct ifinfomsg i = { 0 };
	_cleanup_(msg_freep) struct nl_msg *m = msg_new(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &i, sizeof(i));
	struct nlattr *info;

	msg_put_u32(m, IFLA_NUM_TX_QUEUES, TOO_MANY_QUEUES);
	info = nla_nest_start(m, IFLA_LINKINFO);
	msg_put(m, IFLA_INFO_KIND, k->name, strlen(k->name));
	nla_nest_end(m, info);
	return rtnl_ask(nl, m, NULL, NULL, e);
}

int link_probe(const struct kind *k, struct err *e)
{
	_cleanup_(rtnl_closep) struct rtnl *nl = NULL;
	int r = rtnl_open(&nl, e);

	if (r < 0)
		return r;
	/* Any other answer comes from the kind. */
	if (ask(nl, k, e) != -EOPNOTSUPP)
		return 0;
	return err_set(
		e, EOPNOTSUPP,
		"this kernel has no %s: \"modprobe %s\" may load it, or it was built without it and another kernel is needed",
		k->name, k->module);
}
