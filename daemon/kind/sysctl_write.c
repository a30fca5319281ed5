/* SPDX-License-Identifier: MIT */
/* sysctl_write.c - writes keys, some of which the kernel checks against one another. */
#include "sysctl.h"
#include "../sysctl.h"
#include "../work.h"

/* The steps at the start of @ops that are about keys of one namespace, or of one interface. */
static size_t run_length(const struct op *ops, size_t n)
{
	size_t run = 1;

	while (run < n && ops[run].after && object_is(ops[run].after, "sysctl") && !strcmp(ops[run].after->place, ops[0].after->place))
		run++;
	return run;
}

/* What the key was, for the way back: it is only known now where it came with its namespace or interface. */
static int note(struct work *w, const struct op *op, struct err *e)
{
	struct object *seen = NULL;

	if (!op->before && sysctl_seen(&w->noted, op->after, &seen, e) < 0)
		return e->code;
	if (seen)
		model_add(&w->noted, seen, NULL);
	return 0;
}

/* For people: the kernel puts tabs into its lists. */
static const char *spaced(char *value)
{
	for (char *c = value; *c; c++)
		*c = *c == '\t' ? ' ' : *c;
	return value;
}

/* Why the kernel refuses a value that it has taken before. */
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
		return err_set(e, EACCES, "%s cannot be written: it is read-only in this namespace", s->key);
	if (r == -EINVAL)
		return say_partner(s->key, e);
	/* What a key names may be missing, too. */
	if (r == -ENOENT && sysctl_read(path, made, sizeof(made), &missing) == -ENOENT)
		return err_kernel(e, ENOENT, NULL, "%s: this kernel lacks it, or has it in its first namespace alone", s->key);
	if (r == 0 && s->object.declared && !sysctl_value_equal(s->key, s->value, made))
		return err_set(e, ERANGE, "%s: the kernel makes \"%.100s\" of \"%.100s\"; declare that, if it is what is meant", s->key,
			       spaced(made), s->value);
	return r;
}

static int take(struct work *w, const struct op *op, struct err *e)
{
	const struct sysctl *s = (const struct sysctl *)op->after;
	char path[320];
	int r;

	/* A key that cannot be read before it is written has no value to go back to. */
	if (!s->value)
		return 0;
	if (note(w, op, e) < 0)
		return e->code;
	sysctl_path(op->after, path);
	r = write_key(path, s, e);
	/* Below an MTU of 1280 the kernel has no keys of IPv6 for a link: there is nothing to put back. */
	if (r == -ENOENT && !op->after->declared)
		return 0;
	return r;
}

/* Takes all of @ops that are not done yet.  Sets w->refused to the first that the kernel refuses for now, and @e
 * to its words; that may be because of another that is yet to be written.  Returns how many were done. */
static int take_round(struct work *w, struct op *ops, size_t n, bool *done, struct err *e)
{
	int taken = 0;

	w->refused = NULL;
	for (size_t i = 0; i < n; i++) {
		struct err own;
		int r = done[i] ? 0 : take(w, &ops[i], &own);

		taken += !done[i] && r == 0;
		done[i] |= r == 0;
		if (r == 0 || (r == -EINVAL && w->refused))
			continue;
		w->refused = &ops[i];
		*e = own;
		if (r != -EINVAL)
			return r;
	}
	return taken;
}

int sysctl_apply(struct work *w, struct op *ops, size_t n, size_t *ret_taken, struct err *e)
{
	size_t run = ops[0].after ? run_length(ops, n) : 1;
	_cleanup_(freep) bool *done = must(calloc(run, sizeof(*done)));
	int r;

	*ret_taken = run;
	if (!ops[0].after)
		return 0;
	if (work_flush(w, e) < 0)
		return e->code;
	w->refused = &ops[0];
	_cleanup_(netns_leavep) int entered = netns_enter(work_netns(w, ops[0].after->netns), e);
	if (entered < 0)
		return entered;
	do
		r = take_round(w, ops, run, done, e);
	while (r > 0 && w->refused);
	return r < 0 ? r : w->refused ? e->code : 0;
}
