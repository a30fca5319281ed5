/* SPDX-License-Identifier: MIT */
/* options.c - reads the command line of netnsd, and rejects values that cannot be meant. */
#include "options.h"
#include "netnsd.h"
#include "base/log.h"
#include <getopt.h>
#include <limits.h>
#include <sys/un.h>

static const struct option long_options[] = {
	{ "once", no_argument, NULL, 'o' },
	{ "down", no_argument, NULL, 'D' },
	{ "export", no_argument, NULL, 'e' },
	{ "socket", required_argument, NULL, 's' },
	{ "group", required_argument, NULL, 'g' },
	{ "admin-group", required_argument, NULL, 'a' },
	{ "run", required_argument, NULL, 'r' },
	{ "topologies", required_argument, NULL, 't' },
	{ "state", required_argument, NULL, 'd' },
	{ "audit", required_argument, NULL, 'u' },
	{ "heal-burst", required_argument, NULL, 'b' },
	{ "no-table-owner", no_argument, NULL, 'n' },
	{ "log-level", required_argument, NULL, 'l' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'v' },
	{ NULL, 0, NULL, 0 },
};

static void help(void)
{
	puts("netnsd [OPTIONS]\n"
	     "netnsd [OPTIONS] --once FILE...\n"
	     "netnsd [OPTIONS] --once --down NAME...\n"
	     "netnsd --export\n"
	     "\n"
	     "Keeps network namespaces as declared in topology files.  Runs in the foreground.\n"
	     "\n"
	     "  --once                apply the files, each all or nothing, and exit\n"
	     "  --export              print the present state of all namespaces as a topology, and exit\n"
	     "  --down                with --once: take the topologies down instead\n"
	     "  --socket PATH         listen on this socket (" NETNSD_SOCKET
	     ")\n"
	     "  --group NAME          group with read-only access (netnsd)\n"
	     "  --admin-group NAME    group that can make changes, as root (none)\n"
	     "  --topologies DIR      the administrator's boot topologies (/etc/netnsd/topologies)\n"
	     "  --state DIR           persistent state, of apply --persist (/var/lib/netnsd)\n"
	     "  --run DIR             runtime state (/run/netnsd)\n"
	     "  --audit SECONDS       interval of the full check (60)\n"
	     "  --heal-burst N/SECONDS\n"
	     "                        repairs of one object before they are delayed (5/10)\n"
	     "  --no-table-owner      let other programs change netnsd's nftables tables\n"
	     "  --log-level LEVEL     error, warning, notice, info or debug (info)\n"
	     "  -h, --help\n"
	     "  --version\n"
	     "\n"
	     "See netnsd(8) and netnsctl(1).");
}

enum { NUMBER_MAX = 86400, WORD_MAX = 255, DIR_MAX = 200 };

/* Reads a number, or two separated by @between, from 1 on. */
static bool number_read(const char *s, const char *between, unsigned *ret, unsigned *ret_second)
{
	char *end;
	unsigned long n = strtoul(s, &end, 10);

	if (*s < '0' || *s > '9' || n < 1 || n > NUMBER_MAX || strncmp(end, between, strlen(between)))
		return false;
	*ret = (unsigned)n;
	end += strlen(between);
	return ret_second ? number_read(end, "", ret_second, NULL) : !*end;
}

/* Options whose values are used as they are.  A file name of the kernel's maximum length is
 * still appended to a directory. */
static const struct text {
	int letter;
	const char *name;
	size_t offset; /* in struct options */
	size_t max;    /* bytes */
	bool is_path;
} texts[] = {
	{ 's', "socket", offsetof(struct options, socket), sizeof(((struct sockaddr_un *)0)->sun_path) - 1, true },
	{ 'g', "group", offsetof(struct options, group), WORD_MAX, false },
	{ 'a', "admin-group", offsetof(struct options, admin_group), WORD_MAX, false },
	{ 'r', "run", offsetof(struct options, run_dir), DIR_MAX, true },
	{ 't', "topologies", offsetof(struct options, topologies_dir), PATH_MAX - WORD_MAX, true },
	{ 'd', "state", offsetof(struct options, state_dir), PATH_MAX - WORD_MAX, true },
};

static int text_fail(const struct text *t, const char *value, const char *why)
{
	fprintf(stderr, "netnsd: --%s: \"%s\" %s\n", t->name, value, why);
	return EXIT_INVALID;
}

/* Makes the path absolute, for messages; it stays allocated as long as the process. */
static int path_complete(const struct text *t, const char **value)
{
	static char *completed[ARRAY_SIZE(texts)];
	_cleanup_(freep) char *here = *value[0] == '/' ? NULL : getcwd(NULL, 0);
	char *path;

	if (*value[0] == '/')
		return -1;
	if (!here || *here != '/')
		return text_fail(t, *value,
				 "is not an absolute path, and the working directory is gone: begin it with /");
	if (asprintf(&path, "%s/%s", here, *value) < 0)
		abort();
	free(completed[t - texts]);
	*value = completed[t - texts] = path;
	return -1;
}

/* -1: it was a value; otherwise the exit code. */
static int text_read(struct options *o, int letter, const char *given)
{
	const struct text *t = texts;
	char why[80];
	const char **value;

	while (t->letter != letter)
		t++;
	value = (const char **)((char *)o + t->offset);
	*value = given;
	if (!*given)
		return text_fail(t, given, t->is_path ? "is empty, not a path" : "is empty, not a name");
	if (t->is_path && path_complete(t, value) != -1)
		return EXIT_INVALID;
	if (strlen(*value) > t->max) {
		snprintf(why, sizeof(why), "has %zu bytes, at most %zu are allowed", strlen(*value), t->max);
		return text_fail(t, *value, why);
	}
	if (letter == 's' && *value[0] && (*value)[strlen(*value) - 1] == '/')
		return text_fail(t, *value, "is the path of a directory, not of a socket");
	return -1;
}

static bool numbers_read(struct options *o, int letter, const char *given)
{
	bool audit = letter == 'u';

	if (audit ? number_read(given, "", &o->audit, NULL) : number_read(given, "/", &o->burst, &o->seconds))
		return true;
	fprintf(stderr,
		audit ? "netnsd: --audit: \"%s\" is not a number of seconds from 1 to %d\n"
		      : "netnsd: --heal-burst: \"%s\" is not N/SECONDS, each from 1 to %d\n",
		given, NUMBER_MAX);
	return false;
}

/* -1, or the exit code. */
static int operands_check(const struct options *o, bool given)
{
	if (o->export && (o->once || given)) {
		fputs("netnsd: --export takes neither a FILE nor --once\n", stderr);
		return EXIT_INVALID;
	}
	if (o->down && !o->once) {
		fputs("netnsd: --down needs --once; where netnsd is running: netnsctl down NAME\n", stderr);
		return EXIT_INVALID;
	}
	if (o->once != given) {
		fputs(o->down   ? "netnsd: --once --down needs a NAME\n"
		      : o->once ? "netnsd: --once needs a FILE\n"
				: "netnsd: a FILE needs --once\n",
		      stderr);
		return EXIT_INVALID;
	}
	return -1;
}

int options_read(struct options *o, int argc, char **argv)
{
	int r;

	for (int c; (c = getopt_long(argc, argv, "h", long_options, NULL)) != -1;) {
		int level;

		switch (c) {
		case 'o':
			o->once = true;
			break;
		case 'e':
			o->export = true;
			break;
		case 'D':
			o->down = true;
			break;
		case 's':
		case 'g':
		case 'a':
		case 'r':
		case 't':
		case 'd':
			r = text_read(o, c, optarg);
			if (r >= 0)
				return r;
			break;
		case 'u':
		case 'b':
			if (!numbers_read(o, c, optarg))
				return EXIT_INVALID;
			break;
		case 'n':
			o->no_table_owner = true;
			break;
		case 'l':
			level = log_level_parse(optarg);
			if (level < 0) {
				fprintf(stderr, "netnsd: --log-level: unknown level \"%s\"\n", optarg);
				return EXIT_INVALID;
			}
			log_set_level(level);
			break;
		case 'h':
			help();
			return EXIT_DONE;
		case 'v':
			puts("netnsd " NETNSD_VERSION);
			return EXIT_DONE;
		default:
			fputs("netnsd: see netnsd --help\n", stderr);
			return EXIT_INVALID;
		}
	}
	return operands_check(o, optind < argc);
}
