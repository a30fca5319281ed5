/* SPDX-License-Identifier: MIT */
/* owner.c - decides whose an observed object is: the kernel is the register, what
 * was applied last only tells which of our own topologies an object belongs to. */
#include "owner.h"
#include "kind.h"

static uint64_t fnv(uint64_t h, const char *s)
{
	/* FNV-1a, the end of the string included. */
	do
		h = (h ^ (uint8_t)*s) * UINT64_C(0x100000001b3);
	while (*s++);
	return h;
}

uint32_t topology_hash(const char *name)
{
	uint64_t h = fnv(UINT64_C(0xcbf29ce484222325), name);
	uint32_t folded = (uint32_t)(h ^ (h >> 32)) & GROUP_HASH;

	return folded ? folded : 1;
}

struct sign sign_of_link(uint32_t group, const char *alias)
{
	size_t n = strlen(ALIAS_PREFIX);

	if (!(group & GROUP_OURS) || group & UINT32_C(1) << 31)
		return (struct sign){ .taken = group || (alias && *alias) };
	return (struct sign){ .hash = group & GROUP_HASH,
			      .topology = alias && !strncmp(alias, ALIAS_PREFIX, n) ? alias + n : NULL };
}

/* A link gets its alias a moment after its group: without one, its name must be known. */
static void owner_of_signed(struct object *o, const char *name, bool known)
{
	const struct sign *s = &o->sign;

	if (s->hash == topology_hash(name) && (s->topology ? !strcmp(s->topology, name) : known))
		o->owner = OWNER_OURS;
	else if (s->hash) {
		o->owner = OWNER_OTHER_TOPOLOGY;
		o->owner_name = s->topology ? s->topology : "of another name";
	}
}

/* The link that @o stands on, itself not being one. */
static struct object *carrier(const struct model *m, const struct object *o)
{
	struct ref ref;

	for (size_t i = 0; object_ref(o, false, &i, &ref);)
		if (!strcmp(ref.class, "link") && !ref.loose && !object_is(o, "link"))
			return model_find_ref(m, ref.class, ref.to);
	return NULL;
}

static bool is_listed(const struct model *m, const struct object *link)
{
	const struct object *o = model_find(m, link->id);

	return o && o->listed;
}

static void owner_of(struct object *o, struct model *observed, const struct model *desired, const struct model *last,
		     const struct model *tried)
{
	struct object *link = carrier(observed, o), *netns = model_netns(observed, o->netns);

	if (o->beside)
		return;
	if (model_find(last, o->id))
		o->owner = OWNER_OURS;
	else if (link && link->owner == OWNER_OURS)
		o->owner = o->sign.hash || is_listed(desired, link) || is_listed(last, link) ? OWNER_OURS : OWNER_FOREIGN;
	else if (o->sign.hash && netns && netns->owner == OWNER_OURS)
		o->owner = OWNER_OURS;
	else if (o->sign.hash && tried && model_find(tried, o->id))
		o->owner = OWNER_OURS;
}

void owner_resolve(struct model *observed, const char *name, struct model *desired, struct model *last,
		   const struct model *tried)
{
	for (size_t i = 0; i < observed->n; i++) {
		struct object *o = observed->objects[i];

		o->owner = OWNER_FOREIGN;
		if (object_is(o, "link") || object_is(o, "netns"))
			owner_of_signed(o, name, model_find(desired, o->id) || model_find(last, o->id) ||
							 (tried && model_find(tried, o->id)));
	}
	for (size_t i = 0; i < observed->n; i++) {
		struct object *o = observed->objects[i];

		if (!object_is(o, "link") && !object_is(o, "netns") && !o->any)
			owner_of(o, observed, desired, last, tried);
	}
}

void mac_derive(const char *machine, const char *topology, const char *place, uint8_t ret[6])
{
	uint64_t h = fnv(fnv(fnv(UINT64_C(0xcbf29ce484222325), machine), topology), place);

	for (size_t i = 0; i < 6; i++)
		ret[i] = (uint8_t)(h >> (8 * i));
	ret[0] = (uint8_t)((ret[0] & 0xfc) | 0x02);
}
