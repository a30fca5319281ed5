/* SPDX-License-Identifier: MIT */
/* trace_netns.c - where a packet is in one namespace, in words. */
#include "trace_netns.h"
#include "base/shell.h"
#include "model/model.h"
#include "kernel/netns.h"
#include "kernel/nft_seen.h"
#include <fcntl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <netinet/in.h>
#include <sys/socket.h>

enum { FILE_SIZE = 16 << 10 };

/* Why packets do not get on, as nstat(8) calls it: a line of names and one of values, or one name and its value. */
static const struct {
	const char *file, *line, *name;
} counters[TRACE_COUNTERS] = {
	{ "snmp", "Ip", "InHdrErrors" },        { "snmp", "Ip", "InAddrErrors" },
	{ "snmp", "Ip", "InDiscards" },         { "snmp", "Ip", "OutDiscards" },
	{ "snmp", "Ip", "OutNoRoutes" },        { "snmp", "Ip", "FragFails" },
	{ "snmp", "Udp", "NoPorts" },           { "netstat", "TcpExt", "IPReversePathFilter" },
	{ "netstat", "TcpExt", "ListenDrops" }, { "netstat", "IpExt", "InNoRoutes" },
	{ "snmp6", NULL, "Ip6InHdrErrors" },    { "snmp6", NULL, "Ip6InTooBigErrors" },
	{ "snmp6", NULL, "Ip6InNoRoutes" },     { "snmp6", NULL, "Ip6InAddrErrors" },
	{ "snmp6", NULL, "Ip6InDiscards" },     { "snmp6", NULL, "Ip6OutDiscards" },
	{ "snmp6", NULL, "Ip6OutNoRoutes" },
};

/* ---- counters ---- */

static void file_read(const char *name, char ret[FILE_SIZE])
{
	char path[64];
	_cleanup_(closep) int fd = -1;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/thread-self/net/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	n = fd < 0 ? -1 : read(fd, ret, FILE_SIZE - 1);
	ret[n > 0 ? n : 0] = '\0';
}

/* The value of @name below the line of names that begins with @line. */
static uint64_t value_below(const char *text, const char *line, const char *name)
{
	size_t size = strlen(line), field = 0;
	const char *names = text, *values;

	while (names && (strncmp(names, line, size) != 0 || names[size] != ':'))
		names = strchr(names, '\n') ? strchr(names, '\n') + 1 : NULL;
	values = names ? strchr(names, '\n') : NULL;
	if (!values)
		return 0;
	for (const char *at = names; at < values; at += strcspn(at, " \n"), at += *at == ' ', field++)
		if (!strncmp(at, name, strlen(name)) && strchr(" \n", at[strlen(name)])) {
			for (at = values + 1; field; field--)
				at += strcspn(at, " \n"), at += *at == ' ';
			return strtoull(at, NULL, 10);
		}
	return 0;
}

static uint64_t value_beside(const char *text, const char *name)
{
	size_t size = strlen(name);

	for (const char *at = text; at && *at; at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL)
		if (!strncmp(at, name, size) && strchr(" \t", at[size]))
			return strtoull(at + size, NULL, 10);
	return 0;
}

static void counters_read(const struct traced_netns *n, uint64_t ret[TRACE_COUNTERS])
{
	const struct netns ns = { .name = "", .fd = n->fd };
	struct err e;
	_cleanup_(netns_leavep) int entered = netns_enter(&ns, &e);
	char text[FILE_SIZE] = "";
	const char *file = "";

	memset(ret, 0, TRACE_COUNTERS * sizeof(*ret));
	for (size_t i = 0; entered >= 0 && i < TRACE_COUNTERS; i++) {
		if (strcmp(file, counters[i].file) != 0)
			file_read(file = counters[i].file, text);
		ret[i] = counters[i].line ? value_below(text, counters[i].line, counters[i].name)
					  : value_beside(text, counters[i].name);
	}
}

void traced_counters(const struct traced_netns *n, uint64_t ret[TRACE_COUNTERS])
{
	counters_read(n, ret);
	for (size_t i = 0; i < TRACE_COUNTERS; i++)
		ret[i] -= n->counters[i];
}

const char *traced_counter_name(size_t i, struct arena *a)
{
	return arena_fmt(a, "%s%s", counters[i].line ? counters[i].line : "", counters[i].name);
}

/* ---- to begin with ---- */

static bool is_open(struct traced_netns *n, const char *dir, struct err *e)
{
	const char *name = n->name;
	struct netns_set set;
	int r = netns_set_make(&set, dir, &name, 1, e);

	if (r == 0 && netns_is_there(&set.v[0]))
		n->fd = take_fd(&set.v[0].fd);
	netns_set_done(&set);
	return n->fd >= 0;
}

int traced_open(struct traced_netns *n, const struct explanation *x, const struct netns_fact *fact, const char *dir,
		struct err *e)
{
	struct passage passages[NFT_TRACED_MAX];

	*n = (struct traced_netns){ .name = must(strdup(fact->name)), .fd = -1 };
	if (!is_open(n, dir, e))
		return err_set(e, ESTALE, "%s is gone", fact->name);
	n->links = must(calloc(fact->s.n_links + 1, sizeof(*n->links)));
	n->n_links = fact->s.n_links;
	for (size_t i = 0; i < n->n_links; i++) {
		n->links[i].index = fact->s.links[i].index;
		snprintf(n->links[i].name, sizeof(n->links[i].name), "%s", fact->s.links[i].name);
	}
	n->n_packets = explain_packets(x, fact, passages, NFT_TRACED_MAX);
	for (size_t i = 0; i < n->n_packets; i++) {
		const struct flow *f = &passages[i].flow;

		n->packets[i] = (struct nft_packet){ f->from, f->to, f->proto, f->sport, f->dport };
		n->back[i] = passages[i].back;
	}
	return 0;
}

int traced_begin(struct traced_netns *n, struct err *e)
{
	int r = nft_trace_begin(&n->trace, n->fd, n->packets, n->n_packets, e);

	if (r == -EEXIST)
		return err_set(e, EEXIST,
			       "%s has a table inet " NFT_TRACE_TABLE " already: nft delete table inet " NFT_TRACE_TABLE
			       " there, if nobody traces",
			       n->name);
	if (r < 0)
		return err_prefix(e, "%s: tracing needs nftables of Linux 5.12 or later", n->name);
	counters_read(n, n->counters);
	return 0;
}

void traced_done(struct traced_netns *n)
{
	nft_trace_end(TAKE(n->trace));
	if (n->fd >= 0)
		close(n->fd);
	free(n->links);
	free(n->name);
	*n = (struct traced_netns){ .fd = -1 };
}

/* ---- events ---- */

static const char *link_name(const struct traced_netns *n, uint32_t index)
{
	for (size_t i = 0; i < n->n_links; i++)
		if (n->links[i].index == index)
			return n->links[i].name;
	return NULL;
}

/* "ns1/eth0", or "ns1" */
static const char *place(const struct traced_netns *n, uint32_t link, struct arena *a)
{
	const char *name = link ? link_name(n, link) : NULL;

	return arena_fmt(a, "%s%s%s", n->name, name ? "/" : "", name ? name : "");
}

static bool same_address(const struct inet *a, const struct inet *b)
{
	return a->family == b->family && !memcmp(a->addr, b->addr, sizeof(a->addr));
}

static bool same_ends(const struct nft_packet *a, const struct nft_packet *b)
{
	return same_address(&a->from, &b->from) && same_address(&a->to, &b->to) && a->sport == b->sport &&
	       a->dport == b->dport;
}

static bool is_answer(const struct traced_netns *n, const struct nft_packet *h)
{
	for (size_t i = 0; i < n->n_packets; i++) {
		const struct nft_packet *p = &n->packets[i];

		if (same_address(&p->from, &h->from) && same_address(&p->to, &h->to) &&
		    (!p->sport || p->sport == h->sport) && (!p->dport || p->dport == h->dport))
			return n->back[i];
	}
	return false;
}

/* "10.0.0.1 port 4711 → 10.0.0.2 port 80" */
static const char *ends(const struct nft_packet *h, struct arena *a)
{
	char from[64], to[64], sport[16] = "", dport[16] = "";

	if (h->sport)
		snprintf(sport, sizeof(sport), " port %u", h->sport);
	if (h->dport)
		snprintf(dport, sizeof(dport), " port %u", h->dport);
	return arena_fmt(a, "%s%s → %s%s", inet_text(&h->from, true, from), sport, inet_text(&h->to, true, to), dport);
}

static struct traced_packet *find(struct traced_netns *n, uint32_t id)
{
	for (size_t i = 0; i < TRACE_PACKETS; i++)
		if (n->seen[i].number && n->seen[i].id == id && !n->seen[i].done)
			return &n->seen[i];
	return NULL;
}

static bool on_seen(struct traced_netns *n, const struct nft_trace_event *event, struct arena *a,
		    struct traced_step *ret)
{
	struct traced_packet *p = &n->seen[n->next++ % TRACE_PACKETS];
	bool back = is_answer(n, &event->header);

	*p = (struct traced_packet){ .id = event->packet,
				     .number = ++n->numbers[back],
				     .back = back,
				     .hook = event->in ? "prerouting" : "output",
				     .header = event->header };
	*ret = (struct traced_step){ .back = p->back,
				     .packet = p->number,
				     .object = place(n, event->in, a),
				     .message = arena_fmt(a, "%s: %s", event->in ? "comes in" : "is sent",
							  ends(&event->header, a)) };
	return true;
}

/* What the end of a hook is called, where it is told. */
static const struct {
	const char *hook, *message;
	bool end; /* the packet is through with this namespace */
} passed[] = {
	{ "prerouting", NULL, false }, { "input", "arrives", true },      { "forward", "is forwarded", false },
	{ "output", NULL, false },     { "postrouting", "leaves", true },
};

static bool on_passed(struct traced_netns *n, struct traced_packet *p, const struct nft_trace_event *event,
		      struct arena *a, struct traced_step *ret)
{
	bool changed = event->has_header && !same_ends(&event->header, &p->header);
	size_t i = 0;

	while (i + 1 < ARRAY_SIZE(passed) && strcmp(passed[i].hook, event->hook) != 0)
		i++;
	p->hook = passed[i].hook;
	p->passed = true;
	p->done = passed[i].end;
	if (event->has_header)
		p->header = event->header;
	if (!strcmp(p->hook, "input"))
		n->arrived[p->back]++;
	if (!changed && !passed[i].message)
		return false;
	*ret = (struct traced_step){ .back = p->back,
				     .packet = p->number,
				     .object = place(n, event->out ? event->out : event->in, a),
				     .message = arena_fmt(
					     a, "%s%s%s", passed[i].message ? passed[i].message : "is translated",
					     changed ? ": now " : "", changed ? ends(&p->header, a) : "") };
	return true;
}

/* What a rule or a policy decides; NULL: nothing that has to be told. */
static const char *decision(const struct nft_trace_event *event, struct arena *a)
{
	bool rule = event->what == NFT_TRACE_RULE;

	switch ((int)event->verdict) {
	case NF_DROP:
		return "drop";
	case NF_ACCEPT:
		return rule ? "accept" : NULL;
	case NF_QUEUE:
		return "queue";
	case NF_STOLEN:
		return "stolen";
	case NFT_JUMP:
	case NFT_GOTO:
		return arena_fmt(a, "%s %s", (int)event->verdict == NFT_JUMP ? "jump" : "goto",
				 event->target ? event->target : "?");
	default:
		return NULL;
	}
}

static bool on_decision(struct traced_netns *n, struct traced_packet *p, const struct nft_trace_event *event,
			struct arena *a, struct traced_step *ret)
{
	const char *what = decision(event, a), *rule;

	if (!what)
		return false;
	p->done = event->verdict == NF_DROP;
	rule = event->what == NFT_TRACE_RULE ? arena_fmt(a, "rule %llu", (unsigned long long)event->handle) : "policy";
	*ret = (struct traced_step){
		.back = p->back,
		.dropped = p->done,
		.packet = p->number,
		.object = n->name,
		.message = arena_fmt(a, "table %s %s, chain %s, %s: %s", event->family, event->table, event->chain,
				     rule, what),
		.command = !p->done
				   ? NULL
				   : arena_fmt(a, "%snft -a list chain %s %s %s", netns_exec(a, n->name), event->family,
					       shell_word(a, event->table), shell_word(a, event->chain)),
	};
	return true;
}

bool traced_event(struct traced_netns *n, const struct nft_trace_event *event, struct arena *a, struct traced_step *ret)
{
	struct traced_packet *p;

	if (event->what == NFT_TRACE_SEEN)
		return on_seen(n, event, a, ret);
	p = find(n, event->packet);
	if (!p)
		return false;
	return event->what == NFT_TRACE_PASSED ? on_passed(n, p, event, a, ret) : on_decision(n, p, event, a, ret);
}

/* Where it stopped. */
static const char *lost_words(const struct traced_packet *p)
{
	if (!p->passed)
		return "is dropped there by no rule of nftables: by iptables-legacy, or something else in the kernel";
	if (!strcmp(p->hook, "prerouting"))
		return "gets no further than prerouting: routing has dropped it (no route, rp_filter, not forwarded)";
	return !strcmp(p->hook, "forward") ? "gets no further than forward" : "gets no further than output";
}

bool traced_lost(struct traced_netns *n, struct arena *a, struct traced_step *ret)
{
	for (size_t i = 0; i < TRACE_PACKETS; i++) {
		struct traced_packet *p = &n->seen[(n->next + i) % TRACE_PACKETS];

		if (!p->number || p->done)
			continue;
		p->done = true;
		*ret = (struct traced_step){ .back = p->back,
					     .dropped = true,
					     .packet = p->number,
					     .object = n->name,
					     .message = arena_strdup(a, lost_words(p)) };
		return true;
	}
	return false;
}
