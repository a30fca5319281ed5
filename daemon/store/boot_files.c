/* SPDX-License-Identifier: MIT */
/* boot_files.c - which files the boot directories have, and which of them count.  Reading
 * all costs as much as there are files; what concerns one topology does not. */
#include "boot_file.h"
#include "base/log.h"
#include "base/search.h"
#include "base/trust.h"
#include <dirent.h>

enum { FILES_MAX = 4096 }; /* of one directory */

void boot_files_init(struct boot_files *b, const struct kinds *kinds, const char *topologies, const char *persisted)
{
	*b = (struct boot_files){ .kinds = kinds };
	b->dirs[BOOT_TOPOLOGIES] = must(strdup(topologies));
	b->dirs[BOOT_PERSISTED] = must(strdup(persisted));
}

void boot_files_done(struct boot_files *b)
{
	for (size_t i = 0; i < b->n; i++)
		boot_file_free(b->v[i]);
	free(b->v);
	free(b->by_name);
	for (size_t i = 0; i < BOOT_DIRS; i++) {
		free(b->dirs[i]);
		free(b->said[i]);
	}
	*b = (struct boot_files){ 0 };
}

static int file_cmp(const void *a, const void *b)
{
	const struct boot_file *x = *(struct boot_file *const *)a, *y = *(struct boot_file *const *)b;

	return x->dir != y->dir ? (int)x->dir - (int)y->dir : strcmp(x->path, y->path);
}

/* A derived name ranks after one that a file has itself. */
static int name_cmp(const void *a, const void *b)
{
	const struct boot_file *x = *(struct boot_file *const *)a, *y = *(struct boot_file *const *)b;
	int c = strcmp(x->name, y->name);

	if (c || x->made_up != y->made_up)
		return c ? c : (int)x->made_up - (int)y->made_up;
	return file_cmp(a, b);
}

/* The place of @f, or where it belongs, in @list of @n. */
static size_t place_of(struct boot_file *const *list, size_t n, const struct boot_file *f,
		       int (*cmp)(const void *a, const void *b))
{
	return lower_bound(&f, list, n, sizeof(struct boot_file *), cmp);
}

static struct boot_file *file_new(enum boot_dir dir, const char *path)
{
	struct boot_file *f = must(calloc(1, sizeof(*f)));

	f->dir = dir;
	f->path = must(strdup(path));
	return f;
}

static void room_need(struct boot_files *b)
{
	if (b->n < b->room)
		return;
	b->room = b->room ? 2 * b->room : 64;
	b->v = must(reallocarray(b->v, b->room, sizeof(*b->v)));
	b->by_name = must(reallocarray(b->by_name, b->room, sizeof(*b->by_name)));
}

/* The file at @path among the first @n, which are in order; NULL: it is new. */
static struct boot_file *file_at(const struct boot_files *b, size_t n, enum boot_dir dir, const char *path)
{
	const struct boot_file key = { .dir = dir, .path = (char *)(uintptr_t)path };
	size_t i = place_of(b->v, n, &key, file_cmp);

	return i < n && !file_cmp(&b->v[i], &(const struct boot_file *const){ &key }) ? b->v[i] : NULL;
}

/* The reason why a directory or a part of it is ignored is reported once. */
static void dir_refused(struct boot_files *b, enum boot_dir dir, const char *why)
{
	if (b->said[dir] && !strcmp(b->said[dir], why))
		return;
	free(b->said[dir]);
	b->said[dir] = must(strdup(why));
	log_error("the boot directory %s: %s", b->dirs[dir], why);
}

/* Hidden files, and those with something after .json, are what editors, packages and people
 * have not finished. */
static int is_topology(const struct dirent *d)
{
	size_t n = strlen(d->d_name);

	return *d->d_name != '.' && n > strlen(BOOT_SUFFIX) &&
	       !strcmp(d->d_name + n - strlen(BOOT_SUFFIX), BOOT_SUFFIX);
}

static int entry_cmp(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* A missing directory is empty; a link that leads nowhere is a mistake. */
static int dir_open(const struct boot_files *b, enum boot_dir which, struct err *e)
{
	int fd = trust_open(b->dirs[which], TRUST_LINK, e);
	struct stat st;

	return fd == -ENOENT && lstat(b->dirs[which], &st) < 0 ? -ENOENT : fd < 0 ? -EINVAL : fd;
}

static struct boot_stamp stamp_of(const char *dir)
{
	struct boot_stamp s = { .known = true };

	s.there = stat(dir, &s.st) == 0;
	s.known = s.there ? boot_stat_is_settled(&s.st) : errno == ENOENT;
	return s;
}

static bool stamp_is_same(const struct boot_stamp *s, const char *dir)
{
	struct stat st;

	return s->known && s->there == (stat(dir, &st) == 0) && (!s->there || boot_stat_is_same(&s->st, &st));
}

/* The file at @path: among the first @known, or new. */
static struct boot_file *file_need(struct boot_files *b, size_t known, enum boot_dir dir, const char *path)
{
	struct boot_file *f = file_at(b, known, dir, path);

	if (f)
		return f;
	room_need(b);
	return b->v[b->n++] = file_new(dir, path);
}

static void dir_refresh(struct boot_files *b, enum boot_dir which, size_t known)
{
	struct dirent **names = NULL;
	const struct boot_stamp stamp = stamp_of(b->dirs[which]);
	char why[640];
	struct err e;
	_cleanup_(closep) int fd = dir_open(b, which, &e);
	int n = fd < 0 ? 0 : scandirat(fd, ".", &names, is_topology, entry_cmp);

	b->failed[which] = n < 0 ? -errno : fd < 0 && fd != -ENOENT ? e.code : 0;
	b->stamps[which] = stamp;
	if (fd == -ENOENT)
		return;
	if (b->failed[which]) {
		snprintf(why, sizeof(why), "%s; nothing in it is applied", fd < 0 ? e.text : strerror(errno));
		dir_refused(b, which, why);
		b->stamps[which].known = false;
	}
	for (int i = 0; i < n; i++) {
		_cleanup_(freep) struct dirent *d = names[i];
		_cleanup_(freep) char *path = NULL;

		if (i == FILES_MAX)
			snprintf(why, sizeof(why),
				 "has %d files, at most %d are read: in order of name, those from %s on are left out",
				 n, FILES_MAX, d->d_name);
		if (i >= FILES_MAX)
			continue;
		if (asprintf(&path, "%s/%s", b->dirs[which], d->d_name) < 0)
			abort();
		file_need(b, known, which, path)->seen = true;
	}
	if (n > FILES_MAX)
		dir_refused(b, which, why);
	free(names);
}

/* The first of each name counts; a file that was read just now exists. */
static void hide(struct boot_files *b)
{
	const struct boot_file *first = NULL;

	for (size_t i = 0; i < b->n; i++) {
		struct boot_file *f = b->by_name[i];
		bool hidden = first && !strcmp(first->name, f->name);

		if (!hidden)
			first = f;
		if (hidden && !f->hidden)
			log_warning("%s is not used: %s already has the topology %s", f->path, first->path, f->name);
		f->hidden = hidden;
	}
}

void boot_files_refresh(struct boot_files *b)
{
	size_t n = 0, known = b->n;

	for (size_t i = 0; i < b->n; i++)
		b->v[i]->seen = b->v[i]->gone = false;
	for (size_t i = 0; i < BOOT_DIRS; i++)
		dir_refresh(b, (enum boot_dir)i, known);
	for (size_t i = 0; i < b->n; i++) {
		if (b->v[i]->seen)
			b->v[n++] = b->v[i];
		else
			boot_file_free(b->v[i]);
	}
	b->n = n;
	for (size_t i = 0; i < b->n; i++)
		if (boot_file_has_changed(b->v[i]))
			boot_file_read(b, b->v[i]);
	if (!b->n)
		return;
	qsort(b->v, b->n, sizeof(*b->v), file_cmp);
	memcpy(b->by_name, b->v, b->n * sizeof(*b->v));
	qsort(b->by_name, b->n, sizeof(*b->by_name), name_cmp);
	hide(b);
}

static int first_cmp(const void *a, const void *b)
{
	return strcmp((*(struct boot_file *const *)a)->name, (*(struct boot_file *const *)b)->name);
}

size_t boot_files_first(const struct boot_files *b, const char *name)
{
	struct boot_file key = { 0 };

	snprintf(key.name, sizeof(key.name), "%s", name);
	return place_of(b->by_name, b->n, &key, first_cmp);
}

struct boot_file *boot_files_find(const struct boot_files *b, const char *name)
{
	for (size_t i = boot_files_first(b, name); i < b->n && !strcmp(b->by_name[i]->name, name); i++)
		if (!b->by_name[i]->hidden)
			return b->by_name[i];
	return NULL;
}

bool boot_files_is_same(const struct boot_files *b, const char *name)
{
	for (size_t i = 0; i < BOOT_DIRS; i++)
		if (!stamp_is_same(&b->stamps[i], b->dirs[i]))
			return false;
	for (size_t i = boot_files_first(b, name); i < b->n && !strcmp(b->by_name[i]->name, name); i++)
		if (!b->by_name[i]->gone && boot_file_has_changed(b->by_name[i]))
			return false;
	return true;
}

static void insert(struct boot_file **list, size_t n, struct boot_file *f, int (*cmp)(const void *a, const void *b))
{
	size_t i = place_of(list, n, f, cmp);

	memmove(list + i + 1, list + i, (n - i) * sizeof(struct boot_file *));
	list[i] = f;
}

/* Decides which of the files of @name counts. */
static void hide_one(struct boot_files *b, const char *name)
{
	bool found = false;

	for (size_t i = boot_files_first(b, name); i < b->n && !strcmp(b->by_name[i]->name, name); i++) {
		b->by_name[i]->hidden = found || b->by_name[i]->gone;
		found |= !b->by_name[i]->gone;
	}
}

/* Changes of others in the directory meanwhile are found by the next complete reading. */
static void stamp_own(struct boot_files *b)
{
	struct boot_stamp *s = &b->stamps[BOOT_PERSISTED];

	s->there = stat(b->dirs[BOOT_PERSISTED], &s->st) == 0;
	s->known = s->there || errno == ENOENT;
}

void boot_files_note(struct boot_files *b, enum boot_dir dir, const char *path)
{
	struct boot_file *f = file_at(b, b->n, dir, path);
	bool there = access(path, F_OK) == 0;
	char old[sizeof(f->name)] = "";
	size_t i;

	if (dir == BOOT_PERSISTED)
		stamp_own(b);
	if (!f && !there)
		return;
	if (f) {
		memcpy(old, f->name, sizeof(old));
		i = place_of(b->by_name, b->n, f, name_cmp);
		memmove(b->by_name + i, b->by_name + i + 1, (b->n - i - 1) * sizeof(struct boot_file *));
	} else {
		room_need(b);
		f = file_new(dir, path);
		insert(b->v, b->n++, f, file_cmp);
	}
	f->gone = !there;
	if (there)
		boot_file_read(b, f);
	insert(b->by_name, b->n - 1, f, name_cmp);
	hide_one(b, old);
	hide_one(b, f->name);
}
