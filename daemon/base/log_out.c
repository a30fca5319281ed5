/* SPDX-License-Identifier: MIT */
/* log_out.c - non-blocking output of log entries.  Standard error may be shared with a
 * shell, so its O_NONBLOCK is left alone: the file behind it is opened once more. */
#include "log_out.h"
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>

#define JOURNAL_SOCKET "/run/systemd/journal/socket"
#define MESSAGE "MESSAGE="

enum {
	QUEUE_BYTES = 256 << 10,
	LINE_SIZE = 8 << 10,
};

struct entry {
	struct entry *next;
	size_t size, written; /* written: bytes of the line on standard error */
	bool to_journal;
	char text[];
};

/* The way to write to standard error. */
enum way { WAY_UNKNOWN, WAY_WRITE, WAY_SEND, WAY_POLL };

static struct {
	struct entry *first, **last;
	size_t bytes;
	size_t lost;        /* entries, since that was logged last */
	bool lost_journal;  /* the last of them was for the journal */
	int journal, error; /* descriptors; 0: not opened yet */
	enum way way;
} out;

/* Whether the same call may succeed later. */
static bool is_busy(int code)
{
	static const int codes[] = { EAGAIN, ENOBUFS, ENOMEM, EINTR, EMFILE, ENFILE };

	for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
		if (code == -codes[i])
			return true;
	return false;
}

static enum way way_find(void)
{
	struct stat st;
	bool is_pipe;

	out.error = STDERR_FILENO;
	if (fstat(STDERR_FILENO, &st) < 0 || S_ISREG(st.st_mode))
		return WAY_WRITE;
	if (S_ISSOCK(st.st_mode))
		return WAY_SEND;
	is_pipe = S_ISFIFO(st.st_mode);
	/* The master of a pseudoterminal opened again would be a new one. */
	if (!is_pipe && (!isatty(STDERR_FILENO) || st.st_rdev == makedev(5, 2)))
		return WAY_POLL;
	out.error = open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (out.error >= 0)
		return WAY_WRITE;
	out.error = STDERR_FILENO;
	return WAY_POLL;
}

static ssize_t error_write(const char *text, size_t size)
{
	struct pollfd p = { .fd = STDERR_FILENO, .events = POLLOUT };

	if (out.way == WAY_UNKNOWN)
		out.way = way_find();
	if (out.way == WAY_SEND)
		return send(out.error, text, size, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (out.way == WAY_POLL) {
		if (poll(&p, 1, 0) <= 0) {
			errno = EAGAIN;
			return -1;
		}
		size = size < PIPE_BUF ? size : PIPE_BUF;
	}
	return write(out.error, text, size);
}

/* Writes the message of @en as a line on standard error: 0, or -errno. */
static int line_write(struct entry *en)
{
	const char *end = memchr(en->text, '\n', en->size);
	size_t prefix = strlen(MESSAGE), n;
	char line[LINE_SIZE];

	n = (size_t)snprintf(line, sizeof(line), "netnsd: %.*s\n", (int)((size_t)(end - en->text) - prefix),
			     en->text + prefix);
	n = n < sizeof(line) ? n : sizeof(line) - 1;
	while (en->written < n) {
		ssize_t written = error_write(line + en->written, n - en->written);

		if (written < 0 && errno != EINTR)
			return -errno;
		en->written += written > 0 ? (size_t)written : 0;
	}
	return 0;
}

static int journal_send(const struct entry *en)
{
	static const struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = JOURNAL_SOCKET };

	if (out.journal <= 0)
		out.journal = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (out.journal < 0 || sendto(out.journal, en->text, en->size, MSG_NOSIGNAL, (const struct sockaddr *)&address,
				      sizeof(address)) < 0)
		return -errno;
	return 0;
}

/* Without a journal at its socket, entries go to standard error. */
static int entry_write(struct entry *en)
{
	int r = en->to_journal && !en->written ? journal_send(en) : -ENOTCONN;

	return r < 0 && !is_busy(r) ? line_write(en) : r;
}

static void entry_add(const char *text, size_t size, bool to_journal)
{
	struct entry *en = must(malloc(sizeof(*en) + size));

	*en = (struct entry){ .size = size, .to_journal = to_journal };
	memcpy(en->text, text, size);
	if (!out.first)
		out.last = &out.first;
	*out.last = en;
	out.last = &en->next;
	out.bytes += size;
}

/* Writes what is queued, in order; -errno of what has to be waited for. */
static int queue_write(size_t *ret_lost)
{
	while (out.first) {
		struct entry *en = out.first;
		int r = entry_write(en);

		if (is_busy(r))
			return r;
		if (r < 0) {
			++*ret_lost;
			out.lost_journal = en->to_journal;
		}
		out.first = en->next;
		out.bytes -= en->size;
		free(en);
	}
	return 0;
}

bool log_out_flush(void)
{
	size_t failed = 0, lost;
	char text[128];
	int n, r;

	if (queue_write(&out.lost) < 0)
		return false;
	lost = out.lost;
	if (!lost)
		return true;
	n = snprintf(text, sizeof(text),
		     MESSAGE
		     "%zu %s lost: they came faster than they could be written\nPRIORITY=4\nSYSLOG_IDENTIFIER=netnsd\n",
		     lost, lost == 1 ? "line was" : "lines were");
	entry_add(text, (size_t)n, out.lost_journal);
	out.lost = 0;
	r = queue_write(&failed);
	/* It is logged again with the next line. */
	if (failed)
		out.lost = lost;
	return r == 0;
}

void log_out_put(const char *entry, size_t size, bool to_journal)
{
	if (out.first && !log_out_flush() && out.bytes + size > QUEUE_BYTES) {
		out.lost++;
		out.lost_journal = to_journal;
		return;
	}
	entry_add(entry, size, to_journal);
	log_out_flush();
}
