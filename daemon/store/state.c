/* SPDX-License-Identifier: MIT */
/* state.c - stores records as JSON files: written to a temporary file, then renamed. */
#include "state.h"
#include "kernel/netns.h"
#include "lock.h"
#include "base/log.h"
#include "base/trust.h"
#include <json-c/json.h>
#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

enum { RECORD_MAX = 256 << 20 };

/* Removes what a crash left half written. */
static void clear_new(int dir)
{
	DIR *d = fdopendir(fcntl(dir, F_DUPFD_CLOEXEC, 3));

	for (struct dirent *entry; d && (entry = readdir(d));) {
		size_t n = strlen(entry->d_name);

		if (n > 4 && !strcmp(entry->d_name + n - 4, ".new"))
			unlinkat(dir, entry->d_name, 0);
	}
	if (d)
		closedir(d);
}

/* The lock file shows where a netnsd is running; the lock of known/, which nobody else can
 * read, holds even if the file is removed. */
static int lock_take(struct state *s, int top, struct err *e)
{
	struct stat st;

	s->lock = openat(top, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	if (s->lock < 0 || fstat(s->lock, &st) < 0)
		return err_kernel(e, errno, NULL, "%s/lock", s->dir);
	if (!S_ISREG(st.st_mode))
		return err_set(e, EINVAL, "%s/lock exists and is not a regular file: remove it", s->dir);
	if (trust_check(&st, e) < 0)
		return err_prefix(e, "%s/lock", s->dir);
	s->known = trust_open_at(top, s->dir, "known", e);
	if (s->known < 0)
		return s->known;
	if (flock(s->lock, LOCK_EX | LOCK_NB) < 0 || flock(s->known, LOCK_EX | LOCK_NB) < 0)
		return err_set(e, EBUSY, "another netnsd is running in %s; use it with netnsctl, or stop it", s->dir);
	return 0;
}

int state_open(struct state *s, const char *dir, struct err *e)
{
	_cleanup_(closep) int top = -1;

	*s = (struct state){ -1, -1, -1, -1, -1, "" };
	snprintf(s->dir, sizeof(s->dir), "%s", dir);
	s->netns_lock = lock_netns(e);
	if (s->netns_lock < 0)
		return s->netns_lock;
	top = trust_open(dir, TRUST_MAKE, e);
	if (top < 0)
		return top;
	if (lock_take(s, top, e) < 0)
		return e->code;
	s->pending = trust_open_at(top, dir, "pending", e);
	s->pins = s->pending < 0 ? -1 : trust_open_at(top, dir, "held", e);
	if (s->pins < 0)
		return e->code;
	clear_new(s->known);
	clear_new(s->pending);
	return 0;
}

void state_close(struct state *s)
{
	closep(&s->known);
	closep(&s->pending);
	closep(&s->pins);
	closep(&s->lock);
	closep(&s->netns_lock);
	*s = (struct state){ -1, -1, -1, -1, -1, "" };
}

static int write_all(int fd, const char *text, size_t size, struct err *e)
{
	while (size > 0) {
		ssize_t n = write(fd, text, size);

		if (n < 0)
			return err_kernel(e, errno, NULL, "writing the state, for which the run directory needs space");
		text += n;
		size -= (size_t)n;
	}
	return fsync(fd) < 0 ? err_kernel(e, errno, NULL, "writing the state, for which the run directory needs space")
			     : 0;
}

static void file_name(char buf[80], const char *name, const char *suffix)
{
	snprintf(buf, 80, "%s%s", name, suffix);
}

static int record_write(int dir, const struct record *r, struct err *e)
{
	char temporary[80], final[80];
	struct json_object *o = record_json(r);
	const char *text;
	size_t size;
	int code;

	file_name(temporary, r->name, ".new");
	file_name(final, r->name, ".json");
	unlinkat(dir, temporary, 0);
	_cleanup_(closep) int fd = openat(dir, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	text = json_object_to_json_string_length(o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &size);
	code = fd < 0 ? err_kernel(e, errno, NULL, "%s in the run directory", temporary) : write_all(fd, text, size, e);
	json_object_put(o);
	if (code == 0 && renameat(dir, temporary, dir, final) < 0)
		code = err_kernel(e, errno, NULL, "%s in the run directory", final);
	if (code < 0)
		unlinkat(dir, temporary, 0);
	return code;
}

int state_begin(const struct state *s, const struct record *r, struct err *e)
{
	return record_write(s->pending, r, e);
}

int state_store(const struct state *s, const struct record *r, struct err *e)
{
	return record_write(s->known, r, e);
}

int state_commit(const struct state *s, const char *name, struct err *e)
{
	char file[80];

	file_name(file, name, ".json");
	return renameat(s->pending, file, s->known, file) < 0
		       ? err_kernel(e, errno, NULL, "%s in the run directory", file)
		       : 0;
}

static int record_unlink(int dir, const char *name, struct err *e)
{
	char file[80];

	file_name(file, name, ".json");
	return unlinkat(dir, file, 0) < 0 && errno != ENOENT
		       ? err_kernel(e, errno, NULL, "%s in the run directory", file)
		       : 0;
}

int state_abandon(const struct state *s, const char *name, struct err *e)
{
	return record_unlink(s->pending, name, e);
}

int state_forget(const struct state *s, const char *name, struct err *e)
{
	return record_unlink(s->known, name, e);
}

void state_pins(const struct state *s, const char *name, char *ret, size_t size)
{
	snprintf(ret, size, "%s/held/%s", s->dir, name);
}

void state_release(const struct state *s)
{
	DIR *d = fdopendir(fcntl(s->pins, F_DUPFD_CLOEXEC, 3));

	for (struct dirent *entry; d && (entry = readdir(d));) {
		char path[600], file[300];

		snprintf(file, sizeof(file), "%s.json", entry->d_name);
		if (*entry->d_name == '.' || faccessat(s->pending, file, F_OK, 0) == 0)
			continue;
		state_pins(s, entry->d_name, path, sizeof(path));
		netns_pin_release(path);
	}
	if (d)
		closedir(d);
}

/* Reads the text of a record, which only netnsd can have written. */
static int text_read(int dir, const char *file, char **ret, size_t *ret_size, struct err *e)
{
	_cleanup_(closep) int fd = openat(dir, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	_cleanup_(freep) char *text = NULL;
	struct stat st;
	size_t n = 0;

	if (fd < 0 && errno == ELOOP)
		return err_set(e, ELOOP, "is a symbolic link, which is not followed");
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_set(e, errno, "%s", strerror(errno));
	if (!S_ISREG(st.st_mode))
		return err_set(e, EINVAL, "is not a regular file");
	if (trust_check(&st, e) < 0)
		return e->code;
	if (st.st_size > RECORD_MAX)
		return err_set(e, EFBIG, "has %lld bytes, at most %d are allowed", (long long)st.st_size, RECORD_MAX);
	text = must(malloc((size_t)st.st_size + 1));
	for (ssize_t got; n < (size_t)st.st_size && (got = read(fd, text + n, (size_t)st.st_size - n)) != 0;) {
		if (got < 0 && errno != EINTR)
			return err_set(e, errno, "%s", strerror(errno));
		n += got > 0 ? (size_t)got : 0;
	}
	text[n] = '\0';
	*ret = TAKE(text);
	*ret_size = n;
	return 0;
}

int state_refuse(const struct state *s, bool pending, const char *name, struct err *e)
{
	char help[240];
	size_t n;

	err_prefix(e, "the record %s/%s/%s.json", s->dir, pending ? "pending" : "known", name);
	n = (size_t)snprintf(help, sizeof(help),
			     "; its objects are left alone: netnsctl apply --replace FILE "
			     "starts over, netnsctl down --forget %s deletes the record",
			     name);
	/* The remedy is not cut off. */
	n = strnlen(e->text, sizeof(e->text) - 1 - n);
	snprintf(e->text + n, sizeof(e->text) - n, "%s", help);
	return e->code;
}

static int record_read(const struct state *s, bool pending, struct record *r, const struct kinds *kinds, struct err *e)
{
	_cleanup_(freep) char *text = NULL;
	char file[80];
	size_t size = 0;

	file_name(file, r->name, ".json");
	if (text_read(pending ? s->pending : s->known, file, &text, &size, e) == 0 &&
	    record_parse(r, text, size, kinds, e) == 0)
		return 0;
	if (err_is_shortage(e))
		return err_prefix(e, "%s/%s/%s", s->dir, pending ? "pending" : "known", file);
	return state_refuse(s, pending, r->name, e);
}

/* Records are named after their topology; a file of another name is not a record, and not netnsd's. */
static bool record_name(const struct state *s, bool pending, const char *file, struct record *r)
{
	size_t n = strlen(file), suffix = strlen(".json");
	struct err e;

	if (!strcmp(file, ".") || !strcmp(file, ".."))
		return false;
	snprintf(r->name, sizeof(r->name), "%.*s", n > suffix ? (int)(n - suffix) : 0, file);
	if (n > suffix && n <= 64 + suffix && !strcmp(file + n - suffix, ".json") && !name_problem(r->name, &e))
		return true;
	log_warning("%s/%s/%s is not named like a record, and ignored: remove it", s->dir,
		    pending ? "pending" : "known", file);
	return false;
}

int state_read(const struct state *s, bool pending, const struct kinds *kinds,
	       void (*each)(void *arg, struct record *r, const struct err *e), void *arg, struct err *e)
{
	int at = pending ? s->pending : s->known, fd = fcntl(at, F_DUPFD_CLOEXEC, 3);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	int code = 0;

	if (!dir)
		return err_kernel(e, errno, NULL, "%s/%s", s->dir, pending ? "pending" : "known");
	rewinddir(dir);
	for (struct dirent *d; (d = readdir(dir));) {
		struct record r = { 0 };
		struct err bad;

		if (!record_name(s, pending, d->d_name, &r))
			continue;
		code = record_read(s, pending, &r, kinds, &bad);
		if (code < 0 && err_is_shortage(&bad)) {
			*e = bad;
			record_done(&r);
			break;
		}
		each(arg, &r, code < 0 ? &bad : NULL);
		record_done(&r);
		code = 0;
	}
	closedir(dir);
	return code;
}
