/* SPDX-License-Identifier: MIT */
/* xt_obstacle.c - asks for the tables of iptables-legacy: which there are, and what is at FORWARD. */
#include "xt_obstacle.h"
#include "base.h"
#include <fcntl.h>
// clang-format off: the kernel's headers leave out what the C library's have, and not the other way round
#include <netinet/in.h>
#include <sys/socket.h>
#include <linux/netfilter.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>
// clang-format on

/* Names are of 31 bytes at most, and there are five of them; more rules than fit are as good as some. */
enum { NAMES_SIZE = 1024, ENTRIES_MAX = 1 << 20 };

/* Of IPv4 and IPv6: their structs differ in what matches a packet, which is not looked at. */
struct protocol {
	const char *command, *names;
	int family, level;
	size_t target, next; /* offsets in an entry */
};

static const struct protocol protocols[] = {
	{ "iptables-legacy", "/proc/thread-self/net/ip_tables_names", AF_INET, IPPROTO_IP,
	  offsetof(struct ipt_entry, target_offset), offsetof(struct ipt_entry, next_offset) },
	{ "ip6tables-legacy", "/proc/thread-self/net/ip6_tables_names", AF_INET6, IPPROTO_IPV6,
	  offsetof(struct ip6t_entry, target_offset), offsetof(struct ip6t_entry, next_offset) },
};
/* Of these the structs are the same, and the numbers of the options. */
_Static_assert(sizeof(struct ipt_getinfo) == sizeof(struct ip6t_getinfo), "getinfo");
_Static_assert(sizeof(struct ipt_get_entries) == sizeof(struct ip6t_get_entries), "get_entries");

static uint16_t number_at(const char *entry, size_t offset)
{
	uint16_t v;

	memcpy(&v, entry + offset, sizeof(v));
	return v;
}

/* The verdict of the last entry, at @at of @size bytes: the policy. */
static bool is_drop(const struct protocol *p, const char *all, size_t size, size_t at)
{
	struct xt_standard_target t;
	size_t target;

	if (at > size || size - at < sizeof(struct ip6t_entry))
		return false;
	target = at + number_at(all + at, p->target);
	if (target > size || size - target < sizeof(t))
		return false;
	memcpy(&t, all + target, sizeof(t));
	return t.verdict == -NF_DROP - 1;
}

static unsigned entries_between(const struct protocol *p, const char *all, size_t size, size_t at, size_t end)
{
	unsigned n = 0;

	while (at < end && at <= size && size - at >= sizeof(struct ip6t_entry) && number_at(all + at, p->next)) {
		at += number_at(all + at, p->next);
		n++;
	}
	return n;
}

/* It may change between the two questions; then it is asked for again another time. */
static int table_read(int fd, const struct protocol *p, struct xt_obstacle *o)
{
	struct ipt_getinfo info = { 0 };
	_cleanup_(freep) struct ipt_get_entries *entries = NULL;
	socklen_t size = sizeof(info);

	snprintf(info.name, sizeof(info.name), "%s", o->table);
	if (getsockopt(fd, p->level, IPT_SO_GET_INFO, &info, &size) < 0)
		return -errno;
	if (!(info.valid_hooks & 1U << NF_INET_FORWARD))
		return 0;
	if (info.size > ENTRIES_MAX) {
		o->rules = info.num_entries;
		return 0;
	}
	size = (socklen_t)(sizeof(*entries) + info.size);
	entries = must(calloc(1, size + sizeof(struct ip6t_entry)));
	snprintf(entries->name, sizeof(entries->name), "%s", o->table);
	entries->size = info.size;
	if (getsockopt(fd, p->level, IPT_SO_GET_ENTRIES, entries, &size) < 0)
		return -errno;
	o->drops = is_drop(p, (const char *)entries->entrytable, info.size, info.underflow[NF_INET_FORWARD]);
	o->rules = entries_between(p, (const char *)entries->entrytable, info.size, info.hook_entry[NF_INET_FORWARD],
				   info.underflow[NF_INET_FORWARD]);
	return 0;
}

/* The tables in use, a name a line; a kernel without them has no such file. */
static int names_read(const struct protocol *p, char ret[NAMES_SIZE])
{
	_cleanup_(closep) int fd = open(p->names, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t n = fd < 0 ? -1 : read(fd, ret, NAMES_SIZE - 1);

	if (n < 0)
		return -errno;
	ret[n] = '\0';
	return 0;
}

static int protocol_read(const struct protocol *p, void (*each)(const struct xt_obstacle *o, void *arg), void *arg)
{
	_cleanup_(closep) int fd = -1;
	char names[NAMES_SIZE], *rest = NULL;
	int r = names_read(p, names);

	if (r < 0 || !*names)
		return r == -ENOENT ? 0 : r;
	fd = socket(p->family, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_RAW);
	if (fd < 0)
		return -errno;
	for (char *name = strtok_r(names, "\n", &rest); name; name = strtok_r(NULL, "\n", &rest)) {
		struct xt_obstacle o = { .command = p->command, .table = name };

		r = strlen(name) < XT_TABLE_MAXNAMELEN ? table_read(fd, p, &o) : 0;
		/* It was replaced meanwhile, or removed. */
		if (r < 0 && r != -EAGAIN && r != -ENOENT)
			return r;
		if (o.drops || o.rules)
			each(&o, arg);
	}
	return 0;
}

int xt_obstacles(void (*each)(const struct xt_obstacle *o, void *arg), void *arg, struct err *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++) {
		int r = protocol_read(&protocols[i], each, arg);

		if (r < 0)
			return err_set(e, r, "the tables of %s: %s", protocols[i].command, strerror(-r));
	}
	return 0;
}
