/* SPDX-License-Identifier: MIT */
/* test_log.c - the log never waits for its reader, keeps its order, and counts what does not fit.
 * Each test writes in a process of its own, whose stderr is the test's. */
#include "base/log.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

enum { LINES = 5000 };

/* Long enough for some hundred of them to fill every buffer. */
static void say(size_t number)
{
	log_info("line %zu %0200d", number, 0);
}

static void say_all(void)
{
	for (size_t i = 0; i < LINES; i++)
		say(i);
}

/* Reads what @fd has; then tells the writer by @go that it may write one more. */
struct counted {
	size_t lines, lost, last;
	bool in_order;
};

static void count(struct counted *c, const char *line)
{
	size_t n;

	if (sscanf(line, "netnsd: line %zu", &n) == 1) {
		c->in_order &= !c->lines || n > c->last;
		c->last = n;
		c->lines++;
	} else if (sscanf(line, "netnsd: %zu line", &n) == 1) {
		c->lost += n;
	} else {
		fail_msg("an odd line: %s", line);
	}
}

static void flush_all(void)
{
	while (!log_flush())
		usleep(1000);
}

/* @write is the writer's stderr, @read the other end. */
static struct counted run(int read_fd, int write_fd)
{
	struct counted c = { .in_order = true };
	int go[2], said[2], status;
	FILE *in = fdopen(read_fd, "r");
	char line[1024];
	pid_t pid;

	assert_int_equal(pipe(go) | pipe(said), 0);
	pid = fork();
	if (!pid) {
		char byte;

		alarm(60);
		dup2(write_fd, STDERR_FILENO);
		close(write_fd);
		close(read_fd);
		say_all();
		(void)!write(said[1], "", 1);
		(void)!read(go[0], &byte, 1);
		flush_all();
		say(LINES);
		/* The pipe may be full again. */
		flush_all();
		_exit(0);
	}
	close(write_fd);
	close(said[1]);
	/* Nobody reads until everything is written. */
	assert_int_equal(read(said[0], line, 1), 1);
	assert_int_equal(write(go[1], "", 1), 1);
	while (fgets(line, sizeof(line), in))
		count(&c, line);
	fclose(in);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	close(said[0]);
	close(go[0]);
	close(go[1]);
	return c;
}

static void check(struct counted c)
{
	assert_int_equal(c.last, LINES);
	assert_true(c.lost > 0 && c.lines > 100 && c.in_order);
	assert_int_equal(c.lines + c.lost, LINES + 1);
}

static void test_pipe(void **state)
{
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	check(run(fds[0], fds[1]));
}

static void test_socket(void **state)
{
	int fds[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	check(run(fds[0], fds[1]));
}

/* A file takes everything, at its end, also where others write to it. */
static void test_file(void **state)
{
	char name[] = "/tmp/test-log-XXXXXX";
	int fd = mkstemp(name), other;
	struct counted c;

	(void)state;
	assert_true(fd >= 0);
	unlink(name);
	other = dup(fd);
	c = run(dup(fd), fd);
	/* Both ends share one offset: rewind. */
	assert_int_equal(c.lines, 0);
	assert_int_equal(lseek(other, 0, SEEK_SET), 0);
	FILE *in = fdopen(other, "r");
	char line[1024];
	while (fgets(line, sizeof(line), in))
		count(&c, line);
	fclose(in);
	assert_int_equal(c.lines, LINES + 1);
	assert_int_equal(c.lost, 0);
}

/* A file size limit fails lines, and kills nobody. */
static void test_limit(void **state)
{
	int fds[2], status;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (!pid) {
		char name[] = "/tmp/test-log-XXXXXX";
		int fd = mkstemp(name);
		struct rlimit none = { 0, 0 }, all;

		unlink(name);
		dup2(fd, STDERR_FILENO);
		signal(SIGXFSZ, SIG_IGN);
		getrlimit(RLIMIT_FSIZE, &all);
		none.rlim_max = all.rlim_max;
		setrlimit(RLIMIT_FSIZE, &none);
		say_all();
		_exit(log_flush() ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	close(fds[0]);
	close(fds[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pipe),
		cmocka_unit_test(test_socket),
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_limit),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
