/* SPDX-License-Identifier: MIT */
/* booting.c - asks systemd through systemctl: netnsctl has no D-Bus of its own. */
#include "booting.h"
#include "netnsd.h"
#include "base/err.h"
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

/* What systemctl prints is a word and a newline; in *@ret, ended by 0. */
static void system_state(char ret[32])
{
	char *argv[] = { (char[]){ "systemctl" }, (char[]){ "is-system-running" }, NULL };
	posix_spawn_file_actions_t actions;
	ssize_t n = 0, got = 1;
	int ends[2];
	pid_t pid;

	ret[0] = 0;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	if (posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ) != 0)
		pid = -1;
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	while (pid > 0 && n < 31 && got > 0) {
		got = read(ends[0], ret + n, 31 - (size_t)n);
		n += got > 0 ? got : 0;
	}
	ret[n] = 0;
	close(ends[0]);
	if (pid > 0)
		waitpid(pid, NULL, 0);
}

bool is_booting(void)
{
	char state[32];

	system_state(state);
	return !strcmp(state, "initializing\n") || !strcmp(state, "starting\n");
}
