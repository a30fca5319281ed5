/* SPDX-License-Identifier: MIT */
/* gather_machine.c - facts about the machine around the namespaces: other managers of interfaces, limits, and processes that
 * keep a namespace without a name alive. */
#include "gather.h"
#include "kernel/process.h"
#include "kernel/sysctl.h"
#include "model/owner.h"
#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/stat.h>

enum { FILE_MAX = 64 << 10, LINKS_A_STEP = 16, PROCESSES_A_STEP = 64, INOTIFY_TRIED = 16 };

/* A file of another program: at most 64 KiB, and never one that blocks. */
static bool file_read(const char *path, char ret[FILE_MAX])
{
	_cleanup_(closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY);
	struct stat st;
	ssize_t n = fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? read(fd, ret, FILE_MAX - 1) : -1;

	ret[n < 0 ? 0 : n] = '\0';
	return n >= 0;
}

/* Whether @text has a line that begins with @word. */
static bool has_line(const char *text, const char *word)
{
	size_t n = strlen(word);

	for (; text && *text; text = strchr(text, '\n'), text = text ? text + 1 : NULL)
		if (!strncmp(text, word, n))
			return true;
	return false;
}

/* Where a program says that it manages an interface: a file BEFORE NUMBER AFTER, or with its name, that has a line which
 * begins with one of lines; without these it is enough that it is there. */
static const struct {
	const char *program, *before, *after, *lines[3];
	bool by_index;
} managers[] = {
	{ "NetworkManager", "/run/NetworkManager/devices/", "", { "managed=true" }, true },
	{ "systemd-networkd",
	  "/run/systemd/netif/links/",
	  "",
	  { "ADMIN_STATE=configured", "ADMIN_STATE=configuring", "ADMIN_STATE=failed" },
	  true },
	{ "dhcpcd", "/run/dhcpcd/", ".pid", { NULL }, false },
	{ "dhcpcd", "/run/dhcpcd-", ".pid", { NULL }, false },
	{ "ifupdown", "/run/network/ifstate.", "", { NULL }, false },
};

static bool manages(size_t m, const char *text, const char *ifname)
{
	for (size_t i = 0; i < ARRAY_SIZE(managers[m].lines) && managers[m].lines[i]; i++)
		if (has_line(text, managers[m].lines[i]))
			return true;
	/* ifupdown leaves an empty file of an interface that it has taken down. */
	return !managers[m].lines[0] && (strcmp(managers[m].program, "ifupdown") != 0 || has_line(text, ifname));
}

static void link_step(struct facts *f, const struct link_fact *l, char text[FILE_MAX])
{
	char path[128], index[16];
	const char *last = "";

	snprintf(index, sizeof(index), "%u", l->index);
	for (size_t i = 0; i < ARRAY_SIZE(managers); i++) {
		snprintf(path, sizeof(path), "%s%s%s", managers[i].before, managers[i].by_index ? index : l->name,
			 managers[i].after);
		if (!strcmp(last, managers[i].program) || !file_read(path, text) || !manages(i, text, l->name))
			continue;
		last = managers[i].program;
		*ARRAY_ADD(f, managers) = (struct manager_fact){ last, arena_strdup(&f->arena, l->name) };
	}
	snprintf(path, sizeof(path), "/run/udev/data/n%s", index);
	if (file_read(path, text) && has_line(text, "E:ID_NET_LINK_FILE="))
		*ARRAY_ADD(f, udev_links) = arena_strdup(&f->arena, l->name);
}

/* The entries of a neighbour table, of all namespaces together: the first number of the second line. */
static uint64_t neighbors_used(const char *path)
{
	_cleanup_(fclosep) FILE *f = fopen(path, "re");
	char line[512];

	return f && fgets(line, sizeof(line), f) && fgets(line, sizeof(line), f) ? strtoull(line, NULL, 16) : 0;
}

static uint64_t descriptors_used(void)
{
	DIR *d = opendir("/proc/self/fd");
	uint64_t n = 0;

	while (d && readdir(d))
		n++;
	if (d)
		closedir(d);
	return n;
}

static void limit_add(struct facts *f, const char *name, const char *key, uint64_t used, uint64_t max)
{
	*ARRAY_ADD(f, limits) = (struct limit_fact){ name, key, used, max };
}

/* Nobody counts how many a user has.  @n more show whether the limit is near; the descriptors are closed at once. */
static bool inotify_has(size_t n)
{
	int fds[INOTIFY_TRIED];
	size_t got = 0;
	bool refused;

	while (got < n && (fds[got] = inotify_init1(IN_CLOEXEC)) >= 0)
		got++;
	refused = got < n && errno == EMFILE;
	for (size_t i = 0; i < got; i++)
		close(fds[i]);
	return !refused;
}

static bool watches_left(void)
{
	_cleanup_(closep) int fd = inotify_init1(IN_CLOEXEC);

	return fd < 0 || inotify_add_watch(fd, "/", IN_DELETE_SELF) >= 0 || errno != ENOSPC;
}

static void inotify_step(struct facts *f)
{
	uint64_t instances = sysctl_number("fs/inotify/max_user_instances"),
		 watches = sysctl_number("fs/inotify/max_user_watches"), few = instances / 10;

	if (!inotify_has(few < INOTIFY_TRIED ? (size_t)few : INOTIFY_TRIED))
		limit_add(f, "inotify instances of root, or nearly so many,", "fs.inotify.max_user_instances",
			  instances, instances);
	if (!watches_left())
		limit_add(f, "inotify watches of root", "fs.inotify.max_user_watches", watches, watches);
}

static void limits_step(struct facts *f)
{
	struct rlimit l = { 0 };
	uint64_t there = 1;

	for (size_t i = 1; i < f->n_netns; i++)
		there += f->netns[i].there;
	getrlimit(RLIMIT_NOFILE, &l);
	limit_add(f, "neighbours of IPv4", "net.ipv4.neigh.default.gc_thresh3",
		  neighbors_used("/proc/net/stat/arp_cache"), sysctl_number("net/ipv4/neigh/default/gc_thresh3"));
	limit_add(f, "neighbours of IPv6", "net.ipv6.neigh.default.gc_thresh3",
		  neighbors_used("/proc/net/stat/ndisc_cache"), sysctl_number("net/ipv6/neigh/default/gc_thresh3"));
	/* LimitNOFILE= is what counts: fs.nr_open only limits that, and for all programs. */
	*ARRAY_ADD(f, limits) = (struct limit_fact){ "descriptors of netnsd", NULL, descriptors_used(), l.rlim_cur,
						     "systemctl edit netnsd.service" };
	limit_add(f, "network namespaces", "user.max_net_namespaces", there, sysctl_number("user/max_net_namespaces"));
	inotify_step(f);
	f->userns_blocked = sysctl_number("kernel/apparmor_restrict_unprivileged_userns");
}

bool gather_machine(struct gathering *g)
{
	_cleanup_(freep) char *text = must(malloc(FILE_MAX));
	const struct netns_fact *host = &g->facts->netns[0];

	for (size_t i = 0; i < LINKS_A_STEP && g->at < host->s.n_links; i++, g->at++)
		if (facts_owner(g->facts, host, &host->s.links[g->at]))
			link_step(g->facts, &host->s.links[g->at], text);
	if (g->at < host->s.n_links)
		return true;
	limits_step(g->facts);
	return false;
}

/* The namespace with a name; SIZE_MAX: it has none. */
static size_t find_named(const struct gathering *g, uint64_t inode)
{
	for (size_t i = 0; i < g->facts->n_netns; i++)
		if (g->facts->netns[i].inode == inode)
			return i;
	return SIZE_MAX;
}

static bool was_looked_at(const struct gathering *g, uint64_t inode)
{
	for (size_t i = 0; i < g->n_strange; i++)
		if (g->strange[i] == inode)
			return true;
	return false;
}

static void process_step(struct gathering *g, const char *pid)
{
	struct nameless_fact *to;
	char path[64], alias[128];
	struct sign sign;
	struct stat st;
	uint32_t group;
	size_t named;
	struct err e;

	snprintf(path, sizeof(path), "/proc/%d/ns/net", atoi(pid));
	if (stat(path, &st) < 0)
		return;
	named = find_named(g, st.st_ino);
	if (named != SIZE_MAX)
		gather_dhcp(g, named, atoi(pid));
	if (named != SIZE_MAX || was_looked_at(g, st.st_ino))
		return;
	*(uint64_t *)array_add((void **)&g->strange, &g->n_strange, &g->room_strange, sizeof(*g->strange)) = st.st_ino;
	_cleanup_(closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || survey_loopback(fd, &group, alias, sizeof(alias), &e) < 0)
		return;
	/* Those of containers and services are none of netnsd's business. */
	sign = sign_of_link(group, *alias ? alias : NULL);
	if (!sign.hash)
		return;
	to = ARRAY_ADD(g->facts, nameless);
	*to = (struct nameless_fact){ .inode = st.st_ino, .pid = atoi(pid) };
	process_command(to->pid, to->command, sizeof(to->command));
	if (sign.topology)
		to->topology = arena_strdup(&g->facts->arena, sign.topology);
	for (size_t i = 0; i < g->facts->n_netns && to->topology; i++) {
		const struct netns_fact *n = &g->facts->netns[i];

		to->missing |= n->place == PLACE_OURS && !n->there &&
			       !strcmp(g->facts->topologies[n->topology].name, to->topology);
	}
}

bool gather_processes(struct gathering *g)
{
	struct dirent *d = NULL;

	if (!g->proc)
		g->proc = opendir("/proc");
	if (!g->proc)
		return false;
	for (size_t i = 0; i < PROCESSES_A_STEP && (d = readdir(g->proc)); i++, g->at++)
		if (atoi(d->d_name) > 0)
			process_step(g, d->d_name);
	return d && g->at < FACTS_PROCESSES_MAX && g->facts->n_nameless < FACTS_NAMELESS_MAX &&
	       g->n_strange < FACTS_STRANGE_MAX;
}
