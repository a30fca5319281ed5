/* SPDX-License-Identifier: MIT */
/* heal_note.c - notes what is not as declared, and tells it in the words of a plan. */
#include "healing.h"
#include <time.h>

enum {
	TOLD_MAX = 256,			/* drifted objects that are noted one by one in one heal */
	PORT_PID = (1 << 22) - 1,	/* the part of a netlink port that is a process */
};

uint64_t heal_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* Who sent the request, if the kernel told: programs name their socket after their process. */
static const char *culprit(uint32_t port, char *ret, size_t size)
{
	char path[64], command[32] = "";
	uint32_t pid = port & PORT_PID;

	if (!pid || port >> 31)
		return NULL;
	snprintf(path, sizeof(path), "/proc/%u/comm", pid);
	_cleanup_(fclosep) FILE *f = fopen(path, "re");
	if (f && fgets(command, sizeof(command), f))
		command[strcspn(command, "\n")] = '\0';
	snprintf(ret, size, *command ? "pid %u (%s)" : "pid %u", pid, command);
	return ret;
}

static const char *describe(struct arena *a, const struct object *o, uint64_t mask)
{
	const char *s = o ? object_describe(a, o, NULL, mask) : NULL;

	return s && !*s ? o->kind->name : s;
}

void heal_tell(struct heal *h, enum event_type type, const struct op *op, uint32_t port, const char *message)
{
	static const char *const what[] = { "was removed", "was changed", "was added" };
	const struct object *o = heal_object(op);
	uint64_t mask = op->before && op->after ? op->diff : op->after ? ~UINT64_C(0) : kind_mask(o->kind, BARE) | kind_mask(o->kind, FIXED);
	struct arena a = { 0 };
	char by[64];
	struct event ev = {
		.type = type,
		.topology = h->m->known.name,
		.kind = o->kind->label,
		.object = o->place,
		.was = describe(&a, op->after, mask),
		.is = describe(&a, op->before, mask),
		.by = culprit(port, by, sizeof(by)),
	};

	ev.message = arena_fmt(&a, "%s %s %s%s%s%s", ev.kind, ev.object, ev.was ? ev.was : ev.is, message ? ": " : " ",
			       message ? message : what[op->before ? op->after ? 1 : 2 : 0],
			       h->report && type == EVENT_DRIFT ? ", which its file says to report, not to heal" : "");
	engine_tell(h->g, &ev);
	arena_done(&a);
}

void heal_tell_failed(struct heal *h)
{
	const struct problem *p = &h->refused.v[0];
	enum event_type type = problems_await(&h->refused) ? EVENT_WAITING : EVENT_FAILED;
	struct event ev = { .type = type, .topology = h->m->known.name, .message = p->message, .code = p->code };

	engine_tell(h->g, &ev);
}

void heal_tell_healed(struct heal *h)
{
	char message[96];
	struct event ev = { .type = EVENT_HEALED, .topology = h->m->known.name, .message = message };

	snprintf(message, sizeof(message), "healed in %zu step%s and %.1f ms", h->healed, h->healed == 1 ? "" : "s",
		 (double)(heal_now() - h->began) / 1000);
	engine_tell(h->g, &ev);
}

/* Notes what is not as declared, and tells what is new of it. */
void heal_note_all(struct heal *h)
{
	struct drifts *d = &h->m->drifts;

	for (size_t i = 0; i < h->plan.n; i++) {
		const struct op *op = &h->plan.ops[i];
		const struct object *o = heal_object(op);
		const struct kept *k = keep_find(h->m, o->netns);
		struct drift *one = op->given ? NULL : drift_find(d, o);
		bool known = one && one->open;

		if (op->given || h->told == TOLD_MAX)
			continue;
		one = drift_note(d, o, h->now);
		if (one && k && k->port)
			one->port = k->port;
		if (!known) {
			h->told++;
			heal_tell(h, EVENT_DRIFT, op, one ? one->port : 0, NULL);
		}
	}
	for (size_t i = 0; i < h->scope.n; i++) {
		const struct spot *spot = &h->scope.spots[i];

		for (size_t n = 0; !spot->all && n < spot->n; n++)
			drift_settle(d, spot->kept->name, spot->only[n], h->now);
		if (spot->all)
			drift_settle(d, spot->kept->name, NULL, h->now);
	}
}
