/* SPDX-License-Identifier: MIT */
/* gone.c - netnsctl wait --until-gone: sleeps until names in /run/netns change, and looks whether each still refers to the
 * namespace that it referred to at first.  A descriptor of the namespace would keep it alive, so none is held. */
#include "gone.h"
#include "connection.h"
#include "enter.h"
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#define MOUNTS "/proc/self/mountinfo"

/* netnsd names a namespace again within milliseconds, unless it must not. */
enum { RESTORE_MSEC = 5000, AGAIN_MSEC = 100, ANSWER_MSEC = 2000 };

struct name {
	const char *name;
	struct stat first;
	uint64_t missing_msec; /* CLOCK_BOOTTIME: since when nothing has the name; 0: something has */
	bool gone;
};

struct gone {
	const struct ctl *c;
	struct name names[VALUES_MAX];
	struct pollfd on[2]; /* mounts, files in the directory of names */
};

enum sight { SIGHT_SAME, SIGHT_OTHER, SIGHT_NOTHING };

/* What has the name, if that is a namespace. */
static bool name_stat(const char *name, struct stat *ret)
{
	struct statfs fs;
	char path[PATH_MAX];

	snprintf(path, sizeof(path), NETNS_DIR "/%s", name);
	return statfs(path, &fs) == 0 && fs.f_type == NSFS_MAGIC && stat(path, ret) == 0;
}

static enum sight name_look(const struct name *n)
{
	struct stat now;

	if (!name_stat(n->name, &now))
		return SIGHT_NOTHING;
	/* The kernel reuses inode numbers; the time is that at which the namespace was first opened or named. */
	return now.st_dev == n->first.st_dev && now.st_ino == n->first.st_ino &&
			       now.st_mtim.tv_sec == n->first.st_mtim.tv_sec &&
			       now.st_mtim.tv_nsec == n->first.st_mtim.tv_nsec
		       ? SIGHT_SAME
		       : SIGHT_OTHER;
}

/* Whether netnsd has a topology up that manages the namespace, and hence restores its name; true also if it does not say. */
static bool is_managed(const struct ctl *c, const char *name)
{
	_cleanup_(reply_putp) struct json_object *reply = NULL, *failure = NULL;
	struct call call = { .method = "Wait", .parameters = must(json_object_new_object()), .quiet = true };
	struct json_object *list = must(json_object_new_array());
	bool lost = false;
	int r;

	json_object_array_add(list, json_object_new_string(name));
	json_object_object_add(call.parameters, "namespaces", list);
	json_object_object_add(call.parameters, "timeout_seconds", json_object_new_int64(0));
	call.until_msec = connection_now() + ANSWER_MSEC;
	call.failure = &failure;
	call.lost = &lost;
	r = ctl_call(c, &call, &reply);
	return r == EXIT_DONE || lost || (r == EXIT_TIMEOUT && !failure);
}

static bool name_is_gone(const struct ctl *c, struct name *n)
{
	enum sight sight = name_look(n);

	if (sight != SIGHT_NOTHING) {
		n->missing_msec = 0;
		return sight == SIGHT_OTHER;
	}
	if (!n->missing_msec)
		n->missing_msec = connection_now();
	return connection_now() - n->missing_msec >= RESTORE_MSEC || !is_managed(c, n->name);
}

/* How long to sleep: until the limit, or until a missing name is to be looked at again; -1: until something happens. */
static int sleep_msec(const struct gone *g, uint64_t until_msec)
{
	uint64_t now = connection_now(), left;

	for (size_t i = 0; g->c->namespaces[i]; i++)
		if (!g->names[i].gone && g->names[i].missing_msec)
			return AGAIN_MSEC;
	if (!until_msec)
		return -1;
	left = until_msec > now ? until_msec - now : 0;
	return left < INT_MAX ? (int)left : INT_MAX;
}

/* What was heard does not matter: everything is looked at again. */
static void drain(int fd)
{
	char buffer[4096];

	while (read(fd, buffer, sizeof(buffer)) > 0)
		;
}

/* Before the first look, so that nothing is missed after it. */
static int gone_open(struct gone *g)
{
	g->on[0] = (struct pollfd){ .fd = open(MOUNTS, O_RDONLY | O_CLOEXEC), .events = POLLPRI };
	if (g->on[0].fd < 0)
		return ctl_fail(EXIT_FAILED, MOUNTS ": %s", strerror(errno));
	g->on[1] = (struct pollfd){ .fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK), .events = POLLIN };
	/* Without the directory nothing has a name; without inotify the mounts tell nearly everything. */
	if (g->on[1].fd >= 0)
		inotify_add_watch(g->on[1].fd, NETNS_DIR, IN_DELETE | IN_MOVE | IN_CREATE);
	for (size_t i = 0; g->c->namespaces[i]; i++) {
		g->names[i].name = g->c->namespaces[i];
		g->names[i].gone = !name_stat(g->names[i].name, &g->names[i].first);
	}
	return EXIT_DONE;
}

/* The first name that is not gone; NULL: all are. */
static const char *gone_look(struct gone *g)
{
	const char *left = NULL;

	for (size_t i = 0; g->c->namespaces[i]; i++) {
		struct name *n = &g->names[i];

		n->gone = n->gone || name_is_gone(g->c, n);
		if (!n->gone && !left)
			left = n->name;
	}
	return left;
}

int gone_wait(const struct ctl *c, uint64_t until_msec)
{
	struct gone g = { .c = c };
	const char *left;
	int r = gone_open(&g);

	if (r)
		return r;
	while ((left = gone_look(&g))) {
		if (until_msec && connection_now() >= until_msec)
			return ctl_fail(EXIT_TIMEOUT, "timed out: namespace %s still exists", left);
		if (poll(g.on, ARRAY_SIZE(g.on), sleep_msec(&g, until_msec)) < 0 && errno != EINTR)
			return ctl_fail(EXIT_FAILED, "waiting for " NETNS_DIR "/%s: %s", left, strerror(errno));
		if (g.on[1].fd >= 0)
			drain(g.on[1].fd);
	}
	return EXIT_DONE;
}
