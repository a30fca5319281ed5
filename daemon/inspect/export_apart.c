/* SPDX-License-Identifier: MIT */
/* export_apart.c - checks an exported topology in a copy of this process, which shares no descriptor with it but a pipe,
 * and writes what is refused into that: pointer and message of each, each with a NUL, and an empty line at the end. */
#include "export_apart.h"
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* Of all problems; each has a few hundred bytes. */
enum { ANSWER_MAX = 1 << 20 };

struct checking {
	pid_t pid;
	int fd;
	char *text;
	size_t n, room;
};

static void child(struct json_object *topology, const struct kinds *kinds, int fd)
{
	struct problems p = { 0 };
	FILE *out;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* A connection that is closed meanwhile is closed. */
	if (dup2(fd, STDIN_FILENO) < 0 || close_range(STDERR_FILENO, ~0U, 0) < 0 || !(out = fdopen(STDIN_FILENO, "w")))
		_exit(1);
	export_is_valid(topology, kinds, &p);
	for (size_t i = 0; i < p.n; i++)
		fprintf(out, "%s%c%s%c", p.v[i].where.pointer ?: "", 0, p.v[i].message, 0);
	putc('\n', out);
	_exit(fflush(out) == 0 ? 0 : 1);
}

static int checking_begin(struct checking **ret, struct json_object *topology, const struct kinds *kinds)
{
	struct checking *c;
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return -errno;
	pid = fork();
	if (pid == 0) {
		fcntl(ends[1], F_SETFL, 0);
		child(topology, kinds, ends[1]);
	}
	close(ends[1]);
	if (pid < 0) {
		close(ends[0]);
		return -errno;
	}
	c = must(calloc(1, sizeof(*c)));
	*c = (struct checking){ .pid = pid, .fd = ends[0] };
	*ret = c;
	return 0;
}

int checking_fd(const struct checking *c)
{
	return c->fd;
}

/* Reads what has come of it; true: there is more to come. */
static bool checking_step(struct checking *c)
{
	ssize_t got;

	if (c->room - c->n < BUFSIZ)
		c->text = must(realloc(c->text, c->room += 2 * BUFSIZ));
	got = read(c->fd, c->text + c->n, c->room - c->n);
	c->n += got > 0 ? (size_t)got : 0;
	return c->n < ANSWER_MAX && (got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR)));
}

/* As export_is_valid; -errno: the process ended early. */
static int checking_result(const struct checking *c, struct problems *p)
{
	const char *at = c->text, *end = c->text + c->n;

	if (!c->n || c->n >= ANSWER_MAX || end[-1] != '\n')
		return -EPIPE;
	for (end--; at < end;) {
		const struct where where = { .pointer = at };
		const char *message = at + strlen(at) + 1;

		problem_add(p, -EINVAL, &where, "%s", message);
		at = message + strlen(message) + 1;
	}
	return p->n == 0;
}

void checking_end(struct checking *c)
{
	if (!c)
		return;
	kill(c->pid, SIGKILL);
	while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR)
		;
	close(c->fd);
	free(c->text);
	free(c);
}

static bool is_valid(struct checking *c, struct json_object *topology, const struct kinds *kinds, struct problems *p)
{
	int r = c ? checking_result(c, p) : -ECHILD;

	return r < 0 ? export_is_valid(topology, kinds, p) : r;
}

bool checking_round(struct checking **c, struct json_object *topology, const struct kinds *kinds, size_t *round,
		    struct unsaid *u)
{
	struct problems p = { 0 };
	bool valid;

	if (!*c && checking_begin(c, topology, kinds) == 0)
		return true;
	if (*c && checking_step(*c))
		return true;
	valid = is_valid(*c, topology, kinds, &p);
	checking_end(TAKE(*c));
	if (!valid)
		export_cut(topology, &p, u);
	problems_done(&p);
	if (!valid && ++*round == EXPORT_ROUNDS_MAX)
		unsaid_add(u, "there is more that the format refuses: netnsctl validate lists it");
	return !valid && *round < EXPORT_ROUNDS_MAX;
}
