/* SPDX-License-Identifier: MIT */
/* generator.c - makes random topologies: few names, so that two of them often collide in
 * the same place, with other kinds, peers, addresses and routes. */
#include "generator.h"
#include <stdarg.h>

enum { NAMES_MAX = 7, CABLES_MAX = 5, NETWORKS = 4 };

struct body {
	const char *name;
	struct json_object *in, *interfaces;
	bool ends[5];               /* those of veth_names that are ends of veth pairs */
	bool networks[2][NETWORKS]; /* IPv4 and IPv6, behind an interface that is up */
};

struct topo {
	const struct generator *d;
	struct body v[NAMES_MAX];
	size_t n;
};

static const char *const veth_names[] = { "v0", "v1", "v2", "v3", "veth.4" };

static struct json_object *child(struct json_object *in, const char *key, bool list)
{
	struct json_object *o = json_object_object_get(in, key);

	if (!o) {
		o = list ? json_object_new_array() : json_object_new_object();
		json_object_object_add(in, key, o);
	}
	return o;
}

static void put_int(struct json_object *o, const char *key, int value)
{
	json_object_object_add(o, key, json_object_new_int(value));
}

static void put_bool(struct json_object *o, const char *key, bool value)
{
	json_object_object_add(o, key, json_object_new_boolean(value));
}

_printf_(3, 4) static void put_text(struct json_object *o, const char *key, const char *fmt, ...)
{
	struct json_object *text;
	char value[160];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(value, sizeof(value), fmt, ap);
	va_end(ap);
	text = json_object_new_string(value);
	if (json_object_is_type(o, json_type_array))
		json_object_array_add(o, text);
	else
		json_object_object_add(o, key, text);
}

/* Each interface has a network of its own, so that no address occurs twice. */
static void add_addresses(const struct topo *t, struct body *b, struct json_object *link, const char *name)
{
	unsigned net = generator_roll(t->d, NETWORKS, "net %s/%s", b->name, name);
	struct json_object *list;

	if (b->networks[0][net] || b->networks[1][net] ||
	    generator_roll(t->d, 5, "addresses %s/%s", b->name, name) == 0)
		return;
	list = child(link, "addresses", true);
	if (generator_roll(t->d, 4, "v4 %s/%s", b->name, name)) {
		unsigned host = generator_roll(t->d, 3, "v4 host %s/%s", b->name, name);

		put_text(list, NULL, "10.0.%u.%u/%u", net, host + 1,
			 generator_roll(t->d, 3, "v4 len %s/%s", b->name, name) ? 24 : 25);
		if (generator_roll(t->d, 3, "v4 second %s/%s", b->name, name) == 0)
			put_text(list, NULL, "10.0.%u.%u/24", net, host + 20);
		b->networks[0][net] = true;
	}
	if (generator_roll(t->d, 3, "v6 %s/%s", b->name, name) == 0) {
		put_text(list, NULL, "fd00:%u::%u/%u", net, generator_roll(t->d, 2, "v6 host %s/%s", b->name, name) + 1,
			 generator_roll(t->d, 2, "v6 len %s/%s", b->name, name) ? 64 : 48);
		b->networks[1][net] = true;
	}
}

static void add_common(const struct topo *t, struct body *b, struct json_object *link, const char *name)
{
	static const int mtus[] = { 0, 0, 1400, 9000 };
	int mtu = mtus[generator_roll(t->d, 4, "mtu %s/%s", b->name, name)];

	if (mtu)
		put_int(link, "mtu", mtu);
	if (generator_roll(t->d, 5, "txqlen %s/%s", b->name, name) == 0)
		put_int(link, "txqlen", 100);
	if (generator_roll(t->d, 5, "addrgen %s/%s", b->name, name) == 0)
		put_text(link, "addrgen", "none");
	if (generator_roll(t->d, 5, "rp_filter %s/%s", b->name, name) == 0)
		put_int(child(link, "sysctl", false), "ipv4.rp_filter",
			1 + (int)generator_roll(t->d, 2, "rp %s/%s", b->name, name));
	if (generator_roll(t->d, 8, "down %s/%s", b->name, name) == 0)
		put_bool(link, "up", false);
	else
		add_addresses(t, b, link, name);
}

static void add_bridges(const struct topo *t, struct body *b)
{
	static const char *const names[] = { "br0", "v1" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct json_object *link;

		if (generator_roll(t->d, 3, "bridge %s/%s", b->name, names[i]))
			continue;
		link = child(b->interfaces, names[i], false);
		put_text(link, "kind", "bridge");
		if (generator_roll(t->d, 3, "stp %s/%s", b->name, names[i]) == 0)
			put_bool(link, "stp_state", true);
		if (generator_roll(t->d, 3, "priority %s/%s", b->name, names[i]) == 0)
			put_int(link, "priority", 4096);
		if (generator_roll(t->d, 3, "filter %s/%s", b->name, names[i]) == 0)
			put_bool(link, "vlan_filtering", true);
		add_common(t, b, link, names[i]);
	}
}

static bool is_bridge(const struct body *b, const char *name)
{
	struct json_object *link = json_object_object_get(b->interfaces, name), *kind = NULL;

	return link && json_object_object_get_ex(link, "kind", &kind) &&
	       !strcmp(json_object_get_string(kind), "bridge");
}

static void add_master(const struct topo *t, struct body *b, struct json_object *link, const char *name)
{
	const char *master = generator_roll(t->d, 2, "master %s/%s", b->name, name) ? "br0" : "v1";

	if (is_bridge(b, master) && generator_roll(t->d, 2, "port %s/%s", b->name, name))
		put_text(link, "master", "%s", master);
}

static void add_veth(struct topo *t, unsigned i)
{
	struct body *end[2];
	const char *name[2];
	unsigned n[2];
	struct json_object *link[2] = { NULL };

	for (unsigned e = 0; e < 2; e++) {
		end[e] = &t->v[generator_roll(t->d, (unsigned)t->n, "cable %u end %u", i, e)];
		n[e] = generator_roll(t->d, ARRAY_SIZE(veth_names), "cable %u name %u", i, e);
		name[e] = veth_names[n[e]];
		if (end[e]->ends[n[e]] || json_object_object_get(end[e]->interfaces, name[e]) ||
		    !strcmp(end[e]->name, "lab"))
			return;
	}
	if (end[0] == end[1] && !strcmp(name[0], name[1]))
		return;
	for (unsigned e = 0; e < 2; e++) {
		end[e]->ends[n[e]] = true;
		if (e == 1 && generator_roll(t->d, 4, "bare %u", i) == 0)
			continue;
		link[e] = child(end[e]->interfaces, name[e], false);
		add_common(t, end[e], link[e], name[e]);
		add_master(t, end[e], link[e], name[e]);
	}
	put_text(link[0], "kind", "veth");
	put_text(link[0], "peer", "%s/%s", end[1]->name, name[1]);
	if (link[1] && generator_roll(t->d, 2, "both say it %u", i)) {
		put_text(link[1], "kind", "veth");
		put_text(link[1], "peer", "%s/%s", end[0]->name, name[0]);
	}
}

/* Adds existing interfaces, of which little is declared. */
static void add_there(const struct topo *t, struct body *b, const char *name)
{
	struct json_object *link;

	if (generator_roll(t->d, 3, "there %s", name))
		return;
	link = child(b->interfaces, name, false);
	if (generator_roll(t->d, 2, "there %s mtu", name))
		put_int(link, "mtu", 1400 + (int)generator_roll(t->d, 2, "there %s size", name));
	if (generator_roll(t->d, 2, "there %s up", name))
		put_bool(link, "up", true);
	if (generator_roll(t->d, 3, "there %s sysctl", name) == 0)
		put_int(child(link, "sysctl", false), "ipv4.rp_filter", 1);
	if (generator_roll(t->d, 2, "there %s address", name))
		put_text(child(link, "addresses", true), NULL, "203.0.113.%u/24",
			 generator_roll(t->d, 3, "there %s host", name) + 1);
	if (strcmp(name, "lab0"))
		add_master(t, b, link, name);
}

static void add_route(const struct topo *t, struct body *b, unsigned net, bool v6)
{
	char what[64];
	struct json_object *r = json_object_new_object();
	const char *prefix = v6 ? "fd00:" : "10.0.";
	const char *sep = v6 ? "::" : ".";
	unsigned type;

	snprintf(what, sizeof(what), "route %s %u %d", b->name, net, v6);
	if (v6)
		put_text(r, "to", "2001:db8:%u::/48", generator_roll(t->d, 2, "%s to", what) + net * 2);
	else if (generator_roll(t->d, 3, "%s default", what) == 0)
		put_text(r, "to", "default");
	else
		put_text(r, "to", "10.%u.0.0/16", generator_roll(t->d, 2, "%s to", what) + 50 + net * 2);
	if (v6 || generator_roll(t->d, 2, "%s metric", what) ||
	    !strcmp(json_object_get_string(child(r, "to", false)), "default"))
		put_int(r, "metric", 10 + (int)net * 2 + (int)generator_roll(t->d, 2, "%s metric is", what));
	if (generator_roll(t->d, 5, "%s table", what) == 0)
		put_int(r, "table", 100);
	type = generator_roll(t->d, 5, "%s type", what);
	if (type == 0) {
		put_text(r, "type", "blackhole");
	} else if (type == 1 && !v6) {
		struct json_object *hops = child(r, "nexthops", true);

		for (unsigned i = 0; i < 2; i++) {
			struct json_object *hop = json_object_new_object();

			put_text(hop, "via", "%s%u%s%u", prefix, net, sep,
				 100 + i * 2 + generator_roll(t->d, 2, "%s hop %u", what, i));
			json_object_array_add(hops, hop);
		}
	} else {
		put_text(r, "via", "%s%u%s%u", prefix, net, sep, 100 + generator_roll(t->d, 2, "%s via", what));
	}
	json_object_array_add(child(b->in, "routes", true), r);
}

/* Adds a route out of an interface that has IPv4 addresses, with one of them as its source. */
static void add_device_route(const struct topo *t, struct body *b, const char *name, struct json_object *link)
{
	struct json_object *list = json_object_object_get(link, "addresses"), *r;
	const char *first = list ? json_object_get_string(json_object_array_get_idx(list, 0)) : NULL;

	/* eth1 may go down again when it is not declared. */
	if (!first || !strcmp(name, "eth1") || strchr(first, ':') ||
	    generator_roll(t->d, 3, "device route %s/%s", b->name, name))
		return;
	r = json_object_new_object();
	put_text(r, "to", "172.16.%u.0/24", generator_roll(t->d, 250, "device route %s/%s to", b->name, name));
	put_text(r, "dev", "%s", name);
	if (generator_roll(t->d, 2, "device route %s/%s src", b->name, name))
		put_text(r, "src", "%.*s", (int)strcspn(first, "/"), first);
	put_int(r, "metric", (int)strlen(name) * 100 + name[strlen(name) - 1]);
	json_object_array_add(child(b->in, "routes", true), r);
}

/* Adds a route to a network that another of these topologies has on an interface. */
static void add_network_route(const struct topo *t, struct body *b, unsigned net, unsigned near, bool v6)
{
	struct json_object *r = json_object_new_object();
	char what[64];

	snprintf(what, sizeof(what), "network route %s %u %d", b->name, net, v6);
	if (v6)
		put_text(r, "to", "fd00:%u::/%u", net, generator_roll(t->d, 2, "%s len", what) ? 64 : 48);
	else
		put_text(r, "to", "10.0.%u.0/%u", net, generator_roll(t->d, 2, "%s len", what) ? 24 : 25);
	if (v6)
		put_int(r, "metric", 256);
	if (generator_roll(t->d, 3, "%s table", what) == 0)
		put_int(r, "table", 254);
	put_text(r, "via", v6 ? "fd00:%u::%u" : "10.0.%u.%u", near, 100 + generator_roll(t->d, 2, "%s via", what));
	json_object_array_add(child(b->in, "routes", true), r);
}

static void add_network_routes(const struct topo *t, struct body *b, bool v6)
{
	unsigned near = 0;

	while (near < NETWORKS && !b->networks[v6][near])
		near++;
	for (unsigned net = 0; near < NETWORKS && net < NETWORKS; net++)
		if (!b->networks[v6][net] && generator_roll(t->d, 2, "network routes %s %u %d", b->name, net, v6))
			add_network_route(t, b, net, near, v6);
}

/* Adds rules whose selectors and tables exclude nothing; one is for both families. */
static void add_rules(const struct topo *t, struct body *b)
{
	for (unsigned i = 0; i < 3; i++) {
		struct json_object *r;

		if (generator_roll(t->d, 4, "rule %s %u", b->name, i))
			continue;
		r = json_object_new_object();
		put_int(r, "priority", 100 + (int)i);
		put_int(r, "table", 100 + (int)generator_roll(t->d, 2, "rule %s %u table", b->name, i));
		if (i == 1)
			put_text(r, "from", "10.%u.0.0/16", generator_roll(t->d, 2, "rule %s from", b->name));
		if (i == 2)
			put_int(r, "fwmark", 1 + (int)generator_roll(t->d, 2, "rule %s mark", b->name));
		json_object_array_add(child(b->in, "rules", true), r);
	}
}

/* Adds NAT and a filter; the filter of a namespace that several topologies may have belongs to none. */
static void add_nft(const struct topo *t, struct body *b)
{
	static const char *const policies[] = { "accept", "drop", "reject" };
	struct json_object *list, *r;

	for (unsigned i = 0; i < 2; i++) {
		if (generator_roll(t->d, 4, "masquerade %s %u", b->name, i))
			continue;
		r = json_object_new_object();
		put_text(r, "from", "10.8.%u.%u", i, generator_roll(t->d, 2, "masquerade %s %u from", b->name, i));
		put_text(r, "out", "eth*");
		json_object_array_add(child(child(b->in, "nat", false), "masquerade", true), r);
	}
	if (!strcmp(b->name, "host") || !strcmp(b->name, "lab") || generator_roll(t->d, 4, "filter %s", b->name))
		return;
	put_text(child(b->in, "filter", false), "forward", "%s",
		 policies[generator_roll(t->d, ARRAY_SIZE(policies), "policy %s", b->name)]);
	list = child(child(b->in, "filter", false), "rules", true);
	for (unsigned i = 0; i < 1 + generator_roll(t->d, 3, "filter %s rules", b->name); i++) {
		r = json_object_new_object();
		put_text(r, "chain", "forward");
		put_text(r, "proto", "tcp");
		put_int(r, "port", 80 + (int)generator_roll(t->d, 3, "filter %s %u port", b->name, i));
		put_text(r, "action", "accept");
		json_object_array_add(list, r);
	}
}

/* Some of the namespace's interfaces have a neighbour, or answer for one. */
static void add_neighbor(const struct topo *t, struct body *b, const char *link)
{
	unsigned which = generator_roll(t->d, 6, "neighbor %s %s", b->name, link);
	struct json_object *n = which > 2 ? NULL : json_object_new_object();

	if (!n)
		return;
	put_text(n, "dev", "%s", link);
	put_text(n, "address", which ? "10.%u.0.99" : "2001:db8:%u::99",
		 generator_roll(t->d, 2, "neighbor of %s %s", b->name, link));
	if (which == 2)
		put_bool(n, "proxy", true);
	else
		put_text(n, "mac", "02:00:00:00:99:0%u", generator_roll(t->d, 2, "neighbor mac %s %s", b->name, link));
	json_object_array_add(child(b->in, "neighbors", true), n);
}

/* Some ports have an entry, the first one that is asked for: one of the two addresses may move to another port. */
static void add_fdb(const struct topo *t, struct body *b, const char *link, struct json_object *in)
{
	unsigned mac = generator_roll(t->d, 4, "fdb %s %s", b->name, link);
	struct json_object *f, *list = child(b->in, "fdb", true);

	struct json_object *master = NULL;

	if (!json_object_object_get_ex(in, "master", &master) || mac > 1 || json_object_array_length(list))
		return;
	master = json_object_object_get(b->interfaces, json_object_get_string(master));
	f = json_object_new_object();
	put_text(f, "mac", "02:00:00:00:98:0%u", mac);
	put_text(f, "dev", "%s", link);
	if (json_object_object_get(master, "vlan_filtering"))
		put_int(f, "vlan", 1);
	json_object_array_add(list, f);
}

/* Of the ports of a bridge that filters by VLAN, and of the bridge itself, some have a list.  Not those of others: the
 * fake kernel gives ports none. */
static void add_vlans(const struct topo *t, struct body *b, const char *link, struct json_object *in)
{
	static const char *const lists[] = { "[1]", "[]",
					     "[{\"id\": 1, \"pvid\": true, \"untagged\": true}, \"20-29\"]",
					     "[20, {\"id\": 30, \"pvid\": true}]" };
	struct json_object *master = NULL, *bridge = in;
	unsigned which = generator_roll(t->d, 2 * ARRAY_SIZE(lists), "vlans %s %s", b->name, link);

	if (json_object_object_get_ex(in, "master", &master))
		bridge = json_object_object_get(b->interfaces, json_object_get_string(master));
	if (strncmp(link, "eth", 3) != 0 && which < ARRAY_SIZE(lists) &&
	    json_object_object_get(bridge, "vlan_filtering"))
		json_object_object_add(in, "vlans", json_tokener_parse(lists[which]));
}

static void add_body(const struct topo *t, struct body *b)
{
	static const char *const forwarding[] = { "true", "false", "\"ipv4\"", "\"ipv6\"" };
	unsigned f = generator_roll(t->d, 8, "forwarding %s", b->name);

	if (f < ARRAY_SIZE(forwarding))
		json_object_object_add(b->in, "forwarding", json_tokener_parse(forwarding[f]));
	if (generator_roll(t->d, 4, "sysctl %s", b->name) == 0)
		put_int(child(b->in, "sysctl", false), "net.core.somaxconn",
			100 + (int)generator_roll(t->d, 3, "somaxconn %s", b->name));
	if (generator_roll(t->d, 4, "default %s", b->name) == 0)
		put_int(child(b->in, "sysctl", false), "net.ipv6.conf.default.hop_limit",
			33 + (int)generator_roll(t->d, 2, "hop limit %s", b->name));
	json_object_object_foreach(b->interfaces, name, link) {
		add_device_route(t, b, name, link);
		add_neighbor(t, b, name);
		add_fdb(t, b, name, link);
		add_vlans(t, b, name, link);
	}
	for (unsigned net = 0; net < NETWORKS; net++)
		for (unsigned v6 = 0; v6 < 2; v6++)
			if (b->networks[v6][net] && generator_roll(t->d, 2, "routes %s %u %u", b->name, net, v6))
				add_route(t, b, net, v6);
	for (unsigned v6 = 0; v6 < 2; v6++)
		add_network_routes(t, b, v6);
	add_rules(t, b);
	add_nft(t, b);
	if (strcmp(b->name, "lab") && strcmp(b->name, "host") && generator_roll(t->d, 5, "lo %s", b->name) == 0)
		put_text(child(child(b->interfaces, "lo", false), "addresses", true), NULL, "198.18.0.%u/32",
			 generator_roll(t->d, 2, "lo is %s", b->name));
}

struct json_object *generate(const struct generator *d)
{
	static const char *const names[NAMES_MAX] = { "host", "a", "b", "c", "d", "e", "lab" };
	struct json_object *top = json_object_new_object(), *namespaces = child(top, "namespaces", false);
	struct topo t = { .d = d };

	for (size_t i = 0; i < NAMES_MAX; i++) {
		struct body *b = &t.v[t.n];

		if (i > 0 && generator_roll(d, 3, "has %s", names[i]))
			continue;
		b->name = names[i];
		b->in = child(i ? namespaces : top, names[i], false);
		b->interfaces = child(b->in, "interfaces", false);
		if (!strcmp(names[i], "lab")) {
			put_bool(b->in, "existing", true);
			add_there(&t, b, "lab0");
		} else {
			add_bridges(&t, b);
		}
		t.n++;
	}
	add_there(&t, &t.v[0], "eth0");
	add_there(&t, &t.v[0], "eth1");
	for (unsigned i = 0; i < CABLES_MAX; i++)
		if (generator_roll(d, 2, "cable %u", i))
			add_veth(&t, i);
	for (size_t i = 0; i < t.n; i++)
		add_body(&t, &t.v[i]);
	return top;
}
