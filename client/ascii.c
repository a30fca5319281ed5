/* SPDX-License-Identifier: MIT */
/* ascii.c - standard output and standard error as streams that convert what netnsctl draws with, however it is printed, so
 * that no command has to know of it.  Names are left as they are in files and pipes, where they are data; on a terminal
 * they are converted, too, because a byte of theirs could control it. */
#include "ascii.h"
#include "terminal.h"
#include "text.h"

/* A character of UTF-8 has so many bytes; one that is not complete waits for the rest. */
enum { CHARACTER_MAX = 4 };

static struct stream {
	int fd;
	bool terminal;
	char rest[CHARACTER_MAX];
	size_t n_rest;
} streams[] = { { .fd = STDOUT_FILENO }, { .fd = STDERR_FILENO } };

/* The bytes at the end of @s that begin a character and do not end it. */
static size_t incomplete(const char *s, size_t n)
{
	for (size_t i = 1; i < CHARACTER_MAX && i <= n; i++) {
		unsigned char c = (unsigned char)s[n - i];

		if (c < 0x80)
			return 0;
		if (c >= 0xc0)
			return i < (c >= 0xf0 ? 4U : c >= 0xe0 ? 3U : 2U) ? i : 0;
	}
	return 0;
}

static bool put(int fd, const char *s)
{
	for (size_t n = strlen(s); n;) {
		ssize_t r = write(fd, s, n);

		if (r < 0 && errno != EINTR)
			return false;
		if (r > 0) {
			s += r;
			n -= (size_t)r;
		}
	}
	return true;
}

/* For fopencookie(3): the number of bytes taken, 0 with errno if they cannot be written. */
static ssize_t stream_write(void *cookie, const char *buffer, size_t n)
{
	struct stream *s = cookie;
	_cleanup_(arena_done) struct arena a = {};
	char *text = arena_alloc(&a, s->n_rest + n + 1);
	size_t all = s->n_rest + n;

	memcpy(text, s->rest, s->n_rest);
	memcpy(text + s->n_rest, buffer, n);
	s->n_rest = incomplete(text, all);
	memcpy(s->rest, text + all - s->n_rest, s->n_rest);
	text[all - s->n_rest] = '\0';
	return put(s->fd, text_ascii(&a, text, s->terminal)) ? (ssize_t)n : 0;
}

static FILE *stream_open(struct stream *s, int buffered)
{
	FILE *f = must(fopencookie(s, "w", (cookie_io_functions_t){ .write = stream_write }));

	s->terminal = isatty(s->fd);
	setvbuf(f, NULL, buffered, 0);
	return f;
}

void ascii_messages(void)
{
	if (terminal_is_ascii())
		stderr = stream_open(&streams[1], _IONBF);
}

void ascii_output(void)
{
	if (terminal_is_ascii())
		stdout = stream_open(&streams[0], isatty(STDOUT_FILENO) ? _IOLBF : _IOFBF);
}
