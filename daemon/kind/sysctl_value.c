/* SPDX-License-Identifier: MIT */
/* sysctl_value.c - what the value of a key means to the kernel, which writes many of them
 * differently from people.  Pure. */
#include "sysctl.h"
#include <arpa/inet.h>
#include <ctype.h>

enum unit {
	UNIT_NONE,
	UNIT_MS,    /* stored in jiffies: proc_dointvec_ms_jiffies, kernel/time/jiffies.c */
	UNIT_TICKS, /* hundredths of a second, likewise: proc_dointvec_userhz_jiffies */
	UNIT_TRUTH, /* any number but 0 is 1: brnf_sysctl_call_tables, net/bridge/br_netfilter_hooks.c */
};

/* Keys by the end of their names, where a number is more than a number. */
static const struct meaning {
	const char *name;
	enum unit unit;
	unsigned numbers; /* how many numbers it has; 0: not fixed */
	bool range;       /* from, to */
} meanings[] = {
	{ .name = "icmp_ratelimit", .unit = UNIT_MS },
	{ .name = "icmp.ratelimit", .unit = UNIT_MS },
	{ .name = "tcp_invalid_ratelimit", .unit = UNIT_MS },
	{ .name = "base_reachable_time_ms", .unit = UNIT_MS },
	{ .name = "interval_probe_time_ms", .unit = UNIT_MS },
	{ .name = "retrans_time_ms", .unit = UNIT_MS },
	{ .name = "gc_min_interval_ms", .unit = UNIT_MS },
	{ .name = "mldv1_unsolicited_report_interval", .unit = UNIT_MS },
	{ .name = "mldv2_unsolicited_report_interval", .unit = UNIT_MS },
	{ .name = "anycast_delay", .unit = UNIT_TICKS },
	{ .name = "proxy_delay", .unit = UNIT_TICKS },
	{ .name = "locktime", .unit = UNIT_TICKS },
	{ .name = "retrans_time", .unit = UNIT_TICKS },
	{ .name = "bridge-nf-call-arptables", .unit = UNIT_TRUTH },
	{ .name = "bridge-nf-call-iptables", .unit = UNIT_TRUTH },
	{ .name = "bridge-nf-call-ip6tables", .unit = UNIT_TRUTH },
	{ .name = "bridge-nf-filter-vlan-tagged", .unit = UNIT_TRUTH },
	{ .name = "bridge-nf-filter-pppoe-tagged", .unit = UNIT_TRUTH },
	{ .name = "bridge-nf-pass-vlan-input-dev", .unit = UNIT_TRUTH },
	{ .name = "ip_local_port_range", .numbers = 2, .range = true },
	{ .name = "ping_group_range", .numbers = 2, .range = true },
	{ .name = "tcp_rmem", .numbers = 3 },
	{ .name = "tcp_wmem", .numbers = 3 },
	{ .name = "tcp_mem", .numbers = 3 },
	{ .name = "udp_mem", .numbers = 3 },
	{ 0 },
};

/* Whether @key is called @name, or ends in it after a dot. */
static bool is_called(const char *key, const char *name)
{
	size_t k = strlen(key), n = strlen(name);

	return k >= n && !strcmp(key + k - n, name) && (k == n || key[k - n - 1] == '.');
}

static const struct meaning *meaning_of(const char *key)
{
	const struct meaning *m = meanings;

	while (m->name && !is_called(key, m->name))
		m++;
	return m;
}

/* Takes the next word of @s, which is advanced past it; false: there is none. */
static bool next_word(const char **s, char word[SYSCTL_VALUE_MAX + 1])
{
	size_t n;

	while (isspace((unsigned char)**s))
		(*s)++;
	for (n = 0; (*s)[n] && !isspace((unsigned char)(*s)[n]) && n < SYSCTL_VALUE_MAX; n++)
		word[n] = (*s)[n];
	word[n] = '\0';
	*s += n;
	return n;
}

/* Parses a number as the kernel does: decimal, 0x10, or 010. */
static bool number_parse(const char *s, long long *ret)
{
	char *end;

	if (!isdigit((unsigned char)s[*s == '-']))
		return false;
	errno = 0;
	*ret = strtoll(s, &end, 0);
	return errno == 0 && *end == '\0';
}

/* ---- times, which the kernel counts in jiffies ---- */

/* Whether @kept is what the kernel makes of @time, at @hz jiffies in a second. */
static bool is_kept_as(enum unit unit, long long time, long long kept, long long hz)
{
	long long per_second = unit == UNIT_MS ? 1000 : 100;
	/* A time in milliseconds is rounded up; one in ticks is cut off. */
	long long jiffies = (time * hz + (unit == UNIT_MS ? per_second - 1 : 0)) / per_second;
	long long back = jiffies * per_second;

	return kept == back / hz || kept == (back + hz - 1) / hz;
}

/* The rate is that of the kernel's build (kernel/Kconfig.hz). */
static bool times_equal(enum unit unit, long long a, long long b)
{
	static const long long rates[] = { 100, 250, 300, 1000 };

	if (a < 0 || b < 0 || a > INT32_MAX || b > INT32_MAX)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(rates); i++)
		if (is_kept_as(unit, a, b, rates[i]) || is_kept_as(unit, b, a, rates[i]))
			return true;
	return false;
}

static bool numbers_equal(enum unit unit, long long a, long long b)
{
	switch (unit) {
	case UNIT_NONE:
		break;
	case UNIT_MS:
	case UNIT_TICKS:
		return a == b || times_equal(unit, a, b);
	case UNIT_TRUTH:
		return !a == !b;
	}
	return a == b;
}

/* ---- lists of numbers and ranges: "8080-8081,9148" ---- */

enum { LIST_MAX = 65536 };

static bool list_parse(const char *s, uint8_t set[LIST_MAX / 8])
{
	memset(set, 0, LIST_MAX / 8);
	for (const char *end; *s; s = end + (*end == ',')) {
		unsigned long from, to;

		if (!isdigit((unsigned char)*s))
			return false;
		from = to = strtoul(s, (char **)(uintptr_t)&end, 0);
		if (*end == '-') {
			if (!isdigit((unsigned char)end[1]))
				return false;
			to = strtoul(end + 1, (char **)(uintptr_t)&end, 0);
		}
		if ((*end && *end != ',') || from > to || to >= LIST_MAX)
			return false;
		for (; from <= to; from++)
			set[from / 8] |= (uint8_t)(1U << from % 8);
	}
	return true;
}

static bool lists_equal(const char *a, const char *b)
{
	uint8_t x[LIST_MAX / 8], y[LIST_MAX / 8];

	return list_parse(a, x) && list_parse(b, y) && !memcmp(x, y, sizeof(x));
}

/* ---- other words ---- */

static bool addresses_equal(const char *a, const char *b)
{
	struct in6_addr x, y;

	return inet_pton(AF_INET6, a, &x) == 1 && inet_pton(AF_INET6, b, &y) == 1 && !memcmp(&x, &y, sizeof(x));
}

/* "1-2-3-a", one or two of them: proc_tcp_fastopen_key, net/ipv4/sysctl_net_ipv4.c. */
static bool keys_equal(const char *a, const char *b)
{
	while (*a && *b) {
		char *x, *y;

		if (!isxdigit((unsigned char)*a) || !isxdigit((unsigned char)*b) ||
		    strtoul(a, &x, 16) != strtoul(b, &y, 16) || *x != *y)
			return false;
		a = x + (*x != '\0');
		b = y + (*y != '\0');
	}
	return *a == *b;
}

static bool words_equal(const char *key, const struct meaning *m, const char *a, const char *b)
{
	long long x, y;

	if (!strcmp(a, b))
		return true;
	if (number_parse(a, &x) && number_parse(b, &y))
		return numbers_equal(m->unit, x, y);
	if (is_called(key, "stable_secret"))
		return addresses_equal(a, b);
	if (is_called(key, "tcp_fastopen_key"))
		return keys_equal(a, b);
	return lists_equal(a, b);
}

bool sysctl_value_equal(const char *key, const char *a, const char *b)
{
	const struct meaning *m = meaning_of(key);
	char x[SYSCTL_VALUE_MAX + 1], y[SYSCTL_VALUE_MAX + 1];

	if (!a || !b || !strcmp(a, b))
		return a && b;
	for (;;) {
		bool more = next_word(&a, x);

		if (more != next_word(&b, y))
			return false;
		if (!more)
			return true;
		if (!words_equal(key, m, x, y))
			return false;
	}
}

/* ---- checks ---- */

static int numbers_check(const struct meaning *m, const char *value, struct err *e)
{
	char word[SYSCTL_VALUE_MAX + 1];
	long long v[3] = { 0 };
	unsigned n = 0;

	for (const char *s = value; next_word(&s, word); n++)
		if (n < ARRAY_SIZE(v) && !number_parse(word, &v[n]))
			return err_set(e, EINVAL, "%s takes %u numbers, and \"%.40s\" is not a number", m->name,
				       m->numbers, word);
	/* The kernel would leave the missing ones unchanged, and ignore those that are too many. */
	if (n != m->numbers)
		return err_set(e, EINVAL, "%s takes %u numbers, not %u", m->name, m->numbers, n);
	/* "1 0" means nobody to the kernel. */
	if (m->range && v[0] > v[1] && (v[0] != 1 || v[1] != 0))
		return err_set(e, EINVAL, "%s: %lld to %lld is empty: the smaller number comes first", m->name, v[0],
			       v[1]);
	return 0;
}

int sysctl_value_check(const char *key, const char *value, struct err *e)
{
	const struct meaning *m = meaning_of(key);
	struct in6_addr secret;

	if (is_called(key, "flush"))
		return err_set(e, EINVAL, "%s is an action, not a setting; it cannot be declared", key);
	if (is_called(key, "all.stable_secret"))
		return err_set(e, EINVAL, "%s cannot be set; did you mean net.ipv6.conf.default.stable_secret?", key);
	if (is_called(key, "stable_secret") && inet_pton(AF_INET6, value, &secret) != 1)
		return err_set(e, EINVAL, "%s: \"%.60s\" is not in the form of an IPv6 address", key, value);
	return m->numbers ? numbers_check(m, value, e) : 0;
}
