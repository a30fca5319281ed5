/* SPDX-License-Identifier: MIT */
/* fd_reserve.c - sets descriptors aside. */
#include "fd_reserve.h"
#include <fcntl.h>

int fd_reserve_take(struct fd_reserve *s, struct err *e)
{
	while (s->n < SPARE_MAX) {
		int fd = open("/", O_PATH | O_CLOEXEC);

		if (fd < 0)
			return err_kernel(e, errno, NULL, "reserving descriptors for a rollback");
		s->fd[s->n++] = fd;
	}
	return 0;
}

void fd_reserve_give(struct fd_reserve *s)
{
	while (s->n)
		close(s->fd[--s->n]);
}
