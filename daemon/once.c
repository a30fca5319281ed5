/* SPDX-License-Identifier: MIT */
/* once.c - applies files, or takes topologies down, and exits: the same engine, state and lock as the daemon, for
 * containers, CI and machines without systemd. */
#include "format/load.h"
#include "once.h"
#include "engine/outcome.h"
#include "netnsd.h"
#include "base/json.h"

struct file {
	const char *path;
	char *text;
	size_t size;
	char name[65];
	struct json_object *json;
};

static int file_read(struct file *f)
{
	_cleanup_(fclosep) FILE *in = fopen(f->path, "re");

	f->text = must(malloc(TOPOLOGY_MAX + 1));
	f->size = in ? fread(f->text, 1, TOPOLOGY_MAX + 1, in) : 0;
	if (!in || ferror(in)) {
		fprintf(stderr, "netnsd: %s: %s\n", f->path, strerror(errno));
		return EXIT_INVALID;
	}
	return EXIT_DONE;
}

static void problems_print(const char *path, const struct problems *p)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct problem *v = &p->v[i];

		fprintf(stderr, "%s:", path);
		if (v->where.line)
			fprintf(stderr, "%u:%u:", v->where.line, v->where.column);
		if (v->where.pointer && *v->where.pointer)
			fprintf(stderr, " %s:", v->where.pointer);
		fprintf(stderr, " %s\n", v->message);
	}
	if (p->more)
		fprintf(stderr, "%s: and %zu more problems\n", path, p->more);
}

/* --once has no --name: the name is the file's own, or its file name without .json. */
static int file_name(struct file *f, const struct declaration *t)
{
	const char *slash = strrchr(f->path, '/'), *base = slash ? slash + 1 : f->path;
	size_t n = strlen(base);
	struct err e;

	if (n > 5 && !strcmp(base + n - 5, ".json"))
		n -= 5;
	snprintf(f->name, sizeof(f->name), "%.*s", n < sizeof(f->name) ? (int)n : (int)sizeof(f->name) - 1, base);
	if (*t->name)
		snprintf(f->name, sizeof(f->name), "%s", t->name);
	else if (n >= sizeof(f->name) || name_problem(f->name, &e)) {
		fprintf(stderr, "netnsd: %s: the file name cannot be the topology's name; give it a \"name\"\n",
			f->path);
		return EXIT_INVALID;
	}
	return EXIT_DONE;
}

static int file_load(struct file *f)
{
	struct problems p = { 0 };
	struct declaration t;
	int code = file_read(f);

	if (code != EXIT_DONE)
		return code;
	if (load_text_json(f->text, f->size, &all_kinds, &t, &f->json, &p) < 0) {
		problems_print(f->path, &p);
		problems_done(&p);
		return EXIT_INVALID;
	}
	code = file_name(f, &t);
	declaration_done(&t);
	return code;
}

/* Of one change. */
struct result {
	const char *label; /* precedes its problems: the path of the file, or the topology */
	int code;
	bool done;
};

/* Who still runs in a namespace that is gone. */
static void users_print(const struct outcome *o)
{
	for (size_t i = 0; i < o->n_users; i++)
		printf("%s: still used by %d (%s)\n", o->users[i].netns, o->users[i].pid, o->users[i].command);
}

static void on_done(void *arg, const struct outcome *o)
{
	const struct outcome_row *row = outcome_row(o->code);
	struct result *r = arg;
	char text[SOURCE_SIZE + 256];

	r->done = true;
	r->code = (int)row->exit;
	outcome_fill(r->code == EXIT_DONE ? "{name}: {counts}" : row->once ? row->once : "", o, text, sizeof(text));
	if (r->code == EXIT_DONE)
		puts(text);
	else if (row->once)
		fprintf(stderr, "netnsd: %s\n", text);
	else
		problems_print(r->label, &o->problems);
	users_print(o);
}

/* The change may wait for the kernel, and so may what the start found. */
static void finish(struct engine *g, const struct result *r)
{
	while (engine_step(g) || !r->done)
		engine_rest(g);
}

static int apply(struct engine *g, struct file *f)
{
	struct result r = { .label = f->path, .code = EXIT_FAILED };
	struct change c = { .type = CHANGE_APPLY, .arg = &r, .done = on_done, .quiet = true };
	_cleanup_(freep) char *path = realpath(f->path, NULL);

	snprintf(c.name, sizeof(c.name), "%s", f->name);
	snprintf(c.source, sizeof(c.source), "%s", path ? path : f->path);
	snprintf(c.by, sizeof(c.by), "uid %u, pid %d (netnsd --once)", getuid(), getpid());
	c.topology = TAKE(f->json);
	engine_submit(g, &c);
	finish(g, &r);
	return r.code;
}

static void file_done(struct file *f)
{
	json_object_put(f->json);
	free(f->text);
}

int once_run(const struct engine_options *options, char *const *files, int n)
{
	struct file *f = must(calloc((size_t)n, sizeof(*f)));
	struct engine *g = NULL;
	int code = EXIT_DONE;
	struct err e;

	/* All files are checked before anything is touched. */
	for (int i = 0; i < n; i++) {
		f[i].path = files[i];
		int one = file_load(&f[i]);

		code = code ? code : one;
	}
	if (code == EXIT_DONE && engine_new(&g, options, &all_kinds, &e) < 0) {
		fprintf(stderr, "netnsd: %s\n", e.text);
		code = EXIT_FAILED;
	}
	for (int i = 0; i < n && code == EXIT_DONE; i++)
		code = apply(g, &f[i]);
	engine_free(g);
	for (int i = 0; i < n; i++)
		file_done(&f[i]);
	free(f);
	return code;
}

static int names_check(char *const *names, int n)
{
	int code = EXIT_DONE;
	struct err e;

	for (int i = 0; i < n; i++) {
		const char *problem = name_problem(names[i], &e);

		if (!problem)
			continue;
		fprintf(stderr, "netnsd: \"%s\" is not the name of a topology: %s\n", names[i], problem);
		code = EXIT_INVALID;
	}
	return code;
}

int once_down(const struct engine_options *options, char *const *names, int n)
{
	_cleanup_(freep) struct result *r = must(calloc((size_t)n, sizeof(*r)));
	struct change c = { .type = CHANGE_DOWN, .done = on_done, .quiet = true };
	struct engine *g = NULL;
	int code = names_check(names, n);
	struct err e;

	if (code == EXIT_DONE && engine_new(&g, options, &all_kinds, &e) < 0) {
		fprintf(stderr, "netnsd: %s\n", e.text);
		code = EXIT_FAILED;
	}
	snprintf(c.by, sizeof(c.by), "uid %u, pid %d (netnsd --once)", getuid(), getpid());
	/* All at once: the engine lets those go first that use another one's namespaces. */
	for (int i = 0; i < n && g; i++) {
		r[i] = (struct result){ .label = names[i], .code = EXIT_FAILED };
		c.arg = &r[i];
		snprintf(c.name, sizeof(c.name), "%s", names[i]);
		engine_submit(g, &c);
	}
	for (int i = 0; i < n && g; i++) {
		finish(g, &r[i]);
		code = code ? code : r[i].code;
	}
	engine_free(g);
	return code;
}
