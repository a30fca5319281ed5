/* SPDX-License-Identifier: MIT */
/* way.c - explain on facts made by hand. */
#include "way.h"
#include "inspect/check.h"
#include <errno.h>
#include <linux/rtnetlink.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <cmocka.h>

/* The kernel: the routes of the facts, forwarding, strict rp_filter. */
int way_kernel(void *arg, const struct netns_fact *n, const struct route_query *q, struct route_answer *ret)
{
	const struct link_fact *in = q->in ? survey_link(&n->s, q->in) : NULL;
	const struct route_fact *r, *back;

	(void)arg;
	*ret = (struct route_answer){ .type = RTN_LOCAL, .table = RT_TABLE_LOCAL, .out = 99, .source = q->to };
	r = route_to(n, &q->to);
	back = in ? route_to(n, &q->from) : NULL;
	if (in && in->rp_filter == 1 && (!back || back->link != in->index))
		return -EINVAL;
	if (explain_is_local(n, &q->to))
		return 0;
	if (in && q->to.family == AF_INET && !in->forwards4)
		return -EINVAL;
	if (!r || !survey_link(&n->s, r->link)->up)
		return -ENETUNREACH;
	if (r->type == RTN_BLACKHOLE)
		return -EINVAL;
	*ret = (struct route_answer){
		.type = RTN_UNICAST, .table = r->table, .out = r->link, .via = r->via, .entry = r->to, .matched = true
	};
	for (size_t i = 0; i < n->s.n_addresses; i++)
		if (n->s.addresses[i].link == r->link && !ret->source.family)
			ret->source = n->s.addresses[i].address;
	return 0;
}

void way_add_end(struct facts *f, const char *name, const char *address, const char *gateway)
{
	struct netns_fact *n = hand_netns(f, name, 0);

	hand_link(n, "eth0", LINK_PAIR);
	hand_address(n, 0, address);
	hand_route(n, 0, address, NULL);
	if (gateway)
		hand_route(n, 0, "default", gateway);
}

/* Two networks with a router between them: a, b, r, as in conf/examples/router.json. */
struct facts *way_router(void)
{
	struct facts *f = hand_facts();
	struct netns_fact *r;

	hand_topology(f, "lab");
	way_add_end(f, "a", "10.0.3.10/24", "10.0.3.1");
	way_add_end(f, "b", "10.0.4.10/24", "10.0.4.1");
	r = hand_netns(f, "r", 0);
	hand_link(r, "a", LINK_PAIR)->forwards4 = true;
	hand_link(r, "b", LINK_PAIR)->forwards4 = true;
	hand_address(r, 0, "10.0.3.1/24");
	hand_address(r, 1, "10.0.4.1/24");
	hand_route(r, 0, "10.0.3.0/24", NULL);
	hand_route(r, 1, "10.0.4.0/24", NULL);
	r->s.forwards4 = true;
	hand_pair(f, A, 0, R, 0);
	hand_pair(f, B, 0, R, 1);
	return f;
}

/* Three namespaces: s, which is a switch, x and y. */
struct facts *way_bridge(void)
{
	struct facts *f = hand_facts();
	struct netns_fact *s;

	hand_topology(f, "lab");
	s = hand_netns(f, "s", 0);
	hand_link(s, "br0", LINK_BRIDGE);
	hand_link(s, "p1", LINK_PAIR)->master = 1;
	hand_link(s, "p2", LINK_PAIR)->master = 1;
	way_add_end(f, "x", "10.0.2.1/24", NULL);
	way_add_end(f, "y", "10.0.2.2/24", NULL);
	hand_pair(f, 1, 1, 2, 0);
	hand_pair(f, 1, 2, 3, 0);
	return f;
}

const char *way_of(struct facts *f, const struct explain_request *request)
{
	static char text[1 << 15];
	struct explanation x;
	struct err e;
	size_t n = 0, steps = 0;

	facts_connect(f);
	*text = '\0';
	if (explain_begin(&x, f, request, way_kernel, NULL, &e) < 0) {
		snprintf(text, sizeof(text), "no %s\n", e.text);
	} else {
		while (explain_step(&x))
			assert_true(++steps < 200);
		for (size_t i = 0; i < x.n_hops; i++) {
			const struct hop *h = &x.hops[i];

			assert_true((h->state == HOP_PASSES) == (i + 1 < x.n_hops || x.state == HOP_PASSES));
			n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s %s %s%s%s\n",
					      h->state == HOP_PASSES   ? ""
					      : h->state == HOP_BROKEN ? "BROKEN "
								       : "UNKNOWN ",
					      h->back ? "back" : "there", h->object, h->message, h->command ? ": " : "",
					      h->command ? h->command : "");
		}
	}
	explanation_done(&x);
	facts_free(f);
	return text;
}

/* The last line. */
const char *way_end(struct facts *f, const char *from, const char *to)
{
	const char *all = way_of(f, &(struct explain_request){ .from = from, .to = to, .all = true });
	const char *last = all;

	for (const char *s = all; *s; s++)
		if (*s == '\n' && s[1])
			last = s + 1;
	return last;
}
