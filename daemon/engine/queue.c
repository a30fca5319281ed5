/* SPDX-License-Identifier: MIT */
/* queue.c - two queues of changes.  A user who asks without end gets at most a quarter of
 * the time, and less while there is something to heal. */
#include "queue.h"
#include "usec.h"
#include <json-c/json.h>

enum { REST = 3, REST_HEALING = 15, REST_MAX_USEC = 1000 * 1000 };

void queue_init(struct queue *q)
{
	*q = (struct queue){ 0 };
	for (size_t i = 0; i < LINES; i++)
		q->last[i] = &q->first[i];
}

static void entry_free(struct entry *entry)
{
	json_object_put(entry->change.topology);
	free(entry);
}

void queue_done(struct queue *q)
{
	for (size_t i = 0; i < LINES; i++)
		for (struct entry *entry = q->first[i], *next; entry; entry = next) {
			next = entry->next;
			entry_free(entry);
		}
	queue_init(q);
}

static enum line line_of(const struct entry *entry)
{
	return entry->change.of_user ? LINE_USERS : LINE_OWN;
}

void queue_add(struct queue *q, const struct change *c)
{
	struct entry *entry = must(calloc(1, sizeof(*entry)));
	enum line line;

	entry->change = *c;
	line = line_of(entry);
	*q->last[line] = entry;
	q->last[line] = &entry->next;
}

static bool may_begin(const struct queue *q)
{
	return q->first[LINE_USERS] && (q->leaving || usec_now(CLOCK_BOOTTIME) >= q->opens_usec);
}

struct entry *queue_take(struct queue *q, bool healing)
{
	struct entry *next = q->at;

	if (!next)
		next = q->first[LINE_OWN] ? q->first[LINE_OWN] : may_begin(q) ? q->first[LINE_USERS] : NULL;
	if (!next || (healing && line_of(next) == LINE_USERS && usec_now(CLOCK_BOOTTIME) < q->steps_usec))
		return NULL;
	q->at = next;
	return next;
}

static uint64_t rest(uint64_t spent, unsigned times)
{
	return spent * times < REST_MAX_USEC ? spent * times : REST_MAX_USEC;
}

void queue_spent(struct queue *q, uint64_t usec)
{
	uint64_t now = usec_now(CLOCK_BOOTTIME);

	q->spent_usec += usec;
	q->opens_usec = now + rest(q->spent_usec, REST);
	q->steps_usec = now + rest(usec, REST_HEALING);
}

struct entry *queue_pop(struct queue *q)
{
	struct entry *entry = TAKE(q->at);
	enum line line = line_of(entry);

	q->first[line] = entry->next;
	if (!q->first[line])
		q->last[line] = &q->first[line];
	q->spent_usec = 0;
	return entry;
}

/* Puts the running change back in the queue, behind @other. */
static void put_behind(struct queue *q, struct entry *other)
{
	struct entry *entry = TAKE(q->at);
	enum line line = line_of(entry);

	q->first[line] = entry->next;
	entry->next = other->next;
	other->next = entry;
	if (!entry->next)
		q->last[line] = &entry->next;
}

bool queue_defer(struct queue *q, const char *user, size_t most)
{
	struct entry *entry = q->at, *other = entry->next;

	while (other && (other->change.type != CHANGE_DOWN || strcmp(other->change.name, user)))
		other = other->next;
	if (!other || entry->deferred++ > most)
		return false;
	put_behind(q, other);
	return true;
}

bool queue_again(struct queue *q)
{
	struct entry *entry = q->at, *last = NULL;

	for (struct entry *other = entry->next; other; other = other->next)
		if (other->change.type == entry->change.type)
			last = other;
	if (!last || entry->again)
		return false;
	entry->again = true;
	put_behind(q, last);
	return true;
}

bool queue_is_ready(const struct queue *q)
{
	return q->at || q->first[LINE_OWN] || may_begin(q);
}

uint64_t queue_deadline(const struct queue *q)
{
	return q->first[LINE_USERS] ? q->opens_usec : UINT64_MAX;
}
