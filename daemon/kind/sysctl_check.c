/* SPDX-License-Identifier: MIT */
/* sysctl_check.c - checks keys against each other, and against what belongs to interfaces: whether
 * the kernel could ever have all of it.  Pure. */
#include "lookup.h"
#include "forwarding.h"
#include "link.h"
#include "sysctl.h"
#include <linux/ipv6.h>

static bool is_on(const char *value)
{
	return value && strtol(value, NULL, 0);
}

/* The key that turns IPv6 off on @link, which has none of its own; NULL: none. */
static const char *disables_ipv6(const struct model *m, const struct object *link)
{
	static const char all[] = "net.ipv6.conf.all.disable_ipv6", fresh[] = "net.ipv6.conf.default.disable_ipv6";
	const char *value = link->managed ? NULL : lookup_sysctl(m, link->netns, NULL, fresh);

	/* An existing interface has taken its value from the default before; writing all writes the
	 * default, too (addrconf_disable_ipv6, net/ipv6/addrconf.c). */
	if (value)
		return is_on(value) ? fresh : NULL;
	return is_on(lookup_sysctl(m, link->netns, NULL, all)) ? all : NULL;
}

void sysctl_check_ipv6(const struct model *m, const struct object *o, const struct object *link, const char *field,
		       struct problems *p)
{
	static const char own[] = "ipv6.disable_ipv6";
	const char *value = link ? lookup_sysctl(m, link->netns, link->name, own) : NULL, *key;

	if (link && link_lacks_ipv6(link))
		object_problem(p, EINVAL, o, field, "%s has no IPv6: its MTU is below %d", link->place, IPV6_MIN_MTU);
	if (!link || (value && !is_on(value)))
		return;
	key = value ? NULL : disables_ipv6(m, link);
	if (value)
		object_problem(p, EINVAL, o, field, "IPv6 is disabled on %s by its own %s", link->name, own);
	else if (key)
		object_problem(
			p, EINVAL, o, field,
			"IPv6 is disabled on %s by %s of %s; add \"sysctl\": {\"%s\": 0} to %s to enable it there",
			link->name, key, link->netns, own, link->name);
}

/* Two keys for one value, which the second has in smaller units. */
static const struct {
	const char *key, *other;
	long long factor;
} aliases[] = {
	{ "net.ipv4.ip_forward", "net.ipv4.conf.all.forwarding", 1 },
	{ "net.ipv6.route.gc_min_interval", "net.ipv6.route.gc_min_interval_ms", 1000 },
	{ "net.mptcp.pm_type", "net.mptcp.path_manager", 0 },
};

static void alias_check(const struct model *m, const struct object *o, struct problems *p)
{
	const struct sysctl *s = (const struct sysctl *)o;
	const char *value;

	for (size_t i = 0; i < ARRAY_SIZE(aliases); i++) {
		value = strcmp(s->key, aliases[i].key) ? NULL : lookup_sysctl(m, o->netns, NULL, aliases[i].other);
		if (value &&
		    (!aliases[i].factor || strtoll(s->value, NULL, 0) * aliases[i].factor != strtoll(value, NULL, 0)))
			object_problem(p, EINVAL, o, NULL,
				       "%s is an alias of %s, which is %s here; declare only one of them", s->key,
				       aliases[i].other, value);
	}
}

/* The kernel keeps the first no larger than the second (its first number), at every moment. */
static const char *const ordered[][2] = {
	{ "net.ipv4.ip_unprivileged_port_start", "net.ipv4.ip_local_port_range" },
	{ "net.ipv4.ipfrag_low_thresh", "net.ipv4.ipfrag_high_thresh" },
	{ "net.ipv6.ip6frag_low_thresh", "net.ipv6.ip6frag_high_thresh" },
	{ "net.netfilter.nf_conntrack_frag6_low_thresh", "net.netfilter.nf_conntrack_frag6_high_thresh" },
};

const char *sysctl_partner(const char *key)
{
	for (size_t i = 0; i < ARRAY_SIZE(ordered); i++)
		for (size_t k = 0; k < ARRAY_SIZE(ordered[i]); k++)
			if (!strcmp(key, ordered[i][k]))
				return ordered[i][!k];
	return NULL;
}

static void order_check(const struct model *m, const struct object *o, struct problems *p)
{
	const struct sysctl *s = (const struct sysctl *)o;
	const char *value;

	for (size_t i = 0; i < ARRAY_SIZE(ordered); i++) {
		value = strcmp(s->key, ordered[i][0]) ? NULL : lookup_sysctl(m, o->netns, NULL, ordered[i][1]);
		if (value && strtoll(s->value, NULL, 0) > strtoll(value, NULL, 0))
			object_problem(p, EINVAL, o, NULL, "%s = %s is above %s = %s, which the kernel always refuses",
				       s->key, s->value, ordered[i][1], value);
	}
}

void sysctl_check_in(const struct model *m, const struct object *o, struct problems *p)
{
	static const char *const forwarding[] = { "net.ipv4.ip_forward", "net.ipv4.conf.all.forwarding",
						  "net.ipv6.conf.all.forwarding" };
	const struct object *netns = model_netns(m, o->netns);
	bool says = netns && object_says(netns, "forwarding");

	for (size_t k = 0; says && k < ARRAY_SIZE(forwarding); k++)
		if (!strcmp(((const struct sysctl *)o)->key, forwarding[k]))
			object_problem(p, EINVAL, o, NULL, "\"forwarding\" of %s sets this already", o->netns);
	if (netns && netns->managed && !strcmp(((const struct sysctl *)o)->key, "net.ipv6.conf.default.stable_secret"))
		object_problem(
			p, EINVAL, o, NULL,
			"the kernel would use it on every interface of %s, including those of other programs, and it can "
			"never be unset; set ipv6.stable_secret in the \"sysctl\" of single interfaces instead",
			o->netns);
	alias_check(m, o, p);
	order_check(m, o, p);
}

/* An interface whose MTU is too small for IPv6 has no IPv6 keys. */
static void mtu_check(const struct object *o, const struct object *link, struct problems *p)
{
	const struct sysctl *s = (const struct sysctl *)o;
	uint32_t mtu = link_mtu(link);
	long own = strtol(s->value, NULL, 0);

	if (link_lacks_ipv6(link) && !strncmp(s->key, "ipv6.", 5))
		object_problem(p, EINVAL, o, NULL, "%s has no IPv6, and no keys of it: its MTU is below %d", o->place,
			       IPV6_MIN_MTU);
	else if (!strcmp(s->key, "ipv6.mtu") && (own < IPV6_MIN_MTU || (mtu && own > mtu)))
		object_problem(p, EINVAL, o, NULL, "must be from %d to the MTU of %s, %u", IPV6_MIN_MTU, o->place,
			       mtu ? mtu : 65535);
}

/* The field of an interface that a key of it duplicates. */
void link_sysctl_check_in(const struct model *m, const struct object *o, struct problems *p)
{
	const struct object *link = model_find_ref(m, "link", o->place);

	if (link)
		mtu_check(o, link, p);
	if (link && object_says(link, "addrgen") && !strcmp(((const struct sysctl *)o)->key, "ipv6.addr_gen_mode"))
		object_problem(p, EINVAL, o, NULL, "\"addrgen\" of %s sets this already", o->place);
}
