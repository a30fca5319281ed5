/* SPDX-License-Identifier: MIT */
/* stream.h - varlink's framing: messages that end with a NUL byte, over a non-blocking
 * socket.  Input is bounded, output is counted. */
#pragma once
#include "base.h"

/* Bytes that are added at the end and removed at the start. */
struct bytes {
	char *data;
	size_t start, end, room;
};

struct stream {
	int fd;     /* not owned */
	size_t max; /* bytes of a message, without its NUL */
	struct bytes in, out;
	size_t message; /* size of the first in @in, with its NUL; 0: it is incomplete */
	bool eof;       /* no more input */
	bool deaf;      /* no more output */
};

static inline size_t bytes_size(const struct bytes *b)
{
	return b->end - b->start;
}

/* Reads once; false when there is nothing to read, now or ever, or no room for it. */
bool stream_read(struct stream *s);
/* Whether the message that has begun exceeds the maximum. */
bool stream_too_long(const struct stream *s);
/* The text of the first message; stream_drop removes it. */
const char *stream_text(const struct stream *s);
void stream_drop(struct stream *s);

/* Queues a message, a text with its NUL, in @size bytes. */
void stream_put(struct stream *s, const char *text, size_t size);
/* Writes as much as the peer accepts. */
void stream_flush(struct stream *s);
/* The peer does not read, or is gone: drops the queued output, and all that follows. */
void stream_deafen(struct stream *s);
void stream_done(struct stream *s);
