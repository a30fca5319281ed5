/* SPDX-License-Identifier: MIT */
/* boot_file.c - reads one file of a boot directory.  What it says is created by root at
 * each boot, so a file that somebody else could have written is not used. */
#include "boot_file.h"
#include "base/json.h"
#include "base/trust.h"
#include "base/utf8.h"
#include <fcntl.h>
#include <time.h>

enum {
	SETTLED_NSEC = 100000000, /* a file that changed just now may change again within the same tick of its clock */
};

void boot_file_free(struct boot_file *f)
{
	json_text_put(f->json);
	problems_done(&f->problems);
	free(f->path);
	free(f->source);
	free(f);
}

bool boot_stat_is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mode == b->st_mode && a->st_uid == b->st_uid && a->st_gid == b->st_gid &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	       a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

bool boot_stat_is_settled(const struct stat *st)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (now.tv_sec - st->st_ctim.tv_sec) * 1000000000L + now.tv_nsec - st->st_ctim.tv_nsec > SETTLED_NSEC;
}

/* Reads a file that may be used; never blocks on what is not a regular file. */
static int text_read(const char *path, size_t max, char **ret, size_t *ret_size, struct stat *ret_st, struct err *e)
{
	_cleanup_(closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	_cleanup_(freep) char *text = NULL;
	size_t n = 0;

	if (fd < 0)
		return errno == ELOOP ? err_set(e, ELOOP,
						"is a symbolic link, which is not followed: put the file itself here")
				      : err_set(e, errno, "%s", strerror(errno));
	if (fstat(fd, ret_st) < 0)
		return err_set(e, errno, "%s", strerror(errno));
	if (!S_ISREG(ret_st->st_mode))
		return err_set(e, EINVAL, "is not a regular file");
	if (trust_check(ret_st, e) < 0)
		return e->code;
	if (ret_st->st_size > (off_t)max)
		return err_set(e, EFBIG, "has %lld bytes, at most %zu are allowed", (long long)ret_st->st_size, max);
	text = must(malloc((size_t)ret_st->st_size + 1));
	for (ssize_t got;
	     n < (size_t)ret_st->st_size && (got = read(fd, text + n, (size_t)ret_st->st_size - n)) != 0;) {
		if (got < 0 && errno != EINTR)
			return err_set(e, errno, "%s", strerror(errno));
		n += got > 0 ? (size_t)got : 0;
	}
	text[n] = '\0';
	*ret = TAKE(text);
	*ret_size = n;
	return 0;
}

/* The source that `apply --persist` was given is in a file next to it. */
static void source_read(struct boot_file *f)
{
	_cleanup_(freep) char *path = NULL, *text = NULL;
	struct stat st;
	size_t size;
	struct err e;

	free(f->source);
	f->source = must(strdup(f->path));
	if (f->dir != BOOT_PERSISTED)
		return;
	if (asprintf(&path, "%.*s.source", (int)(strlen(f->path) - strlen(BOOT_SUFFIX)), f->path) < 0)
		abort();
	if (text_read(path, 4096, &text, &size, &st, &e) < 0 || !size || strlen(text) != size)
		return;
	utf8_repair(text);
	free(f->source);
	f->source = TAKE(text);
}

/* The name that a file without one is shown under: as near to its own as possible. */
static void name_make(struct boot_file *f, const char *own)
{
	const char *base = strrchr(f->path, '/') + 1;
	size_t n = own ? strlen(own) : strlen(base) - strlen(BOOT_SUFFIX);
	char wanted[256];
	struct err e;

	f->made_up = false;
	snprintf(wanted, sizeof(wanted), "%.*s", (int)n, own ? own : base);
	if (name_problem(wanted, &e)) {
		if (f->json)
			problem_add(&f->problems, EINVAL, NULL,
				    "the file name cannot be the topology's name, it %s; give it a \"name\"", e.text);
		for (char *c = wanted; *c; c++)
			if (!strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-", *c))
				*c = '_';
		if (strchr("_.-", *wanted))
			*wanted = 'x';
		f->made_up = true;
	}
	snprintf(f->name, sizeof(f->name), "%.64s", wanted);
}

static void json_load(struct boot_files *b, struct boot_file *f, const char *text, size_t size)
{
	_cleanup_(json_putp) struct json_object *json = NULL;
	struct declaration t = { 0 };
	int r = load_text_json(text, size, b->kinds, &t, &json, &f->problems);
	struct json_object *name;
	struct err e;

	name = json_object_is_type(json, json_type_object) ? json_object_object_get(json, "name") : NULL;
	if (r == 0) {
		declaration_done(&t);
		f->json = json_text_new(json);
	}
	/* A file that is invalid elsewhere may still have a name. */
	name_make(f, json_object_is_type(name, json_type_string) && !name_problem(json_object_get_string(name), &e)
			     ? json_object_get_string(name)
			     : NULL);
}

void boot_file_read(struct boot_files *b, struct boot_file *f)
{
	_cleanup_(json_text_putp) struct json_text *old = TAKE(f->json);
	_cleanup_(freep) char *text = NULL;
	struct stat st = { 0 };
	size_t size;
	struct err e;

	problems_done(&f->problems);
	if (text_read(f->path, TOPOLOGY_MAX, &text, &size, &st, &e) == 0) {
		json_load(b, f, text, size);
	} else {
		problem_add(&f->problems, e.code, NULL, "%s", e.text);
		name_make(f, NULL);
	}
	if (f->problems.n)
		json_text_put(TAKE(f->json));
	/* Unchanged JSON keeps its pointer, so that it is not compared again. */
	if (f->json && json_text_equal(f->json, old)) {
		json_text_put(f->json);
		f->json = TAKE(old);
	}
	problems_in_file(&f->problems, f->path);
	source_read(f);
	f->stamp = boot_stat_is_settled(&st) ? st : (struct stat){ 0 };
}

bool boot_file_has_changed(const struct boot_file *f)
{
	struct stat st;

	return lstat(f->path, &st) < 0 || !boot_stat_is_same(&st, &f->stamp);
}

void boot_file_place(const struct boot_file *f, struct problems *p)
{
	struct problems syntax = { 0 };
	_cleanup_(freep) char *text = NULL;
	struct json_object *json = NULL;
	struct stat st;
	size_t size;
	struct err e;

	problems_in_file(p, f->path);
	if (text_read(f->path, TOPOLOGY_MAX, &text, &size, &st, &e) < 0 || json_read(text, size, &json, &syntax) < 0)
		json = NULL;
	for (size_t i = 0; json && i < p->n; i++) {
		struct where at =
			p->v[i].where.pointer ? json_where_pointer(json, p->v[i].where.pointer) : (struct where){ 0 };

		p->v[i].where.line = at.line;
		p->v[i].where.column = at.column;
	}
	json_object_put(json);
	problems_done(&syntax);
}
