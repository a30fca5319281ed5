/* SPDX-License-Identifier: MIT */
/* std_fds.c - opens descriptors that the caller left closed. */
#include "std_fds.h"
#include <fcntl.h>

void std_fds_open(bool refuse)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		/* Opened in the wrong direction, the descriptor is in use but can neither
		 * be read nor written. */
		int wrong = fd == STDIN_FILENO ? O_WRONLY : O_RDONLY;

		if (fcntl(fd, F_GETFD) >= 0 || errno != EBADF)
			continue;
		/* The lowest free descriptor is this one.  Without /dev, the root directory serves. */
		if (open("/dev/null", refuse ? wrong : O_RDWR) < 0)
			(void)!open("/", O_RDONLY | O_DIRECTORY);
	}
}
