/* SPDX-License-Identifier: MIT */
/* watch.c - turns events of the kernel into marks (watched.h), and has them handled. */
#include "usec.h"
#include "watch.h"
#include "watch_etc.h"
#include "heal/heal.h"
#include "base/log.h"
#include <fcntl.h>
#include <inttypes.h>
#include <sys/epoll.h>
#include <sys/inotify.h>

enum {
	CHECK_SHARE = 10, /* checking all names takes at most this fraction of the time */
	ACCURACY_USEC = 500,
	SETTLE_USEC = 2000,       /* to remove a name, it is first unmounted and then the file is removed */
	BLIND_USEC = 5000000,     /* between two audits while events are missing */
	SETTLE_MAX_USEC = 100000, /* for one mount after the other */
};

struct watch {
	struct env *env;
	void (*work)(void *arg);
	void *arg;
	sd_event *event;
	struct watch_etc etc;
	sd_event_source *events, *names, *mounts, *check, *audit;
	int names_fd, mounts_fd;
	bool names_watched;
	bool names_told; /* that names_fd is not available was logged */
	uint64_t audit_usec, next_check;
	uint64_t mounted; /* when the first mount that is not checked yet was reported; 0: none */
};

static int on_events(_unused_ sd_event_source *s, _unused_ int fd, _unused_ uint32_t revents, void *arg)
{
	struct watch *w = arg;

	watched_listen(w->env);
	w->work(w->arg);
	return 0;
}

static int on_names(_unused_ sd_event_source *s, int fd, _unused_ uint32_t revents, void *arg)
{
	char buffer[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
	struct watch *w = arg;

	for (ssize_t size; (size = read(fd, buffer, sizeof(buffer))) > 0;)
		for (char *at = buffer; at < buffer + size;) {
			const struct inotify_event *i = (const void *)at;

			w->names_watched &= !(i->mask & IN_IGNORED);
			watched_check_names(w->env, i->len ? i->name : NULL);
			at += sizeof(*i) + i->len;
		}
	w->work(w->arg);
	return 0;
}

/* Until the audit finds that the directory can be watched again, only mounts announce new and removed names. */
static void names_missing(struct watch *w, int code)
{
	if (!w->names_told)
		log_warning("%s is not watched, only checked at each mount and every %" PRIu64
			    " s: %s; fs.inotify.max_user_instances and max_user_watches limit what a user may watch",
			    w->env->netns_dir, w->audit_usec / 1000000, strerror(code));
	w->names_told = true;
}

/* Other processes of the same user may have used up all inotify instances. */
static void names_open(struct watch *w)
{
	int fd, r;

	if (w->names_fd >= 0)
		return;
	fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	r = fd < 0 ? -errno : sd_event_add_io(w->event, &w->names, fd, EPOLLIN, on_names, w);
	if (r >= 0) {
		w->names_fd = fd;
		return;
	}
	closep(&fd);
	names_missing(w, -r);
}

/* The directory exists once somebody has named a namespace. */
static void watch_names(struct watch *w)
{
	names_open(w);
	if (w->names_fd < 0 || w->names_watched)
		return;
	w->names_watched =
		inotify_add_watch(w->names_fd, w->env->netns_dir, IN_CREATE | IN_DELETE | IN_MOVE | IN_ONLYDIR) >= 0;
	if (!w->names_watched && errno != ENOENT)
		names_missing(w, errno);
}

static void check_all(struct watch *w)
{
	uint64_t began = usec_now(CLOCK_BOOTTIME);

	w->mounted = 0;
	watch_names(w);
	watched_check_names(w->env, NULL);
	w->work(w->arg);
	w->next_check = usec_now(CLOCK_BOOTTIME) + CHECK_SHARE * (usec_now(CLOCK_BOOTTIME) - began);
}

static int on_check(_unused_ sd_event_source *s, _unused_ uint64_t usec, void *arg)
{
	check_all(arg);
	return 0;
}

/* A mount event does not say where: all names are checked, a moment later, and not for
 * each of a thousand mounts. */
static int on_mounts(_unused_ sd_event_source *s, _unused_ int fd, _unused_ uint32_t revents, void *arg)
{
	struct watch *w = arg;
	uint64_t now = usec_now(CLOCK_BOOTTIME), soon = now + SETTLE_USEC;

	w->mounted = w->mounted ? w->mounted : now;
	if (soon > w->mounted + SETTLE_MAX_USEC)
		soon = w->mounted + SETTLE_MAX_USEC;
	if (sd_event_source_set_time(w->check, soon > w->next_check ? soon : w->next_check) < 0)
		check_all(w);
	return sd_event_source_set_enabled(w->check, SD_EVENT_ONESHOT);
}

static int on_audit(sd_event_source *s, _unused_ uint64_t usec, void *arg)
{
	struct watch *w = arg;

	watch_names(w);
	watch_etc_renew(&w->etc);
	watched_audit(w->env);
	watched_check_names(w->env, NULL);
	w->work(w->arg);
	(void)!sd_event_source_set_time(s, usec_now(CLOCK_BOOTTIME) + w->audit_usec);
	return sd_event_source_set_enabled(s, SD_EVENT_ONESHOT);
}

static int timer(struct watch *w, sd_event *event, sd_event_source **ret, uint64_t usec, sd_event_time_handler_t on)
{
	int r = sd_event_add_time(event, ret, CLOCK_BOOTTIME, usec, ACCURACY_USEC, on, w);

	return r < 0 || usec != UINT64_MAX ? r : sd_event_source_set_enabled(*ret, SD_EVENT_OFF);
}

/* Only this file reports mounts. */
static void mounts_open(struct watch *w)
{
	int r;

	w->mounts_fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	r = w->mounts_fd < 0 ? -errno : sd_event_add_io(w->event, &w->mounts, w->mounts_fd, EPOLLPRI, on_mounts, w);
	if (r < 0)
		log_warning("mounts are not watched, names are checked every %" PRIu64 " s: /proc/self/mountinfo: %s",
			    w->audit_usec / 1000000, strerror(-r));
}

static int sources(struct watch *w)
{
	int r = sd_event_add_io(w->event, &w->events, listener_fd(w->env->listener), EPOLLIN, on_events, w);

	if (r >= 0)
		r = timer(w, w->event, &w->check, UINT64_MAX, on_check);
	if (r >= 0)
		r = timer(w, w->event, &w->audit, usec_now(CLOCK_BOOTTIME) + w->audit_usec, on_audit);
	return r;
}

int watch_new(struct watch **ret, sd_event *event, struct env *env, unsigned audit_seconds, void (*work)(void *arg),
	      void *arg, struct err *e)
{
	struct watch *w = must(calloc(1, sizeof(*w)));
	int r;

	*w = (struct watch){ .env = env,
			     .event = event,
			     .work = work,
			     .arg = arg,
			     .audit_usec = (uint64_t)audit_seconds * 1000000,
			     .names_fd = -1,
			     .mounts_fd = -1 };
	if (listener_lacks(env->listener)) {
		w->audit_usec = w->audit_usec < BLIND_USEC ? w->audit_usec : BLIND_USEC;
		log_warning("%s; the audit finds the rest, every %" PRIu64 " s", listener_lacks(env->listener),
			    w->audit_usec / 1000000);
	}
	r = sources(w);
	if (r < 0) {
		watch_free(w);
		return err_set(e, r, "watching for changes: %s", strerror(-r));
	}
	mounts_open(w);
	watch_names(w);
	watch_etc_init(&w->etc, event, env, work, arg);
	*ret = w;
	return 0;
}

void watch_turn(struct watch *w)
{
	if (w->env->outside_changed)
		watch_etc_renew(&w->etc);
}

void watch_free(struct watch *w)
{
	if (!w)
		return;
	watch_etc_done(&w->etc);
	sd_event_source_unref(w->events);
	sd_event_source_unref(w->names);
	sd_event_source_unref(w->mounts);
	sd_event_source_unref(w->check);
	sd_event_source_unref(w->audit);
	closep(&w->names_fd);
	closep(&w->mounts_fd);
	free(w);
}
