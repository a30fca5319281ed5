/* SPDX-License-Identifier: MIT */
/* once_export.c - an export without a daemon: no socket, no state directory, no lock, and nothing is changed. */
#include "once_export.h"
#include "inspect/export.h"
#include "netnsd.h"
#include "store/identity.h"
#include <poll.h>
#include <sys/stat.h>

static void print(struct json_object *topology)
{
	puts(json_object_to_json_string_ext(topology, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
							      JSON_C_TO_STRING_NOSLASHESCAPE));
}

static void tell(const struct unsaid *u)
{
	for (size_t i = 0; i < u->n_v; i++)
		fprintf(stderr, "netnsd: %s\n", u->v[i]);
	if (u->more)
		fprintf(stderr, "netnsd: and %zu more lines\n", u->more);
}

int export_run(const char *dir)
{
	char identity[IDENTITY_SIZE];
	struct exporting_options options = { .dir = dir, .kinds = &all_kinds };
	struct exporting *x = NULL;
	struct json_object *topology;
	struct err e;
	int code;

	/* Without one there is nothing that netnsd has derived MAC addresses from. */
	if (access("/etc/machine-id", R_OK) == 0) {
		identity_read(identity, NULL, NULL);
		options.identity = identity;
	}
	if (exporting_begin(&x, &options, NULL, &e) < 0) {
		fprintf(stderr, "netnsd: %s\n", e.text);
		return EXIT_FAILED;
	}
	while (exporting_step(x)) {
		struct pollfd p = { .fd = exporting_waits(x), .events = POLLIN };

		if (p.fd >= 0)
			poll(&p, 1, -1);
	}
	topology = exporting_take(x);
	print(topology);
	tell(exporting_unsaid(x));
	code = exporting_unsaid(x)->n_v ? EXIT_FAILED : EXIT_DONE;
	if (fflush(stdout) != 0 || ferror(stdout)) {
		fprintf(stderr, "netnsd: stdout: %s\n", strerror(errno));
		code = EXIT_FAILED;
	}
	json_object_put(topology);
	exporting_end(x);
	return code;
}
