/* SPDX-License-Identifier: MIT */
/* sandbox_children.c - waits for the processes of the sandbox, stops and names those that the command leaves. */
#include "sandbox_children.h"
#include "fail.h"
#include "usec.h"
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

/* Processes that end by themselves right after the command are not left running. */
enum { GRACE_MSEC = 200, STOP_MSEC = 2000, NAMED_MAX = 10 };

static void wait_turn(const struct children *c, int msec)
{
	struct pollfd p[] = { { .fd = c->lifeline, .events = POLLIN }, { .fd = c->signals, .events = POLLIN } };
	struct signalfd_siginfo got;

	poll(p, ARRAY_SIZE(p), msec);
	/* netnsctl is gone. */
	if (p[0].revents)
		_exit(EXIT_FAILED);
	if (p[1].revents && read(c->signals, &got, sizeof(got)) < 0)
		return;
}

int children_wait(const struct children *c, pid_t pid)
{
	for (;;) {
		int status;
		pid_t got = waitpid(-1, &status, WNOHANG);

		if (got == pid)
			return status;
		if (!got)
			wait_turn(c, -1);
	}
}

static uint64_t now_msec(void)
{
	return usec_now(CLOCK_MONOTONIC) / 1000;
}

/* All processes are our children, or theirs, or become ours. */
bool children_remain(const struct children *c)
{
	uint64_t until = now_msec() + GRACE_MSEC, now;

	for (;;) {
		pid_t got = waitpid(-1, NULL, WNOHANG);

		if (got < 0)
			return false;
		now = now_msec();
		if (!got && now >= until)
			return true;
		if (!got)
			wait_turn(c, (int)(until - now));
	}
}

/* The command line of the process @pid, or its name; false: it is gone, or has ended. */
static bool process_name(const char *pid, char *ret, size_t size)
{
	static const char *const files[] = { "cmdline", "comm" };
	char path[64];

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		_cleanup_(closep) int fd = -1;
		ssize_t n;

		snprintf(path, sizeof(path), "/proc/%.20s/%s", pid, files[i]);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		n = fd < 0 ? 0 : read(fd, ret, size - 1);
		while (n > 0 && (!ret[n - 1] || ret[n - 1] == '\n'))
			n--;
		for (ssize_t j = 0; j < n; j++)
			if (!ret[j])
				ret[j] = ' ';
		if (n > 0)
			return ret[n] = '\0', true;
	}
	return false;
}

/* Calls @each with every other process, as long as it says so. */
static void processes_each(bool (*each)(const char *pid, void *arg), void *arg)
{
	DIR *dir = opendir("/proc");
	struct dirent *d;

	while (dir && (d = readdir(dir)))
		if (isdigit((unsigned char)*d->d_name) && strcmp(d->d_name, "1") != 0 && !each(d->d_name, arg))
			break;
	if (dir)
		closedir(dir);
}

/* Whether it may still do something: it is neither stopped nor dead. */
static bool goes_on(const char *pid, void *found)
{
	_cleanup_(closep) int fd = -1;
	char path[64], text[256] = "";
	const char *state;

	snprintf(path, sizeof(path), "/proc/%.20s/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && read(fd, text, sizeof(text) - 1) < 0)
		*text = '\0';
	/* "7 (name) S …", and the name may have parentheses. */
	state = strrchr(text, ')');
	*(bool *)found = state && strlen(state) > 2 && strchr("RS", state[2]);
	return !*(bool *)found;
}

void children_freeze(const struct children *c)
{
	uint64_t until = now_msec() + STOP_MSEC;
	bool found = true;

	kill(-1, SIGSTOP);
	/* A processor may be with another one for a moment; nothing tells when it has stopped. */
	while (found && now_msec() < until) {
		found = false;
		processes_each(goes_on, &found);
		if (found)
			wait_turn(c, 1);
	}
}

struct names {
	char list[1024];
	size_t n;
};

static bool name_add(const char *pid, void *arg)
{
	struct names *names = arg;
	char name[80];

	if (!process_name(pid, name, sizeof(name)))
		return true;
	if (names->n++ < NAMED_MAX)
		snprintf(names->list + strlen(names->list), sizeof(names->list) - strlen(names->list), "%s\"%s\"",
			 names->n > 1 ? ", " : "", name);
	return true;
}

void children_print(void)
{
	struct names names = { .n = 0 };

	processes_each(name_add, &names);
	if (names.n > NAMED_MAX)
		snprintf(names.list + strlen(names.list), sizeof(names.list) - strlen(names.list), " and %zu more",
			 names.n - NAMED_MAX);
	if (names.n)
		ctl_fail(EXIT_DONE, "still running when the command had ended, and ended now: %s", names.list);
}
