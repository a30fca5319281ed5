/* SPDX-License-Identifier: MIT */
/* watch_etc.c - watches /etc/netns, and in it the directories of the namespaces whose files are declared: as many as
 * topologies name, whatever else is there. */
#include "watch_etc.h"
#include "base/log.h"
#include "kernel/netns_etc.h"
#include <limits.h>
#include <sys/epoll.h>
#include <sys/inotify.h>

/* The directory of a namespace; in order of wd. */
struct watch_etc_dir {
	int wd;
	char netns[65];
};

enum {
	NAMES = IN_CREATE | IN_DELETE | IN_MOVE | IN_ONLYDIR,
	/* Writing is over when the file is closed: before that its first line may be missing. */
	FILES = IN_CREATE | IN_DELETE | IN_MOVE | IN_CLOSE_WRITE | IN_ATTRIB | IN_ONLYDIR | IN_DONT_FOLLOW,
};

static int dir_cmp(const void *a, const void *b)
{
	const struct watch_etc_dir *x = a, *y = b;

	return x->wd < y->wd ? -1 : x->wd > y->wd;
}

static const struct watch_etc_dir *dir_find(const struct watch_etc_dir *dirs, size_t n, int wd)
{
	const struct watch_etc_dir key = { .wd = wd };

	return n ? bsearch(&key, dirs, n, sizeof(key), dir_cmp) : NULL;
}

/* Returns whether the directories that are watched have to be found again. */
static bool heard(struct watch_etc *w, const struct inotify_event *i)
{
	const struct watch_etc_dir *dir = dir_find(w->dirs, w->n, i->wd);

	if (i->mask & IN_Q_OVERFLOW)
		watched_mark_outside(w->env, NULL);
	else if (i->wd == w->top && i->len)
		watched_mark_outside(w->env, i->name);
	else if (dir)
		watched_mark_outside(w->env, dir->netns);
	return i->mask & (IN_Q_OVERFLOW | IN_IGNORED) || i->wd == w->top;
}

static int on_change(_unused_ sd_event_source *s, int fd, _unused_ uint32_t revents, void *arg)
{
	char buffer[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
	struct watch_etc *w = arg;
	bool renew = false;

	for (ssize_t size; (size = read(fd, buffer, sizeof(buffer))) > 0;)
		for (char *at = buffer; at < buffer + size;) {
			const struct inotify_event *i = (const void *)at;

			renew |= heard(w, i);
			at += sizeof(*i) + i->len;
		}
	w->env->outside_changed |= renew;
	w->work(w->arg);
	return 0;
}

static void missing(struct watch_etc *w, int code)
{
	if (!w->told)
		log_warning("files in " ETC_NETNS
			    " are not all watched, only checked by the audit: %s; "
			    "fs.inotify.max_user_instances and max_user_watches limit what a user may watch",
			    strerror(code));
	w->told = true;
}

static bool open_events(struct watch_etc *w)
{
	int r;

	if (w->fd >= 0)
		return true;
	w->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	r = w->fd < 0 ? -errno : sd_event_add_io(w->event, &w->source, w->fd, EPOLLIN, on_change, w);
	if (r >= 0)
		return true;
	missing(w, -r);
	closep(&w->fd);
	w->fd = -1;
	return false;
}

static void add(struct watch_etc *w, struct watch_etc_dir **dirs, size_t *n, const char *netns)
{
	char path[PATH_MAX];
	int wd;

	snprintf(path, sizeof(path), ETC_NETNS "/%s", netns);
	wd = inotify_add_watch(w->fd, path, FILES);
	if (wd < 0) {
		if (errno != ENOENT && errno != ENOTDIR && errno != ELOOP)
			missing(w, errno);
		return;
	}
	if (*n % 64 == 0)
		*dirs = must(realloc(*dirs, (*n + 64) * sizeof(**dirs)));
	/* It may have changed before. */
	if (!dir_find(w->dirs, w->n, wd))
		watched_mark_outside(w->env, netns);
	(*dirs)[*n].wd = wd;
	snprintf((*dirs)[(*n)++].netns, sizeof((*dirs)->netns), "%s", netns);
}

static bool is_needed(const struct env *env)
{
	for (size_t i = 0; i < env->n_topologies; i++)
		for (size_t k = 0; k < env->topologies[i]->n_watched; k++)
			if (env->topologies[i]->watched[k].outside)
				return true;
	return false;
}

static void replace(struct watch_etc *w, struct watch_etc_dir *dirs, size_t n)
{
	if (n)
		qsort(dirs, n, sizeof(*dirs), dir_cmp);
	for (size_t i = 0; i < w->n; i++)
		if (!dir_find(dirs, n, w->dirs[i].wd))
			inotify_rm_watch(w->fd, w->dirs[i].wd);
	free(w->dirs);
	w->dirs = dirs;
	w->n = n;
}

void watch_etc_renew(struct watch_etc *w)
{
	struct watch_etc_dir *dirs = NULL;
	size_t n = 0;

	w->env->outside_changed = false;
	if ((w->fd < 0 && !is_needed(w->env)) || !open_events(w))
		return;
	w->top = inotify_add_watch(w->fd, ETC_NETNS, NAMES);
	for (size_t i = 0; i < w->env->n_topologies; i++)
		for (size_t k = 0; k < w->env->topologies[i]->n_watched; k++)
			if (w->env->topologies[i]->watched[k].outside)
				add(w, &dirs, &n, w->env->topologies[i]->watched[k].name);
	replace(w, dirs, n);
	w->work(w->arg);
}

void watch_etc_init(struct watch_etc *w, sd_event *event, struct env *env, void (*work)(void *arg), void *arg)
{
	*w = (struct watch_etc){ .env = env, .event = event, .work = work, .arg = arg, .fd = -1, .top = -1 };
}

void watch_etc_done(struct watch_etc *w)
{
	sd_event_source_unref(w->source);
	closep(&w->fd);
	free(w->dirs);
}
