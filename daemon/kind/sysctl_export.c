/* SPDX-License-Identifier: MIT */
/* sysctl_export.c - the keys that somebody has changed: those whose values differ from the ones that new namespaces of
 * netnsd and of the kernel have, and on an interface from the default of its namespace. */
#include "link.h"
#include "sysctl.h"
#include "kernel/observer.h"
#include "kernel/sysctl.h"
#include "model/unsaid.h"
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

enum { PATH_SIZE = 320, DEPTH_MAX = 8 };

/* ---- reading all keys below a directory ---- */

struct walk {
	void (*each)(struct walk *w, const char *path, const char *value);
	/* Whether the directory is read; NULL: all are. */
	bool (*enters)(const struct walk *w, const char *path, const char *name);
	void *arg;
};

/* Reads the value of a file that can be written; false: it is none, or has no value. */
static bool value_read(int dir, const char *name, char ret[SYSCTL_VALUE_MAX + 2])
{
	struct stat st;
	_cleanup_(closep) int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t n = 0;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || !(st.st_mode & 0222))
		return false;
	n = read(fd, ret, SYSCTL_VALUE_MAX + 1);
	if (n < 0 || n == SYSCTL_VALUE_MAX + 1)
		return false;
	ret[n] = '\0';
	ret[strcspn(ret, "\n")] = '\0';
	return true;
}

static void dir_walk(struct walk *w, int at, const char *path, int depth);

static void entry_walk(struct walk *w, int dir, const char *path, const struct dirent *one, int depth)
{
	char below[PATH_SIZE], value[SYSCTL_VALUE_MAX + 2];
	bool is_dir = one->d_type == DT_DIR;

	if ((size_t)snprintf(below, sizeof(below), "%s/%s", path, one->d_name) >= sizeof(below))
		return;
	if (is_dir && depth < DEPTH_MAX && (!w->enters || w->enters(w, path, one->d_name)))
		dir_walk(w, openat(dir, one->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW), below,
			 depth + 1);
	else if (!is_dir && value_read(dir, one->d_name, value))
		w->each(w, below, value);
}

/* In order of name.  @at is closed. */
static void dir_walk(struct walk *w, int at, const char *path, int depth)
{
	_cleanup_(closep) int dir = at;
	struct dirent **names = NULL;
	int n = dir < 0 ? -1 : scandirat(dir, ".", &names, NULL, alphasort);

	for (int i = 0; i < n; i++) {
		if (names[i]->d_name[0] != '.')
			entry_walk(w, dir, path, names[i], depth);
		free(names[i]);
	}
	free(names);
}

/* Of the namespace that the thread is in. */
static void walk(struct walk *w, const char *path)
{
	struct err e;
	_cleanup_(closep) int top = sysctl_dir(path, &e);

	dir_walk(w, top < 0 ? -1 : openat(top, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), path, 0);
}

/* ---- the values of new namespaces ---- */

struct value {
	const char *path, *text;
};

struct values {
	struct arena arena;
	struct value *v;
	size_t n_v, room_v;
};

struct sysctl_defaults {
	struct values ours, kernels;
};

static void values_add(struct walk *w, const char *path, const char *value)
{
	struct values *all = w->arg;
	struct value *new = ARRAY_ADD(all, v);

	*new = (struct value){ arena_strdup(&all->arena, path), arena_strdup(&all->arena, value) };
}

static int value_cmp(const void *a, const void *b)
{
	return strcmp(((const struct value *)a)->path, ((const struct value *)b)->path);
}

static int values_read(struct values *ret, bool ours, struct err *e)
{
	_cleanup_(netns_leavep) int entered = netns_enter_new(ours, e);
	struct walk w = { .each = values_add, .arg = ret };

	if (entered < 0)
		return entered;
	walk(&w, "net");
	if (ret->n_v)
		qsort(ret->v, ret->n_v, sizeof(*ret->v), value_cmp);
	return 0;
}

static const char *values_find(const struct values *all, const char *path)
{
	const struct value key = { path, NULL };
	const struct value *at = all->n_v ? bsearch(&key, all->v, all->n_v, sizeof(key), value_cmp) : NULL;

	return at ? at->text : NULL;
}

struct sysctl_defaults *sysctl_defaults_new(struct unsaid *u)
{
	struct sysctl_defaults *d = must(calloc(1, sizeof(*d)));
	struct err e;

	if (values_read(&d->ours, true, &e) == 0 && values_read(&d->kernels, false, &e) == 0)
		return d;
	unsaid_add(u, "sysctls are left out: which of them were changed could not be read: %s", e.text);
	sysctl_defaults_free(d);
	return NULL;
}

void sysctl_defaults_free(struct sysctl_defaults *d)
{
	struct values *both[] = { d ? &d->ours : NULL, d ? &d->kernels : NULL };

	for (size_t i = 0; d && i < ARRAY_SIZE(both); i++) {
		free(both[i]->v);
		arena_done(&both[i]->arena);
	}
	free(d);
}

/* ---- what is told ---- */

/* Keys by the end of their names that are never told: what they say is said elsewhere, follows from something else or
 * is counted, and secrets. */
static const char *const untold[] = {
	"/forwarding",
	"/mc_forwarding",
	"/ip_forward",
	"/mtu",
	"/addr_gen_mode",
	"/stable_secret",
	"/flush",
	"/tcp_fastopen_key",
	"/tcp_mem",
	"/udp_mem",
	"/nf_conntrack_max",
	"/nf_log",
	"/promote_secondaries",
	"/nf_conntrack_buckets",
};

/* On an interface netnsd and the kernel differ in these; what neither of them does is told. */
static const struct {
	const char *name, *values[3];
} usual[] = {
	{ "/accept_ra", { "0", "1" } },
	{ "/accept_dad", { "-1", "0", "1" } },
};

static bool ends_in(const char *path, const char *end)
{
	size_t n = strlen(path), k = strlen(end);

	return n >= k && !strcmp(path + n - k, end);
}

static bool is_untold(const char *path, const char *value, bool of_link)
{
	for (size_t i = 0; i < ARRAY_SIZE(untold); i++)
		if (ends_in(path, untold[i]))
			return true;
	for (size_t i = 0; of_link && i < ARRAY_SIZE(usual); i++)
		for (size_t k = 0; k < ARRAY_SIZE(usual[i].values) && usual[i].values[k]; k++)
			if (ends_in(path, usual[i].name) && !strcmp(usual[i].values[k], value))
				return true;
	return false;
}

struct telling {
	struct observer *obs;
	const struct object *netns;
	struct values own; /* of the namespace: those that interfaces begin with */
	struct err err;
};

/* "net/ipv4/conf/NAME/KEY" and the like; false: it is no key of one interface. */
static bool split(const char *path, char ret_name[32], const char **ret_key)
{
	static const char *const before[] = { "net/ipv4/conf/", "net/ipv6/conf/", "net/ipv4/neigh/",
					      "net/ipv6/neigh/" };

	for (size_t i = 0; i < ARRAY_SIZE(before); i++) {
		const char *name = strncmp(path, before[i], strlen(before[i])) ? NULL : path + strlen(before[i]);
		const char *slash = name ? strchr(name, '/') : NULL;

		if (!slash || slash - name >= 32)
			continue;
		snprintf(ret_name, 32, "%.*s", (int)(slash - name), name);
		*ret_key = slash + 1;
		return strcmp(ret_name, "all") != 0 && strcmp(ret_name, "default") != 0;
	}
	return false;
}

static void tell(struct telling *t, const struct object *link, const char *path, const char *key)
{
	struct arena *a = &t->obs->observed->arena;
	char *name = link ? arena_fmt(a, "%.4s.%s", path + 4, key) : arena_strdup(a, path);

	for (char *c = name; *c; c++)
		*c = *c == '/' ? '.' : *c;
	if (t->err.code == 0)
		(void)sysctl_observe_key(t->obs, t->netns, link, name, &t->err);
}

static bool is(const char *path, const char *value, const char *other)
{
	return other && sysctl_value_equal(path, value, other);
}

/* A switch for all interfaces sets one for each, and turns redirects off where packets are forwarded. */
static bool follows(const char *path, const char *value)
{
	return !strcmp(path, "net/ipv4/conf/all/accept_redirects") && !strcmp(value, "0") &&
	       sysctl_number("net/ipv4/ip_forward");
}

static void on_netns_key(struct walk *w, const char *path, const char *value)
{
	struct telling *t = w->arg;
	const struct sysctl_defaults *d = t->obs->extent.defaults;
	const char *kernels = values_find(&d->kernels, path);
	char name[32];
	const char *key;

	values_add(&(struct walk){ .arg = &t->own }, path, value);
	/* What a new namespace has not is not of namespaces; a key cannot have a dot in a name. */
	if (!kernels || split(path, name, &key) || strchr(path, '.') || is_untold(path, value, false) ||
	    is(path, value, kernels) || is(path, value, values_find(&d->ours, path)) || follows(path, value))
		return;
	tell(t, NULL, path, NULL);
}

static bool enters(const struct walk *w, const char *path, const char *name)
{
	char below[PATH_SIZE];
	const char *key;
	char any[32];

	(void)w;
	snprintf(below, sizeof(below), "%s/%s/", path, name);
	return !split(below, any, &key);
}

static void on_link_key(struct walk *w, const char *path, const char *value)
{
	struct telling *t = w->arg;
	const struct sysctl_defaults *d = t->obs->extent.defaults;
	char name[32], usual_path[PATH_SIZE], place[160];
	const struct object *link;
	const char *key;

	if (!split(path, name, &key) || is_untold(path, value, true))
		return;
	snprintf(place, sizeof(place), "%s/%s", t->netns->netns, name);
	link = model_find_ref(t->obs->observed, "link", place);
	snprintf(usual_path, sizeof(usual_path), "net/%.4s/conf/default/%s", path + 4, key);
	if (!link || is(path, value, values_find(&t->own, usual_path)) ||
	    is(path, value, values_find(&d->kernels, is_loopback(name) ? path : usual_path)) ||
	    is(path, value, values_find(&d->ours, usual_path)))
		return;
	tell(t, link, path, key);
}

struct sysctl_reading {
	struct observer obs;
	struct telling telling;
	const char **v; /* the directories of links */
	size_t n_v, room_v, at;
	bool began;
};

struct sysctl_reading *sysctl_reading_new(struct model *observed, const struct netns *ns,
					  const struct sysctl_defaults *d)
{
	struct sysctl_reading *r = must(calloc(1, sizeof(*r)));

	r->obs = (struct observer){ .observed = observed, .ns = ns, .extent = { .defaults = d } };
	r->telling = (struct telling){ .obs = &r->obs, .netns = model_netns(observed, ns->name) };
	return r;
}

void sysctl_reading_free(struct sysctl_reading *r)
{
	if (!r)
		return;
	free(r->telling.own.v);
	arena_done(&r->telling.own.arena);
	free(r->v);
	free(r);
}

/* Notes the directories below @path that are of links. */
static void list_links(struct sysctl_reading *r, const char *path)
{
	struct dirent **names = NULL;
	struct err e;
	_cleanup_(closep) int dir = sysctl_dir(path, &e);
	int n = dir < 0 ? -1 : scandirat(dir, ".", &names, NULL, alphasort);

	for (int i = 0; i < n; i++) {
		if (names[i]->d_name[0] != '.' && !enters(NULL, path, names[i]->d_name))
			*ARRAY_ADD(r, v) = arena_fmt(&r->telling.own.arena, "%s/%s", path, names[i]->d_name);
		free(names[i]);
	}
	free(names);
}

/* Reads the keys of the namespace itself. */
static void begin(struct sysctl_reading *r)
{
	struct walk w = { .each = on_netns_key, .enters = enters, .arg = &r->telling };
	struct values *own = &r->telling.own;

	walk(&w, "net");
	if (own->n_v)
		qsort(own->v, own->n_v, sizeof(*own->v), value_cmp);
	list_links(r, "net/ipv4/conf");
	list_links(r, "net/ipv6/conf");
	r->began = true;
}

int sysctl_reading_step(struct sysctl_reading *r, struct err *e)
{
	struct walk w = { .each = on_link_key, .arg = &r->telling };

	if (!r->obs.extent.defaults || !r->telling.netns || (r->began && r->at == r->n_v))
		return 0;
	_cleanup_(netns_leavep) int entered = netns_enter(r->obs.ns, e);
	if (entered < 0)
		return entered;
	if (!r->began)
		begin(r);
	else
		walk(&w, r->v[r->at++]);
	*e = r->telling.err;
	return e->code < 0 ? e->code : 1;
}
