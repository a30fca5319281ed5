/* SPDX-License-Identifier: MIT */
/* test_kind.c - what a kind of link gets for its file and its row: the tunnel of kind_tunnel.c in messages
 * to a kernel and back. */
#include "kind_tunnel.h"
#include "kernel/observer.h"
#include "format/load.h"
#include "model/owner.h"
#include "model/revert.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

static void load(const char *text, struct declaration *t)
{
	struct problems p = { 0 };

	if (load_text(text, strlen(text), tunnel_kinds(), t, &p) < 0)
		fail_msg("%s", p.v[0].message);
	problems_done(&p);
}

struct wire {
	struct netns netns[2];
	struct netns_set set;
	struct plan plan;
	struct model observed;
	struct batch w;
};

static void wire_init(struct wire *x, struct declaration *t)
{
	*x = (struct wire){ .netns = { { .name = "a", .state = NETNS_FRESH, .fd = 42 },
				       { .name = "b", .state = NETNS_FRESH, .fd = 43 } } };
	x->set = (struct netns_set){ .v = x->netns, .n = ARRAY_SIZE(x->netns) };
	model_init(&x->observed, tunnel_kinds());
	x->plan = (struct plan){ .desired = &t->model, .observed = &x->observed };
	model_find_ref(&t->model, "link", "a/x")->handle = 7;
	batch_init(&x->w, &x->plan, &x->set, "lab-1", "machine");
	x->w.at = &x->netns[0];
}

static void wire_done(struct wire *x)
{
	batch_done(&x->w);
	model_done(&x->observed);
}

/* Sends the change from @before to @after, and returns the messages. */
static size_t wire_send(struct wire *x, struct object *before, struct object *after, const struct nlmsghdr *ret[8])
{
	struct op op = { .before = before, .after = after, .diff = before ? object_diff(after, before) : 0 };
	const struct nlmsghdr *h = (const void *)x->w.queued.buffer;
	size_t first = x->w.queued.size, n = 0;
	struct err e;

	assert_int_equal(after->kind->encode(&x->w, &op, &e), 0);
	h = (const void *)(x->w.queued.buffer + first);
	for (int left = (int)(x->w.queued.size - first); nlmsg_ok(h, left) && n < 8;
	     h = nlmsg_next((struct nlmsghdr *)(uintptr_t)h, &left))
		ret[n++] = h;
	return n;
}

/* The attributes of IFLA_INFO_DATA; how many. */
static size_t data_of(const struct nlmsghdr *h, struct nlattr *ret[TUNNEL_MAX])
{
	struct nlattr *info = nlmsg_find_attr((struct nlmsghdr *)(uintptr_t)h, sizeof(struct ifinfomsg), IFLA_LINKINFO),
		      *data;
	size_t n = 0;

	memset(ret, 0, TUNNEL_MAX * sizeof(*ret));
	data = info ? nla_find(nla_data(info), nla_len(info), IFLA_INFO_DATA) : NULL;
	if (data)
		nla_parse_nested(ret, TUNNEL_MAX - 1, data, NULL);
	for (size_t i = 0; i < TUNNEL_MAX; i++)
		n += ret[i] != NULL;
	return n;
}

static struct tunnel *read_back(struct wire *x, const struct declaration *t, const struct nlmsghdr *h)
{
	struct object *over = model_find_ref(&t->model, "link", "a/x");
	struct observer look = { .observed = &x->observed,
				 .ns = &x->netns[0],
				 .links = &over,
				 .n_links = 1,
				 .desired = &t->model,
				 .last = &t->model };
	struct object *o = link_read(&look, h);

	assert_non_null(o);
	link_read_names(&look, o);
	return (struct tunnel *)o;
}

static void test_create(_unused_ void **state)
{
	const struct nlmsghdr *h[8];
	struct nlattr *data[TUNNEL_MAX];
	struct declaration t;
	struct tunnel *have;
	struct object *want;
	struct wire x;

	load(tunnel_file, &t);
	want = &tunnel_of(&t)->link.object;
	wire_init(&x, &t);
	assert_in_range(wire_send(&x, NULL, want, h), 1, 8);
	assert_int_equal(h[0]->nlmsg_flags & (NLM_F_CREATE | NLM_F_EXCL), NLM_F_CREATE | NLM_F_EXCL);
	data_of(h[0], data);
	assert_int_equal(nla_get_u8(data[TUNNEL_LEARNING]), 0);
	assert_int_equal(nla_get_u16(data[TUNNEL_PORT]), htons(8472));
	assert_int_equal(nla_get_u32(data[TUNNEL_OVER]), 7);
	assert_int_equal(nla_len(data[TUNNEL_MODE]), 4);
	assert_null(data[TUNNEL_REMOTE]);
	assert_int_equal(nla_len(data[TUNNEL_REMOTE6]), 16);
	have = read_back(&x, &t, h[0]);
	assert_ptr_equal(have->link.object.kind, &kind_tunnel);
	assert_int_equal(object_diff(want, &have->link.object) & link_at(want, NLA_INFO_DATA, ~UINT64_C(0)), 0);
	assert_int_equal(~have->link.object.set & link_at(want, NLA_INFO_DATA, ~UINT64_C(0)), 0);
	wire_done(&x);
	declaration_done(&t);
}

/* A mode is sent if it differs from a new link's. */
static void test_create_usual(_unused_ void **state)
{
	const struct nlmsghdr *h[8];
	struct nlattr *data[TUNNEL_MAX];
	struct declaration t;
	struct wire x;

	load("{\"namespaces\": {\"a\": {\"interfaces\": {\"x\": {\"kind\": \"veth\", \"peer\": \"y\"},"
	     "\"t\": {\"kind\": \"tunnel\", \"learning\": true, \"ttl\": 64}}}}}",
	     &t);
	wire_init(&x, &t);
	wire_send(&x, NULL, &tunnel_of(&t)->link.object, h);
	assert_int_equal(data_of(h[0], data), 1);
	assert_int_equal(nla_get_u8(data[TUNNEL_TTL]), 64);
	wire_done(&x);
	declaration_done(&t);
}

/* A copy of @from, as it may have been before. */
static struct tunnel *before_of(struct wire *x, const struct tunnel *from)
{
	return (struct tunnel *)object_copy(&x->observed, &from->link.object, ~UINT64_C(0));
}

static void test_change(_unused_ void **state)
{
	const struct nlmsghdr *h[8];
	struct nlattr *data[TUNNEL_MAX];
	struct tunnel *want, *before;
	struct declaration t;
	struct wire x;

	load(tunnel_file, &t);
	want = tunnel_of(&t);
	wire_init(&x, &t);
	/* One row. */
	before = before_of(&x, want);
	before->ttl = 9;
	assert_int_equal(wire_send(&x, &before->link.object, &want->link.object, h), 2);
	assert_int_equal(data_of(h[0], data), 1);
	assert_int_equal(nla_get_u8(data[TUNNEL_TTL]), 3);
	assert_int_equal(data_of(h[1], data), 0);
	/* What no row covers. */
	before = before_of(&x, want);
	before->last = 19;
	wire_send(&x, &before->link.object, &want->link.object, h);
	assert_int_equal(data_of(h[0], data), 1);
	assert_memory_equal(nla_data(data[TUNNEL_PORTS]), (&(struct tunnel_ports){ 10, 20 }),
			    sizeof(struct tunnel_ports));
	/* A mode that reverts to its default goes first, in a message of its own, even if it is switched on. */
	before = before_of(&x, want);
	before->ttl = 9;
	before->learning = false;
	want->learning = true;
	assert_int_equal(wire_send(&x, &before->link.object, &want->link.object, h), 3);
	assert_int_equal(data_of(h[0], data), 1);
	assert_int_equal(nla_get_u8(data[TUNNEL_LEARNING]), 1);
	assert_int_equal(data_of(h[1], data), 1);
	assert_non_null(data[TUNNEL_TTL]);
	/* Nothing of it. */
	before = before_of(&x, want);
	before->link.up = false;
	assert_int_equal(wire_send(&x, &before->link.object, &want->link.object, h), 1);
	assert_int_equal(data_of(h[0], data), 0);
	wire_done(&x);
	declaration_done(&t);
}

/* A field that is no longer declared reverts to the default of its row, and none to none. */
static void test_reset(_unused_ void **state)
{
	static const uint8_t nowhere[4];
	struct declaration t, last;
	struct model saved, observed;
	struct tunnel *want, *before;
	const struct nlmsghdr *h[8];
	struct nlattr *data[TUNNEL_MAX];
	struct wire x;

	load(tunnel_file, &last);
	load("{\"namespaces\": {\"a\": {\"interfaces\": {\"x\": {\"kind\": \"veth\", \"peer\": \"y\"}, \"t\": {\"kind\": \"tunnel\", \"port\": 8472}}}}}",
	     &t);
	model_init(&saved, tunnel_kinds());
	model_init(&observed, tunnel_kinds());
	revert_complete(&t.model, &last.model, &saved, &observed);
	want = tunnel_of(&t);
	assert_true(want->learning);
	assert_int_equal(want->ttl, 64);
	assert_int_equal(want->mode, 2);
	assert_int_equal(want->last, 65535);
	assert_null(want->over);
	wire_init(&x, &t);
	before = before_of(&x, tunnel_of(&last));
	assert_int_equal(wire_send(&x, &before->link.object, &want->link.object, h), 3);
	assert_int_equal(data_of(h[0], data), 1);
	assert_int_equal(nla_get_u8(data[TUNNEL_LEARNING]), 1);
	assert_int_equal(data_of(h[1], data), 5);
	assert_memory_equal(nla_data(data[TUNNEL_REMOTE]), nowhere, sizeof(nowhere));
	assert_int_equal(nla_get_u32(data[TUNNEL_OVER]), 0);
	wire_done(&x);
	declaration_done(&t);
	declaration_done(&last);
	model_done(&saved);
	model_done(&observed);
}

/* If the kernel takes what a change leaves out for its default, everything is sent, including what no
 * file declares. */
static void test_whole_data(_unused_ void **state)
{
	struct link_kind whole = *kind_tunnel.link;
	struct kind kind = kind_tunnel;
	struct tunnel *want, *before;
	const struct nlmsghdr *h[8];
	struct nlattr *data[TUNNEL_MAX];
	struct declaration t;
	struct wire x;

	whole.whole_data = true;
	kind.link = &whole;
	load(tunnel_file, &t);
	want = tunnel_of(&t);
	wire_init(&x, &t);
	before = before_of(&x, want);
	before->ttl = 9;
	want->link.object.kind = before->link.object.kind = &kind;
	want->link.object.set &= ~field_bit(&kind, "port");
	want->port = 0;
	assert_int_equal(wire_send(&x, &before->link.object, &want->link.object, h), 2);
	assert_int_equal(data_of(h[0], data), 7);
	assert_int_equal(nla_get_u16(data[TUNNEL_PORT]), htons(8472));
	assert_int_equal(nla_get_u8(data[TUNNEL_TTL]), 3);
	wire_done(&x);
	declaration_done(&t);
}

/* ---- ways of creation ---- */

static struct object *configured;

static int create(struct batch *b, struct op *op, _unused_ struct err *e)
{
	op->after->handle = batch_new_index(b, op->after->netns);
	return 0;
}

static int configure(_unused_ struct batch *b, struct op *op, _unused_ struct err *e)
{
	configured = op->after;
	return 0;
}

/* Without a message that creates it, the next one has the rows, and the mark. */
static void test_create_otherwise(_unused_ void **state)
{
	const struct link_kind otherwise = { .create = create, .configure = configure };
	struct kind kind = kind_tunnel;
	const struct nlmsghdr *h[8];
	struct nlattr *data[TUNNEL_MAX], *group;
	struct declaration t;
	struct object *want, *before;
	struct wire x;

	kind.link = &otherwise;
	load(tunnel_file, &t);
	want = &tunnel_of(&t)->link.object;
	want->kind = &kind;
	wire_init(&x, &t);
	configured = NULL;
	assert_int_equal(wire_send(&x, NULL, want, h), 1);
	assert_ptr_equal(configured, want);
	assert_int_equal(h[0]->nlmsg_flags & NLM_F_CREATE, 0);
	assert_int_equal(((const struct ifinfomsg *)nlmsg_data(h[0]))->ifi_index, (int)want->handle);
	assert_int_equal(data_of(h[0], data), 0);
	group = nlmsg_find_attr((struct nlmsghdr *)(uintptr_t)h[0], sizeof(struct ifinfomsg), IFLA_GROUP);
	assert_int_equal(nla_get_u32(group), group_of_link("lab-1", "t"));
	/* A change is configured, too. */
	before = object_copy(&x.observed, want, ~UINT64_C(0));
	((struct tunnel *)before)->link.up = false;
	configured = NULL;
	wire_send(&x, before, want, h);
	assert_ptr_equal(configured, want);
	wire_done(&x);
	declaration_done(&t);
}

/* A port that is up goes down first, and comes up with its master. */
static void test_join(_unused_ void **state)
{
	static const struct {
		bool was_up, says_up, up;
		size_t messages;
		unsigned flags;
	} rows[] = {
		{ true, true, true, 2, IFF_UP },
		{ true, false, false, 2, IFF_UP },
		{ true, true, false, 2, 0 },
		{ false, true, true, 1, IFF_UP },
	};
	const struct link_kind bond = { .takes_ports_down = true };
	struct kind kind = kind_tunnel;
	const struct nlmsghdr *h[8];
	struct object *before, *port;
	struct declaration t;
	struct wire x;

	kind.link = &bond;
	kind.ports = true;
	load(tunnel_file, &t);
	wire_init(&x, &t);
	tunnel_of(&t)->link.object.kind = &kind;
	tunnel_of(&t)->link.object.handle = 9;
	port = model_find_ref(&t.model, "link", "a/x");
	before = object_copy(&x.observed, port, ~UINT64_C(0));
	((struct link *)port)->master = "a/t";
	OBJECT_SET(port, link, master);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct ifinfomsg *last;

		((struct link *)before)->up = rows[i].was_up;
		((struct link *)port)->up = rows[i].up;
		port->set = rows[i].says_up ? port->set | bit(LINK_UP) : port->set & ~bit(LINK_UP);
		assert_int_equal(wire_send(&x, before, port, h), rows[i].messages);
		last = nlmsg_data(h[rows[i].messages - 1]);
		assert_int_equal(last->ifi_change & IFF_UP, IFF_UP);
		assert_int_equal(last->ifi_flags & IFF_UP, rows[i].flags);
		assert_int_equal(nla_get_u32(nlmsg_find_attr((struct nlmsghdr *)(uintptr_t)h[rows[i].messages - 1],
							     sizeof(*last), IFLA_MASTER)),
				 9);
	}
	wire_done(&x);
	declaration_done(&t);
}

static const char *in_b(_unused_ const struct object *o)
{
	return "b";
}

/* Later messages would go to its own namespace, and there is no socket. */
static int stop(_unused_ struct batch *b, _unused_ struct op *op, struct err *e)
{
	return err_set(e, ECANCELED, "enough");
}

/* Created from another namespace it says where it belongs. */
static void test_birthplace(_unused_ void **state)
{
	const struct link_kind elsewhere = { .birthplace = in_b, .configure = stop };
	struct kind kind = kind_tunnel;
	struct declaration t;
	struct nlattr *fd;
	struct wire x;
	struct op op;
	struct err e;

	kind.link = &elsewhere;
	load(tunnel_file, &t);
	wire_init(&x, &t);
	tunnel_of(&t)->link.object.kind = &kind;
	x.w.at = &x.netns[1];
	op = (struct op){ .after = &tunnel_of(&t)->link.object };
	assert_int_equal(kind.encode(&x.w, &op, &e), -ECANCELED);
	assert_int_equal(x.w.queued.n, 1);
	fd = nlmsg_find_attr((struct nlmsghdr *)x.w.queued.buffer, sizeof(struct ifinfomsg), IFLA_NET_NS_FD);
	assert_non_null(fd);
	assert_int_equal(nla_get_u32(fd), 42);
	wire_done(&x);
	declaration_done(&t);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_create),     cmocka_unit_test(test_create_usual),
		cmocka_unit_test(test_change),     cmocka_unit_test(test_reset),
		cmocka_unit_test(test_whole_data), cmocka_unit_test(test_create_otherwise),
		cmocka_unit_test(test_birthplace), cmocka_unit_test(test_join),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
