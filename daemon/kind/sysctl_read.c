/* SPDX-License-Identifier: MIT */
/* sysctl_read.c - reads keys: those that somebody declares, and what changes along
 * with forwarding. */
#include "forwarding.h"
#include "sysctl.h"
#include "../look.h"
#include "../sysctl.h"
#include <ctype.h>

/* The name of an interface may hold dots, which are no separators. */
void sysctl_path(const struct object *o, char path[320])
{
	const char *key = ((const struct sysctl *)o)->key;
	int kept = 0;

	if (o->name)
		kept = snprintf(path, 320, "net/%.4s/conf/%s/", key, o->name);
	snprintf(path + kept, (size_t)(320 - kept), "%s", o->name ? key + 5 : key);
	for (char *c = path + kept; *c; c++)
		if (*c == '.')
			*c = '/';
}

int sysctl_seen(struct model *m, const struct object *o, struct object **ret, struct err *e)
{
	char path[320], value[SYSCTL_VALUE_MAX + 2];
	struct object *seen;
	bool unset;

	*ret = NULL;
	sysctl_path(o, path);
	unset = sysctl_read(path, value, sizeof(value), e) < 0;
	if (unset && (err_is_shortage(e) || e->code == -ENOENT))
		return e->code == -ENOENT ? 0 : e->code;
	seen = object_copy(m, o, ~UINT64_C(0));
	seen->where = (struct where){ 0 };
	if (unset) {
		/* stable_secret has none until it is written (addrconf_sysctl_stable_secret, net/ipv6/addrconf.c). */
		((struct sysctl *)seen)->value = NULL;
		seen->set &= ~(UINT64_C(1) << kind_field(seen->kind, "value"));
	} else {
		/* The kernel puts tabs into its lists; a file has spaces. */
		for (char *c = value; *c; c++)
			if (!isprint((unsigned char)*c))
				*c = ' ';
		((struct sysctl *)seen)->value = arena_strdup(&m->arena, value);
	}
	*ret = seen;
	return 0;
}

static struct sysctl key_of(const struct object *netns, const struct object *link, const char *key)
{
	const struct kind *k = link ? &kind_link_sysctl : &kind_sysctl;
	const struct object *at = link ? link : netns;

	return (struct sysctl){
		.object = { .kind = k, .netns = at->netns, .name = link ? link->name : NULL, .place = at->place, .any = true,
			    .set = kind_mask(k, KEY) | kind_mask(k, BARE) },
		.key = key,
		.value = "",
	};
}

static int observe_key(struct look *look, const struct object *netns, const struct object *link, const char *name, struct err *e)
{
	struct sysctl key = key_of(netns, link, name);
	struct object *seen;

	if (sysctl_seen(look->observed, &key.object, &seen, e) < 0)
		return e->code;
	if (seen)
		look_add(look, seen);
	return 0;
}

/* What switching forwarding would set anew on interfaces that are not ours. */
static int observe_disturbed(struct look *look, const struct object *link, struct err *e)
{
	for (size_t i = 0; !link->sign.hash && i < FORWARDING_KEYS; i++)
		if (observe_key(look, NULL, link, forwarding_keys[i], e) < 0)
			return e->code;
	return 0;
}

int sysctl_observe(struct look *look, struct err *e)
{
	bool disturbed = netns_says_forwarding(look->wanted[0]) || netns_says_forwarding(look->wanted[1]);

	for (size_t i = 0; disturbed && i < look->n_links; i++)
		if (observe_disturbed(look, look->links[i], e) < 0)
			return e->code;
	for (size_t i = 0; i < ARRAY_SIZE(look->wanted); i++) {
		for (const struct object *o = look->wanted[i] ? look->wanted[i]->first : NULL; o; o = o->next) {
			struct object *seen = NULL;

			if (object_is(o, "sysctl") && sysctl_seen(look->observed, o, &seen, e) < 0)
				return e->code;
			if (seen)
				look_add(look, seen);
		}
	}
	return 0;
}
