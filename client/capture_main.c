/* SPDX-License-Identifier: MIT */
/* capture_main.c - netnsctl-capture, which netnsctl capture becomes: the only program here with libpcap.
 *
 * It opens the sockets as root, gives up root, and only then reads the filter and opens the file. */
#include "caller.h"
#include "ctl.h"
#include "recording.h"
#include "base/std_fds.h"
#include <fcntl.h>
#include <locale.h>
#include <signal.h>

/* The words of its command line; netnsctl has checked the numbers. */
enum { PROGRAM, FILE_NAME, COUNT, SNAPLEN, FILTER, PLACES };

static int fail(const struct err *e)
{
	bool denied = e->code == -EPERM || e->code == -EACCES;

	return ctl_fail(denied ? EXIT_NOT_PERMITTED : EXIT_FAILED, "%s", e->text);
}

/* Opens FILE, "-" for standard output. */
static int file_open(const char *path, int64_t caller, struct err *e)
{
	int fd;

	if (!strcmp(path, "-"))
		return STDOUT_FILENO;
	/* What is said on a network is not for everybody. */
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0600);
	if (fd >= 0)
		return fd;
	err_kernel(e, errno, NULL, "%s", path);
	if (e->code == -EACCES && caller > 0)
		err_append(e, " (opened as user %lld, who called sudo)", (long long)caller);
	return e->code;
}

static int capture(char **argv, int argc)
{
	_cleanup_(sources_done) struct sources sources = {};
	struct recording_options options = { .file = argv[FILE_NAME], .filter = argv[FILTER] };
	struct err e = {};
	int64_t caller;
	int fd;

	options.count = strtoull(argv[COUNT], NULL, 10);
	if (place_allowed(&e) < 0 || sources_open(&sources, argv + PLACES, (size_t)(argc - PLACES),
						  (unsigned)strtoul(argv[SNAPLEN], NULL, 10), &e) < 0)
		return fail(&e);
	caller = caller_become(&e);
	if (caller < 0 || sources_filter(&sources, options.filter, &e) < 0)
		return fail(&e);
	fd = file_open(options.file, caller, &e);
	if (fd < 0)
		return ctl_fail(EXIT_FAILED, "%s", e.text);
	return recording_make(&sources, fd, &options);
}

int main(int argc, char **argv)
{
	std_fds_open(true);
	/* A file size limit, or a reader that has gone, fails a write and does not end us. */
	signal(SIGXFSZ, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	setlocale(LC_CTYPE, "C.UTF-8");
	if (argc <= PLACES)
		return ctl_fail(EXIT_INVALID, "%s is a part of netnsctl: netnsctl capture --help", argv[PROGRAM]);
	return capture(argv, argc);
}
