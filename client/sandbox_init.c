/* SPDX-License-Identifier: MIT */
/* sandbox_init.c - the first process of the sandbox: prepares it, runs the command, names what that leaves running,
 * and then the exporter.  When it ends, the kernel ends all others. */
#include "sandbox.h"
#include "sandbox_children.h"
#include "fail.h"
#include "stand_in.h"
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include "kernel/sysctl.h"
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

/* What a fork bomb may have at most, until the time is over. */
enum { PROCESSES_MAX = 1024 };

/* As a shell reports it. */
enum { EXIT_CANNOT_RUN = 126, EXIT_NOT_FOUND = 127 };

/* ---- who and where we are ---- */

/* root inside is nobody outside; without this we would be nobody inside, too. */
static int become_root(const struct sandbox_init *i, struct err *e)
{
	if (!i->as_nobody)
		return 0;
	if (setgroups(0, NULL) < 0 || setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		return err_kernel(e, errno, NULL, "becoming nobody");
	/* Or our files in /proc would still be those of the user before. */
	prctl(PR_SET_DUMPABLE, 1);
	return 0;
}

/* The mounts and the namespaces of the command belong to a user namespace of their own: so the kernel locks the
 * mounts, and what they cover cannot be uncovered. */
static int enter_inner(struct err *e)
{
	static const int flags =
		CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;
	int r;

	if (unshare(flags) < 0) {
		err_kernel(e, errno, NULL, "the sandbox needs a user namespace inside the first one");
		sandbox_advise(e);
		return e->code;
	}
	r = sandbox_map("self", 0, 0, false, e);
	if (r < 0) {
		sandbox_advise(e);
		return r;
	}
	/* The command may mount what it likes over what the exporter needs; but what it names in /run/netns is for
	 * both. */
	if (mount(NULL, "/run", NULL, MS_SHARED, NULL) < 0)
		return err_kernel(e, errno, NULL, "sharing the mounts in /run");
	return 0;
}

static int netns_here(struct err *e)
{
	int fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	return fd < 0 ? err_kernel(e, errno, NULL, "/proc/self/ns/net of the sandbox") : fd;
}

/* The host's network, as far as the command knows.  The other side of the stand-ins exists as long as this process,
 * and is out of the command's reach: nobody may look at our descriptors. */
static int network_prepare(const struct sandbox_init *i, struct err *e)
{
	static const char *const off[] = { "net/ipv4/ip_forward", "net/ipv6/conf/all/forwarding" };
	_cleanup_(closep) int inner = -1;
	int outer = netns_here(e), r;

	if (outer < 0)
		return outer;
	if (unshare(CLONE_NEWNET) < 0)
		return err_kernel(e, errno, NULL, "the sandbox needs a network namespace");
	inner = netns_here(e);
	if (inner < 0)
		return inner;
	/* It is on where it is on for the machine; where there is no IPv6 there is no such key. */
	for (size_t k = 0; k < ARRAY_SIZE(off); k++)
		sysctl_write(off[k], "0", e);
	sysctl_end();
	r = stand_ins_create(i->sandbox->stand_ins, i->sandbox->n_stand_ins, inner, outer, e);
	return r < 0 ? r : sandbox_mount_sys(e);
}

static int prepare(const struct sandbox_init *i, struct err *e)
{
	int r = become_root(i, e);

	r = r < 0 ? r : sandbox_mount(i, e);
	r = r < 0 ? r : enter_inner(e);
	r = r < 0 ? r : network_prepare(i, e);
	if (r < 0)
		return r;
	/* Nothing in the sandbox may trace us, or read our memory and descriptors. */
	prctl(PR_SET_DUMPABLE, 0);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_kernel(e, errno, NULL, "no_new_privs");
	return sandbox_filter(e);
}

/* ---- the command ---- */

/* Before the caller's PATH our sudo, and behind it where programs of root are. */
static void path_complete(void)
{
	_cleanup_(freep) char *path = NULL;

	if (asprintf(&path, SANDBOX_SHIMS ":%s:/usr/local/sbin:/usr/sbin:/sbin",
		     getenv("PATH") ?: "/usr/local/bin:/usr/bin:/bin") < 0)
		abort();
	setenv("PATH", path, true);
}

/* Returns only if the command cannot be run; the reason goes to @status. */
static void command_exec_in(const struct sandbox_init *i, int status)
{
	const struct rlimit processes = { PROCESSES_MAX, PROCESSES_MAX };
	int r;

	/* Without our terminal nobody can type into it, and Ctrl-C is ours. */
	setsid();
	signal(SIGXFSZ, SIG_DFL);
	sigprocmask(SIG_SETMASK, i->signals, NULL);
	if (dup2(STDERR_FILENO, STDOUT_FILENO) >= 0 && setrlimit(RLIMIT_NPROC, &processes) == 0 &&
	    (chdir(i->cwd) == 0 || chdir("/") == 0)) {
		path_complete();
		close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
		execvp(i->sandbox->argv[0], i->sandbox->argv);
	}
	r = errno;
	if (write(status, &r, sizeof(r)) < 0)
		return;
}

/* Starts the command; -errno if that failed. */
static int command_start(const struct sandbox_init *i, const struct sandbox_mounts *mounts, pid_t *ret)
{
	_cleanup_(closep) int in = -1, out = -1;
	int ends[2], reason = 0;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	in = ends[0];
	out = ends[1];
	*ret = fork();
	if (*ret == 0) {
		command_exec_in(i, out);
		_exit(EXIT_CANNOT_RUN);
	}
	reason = *ret < 0 ? errno : 0;
	if (sandbox_mounts_leave(mounts) < 0 || reason)
		return reason ? -reason : -errno;
	close(take_fd(&out));
	/* Ends when it is executed. */
	return read(in, &reason, sizeof(reason)) == sizeof(reason) ? -reason : 0;
}

/* ---- the exporter ---- */

static int exporter_run(const struct sandbox_init *i, const struct sandbox_mounts *mounts, const struct children *c)
{
	char *const argv[] = { (char[]){ "netnsd" }, (char[]){ "--export" }, NULL };
	char *const environment[] = { (char[]){ "PATH=/usr/sbin:/usr/bin:/sbin:/bin" }, NULL };
	pid_t pid = fork();
	int status;

	if (pid < 0)
		return ctl_fail(EXIT_FAILED, "starting netnsd: %s", strerror(errno));
	if (!pid) {
		int null = open("/dev/null", O_RDONLY);

		sigprocmask(SIG_SETMASK, i->signals, NULL);
		sandbox_names_give(mounts);
		if (null >= 0 && dup2(null, STDIN_FILENO) >= 0 && dup2(i->out, STDOUT_FILENO) >= 0 && chdir("/") == 0) {
			close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
			/* A script is opened again by its number. */
			fcntl(i->sandbox->exporter, F_SETFD, 0);
			fexecve(i->sandbox->exporter, argv, environment);
		}
		ctl_fail(EXIT_FAILED, "running netnsd --export: %s", strerror(errno));
		_exit(EXIT_FAILED);
	}
	status = children_wait(c, pid);
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	return ctl_fail(EXIT_FAILED, "netnsd --export was ended by a signal: %s", strsignal(WTERMSIG(status)));
}

/* ---- all of it ---- */

/* What to do where the command could not reach its own files. */
static void hint_unreadable(const struct sandbox_init *i, bool refused)
{
	if (i->as_nobody && (refused || access(i->cwd, R_OK | X_OK) < 0))
		ctl_fail(
			EXIT_DONE,
			"root's commands run as nobody, who may not read everything here; a script can come by standard "
			"input: netnsctl record -- bash -s <SCRIPT");
}

static int say_status(const struct sandbox_init *i, int status)
{
	const char *name = i->sandbox->argv[0];
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;

	if (WIFSIGNALED(status))
		return ctl_fail(EXIT_FAILED, "%s was ended by a signal: %s; the topology is what it had built by then",
				name, strsignal(WTERMSIG(status)));
	if (!code)
		return EXIT_DONE;
	ctl_fail(EXIT_FAILED, "%s failed with exit status %d; the topology is what it had built by then", name, code);
	if (code == EXIT_CANNOT_RUN || code == EXIT_NOT_FOUND)
		hint_unreadable(i, code == EXIT_CANNOT_RUN);
	return EXIT_FAILED;
}

static int command_run_in(const struct sandbox_init *i, const struct children *c)
{
	_cleanup_(sandbox_mounts_done) struct sandbox_mounts mounts;
	pid_t pid = 0;
	int r = sandbox_mounts_begin(&mounts), code;

	r = r < 0 ? r : command_start(i, &mounts, &pid);
	if (r < 0) {
		ctl_fail(EXIT_FAILED, "%s cannot be run in the sandbox: %s; nothing was recorded", i->sandbox->argv[0],
			 strerror(-r));
		hint_unreadable(i, r == -EACCES);
		return EXIT_FAILED;
	}
	code = say_status(i, children_wait(c, pid));
	if (children_remain(c)) {
		children_freeze(c);
		children_print();
	}
	r = exporter_run(i, &mounts, c);
	return code ?: r;
}

int sandbox_init(const struct sandbox_init *i)
{
	struct children c = { .lifeline = i->lifeline };
	struct err e = { 0 };
	sigset_t child;
	char go;

	/* Without a byte netnsctl has given up. */
	if (read(i->lifeline, &go, 1) != 1)
		return EXIT_FAILED;
	setsid();
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	c.signals = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
	if (c.signals < 0)
		return ctl_fail(EXIT_FAILED, "signals: %s", strerror(errno));
	if (prepare(i, &e) < 0)
		return ctl_fail(EXIT_FAILED, "%s; nothing was run", e.text);
	return command_run_in(i, &c);
}
