/* SPDX-License-Identifier: MIT */
/* stream.h - varlink's framing: messages that end with a NUL byte, over a socket
 * that does not block.  What comes in is bounded, what goes out is counted. */
#pragma once
#include "base.h"

/* Bytes that come in at the end and leave at the start. */
struct bytes {
	char *data;
	size_t start, end, room;
};

struct stream {
	int fd;			/* not owned */
	size_t max;		/* bytes of a message, without its NUL */
	struct bytes in, out;
	size_t message;		/* size of the first in @in, with its NUL; 0: not all of it is there */
	bool eof;		/* nothing more comes in */
	bool deaf;		/* nothing more goes out */
};

static inline size_t bytes_size(const struct bytes *b)
{
	return b->end - b->start;
}

/* Reads once; false when there is nothing to read, now or ever, or no room for it. */
bool stream_read(struct stream *s);
/* Whether the message that has begun is longer than it may be. */
bool stream_too_long(const struct stream *s);
/* The text of the message that is there; stream_drop goes on to the next. */
const char *stream_text(const struct stream *s);
void stream_drop(struct stream *s);

/* Queues a message, a text with its NUL, in @size bytes. */
void stream_put(struct stream *s, const char *text, size_t size);
/* Writes as much as the peer takes. */
void stream_flush(struct stream *s);
/* The peer does not read, or is gone: forgets what was queued. */
void stream_deafen(struct stream *s);
void stream_done(struct stream *s);
