/* SPDX-License-Identifier: MIT */
/* sysctl.c - keys under net. of a namespace, and what they share with those of an interface.  They
 * always exist; their former values are saved and restored. */
#include "model/plan.h"
#include "lookup.h"
#include "sysctl.h"
#include <ctype.h>
#include <linux/rtnetlink.h>

/* A number, a boolean or a text without separators, as the file under /proc/sys accepts it. */
static int value_parse(const struct field *f, _unused_ const char *netns, void *dst, struct json_object *in,
		       struct arena *a, struct err *e)
{
	const char *s = json_object_get_string(in);

	if (json_object_is_type(in, json_type_boolean))
		s = json_object_get_boolean(in) ? "1" : "0";
	else if (!json_object_is_type(in, json_type_int) && !json_object_is_type(in, json_type_string))
		return err_set(e, EINVAL, "must be a whole number, true, false or a text");
	if (strlen(s) < f->min || strlen(s) > SYSCTL_VALUE_MAX)
		return err_set(e, EINVAL, "must be of 1 to %d bytes", SYSCTL_VALUE_MAX);
	for (const char *c = s; *c; c++)
		if (!isprint((unsigned char)*c))
			return err_set(e, EINVAL, "must consist of printable ASCII only");
	*(const char **)dst = arena_strdup(a, s);
	return 0;
}

static struct json_object *value_format(_unused_ const struct field *f, _unused_ const char *netns, const void *src)
{
	const char *value = *(const char *const *)src;

	return json_object_new_string(value ? value : "unset");
}

/* The meaning of a value depends on its key: both are values of this one field. */
static bool value_equal(const void *a, const void *b)
{
	const struct sysctl *x = (const struct sysctl *)((uintptr_t)a - offsetof(struct sysctl, value));
	const char *y = *(const char *const *)b;

	return sysctl_value_equal(x->key, x->value, y);
}

static struct json_object *value_schema(_unused_ const struct field *f)
{
	return json_tokener_parse("{\"type\": [\"integer\", \"boolean\", \"string\"]}");
}

const struct type type_sysctl_value = {
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
	FIELD(sysctl, value, sysctl_value, .flags = BARE | NEEDED, .min = 1, .doc = "its value"),
};

int sysctl_key_check(const char *key, struct err *e)
{
	for (const char *c = key; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("_-.", *c))
			return err_set(e, EINVAL, "%s: a key consists of letters, digits, _, - and dots only", key);
	if (strstr(key, "..") || key[0] == '.' || key[strlen(key) - 1] == '.')
		return err_set(e, EINVAL, "%s: a key has one dot between two names", key);
	return 0;
}

/* What is a field of an interface is set there, in one place. */
static bool is_of_interface(const char *key)
{
	const char *conf = strncmp(key, "net.ipv4.conf.", 14) && strncmp(key, "net.ipv6.conf.", 14) ? NULL : key + 14;

	return conf && strncmp(conf, "all.", 4) && strncmp(conf, "default.", 8);
}

int sysctl_check_value(struct sysctl *s, struct err *e)
{
	char *to = (char *)(uintptr_t)s->value;

	/* In a record: the kernel had none. */
	if (!s->value)
		return 0;
	for (const char *from = s->value; *from; from++)
		if (!isspace((unsigned char)*from) || (to > s->value && from[1] && !isspace((unsigned char)from[1])))
			*to++ = *from;
	*to = '\0';
	return sysctl_value_check(s->key, s->value, e);
}

static int sysctl_check_key(const struct object *o, struct err *e)
{
	const char *key = ((const struct sysctl *)o)->key;

	if (is_of_interface(key))
		return err_set(e, EINVAL, "%s: keys of an interface belong in its own \"sysctl\", as %.4s%s", key,
			       key + 4, strrchr(key, '.'));
	if (strncmp(key, "net.", 4))
		return err_set(e, EINVAL, "%s: only keys under net. belong to a namespace", key);
	return sysctl_key_check(key, e);
}

static int sysctl_check(struct object *o, struct err *e)
{
	return sysctl_check_key(o, e) < 0 ? e->code : sysctl_check_value((struct sysctl *)o, e);
}

bool sysctl_takes(const struct op *op, const struct object *other)
{
	const struct sysctl *s = (const struct sysctl *)op->after;
	const char *key = s->object.name ? "ipv6.disable_ipv6" : "net.ipv6.conf.all.disable_ipv6";

	return op->before && !strcmp(s->key, key) && !sysctl_value_equal(key, s->value, "0") &&
	       (!other || lookup_is_ipv6(other));
}

const struct kind kind_sysctl = {
	.name = "sysctl",
	.class = "sysctl",
	.label = "sysctl",
	.doc = "a key of the namespace under net.",
	.section = "sysctl",
	.form = FORM_VALUES,
	.managed = true,
	.size = sizeof(struct sysctl),
	.fields = fields,
	.n_fields = ARRAY_SIZE(fields),
	.takes = sysctl_takes,
	/* Forwarding, rp_filter and a few more; only an audit finds changes of the rest. */
	.groups = { RTNLGRP_IPV4_NETCONF, RTNLGRP_IPV6_NETCONF },
	.check = sysctl_check,
	.check_key = sysctl_check_key,
	.check_in = sysctl_check_in,
	.affects = sysctl_affects,
	.early = sysctl_early,
	.observe = sysctl_observe,
	.apply = sysctl_apply,
};
