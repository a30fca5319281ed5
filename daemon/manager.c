/* SPDX-License-Identifier: MIT */
/* manager.c - non-blocking datagrams to NOTIFY_SOCKET. */
#include "manager.h"
#include <stdarg.h>
#include <sys/socket.h>
#include <sys/un.h>

enum {
	MESSAGES = 32, /* that are queued; the oldest of more is dropped */
	SIZE = 640,
};

static struct {
	char text[MESSAGES][SIZE];
	size_t first, n;
	int fd; /* 0: not opened yet */
} out;

/* Returns the length of the address; 0: no service manager can be reached. */
static socklen_t address_make(struct sockaddr_un *ret)
{
	const char *path = getenv("NOTIFY_SOCKET");
	size_t n = path ? strlen(path) : 0;

	if (n < 2 || n >= sizeof(ret->sun_path) || !strchr("/@", *path))
		return 0;
	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	memcpy(ret->sun_path, path, n);
	if (*path == '@')
		ret->sun_path[0] = '\0';
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + (*path == '/'));
}

/* False: to be sent later.  A message that the manager rejects is dropped. */
static bool message_send(const char *text)
{
	struct sockaddr_un address;
	socklen_t size = address_make(&address);

	if (!size)
		return true;
	if (out.fd <= 0)
		out.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (out.fd < 0)
		return false;
	return sendto(out.fd, text, strlen(text), MSG_NOSIGNAL, (struct sockaddr *)&address, size) >= 0 ||
	       (errno != EAGAIN && errno != ENOBUFS && errno != ENOMEM && errno != EINTR);
}

bool manager_flush(void)
{
	while (out.n && message_send(out.text[out.first])) {
		out.first = (out.first + 1) % MESSAGES;
		out.n--;
	}
	return !out.n;
}

static bool is_status(const char *text)
{
	return !strncmp(text, "STATUS=", strlen("STATUS="));
}

void manager_say(const char *fmt, ...)
{
	char text[SIZE];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	/* Of status messages that are still queued only the last matters. */
	if (out.n && is_status(text) && is_status(out.text[(out.first + out.n - 1) % MESSAGES]))
		out.n--;
	if (out.n == MESSAGES) {
		out.first = (out.first + 1) % MESSAGES;
		out.n--;
	}
	memcpy(out.text[(out.first + out.n++) % MESSAGES], text, sizeof(text));
	manager_flush();
}

void manager_hint(const char *fmt, ...)
{
	char text[SIZE];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (manager_flush())
		message_send(text);
}
