/* SPDX-License-Identifier: MIT */
/* job_wait.c - how long a step waits for what only the kernel can finish. */
#include "usec.h"
#include "job.h"
#include "model/kind.h"
#include "model/model.h"

enum {
	POLL_USEC = 50000,
	TRIES_MAX = 2, /* of steps that the kernel refuses although nothing stands against them */
};

#define SECOND UINT64_C(1000000)

bool job_waits(const struct job *j)
{
	return j->phase == JOB_WAIT && usec_now(CLOCK_BOOTTIME) < j->wait.next;
}

void job_rest(const struct job *j)
{
	uint64_t now = usec_now(CLOCK_BOOTTIME);

	if (job_waits(j) && j->wait.next > now)
		usleep((useconds_t)(j->wait.next - now));
}

bool job_await(struct job *j)
{
	j->wait.refused = j->pass.execution.refused;
	j->wait.began = j->wait.next = usec_now(CLOCK_BOOTTIME);
	j->wait.said = false;
	if (j->wait.tries++ == TRIES_MAX)
		return false;
	j->phase = JOB_WAIT;
	return true;
}

const char *job_waits_for(struct job *j)
{
	if (j->phase != JOB_WAIT || j->wait.told || !j->wait.said)
		return NULL;
	j->wait.told = true;
	return j->wait.keeps.text;
}

/* Reported once while it lasts. */
static void say(struct job *j, const struct err *e)
{
	if (!j->wait.said) {
		j->wait.keeps = *e;
		j->wait.told = false;
	}
	j->wait.said = true;
}

static int check(struct job *j, const struct object *want, struct err *e)
{
	unsigned seconds;
	int r = want->kind->ready(&j->pass.observed, want, &seconds, e);
	bool over = usec_now(CLOCK_BOOTTIME) - j->wait.began > seconds * SECOND;

	if (r == 0)
		return 0;
	if (r == -EAGAIN && !over && !j->wait.ends) {
		j->wait.next = usec_now(CLOCK_BOOTTIME) + POLL_USEC;
		say(j, e);
		return r;
	}
	if (r == -EAGAIN) {
		if (j->wait.ends)
			err_append(e, "; %s", j->wait.ends);
		else
			err_append(e, "; waited %u s", seconds);
		e->code = j->wait.ends ? -ECANCELED : -ETIMEDOUT;
	}
	memcpy(e->kernel, j->wait.refused.kernel, sizeof(e->kernel));
	return err_prefix(e, "%s", j->wait.refused.text);
}

int job_wait_check(struct job *j, const struct object **ret, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < j->pass.plan.n && r == 0; i++) {
		*ret = j->pass.plan.ops[i].after;
		if (*ret && (*ret)->kind->ready)
			r = check(j, *ret, e);
	}
	return r;
}

void job_waited(struct job *j)
{
	/* The first plan is lost. */
	j->rounds += j->rounds == 0;
	if (j->rolling_back || !j->next.confirm_usec)
		return;
	j->next.confirm_usec += usec_now(CLOCK_BOOTTIME) - j->wait.began;
	j->noted = true; /* written once more before the commit */
}

bool job_lost(struct job *j, const struct op *op)
{
	if (j->rolling_back || !op || !op->after || !op->after->reverts)
		return false;
	/* The first plan is lost; the number of observations is bounded. */
	j->rounds += j->rounds == 0;
	pass_doubt(&j->pass, NULL);
	return true;
}

void job_not_settled(const struct op *op, struct err *e)
{
	struct arena a = { 0 };
	struct step s;

	plan_step(op, &a, &s);
	err_set(e, EIO,
		"%s %s %s: the kernel accepted the step, but without lasting effect: another program undoes "
		"it, or this kernel does not support it",
		s.kind, s.object, s.detail);
	arena_done(&a);
}
