/* SPDX-License-Identifier: MIT */
/* node.c - watches the socket's directory with inotify(7); where that is not available, a timer polls. */
#include "usec.h"
#include "node.h"
#include "base/log.h"
#include "base/trust.h"
#include <sys/inotify.h>

enum {
	ACCURACY_USEC = 500000,
	/* Somebody may remove the node again and again. */
	EVENTS_USEC = 1000000,
	EVENTS_BURST = 10,
	WATCHED = IN_CREATE | IN_DELETE | IN_MOVE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR,
};

struct node {
	struct control *control;
	char *path, *dir;
	gid_t group;
	uint64_t usec;
	struct stat made;
	sd_event_source *events, *timer;
	int fd;   /* of inotify, -1: not available */
	int code; /* why it could not be recreated: logged once */
};

static void dir_watch(struct node *n)
{
	if (n->fd >= 0)
		(void)!inotify_add_watch(n->fd, n->dir, WATCHED);
}

static int node_make(struct node *n, struct err *e)
{
	_cleanup_(closep) int dir = trust_open(n->dir, TRUST_LINK | TRUST_STICKY | TRUST_MAKE, e);
	int fd = dir < 0 ? dir : control_bind(n->path, n->group, e);

	if (fd < 0)
		return fd;
	if (lstat(n->path, &n->made) < 0) {
		closep(&fd);
		return err_kernel(e, errno, NULL, "%s", n->path);
	}
	return control_listen_again(n->control, fd, e);
}

void node_check(struct node *n)
{
	struct stat st;
	struct err e;

	if (!n)
		return;
	dir_watch(n);
	if (lstat(n->path, &st) == 0 && st.st_dev == n->made.st_dev && st.st_ino == n->made.st_ino)
		return;
	if (node_make(n, &e) < 0) {
		if (n->code != e.code)
			log_error("the socket was removed and cannot be recreated: %s", e.text);
		n->code = e.code;
		return;
	}
	dir_watch(n);
	n->code = 0;
	log_warning("the socket %s was removed and has been recreated", n->path);
}

static int on_events(_unused_ sd_event_source *s, int fd, _unused_ uint32_t revents, void *arg)
{
	char buffer[4096] __attribute__((aligned(__alignof__(struct inotify_event))));

	while (read(fd, buffer, sizeof(buffer)) > 0)
		;
	node_check(arg);
	return 0;
}

static int on_timer(sd_event_source *s, _unused_ uint64_t usec, void *arg)
{
	struct node *n = arg;

	node_check(n);
	(void)!sd_event_source_set_time(s, usec_now(CLOCK_BOOTTIME) + n->usec);
	return sd_event_source_set_enabled(s, SD_EVENT_ONESHOT);
}

/* A listener is reachable without this, so failure is not fatal. */
static void node_watch(struct node *n, sd_event *event)
{
	n->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	dir_watch(n);
	if (n->fd >= 0 && sd_event_add_io(event, &n->events, n->fd, EPOLLIN, on_events, n) >= 0)
		(void)!sd_event_source_set_ratelimit(n->events, EVENTS_USEC, EVENTS_BURST);
	(void)!sd_event_add_time(event, &n->timer, CLOCK_BOOTTIME, usec_now(CLOCK_BOOTTIME) + n->usec, ACCURACY_USEC,
				 on_timer, n);
}

int node_new(struct node **ret, sd_event *event, struct control *c, const char *path, gid_t group, unsigned seconds,
	     struct err *e)
{
	struct node *n = must(calloc(1, sizeof(*n)));

	*n = (struct node){ .control = c, .group = group, .usec = (uint64_t)seconds * 1000000, .fd = -1 };
	n->path = must(strdup(path));
	n->dir = must(strdup(path));
	n->dir[strrchr(path, '/') == path ? 1 : strrchr(path, '/') - path] = '\0';
	if (node_make(n, e) < 0) {
		node_free(n);
		return e->code;
	}
	node_watch(n, event);
	*ret = n;
	return 0;
}

void node_free(struct node *n)
{
	if (!n)
		return;
	sd_event_source_disable_unref(n->events);
	sd_event_source_disable_unref(n->timer);
	closep(&n->fd);
	free(n->path);
	free(n->dir);
	free(n);
}
