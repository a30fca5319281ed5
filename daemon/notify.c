/* SPDX-License-Identifier: MIT */
/* notify.c - sd_notify(3): READY=1 once everything for boot has had its turn, then
 * STATUS= whenever it changes. */
#include "engine/boot.h"
#include "store/event.h"
#include "usec.h"
#include "notify.h"
#include "base/log.h"
#include "manager.h"
#include "engine/reconcile.h"
#include <inttypes.h>
#include <stdarg.h>
#include <systemd/sd-daemon.h>

enum {
	NAMES_MAX = 5,           /* in one list of names */
	EXTEND_SECONDS = 30,     /* no single batch takes as long */
	WORDS_USEC = 100 * 1000, /* the status of a start with thousands of topologies takes a moment to make */
};

static void on_told(struct subscriber *s, _unused_ struct json_object *event)
{
	struct notify *n = (struct notify *)s;

	n->dirty = true;
}

void notify_init(struct notify *n, struct engine *g)
{
	*n = (struct notify){ .subscriber.told = on_told, .engine = g, .dirty = true };
	events_subscribe(engine_events(g), &n->subscriber);
}

static int on_watchdog(sd_event_source *s, _unused_ uint64_t usec, void *arg)
{
	const struct notify *n = arg;

	manager_hint("WATCHDOG=1");
	(void)!sd_event_source_set_time(s, usec_now(CLOCK_MONOTONIC) + n->watchdog_usec / 2);
	return sd_event_source_set_enabled(s, SD_EVENT_ONESHOT);
}

int notify_watchdog(struct notify *n, sd_event *event, struct err *e)
{
	sd_event_source *s;
	int r = sd_watchdog_enabled(false, &n->watchdog_usec);

	if (r < 0)
		log_warning("WATCHDOG_USEC=%s is not a time: there is no watchdog", getenv("WATCHDOG_USEC"));
	if (r <= 0)
		return 0;
	manager_hint("WATCHDOG=1");
	r = sd_event_add_time(event, &s, CLOCK_MONOTONIC, usec_now(CLOCK_MONOTONIC) + n->watchdog_usec / 2,
			      n->watchdog_usec / 8, on_watchdog, n);
	if (r < 0)
		return err_set(e, r, "the timer of the watchdog: %s", strerror(-r));
	(void)!sd_event_source_set_priority(s, SD_EVENT_PRIORITY_IMPORTANT);
	(void)!sd_event_source_set_floating(s, true);
	sd_event_source_unref(s);
	return 0;
}

static _printf_(3, 4) void say(char *text, size_t size, const char *fmt, ...)
{
	size_t n = strlen(text);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text + n, size - n, fmt, ap);
	va_end(ap);
}

/* ", 2 failed: a, b" */
static void say_state(const struct engine *g, enum topology_state state, const char *word, char *ret, size_t size)
{
	const struct topology *const *topologies;
	size_t all = engine_topologies(g, &topologies), n = 0, said = 0;

	for (size_t i = 0; i < all; i++)
		n += topologies[i]->state == state;
	if (n)
		say(ret, size, ", %zu %s: ", n, word);
	for (size_t i = 0; i < all && said < NAMES_MAX; i++)
		if (topologies[i]->state == state)
			say(ret, size, "%s%s", said++ ? ", " : "", topologies[i]->name);
	if (n > NAMES_MAX)
		say(ret, size, ", …");
}

/* Summarises the topologies: "3 topologies, 12 namespaces, 1 failed: lab". */
static void say_all(const struct engine *g, char *ret, size_t size)
{
	const struct topology *const *topologies;
	size_t n = engine_topologies(g, &topologies), wanted = 0, namespaces = 0;

	for (size_t i = 0; i < n; i++) {
		wanted += topologies[i]->state != STATE_DOWN;
		namespaces += topologies[i]->state == STATE_UP ? topologies[i]->namespaces : 0;
	}
	snprintf(ret, size, "%zu %s, %zu %s", wanted, wanted == 1 ? "topology" : "topologies", namespaces,
		 namespaces == 1 ? "namespace" : "namespaces");
	say_state(g, STATE_FAILED, "failed", ret, size);
	say_state(g, STATE_WAITING, "waiting", ret, size);
}

/* What systemctl status shows must be in the journal, too, with the reason. */
static void log_failed(const struct engine *g)
{
	const struct topology *const *topologies;
	size_t n = engine_topologies(g, &topologies);
	char words[1024];

	for (size_t i = 0; i < n; i++) {
		if (topologies[i]->state != STATE_FAILED || !topologies[i]->problems.n)
			continue;
		problem_text(&topologies[i]->problems.v[0], words, sizeof(words));
		log_say(LOG_ERR,
			&(struct log_about){ .topology = topologies[i]->name,
					     .code = topologies[i]->problems.v[0].code },
			"%s: %s", topologies[i]->name, words);
	}
}

void notify_turn(struct notify *n, bool working)
{
	char words[sizeof(n->words)];

	if (working && (!n->ready || n->stopping || n->reloads))
		notify_alive();
	if (!n->ready && !n->stopping && !boot_is_starting(n->engine)) {
		say_all(n->engine, n->words, sizeof(n->words));
		manager_say("READY=1\nSTATUS=%s", n->words);
		log_failed(n->engine);
		log_info("ready: %s", n->words);
		n->ready = true;
		n->dirty = false;
	}
	if (!n->dirty || (working && (n->ready || usec_now(CLOCK_MONOTONIC) < n->said_usec + WORDS_USEC)))
		return;
	n->dirty = false;
	n->said_usec = usec_now(CLOCK_MONOTONIC);
	say_all(n->engine, words, sizeof(words));
	if (!strcmp(words, n->words))
		return;
	memcpy(n->words, words, sizeof(words));
	manager_say("STATUS=%s%s", n->ready ? "" : "starting: ", words);
}

void notify_reloading(struct notify *n, bool on)
{
	n->reloads += on ? 1 : -1U;
	/* The first reload starts it, the last ends it; before netnsd is ready it does not matter. */
	if (!n->ready || n->reloads != on)
		return;
	if (on)
		manager_say("RELOADING=1\nMONOTONIC_USEC=%" PRIu64, usec_now(CLOCK_MONOTONIC));
	else
		manager_say("READY=1");
}

void notify_stopping(struct notify *n)
{
	n->stopping = true;
	manager_say("STOPPING=1");
}

void notify_alive(void)
{
	static time_t told;
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (now.tv_sec == told)
		return;
	told = now.tv_sec;
	manager_hint("EXTEND_TIMEOUT_USEC=%d", EXTEND_SECONDS * 1000000);
}
