/* SPDX-License-Identifier: MIT */
/* sysctl.c - keys under net., of a namespace or of one interface.  They are always
 * there; what is said of them is kept and put back. */
#include "forwarding.h"
#include "../look.h"
#include "../sysctl.h"
#include "../work.h"
#include <ctype.h>
#include <linux/rtnetlink.h>

enum { VALUE_MAX = 255 };

struct sysctl {
	struct object object;
	const char *key, *value;
};

/* A number, a truth or a text without separators, as the file under /proc/sys takes it. */
static int value_parse(const struct field *f, _unused_ const char *netns, void *dst, struct json_object *in,
		       struct arena *a, struct err *e)
{
	const char *s = json_object_get_string(in);

	if (json_object_is_type(in, json_type_boolean))
		s = json_object_get_boolean(in) ? "1" : "0";
	else if (!json_object_is_type(in, json_type_int) && !json_object_is_type(in, json_type_string))
		return err_set(e, EINVAL, "must be a whole number, true, false or a text");
	if (strlen(s) < f->min || strlen(s) > VALUE_MAX)
		return err_set(e, EINVAL, "must be of 1 to %d bytes", VALUE_MAX);
	for (const char *c = s; *c; c++)
		if (!isprint((unsigned char)*c))
			return err_set(e, EINVAL, "may hold printable ASCII only");
	*(const char **)dst = arena_strdup(a, s);
	return 0;
}

static struct json_object *value_format(_unused_ const struct field *f, _unused_ const char *netns, const void *src)
{
	return json_object_new_string(*(const char *const *)src);
}

/* The kernel writes lists with tabs. */
static bool value_equal(const void *a, const void *b)
{
	const char *x = *(const char *const *)a, *y = *(const char *const *)b;

	for (; *x && *y; x++, y++)
		if (*x != *y && !(isspace((unsigned char)*x) && isspace((unsigned char)*y)))
			return false;
	return *x == *y;
}

static struct json_object *value_schema(_unused_ const struct field *f)
{
	return json_tokener_parse("{\"type\": [\"integer\", \"boolean\", \"string\"]}");
}

static const struct type type_value = {
	.name = "number or text",
	.size = sizeof(const char *),
	.copy = text_copy,
	.parse = value_parse,
	.format = value_format,
	.equal = value_equal,
	.schema = value_schema,
};

static const struct field fields[] = {
	FIELD(sysctl, key, string, .flags = KEY | BARE | NEEDED, .max = 128, .doc = "the key, beginning with net."),
	FIELD(sysctl, value, value, .flags = BARE | NEEDED, .min = 1, .doc = "its value"),
};

static const struct field link_fields[] = {
	FIELD(sysctl, key, string, .flags = KEY | BARE | NEEDED, .max = 128,
	      .doc = "the key without net. and conf.IF.: ipv4.rp_filter"),
	FIELD(sysctl, value, value, .flags = BARE | NEEDED, .min = 1, .doc = "its value"),
};

/* One name after another, each of letters that no path separator is among. */
static int key_check(const char *key, struct err *e)
{
	for (const char *c = key; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("_-.", *c))
			return err_set(e, EINVAL, "%s: a key holds letters, digits, _, - and dots only", key);
	if (strstr(key, "..") || key[0] == '.' || key[strlen(key) - 1] == '.')
		return err_set(e, EINVAL, "%s: a key has one dot between two names", key);
	return 0;
}

/* What an interface can say is said there, in one place. */
static bool is_of_interface(const char *key)
{
	const char *conf = strncmp(key, "net.ipv4.conf.", 14) && strncmp(key, "net.ipv6.conf.", 14) ? NULL : key + 14;

	return conf && strncmp(conf, "all.", 4) && strncmp(conf, "default.", 8);
}

static int sysctl_check(struct object *o, struct err *e)
{
	const char *key = ((struct sysctl *)o)->key;

	if (is_of_interface(key))
		return err_set(e, EINVAL, "%s: keys of an interface stand in its own \"sysctl\", as %.4s%s", key, key + 4,
			       strrchr(key, '.'));
	if (strncmp(key, "net.", 4))
		return err_set(e, EINVAL, "%s: only keys under net. belong to a namespace", key);
	return key_check(key, e);
}

static int link_sysctl_check(struct object *o, struct err *e)
{
	const char *key = ((struct sysctl *)o)->key;

	if (strncmp(key, "ipv4.", 5) && strncmp(key, "ipv6.", 5))
		return err_set(e, EINVAL, "%s: must begin with ipv4. or ipv6.", key);
	return key_check(key, e);
}

/* The name of an interface may hold dots, which are no separators. */
static void sysctl_path(const struct object *o, char path[320])
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

/* @o as it is; NULL where it is not, or cannot be read. */
static int sysctl_seen(struct model *m, const struct object *o, struct object **ret, struct err *e)
{
	char path[320], value[VALUE_MAX + 2];
	struct object *seen;

	*ret = NULL;
	sysctl_path(o, path);
	if (sysctl_read(path, value, sizeof(value), e) < 0)
		return err_is_shortage(e) ? e->code : 0;
	/* The kernel puts tabs into its lists; a file has spaces. */
	for (char *c = value; *c; c++)
		if (!isprint((unsigned char)*c))
			*c = ' ';
	seen = object_copy(m, o, ~UINT64_C(0));
	seen->where = (struct where){ 0 };
	((struct sysctl *)seen)->value = arena_strdup(&m->arena, value);
	*ret = seen;
	return 0;
}

/* What switching forwarding would set anew on interfaces that are not ours. */
static int observe_disturbed(struct look *look, const struct object *link, struct err *e)
{
	for (size_t i = 0; !link->sign.hash && i < FORWARDING_KEYS; i++) {
		struct sysctl key = { .key = forwarding_keys[i] };
		struct object *seen;

		key.object = (struct object){ .kind = &kind_link_sysctl, .netns = link->netns, .name = link->name, .any = true };
		key.object.set = kind_mask(&kind_link_sysctl, KEY) | kind_mask(&kind_link_sysctl, BARE);
		key.value = "";
		if (sysctl_seen(look->observed, &key.object, &seen, e) < 0)
			return e->code;
		if (seen)
			look_add(look, seen);
	}
	return 0;
}

static int sysctl_observe(struct look *look, struct err *e)
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

/* An interface that is made in this change has its keys from then on. */
static int sysctl_apply(struct work *w, struct op *ops, _unused_ size_t n, size_t *ret_taken, struct err *e)
{
	struct object *o = ops[0].after, *seen = NULL;
	char path[320];
	int r;

	*ret_taken = 1;
	if (!o)
		return 0;
	if (work_flush(w, e) < 0)
		return e->code;
	sysctl_path(o, path);
	w->refused = &ops[0];
	_cleanup_(netns_leavep) int entered = netns_enter(work_netns(w, o->netns), e);
	if (entered < 0)
		return entered;
	if (!ops[0].before && sysctl_seen(&w->noted, o, &seen, e) < 0)
		return e->code;
	if (seen)
		model_add(&w->noted, seen, NULL);
	r = sysctl_write(path, ((struct sysctl *)o)->value, e);
	/* Below an MTU of 1280 the kernel has no keys of IPv6 for a link: there is nothing to put back. */
	return r == -ENOENT && !o->declared ? 0 : r;
}

static void sysctl_check_in(const struct model *m, const struct object *o, struct problems *p)
{
	static const char *const forwarding[] = { "net.ipv4.ip_forward", "net.ipv4.conf.all.forwarding",
						  "net.ipv6.conf.all.forwarding" };
	const struct object *netns = model_netns(m, o->netns);
	int i = netns ? kind_field(netns->kind, "forwarding") : -1;

	for (size_t k = 0; i >= 0 && object_has(netns, (size_t)i) && k < ARRAY_SIZE(forwarding); k++)
		if (!strcmp(((const struct sysctl *)o)->key, forwarding[k]))
			object_problem(p, EINVAL, o, NULL, "\"forwarding\" of %s says this already", o->netns);
}

const struct kind kind_sysctl = {
	.name = "sysctl",
	.class = "sysctl",
	.label = "sysctl",
	.doc = "a key of the namespace under net.",
	.section = "sysctl",
	.form = FORM_VALUES,
	.any = true,
	.size = sizeof(struct sysctl),
	.fields = fields,
	.n_fields = ARRAY_SIZE(fields),
	/* Forwarding, rp_filter and a few more; the rest only an audit finds. */
	.groups = { RTNLGRP_IPV4_NETCONF, RTNLGRP_IPV6_NETCONF },
	.check = sysctl_check,
	.check_in = sysctl_check_in,
	.observe = sysctl_observe,
	.apply = sysctl_apply,
};

const struct kind kind_link_sysctl = {
	.name = "interface sysctl",
	.class = "sysctl",
	.label = "sysctl",
	.doc = "a key of one interface",
	.section = "sysctl",
	.form = FORM_VALUES,
	.in_link = true,
	.any = true,
	.size = sizeof(struct sysctl),
	.fields = link_fields,
	.n_fields = ARRAY_SIZE(link_fields),
	.check = link_sysctl_check,
	.apply = sysctl_apply,
};
