/* SPDX-License-Identifier: MIT */
/* flows.c - several connections that are kept busy. */
#include "flows.h"
#include <linux/tcp.h>
#include <sys/epoll.h>

enum {
	FLOWS = 4,
	SEND_BUFFER = 1 << 20, /* so that the kernel has something to send while this process waits */
	CHUNK = 1 << 16,
	CHUNKS_MAX = 16, /* in a turn: others have theirs */
};

struct flow {
	struct watch watch;
	int error;
};

struct flows {
	struct flow v[FLOWS];
};

static void flow_ready(struct watch *w, _unused_ uint32_t events)
{
	static const char nothing[CHUNK];
	struct flow *f = (struct flow *)w;
	int error = 0;
	socklen_t size = sizeof(error);

	getsockopt(w->fd, SOL_SOCKET, SO_ERROR, &error, &size);
	for (int i = 0; !error && i < CHUNKS_MAX; i++)
		if (send(w->fd, nothing, sizeof(nothing), MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
			error = errno == EAGAIN || errno == EINTR ? 0 : errno;
			break;
		}
	f->error = error;
	if (error)
		watch_end(w);
}

static int flow_begin(struct flow *f, const struct probe *p, struct err *e)
{
	const int size = SEND_BUFFER;
	struct probe connecting = *p;
	int fd = probe_connect(&connecting, SOCK_STREAM, 0, e), r;

	if (fd < 0)
		return fd;
	if (fd == 0)
		return err_kernel(e, connecting.why, NULL, "connecting");
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	/* What has not been sent when it is closed is for nobody, and would be in the way of what is measured next. */
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &(const struct linger){ .l_onoff = 1 }, sizeof(struct linger));
	f->watch.ready = flow_ready;
	r = watch_begin(&f->watch, p->loop, fd, EPOLLOUT);
	return r < 0 ? err_kernel(e, -r, NULL, "waiting for a connection") : 0;
}

struct flows *flows_new(const struct probe *p, struct err *e)
{
	struct flows *f = must(calloc(1, sizeof(*f)));

	for (size_t i = 0; i < FLOWS; i++)
		f->v[i].watch.fd = -1;
	for (size_t i = 0; i < FLOWS; i++)
		if (flow_begin(&f->v[i], p, e) < 0) {
			flows_free(f);
			return NULL;
		}
	return f;
}

void flows_free(struct flows *f)
{
	for (size_t i = 0; f && i < FLOWS; i++)
		watch_end(&f->v[i].watch);
	free(f);
}

int flows_arrived(const struct flows *f, uint64_t *ret)
{
	uint64_t all = 0;

	for (size_t i = 0; i < FLOWS; i++) {
		struct tcp_info info = { 0 };
		socklen_t size = sizeof(info);

		if (f->v[i].error)
			return -f->v[i].error;
		if (getsockopt(f->v[i].watch.fd, IPPROTO_TCP, TCP_INFO, &info, &size) < 0)
			return -errno;
		all += info.tcpi_bytes_acked + (uint64_t)info.tcpi_sacked * info.tcpi_snd_mss;
	}
	*ret = all;
	return 0;
}
