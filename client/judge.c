/* SPDX-License-Identifier: MIT */
/* judge.c - tries whether what a topology expects is true: first all that must be reached, then, if it is, what must
 * not be; silence proves nothing where nothing works. */
#include "judge.h"
#include "run.h"
#include "listener.h"
#include "text.h"
#include "usec.h"
#include <sys/random.h>
#include <sys/resource.h>

enum {
	AGAIN_MSEC = 100,  /* between tries */
	MEASURE_MSEC = 20, /* between packets that are measured */
	QUIET_MSEC = 1000, /* so long what must not be reached is tried … */
	LATE_MSEC = 500,   /* … and an answer to the last try may take so long */
	PATIENCE_MAX = 60, /* seconds that the last answer of a measurement is waited for */
};

/* ---- before ---- */

struct place *run_place(struct run *r, const char *name, struct err *e)
{
	for (size_t i = 0; i < r->n_places; i++)
		if (!strcmp(r->places[i].name, name))
			return &r->places[i];
	if (place_open(&r->places[r->n_places], name, e) < 0)
		return NULL;
	return &r->places[r->n_places++];
}

/* Where something listens that sends back what it receives. */
static int test_listen(struct run *r, struct test *t, struct err *e)
{
	const struct expectation *x = t->x;
	bool tcp = EXPECTS(x, tcp);
	const char *owner = t->owner;
	struct inet at = t->probe.to;
	struct place *p;
	int result;

	if (EXPECTS(x, listen) && target_find(r->s, x, &x->listen, &at, &owner, e) < 0)
		return e->code;
	if (!owner)
		return tcp ? 0
			   : err_set(e, EADDRNOTAVAIL,
				     "it is in no namespace of the topology, so nobody there "
				     "could say that the packet arrived");
	p = run_place(r, owner, e);
	if (!p)
		return e->code;
	result = listener_need(r->listeners, p, &at, EXPECTS(x, listen_port) ? x->listen_port : x->port,
			       tcp ? SOCK_STREAM : SOCK_DGRAM, &t->probe.secret, e);
	t->probe.echo = result >= 0;
	return tcp && result == -EADDRINUSE ? 0 : result;
}

static void test_prepare(struct run *r, struct test *t)
{
	struct err e = {};
	int result = 0;

	const struct place *owner = t->owner ? run_place(r, t->owner, &e) : NULL;

	t->place = !t->owner || owner ? run_place(r, t->from, &e) : NULL;
	t->probe.place = t->place;
	t->probe.loop = r->loop;
	t->probe.id = (uint16_t)(1 + (t - r->s->tests));
	if (getrandom(&t->probe.nonce, sizeof(t->probe.nonce), 0) < 0)
		t->probe.nonce = usec_now(CLOCK_REALTIME);
	if (t->place && (EXPECTS(t->x, tcp) || EXPECTS(t->x, udp)))
		result = test_listen(r, t, &e);
	if (!t->place || result < 0)
		test_end(r->s, t, VERDICT_NOT_RUN, "%s", e.text);
}

/* Each test needs a few. */
static void descriptors_raise(void)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l) < 0)
		return;
	l.rlim_cur = l.rlim_max;
	setrlimit(RLIMIT_NOFILE, &l);
}

/* ---- one test ---- */

static bool is_measured(const struct test *t)
{
	return run_has_rate(t) || EXPECTS(t->x, loss_max) || EXPECTS(t->x, rtt_min) || EXPECTS(t->x, rtt_max);
}

void run_decide(struct run *r, struct test *t, enum verdict verdict, const char *text)
{
	struct err e;
	const struct place *p = t->owner ? run_place(r, t->owner, &e) : NULL;

	if (place_is_gone(t->place) || (p && place_is_gone(p)))
		test_end(r->s, t, VERDICT_NOT_RUN, "the namespace %s was removed meanwhile",
			 place_is_gone(t->place) ? t->from : t->owner);
	else
		test_end(r->s, t, verdict, "%s", text);
}

/* Why it was not reached, as far as anybody said. */
static const char *silence_text(struct arena *a, const struct test *t)
{
	const struct probe *p = &t->probe;

	if (*p->words)
		return p->words;
	return p->why ? strerror(p->why) : EXPECTS(t->x, route) ? "there is none" : arena_strdup(a, "no answer");
}

static void test_again(struct run *r, struct test *t)
{
	struct err e = {};

	t->tries++;
	if (probe_again(&t->probe, &e) < 0)
		test_end(r->s, t, VERDICT_NOT_RUN, "%s", e.text);
}

/* ---- what must be reached ---- */

static bool positive_turn(struct run *r, struct test *t, uint64_t start_usec)
{
	struct arena *a = &r->s->arena;
	uint64_t now = loop_now();

	if (t->probe.reached) {
		t->usec = now - start_usec;
		if (!is_measured(t))
			run_decide(r, t, VERDICT_HOLDS,
				   EXPECTS(t->x, route) ? "" : text_duration(a, t->probe.told_usec));
		return false;
	}
	if (now >= start_usec + t->x->within * USEC_PER_SEC) {
		t->usec = now - start_usec;
		run_decide(r, t, VERDICT_FAILS, arena_fmt(a, "not within %u s: %s", t->x->within, silence_text(a, t)));
		return false;
	}
	if (now < t->again_usec)
		return true;
	t->again_usec = now + AGAIN_MSEC * USEC_PER_MSEC;
	test_again(r, t);
	return t->verdict == VERDICT_PENDING;
}

static void positives_judge(struct run *r)
{
	uint64_t start = loop_now();
	bool more = true;

	while (more && !run_is_over(r)) {
		more = false;
		for (size_t i = 0; i < r->s->n; i++) {
			struct test *t = &r->s->tests[i];

			more |= t->x->reach && t->verdict == VERDICT_PENDING && !t->usec && positive_turn(r, t, start);
		}
		if (more)
			loop_turn(r->loop, loop_now() + AGAIN_MSEC * USEC_PER_MSEC / 2);
	}
}

/* ---- what must not be reached, and what is measured ---- */

/* Whether the target is there at all: that it cannot be reached must have another reason. */
static int target_check(struct run *r, const struct test *t, struct err *e)
{
	const struct place *p = t->owner ? run_place(r, t->owner, e) : NULL;
	_cleanup_(closep) int fd = -1;
	union endpoint at;
	socklen_t size = endpoint_fill(&at, &t->probe.to, 0);
	char text[64];

	if (!p)
		return t->owner ? e->code : 0;
	fd = place_socket(p, t->probe.to.family, SOCK_DGRAM, 0, e);
	if (fd < 0)
		return fd;
	return bind(fd, &at.sa, size) == 0
		       ? 0
		       : err_kernel(e, errno, NULL, "%s in %s, which could not be reached by anybody",
				    inet_text(&t->probe.to, true, text), t->owner);
}

static void negative_begin(struct run *r, struct test *t, bool all_reached)
{
	struct err e = {};

	if (!all_reached)
		test_end(r->s, t, VERDICT_NOT_RUN, "not judged, because something that must be reached is not");
	else if (target_check(r, t, &e) < 0)
		test_end(r->s, t, VERDICT_NOT_RUN, "%s", e.text);
}

static void measure_begin(struct test *t)
{
	struct probe *p = &t->probe;

	p->trips = must(calloc(t->x->count, sizeof(*p->trips)));
	p->n_trips = t->x->count;
	p->seq = 0;
	/* Answers to what was sent before do not count. */
	p->nonce++;
	t->tries = 0;
}

static void second_begin(struct run *r)
{
	bool all_reached = true;

	for (size_t i = 0; i < r->s->n; i++) {
		const struct test *t = &r->s->tests[i];

		all_reached &= !t->x->reach || t->verdict == VERDICT_HOLDS ||
			       (t->verdict == VERDICT_PENDING && t->probe.reached);
	}
	for (size_t i = 0; i < r->s->n; i++) {
		struct test *t = &r->s->tests[i];

		if (t->verdict != VERDICT_PENDING || run_has_rate(t))
			continue;
		if (t->x->reach)
			measure_begin(t);
		else
			negative_begin(r, t, all_reached);
		t->again_usec = 0;
	}
}

static bool negative_turn(struct run *r, struct test *t, uint64_t start_usec)
{
	struct arena *a = &r->s->arena;
	uint64_t now = loop_now(), since = now - start_usec;

	if (t->probe.reached || since >= (QUIET_MSEC + LATE_MSEC) * USEC_PER_MSEC) {
		t->usec = since;
		run_decide(r, t, t->probe.reached ? VERDICT_FAILS : VERDICT_HOLDS,
			   t->probe.reached
				   ? arena_fmt(a, "it was reached, in %s", text_duration(a, t->probe.told_usec))
				   : silence_text(a, t));
		return false;
	}
	if (now < t->again_usec || since >= QUIET_MSEC * USEC_PER_MSEC)
		return true;
	t->again_usec = now + AGAIN_MSEC * USEC_PER_MSEC;
	test_again(r, t);
	return t->verdict == VERDICT_PENDING;
}

static int usec_compare(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Counts what is lost; the median of the round trips is not moved by a few that this process was late for. */
static void measure_count(struct test *t)
{
	_cleanup_(freep) uint32_t *back = must(calloc(t->probe.n_trips, sizeof(*back)));
	uint32_t n = 0;

	for (uint32_t i = 0; i < t->probe.n_trips; i++)
		if (t->probe.trips[i].back)
			back[n++] = t->probe.trips[i].usec;
	qsort(back, n, sizeof(*back), usec_compare);
	t->trips = t->probe.n_trips;
	t->lost = t->trips - n;
	t->rtt_usec = n ? back[n / 2] : 0;
}

static void measure_decide(struct run *r, struct test *t)
{
	const struct expectation *x = t->x;
	struct arena *a = &r->s->arena;
	bool none = t->lost == t->trips;
	bool holds = !(EXPECTS(x, loss_max) && (uint64_t)t->lost * 100000 > (uint64_t)x->loss_max * t->trips) &&
		     !(EXPECTS(x, rtt_min) && (none || t->rtt_usec < x->rtt_min)) &&
		     !(EXPECTS(x, rtt_max) && (none || t->rtt_usec > x->rtt_max));

	run_decide(r, t, holds ? VERDICT_HOLDS : VERDICT_FAILS,
		   arena_fmt(a, "%u of %u lost%s%s", t->lost, t->trips, none ? "" : ", round trip ",
			     none ? "" : text_duration(a, t->rtt_usec)));
}

static bool measure_turn(struct run *r, struct test *t, uint64_t start_usec)
{
	uint64_t now = loop_now(), patience = USEC_PER_SEC;
	bool all = true;

	if (t->tries < t->x->count) {
		if (now >= t->again_usec) {
			t->again_usec = now + MEASURE_MSEC * USEC_PER_MSEC;
			test_again(r, t);
		}
		return t->verdict == VERDICT_PENDING;
	}
	for (uint32_t i = 0; i < t->probe.n_trips; i++) {
		uint64_t four = 4 * (uint64_t)t->probe.trips[i].usec;

		all &= t->probe.trips[i].back;
		patience = four > patience ? four : patience;
	}
	if (!all &&
	    now < t->again_usec + (patience < PATIENCE_MAX * USEC_PER_SEC ? patience : PATIENCE_MAX * USEC_PER_SEC))
		return true;
	t->usec += now - start_usec;
	measure_count(t);
	measure_decide(r, t);
	return false;
}

static void second_judge(struct run *r)
{
	uint64_t start = loop_now();
	bool more = true;

	second_begin(r);
	while (more && !run_is_over(r)) {
		more = false;
		for (size_t i = 0; i < r->s->n; i++) {
			struct test *t = &r->s->tests[i];

			if (t->verdict == VERDICT_PENDING && !run_has_rate(t))
				more |= t->x->reach ? measure_turn(r, t, start) : negative_turn(r, t, start);
		}
		if (more)
			loop_turn(r->loop, loop_now() + MEASURE_MSEC * USEC_PER_MSEC / 4);
	}
}

/* ---- all ---- */

static void run_tests(struct run *r)
{
	descriptors_raise();
	for (size_t i = 0; i < r->s->n; i++)
		if (r->s->tests[i].verdict == VERDICT_PENDING)
			test_prepare(r, &r->s->tests[i]);
	positives_judge(r);
	if (!run_is_over(r))
		second_judge(r);
	if (!run_is_over(r))
		run_rates(r);
}

void judge(struct suite *s, uint64_t until_usec, const volatile bool *stop)
{
	uint64_t start = loop_now();
	struct run r = { .s = s, .loop = loop_new(), .until_usec = until_usec, .stop = stop };

	/* One for each "from", one for each target, one for each "listen". */
	r.places = must(calloc(3 * s->n + 1, sizeof(*r.places)));
	r.listeners = listeners_new(r.loop);
	if (r.loop >= 0)
		run_tests(&r);
	for (size_t i = 0; i < s->n; i++)
		if (s->tests[i].verdict == VERDICT_PENDING)
			test_end(s, &s->tests[i], VERDICT_NOT_RUN, "%s",
				 r.loop < 0      ? strerror(-r.loop)
				 : stop && *stop ? "interrupted"
						 : "there was no time left");
	listeners_free(r.listeners);
	for (size_t i = 0; i < r.n_places; i++)
		place_close(&r.places[i]);
	free(r.places);
	closep(&r.loop);
	s->usec = loop_now() - start;
}
