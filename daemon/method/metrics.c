/* SPDX-License-Identifier: MIT */
/* metrics.c - the method Metrics: what is counted of topologies, of their namespaces and interfaces, and of netnsd itself.
 * Names for it are the client's. */
#include "metrics.h"
#include "answer.h"
#include "costly.h"
#include "base/utf8.h"
#include "engine/drifted.h"

enum { LINKS_A_STEP = 64 };

static const char *duration_word(unsigned i)
{
	static const char *const words[] = {
		[RECONCILE_APPLY] = "apply", [RECONCILE_UP] = "up",     [RECONCILE_DOWN] = "down",
		[RECONCILE_ADOPT] = "adopt", [RECONCILE_HEAL] = "heal", [RECONCILE_ROLLBACK] = "rollback",
		[RECONCILE_CHECK] = "check",
	};
	_Static_assert(ARRAY_SIZE(words) == RECONCILE_N, "each has a word");

	return i < ARRAY_SIZE(words) ? words[i] : NULL;
}

static const char *state_word(unsigned i)
{
	static const char *const words[] = {
		[STATE_UP] = "up", [STATE_DOWN] = "down", [STATE_FAILED] = "failed", [STATE_WAITING] = "waiting"
	};

	return i < ARRAY_SIZE(words) ? words[i] : NULL;
}

/* The shapes of the interface text. */
struct duration_shape {
	enum reconcile operation;
	uint64_t count, sum_usec;
	struct json_object *buckets;
};
static const struct json_member duration_members[] = {
	JSON_MEMBER(duration_shape, operation, WORD, .word = duration_word),
	JSON_MEMBER(duration_shape, count, U64),
	JSON_MEMBER(duration_shape, sum_usec, U64),
	JSON_MEMBER(duration_shape, buckets, LIST),
};
static const struct json_struct duration_struct = JSON_STRUCT(duration_shape, duration_members);

struct topology_shape {
	const char *name;
	enum topology_state state;
	uint64_t namespaces, links, healed, drifted, contested, since_usec, applied_usec;
};
static const struct json_member topology_members[] = {
	JSON_MEMBER(topology_shape, name, TEXT),
	JSON_MEMBER(topology_shape, state, WORD, .word = state_word),
	JSON_MEMBER(topology_shape, namespaces, U64),
	JSON_MEMBER(topology_shape, links, U64),
	JSON_MEMBER(topology_shape, healed, U64),
	JSON_MEMBER(topology_shape, drifted, U64),
	JSON_MEMBER(topology_shape, contested, U64),
	JSON_MEMBER(topology_shape, since_usec, U64),
	JSON_MEMBER(topology_shape, applied_usec, U64, .optional = true),
};
static const struct json_struct topology_struct = JSON_STRUCT(topology_shape, topology_members);

struct netns_shape {
	const char *name;
	uint64_t conntrack_entries, conntrack_limit;
	struct json_object *interfaces, *qdiscs;
};
static const struct json_member netns_members[] = {
	JSON_MEMBER(netns_shape, name, TEXT),
	JSON_MEMBER(netns_shape, conntrack_entries, U64, .optional = true),
	JSON_MEMBER(netns_shape, conntrack_limit, U64, .optional = true),
	JSON_MEMBER(netns_shape, interfaces, LIST),
	JSON_MEMBER(netns_shape, qdiscs, LIST),
};
static const struct json_struct netns_struct = JSON_STRUCT(netns_shape, netns_members);

struct link_shape {
	const char *name;
	bool up, carrier;
	uint32_t mtu;
	struct link_counters c;
};
#define COUNTER(m) JSON_MEMBER_NAMED(link_shape, c.m, #m, U64)
static const struct json_member link_members[] = {
	JSON_MEMBER(link_shape, name, TEXT),
	JSON_MEMBER(link_shape, up, FLAG),
	JSON_MEMBER(link_shape, carrier, FLAG),
	JSON_MEMBER(link_shape, mtu, U32),
	COUNTER(receive_bytes),
	COUNTER(receive_packets),
	COUNTER(receive_errs),
	COUNTER(receive_drop),
	COUNTER(receive_fifo),
	COUNTER(receive_frame),
	COUNTER(receive_multicast),
	COUNTER(transmit_bytes),
	COUNTER(transmit_packets),
	COUNTER(transmit_errs),
	COUNTER(transmit_drop),
	COUNTER(transmit_fifo),
	COUNTER(transmit_carrier),
	COUNTER(transmit_colls),
	COUNTER(carrier_changes),
};
static const struct json_struct link_struct = JSON_STRUCT(link_shape, link_members);

struct qdisc_shape {
	const char *interface, *kind;
	uint64_t bytes, packets, drops, overlimits, requeues, backlog, queue_length;
};
static const struct json_member qdisc_members[] = {
	JSON_MEMBER(qdisc_shape, interface, TEXT),   JSON_MEMBER(qdisc_shape, kind, TEXT),
	JSON_MEMBER(qdisc_shape, bytes, U64),        JSON_MEMBER(qdisc_shape, packets, U64),
	JSON_MEMBER(qdisc_shape, drops, U64),        JSON_MEMBER(qdisc_shape, overlimits, U64),
	JSON_MEMBER(qdisc_shape, requeues, U64),     JSON_MEMBER(qdisc_shape, backlog, U64),
	JSON_MEMBER(qdisc_shape, queue_length, U64),
};
static const struct json_struct qdisc_struct = JSON_STRUCT(qdisc_shape, qdisc_members);

struct metrics_question {
	struct question question; /* first: answer gets a pointer to it */
	struct engine *engine;
	struct json_object *answer;         /* NULL: it has not begun */
	struct json_object *links, *qdiscs; /* of the present namespace */
	size_t netns, link;                 /* what comes next */
};

/* The kernel lets a name have any bytes.  What is no character is written as \xNN, and so is the backslash of a name that
 * looks like that: two names remain two. */
static const char *name_of(struct arena *a, const char *name)
{
	char *text = arena_alloc(a, strlen(name) * 4 + 1), *to = text;

	for (size_t n; *name; name += n) {
		n = strncmp(name, "\\x", 2) ? utf8_length(name, strlen(name)) : 0;
		if (n)
			to = mempcpy(to, name, n);
		else
			to += sprintf(to, "\\x%02x", (unsigned char)*name);
		n = n ? n : 1;
	}
	return text;
}

static struct json_object *durations_json(const struct env *env)
{
	struct json_object *list = json_object_new_array();

	for (enum reconcile i = 0; i < RECONCILE_N; i++) {
		const struct histogram *h = &env->durations[i];
		struct duration_shape s = { i, 0, h->sum_usec, json_object_new_array() };

		for (size_t b = 0; b <= HISTOGRAM_BOUNDS; b++) {
			struct json_object *o = json_object_new_object();

			s.count += h->counts[b];
			if (b < HISTOGRAM_BOUNDS)
				add(o, "usec", json_object_new_int64((int64_t)histogram_bounds[b]));
			add(o, "count", json_object_new_int64((int64_t)s.count));
			json_object_array_add(s.buckets, o);
		}
		json_object_array_add(list, json_encode(&duration_struct, &s));
		json_object_put(s.buckets);
	}
	return list;
}

static struct json_object *topologies_json(struct engine *g)
{
	struct json_object *list = json_object_new_array();
	const struct topology *const *all;
	size_t n = engine_topologies(g, &all);

	for (size_t i = 0; i < n; i++) {
		const struct topology *t = all[i];
		struct topology_shape s = { t->name, t->state, t->namespaces, t->links,       t->healed,
					    0,       0,        t->since_usec, t->applied_usec };
		struct drifted d;

		for (size_t k = 0; engine_drifted(g, t->name, &k, &d);) {
			s.drifted += d.open;
			s.contested += d.contested;
		}
		json_object_array_add(list, json_encode(&topology_struct, &s));
	}
	return list;
}

/* Those of other programs, outside of what netnsd created, are not told. */
static void add_link(struct metrics_question *q, const struct facts *f, const struct netns_fact *n,
		     const struct link_fact *l)
{
	_cleanup_(arena_done) struct arena a = {};
	struct link_shape s = { .name = name_of(&a, l->name), .up = l->up, .carrier = l->carrier, .mtu = l->mtu };

	const struct qdisc_fact *from;
	size_t n_qdiscs;

	if (!facts_owner(f, n, l) || !l->counters)
		return;
	s.c = *l->counters;
	json_object_array_add(q->links, json_encode(&link_struct, &s));
	from = survey_qdiscs(&n->s, l->index, &n_qdiscs);
	for (; n_qdiscs > 0; n_qdiscs--, from++) {
		const struct qdisc_shape shape = {
			s.name,           name_of(&a, from->kind), from->bytes,   from->packets,      from->drops,
			from->overlimits, from->requeues,          from->backlog, from->queue_length,
		};

		/* It stands for having none. */
		if (strcmp(from->kind, "noqueue") != 0)
			json_object_array_add(q->qdiscs, json_encode(&qdisc_struct, &shape));
	}
}

/* The connections of a namespace that netnsd did not create are others' business; the host's are public. */
static void netns_end(struct metrics_question *q, const struct netns_fact *n)
{
	bool all = n->place != PLACE_EXISTING || q->question.call->peer->may_change;
	const struct netns_shape s = {
		.name = n->name,
		.conntrack_entries = all ? n->s.conntrack_count : 0,
		.conntrack_limit = all ? n->s.conntrack_max : 0,
		.interfaces = q->links,
		.qdiscs = q->qdiscs,
	};

	if (n->place == PLACE_OURS || json_object_array_length(q->links)) {
		struct json_object *o = json_encode(&netns_struct, &s);

		/* None yet is not the same as not being told. */
		if (s.conntrack_limit && !s.conntrack_entries)
			add(o, "conntrack_entries", json_object_new_int64(0));
		json_object_array_add(json_object_object_get(q->answer, "namespaces"), o);
	}
	json_object_put(TAKE(q->links));
	json_object_put(TAKE(q->qdiscs));
	q->netns++;
	q->link = 0;
}

static void step(struct metrics_question *q, const struct facts *f)
{
	const struct netns_fact *n = &f->netns[q->netns];

	if (!n->there) {
		q->netns++;
		return;
	}
	if (!q->links) {
		q->links = must(json_object_new_array());
		q->qdiscs = must(json_object_new_array());
	}
	for (size_t i = 0; i < LINKS_A_STEP && q->link < n->s.n_links; i++, q->link++)
		add_link(q, f, n, &n->s.links[q->link]);
	if (q->link == n->s.n_links)
		netns_end(q, n);
}

static bool on_answer(struct question *question, const struct facts *f)
{
	struct metrics_question *q = (struct metrics_question *)question;
	struct json_object *unread;

	if (!q->answer) {
		q->answer = one_string("version", NETNSD_VERSION);
		add(q->answer, "durations", durations_json(engine_env(q->engine)));
		add(q->answer, "topologies", topologies_json(q->engine));
		add(q->answer, "namespaces", json_object_new_array());
	}
	if (q->netns < f->n_netns) {
		step(q, f);
		return true;
	}
	unread = costly_unread(question, f);
	if (unread)
		add(q->answer, "unread", unread);
	call_reply(question->call, TAKE(q->answer));
	return false;
}

static void on_free(struct question *question)
{
	struct metrics_question *q = (struct metrics_question *)question;

	json_object_put(q->answer);
	json_object_put(q->links);
	json_object_put(q->qdiscs);
	free(q);
}

void method_metrics(struct call *c, _unused_ const void *parameters, void *arg)
{
	struct method_context *m = arg;
	struct metrics_question *q = must(calloc(1, sizeof(*q)));

	*q = (struct metrics_question){
		.question = { .call = c, .depth = SURVEY_COUNTERS, .answer = on_answer, .free = on_free },
		.engine = m->engine,
	};
	costly_ask(m->costly, &q->question);
}
