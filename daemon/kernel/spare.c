/* SPDX-License-Identifier: MIT */
/* spare.c - sets descriptors aside. */
#include "spare.h"
#include <fcntl.h>

int spare_take(struct spare *s, struct err *e)
{
	while (s->n < SPARE_MAX) {
		int fd = open("/", O_PATH | O_CLOEXEC);

		if (fd < 0)
			return err_kernel(e, errno, NULL, "descriptors for the way back, should there be one");
		s->fd[s->n++] = fd;
	}
	return 0;
}

void spare_give(struct spare *s)
{
	while (s->n)
		close(s->fd[--s->n]);
}
