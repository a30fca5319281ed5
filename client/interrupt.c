/* SPDX-License-Identifier: MIT */
/* interrupt.c - explains a Ctrl-C, and ends as without it. */
#include "interrupt.h"
#include "base.h"

static volatile sig_atomic_t requested;
static char message[1024];
static size_t size;

static void on_interrupt(_unused_ int signal)
{
	if (requested && write(STDERR_FILENO, message, size) < 0)
		_exit(EXIT_FAILURE);
	/* The process ends by the same signal, which tells a shell script that it was interrupted, too. */
	(void)!sigaction(SIGINT, &(struct sigaction){ .sa_handler = SIG_DFL }, NULL);
	raise(SIGINT);
}

volatile sig_atomic_t *interrupt_begin(const char *text)
{
	struct sigaction old;

	requested = false;
	/* What is typed is echoed on a terminal. */
	snprintf(message, sizeof(message), "%snetnsctl: %s\n", isatty(STDERR_FILENO) ? "\n" : "", text);
	size = strlen(message);
	/* A background job of a shell ignores it. */
	if (sigaction(SIGINT, NULL, &old) == 0 && old.sa_handler != SIG_IGN)
		sigaction(SIGINT, &(struct sigaction){ .sa_handler = on_interrupt, .sa_flags = SA_RESTART }, NULL);
	return &requested;
}

void interrupt_end(void)
{
	struct sigaction old;

	if (sigaction(SIGINT, NULL, &old) == 0 && old.sa_handler == on_interrupt)
		signal(SIGINT, SIG_DFL);
}
