/* SPDX-License-Identifier: MIT */
/* file.c - reads topology files, checks them as the daemon would, or leaves that to it, and prints the positions of
 * problems. */
#include "file.h"
#include "print.h"
#include "text.h"
#include "format/load.h"
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

/* Reads all of @fd.  One byte more than a topology may have is enough to refuse it. */
static int fd_read(int fd, char **ret, size_t *ret_size)
{
	size_t room = 64 << 10, n = 0;
	_cleanup_(freep) char *text = must(malloc(room));

	for (;;) {
		ssize_t r = read(fd, text + n, room - n);

		if (r < 0 && errno != EINTR)
			return -errno;
		if (r == 0)
			break;
		n += r > 0 ? (size_t)r : 0;
		if (n > TOPOLOGY_MAX)
			return -EFBIG;
		if (n == room) {
			room *= 2;
			text = must(realloc(text, room));
		}
	}
	*ret = TAKE(text);
	*ret_size = n;
	return 0;
}

static int path_read(const char *path, char **ret, size_t *ret_size)
{
	_cleanup_(closep) int fd = -1;

	if (!strcmp(path, "-"))
		return fd_read(STDIN_FILENO, ret, ret_size);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd_read(fd, ret, ret_size);
}

void file_say(const struct file *file, struct where where, const char *message)
{
	_cleanup_(arena_done) struct arena a = {};
	const char *pointer = where.pointer ?: "";

	if (!where.line && file && file->json)
		where = json_where_pointer(file->json, pointer);
	fprintf(stderr, "%s:", file ? text_escape(&a, file->label) : "netnsctl");
	if (file && where.line)
		fprintf(stderr, "%u:%u:", where.line, where.column);
	if (*pointer)
		fprintf(stderr, " %s:", text_escape(&a, pointer));
	fprintf(stderr, " %s\n", text_escape(&a, message));
}

static int problems_say(const struct file *f, const struct problems *p)
{
	for (size_t i = 0; i < p->n; i++)
		file_say(f, p->v[i].where, p->v[i].message);
	if (p->more)
		fprintf(stderr, "netnsctl: and %zu more\n", p->more);
	return EXIT_INVALID;
}

void file_warn(const struct file *f, struct where where, const char *message)
{
	_cleanup_(arena_done) struct arena a = {};

	file_say(f, where, arena_fmt(&a, "warning: %s", message));
}

/* The name of the topology; NULL if it has none. */
static const char *file_name(struct arena *a, const struct file *f, const char *wanted, const char *own)
{
	const char *base = strrchr(f->source, '/');
	char *name;
	size_t n;

	if (wanted || *own || !base)
		return wanted ?: *own ? arena_strdup(a, own) : NULL;
	name = arena_strdup(a, base + 1);
	n = strlen(name);
	if (n > 5 && !strcmp(name + n - 5, ".json"))
		name[n - 5] = '\0';
	return name;
}

static int file_name_check(struct file *f)
{
	const char *problem;
	struct err e = {};

	if (!f->name)
		return ctl_fail(EXIT_INVALID, "%s has no name: use --name NAME, or add a \"name\" to it", f->source);
	problem = name_problem(f->name, &e);
	if (!problem)
		return EXIT_DONE;
	return ctl_fail(EXIT_INVALID, "%s: a topology cannot be called \"%s\": %s; use --name NAME", f->label, f->name,
			problem);
}

/* Labels are what was typed, sources what others will read later. */
static int file_init(struct file *f, struct arena *a, const char *path)
{
	char dir[PATH_MAX];

	if (!strcmp(path, "-")) {
		*f = (struct file){ .label = "<stdin>", .source = "standard input" };
		return EXIT_DONE;
	}
	*f = (struct file){ .label = path, .source = path };
	if (*path == '/')
		return EXIT_DONE;
	if (!getcwd(dir, sizeof(dir)))
		return ctl_fail(EXIT_FAILED, "the working directory: %s", strerror(errno));
	f->source = arena_fmt(a, "%s/%s", strcmp(dir, "/") ? dir : "", strncmp(path, "./", 2) ? path : path + 2);
	return EXIT_DONE;
}

/* Whether @f->json can be sent as it is: an object whose name, if it has one, is one.  That is @ret, else it is left. */
static bool is_sendable(const struct file *f, char ret[static 65])
{
	struct json_object *own;
	struct err e = {};

	if (!json_object_is_type(f->json, json_type_object))
		return false;
	if (!json_object_object_get_ex(f->json, "name", &own))
		return true;
	if (!json_object_is_type(own, json_type_string) || name_problem(json_object_get_string(own), &e))
		return false;
	snprintf(ret, 65, "%s", json_object_get_string(own));
	return true;
}

/* Checks the contents, and prints what is wrong with them. */
static int contents_load(const struct file *f, struct declaration *ret)
{
	_cleanup_(problems_done) struct problems p = {};

	return load_text_rest(f->json, &all_kinds_once, ret, &p) < 0 ? problems_say(f, &p) : EXIT_DONE;
}

int file_check(const struct file *f)
{
	_cleanup_(declaration_done) struct declaration t = {};

	return contents_load(f, &t);
}

void file_doubt(const struct file *f)
{
	for (size_t i = 0; i < f->doubts.n; i++)
		file_warn(f, f->doubts.v[i].where, f->doubts.v[i].message);
	if (f->doubts.more)
		fprintf(stderr, "netnsctl: and %zu more warnings\n", f->doubts.more);
}

/* Reads the JSON, and the name that it has; the model is not kept. */
static int text_read(struct file *f, const char *text, size_t size, bool sent, char ret_name[static 65])
{
	_cleanup_(problems_done) struct problems p = {};
	_cleanup_(declaration_done) struct declaration t = {};
	int r;

	if (load_text_syntax(text, size, &f->json, &p) < 0)
		return problems_say(f, &p);
	f->unchecked = sent && is_sendable(f, ret_name);
	if (f->unchecked)
		return EXIT_DONE;
	r = contents_load(f, &t);
	if (r)
		return r;
	model_doubts(&t.model, &f->doubts);
	snprintf(ret_name, 65, "%s", t.name);
	return EXIT_DONE;
}

static int file_read(struct file *f, struct arena *a, const char *path, const char *wanted, bool sent)
{
	_cleanup_(freep) char *text = NULL;
	char name[65] = "";
	size_t size;
	int r;

	r = file_init(f, a, path);
	if (r)
		return r;
	r = path_read(path, &text, &size);
	if (r == -EFBIG)
		return ctl_fail(EXIT_INVALID, "%s: larger than the %d MiB that a topology may have", f->label,
				TOPOLOGY_MAX >> 20);
	if (r < 0)
		return ctl_fail(EXIT_INVALID, "%s: %s", f->label, strerror(-r));
	r = text_read(f, text, size, sent, name);
	if (r)
		return r;
	f->name = file_name(a, f, wanted, name);
	return file_name_check(f);
}

/* Two files of one name would replace each other. */
static int files_check_names(const struct files *f)
{
	for (size_t i = 1; i < f->n; i++)
		for (size_t j = 0; j < i; j++)
			if (!strcmp(f->v[i].name, f->v[j].name))
				return ctl_fail(EXIT_INVALID,
						"%s and %s are both called %s; give one of them another \"name\"",
						f->v[j].label, f->v[i].label, f->v[i].name);
	return EXIT_DONE;
}

static size_t netns_wide(struct arena *a, const char *netns, struct json_object *in)
{
	struct json_object *interfaces = json_object_object_get(in, "interfaces");
	size_t wide = text_width(text_escape(a, netns)), n;

	if (!json_object_is_type(interfaces, json_type_object))
		return wide;
	json_object_object_foreach(interfaces, name, unused) {
		(void)unused;
		n = text_width(text_escape(a, arena_fmt(a, "%s/%s", netns, name)));
		wide = n > wide ? n : wide;
	}
	return wide;
}

static size_t file_wide(const struct file *f)
{
	struct json_object *namespaces = json_object_object_get(f->json, "namespaces");
	_cleanup_(arena_done) struct arena a = {};
	size_t wide = netns_wide(&a, "host", json_object_object_get(f->json, "host")), n;

	if (!json_object_is_type(namespaces, json_type_object))
		return wide;
	json_object_object_foreach(namespaces, name, in) {
		n = netns_wide(&a, name, in);
		wide = n > wide ? n : wide;
	}
	return wide;
}

int files_read(struct files *ret, char **paths, int n, const char *name, bool sent)
{
	int worst = EXIT_DONE;
	size_t wide;

	*ret = (struct files){ .v = must(calloc((size_t)n, sizeof(*ret->v))), .n = (size_t)n };
	if (name && ret->n > 1)
		return ctl_fail(EXIT_INVALID, "--name works with one FILE only");
	for (size_t i = 0; i < ret->n; i++) {
		int r = file_read(&ret->v[i], &ret->arena, paths[i], name, sent && n == 1);

		worst = r ? r : worst;
		wide = file_wide(&ret->v[i]);
		ret->wide = wide > ret->wide ? wide : ret->wide;
	}
	return worst ?: files_check_names(ret);
}

bool file_is(const char *word)
{
	const char *dot = strrchr(word, '.');

	return strchr(word, '/') || !strcmp(word, "-") || (dot && !strcmp(dot, ".json"));
}

void files_done(struct files *f)
{
	for (size_t i = 0; i < f->n; i++) {
		json_object_put(f->v[i].json);
		problems_done(&f->v[i].doubts);
	}
	free(f->v);
	arena_done(&f->arena);
	*f = (struct files){};
}
