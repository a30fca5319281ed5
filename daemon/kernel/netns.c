/* SPDX-License-Identifier: MIT */
/* netns.c - network namespaces by unshare, setns and bind mounts, as ip-netns(8) does it,
 * so that every other tool sees them. */
#include "netns.h"
#include "sysctl.h"
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <pthread.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#define OWN_NS "/proc/thread-self/ns/net"

enum {
	THREAD_WORTH = 8, /* fewer namespaces are created without a thread */
	PATH_SIZE = 512,
	LEAVE_TRIES = 100,
	LEAVE_PAUSE_USEC = 10000,
};

/* The namespace that the daemon was started in; threads always return to it. */
static int home_fd = -1;

static int own_open(struct err *e)
{
	int fd = open(OWN_NS, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? err_kernel(e, errno, NULL, "%s", OWN_NS) : fd;
}

static int home_open(struct err *e)
{
	if (home_fd < 0)
		home_fd = own_open(e);
	return home_fd;
}

static void name_path(char path[PATH_SIZE], const char *dir, const char *name)
{
	snprintf(path, PATH_SIZE, "%s/%s", dir, name);
}

bool netns_is(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 && fs.f_type == NSFS_MAGIC && ioctl(fd, NS_GET_NSTYPE) == CLONE_NEWNET;
}

static int netns_open(struct netns *ns, const char *dir, struct err *e)
{
	_cleanup_(closep) int fd = -1;
	char path[PATH_SIZE];
	struct stat st;

	if (!strcmp(ns->name, "host")) {
		ns->state = NETNS_NAMED;
		ns->fd = fcntl(home_fd, F_DUPFD_CLOEXEC, 3);
		return ns->fd < 0 ? err_kernel(e, errno, NULL, "the host's namespace") : 0;
	}
	name_path(path, dir, ns->name);
	/* NONBLOCK and NOFOLLOW: whatever is there, opening it must neither block nor lead elsewhere. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
	if (fd < 0 && errno == ENOENT) {
		ns->state = NETNS_ABSENT;
		return 0;
	}
	if (fd < 0 && errno != ELOOP)
		return err_kernel(e, errno, NULL, "%s", path);
	ns->state = fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size == 0 ? NETNS_PLACEHOLDER
											     : NETNS_STALE;
	if (fd >= 0 && netns_is(fd)) {
		ns->state = NETNS_NAMED;
		ns->fd = take_fd(&fd);
	}
	return 0;
}

int netns_set_make(struct netns_set *set, const char *dir, const char **names, size_t n, struct err *e)
{
	*set = (struct netns_set){ .dir = dir, .v = must(calloc(n + 1, sizeof(*set->v))) };
	if (home_open(e) < 0)
		return e->code;
	for (size_t i = 0; i < n; i++) {
		if (set->n && !strcmp(set->v[set->n - 1].name, names[i]))
			continue;
		set->v[set->n] = (struct netns){ .name = names[i], .fd = -1 };
		if (netns_open(&set->v[set->n++], dir, e) < 0)
			return e->code;
	}
	return 0;
}

void netns_set_done(struct netns_set *set)
{
	netns_make_stop(set, NULL);
	for (size_t i = 0; i < set->n; i++)
		closep(&set->v[i].fd);
	free(set->v);
	*set = (struct netns_set){ 0 };
}

static int netns_cmp(const void *key, const void *element)
{
	return strcmp(key, ((const struct netns *)element)->name);
}

struct netns *netns_find(const struct netns_set *set, const char *name)
{
	return set->n ? bsearch(name, set->v, set->n, sizeof(*set->v), netns_cmp) : NULL;
}

int netns_enter(const struct netns *ns, struct err *e)
{
	if (home_open(e) < 0)
		return e->code;
	if (setns(ns->fd, CLONE_NEWNET) < 0)
		return err_kernel(e, errno, NULL, "entering namespace %s", ns->name);
	return 0;
}

void netns_leavep(int *entered)
{
	/* In the wrong namespace every later step would hit the wrong machine; only a shortage can keep us in it. */
	for (int tries = 0; *entered >= 0 && setns(home_fd, CLONE_NEWNET) < 0; tries++) {
		if (tries == LEAVE_TRIES)
			abort();
		usleep(LEAVE_PAUSE_USEC);
	}
}

/* The defaults of a new namespace: the kernel would copy some from the machine's. */
static const struct {
	const char *path, *value;
} defaults[] = {
	{ "net/ipv4/ip_forward", "0" },
	{ "net/ipv4/conf/all/rp_filter", "0" },
	{ "net/ipv4/conf/default/rp_filter", "0" },
	{ "net/ipv6/conf/all/forwarding", "0" },
	{ "net/ipv6/conf/default/accept_ra", "0" },
	/* Nobody else is on our veth pairs; a router solicits its neighbours only once
	 * its own address is certain. */
	{ "net/ipv6/conf/default/accept_dad", "0" },
	/* With br_netfilter, rules for what is forwarded would cut a bridge, and NAT would keep a port from itself. */
	{ "net/bridge/bridge-nf-call-iptables", "0" },
	{ "net/bridge/bridge-nf-call-ip6tables", "0" },
	{ "net/bridge/bridge-nf-call-arptables", "0" },
};

/* The defaults that the kernel would set otherwise: the same for all namespaces that are
 * created now, as they all start alike. */
static int defaults_missing(unsigned *ret, struct err *e)
{
	unsigned missing = 0;

	for (size_t i = 0; i < ARRAY_SIZE(defaults); i++) {
		char value[32];
		int r = sysctl_read(defaults[i].path, value, sizeof(value), e);

		if (r < 0 && r != -ENOENT)
			return r;
		if (r == 0 && strcmp(value, defaults[i].value))
			missing |= 1U << i;
	}
	*ret = missing;
	return 0;
}

static int defaults_write(unsigned missing, struct err *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(defaults); i++)
		if (missing & 1U << i && sysctl_write(defaults[i].path, defaults[i].value, e) < 0)
			return e->code;
	return 0;
}

/* A thread creates namespaces in order, ahead of those that are being filled: creating
 * one and filling one take about as long, and wait for different locks of the kernel. */
struct netns_maker {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t made;
	bool threaded, stop;
	struct netns **v;
	size_t n;
	struct err err;
	int result;
};

static int make_one(struct netns *ns, unsigned *missing, struct err *e)
{
	if (unshare(CLONE_NEWNET) < 0)
		return err_kernel(e, errno, NULL, "creating namespace %s", ns->name);
	if (*missing == UINT_MAX && defaults_missing(missing, e) < 0)
		return err_prefix(e, "%s", ns->name);
	if (defaults_write(*missing, e) < 0)
		return err_prefix(e, "%s", ns->name);
	ns->fd = own_open(e);
	return ns->fd < 0 ? ns->fd : 0;
}

int netns_enter_new(bool ours, struct err *e)
{
	struct netns ns = { .name = "that is only looked at", .fd = -1 };
	unsigned missing = ours ? UINT_MAX : 0;
	int r = home_open(e);

	r = r < 0 ? r : make_one(&ns, &missing, e);
	closep(&ns.fd);
	return r < 0 ? r : 0;
}

/* Wakes those that wait; after a failure all are woken, and find nothing created. */
static bool tell(struct netns_maker *m, struct netns *ns, int result)
{
	bool stop;

	pthread_mutex_lock(&m->lock);
	if (result < 0)
		m->result = result;
	else
		ns->state = NETNS_FRESH;
	ns->making = false;
	stop = m->stop || m->result < 0;
	pthread_cond_broadcast(&m->made);
	pthread_mutex_unlock(&m->lock);
	return !stop;
}

static void *make_all(void *arg)
{
	struct netns_maker *m = arg;
	unsigned missing = UINT_MAX;
	size_t i = 0;

	while (i < m->n && tell(m, m->v[i], make_one(m->v[i], &missing, &m->err)))
		i++;
	sysctl_end();
	return NULL;
}

int netns_make(struct netns_set *set, struct netns **v, size_t n, struct err *e)
{
	struct netns_maker *m = must(calloc(1, sizeof(*m)));
	_cleanup_(netns_leavep) int entered = home_open(e);

	if (entered < 0 || netns_made(set, e) < 0) {
		free(m);
		free(v);
		return e->code;
	}
	*m = (struct netns_maker){ .v = v, .n = n };
	pthread_mutex_init(&m->lock, NULL);
	pthread_cond_init(&m->made, NULL);
	set->maker = m;
	for (size_t i = 0; i < n; i++)
		v[i]->making = true;
	m->threaded = n >= THREAD_WORTH && pthread_create(&m->thread, NULL, make_all, m) == 0;
	/* A few, or without a thread: they are created here. */
	if (!m->threaded)
		make_all(m);
	return m->threaded ? 0 : netns_made(set, e);
}

void netns_await(struct netns_set *set, struct netns *ns)
{
	struct netns_maker *m = set->maker;

	if (!m || !m->threaded)
		return;
	pthread_mutex_lock(&m->lock);
	while (ns->making && m->result == 0)
		pthread_cond_wait(&m->made, &m->lock);
	pthread_mutex_unlock(&m->lock);
}

static int maker_end(struct netns_set *set, bool stop, struct err *e)
{
	struct netns_maker *m = set->maker;
	int result;

	if (!m)
		return 0;
	if (m->threaded) {
		pthread_mutex_lock(&m->lock);
		m->stop = stop;
		pthread_mutex_unlock(&m->lock);
		pthread_join(m->thread, NULL);
	}
	for (size_t i = 0; i < m->n; i++)
		m->v[i]->making = false;
	result = m->result;
	if (result < 0 && e)
		*e = m->err;
	pthread_mutex_destroy(&m->lock);
	pthread_cond_destroy(&m->made);
	free(m->v);
	free(m);
	set->maker = NULL;
	return result;
}

int netns_made(struct netns_set *set, struct err *e)
{
	return maker_end(set, false, e);
}

int netns_make_stop(struct netns_set *set, struct err *e)
{
	return maker_end(set, true, e);
}

/* /run/netns must be a shared mount, or names created later would stay invisible to
 * processes in other mount namespaces (ip-netns(8) does the same). */
static int dir_prepare(const char *dir, struct err *e)
{
	if (mkdir(dir, 0755) < 0 && errno != EEXIST)
		return err_kernel(e, errno, NULL, "%s", dir);
	if (mount("", dir, "none", MS_SHARED, NULL) == 0)
		return 0;
	if (errno != EINVAL || mount(dir, dir, "none", MS_BIND | MS_REC, NULL) < 0 ||
	    mount("", dir, "none", MS_SHARED, NULL) < 0)
		return err_kernel(e, errno, NULL, "making %s a shared mount", dir);
	return 0;
}

int netns_name(struct netns_set *set, struct netns *ns, struct err *e)
{
	char path[PATH_SIZE], source[64];
	_cleanup_(closep) int fd = -1;

	name_path(path, set->dir, ns->name);
	if (!set->prepared && dir_prepare(set->dir, e) < 0)
		return e->code;
	set->prepared = true;
	fd = open(path, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444);
	if (fd < 0 && errno == EEXIST)
		return err_set(e, EEXIST,
			       "namespace %s: %s already exists and belongs to another program, which "
			       "has just created it",
			       ns->name, path);
	if (fd < 0)
		return err_kernel(e, errno, NULL, "%s", path);
	snprintf(source, sizeof(source), "/proc/self/fd/%d", ns->fd);
	if (mount(source, path, "none", MS_BIND, NULL) < 0) {
		err_kernel(e, errno, NULL, "naming the namespace at %s", path);
		unlink(path);
		return e->code;
	}
	ns->state = NETNS_NAMED;
	return 0;
}

int netns_reopen(struct netns *ns, struct err *e)
{
	_cleanup_(netns_leavep) int entered = netns_enter(ns, e);
	int fd = entered < 0 ? entered : own_open(e);

	if (fd < 0)
		return fd;
	close(ns->fd);
	ns->fd = fd;
	return 0;
}

int netns_clear(struct netns *ns, const char *dir, struct err *e)
{
	char path[PATH_SIZE];

	name_path(path, dir, ns->name);
	/* Another namespace that was bound there meanwhile makes it busy. */
	if (unlink(path) < 0 && errno != ENOENT)
		return err_kernel(e, errno, NULL, "%s", path);
	ns->state = NETNS_ABSENT;
	return 0;
}

/* The name may have been given to another namespace since it was opened. */
static bool means(const char *path, int fd)
{
	struct stat at, held;

	return stat(path, &at) == 0 && fstat(fd, &held) == 0 && at.st_dev == held.st_dev && at.st_ino == held.st_ino;
}

ino_t netns_inode(const char *dir, const char *name)
{
	char path[PATH_SIZE];
	struct stat st;

	name_path(path, dir, name);
	return stat(path, &st) == 0 ? st.st_ino : 0;
}

int netns_restore_name(struct netns_set *set, struct netns *ns, struct err *e)
{
	char path[PATH_SIZE];

	name_path(path, set->dir, ns->name);
	if (ns->placeholder && unlink(path) < 0 && errno != ENOENT)
		return err_kernel(e, errno, NULL, "%s", path);
	ns->placeholder = false;
	return netns_name(set, ns, e);
}

static void drop(struct netns *ns)
{
	closep(&ns->fd);
	ns->fd = -1;
	ns->state = NETNS_ABSENT;
}

int netns_unname(struct netns_set *set, struct netns *ns, struct err *e)
{
	char path[PATH_SIZE];

	/* Its name refers to something else. */
	if (ns->state == NETNS_FRESH) {
		drop(ns);
		return 0;
	}
	name_path(path, set->dir, ns->name);
	if (!means(path, ns->fd))
		return err_set(e, ESTALE, "%s refers to another namespace by now", path);
	if (netns_reopen(ns, e) < 0 || (set->pins && netns_pin_add(set, ns, e) < 0))
		return e->code;
	if (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) < 0)
		return err_kernel(e, errno, NULL, "removing the name %s", path);
	if (unlink(path) < 0 && errno != ENOENT)
		return err_kernel(e, errno, NULL, "%s", path);
	ns->state = NETNS_PINNED;
	return 0;
}
