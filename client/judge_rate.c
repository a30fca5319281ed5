/* SPDX-License-Identifier: MIT */
/* judge_rate.c - measures how much arrives at the other end of a path, when nothing else is measured. */
#include "flows.h"
#include "run.h"
#include "text.h"

enum {
	WARM_MSEC = 1500, /* until connections have found their rate and a bucket is empty … */
	RATE_MSEC = 4000, /* … which is then measured so long */
};

static bool wait_until(struct run *r, uint64_t usec)
{
	while (loop_now() < usec && !run_is_over(r))
		loop_turn(r->loop, usec < r->until_usec ? usec : r->until_usec);
	return !run_is_over(r);
}

static void rate_decide(struct run *r, struct test *t)
{
	const struct expectation *x = t->x;
	bool holds =
		!(EXPECTS(x, rate_min) && t->rate < x->rate_min) && !(EXPECTS(x, rate_max) && t->rate > x->rate_max);

	run_decide(r, t, holds ? VERDICT_HOLDS : VERDICT_FAILS, text_rate(&r->s->arena, t->rate));
}

static void rate_measure(struct run *r, struct test *t, const struct flows *f)
{
	uint64_t start = loop_now(), at, end, before = 0, after = 0;
	int error = 0;

	if (!wait_until(r, start + WARM_MSEC * USEC_PER_MSEC))
		return;
	at = loop_now();
	error = flows_arrived(f, &before);
	if (error == 0 && !wait_until(r, at + RATE_MSEC * USEC_PER_MSEC))
		return;
	end = loop_now();
	error = error ?: flows_arrived(f, &after);
	t->usec += end - start;
	if (error < 0) {
		run_decide(r, t, VERDICT_FAILS, strerror(-error));
		return;
	}
	t->rate = (after - before) * 8 * USEC_PER_SEC / (end - at);
	rate_decide(r, t);
}

void run_rates(struct run *r)
{
	for (size_t i = 0; i < r->s->n && !run_is_over(r); i++) {
		struct test *t = &r->s->tests[i];
		struct flows *f;
		struct err e = {};

		if (t->verdict != VERDICT_PENDING)
			continue;
		if (!t->probe.echo) {
			test_end(r->s, t, VERDICT_NOT_RUN, "nobody there is known to take what is sent: %s",
				 t->owner ? "another program listens at the port"
					  : "it is in no namespace of the topology");
			continue;
		}
		f = flows_new(&t->probe, &e);
		if (f)
			rate_measure(r, t, f);
		else
			test_end(r->s, t, VERDICT_NOT_RUN, "%s", e.text);
		flows_free(f);
	}
}
