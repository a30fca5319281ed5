/* SPDX-License-Identifier: MIT */
/* sysctl_write.c - writes keys.  Some are checked by the kernel against one another, some are copied to
 * interfaces. */
#include "link.h"
#include "sysctl.h"
#include "kernel/sysctl.h"
#include "kernel/batch.h"

/* The number of steps at the start of @ops that are about keys of one namespace, or of one interface. */
static size_t run_length(const struct op *ops, size_t n)
{
	size_t run = 1;

	while (run < n && ops[run].after && object_is(ops[run].after, "sysctl") &&
	       !strcmp(ops[run].after->place, ops[0].after->place))
		run++;
	return run;
}

/* Saves the former value of the key, for a rollback: if it came with its namespace or interface, it is known only
 * now. */
static int note(struct batch *b, const struct op *op, struct err *e)
{
	struct object *seen = NULL;

	if (!op->before && sysctl_seen(&b->noted, op->after, &seen, e) < 0)
		return e->code;
	if (seen)
		model_add(&b->noted, seen, NULL);
	return 0;
}

/* For people: the kernel separates lists by tabs. */
static const char *spaced(char *value)
{
	for (char *c = value; *c; c++)
		*c = *c == '\t' ? ' ' : *c;
	return value;
}

/* Explains why the kernel refuses a value that it has accepted before. */
static int say_partner(const char *key, struct err *e)
{
	char path[320], value[SYSCTL_VALUE_MAX + 2];
	struct sysctl partner = { .key = sysctl_partner(key) };
	struct err ignored;

	if (!partner.key)
		return e->code;
	sysctl_path(&partner.object, path);
	if (sysctl_read(path, value, sizeof(value), &ignored) < 0)
		return e->code;
	return err_prefix(e, "%s, while %s is %.100s", key, partner.key, spaced(value));
}

static int write_key(const char *path, const struct sysctl *s, struct err *e)
{
	char made[SYSCTL_VALUE_MAX + 2];
	struct err missing;
	int r = sysctl_set(path, s->value, made, sizeof(made), e);

	if (r == -EACCES)
		return err_set(e, EACCES, "%s is read-only in this namespace", s->key);
	if (r == -EINVAL)
		return say_partner(s->key, e);
	/* The object that a key names may be missing, too. */
	if (r == -ENOENT && sysctl_read(path, made, sizeof(made), &missing) == -ENOENT)
		return err_kernel(e, ENOENT, NULL,
				  "%s: this kernel does not have it, or only in the initial network namespace", s->key);
	if (r == 0 && s->object.declared && !sysctl_value_equal(s->key, s->value, made))
		return err_set(e, ERANGE,
			       "%s: the kernel turns \"%.100s\" into \"%.100s\"; declare that if it is what you mean",
			       s->key, s->value, spaced(made));
	return r;
}

/* ---- what a default means for existing interfaces ---- */

const char *sysctl_default_of(const char *key)
{
	const char *name = !strncmp(key, "net.ipv4.conf.default.", 22) || !strncmp(key, "net.ipv6.conf.default.", 22)
				   ? key + 22
				   : NULL;

	/* Links of ours always promote secondary addresses. */
	return name && strcmp(name, "promote_secondaries") ? name : NULL;
}

/* Whether @link follows the default of the key @name of @family, unless it sets the key itself. */
static bool is_subject(const struct batch *b, const struct object *link, const char *family, const char *name)
{
	if (link->managed || !object_is(link, "link") || !model_find(b->plan->observed, link->id))
		return false;
	if (!strcmp(name, "addr_gen_mode") && object_says(link, "addrgen"))
		return false;
	return strncmp(family, "ipv6", 4) || !link_is_guarded(b->plan->desired, link, name);
}

/* The key @own of an interface reverts to the new default one day. */
static void note_default(struct batch *b, const struct object *own, const struct sysctl *after)
{
	struct object *original = object_copy(&b->noted, own, ~UINT64_C(0));

	((struct sysctl *)original)->value = arena_strdup(&b->noted.arena, after->value);
	model_add(&b->noted, original, NULL);
}

/* Whether an interface lacks IPv6, the key, or a secret that could be read; or can never have the value, as an MTU
 * above its own.  Any other error would make it differ from a new one. */
static bool is_not_for(const struct err *e)
{
	return e->code == -ENOENT || e->code == -EIO || e->code == -EINVAL;
}

static int follow(const struct object *link, const char *family, const char *name, const struct sysctl *before,
		  const struct sysctl *after, struct err *e)
{
	char path[320], value[SYSCTL_VALUE_MAX + 2];

	snprintf(path, sizeof(path), "net/%.4s/conf/%s/%s", family, link->name, name);
	if (sysctl_read(path, value, sizeof(value), e) < 0)
		return is_not_for(e) ? 0 : e->code;
	/* Another value was set by somebody. */
	if (!sysctl_value_equal(after->key, before->value, value))
		return 0;
	return sysctl_write(path, after->value, e) == 0 || is_not_for(e) ? 0 : e->code;
}

/* Links of ours are as if they were new, whenever the default was declared.  The kernel does the same for
 * most keys of IPv4 (devinet_copy_dflt_conf, net/ipv4/devinet.c), and for none of IPv6. */
static int follow_all(struct batch *b, const struct op *op, struct err *e)
{
	const struct sysctl *before = (const struct sysctl *)op->before, *after = (const struct sysctl *)op->after;
	const char *name = op->after->name || !before || !before->value ? NULL : sysctl_default_of(after->key),
		   *family = after->key + 4;
	const struct object *netns = name ? model_netns(b->plan->desired, op->after->netns) : NULL;
	const struct object *own;
	char ref[320];

	for (const struct object *o = netns ? netns->first : NULL; o; o = o->next) {
		if (!is_subject(b, o, family, name))
			continue;
		snprintf(ref, sizeof(ref), "%s %.4s.%s", o->place, family, name);
		own = model_find_ref(b->plan->desired, "sysctl", ref);
		if (own && own->declared)
			note_default(b, own, after);
		else if (!own && follow(o, family, name, before, after, e) < 0)
			return e->code;
	}
	return 0;
}

static int take(struct batch *b, const struct op *op, struct err *e)
{
	const struct sysctl *s = (const struct sysctl *)op->after;
	char path[320];
	int r;

	/* A key that cannot be read before it is written has no value to revert to. */
	if (!s->value)
		return 0;
	if (note(b, op, e) < 0)
		return e->code;
	sysctl_path(op->after, path);
	r = write_key(path, s, e);
	/* Below an MTU of 1280 the kernel has no IPv6 keys for a link: there is nothing to revert. */
	if (r == -ENOENT && !op->after->declared)
		return 0;
	return r < 0 ? r : follow_all(b, op, e);
}

/* Writes all of @ops that are not done yet.  Sets b->refused to the first that the kernel refuses for now, and @e
 * to its words; the reason may be another key that is yet to be written.  Returns how many were written. */
static int take_round(struct batch *b, struct op *ops, size_t n, bool *done, struct err *e)
{
	int taken = 0;

	b->refused = NULL;
	for (size_t i = 0; i < n; i++) {
		struct err own;
		int r = done[i] ? 0 : take(b, &ops[i], &own);

		taken += !done[i] && r == 0;
		done[i] |= r == 0;
		if (r == 0 || (r == -EINVAL && b->refused))
			continue;
		b->refused = &ops[i];
		*e = own;
		if (r != -EINVAL)
			return r;
	}
	return taken;
}

int sysctl_apply(struct batch *b, struct op *ops, size_t n, size_t *ret_taken, struct err *e)
{
	size_t run = ops[0].after ? run_length(ops, n) : 1;
	_cleanup_(freep) bool *done = must(calloc(run, sizeof(*done)));
	int r;

	*ret_taken = run;
	if (!ops[0].after)
		return 0;
	if (batch_flush(b, e) < 0)
		return e->code;
	b->refused = &ops[0];
	_cleanup_(netns_leavep) int entered = netns_enter(batch_netns(b, ops[0].after->netns), e);
	if (entered < 0)
		return entered;
	do
		r = take_round(b, ops, run, done, e);
	while (r > 0 && b->refused);
	return r < 0 ? r : b->refused ? e->code : 0;
}
