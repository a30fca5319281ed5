/* SPDX-License-Identifier: MIT */
/* sysctl_read.c - reads keys: those that are declared, and those that change with them. */
#include "forwarding.h"
#include "sysctl.h"
#include "kernel/observer.h"
#include "kernel/sysctl.h"
#include <ctype.h>

/* The name of an interface may contain dots, which are no separators. */
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

/* The kernel has no such key: no file, a file where its name has a directory, or a directory. */
static bool is_no_key(const struct err *e)
{
	return e->code == -ENOENT || e->code == -ENOTDIR || e->code == -EISDIR;
}

int sysctl_seen(struct model *m, const struct object *o, struct object **ret, struct err *e)
{
	char path[320], value[SYSCTL_VALUE_MAX + 2];
	struct object *seen;
	bool unset;

	*ret = NULL;
	sysctl_path(o, path);
	unset = sysctl_read(path, value, sizeof(value), e) < 0;
	/* What could not be read for any other reason could not be restored. */
	if (unset && e->code != -EIO && e->code != -EMSGSIZE)
		return is_no_key(e) ? 0 : e->code;
	seen = object_copy(m, o, ~UINT64_C(0));
	seen->where = (struct where){ 0 };
	if (unset) {
		/* stable_secret has none until it is written (addrconf_sysctl_stable_secret, net/ipv6/addrconf.c). */
		((struct sysctl *)seen)->value = NULL;
		seen->set &= ~field_bit(seen->kind, "value");
	} else {
		/* The kernel separates lists by tabs; a file has spaces. */
		for (char *c = value; *c; c++)
			if (!isprint((unsigned char)*c))
				*c = ' ';
		((struct sysctl *)seen)->value = arena_strdup(&m->arena, value);
	}
	*ret = seen;
	return 0;
}

/* Keys for all interfaces set some of the defaults, and new interfaces copy those. */
/* After forwarding (netns.c), which resets them. */
enum { SYSCTL_EARLY = 3 };

unsigned sysctl_early(const struct object *o)
{
	static const char *const early[][3] = {
		{ "net.ipv4.ip_forward", "net.ipv4.conf.all.", "net.ipv6.conf.all." },
		{ "net.ipv4.conf.default.", "net.ipv6.conf.default.", NULL },
		{ "net.ipv4.neigh.default.", "net.ipv6.neigh.default.", NULL },
	};
	const char *key = ((const struct sysctl *)o)->key;

	for (unsigned i = 0; i < ARRAY_SIZE(early); i++)
		for (size_t k = 0; k < ARRAY_SIZE(early[i]) && early[i][k]; k++)
			if (!strncmp(key, early[i][k], strlen(early[i][k])))
				return i + SYSCTL_EARLY;
	return 0;
}

static struct sysctl key_of(const struct object *netns, const struct object *link, const char *key)
{
	const struct kind *k = link ? &kind_sysctl_link : &kind_sysctl;
	const struct object *at = link ? link : netns;

	return (struct sysctl){
		.object = { .kind = k,
			    .netns = at->netns,
			    .name = link ? link->name : NULL,
			    .place = at->place,
			    .managed = true,
			    .set = kind_mask(k, KEY) | kind_mask(k, BARE) },
		.key = key,
		.value = "",
	};
}

int sysctl_observe_key(struct observer *obs, const struct object *netns, const struct object *link, const char *name,
		       struct err *e)
{
	struct sysctl key = key_of(netns, link, name);
	struct object *seen;

	if (sysctl_seen(obs->observed, &key.object, &seen, e) < 0)
		return e->code;
	if (seen)
		observer_add(obs, seen);
	return 0;
}

/* Reads what switching forwarding of @netns would reset there, and on interfaces that are not ours. */
static int observe_disturbed(struct observer *obs, const struct object *netns, struct err *e)
{
	for (size_t i = 0; i < FORWARDING_SHARED; i++)
		if (sysctl_observe_key(obs, netns, NULL, forwarding_shared[i], e) < 0)
			return e->code;
	for (size_t i = 0; i < obs->n_links * FORWARDING_KEYS; i++) {
		const struct object *link = obs->links[i / FORWARDING_KEYS];

		if (!link->sign.hash &&
		    sysctl_observe_key(obs, NULL, link, forwarding_keys[i % FORWARDING_KEYS], e) < 0)
			return e->code;
	}
	return 0;
}

/* Keys that the kernel writes to each interface when they are written for all, and to the default
 * (addrconf_sysctl_disable and its like, net/ipv6/addrconf.c; inet_forward_change, net/ipv4/devinet.c). */
static const struct {
	const char *all, *own, *kernel_default;
} of_all[] = {
	{ "net.ipv4.ip_forward", "ipv4.forwarding", "net.ipv4.conf.default.forwarding" },
	{ "net.ipv4.ip_forward", NULL, "net.ipv4.conf.all.accept_redirects" },
	{ "net.ipv4.conf.all.forwarding", NULL, "net.ipv4.conf.all.accept_redirects" },
	{ "net.ipv4.conf.all.forwarding", "ipv4.forwarding", "net.ipv4.conf.default.forwarding" },
	{ "net.ipv6.conf.all.forwarding", "ipv6.forwarding", "net.ipv6.conf.default.forwarding" },
	{ "net.ipv6.conf.all.force_forwarding", "ipv6.force_forwarding", "net.ipv6.conf.default.force_forwarding" },
	{ "net.ipv6.conf.all.disable_ipv6", "ipv6.disable_ipv6", "net.ipv6.conf.default.disable_ipv6" },
	{ "net.ipv6.conf.all.addr_gen_mode", "ipv6.addr_gen_mode", "net.ipv6.conf.default.addr_gen_mode" },
	{ "net.ipv6.conf.all.ignore_routes_with_linkdown", "ipv6.ignore_routes_with_linkdown",
	  "net.ipv6.conf.default.ignore_routes_with_linkdown" },
};

static bool is_along(const struct object *o, const struct object *other)
{
	const char *key = ((const struct sysctl *)o)->key;

	for (size_t i = 0; !o->name && object_is(other, "sysctl") && i < ARRAY_SIZE(of_all); i++) {
		const char *along = other->name ? of_all[i].own : of_all[i].kernel_default;

		if (along && !strcmp(key, of_all[i].all) && !strcmp(((const struct sysctl *)other)->key, along))
			return true;
	}
	return false;
}

/* Reads what writing @seen would reset on interfaces that are not ours, and the default. */
static int observe_all(struct observer *obs, const struct object *seen, struct err *e)
{
	for (size_t k = 0; k < ARRAY_SIZE(of_all); k++) {
		if (strcmp(((const struct sysctl *)seen)->key, of_all[k].all))
			continue;
		if (sysctl_observe_key(obs, seen, NULL, of_all[k].kernel_default, e) < 0)
			return e->code;
		for (size_t i = 0; of_all[k].own && i < obs->n_links; i++)
			if (!obs->links[i]->sign.hash &&
			    sysctl_observe_key(obs, NULL, obs->links[i], of_all[k].own, e) < 0)
				return e->code;
	}
	return 0;
}

/* Reads the keys of desired links of ours that follow the default @seen. */
static int observe_followers(struct observer *obs, const struct object *seen, struct err *e)
{
	const char *key = ((const struct sysctl *)seen)->key, *name = sysctl_default_of(key);

	for (const struct object *o = name && obs->wanted[0] ? obs->wanted[0]->first : NULL; o; o = o->next)
		if (!o->managed && object_is(o, "link") &&
		    sysctl_observe_key(obs, NULL, o, arena_fmt(&obs->observed->arena, "%.4s.%s", key + 4, name), e) < 0)
			return e->code;
	return 0;
}

/* Whether @o is the default that links of ours follow with the key @other. */
static bool is_followed(const struct object *o, const struct object *other)
{
	const char *key = ((const struct sysctl *)o)->key, *name = sysctl_default_of(key);
	const char *own = other->kind == &kind_sysctl_link ? ((const struct sysctl *)other)->key : NULL;

	return name && own && !strncmp(own, key + 4, 5) && !strcmp(own + 5, name);
}

enum affects sysctl_affects(const struct object *o, _unused_ uint64_t mask, const struct object *other)
{
	if (is_along(o, other))
		return AFFECTS_UNASKED;
	return is_followed(o, other) ? AFFECTS_ON_PURPOSE : AFFECTS_NOT;
}

/* Whether @seen already has its desired value. */
static bool stays(const struct observer *obs, const struct object *seen)
{
	const struct object *want = model_find(obs->desired, seen->id);

	return want && !object_diff(want, seen);
}

/* Reads what changes with @seen, a key of a namespace, if that is going to change. */
static int observe_along(struct observer *obs, const struct object *seen, bool shared, struct err *e)
{
	if (!sysctl_early(seen) || stays(obs, seen))
		return 0;
	if (shared && observe_all(obs, seen, e) < 0)
		return e->code;
	return observe_followers(obs, seen, e);
}

int sysctl_observe(struct observer *obs, struct err *e)
{
	const struct object *disturbs = netns_says_forwarding(obs->wanted[0])   ? obs->wanted[0]
					: netns_says_forwarding(obs->wanted[1]) ? obs->wanted[1]
										: NULL;

	/* An export reads them by itself. */
	if (obs->extent.unsaid)
		return 0;
	if (disturbs && observe_disturbed(obs, disturbs, e) < 0)
		return e->code;
	for (size_t i = 0; i < ARRAY_SIZE(obs->wanted); i++) {
		for (const struct object *o = obs->wanted[i] ? obs->wanted[i]->first : NULL; o; o = o->next) {
			struct object *seen = NULL;

			if (object_is(o, "sysctl") && sysctl_seen(obs->observed, o, &seen, e) < 0)
				return e->code;
			if (!seen)
				continue;
			observer_add(obs, seen);
			if (!seen->name && observe_along(obs, seen, obs->wanted[i]->managed, e) < 0)
				return e->code;
		}
	}
	return 0;
}
