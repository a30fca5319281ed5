/* SPDX-License-Identifier: MIT */
/* fd_reserve.c - sets descriptors aside. */
#include "fd_reserve.h"
#include <fcntl.h>
#include <sys/resource.h>

static int one_more(struct fd_reserve *s)
{
	int fd = open("/", O_PATH | O_CLOEXEC);

	if (fd >= 0)
		s->fd[s->n++] = fd;
	return fd;
}

int fd_reserve_take(struct fd_reserve *s, struct err *e)
{
	struct rlimit l = { 0 };

	while (s->n < SPARE_MIN)
		if (one_more(s) < 0)
			return err_kernel(e, errno, NULL, "reserving descriptors for a rollback");
	getrlimit(RLIMIT_NOFILE, &l);
	while (s->n < SPARE_MAX && (rlim_t)s->fd[s->n - 1] < l.rlim_cur / 2 && one_more(s) >= 0)
		;
	nft_owner_limit(s->n - SPARE_MIN);
	return 0;
}

void fd_reserve_give(struct fd_reserve *s)
{
	while (s->n)
		close(s->fd[--s->n]);
}
