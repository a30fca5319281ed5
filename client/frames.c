/* SPDX-License-Identifier: MIT */
/* frames.c - draws when there is something new, or when the terminal has another size. */
#include "frames.h"
#include "ctl.h"
#include "print.h"
#include "terminal.h"
#include "text.h"
#include "usec.h"
#include <signal.h>

enum { SHARE = 10 };

uint64_t frames_next(uint64_t began_usec)
{
	uint64_t pause = (usec_now(CLOCK_MONOTONIC) - began_usec) * SHARE;

	return began_usec + (pause > FRAMES_INTERVAL_USEC ? pause : FRAMES_INTERVAL_USEC);
}

void frames_show(uint64_t next_usec, void (*draw)(void *arg), uint64_t (*ask)(void *arg), void *arg)
{
	bool stays = true;

	terminal_enter();
	while (stays) {
		/* A new size only needs a new frame. */
		do {
			draw(arg);
			stays = terminal_wait(next_usec);
		} while (stays && usec_now(CLOCK_MONOTONIC) < next_usec);
		if (stays)
			next_usec = ask(arg);
	}
	terminal_leave();
}

void frames_head(FILE *out, bool colours, const char *problem, uint64_t at_usec)
{
	_cleanup_(arena_done) struct arena a = {};
	const char *clock = text_clock(&a, at_usec, print_now());

	if (problem)
		colour_print(out, colours, COLOUR_BAD,
			     arena_fmt(&a, "%s; as it was at %s (q to leave)", problem, clock));
	else
		colour_print(out, colours, COLOUR_FAINT, arena_fmt(&a, "%s, every second (q to leave)", clock));
	fputs("\n\n", out);
}

static void on_end(_unused_ int number)
{
	_exit(EXIT_DONE);
}

void frames_end_by_signal(void)
{
	signal(SIGINT, on_end);
	signal(SIGTERM, on_end);
	signal(SIGPIPE, on_end);
}
