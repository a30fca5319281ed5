/* SPDX-License-Identifier: MIT */
/* stream.c - buffers for both directions of a socket.  An idle stream holds no memory. */
#include "stream.h"
#include "base/utf8.h"
#include <sys/socket.h>

enum { ROOM_FIRST = 4 << 10 };

/* Makes room for @n more bytes.  The bytes moved are in proportion to those that have left
 * before; otherwise each message to a peer that reads slowly would cost as much as everything
 * queued. */
static void bytes_reserve(struct bytes *b, size_t n)
{
	if (b->room - b->end >= n)
		return;
	if (b->start && 4 * b->start >= bytes_size(b)) {
		memmove(b->data, b->data + b->start, bytes_size(b));
		b->end -= b->start;
		b->start = 0;
	}
	if (b->room - b->end >= n)
		return;
	b->room = b->end + (n > b->end / 8 ? n : b->end / 8);
	b->data = must(realloc(b->data, b->room));
}

static void bytes_drop(struct bytes *b, size_t n)
{
	b->start += n;
	if (b->start < b->end)
		return;
	free(b->data);
	*b = (struct bytes){};
}

/* Searches for the end of the first message, from @from on. */
static void stream_find(struct stream *s, size_t from)
{
	size_t size = bytes_size(&s->in);
	const char *end = size > from ? memchr(stream_text(s) + from, '\0', size - from) : NULL;

	s->message = end ? (size_t)(end - stream_text(s)) + 1 : 0;
}

bool stream_read(struct stream *s)
{
	size_t had = bytes_size(&s->in), more = had ? had : ROOM_FIRST;
	ssize_t n;

	if (more > s->max + 1 - had)
		more = s->max + 1 - had;
	if (!more)
		return false;
	bytes_reserve(&s->in, more);
	do
		n = recv(s->fd, s->in.data + s->in.end, more, 0);
	while (n < 0 && errno == EINTR);
	if (n > 0)
		s->in.end += (size_t)n;
	if (n == 0 || (n < 0 && errno != EAGAIN))
		s->eof = true;
	if (!s->message)
		stream_find(s, had);
	bytes_drop(&s->in, 0);
	return n > 0;
}

bool stream_too_long(const struct stream *s)
{
	return !s->message && bytes_size(&s->in) > s->max;
}

const char *stream_text(const struct stream *s)
{
	return s->in.data + s->in.start;
}

void stream_drop(struct stream *s)
{
	bytes_drop(&s->in, s->message);
	stream_find(s, 0);
}

void stream_put(struct stream *s, const char *text, size_t size)
{
	if (s->deaf)
		return;
	bytes_reserve(&s->out, size);
	memcpy(s->out.data + s->out.end, text, size);
	/* The kernel accepts names that are not UTF-8: one must not invalidate a whole answer. */
	utf8_repair(s->out.data + s->out.end);
	s->out.end += size;
}

void stream_flush(struct stream *s)
{
	while (bytes_size(&s->out)) {
		ssize_t n = send(s->fd, s->out.data + s->out.start, bytes_size(&s->out), MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0) {
			stream_deafen(s);
			/* The peer must not wait for more. */
			shutdown(s->fd, SHUT_RDWR);
		} else
			bytes_drop(&s->out, (size_t)n);
	}
}

void stream_deafen(struct stream *s)
{
	s->deaf = true;
	bytes_drop(&s->out, bytes_size(&s->out));
}

void stream_done(struct stream *s)
{
	free(s->in.data);
	free(s->out.data);
	*s = (struct stream){ .fd = -1 };
}
