/* SPDX-License-Identifier: MIT */
/* owner.c - decides who owns an observed object: the kernel is the register; what was applied last only tells to which
 * of our own topologies an object belongs. */
#include "owner.h"
#include "base/search.h"
#include "kind.h"
#include "model.h"

uint64_t fnv(uint64_t h, const char *s)
{
	do
		h = (h ^ (uint8_t)*s) * UINT64_C(0x100000001b3);
	while (*s++);
	return h;
}

uint32_t topology_hash(const char *name)
{
	uint64_t h = fnv(FNV_START, name);
	uint32_t folded = (uint32_t)(h ^ (h >> 32)) & GROUP_HASH;

	return folded ? folded : 1;
}

uint32_t group_of_link(const char *topology, const char *name)
{
	return GROUP_OURS | topology_hash(topology) | (is_loopback(name) ? (uint32_t)GROUP_LOOPBACK : 0);
}

struct sign sign_of_link(uint32_t group, const char *alias)
{
	size_t n = strlen(ALIAS_PREFIX);
	struct sign s = { .group = group, .alias = alias && *alias ? alias : NULL };

	if (!(group & GROUP_OURS) || group & UINT32_C(1) << 31) {
		s.taken = group || s.alias;
		return s;
	}
	s.hash = group & GROUP_HASH;
	s.topology = alias && !strncmp(alias, ALIAS_PREFIX, n) ? alias + n : NULL;
	return s;
}

struct numbered {
	uint32_t number;
	const struct object *link;
};

/* The parameters of owner_resolve, and the objects of one id. */
struct resolving {
	struct model *observed, *desired, *last;
	const struct model *tried;
	const char *name;
	uint32_t hash;
	const struct object *netns; /* observed, of the present objects */
	struct numbered *numbered;  /* declared links observed with the complete mark, by number; or NULL */
	size_t n_numbered;
};

static int number_cmp(const void *a, const void *b)
{
	const struct numbered *x = a, *y = b;

	return x->number < y->number ? -1 : x->number > y->number;
}

static void number(struct resolving *r)
{
	const struct model *models[] = { r->desired, r->last };

	r->numbered = must(calloc(2 * (r->desired->n + r->last->n) + 1, sizeof(*r->numbered)));
	for (size_t m = 0; m < ARRAY_SIZE(models); m++)
		for (size_t i = 0; i < models[m]->n; i++) {
			const struct object *o = models[m]->objects[i];

			if (o->marked && object_is(o, "link"))
				r->numbered[r->n_numbered++] = (struct numbered){ o->marked, o };
			if (o->former)
				r->numbered[r->n_numbered++] = (struct numbered){ o->former, o };
		}
	qsort(r->numbered, r->n_numbered, sizeof(*r->numbered), number_cmp);
}

static uint64_t cookie_of(struct resolving *r, const struct object *o)
{
	if (!r->netns || strcmp(r->netns->netns, o->netns))
		r->netns = model_netns(r->observed, o->netns);
	return r->netns ? r->netns->cookie : 0;
}

/* What is unique for the kernel among objects of the same id: the number of a link, the time when an address was
 * created; a namespace has its cookie. */
static uint32_t number_of(const struct object *o)
{
	return object_is(o, "netns") ? 1 : object_is(o, "link") ? o->handle : o->born;
}

/* The object that a topology declares as created by it under that id; NULL if it does not, or only manages it. */
static struct object *made_by(const struct model *m, const struct object *o)
{
	struct object *declared = m ? model_same(m, o) : NULL,
		      *netns = declared && declared->managed ? model_netns(m, o->netns) : NULL;
	bool loopback = netns && !netns->managed && is_loopback(o->name);

	return declared && (!declared->managed || loopback) ? declared : NULL;
}

/* Whether @declared was observed with the complete mark as this very link or namespace. */
static bool was_observed(struct resolving *r, const struct object *declared, const struct object *o)
{
	return declared && declared->marked && declared->cookie && declared->cookie == cookie_of(r, o) &&
	       declared->marked == number_of(o);
}

/* Whether it was observed so under another name. */
static bool is_renamed(struct resolving *r, const struct object *o)
{
	const struct numbered key = { .number = o->handle };

	if (!r->numbered)
		number(r);
	for (size_t i = lower_bound(&key, r->numbered, r->n_numbered, sizeof(key), number_cmp);
	     i < r->n_numbered && r->numbered[i].number == o->handle; i++)
		if (r->numbered[i].link->cookie && r->numbered[i].link->cookie == cookie_of(r, o))
			return true;
	return false;
}

static void note_whole(struct resolving *r, struct object *o, struct object *declared)
{
	if (!declared || o->assumed || o->unmarked)
		return;
	if (declared->marked && declared->marked != number_of(o) && object_is(o, "link"))
		declared->former = declared->marked;
	declared->marked = number_of(o);
	declared->cookie = cookie_of(r, o);
	if (o->kind->note_mark)
		o->kind->note_mark(r->observed, o, declared, NULL);
}

/* An object with our complete mark is ours only if it is declared, or was under another name: the mark of anything else
 * may be a copy. */
static void owner_of_marked(struct resolving *r, struct object *o, struct object *want, struct object *last)
{
	if (!want && !last && !made_by(r->tried, o) && !object_is(o, "netns") && !is_renamed(r, o))
		return;
	o->owner = OWNER_OURS;
	note_whole(r, o, want);
	note_whole(r, o, last);
}

/* Decides about an object with a damaged mark, or without any. */
static void owner_of_damaged(struct resolving *r, struct object *o, struct object *want, struct object *last)
{
	const struct sign *s = &o->sign;
	bool declared = want || last, ours = s->hash == r->hash,
	     named = s->alias && !strncmp(s->alias, ALIAS_PREFIX, strlen(ALIAS_PREFIX)) &&
		     !strcmp(s->alias + strlen(ALIAS_PREFIX), r->name);

	if (ours && s->half && (declared || made_by(r->tried, o))) {
		o->owner = OWNER_OURS;
	} else if (declared && (was_observed(r, want, o) || was_observed(r, last, o))) {
		o->owner = OWNER_OURS;
		if (o->kind->note_mark)
			o->kind->note_mark(r->observed, o, want, r->name);
	} else if (s->hash && !(ours && !s->topology && declared)) {
		o->owner = OWNER_OTHER_TOPOLOGY;
		o->owner_name = s->topology ? s->topology : "of another name";
	} else if (o->kind->say_damage && declared && (ours || named || (last && !last->cookie))) {
		o->damage = o->kind->say_damage(&r->observed->arena, o, r->name);
	}
}

static void owner_of_signed(struct resolving *r, struct object *o)
{
	struct object *want = made_by(r->desired, o), *last = made_by(r->last, o);

	if (o->sign.hash == r->hash && o->sign.topology && !strcmp(o->sign.topology, r->name))
		owner_of_marked(r, o, want, last);
	else if (o->sign.hash || o->sign.alias || want || last)
		owner_of_damaged(r, o, want, last);
}

/* Whether nothing but the mark on itself shows whose it is. */
static bool is_signed(const struct object *o)
{
	return object_is(o, "link") || object_is(o, "netns") || o->kind->outside;
}

/* The link that @o belongs to, unless it is one itself. */
static struct object *carrier(const struct model *m, const struct object *o)
{
	struct ref ref;

	for (size_t i = 0; object_ref(o, false, &i, &ref);)
		if (!strcmp(ref.class, "link") && !ref.loose && !object_is(o, "link"))
			return model_find_ref(m, ref.class, ref.to);
	return NULL;
}

/* An address carries its mark by itself, and is ours if declared, with or without it.  The mark is restored on the very
 * one that had it: anybody can create the same again.  On a link of ours it may never have had one (adopt.h). */
static void note_born(struct resolving *r, struct object *o, const struct object *link)
{
	struct object *want = model_same(r->desired, o), *last = model_same(r->last, o);
	bool new = !last || !last->cookie;

	if (o->sign.hash) {
		note_whole(r, o, want);
		note_whole(r, o, last);
	} else if (was_observed(r, want, o) || was_observed(r, last, o)) {
		o->kind->note_mark(r->observed, o, want, r->name);
	} else if (o->sign.missing && !(new && link && link->owner == OWNER_OURS)) {
		o->damage = o->kind->say_damage(&r->observed->arena, o, r->name);
	}
}

static bool is_listed(const struct model *m, const struct object *link)
{
	const struct object *o = model_same(m, link);

	return o && o->listed;
}

/* Whether @o, which is neither a link nor a namespace, is ours; @link is the one that it belongs to. */
static bool is_ours(const struct resolving *r, const struct object *o, const struct object *link)
{
	const struct object *netns = model_netns(r->observed, o->netns);

	if (model_same(r->last, o))
		return true;
	if (link && link->owner == OWNER_OURS)
		return o->sign.hash || is_listed(r->desired, link) || is_listed(r->last, link);
	return o->sign.hash && ((netns && netns->owner == OWNER_OURS) || (r->tried && model_same(r->tried, o)));
}

static void owner_of(struct resolving *r, struct object *o)
{
	const struct object *link = carrier(r->observed, o);

	if (o->beside || o->foreign || !is_ours(r, o, link))
		return;
	o->owner = OWNER_OURS;
	if (o->born && o->kind->note_mark && !o->assumed)
		note_born(r, o, link);
}

void owner_resolve(struct model *observed, const char *name, struct model *desired, struct model *last,
		   const struct model *tried)
{
	struct resolving r = { observed, desired, last, tried, name, topology_hash(name), NULL, NULL, 0 };

	for (size_t i = 0; i < observed->n; i++) {
		struct object *o = observed->objects[i];

		o->owner = OWNER_FOREIGN;
		if (is_signed(o))
			owner_of_signed(&r, o);
	}
	free(r.numbered);
	r.numbered = NULL;
	for (size_t i = 0; i < observed->n; i++) {
		struct object *o = observed->objects[i];

		if (!is_signed(o) && !o->managed)
			owner_of(&r, o);
	}
}

void mac_derive(const char *machine, const char *topology, const char *place, uint8_t ret[6])
{
	uint64_t h = fnv(fnv(fnv(FNV_START, machine), topology), place);

	for (size_t i = 0; i < 6; i++)
		ret[i] = (uint8_t)(h >> (8 * i));
	ret[0] = (uint8_t)((ret[0] & 0xfc) | 0x02);
}

void owner_pretend(struct model *observed, const struct model *desired, const char *name)
{
	for (size_t i = 0; i < observed->n; i++) {
		struct object *o = observed->objects[i], *netns = model_netns(observed, o->netns);
		const struct object *want = model_same(desired, o), *place = model_netns(desired, o->netns);
		bool loopback = want && place && !place->managed && is_loopback(o->name) && object_is(o, "link");

		if (!o->kind->mark || o->sign.hash || object_is(o, "nft"))
			continue;
		/* A route of others remains theirs, whatever it leads through. */
		o->managed |= !want;
		if (!want || (want->managed && !loopback))
			continue;
		o->unmarked = true;
		o->sign.hash = topology_hash(name);
		o->sign.topology = name;
		if (loopback && netns)
			netns->sign = o->sign;
	}
}
