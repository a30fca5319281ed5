/* SPDX-License-Identifier: MIT */
/* sandbox.c - the outside of the sandbox: creates its first process and user namespace, reads the result, and ends it
 * all when the time is over. */
#include "sandbox.h"
#include "fail.h"
#include "loop.h"
#include "usec.h"
#include <fcntl.h>
#include <limits.h>
#include <linux/sched.h>
#include <poll.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/* Who root is outside: the kernel's overflow user, who owns nothing. */
enum { NOBODY = 65534 };

struct outside {
	unsigned uid, gid; /* who root of the sandbox is */
	pid_t pid;
	int process;  /* a pidfd */
	int lifeline; /* our end */
	int out;
	int signals; /* a signalfd */
	sigset_t mask;
};

/* The number in a file of /proc; -1: there is none. */
static long number_in(const char *path)
{
	_cleanup_(closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	char text[32] = "";

	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		return -1;
	return strtol(text, NULL, 10);
}

void sandbox_advise(struct err *e)
{
	if (e->code == -EINVAL || e->code == -ENOSYS)
		err_append(e, "; this kernel lacks namespaces that the sandbox needs, or is older than Linux 5.12");
	else if (number_in("/proc/sys/user/max_user_namespaces") == 0)
		err_append(e, "; the kernel allows none: sysctl user.max_user_namespaces=10000");
	else if (number_in("/proc/sys/kernel/unprivileged_userns_clone") == 0)
		err_append(e,
			   "; only root may create user namespaces here: sysctl kernel.unprivileged_userns_clone=1, "
			   "or use sudo");
	else if (number_in("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == 1)
		err_append(
			e,
			"; AppArmor restricts user namespaces: sysctl kernel.apparmor_restrict_unprivileged_userns=0");
	else if (e->code == -ENOSPC || e->code == -EUSERS)
		err_append(e, "; there are too many namespaces, or they are nested too deeply: see namespaces(7)");
	else
		err_append(e, "; a container or a seccomp filter may forbid it: run netnsctl outside of it");
}

/* ---- who the command is ---- */

/* Whether the user @id exists in the user namespace that we are in. */
static bool id_exists(const char *map, unsigned id)
{
	_cleanup_(fclosep) FILE *f = fopen(map, "re");
	unsigned inside, outside, n;

	while (f && fscanf(f, "%u %u %u", &inside, &outside, &n) == 3)
		if (id >= inside && id - inside < n)
			return true;
	return false;
}

static int choose_user(struct outside *o, struct err *e)
{
	o->uid = geteuid();
	o->gid = getegid();
	if (o->uid != 0)
		return 0;
	o->uid = o->gid = NOBODY;
	if (id_exists("/proc/self/uid_map", NOBODY) && id_exists("/proc/self/gid_map", NOBODY))
		return 0;
	return err_set(e, EPERM,
		       "root's commands run as nobody (%u), and this user namespace has no such user: run netnsctl as "
		       "another user than root, or outside",
		       NOBODY);
}

static int file_write(const char *pid, const char *name, const char *text, struct err *e)
{
	_cleanup_(closep) int fd = -1;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%s/%s", pid, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		return err_kernel(e, errno, NULL, "writing %s of the sandbox's user namespace", name);
	return 0;
}

int sandbox_map(const char *pid, unsigned uid, unsigned gid, bool may_setgroups, struct err *e)
{
	char text[32];
	int r = may_setgroups ? 0 : file_write(pid, "setgroups", "deny", e);

	if (r < 0)
		return r;
	snprintf(text, sizeof(text), "0 %u 1", uid);
	r = file_write(pid, "uid_map", text, e);
	if (r < 0)
		return r;
	snprintf(text, sizeof(text), "0 %u 1", gid);
	return file_write(pid, "gid_map", text, e);
}

/* The caller's home, if it is one: nothing in it is for the command. */
static const char *find_home(char path[PATH_MAX])
{
	const struct passwd *p = getpwuid(geteuid());
	struct stat st;

	if (!p || !realpath(p->pw_dir, path) || !strcmp(path, "/") || stat(path, &st) < 0 || st.st_uid != geteuid())
		return NULL;
	return path;
}

/* ---- its first process ---- */

/* Signals that would end us arrive in a descriptor instead; those that are ignored, as after nohup(1), stay so. */
static int signals_take(struct outside *o)
{
	static const int ending[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	struct sigaction now;
	sigset_t ours;

	sigemptyset(&ours);
	for (size_t i = 0; i < ARRAY_SIZE(ending); i++)
		if (sigaction(ending[i], NULL, &now) == 0 && now.sa_handler != SIG_IGN)
			sigaddset(&ours, ending[i]);
	/* Where it is ignored nobody can be waited for. */
	signal(SIGCHLD, SIG_DFL);
	sigprocmask(SIG_BLOCK, &ours, &o->mask);
	return signalfd(-1, &ours, SFD_CLOEXEC);
}

static int sandbox_clone(struct outside *o, struct err *e)
{
	struct clone_args args = {
		.flags = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS |
			 CLONE_PIDFD,
		.pidfd = (uint64_t)(uintptr_t)&o->process,
		.exit_signal = SIGCHLD,
	};

	/* What stands in a buffer would be written twice. */
	fflush(NULL);
	o->pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
	if (o->pid >= 0)
		return 0;
	err_kernel(e, errno, NULL, "the sandbox needs a user namespace");
	sandbox_advise(e);
	return e->code;
}

static int sandbox_start(const struct sandbox *s, struct outside *o, struct err *e)
{
	char home[PATH_MAX], cwd[PATH_MAX], pid[16];
	struct sandbox_init init = { .sandbox = s,
				     .cwd = getcwd(cwd, sizeof(cwd)) ?: "/",
				     .as_nobody = geteuid() == 0 };
	_cleanup_(closep) int lifeline = -1, out = -1, sockets = open("/proc/net/unix", O_RDONLY | O_CLOEXEC);
	int ends[2], r;

	init.home = find_home(home);
	init.signals = &o->mask;
	init.sockets = sockets;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_kernel(e, errno, NULL, "a pipe");
	lifeline = ends[0];
	o->lifeline = ends[1];
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_kernel(e, errno, NULL, "a pipe");
	o->out = ends[0];
	out = ends[1];
	init.lifeline = lifeline;
	init.out = out;
	r = sandbox_clone(o, e);
	if (r < 0)
		return r;
	if (!o->pid) {
		close(o->lifeline);
		close(o->out);
		close(o->signals);
		_exit(sandbox_init(&init));
	}
	snprintf(pid, sizeof(pid), "%d", (int)o->pid);
	r = sandbox_map(pid, o->uid, o->gid, init.as_nobody, e);
	if (r < 0)
		sandbox_advise(e);
	else if (write(o->lifeline, "", 1) != 1)
		r = err_kernel(e, errno, NULL, "the sandbox");
	return r;
}

/* Waits until its processes are gone. */
static siginfo_t sandbox_reap(struct outside *o)
{
	siginfo_t info = { 0 };

	while (waitid(P_PID, (id_t)o->pid, &info, WEXITED) < 0 && errno == EINTR)
		;
	o->pid = 0;
	return info;
}

static void sandbox_end(struct outside *o)
{
	if (o->pid <= 0)
		return;
	kill(o->pid, SIGKILL);
	sandbox_reap(o);
}

static void outside_done(struct outside *o)
{
	sandbox_end(o);
	closep(&o->process);
	closep(&o->lifeline);
	closep(&o->out);
	closep(&o->signals);
	sigprocmask(SIG_SETMASK, &o->mask, NULL);
}

/* ---- its result ---- */

/* Reads what there is; 0 at the end. */
static ssize_t output_read(int fd, char **out, size_t *n, size_t *room)
{
	ssize_t got;

	if (*room - *n < BUFSIZ) {
		*room = *room ? *room * 2 : 2 * BUFSIZ;
		*out = must(realloc(*out, *room));
	}
	got = read(fd, *out + *n, *room - *n - 1);
	if (got > 0)
		*n += (size_t)got;
	(*out)[*n] = '\0';
	return got;
}

/* Ends as the signal would have ended us. */
static int die_of(struct outside *o)
{
	struct signalfd_siginfo got = { .ssi_signo = SIGTERM };
	sigset_t one;

	if (read(o->signals, &got, sizeof(got)) < 0)
		return EXIT_FAILED;
	sandbox_end(o);
	ctl_fail(EXIT_FAILED, "%s: the command was ended, and nothing is recorded", strsignal((int)got.ssi_signo));
	sigemptyset(&one);
	sigaddset(&one, (int)got.ssi_signo);
	signal((int)got.ssi_signo, SIG_DFL);
	raise((int)got.ssi_signo);
	sigprocmask(SIG_UNBLOCK, &one, NULL);
	return EXIT_FAILED;
}

static int sandbox_wait(const struct sandbox *s, struct outside *o, char **ret)
{
	uint64_t until = loop_now() + (uint64_t)s->seconds * USEC_PER_SEC, now;
	size_t n = 0, room = 0;

	for (ssize_t got = 1; got > 0 && n < SANDBOX_OUTPUT_MAX;) {
		struct pollfd p[] = { { .fd = o->out, .events = POLLIN }, { .fd = o->signals, .events = POLLIN } };

		now = loop_now();
		if (now >= until || !poll(p, ARRAY_SIZE(p), (int)((until - now + USEC_PER_MSEC - 1) / USEC_PER_MSEC))) {
			sandbox_end(o);
			return ctl_fail(EXIT_TIMEOUT,
					"not done within %u s, and ended; nothing is recorded: --timeout SECONDS",
					s->seconds);
		}
		if (p[1].revents)
			return die_of(o);
		if (p[0].revents)
			got = output_read(o->out, ret, &n, &room);
	}
	if (n >= SANDBOX_OUTPUT_MAX)
		return ctl_fail(EXIT_FAILED, "the topology is larger than %d MiB", SANDBOX_OUTPUT_MAX >> 20);
	return EXIT_DONE;
}

/* All that is left to wait for is that its processes are gone. */
static int sandbox_exit(struct outside *o)
{
	siginfo_t info = sandbox_reap(o);

	if (!info.si_code) /* waitid failed */
		return EXIT_FAILED;
	if (info.si_code == CLD_EXITED)
		return info.si_status;
	return ctl_fail(EXIT_FAILED, "the sandbox was ended by a signal: %s", strsignal(info.si_status));
}

int sandbox_run(const struct sandbox *s, char **ret)
{
	_cleanup_(outside_done) struct outside o = { .process = -1, .lifeline = -1, .out = -1, .signals = -1 };
	struct err e = { 0 };
	int r;

	sigprocmask(SIG_BLOCK, NULL, &o.mask);
	r = choose_user(&o, &e);
	if (r < 0)
		return ctl_fail(EXIT_NOT_PERMITTED, "%s; nothing was run", e.text);
	o.signals = signals_take(&o);
	if (o.signals < 0)
		return ctl_fail(EXIT_FAILED, "signals: %s", strerror(errno));
	r = sandbox_start(s, &o, &e);
	if (r < 0)
		return ctl_fail(EXIT_NOT_PERMITTED, "%s; nothing was run", e.text);
	r = sandbox_wait(s, &o, ret);
	return r ?: sandbox_exit(&o);
}
