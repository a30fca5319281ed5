/* SPDX-License-Identifier: MIT */
/* stand_in.c - reads --with, and creates the interfaces that it asks for. */
#include "stand_in.h"
#include "kernel/rtnl.h"
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sched.h>
#include <sys/socket.h>

/* ---- what it says ---- */

static bool is_v6(const struct inet *i)
{
	return i->family == AF_INET6;
}

static int via_parse(const char *word, struct stand_in *s, struct err *e)
{
	struct inet via;
	bool slash;
	int r = inet_parse(word, &via, &slash, e);

	if (r < 0)
		return r;
	if (!via.family || slash || inet_is_unspecified(&via))
		return err_set(e, EINVAL, "via=%s is not the address of a gateway", word);
	if (s->via[is_v6(&via)].family)
		return err_set(e, EINVAL, "a second gateway of %s, %s", is_v6(&via) ? "IPv6" : "IPv4", word);
	s->via[is_v6(&via)] = via;
	return 0;
}

static int word_parse(const char *word, struct stand_in *s, struct err *e)
{
	struct inet *a = &s->addresses[s->n_addresses];
	bool slash;
	int r;

	if (!*word)
		return err_set(e, EINVAL, "nothing between two commas, or after =");
	if (!strncmp(word, "via=", 4))
		return via_parse(word + 4, s, e);
	if (s->n_addresses == STAND_IN_ADDRESSES_MAX)
		return err_set(e, EINVAL, "more than %d addresses", STAND_IN_ADDRESSES_MAX);
	r = inet_parse(word, a, &slash, e);
	if (r < 0)
		return r;
	if (!a->family || !slash)
		return err_set(e, EINVAL, "%s lacks its prefix length: 192.0.2.2/24", word);
	s->n_addresses++;
	return 0;
}

/* The address of @s that has the gateway in its network; NULL: there is none. */
static const struct inet *address_towards(const struct stand_in *s, const struct inet *via)
{
	for (size_t i = 0; i < s->n_addresses; i++) {
		struct inet net = inet_net(&s->addresses[i]);

		if (net.family == via->family && inet_covers(&net, via))
			return &s->addresses[i];
	}
	return NULL;
}

static int gateways_check(const struct stand_in *s, struct err *e)
{
	for (size_t v = 0; v < ARRAY_SIZE(s->via); v++) {
		char text[64];

		if (s->via[v].family && !address_towards(s, &s->via[v]))
			return err_set(e, EINVAL, "the gateway %s is in no network of %s",
				       inet_text(&s->via[v], true, text), s->name);
	}
	return 0;
}

int stand_in_parse(const char *text, struct stand_in *ret, struct err *e)
{
	_cleanup_(freep) char *copy = must(strdup(text));
	struct stand_in s = { .n_addresses = 0 };
	char *rest = copy, *word = strsep(&rest, "=");
	struct err problem;
	int r;

	if (ifname_problem(word, &problem))
		return err_set(e, EINVAL, "\"%.40s\" is not the name of an interface: it %s", word, problem.text);
	if (is_loopback(word))
		return err_set(e, EINVAL, "%s is there already", word);
	snprintf(s.name, sizeof(s.name), "%s", word);
	while ((word = strsep(&rest, ","))) {
		r = word_parse(word, &s, e);
		if (r < 0)
			return r;
	}
	r = gateways_check(&s, e);
	if (r == 0)
		*ret = s;
	return r;
}

/* ---- in the kernel ---- */

/* A veth pair, up at this end; the other end is in @outer and has the same name. */
static int veth_create(struct rtnl *nl, const char *name, int outer, struct err *e)
{
	struct ifinfomsg i = { .ifi_flags = IFF_UP, .ifi_change = IFF_UP }, far = { 0 };
	_cleanup_(msg_freep) struct nl_msg *m = msg_new(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &i, sizeof(i));
	struct nlattr *info, *data, *peer;

	msg_put_string(m, IFLA_IFNAME, name);
	info = nla_nest_start(m, IFLA_LINKINFO);
	msg_put_string(m, IFLA_INFO_KIND, "veth");
	data = nla_nest_start(m, IFLA_INFO_DATA);
	peer = nla_nest_start(m, VETH_INFO_PEER);
	if (nlmsg_append(m, &far, sizeof(far), NLMSG_ALIGNTO) < 0)
		abort();
	msg_put_string(m, IFLA_IFNAME, name);
	msg_put_u32(m, IFLA_NET_NS_FD, (uint32_t)outer);
	nla_nest_end(m, peer);
	nla_nest_end(m, data);
	nla_nest_end(m, info);
	return rtnl_ask(nl, m, NULL, NULL, e);
}

static int link_up(struct rtnl *nl, int index, struct err *e)
{
	struct ifinfomsg i = { .ifi_index = index, .ifi_flags = IFF_UP, .ifi_change = IFF_UP };
	_cleanup_(msg_freep) struct nl_msg *m = msg_new(RTM_NEWLINK, 0, &i, sizeof(i));

	return rtnl_ask(nl, m, NULL, NULL, e);
}

static int address_add(struct rtnl *nl, int index, const struct inet *a, struct err *e)
{
	struct ifaddrmsg i = { .ifa_family = a->family, .ifa_prefixlen = a->len, .ifa_index = (unsigned)index };
	_cleanup_(msg_freep) struct nl_msg *m = msg_new(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, &i, sizeof(i));
	size_t size = is_v6(a) ? 16 : 4;

	msg_put(m, IFA_LOCAL, a->addr, size);
	msg_put(m, IFA_ADDRESS, a->addr, size);
	/* Nobody else is on the link: duplicates are not possible. */
	if (is_v6(a))
		msg_put_u32(m, IFA_FLAGS, IFA_F_NODAD);
	return rtnl_ask(nl, m, NULL, NULL, e);
}

static int default_add(struct rtnl *nl, int index, const struct inet *via, struct err *e)
{
	struct rtmsg r = { .rtm_family = via->family,
			   .rtm_table = RT_TABLE_MAIN,
			   .rtm_protocol = RTPROT_BOOT,
			   .rtm_scope = RT_SCOPE_UNIVERSE,
			   .rtm_type = RTN_UNICAST };
	_cleanup_(msg_freep) struct nl_msg *m = msg_new(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, &r, sizeof(r));

	msg_put(m, RTA_GATEWAY, via->addr, is_v6(via) ? 16 : 4);
	msg_put_u32(m, RTA_OIF, (uint32_t)index);
	return rtnl_ask(nl, m, NULL, NULL, e);
}

/* The number of an interface in the namespace of the thread; 0: there is none. */
static int index_of(const char *name)
{
	return (int)if_nametoindex(name);
}

/* The far end has the addresses of the gateways, so that they answer. */
static int far_end_prepare(const struct stand_in *s, struct err *e)
{
	_cleanup_(rtnl_closep) struct rtnl *nl = NULL;
	int index = index_of(s->name), r = rtnl_open(&nl, e);

	r = r < 0 ? r : link_up(nl, index, e);
	for (size_t v = 0; r == 0 && v < ARRAY_SIZE(s->via); v++) {
		struct inet own = s->via[v];

		if (!own.family)
			continue;
		own.len = address_towards(s, &own)->len;
		r = address_add(nl, index, &own, e);
	}
	return r;
}

static int near_end_prepare(const struct stand_in *s, struct rtnl *nl, struct err *e)
{
	int index = index_of(s->name), r = 0;

	for (size_t i = 0; r == 0 && i < s->n_addresses; i++)
		r = address_add(nl, index, &s->addresses[i], e);
	for (size_t v = 0; r == 0 && v < ARRAY_SIZE(s->via); v++)
		if (s->via[v].family)
			r = default_add(nl, index, &s->via[v], e);
	return r;
}

static int stand_in_create(const struct stand_in *s, struct rtnl *nl, int inner, int outer, struct err *e)
{
	int r = veth_create(nl, s->name, outer, e);

	if (r < 0)
		return r;
	if (setns(outer, CLONE_NEWNET) < 0)
		return err_kernel(e, errno, NULL, "entering the other side");
	r = far_end_prepare(s, e);
	if (setns(inner, CLONE_NEWNET) < 0)
		return err_kernel(e, errno, NULL, "returning from the other side");
	return r < 0 ? r : near_end_prepare(s, nl, e);
}

int stand_ins_create(const struct stand_in *v, size_t n, int inner, int outer, struct err *e)
{
	_cleanup_(rtnl_closep) struct rtnl *nl = NULL;
	int r = rtnl_open(&nl, e);

	/* As on any host. */
	r = r < 0 ? r : link_up(nl, index_of(LOOPBACK), e);
	for (size_t i = 0; r == 0 && i < n; i++) {
		r = stand_in_create(&v[i], nl, inner, outer, e);
		if (r < 0)
			err_prefix(e, "--with %s", v[i].name);
	}
	return r;
}
