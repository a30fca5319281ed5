/* SPDX-License-Identifier: MIT */
/* terminal.c - control sequences of ECMA-48 and xterm(1), which every terminal emulator of today knows: the other screen, the
 * cursor, erasing to the end of a line or of the screen, and synchronized output, which others ignore. */
#include "terminal.h"
#include "text.h"
#include "usec.h"
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <termios.h>

#define ENTER "\033[?1049h\033[?25l\033[H\033[2J"
#define LEAVE "\033[?25h\033[?1049l"
#define FRAME_BEGIN "\033[?2026h\033[H"
#define FRAME_END "\033[?2026l"

#define MORE "(more; enlarge the terminal, or name a topology)"

enum { SIZE_MAX_CELLS = 4096 };

static struct {
	bool inside;
	bool has_keys; /* before is valid: standard input is the terminal, too */
	bool closed;   /* nothing comes from standard input any more */
	struct termios before;
	volatile sig_atomic_t stale; /* it has to be drawn again */
} terminal;

void terminal_size(size_t *ret_columns, size_t *ret_rows)
{
	struct winsize w = { 0 };

	(void)!ioctl(STDOUT_FILENO, TIOCGWINSZ, &w);
	*ret_columns = !w.ws_col ? 80 : w.ws_col < SIZE_MAX_CELLS ? w.ws_col : SIZE_MAX_CELLS;
	*ret_rows = !w.ws_row ? 24 : w.ws_row < SIZE_MAX_CELLS ? w.ws_row : SIZE_MAX_CELLS;
}

bool terminal_is_ascii(void)
{
	static const char *const variables[] = { "LC_ALL", "LC_CTYPE", "LANG" };

	for (size_t i = 0; i < ARRAY_SIZE(variables); i++) {
		const char *s = getenv(variables[i]);

		if (s && *s)
			return !strcasestr(s, "utf-8") && !strcasestr(s, "utf8");
	}
	return true;
}

/* Everything from here to on_end is called by signal handlers: nothing but system calls. */
static void put(const char *text, size_t n)
{
	while (n) {
		ssize_t r = write(STDOUT_FILENO, text, n);

		if (r < 0 && errno != EINTR)
			return;
		if (r > 0) {
			text += r;
			n -= (size_t)r;
		}
	}
}

/* In the background that stops the program until it is in the foreground, and then has to be repeated. */
static void keys_set(const struct termios *t)
{
	while (terminal.has_keys && tcsetattr(STDIN_FILENO, TCSADRAIN, t) < 0 && errno == EINTR)
		;
}

static void restore(void)
{
	if (!terminal.inside)
		return;
	put(LEAVE, strlen(LEAVE));
	keys_set(&terminal.before);
	terminal.inside = false;
}

/* Keys are read one at a time, and not shown.  A shell that gets the terminal as it is, after SIGSTOP, must not read the end
 * of its input: at least one. */
static void take_over(void)
{
	struct termios t = terminal.before;

	t.c_lflag &= ~(tcflag_t)(ECHO | ICANON);
	t.c_cc[VMIN] = 1;
	t.c_cc[VTIME] = 0;
	keys_set(&t);
	put(ENTER, strlen(ENTER));
	terminal.inside = true;
	terminal.stale = true;
}

static void on_end(_unused_ int number)
{
	restore();
	_exit(EXIT_SUCCESS);
}

static void on_stop(int number)
{
	struct sigaction as_usual = { .sa_handler = SIG_DFL }, ours;
	int saved = errno;
	sigset_t one;

	restore();
	sigaction(number, &as_usual, &ours);
	sigemptyset(&one);
	sigaddset(&one, number);
	raise(number);
	/* Here it stops, until SIGCONT. */
	sigprocmask(SIG_UNBLOCK, &one, NULL);
	sigaction(number, &ours, NULL);
	take_over();
	errno = saved;
}

/* Another program may have drawn meanwhile, or the size has changed. */
static void on_stale(_unused_ int number)
{
	terminal.stale = true;
}

void terminal_enter(void)
{
	static const struct {
		int number;
		void (*handler)(int number);
	} signals[] = { { SIGINT, on_end },   { SIGTERM, on_end },    { SIGHUP, on_end },   { SIGQUIT, on_end },
			{ SIGTSTP, on_stop }, { SIGWINCH, on_stale }, { SIGCONT, on_stale } };
	struct sigaction a = { 0 };

	terminal.has_keys = isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &terminal.before) == 0;
	/* One at a time. */
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		sigaddset(&a.sa_mask, signals[i].number);
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		a.sa_handler = signals[i].handler;
		sigaction(signals[i].number, &a, NULL);
	}
	signal(SIGPIPE, SIG_IGN);
	atexit(restore);
	take_over();
}

void terminal_leave(void)
{
	sigset_t all, before;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	restore();
	sigprocmask(SIG_SETMASK, &before, NULL);
}

/* Copies what fits of a line, whose colours take no space. */
static void line_put(FILE *out, const char *line, size_t n, size_t columns)
{
	const char *mark = terminal_is_ascii() ? "~" : "…";
	size_t used = 0, width = text_width_coloured(line, n);

	for (size_t i = 0, size; i < n; i += size) {
		size_t cells;

		size = text_next(line + i, n - i, &cells);
		if (width > columns && used + cells > columns - 1) {
			fprintf(out, "%s\033[0m", mark);
			used = columns;
			break;
		}
		fwrite(line + i, 1, size, out);
		used += cells;
	}
	/* At the end of a full line this would erase its last character. */
	if (used < columns)
		fputs("\033[K", out);
}

void terminal_draw(const char *text)
{
	_cleanup_(freep) char *frame = NULL;
	size_t columns, rows, size = 0, row = 0;
	FILE *out = must(open_memstream(&frame, &size));
	_cleanup_(arena_done) struct arena a = {};
	sigset_t all, before;

	terminal.stale = false;
	terminal_size(&columns, &rows);
	fputs(FRAME_BEGIN, out);
	text = terminal_is_ascii() ? text_ascii(&a, text, true) : text;
	for (const char *end; *text && row < rows; text = *end ? end + 1 : end, row++) {
		end = strchrnul(text, '\n');
		if (row)
			fputs("\r\n", out);
		/* The last line says that there are more. */
		if (row + 1 == rows && *end && end[1])
			line_put(out, MORE, strlen(MORE), columns);
		else
			line_put(out, text, (size_t)(end - text), columns);
	}
	if (row < rows)
		fputs(row ? "\r\n\033[J" : "\033[J", out);
	fputs(FRAME_END, out);
	if (fclose(out))
		abort();
	/* A frame is never cut off by the sequence of a handler. */
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	put(frame, size);
	sigprocmask(SIG_SETMASK, &before, NULL);
}

/* Whether a key asks to leave. */
static bool keys_read(void)
{
	char keys[64];
	ssize_t n = read(STDIN_FILENO, keys, sizeof(keys));

	terminal.closed = n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN);
	return n > 0 && memchr(keys, 'q', (size_t)n);
}

bool terminal_wait(uint64_t until_usec)
{
	struct pollfd p[] = { { .fd = STDOUT_FILENO }, { .fd = STDIN_FILENO, .events = POLLIN } };
	sigset_t all, before;
	bool stays = true;

	/* They come while it waits, and never just before. */
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	for (uint64_t now; stays && !terminal.stale && (now = usec_now(CLOCK_MONOTONIC)) < until_usec;) {
		nfds_t n = terminal.has_keys && !terminal.closed ? 2 : 1;
		uint64_t left = until_usec - now;
		struct timespec t = { (time_t)(left / USEC_PER_SEC), (long)(left % USEC_PER_SEC) * 1000 };

		if (ppoll(p, n, &t, &before) > 0)
			stays = !p[0].revents && !(n > 1 && p[1].revents && keys_read());
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	return stays;
}
