/* SPDX-License-Identifier: MIT */
/* sysctl_link.c - keys under net. of one interface. */
#include "lookup.h"
#include "sysctl.h"

static const struct field fields[] = {
	FIELD(sysctl, key, string, .flags = KEY | BARE | NEEDED, .max = 128,
	      .doc = "the key without net. and conf.IF.: ipv4.rp_filter"),
	FIELD(sysctl, value, sysctl_value, .flags = BARE | NEEDED, .min = 1, .doc = "its value"),
};

static int link_sysctl_check_key(const struct object *o, struct err *e)
{
	const char *key = ((const struct sysctl *)o)->key;

	if (strncmp(key, "ipv4.", 5) && strncmp(key, "ipv6.", 5))
		return err_set(e, EINVAL, "%s: must begin with ipv4. or ipv6.", key);
	return sysctl_key_check(key, e);
}

static int link_sysctl_check(struct object *o, struct err *e)
{
	return link_sysctl_check_key(o, e) < 0 ? e->code : sysctl_check_value((struct sysctl *)o, e);
}

/* A key that had the default's value reverts to the default's new value. */
static void link_sysctl_returns(const struct model *desired, struct object *o, const struct model *observed)
{
	const struct object *link = model_find_ref(desired, "link", o->place);
	struct sysctl *own = (struct sysctl *)o;
	const char *was, *is;
	char key[160];

	if (!link || link->managed)
		return;
	snprintf(key, sizeof(key), "net.%.4s.conf.default.%s", own->key, own->key + 5);
	was = lookup_sysctl(observed, o->netns, NULL, key);
	is = sysctl_default_of(key) ? lookup_sysctl(desired, o->netns, NULL, key) : NULL;
	if (is && sysctl_value_equal(own->key, own->value, was))
		own->value = is;
}

/* With a secret of its own an interface derives its addresses from that. */
static void link_sysctl_complete(struct model *m, struct object *o, _unused_ struct problems *p)
{
	struct object *link = model_find_ref(m, "link", o->place);

	if (link && !strcmp(((struct sysctl *)o)->key, "ipv6.stable_secret") && !object_says(link, "addrgen"))
		object_set(m, link, "addrgen", "\"stable\"");
}

const struct kind kind_sysctl_link = {
	.name = "interface sysctl",
	.class = "sysctl",
	.label = "sysctl",
	.doc = "a key of one interface",
	.section = "sysctl",
	.form = FORM_VALUES,
	.in_link = true,
	.managed = true,
	.size = sizeof(struct sysctl),
	.fields = fields,
	.n_fields = ARRAY_SIZE(fields),
	.takes = sysctl_takes,
	.check = link_sysctl_check,
	.check_key = link_sysctl_check_key,
	.complete = link_sysctl_complete,
	.returns = link_sysctl_returns,
	.check_in = link_sysctl_check_in,
	.apply = sysctl_apply,
};
