/* SPDX-License-Identifier: MIT */
/* state.c - keeps records as JSON files: written beside their place, then renamed. */
#include "state.h"
#include "held.h"
#include "json.h"
#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

enum { RECORD_MAX = 256 << 20 };

static const char *const state_words[] = { [STATE_UP] = "up", [STATE_DOWN] = "down", [STATE_FAILED] = "failed",
					   [STATE_WAITING] = "waiting" };

void record_done(struct record *r)
{
	json_object_put(r->topology);
	json_object_put(r->previous);
	model_done(&r->originals);
	model_done(&r->delta);
	*r = (struct record){ 0 };
}

/* The socket is reached through the uppermost; what is below is nobody else's. */
static int directory_open(int at, const char *path, struct err *e)
{
	int fd;

	if (mkdirat(at, path, at == AT_FDCWD ? 0755 : 0700) < 0 && errno != EEXIST)
		return err_kernel(e, errno, NULL, "%s", path);
	fd = openat(at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | (at == AT_FDCWD ? 0 : O_NOFOLLOW));
	return fd < 0 ? err_kernel(e, errno, NULL, "%s", path) : fd;
}

/* What a crash left half written. */
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

int state_open(struct state *s, const char *dir, struct err *e)
{
	_cleanup_(closep) int top = directory_open(AT_FDCWD, dir, e);

	*s = (struct state){ -1, -1, -1, -1, "" };
	if (top < 0)
		return top;
	snprintf(s->held_path, sizeof(s->held_path), "%s/held", dir);
	s->lock = openat(top, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (s->lock < 0)
		return err_kernel(e, errno, NULL, "%s/lock", dir);
	if (flock(s->lock, LOCK_EX | LOCK_NB) < 0)
		return err_set(e, EBUSY, "another netnsd is at work in %s; ask it with netnsctl, or stop it", dir);
	s->known = directory_open(top, "known", e);
	s->pending = s->known < 0 ? -1 : directory_open(top, "pending", e);
	s->held = s->pending < 0 ? -1 : directory_open(top, "held", e);
	if (s->held < 0)
		return e->code;
	clear_new(s->known);
	clear_new(s->pending);
	return 0;
}

void state_close(struct state *s)
{
	closep(&s->known);
	closep(&s->pending);
	closep(&s->held);
	closep(&s->lock);
	*s = (struct state){ -1, -1, -1, -1, "" };
}

static struct json_object *record_json(const struct record *r)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "name", json_object_new_string(r->name));
	json_object_object_add(o, "source", json_object_new_string(r->source));
	json_object_object_add(o, "state", json_object_new_string(state_words[r->state]));
	json_object_object_add(o, "since_usec", json_object_new_int64((int64_t)r->since_usec));
	json_object_object_add(o, "healed", json_object_new_int64(r->healed));
	json_object_object_add(o, "had", json_object_new_boolean(r->had));
	json_object_object_add(o, "topology", json_object_get(r->topology));
	json_object_object_add(o, "originals", model_save(&r->originals));
	json_object_object_add(o, "delta", model_save(&r->delta));
	json_object_object_add(o, "confirm_usec", json_object_new_int64((int64_t)r->confirm_usec));
	if (r->adopt)
		json_object_object_add(o, "adopt", json_object_new_boolean(true));
	if (r->persist)
		json_object_object_add(o, "persist", json_object_new_boolean(true));
	if (r->forget)
		json_object_object_add(o, "forget", json_object_new_boolean(true));
	if (r->previous)
		json_object_object_add(o, "previous", json_object_get(r->previous));
	return o;
}

static int write_all(int fd, const char *text, size_t size, struct err *e)
{
	while (size > 0) {
		ssize_t n = write(fd, text, size);

		if (n < 0)
			return err_kernel(e, errno, NULL, "writing the state, for which the run directory must have room");
		text += n;
		size -= (size_t)n;
	}
	return fsync(fd) < 0 ? err_kernel(e, errno, NULL, "writing the state, for which the run directory must have room") : 0;
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
	text = json_object_to_json_string_length(o, JSON_C_TO_STRING_PLAIN, &size);
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
	return renameat(s->pending, file, s->known, file) < 0 ? err_kernel(e, errno, NULL, "%s in the run directory", file) : 0;
}

static int record_unlink(int dir, const char *name, struct err *e)
{
	char file[80];

	file_name(file, name, ".json");
	return unlinkat(dir, file, 0) < 0 && errno != ENOENT ? err_kernel(e, errno, NULL, "%s in the run directory", file) : 0;
}

int state_abandon(const struct state *s, const char *name, struct err *e)
{
	return record_unlink(s->pending, name, e);
}

int state_forget(const struct state *s, const char *name, struct err *e)
{
	return record_unlink(s->known, name, e);
}

void state_held(const struct state *s, const char *name, char *ret, size_t size)
{
	snprintf(ret, size, "%s/%s", s->held_path, name);
}

void state_release(const struct state *s)
{
	DIR *d = fdopendir(fcntl(s->held, F_DUPFD_CLOEXEC, 3));

	for (struct dirent *entry; d && (entry = readdir(d));) {
		char path[600], file[300];

		snprintf(file, sizeof(file), "%s.json", entry->d_name);
		if (*entry->d_name == '.' || faccessat(s->pending, file, F_OK, 0) == 0)
			continue;
		state_held(s, entry->d_name, path, sizeof(path));
		held_release(path);
	}
	if (d)
		closedir(d);
}

static bool has_topology(struct json_object *o)
{
	return json_object_is_type(json_object_object_get(o, "source"), json_type_string) &&
	       json_object_is_type(json_object_object_get(o, "state"), json_type_string) &&
	       json_object_is_type(json_object_object_get(o, "topology"), json_type_object);
}

static int record_parse(struct record *r, struct json_object *o, const struct kinds *kinds, struct err *e)
{
	struct json_object *previous = json_object_object_get(o, "previous");
	const char *state;

	model_init(&r->originals, kinds);
	model_init(&r->delta, kinds);
	if (!has_topology(o) || (previous && !has_topology(previous)))
		return err_set(e, EINVAL, "is no record of netnsd");
	snprintf(r->source, sizeof(r->source), "%s", json_object_get_string(json_object_object_get(o, "source")));
	state = json_object_get_string(json_object_object_get(o, "state"));
	for (size_t i = 0; i < ARRAY_SIZE(state_words); i++)
		if (!strcmp(state, state_words[i]))
			r->state = (enum topology_state)i;
	r->since_usec = (uint64_t)json_object_get_int64(json_object_object_get(o, "since_usec"));
	r->healed = (uint32_t)json_object_get_int64(json_object_object_get(o, "healed"));
	r->had = json_object_get_boolean(json_object_object_get(o, "had"));
	r->topology = json_object_get(json_object_object_get(o, "topology"));
	r->confirm_usec = (uint64_t)json_object_get_int64(json_object_object_get(o, "confirm_usec"));
	r->adopt = json_object_get_boolean(json_object_object_get(o, "adopt"));
	r->persist = json_object_get_boolean(json_object_object_get(o, "persist"));
	r->forget = json_object_get_boolean(json_object_object_get(o, "forget"));
	r->previous = json_object_get(previous);
	if (model_restore(&r->originals, json_object_object_get(o, "originals"), e) < 0)
		return err_prefix(e, "originals");
	return model_restore(&r->delta, json_object_object_get(o, "delta"), e);
}

static int record_read(int dir, const char *file, struct record *r, const struct kinds *kinds, struct err *e)
{
	_cleanup_(closep) int fd = openat(dir, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	_cleanup_(freep) char *text = NULL;
	struct json_object *o;
	struct stat st;
	size_t n = 0;
	int code;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_kernel(e, errno, NULL, "%s", file);
	if (!S_ISREG(st.st_mode) || st.st_size > RECORD_MAX)
		return err_set(e, EINVAL, "%s is no record of netnsd", file);
	text = must(malloc((size_t)st.st_size + 1));
	for (ssize_t got; n < (size_t)st.st_size && (got = read(fd, text + n, (size_t)st.st_size - n)) > 0;)
		n += (size_t)got;
	text[n] = '\0';
	o = json_tokener_parse(text);
	code = o ? record_parse(r, o, kinds, e) : err_set(e, EINVAL, "%s holds no JSON", file);
	json_object_put(o);
	return code;
}

int state_read(const struct state *s, bool pending, const struct kinds *kinds,
	       void (*each)(void *arg, struct record *r, const struct err *e), void *arg, struct err *e)
{
	int at = pending ? s->pending : s->known, fd = fcntl(at, F_DUPFD_CLOEXEC, 3);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	int code = 0;

	if (!dir)
		return err_kernel(e, errno, NULL, "the state directory");
	rewinddir(dir);
	for (struct dirent *d; (d = readdir(dir));) {
		struct record r = { 0 };
		size_t n = strlen(d->d_name);
		struct err bad;

		if (n < 6 || n > 64 + 5 || strcmp(d->d_name + n - 5, ".json"))
			continue;
		snprintf(r.name, sizeof(r.name), "%.*s", (int)(n - 5), d->d_name);
		code = record_read(at, d->d_name, &r, kinds, &bad);
		if (code < 0 && err_is_shortage(&bad)) {
			*e = bad;
			break;
		}
		each(arg, &r, code < 0 ? &bad : NULL);
		record_done(&r);
		code = 0;
	}
	closedir(dir);
	return code;
}
