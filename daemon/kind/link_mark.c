/* SPDX-License-Identifier: MIT */
/* link_mark.c - describes damage to the mark of a link of ours, its group and its alias:
 * people and other programs change both. */
#include "link.h"
#include "model/owner.h"
#include "base/utf8.h"

enum { ALIAS_SHOWN = 60 };

/* An alias may consist of arbitrary bytes. */
static const char *alias_text(struct arena *a, const char *alias)
{
	char *text = arena_fmt(a, "\"%.*s\"", ALIAS_SHOWN, alias ? alias : "");

	if (!alias)
		return "none";
	for (char *c = text; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	utf8_repair(text);
	return text;
}

static const char *damage_text(struct arena *a, const struct object *have, const char *topology)
{
	const struct sign *s = &have->sign;
	const char *name = have->name ? have->name : LOOPBACK;
	bool alias = !s->alias || strncmp(s->alias, ALIAS_PREFIX, strlen(ALIAS_PREFIX)) != 0 ||
		     strcmp(s->alias + strlen(ALIAS_PREFIX), topology) != 0;
	bool group = s->group != group_of_link(topology, name);

	return arena_fmt(a, "%s%s%s%s", alias ? "alias " : "", alias ? alias_text(a, s->alias) : "",
			 alias && group ? ", " : "", group ? arena_fmt(a, "group %u", s->group) : "");
}

void link_note_mark(struct model *observed, struct object *have, struct object *want, const char *topology)
{
	struct link *l = (struct link *)have, *w = (struct link *)want;

	if (!topology) {
		want->set &= ~bit(LINK_MARK);
		return;
	}
	l->mark = arena_fmt(&observed->arena, "damaged (%s)", damage_text(&observed->arena, have, topology));
	OBJECT_SET(have, link, mark);
	if (!want)
		return;
	w->mark = "whole";
	OBJECT_SET(want, link, mark);
}

const char *link_say_damage(struct arena *a, const struct object *have, const char *topology)
{
	const char *name = have->name ? have->name : LOOPBACK;
	bool none = !have->sign.group && !have->sign.alias;

	return arena_fmt(
		a,
		"%s %s already exists, and %s%s; netnsd leaves it alone. If netnsd created it, restore its mark: %s "
		"link set dev %s alias " ALIAS_PREFIX
		"%s group %u; otherwise delete or rename it, or take it over with netnsctl adopt",
		have->kind->label, have->place,
		none         ? "belongs to another program, or has lost netnsd's mark"
		: have->name ? "netnsd's mark on it is damaged: "
			     : "netnsd's mark on its loopback is damaged: ",
		none ? "" : damage_text(a, have, topology), netns_ip(a, have->netns), name, topology,
		group_of_link(topology, name));
}
