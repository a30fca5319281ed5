/* SPDX-License-Identifier: MIT */
/* capture.c - netnsctl capture: reads the command line, and becomes netnsctl-capture, which has libpcap. */
#include "ctl.h"
#include "enter.h"
#include "number.h"
#include "pcapng.h"
#include "base/arena.h"
#include <ctype.h>
#include <limits.h>

#define HELPER "netnsctl-capture"

/* Whether a word names a place to capture on: NS/IF, or the name of a namespace. */
static bool is_place(const char *word)
{
	_cleanup_(closep) int fd = -1;
	struct err e = {};

	for (const char *c = word; *c; c++)
		if (isspace((unsigned char)*c))
			return false;
	if (strchr(word, '/') || !strcmp(word, "host"))
		return true;
	fd = netns_open(word, &e);
	return fd >= 0;
}

/* The number of places at the beginning of @words; what follows is the filter. "host 10.0.0.1" after a place is a
 * filter, as it is for tcpdump. */
static int places_count(char **words, int n)
{
	int i = 0;

	while (i < n && is_place(words[i]))
		i++;
	if (i > 1 && i < n && !strcmp(words[i - 1], "host"))
		i--;
	return i;
}

/* @words as one text. */
static const char *words_join(struct arena *a, char **words, int n)
{
	const char *text = n ? words[0] : "";

	for (int i = 1; i < n; i++)
		text = arena_fmt(a, "%s %s", text, words[i]);
	return text;
}

static int number_check(const char *option, const char *text, uint64_t min, uint64_t max, uint64_t *ret)
{
	if (number_read(text, min, max, ret))
		return EXIT_DONE;
	return ctl_fail(EXIT_INVALID, "%s \"%s\": a number from %llu to %llu", option, text, (unsigned long long)min,
			(unsigned long long)max);
}

/* The folder of this program comes first: that of a build. */
static int helper_run(char **argv)
{
	char path[PATH_MAX + sizeof(HELPER)];
	ssize_t n = readlink("/proc/self/exe", path, PATH_MAX);
	int error;

	fflush(stdout);
	if (n > 0) {
		path[n] = '\0';
		*(strrchr(path, '/') ?: path) = '\0';
		strcat(path, "/" HELPER);
		execv(path, argv);
	}
	execv(NETNSD_LIBEXEC "/" HELPER, argv);
	error = errno;
	if (error == ENOENT)
		return ctl_fail(
			EXIT_FAILED,
			"capture needs %s, which has libpcap and is not installed: apt install netnsd-capture, "
			"or, where netnsd is built, libpcap-dev and meson setup --reconfigure -Dcapture=enabled",
			NETNSD_LIBEXEC "/" HELPER);
	return ctl_fail(EXIT_FAILED, "%s: %s", NETNSD_LIBEXEC "/" HELPER, strerror(error));
}

/* The first word that is no place is either a namespace that does not exist, or the beginning of a filter. */
static int no_place(const char *word)
{
	_cleanup_(closep) int fd = -1;
	struct err e = {};

	fd = netns_open(word, &e);
	return ctl_fail(EXIT_FAILED, "%s", fd < 0 ? e.text : "name an interface: NS/IF, NS or host");
}

int command_capture(const struct ctl *c)
{
	_cleanup_(arena_done) struct arena a = {};
	_cleanup_(freep) char **argv = NULL;
	int before = c->n_args - c->n_after, n = places_count(c->args, before), at = 0;
	uint64_t count = 0, snaplen = 0;

	if (c->count && number_check("-c", c->count, 1, INT64_MAX, &count))
		return EXIT_INVALID;
	/* tcpdump takes 0 for the default. */
	if (c->snaplen && number_check("-s", c->snaplen, 0, PCAPNG_PACKET_MAX, &snaplen))
		return EXIT_INVALID;
	if (!n || (n < before && c->n_after))
		return before ? no_place(c->args[n]) : ctl_fail(EXIT_INVALID, "name an interface before --: NS/IF");
	if ((!c->write || !strcmp(c->write, "-")) && isatty(STDOUT_FILENO))
		return ctl_fail(EXIT_INVALID,
				"a capture is not for a terminal: -w FILE, | tcpdump -nr -, or "
				"| wireshark -k -i -");
	argv = must(calloc((size_t)n + 6, sizeof(*argv)));
	argv[at++] = (char *)HELPER;
	argv[at++] = (char *)(c->write ?: "-");
	argv[at++] = arena_fmt(&a, "%llu", (unsigned long long)count);
	argv[at++] = arena_fmt(&a, "%llu", (unsigned long long)(snaplen ?: PCAPNG_PACKET_MAX));
	argv[at++] = (char *)words_join(&a, c->args + n, c->n_args - n);
	memcpy(argv + at, c->args, (size_t)n * sizeof(*argv));
	return helper_run(argv);
}
