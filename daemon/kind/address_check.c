/* SPDX-License-Identifier: MIT */
/* address_check.c - what the kernel refuses of an address (inet_rtm_newaddr and
 * __inet_insert_ifa, net/ipv4/devinet.c; ipv6_add_addr, net/ipv6/addrconf.c). */
#include "address.h"
#include "sysctl.h"
#include <arpa/inet.h>
#include <linux/rtnetlink.h>

static const struct inet loopback4 = { AF_INET, 8, { 127, 0, 0, 1 } };

static bool same_bytes(const struct inet *a, const struct inet *b)
{
	return a->family == b->family && !memcmp(a->addr, b->addr, sizeof(a->addr));
}

static void unset(struct object *o, const char *field)
{
	o->set &= ~field_bit(o->kind, field);
}

/* The kernel stores one length, that of the peer, and a peer that equals the address is none. */
static int check_peer(struct address *a, struct err *e)
{
	if (!a->peer.family)
		return 0;
	if (a->peer.family != a->address.family)
		return err_set(e, EINVAL, "address and peer are of different families");
	if (a->address.len != a->peer.len && a->address.len != (a->address.family == AF_INET ? 32 : 128))
		return err_set(e, EINVAL, "the prefix length belongs to the peer");
	if (inet_is_unspecified(&a->peer))
		return err_set(e, EINVAL, "peer: not an address that an interface can have");
	a->address.len = a->peer.len;
	if (!same_bytes(&a->peer, &a->address))
		return 0;
	a->peer = (struct inet){ 0 };
	unset(&a->object, "peer");
	return 0;
}

/* ipv6_addr_type derives it from the address, whatever is given (net/ipv6/addrconf_core.c). */
static uint8_t scope6(const struct inet *i)
{
	if (inet_is_loopback6(i))
		return RT_SCOPE_HOST;
	if (inet_is_link_local(i))
		return RT_SCOPE_LINK;
	return i->addr[0] == 0xfe && (i->addr[1] & 0xc0) == 0xc0 ? RT_SCOPE_SITE : RT_SCOPE_UNIVERSE;
}

static int check_ipv6(struct address *a, struct err *e)
{
	bool on_lo = is_loopback(a->object.name), loopback = inet_is_loopback6(&a->address);
	const struct word *word = scope_words;

	if (a->address.family != AF_INET6)
		return 0;
	if (a->address.addr[0] == 0xff)
		return err_set(e, EINVAL, "a multicast address cannot be assigned to an interface");
	if (loopback && !on_lo)
		return err_set(e, EINVAL, "::1 can be assigned to lo only");
	while (word->value != scope6(&a->address))
		word++;
	if (object_says(&a->object, "scope") && a->scope != word->value)
		return err_set(
			e, EINVAL,
			"scope: the kernel derives that of an IPv6 address from the address; this one has scope %s",
			word->name);
	/* It is not compared, and never reverted. */
	a->scope = word->value;
	unset(&a->object, "scope");
	return 0;
}

static int check_label(struct address *a, struct err *e)
{
	const char *link = a->object.name;

	if (a->label && a->address.family != AF_INET)
		return err_set(e, EINVAL, "only IPv4 addresses have a label");
	if (a->label && strncmp(a->label, link, strlen(link)))
		return err_set(e, EINVAL, "label: %s must begin with %s", a->label, link);
	if (a->label && !strcmp(a->label, link)) {
		/* That is what the kernel sets by default. */
		a->label = NULL;
		unset(&a->object, "label");
	}
	return 0;
}

/* As ip(8) does: an address of the loopback's network has host scope. */
static void fill_scope(struct address *a)
{
	if (a->address.family != AF_INET || a->address.addr[0] != 127 || object_says(&a->object, "scope"))
		return;
	a->scope = RT_SCOPE_HOST;
	OBJECT_SET(&a->object, address, scope);
}

/* On lo, and with a peer, an address of a single host is the rule. */
static bool is_bare(const struct address *a)
{
	struct json_object *in = a->object.in;
	const char *s = json_object_get_string(
		json_object_is_type(in, json_type_object) ? json_object_object_get(in, "address") : in);

	return s && !strchr(s, '/') && !a->peer.family && !is_loopback(a->object.name);
}

const char *address_doubt(struct arena *arena, const struct object *o)
{
	const struct address *a = (const struct address *)o;
	struct inet usual = a->address;
	char own[64], other[64];

	if (!a->bare)
		return NULL;
	usual.len = a->address.family == AF_INET ? 24 : 64;
	return arena_fmt(arena, "%s is taken as %s/%u, as ip(8) does; did you mean %s?",
			 inet_text(&a->address, true, own), own, a->address.len, inet_text(&usual, false, other));
}

int address_check(struct object *o, struct err *e)
{
	struct address *a = (struct address *)o;

	a->bare = is_bare(a);
	if (inet_is_unspecified(&a->address))
		return err_set(e, EINVAL, "not an address that an interface can have");
	if (check_peer(a, e) < 0 || check_ipv6(a, e) < 0 || check_label(a, e) < 0)
		return e->code;
	fill_scope(a);
	a->metric = address_told_metric(a, a->metric);
	address_identify(o);
	address_set_lasting(a, 0, LIFETIME_FOREVER, LIFETIME_FOREVER);
	return 0;
}

/* An address that the kernel assigns to lo when it comes up cannot be assigned again. */
static bool is_given(const struct model *m, const struct address *a, const struct object *link)
{
	const struct object *netns = model_netns(m, a->object.netns);
	bool given = !memcmp(&a->address, &loopback4, sizeof(loopback4)) || inet_is_loopback6(&a->address);

	return given && netns && !netns->managed && is_loopback(a->object.name) && !link_is_down(link);
}

void address_check_in(const struct model *m, const struct object *o, struct problems *p)
{
	const struct address *a = (const struct address *)o;
	const struct object *link = model_find_ref(m, "link", o->place);

	if (a->address.family == AF_INET6)
		sysctl_check_ipv6(m, o, link, "address", p);
	if (link && is_given(m, a, link))
		object_problem(p, EINVAL, o, NULL, "the kernel assigns this address to lo itself; leave it out");
}

/* Sorts those of one network on a link next to each other. */
static int near_cmp(const void *x, const void *y)
{
	const struct address *a = *(const struct address *const *)x, *b = *(const struct address *const *)y;
	struct inet net_a = address_net(a), net_b = address_net(b);
	int r = strcmp(a->object.name, b->object.name);

	r = r ? r : memcmp(&net_a, &net_b, sizeof(net_a));
	r = r ? r : memcmp(a->address.addr, b->address.addr, 4);
	return r ? r : (a->object.seq > b->object.seq) - (a->object.seq < b->object.seq);
}

static bool is_near(const struct address *a, const struct address *b)
{
	struct inet net_a = address_net(a), net_b = address_net(b);

	return !strcmp(a->object.name, b->object.name) && !memcmp(&net_a, &net_b, sizeof(net_a));
}

/* Whether it is in the network of the kernel's own 127.0.0.1/8. */
static bool is_beside_loopback(const struct model *m, const struct object *netns, const struct address *a)
{
	struct inet net = address_net(a), own = inet_net(&loopback4);
	const struct object *link =
		!is_loopback(a->object.name) || netns->managed ? NULL : model_find_ref(m, "link", a->object.place);

	return link && !link_is_down(link) && !memcmp(&net, &own, sizeof(net));
}

/* @a is in the network of @first, and of @before, the one before it. */
static void check_near(const struct address *first, const struct address *before, const struct address *a,
		       struct problems *p)
{
	char text[64];

	if (first->scope != a->scope)
		object_problem(p, EINVAL, &a->object, NULL,
			       "all addresses of one network on an interface must have the same scope; %s has another",
			       inet_text(&first->address, false, text));
	else if (!memcmp(before->address.addr, a->address.addr, 4))
		object_problem(p, EINVAL, &a->object, NULL, "%s is already on %s, in the same network",
			       inet_text(&a->address, true, text), a->object.place);
}

static void check_sorted(const struct model *m, const struct object *netns, const struct address *const *v, size_t n,
			 struct problems *p)
{
	size_t first = 0;

	for (size_t i = 0; i < n; i++) {
		if (!is_near(v[first], v[i]))
			first = i;
		if (v[i]->scope != RT_SCOPE_HOST && is_beside_loopback(m, netns, v[i]))
			object_problem(p, EINVAL, &v[i]->object, NULL,
				       "an address in the network of 127.0.0.1/8 on lo needs \"scope\": \"host\"");
		else if (i > first)
			check_near(v[first], v[i - 1], v[i], p);
	}
}

void address_check_netns(const struct model *m, const struct object *netns, struct problems *p)
{
	_cleanup_(freep) const struct address **v = NULL;
	size_t n = 0;

	for (const struct object *o = netns->first; o; o = o->next) {
		if (o->kind != &kind_address || ((const struct address *)o)->address.family != AF_INET)
			continue;
		if (!(n & (n - 1)))
			v = must(realloc(v, (n ? 2 * n : 1) * sizeof(*v)));
		v[n++] = (const struct address *)o;
	}
	if (!n)
		return;
	qsort(v, n, sizeof(*v), near_cmp);
	check_sorted(m, netns, v, n, p);
}
