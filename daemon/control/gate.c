/* SPDX-License-Identifier: MIT */
/* gate.c - healing, timers, signals and root take precedence over users.  After each
 * slice that users took, the gate stays closed for a multiple of it: however many calls
 * they send, most of the time none of them is in the way. */
#include "gate.h"
#include "usec.h"
#include <sys/epoll.h>

enum {
	SLICE_USEC = 1000, /* cheap calls share one opening */
	REST = 3,          /* times the slice: users get at most a quarter of the time */
	REST_WORKING = 15, /* the same while netnsd itself is busy */
	REST_MAX_USEC = 1000 * 1000,
};

struct guest {
	struct guest *next;
	uid_t uid;
	size_t n; /* connections */
	sd_event *event;
};

struct gate {
	sd_event *outer;
	int all; /* epoll: readable when a loop of the guests has something to do */
	sd_event_source *ready, *opens;
	struct guest *guests;                    /* in order of their turn */
	uint64_t opens_usec, opens_working_usec; /* CLOCK_MONOTONIC */
};

/* Only ends the wait of the loop: gate_turn comes after it. */
static int on_ready(_unused_ sd_event_source *s, _unused_ int fd, _unused_ uint32_t events, _unused_ void *arg)
{
	return 0;
}

static int on_opens(_unused_ sd_event_source *s, _unused_ uint64_t usec, _unused_ void *arg)
{
	return 0;
}

int gate_new(struct gate **ret, sd_event *outer, struct err *e)
{
	struct gate *g = must(calloc(1, sizeof(*g)));
	int r;

	*g = (struct gate){ .outer = sd_event_ref(outer), .all = epoll_create1(EPOLL_CLOEXEC) };
	r = g->all < 0 ? -errno : sd_event_add_io(outer, &g->ready, g->all, EPOLLIN, on_ready, NULL);
	if (r >= 0)
		r = sd_event_source_set_priority(g->ready, SD_EVENT_PRIORITY_IDLE);
	if (r >= 0)
		r = sd_event_add_time(outer, &g->opens, CLOCK_MONOTONIC, UINT64_MAX, 1, on_opens, NULL);
	if (r >= 0)
		r = sd_event_source_set_enabled(g->opens, SD_EVENT_OFF);
	if (r < 0) {
		gate_free(g);
		return err_set(e, r, "event loop: %s", strerror(-r));
	}
	*ret = g;
	return 0;
}

static void guest_free(struct guest *u)
{
	sd_event_unref(u->event);
	free(u);
}

void gate_free(struct gate *g)
{
	if (!g)
		return;
	for (struct guest *u = g->guests, *next; u; u = next) {
		next = u->next;
		guest_free(u);
	}
	sd_event_source_disable_unref(g->ready);
	sd_event_source_disable_unref(g->opens);
	closep(&g->all);
	sd_event_unref(g->outer);
	free(g);
}

static struct guest **guest_find(struct gate *g, uid_t uid)
{
	struct guest **u = &g->guests;

	while (*u && (*u)->uid != uid)
		u = &(*u)->next;
	return u;
}

sd_event *gate_join(struct gate *g, uid_t uid)
{
	struct guest **place = guest_find(g, uid), *u = *place;
	struct epoll_event about = { .events = EPOLLIN };

	if (!u) {
		u = must(calloc(1, sizeof(*u)));
		u->uid = uid;
		if (sd_event_new(&u->event) < 0 ||
		    epoll_ctl(g->all, EPOLL_CTL_ADD, sd_event_get_fd(u->event), &about) < 0) {
			guest_free(u);
			return NULL;
		}
		*place = u;
	}
	u->n++;
	return u->event;
}

/* The loop itself may be calling this: guest_run releases it. */
void gate_leave(struct gate *g, uid_t uid)
{
	(*guest_find(g, uid))->n--;
}

size_t gate_count(const struct gate *g, uid_t uid)
{
	const struct guest *u = *guest_find((struct gate *)(uintptr_t)g, uid);

	return u ? u->n : 0;
}

/* Runs the loop of the first guest and moves it to the end; whether it had something to do. */
static bool guest_run(struct gate *g)
{
	struct guest *u = g->guests, **last = &g->guests;
	bool did = sd_event_run(u->event, 0) > 0;

	g->guests = u->next;
	if (!u->n) {
		guest_free(u);
		return did;
	}
	while (*last)
		last = &(*last)->next;
	u->next = NULL;
	*last = u;
	return did;
}

/* Runs one thing of the first guest that has something to do; false if none has. */
static bool guests_run(struct gate *g)
{
	size_t n = 0;

	for (const struct guest *u = g->guests; u; u = u->next)
		n++;
	while (n--)
		if (guest_run(g))
			return true;
	return false;
}

static uint64_t rest(uint64_t spent, unsigned times)
{
	uint64_t usec = (spent ? spent : 1) * times;

	return usec < REST_MAX_USEC ? usec : REST_MAX_USEC;
}

static void gate_close(struct gate *g, uint64_t spent, uint64_t now)
{
	g->opens_usec = now + rest(spent, REST);
	g->opens_working_usec = now + rest(spent, REST_WORKING);
	sd_event_source_set_enabled(g->ready, SD_EVENT_OFF);
	sd_event_source_set_time(g->opens, g->opens_usec);
	sd_event_source_set_enabled(g->opens, SD_EVENT_ONESHOT);
}

void gate_turn(struct gate *g, bool working)
{
	uint64_t began = usec_now(CLOCK_MONOTONIC), now = began;
	bool did = false;

	if (!g->guests || began < (working ? g->opens_working_usec : g->opens_usec))
		return;
	while (now - began < SLICE_USEC && guests_run(g)) {
		did = true;
		now = usec_now(CLOCK_MONOTONIC);
	}
	if (did)
		gate_close(g, now - began, now);
	else
		sd_event_source_set_enabled(g->ready, SD_EVENT_ON);
}
