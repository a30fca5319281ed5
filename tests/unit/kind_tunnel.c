/* SPDX-License-Identifier: MIT */
/* kind_tunnel.c - a kind of link as its author would write it: fields whose default is not zero, or
 * that are in network order; data that no row covers; a default MTU of its own. */
#include "kind_tunnel.h"

static const struct word modes[] = { { "fast", 1 }, { "safe", 2 }, { NULL, 0 } };

static const struct field fields[] = {
	LINK_FIELDS("1400"),
	FIELD(tunnel, learning, bool, .nla = TUNNEL_LEARNING, .place = NLA_INFO_DATA, .kernel_default = "true",
	      .doc = "whether addresses are learnt"),
	FIELD(tunnel, port, u16, .nla = TUNNEL_PORT, .flags = FIXED | NETWORK_ORDER, .place = NLA_INFO_DATA,
	      .kernel_default = "4789", .doc = "the port"),
	FIELD(tunnel, ttl, u8, .nla = TUNNEL_TTL, .place = NLA_INFO_DATA, .kernel_default = "64", .doc = "hops"),
	FIELD(tunnel, remote, ip, .nla = TUNNEL_REMOTE, .nla6 = TUNNEL_REMOTE6, .place = NLA_INFO_DATA,
	      .kernel_default = "null", .doc = "the other end"),
	FIELD(tunnel, over, link, .refs = "link", .flags = LOOSE, .nla = TUNNEL_OVER, .place = NLA_INFO_DATA,
	      .kernel_default = "null", .doc = "the interface that its packets leave by"),
	FIELD(tunnel, mode, word, .words = modes, .nla = TUNNEL_MODE, .width = 4, .place = NLA_INFO_DATA,
	      .kernel_default = "\"safe\"", .doc = "how packets are sent"),
	FIELD(tunnel, first, u16, .place = NLA_INFO_DATA, .kernel_default = "1024", .doc = "the first source port"),
	FIELD(tunnel, last, u16, .place = NLA_INFO_DATA, .kernel_default = "65535", .doc = "the last source port"),
};

static int tunnel_check(struct object *o, struct err *e)
{
	const struct tunnel *t = (const struct tunnel *)o;

	if (object_says(o, "first") != object_says(o, "last") || t->first > t->last)
		return err_set(e, EINVAL, "needs \"first\" and \"last\", in this order");
	return 0;
}

/* Both ports are in one attribute. */
static int put_data(_unused_ struct batch *b, const struct object *o, _unused_ uint64_t mask, struct nl_msg *m,
		    _unused_ struct err *e)
{
	const struct tunnel *t = (const struct tunnel *)o;

	msg_put(m, TUNNEL_PORTS, &(struct tunnel_ports){ t->first, t->last }, sizeof(struct tunnel_ports));
	return 0;
}

static void read_data(_unused_ struct observer *obs, struct object *o, struct nlattr *const *data, size_t n)
{
	struct tunnel *t = (struct tunnel *)o;
	struct tunnel_ports p;

	if (n <= TUNNEL_PORTS || !data[TUNNEL_PORTS])
		return;
	memcpy(&p, nla_data(data[TUNNEL_PORTS]), sizeof(p));
	t->first = p.first;
	t->last = p.last;
	OBJECT_SET(o, tunnel, first);
	OBJECT_SET(o, tunnel, last);
}

static const struct link_kind tunnel = { .check = tunnel_check, .put_data = put_data, .read_data = read_data };

const struct kind kind_tunnel = LINK_KIND(tunnel, .name = "tunnel", .link = &tunnel, .doc = "a tunnel to somewhere");

const struct kinds *tunnel_kinds(void)
{
	static const struct kind *rows[64];
	static struct kinds kinds = { rows, 0 };

	for (size_t i = 0; kinds.n < all_kinds.n + 1; i++) {
		if (i && !strcmp(all_kinds.v[i - 1]->class, "link") && strcmp(all_kinds.v[i]->class, "link"))
			rows[kinds.n++] = &kind_tunnel;
		rows[kinds.n++] = all_kinds.v[i];
	}
	return &kinds;
}

const char tunnel_file[] =
	"{\"namespaces\": {\"a\": {\"interfaces\": {"
	"\"x\": {\"kind\": \"veth\", \"peer\": \"y\"},"
	"\"t\": {\"kind\": \"tunnel\", \"learning\": false, \"port\": 8472, \"ttl\": 3, \"remote\": \"2001:db8::1\","
	" \"over\": \"x\", \"mode\": \"fast\", \"first\": 10, \"last\": 20}}}}}";

struct tunnel *tunnel_of(const struct declaration *t)
{
	return (struct tunnel *)model_find_ref(&t->model, "link", "a/t");
}
