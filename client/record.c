/* SPDX-License-Identifier: MIT */
/* record.c - netnsctl record: runs a command in a sandbox, and prints the network that it has built as a topology. */
#include "ctl.h"
#include "print.h"
#include "sandbox.h"
#include "stand_in.h"
#include "base/json.h"
#include <fcntl.h>
#include <limits.h>

enum { TIMEOUT_USUAL = 60 };

static int stand_ins_read(const struct ctl *c, struct stand_in ret[VALUES_MAX], size_t *ret_n)
{
	struct err e = { 0 };

	for (size_t i = 0; c->with[i]; i++) {
		if (stand_in_parse(c->with[i], &ret[i], &e) < 0)
			return ctl_fail(EXIT_INVALID, "--with %s: %s", c->with[i], e.text);
		for (size_t j = 0; j < i; j++)
			if (!strcmp(ret[j].name, ret[i].name))
				return ctl_fail(EXIT_INVALID, "--with %s is given twice", ret[i].name);
		*ret_n = i + 1;
	}
	return EXIT_DONE;
}

/* netnsd is next to us, where it was built, or in sbin, where it is installed.  Opened before the sandbox covers
 * anything; run from this descriptor. */
static int exporter_open(void)
{
	static const char *const places[] = { "netnsd", "../sbin/netnsd" };
	char self[PATH_MAX], path[PATH_MAX + 32];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	int fd = -1;

	self[n > 0 ? n : 0] = '\0';
	for (size_t i = 0; fd < 0 && strrchr(self, '/') && i < ARRAY_SIZE(places); i++) {
		snprintf(path, sizeof(path), "%.*s%s", (int)(strrchr(self, '/') - self + 1), self, places[i]);
		fd = open(path, O_PATH | O_CLOEXEC);
	}
	return fd < 0 ? open(NETNSD_PROGRAM, O_PATH | O_CLOEXEC) : fd;
}

/* What comes from the sandbox is a stranger's. */
static int topology_print(const struct sandbox *s, const char *text)
{
	_cleanup_(problems_done) struct problems p = { 0 };
	_cleanup_(json_putp) struct json_object *topology = NULL;

	if (!*text)
		return ctl_fail(EXIT_FAILED, "netnsd --export printed nothing, so there is no topology");
	if (json_read_plain(text, strlen(text), &topology, &p) < 0 || !json_object_is_type(topology, json_type_object))
		return ctl_fail(EXIT_FAILED, "what netnsd --export printed is no JSON object");
	stand_ins_declare(s->stand_ins, s->n_stand_ins, topology);
	print_json(stdout, topology, true);
	return stand_ins_only(s->stand_ins, s->n_stand_ins, topology) ? EXIT_DONE : EXIT_FAILED;
}

int command_record(const struct ctl *c)
{
	_cleanup_(closep) int exporter = exporter_open();
	_cleanup_(freep) char *text = NULL;
	struct stand_in stand_ins[VALUES_MAX];
	struct sandbox s = { .argv = c->args, .exporter = exporter, .stand_ins = stand_ins };
	int r = seconds_check("timeout", c->timeout), printed;

	r = r ?: stand_ins_read(c, stand_ins, &s.n_stand_ins);
	if (r)
		return r;
	s.seconds = c->timeout ? (unsigned)atoi(c->timeout) : TIMEOUT_USUAL;
	if (exporter < 0)
		return ctl_fail(EXIT_FAILED, "%s, which reads what a command has built: %s", NETNSD_PROGRAM,
				strerror(errno));
	r = sandbox_run(&s, &text);
	if (!text || !*text)
		return r ?: topology_print(&s, "");
	/* A command that failed, or what no topology can say, leaves one all the same. */
	printed = r == EXIT_DONE || r == EXIT_FAILED || r == EXIT_PENDING ? topology_print(&s, text) : EXIT_DONE;
	return r ?: printed;
}
