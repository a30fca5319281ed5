/* SPDX-License-Identifier: MIT */
/* check.c - helpers of the checks: findings, and questions about facts. */
#include "check.h"
#include "base/shell.h"
#include "model/model.h"
#include <ctype.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <stdarg.h>

enum { TEXT_SIZE = 1024 };

_printf_(3, 0) static const char *format(struct diagnosis *d, const char *before, const char *fmt, va_list ap)
{
	char text[TEXT_SIZE];

	vsnprintf(text, sizeof(text), fmt, ap);
	return arena_fmt(&d->arena, "%s%s", before, text);
}

struct finding *finding_add(struct diagnosis *d, const struct check *c, const struct at *at, const char *fmt, ...)
{
	const struct topology_fact *t = at->n && at->l ? facts_owner(d->f, at->n, at->l) : NULL;
	struct finding *f;
	va_list ap;

	/* The last one is overwritten by whatever is too much. */
	d->cut |= d->n == FINDINGS_MAX;
	d->n -= d->n == FINDINGS_MAX;
	f = array_add((void **)&d->v, &d->n, &d->room, sizeof(*f));
	if (!t && at->n && at->n->topology >= 0)
		t = &d->f->topologies[at->n->topology];
	f->check = c;
	f->topology = t ? t->name : NULL;
	f->object = at->n ? place_of(d, at->n, at->l) : "the machine";
	va_start(ap, fmt);
	f->message = format(d, "", fmt, ap);
	va_end(ap);
	return f;
}

void finding_ip(struct diagnosis *d, struct finding *f, const struct netns_fact *n, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	f->command = format(d, arena_fmt(&d->arena, "%s ", netns_ip(&d->arena, n->name)), fmt, ap);
	va_end(ap);
}

void finding_command(struct diagnosis *d, struct finding *f, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	f->command = format(d, "", fmt, ap);
	va_end(ap);
}

void finding_sysctl(struct diagnosis *d, struct finding *f, const struct netns_fact *n, const char *key,
		    const char *value)
{
	finding_command(d, f, "%ssysctl -w %s=%s", netns_exec(&d->arena, n->name), key, value);
}

const char *word_of(struct diagnosis *d, const char *s)
{
	return shell_word(&d->arena, s);
}

const char *place_of(struct diagnosis *d, const struct netns_fact *n, const struct link_fact *l)
{
	return l ? arena_fmt(&d->arena, "%s/%s", n->name, l->name) : n->name;
}

const char *ip_of(struct diagnosis *d, const struct inet *i)
{
	struct inet bare = *i;
	char text[64];

	bare.len = bare.family == AF_INET ? 32 : 128;
	return arena_strdup(&d->arena, inet_text(&bare, true, text));
}

bool next_link(const struct diagnosis *d, struct at *at)
{
	const struct netns_fact *end = d->f->netns + d->f->n_netns;

	if (!at->n) {
		at->n = d->f->netns;
		at->l = d->f->n_netns ? at->n->s.links : NULL;
	} else {
		at->l++;
	}
	while (at->n < end && at->l == at->n->s.links + at->n->s.n_links)
		if (++at->n < end)
			at->l = at->n->s.links;
	return at->n < end;
}

bool is_declared(const struct diagnosis *d, const struct at *at)
{
	const struct topology_fact *t = facts_owner(d->f, at->n, at->l);

	return t && t->up;
}

bool next_declared(const struct diagnosis *d, struct at *at)
{
	while (next_link(d, at))
		if (is_declared(d, at))
			return true;
	return false;
}

bool is_meant_down(const struct at *at)
{
	const struct declared_link *l = at->n->declared ? at->n->declared[at->l - at->n->s.links] : NULL;

	/* What somebody added by hand may be down. */
	return at->n->declared && (!l || l->down);
}

bool is_cut(const struct netns_fact *n, enum survey_part p)
{
	return n->s.cut & 1U << p;
}

bool same_ip(const struct inet *a, const struct inet *b)
{
	return a->family == b->family && !memcmp(a->addr, b->addr, sizeof(a->addr));
}

bool has_address(const struct netns_fact *n, const struct link_fact *l, const struct inet *address)
{
	for (size_t i = 0; i < n->s.n_addresses; i++)
		if (n->s.addresses[i].link == l->index && same_ip(&n->s.addresses[i].address, address))
			return true;
	return false;
}

/* Rules other than the kernel's own three. */
static bool has_rules(const struct netns_fact *n, uint8_t family)
{
	for (size_t i = 0; i < n->s.n_rules; i++)
		if (n->s.rules[i].family == family && n->s.rules[i].protocol != RTPROT_KERNEL)
			return true;
	return false;
}

const struct route_fact *route_to(const struct netns_fact *n, const struct inet *to)
{
	const struct route_fact *best = NULL;

	if (is_cut(n, SURVEY_ROUTES) || has_rules(n, to->family))
		return NULL;
	for (size_t i = 0; i < n->s.n_routes; i++) {
		const struct route_fact *r = &n->s.routes[i];
		unsigned len = r->to.family ? r->to.len : 0;

		if (r->family != to->family || r->table != RT_TABLE_MAIN || r->flags & RTNH_F_DEAD ||
		    (r->to.family && !inet_covers(&r->to, to)))
			continue;
		if (!best || len > (best->to.family ? best->to.len : 0U) ||
		    (len == (best->to.family ? best->to.len : 0U) && r->metric < best->metric))
			best = r;
	}
	return best;
}

const struct link_fact *gateway_link(const struct netns_fact *n, const struct route_fact *r)
{
	return r->link ? survey_link(&n->s, r->link) : NULL;
}

/* How many networks it is in with links that are not loopbacks. */
static unsigned count_segments(const struct netns_fact *n)
{
	uint32_t first = 0;

	for (size_t i = 0; i < n->s.n_addresses; i++) {
		const struct link_fact *l = survey_link(&n->s, n->s.addresses[i].link);

		if (!l || l->loopback || n->s.addresses[i].scope == RT_SCOPE_LINK)
			continue;
		if (first && l->segment != first)
			return 2;
		first = l->segment;
	}
	return first ? 1 : 0;
}

bool is_router(const struct netns_fact *n)
{
	for (size_t i = 0; i < n->n_words; i++) {
		const struct declared_netns *w = n->words[i];

		if (w->forwards4 || w->forwards6 || w->masquerades || w->n_port_forwards)
			return true;
	}
	/* The host is not asked to forward for what only talks to it. */
	return n->place == PLACE_OURS && (n->gateway4 || n->gateway6) && count_segments(n) > 1;
}

const struct drift_fact *drift_of(const struct diagnosis *d, const char *kind, const char *netns, const char *link,
				  bool missing)
{
	for (size_t t = 0; t < d->f->n_topologies; t++)
		for (size_t i = 0; i < d->f->topologies[t].n_drifts; i++) {
			const struct drift_fact *one = &d->f->topologies[t].drifts[i];
			size_t n = strlen(netns);

			if (!one->open || (missing && one->actual) || (kind && strcmp(one->kind, kind) != 0) ||
			    strncmp(one->object, netns, n) != 0)
				continue;
			if (link ? one->object[n] == '/' && !strcmp(one->object + n + 1, link) : !one->object[n])
				return one;
		}
	return NULL;
}

const char *field_value(const char *text, const char *word)
{
	size_t n = strlen(word);

	for (const char *at = text; at && *at; at = strstr(at, ", "), at = at ? at + 2 : NULL)
		if (!strncmp(at, word, n) && at[n] == ' ')
			return at + n + 1;
	return NULL;
}
