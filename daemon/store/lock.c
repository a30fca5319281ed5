/* SPDX-License-Identifier: MIT */
/* lock.c - the lock is on the namespace itself, the file /proc/self/ns/net: it is the same
 * in every mount namespace, nobody can remove it, and the kernel drops it with the process. */
#include "lock.h"
#include "base/log.h"
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#define OWN_NS "/proc/self/ns/net"

/* The holder of a lock, as far as we can see it. */
struct holder {
	int pid;
	uid_t uid;
	bool known;   /* the kernel names one */
	bool trusted; /* one of them is root's, or runs as we do */
};

/* Processes of other process namespaces are not listed (locks_show, fs/locks.c). */
static struct holder holder_find(const struct stat *file)
{
	_cleanup_(fclosep) FILE *f = fopen("/proc/locks", "re");
	struct holder h = { 0 };
	char line[256];

	while (f && !h.trusted && fgets(line, sizeof(line), f)) {
		unsigned major, minor;
		unsigned long inode;
		char path[32];
		struct stat st;
		int pid;

		if (sscanf(line, "%*d: FLOCK %*s %*s %d %x:%x:%lu", &pid, &major, &minor, &inode) != 4 ||
		    inode != file->st_ino || makedev(major, minor) != file->st_dev)
			continue;
		snprintf(path, sizeof(path), "/proc/%d", pid);
		h.known = true;
		h.pid = pid;
		h.uid = stat(path, &st) == 0 ? st.st_uid : 0;
		h.trusted = h.uid == 0 || h.uid == geteuid();
	}
	return h;
}

int lock_netns(struct err *e)
{
	_cleanup_(closep) int fd = open(OWN_NS, O_RDONLY | O_CLOEXEC);
	struct holder h = { 0 };
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_kernel(e, errno, NULL, OWN_NS);
	/* The holder may have ended before it is looked up. */
	for (int i = 0; i < 2 && !h.known; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return take_fd(&fd);
		if (errno != EWOULDBLOCK)
			return err_kernel(e, errno, NULL, "locking " OWN_NS);
		h = holder_find(&st);
	}
	if (!h.known)
		return err_set(e, EBUSY,
			       "another netnsd manages this network namespace, in another PID namespace; "
			       "use it with netnsctl, or stop it");
	if (h.trusted)
		return err_set(e, EBUSY,
			       "another netnsd manages this network namespace, pid %d; use it with "
			       "netnsctl, or stop it",
			       h.pid);
	/* Anybody may lock the file; only root's lock counts. */
	log_warning("process %d of user %u has locked " OWN_NS
		    ", which only netnsd should do; netnsd starts without that lock",
		    h.pid, h.uid);
	return take_fd(&fd);
}
