/* SPDX-License-Identifier: MIT */
/* doctor_probe.c - netnsctl doctor --probe: a ping to each gateway, so that the kernel asks for its hardware address, and
 * netnsd finds what came of that among the neighbours. */
#include "doctor.h"
#include "probe.h"
#include "usec.h"

enum {
	GATEWAYS_MAX = 1024,
	/* Three requests, a second apart (net.ipv4.neigh.*.mcast_solicit, retrans_time_ms), and a moment. */
	PATIENCE_USEC = 3500 * 1000,
};

/* A gateway, and where it is asked from. */
struct gateway {
	struct place place;
	struct probe probe;
};

struct gateways {
	struct gateway *v; /* its elements are pointed to: not to be moved */
	size_t n;
	int loop;
};

static void gateways_done(struct gateways *g)
{
	for (size_t i = 0; i < g->n; i++) {
		probe_end(&g->v[i].probe);
		place_close(&g->v[i].place);
	}
	free(g->v);
	closep(&g->loop);
}

/* The address after "via" in the words of a route; link-local ones are of no use without their interface. */
static bool gateway_of(const char *route, struct inet *ret)
{
	const char *via = strstr(route, " via ");
	char text[64];
	struct err e;
	bool slash;

	if (!via)
		return false;
	via += strlen(" via ");
	via += strncmp(via, "inet6 ", strlen("inet6 ")) ? 0 : strlen("inet6 ");
	snprintf(text, sizeof(text), "%.*s", (int)strcspn(via, " "), via);
	return inet_parse(text, ret, &slash, &e) == 0 && ret->family && !inet_is_link_local(ret);
}

/* A ping that cannot be sent finds nothing out; what is in its way, doctor says. */
static void ask(struct gateways *g, const char *netns, const struct inet *to)
{
	struct gateway *one = &g->v[g->n];
	struct err e;

	if (g->n == GATEWAYS_MAX || place_open(&one->place, netns, &e) < 0)
		return;
	g->n++;
	one->probe = (struct probe){ .watch = { .fd = -1 },
				     .type = &probe_ping,
				     .place = &one->place,
				     .loop = g->loop,
				     .to = *to,
				     .nonce = usec_now(CLOCK_MONOTONIC) + g->n,
				     .id = (uint16_t)getpid() };
	(void)!probe_again(&one->probe, &e);
}

static int ask_topology(const struct ctl *c, struct gateways *g, const char *name)
{
	struct json_object *parameters = must(json_object_new_object()), *netns;
	_cleanup_(reply_putp) struct json_object *reply = NULL;
	int r;

	json_object_object_add(parameters, "name", json_object_new_string(name));
	r = ctl_call(c, &(struct call){ .method = "Status", .parameters = parameters }, &reply);
	for (size_t i = 0; r == EXIT_DONE && (netns = reply_at(reply, "namespaces", i)); i++)
		for (size_t k = 0; k < reply_size(netns, "routes"); k++) {
			struct inet to;

			if (gateway_of(json_object_get_string(reply_at(netns, "routes", k)), &to))
				ask(g, reply_text(netns, "name"), &to);
		}
	return r;
}

static void wait_for(const struct gateways *g)
{
	uint64_t until = loop_now() + PATIENCE_USEC;
	size_t missing = g->n;

	while (missing && loop_now() < until) {
		loop_turn(g->loop, until);
		missing = 0;
		for (size_t i = 0; i < g->n; i++)
			missing += !g->v[i].probe.reached && !g->v[i].probe.why;
	}
}

int doctor_probe(const struct ctl *c)
{
	_cleanup_(gateways_done) struct gateways g = { .loop = loop_new() };
	_cleanup_(reply_putp) struct json_object *reply = NULL;
	struct json_object *t;
	struct err e;
	int r = EXIT_DONE;

	if (place_allowed(&e) < 0)
		return ctl_fail(EXIT_NOT_PERMITTED, "--probe: %s", e.text);
	if (g.loop < 0)
		return ctl_fail(EXIT_FAILED, "--probe: %s", strerror(-g.loop));
	g.v = must(calloc(GATEWAYS_MAX + 1, sizeof(*g.v)));
	if (!c->n_args)
		r = ctl_call(c, &(struct call){ .method = "Status" }, &reply);
	else
		r = ask_topology(c, &g, c->args[0]);
	for (size_t i = 0; r == EXIT_DONE && (t = reply_at(reply, "topologies", i)); i++)
		if (!strcmp(reply_text(t, "state"), "up"))
			r = ask_topology(c, &g, reply_text(t, "name"));
	wait_for(&g);
	return r;
}
