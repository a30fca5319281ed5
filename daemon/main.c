/* SPDX-License-Identifier: MIT */
/* main.c - puts the daemon together: options, the lock and the engine, the socket,
 * the loop. */
#include "engine/boot.h"
#include "netnsd.h"
#include "usec.h"
#include "control/control.h"
#include "kernel/nft_owner.h"
#include "model/kind.h"
#include "model/model.h"
#include "base/log.h"
#include "manager.h"
#include "method/costly.h"
#include "method/method.h"
#include "method/trace.h"
#include "control/node.h"
#include "notify.h"
#include "once.h"
#include "once_export.h"
#include "options.h"
#include "engine/reload.h"
#include "base/std_fds.h"
#include "watch.h"
#include <getopt.h>
#include <grp.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <systemd/sd-daemon.h>

enum { LATE_USEC = 5000 };

struct daemon {
	struct engine *engine;
	struct control *control;
	struct node *node; /* NULL: the socket was passed by the service manager */
	struct watch *watch;
	struct notify notify;
	sd_event *event;
	sd_event_source *timer;
	uint64_t deadline, checked_usec;
	bool working, leaving;
};

enum { RETRY_USEC = 100000 };

/* A missing group is no error: then only root has read access. */
static gid_t group_find(const char *name)
{
	const struct group *g = name ? getgrnam(name) : NULL;

	return g ? g->gr_gid : GROUP_NONE;
}

static void groups_check(const struct options *o)
{
	/* The default group may be missing. */
	if (strcmp(o->group, "netnsd") && group_find(o->group) == GROUP_NONE)
		log_warning("--group: there is no group %s: only root has access", o->group);
	if (o->admin_group && group_find(o->admin_group) == GROUP_NONE)
		log_warning("--admin-group: there is no group %s: only root can make changes", o->admin_group);
}

/* Asks at the start for what the kernel would refuse in the middle of a change. */
static bool is_privileged(void)
{
	const uint32_t needed = 1U << CAP_NET_ADMIN | 1U << CAP_SYS_ADMIN;
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

	return syscall(SYS_capget, &header, data) == 0 && (data[0].effective & needed) == needed;
}

/* A change holds a descriptor for each of its namespaces at once. */
static void limits_raise(void)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l) == 0) {
		l.rlim_cur = l.rlim_max;
		setrlimit(RLIMIT_NOFILE, &l);
	}
}

static void work(void *arg)
{
	struct daemon *d = arg;

	d->working = true;
}

static void reloading(void *arg, bool on)
{
	struct daemon *d = arg;

	notify_reloading(&d->notify, on);
}

/* The running change, and the queued changes of root, are still carried out: a file is applied or is not. */
static int on_signal(_unused_ sd_event_source *s, const struct signalfd_siginfo *info, void *arg)
{
	struct daemon *d = arg;

	if (d->leaving)
		return 0;
	log_info("exiting on signal %u; everything that was created remains", info->ssi_signo);
	notify_stopping(&d->notify);
	d->leaving = d->working = true;
	boot_leave(d->engine);
	node_free(TAKE(d->node));
	control_drain(d->control);
	return 0;
}

static void on_reloaded(void *arg, struct json_object *results)
{
	struct daemon *d = arg;

	json_object_put(results);
	notify_reloading(&d->notify, false);
}

/* Like netnsctl reload; the outcome is in the journal. */
static int on_hangup(_unused_ sd_event_source *s, _unused_ const struct signalfd_siginfo *info, void *arg)
{
	struct daemon *d = arg;

	if (d->leaving)
		return 0;
	notify_reloading(&d->notify, true);
	node_check(d->node);
	d->working = true;
	reload_start(d->engine, &(struct reload_request){ .by = "SIGHUP" }, on_reloaded, d);
	return 0;
}

/* The clock continues during suspend, and cannot be set. */
static int on_deadline(_unused_ sd_event_source *s, _unused_ uint64_t usec, void *arg)
{
	struct daemon *d = arg;

	d->deadline = UINT64_MAX;
	d->working = true;
	engine_tick(d->engine);
	return 0;
}

/* Finding the first deadline of thousands of topologies takes time: while netnsd is busy it
 * may be found a little late. */
static void set_deadline(struct daemon *d)
{
	uint64_t now = usec_now(CLOCK_MONOTONIC), deadline;

	if (d->working && now < d->checked_usec + LATE_USEC)
		return;
	d->checked_usec = now;
	deadline = engine_deadline(d->engine);
	if (d->deadline == deadline)
		return;
	d->deadline = deadline;
	sd_event_source_set_time(d->timer, deadline);
	sd_event_source_set_enabled(d->timer, deadline == UINT64_MAX ? SD_EVENT_OFF : SD_EVENT_ONESHOT);
}

static int signal_add(struct daemon *d, int signal, sd_event_signal_handler_t on)
{
	sd_event_source *s;
	int r = sd_event_add_signal(d->event, &s, signal, on, d);

	if (r >= 0)
		r = sd_event_source_set_priority(s, SD_EVENT_PRIORITY_IMPORTANT);
	/* From then on the loop owns it. */
	if (r >= 0)
		r = sd_event_source_set_floating(s, true);
	if (r >= 0)
		sd_event_source_unref(s);
	return r;
}

static int loop_new(struct daemon *d, struct err *e)
{
	static const struct {
		int signal;
		sd_event_signal_handler_t on;
	} signals[] = { { SIGTERM, on_signal }, { SIGINT, on_signal }, { SIGHUP, on_hangup } };
	sigset_t mask;
	int r;

	sigemptyset(&mask);
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		sigaddset(&mask, signals[i].signal);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	r = sd_event_default(&d->event);
	d->deadline = UINT64_MAX;
	if (r >= 0)
		r = sd_event_add_time(d->event, &d->timer, CLOCK_BOOTTIME, d->deadline, 1000, on_deadline, d);
	for (size_t i = 0; i < ARRAY_SIZE(signals) && r >= 0; i++)
		r = signal_add(d, signals[i].signal, signals[i].on);
	return r < 0 ? err_set(e, r, "event loop: %s", strerror(-r)) : 0;
}

/* False: output is left because nobody reads it; it is tried again soon. */
static bool output_flush(void)
{
	bool log = log_flush();

	return manager_flush() && log;
}

/* Alternates between an event and a batch of the running change: clients, however busy, do
 * not hold up a change, as they would if it were a source of the event loop.  Users other
 * than root come last, and not always (gate.c). */
static int loop_run(struct daemon *d)
{
	int r = 0;

	while (r >= 0 && (d->working || !d->leaving)) {
		set_deadline(d);
		notify_turn(&d->notify, d->working);
		r = sd_event_run(d->event, d->working ? 0 : output_flush() ? UINT64_MAX : RETRY_USEC);
		if (d->working)
			d->working = engine_step(d->engine);
		watch_turn(d->watch);
		control_turn(d->control, d->working);
	}
	return r;
}

static int listen_all(struct daemon *d, const struct options *o, struct err *e)
{
	int n = sd_listen_fds(true);

	for (int i = 0; i < n; i++)
		if (control_listen(d->control, SD_LISTEN_FDS_START + i, e) < 0)
			return e->code;
	return n > 0 ? 0 : node_new(&d->node, d->event, d->control, o->socket, group_find(o->group), o->audit, e);
}

static int start(struct daemon *d, const struct options *o, const struct engine_options *engine,
		 struct method_context *m, struct err *e)
{
	struct control_options control = {
		.read_group = group_find(o->group),
		.change_group = group_find(o->admin_group),
	};

	groups_check(o);
	if (loop_new(d, e) < 0)
		return e->code;
	/* Touches nothing where another netnsd listens. */
	if (sd_listen_fds(false) <= 0 && control_may_bind(o->socket, e) < 0)
		return e->code;
	if (engine_new(&d->engine, engine, &all_kinds, e) < 0)
		return e->code;
	notify_init(&d->notify, d->engine);
	if (notify_watchdog(&d->notify, d->event, e) < 0)
		return e->code;
	d->working = boot_is_starting(d->engine);
	if (watch_new(&d->watch, d->event, engine_env(d->engine), o->audit, work, d, e) < 0)
		return e->code;
	*m = (struct method_context){ .engine = d->engine,
				      .costly = costly_new(d->engine),
				      .event = d->event,
				      .work = work,
				      .reloading = reloading,
				      .arg = d };
	control.interface = method_interface(m);
	if (control_new(&d->control, d->event, &control, e) < 0)
		return e->code;
	return listen_all(d, o, e);
}

/* A limit, a terminal or a reader that has gone fails a call; it does not end or stop netnsd. */
static void signals_ignore(void)
{
	static const int numbers[] = { SIGPIPE, SIGXFSZ, SIGTTOU, SIGTTIN };

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		signal(numbers[i], SIG_IGN);
}

int main(int argc, char **argv)
{
	struct options o = { .socket = NETNSD_SOCKET,
			     .group = "netnsd",
			     .run_dir = "/run/netnsd",
			     .audit = AUDIT_SECONDS,
			     .topologies_dir = "/etc/netnsd/topologies",
			     .state_dir = "/var/lib/netnsd" };
	struct engine_options engine = { .netns_dir = "/run/netns" };
	struct daemon d = { 0 };
	struct method_context m = { 0 };
	struct err e;
	int r;

	std_fds_open(false);
	signals_ignore();
	r = options_read(&o, argc, argv);
	if (r >= 0)
		return r;
	if (!is_privileged()) {
		log_error("not permitted: netnsd needs root, or the capabilities CAP_NET_ADMIN and CAP_SYS_ADMIN");
		return EXIT_NOT_PERMITTED;
	}
	umask(0022);
	limits_raise();
	if (o.export)
		return export_run(engine.netns_dir);
	engine.run_dir = o.run_dir;
	engine.heal_burst = o.burst;
	engine.heal_seconds = o.seconds;
	engine.stay = !o.once;
	engine.state_dir = o.state_dir;
	if (o.no_table_owner)
		nft_owner_disable();
	if (o.once) {
		r = (o.down ? once_down : once_run)(&engine, argv + optind, argc - optind);
		log_end();
		return r;
	}
	engine.topologies_dir = o.topologies_dir;
	engine.alive = notify_alive;
	r = start(&d, &o, &engine, &m, &e);
	if (r < 0)
		log_error("%s", e.text);
	else
		r = loop_run(&d);
	node_free(d.node);
	control_free(d.control);
	trace_free(m.trace);
	costly_free(m.costly);
	watch_free(d.watch);
	engine_free(d.engine);
	sd_event_source_unref(d.timer);
	sd_event_unref(d.event);
	log_end();
	return r < 0 ? EXIT_FAILED : EXIT_DONE;
}
