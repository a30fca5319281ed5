/* SPDX-License-Identifier: MIT */
/* merge.c - puts packets into the order of their times: a binary heap, the oldest on top. */
#include "merge.h"

static bool is_before(const struct packet *a, const struct packet *b)
{
	return a->nsec != b->nsec ? a->nsec < b->nsec : a->number < b->number;
}

static void swap(struct packet **a, struct packet **b)
{
	struct packet *p = *a;

	*a = *b;
	*b = p;
}

void merge_add(struct merge *m, const struct packet *head, const uint8_t *data, uint64_t usec)
{
	struct packet *p = must(malloc(sizeof(*p) + head->captured));
	size_t at;

	*p = *head;
	p->usec = usec;
	p->number = m->added++;
	if (p->captured)
		memcpy(p->data, data, p->captured);
	*(struct packet **)array_add((void **)&m->heap, &m->n, &m->room, sizeof(*m->heap)) = p;
	m->bytes += sizeof(*p) + p->captured;
	for (at = m->n - 1; at && is_before(m->heap[at], m->heap[(at - 1) / 2]); at = (at - 1) / 2)
		swap(&m->heap[at], &m->heap[(at - 1) / 2]);
}

/* Restores the order below the top. */
static void sink(struct merge *m)
{
	for (size_t at = 0, next; (next = 2 * at + 1) < m->n; at = next) {
		if (next + 1 < m->n && is_before(m->heap[next + 1], m->heap[next]))
			next++;
		if (!is_before(m->heap[next], m->heap[at]))
			return;
		swap(&m->heap[at], &m->heap[next]);
	}
}

uint64_t merge_due(const struct merge *m)
{
	if (!m->n)
		return UINT64_MAX;
	return m->bytes > m->bytes_max ? 0 : m->heap[0]->usec + m->window_usec;
}

struct packet *merge_take(struct merge *m, uint64_t usec)
{
	struct packet *p;

	if (!m->n || merge_due(m) > usec)
		return NULL;
	p = m->heap[0];
	m->heap[0] = m->heap[--m->n];
	sink(m);
	m->bytes -= sizeof(*p) + p->captured;
	m->late += p->nsec < m->last_nsec;
	/* Not the largest so far: a clock that is set back makes one packet late, not all that follow. */
	m->last_nsec = p->nsec;
	return p;
}

void merge_done(struct merge *m)
{
	for (size_t i = 0; i < m->n; i++)
		free(m->heap[i]);
	free(m->heap);
	m->heap = NULL;
	m->n = m->room = m->bytes = 0;
}
