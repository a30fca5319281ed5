/* SPDX-License-Identifier: MIT */
/* etc.c - a file in /etc/netns as an object: reads it, writes it, and says what changes of it. */
#include "etc.h"
#include "model/owner.h"
#include <ctype.h>

enum { SHOWN_LINES = 4, SHARED_MAX = 64 };

const char *etc_line_next(const char **at, size_t *ret_n)
{
	const char *line = *at && **at ? *at : NULL;

	if (!line)
		return NULL;
	*ret_n = strcspn(line, "\n");
	*at = line + *ret_n + (line[*ret_n] == '\n');
	return line;
}

const char *etc_word_next(const char **at, const char *end, size_t *ret_n)
{
	const char *word = *at;

	while (word < end && isspace((unsigned char)*word))
		word++;
	for (*ret_n = 0; word + *ret_n < end && !isspace((unsigned char)word[*ret_n]);)
		++*ret_n;
	*at = word + *ret_n;
	return *ret_n ? word : NULL;
}

/* ---- the text ---- */

static int text_parse(_unused_ const struct field *f, _unused_ const char *netns, void *dst, struct json_object *in,
		      struct arena *a, struct err *e)
{
	if (!json_object_is_type(in, json_type_string))
		return err_set(e, EINVAL, "must be a text in double quotes");
	*(const char **)dst = arena_strdup(a, json_object_get_string(in));
	return 0;
}

static struct json_object *text_format(_unused_ const struct field *f, _unused_ const char *netns, const void *src)
{
	return json_object_new_string(*(const char *const *)src);
}

static bool text_equal(const void *a, const void *b)
{
	const char *x = *(const char *const *)a, *y = *(const char *const *)b;

	return x == y || (x && y && !strcmp(x, y));
}

/* One line of it, for people. */
static const char *line_text(struct arena *a, const char *line, size_t n)
{
	char *text = arena_fmt(a, "%.*s", n > 80 ? 80 : (int)n, line);

	for (char *c = text; *c; c++)
		*c = iscntrl((unsigned char)*c) ? ' ' : *c;
	return *text ? text : "an empty line";
}

/* Adds a line with @sign to a list that shows only some of them. */
static void list_add(struct arena *a, char **all, size_t *count, const char *sign, const char *line, size_t n)
{
	const char *sep = strcmp(sign, "") ? ", " : "; ";

	if ((*count)++ < SHOWN_LINES)
		*all = arena_fmt(a, "%s%s%s%s", *all, **all ? sep : "", sign, line_text(a, line, n));
}

static char *list_end(struct arena *a, char *all, size_t count)
{
	return count > SHOWN_LINES ? arena_fmt(a, "%s and %zu more lines", all, count - SHOWN_LINES) : all;
}

/* The lines of a loopback address say little. */
static bool is_plain(const char *line)
{
	return !strncmp(line, "127.", 4) || !strncmp(line, "::1 ", 4);
}

static char *text_say(_unused_ const char *netns, const void *src, struct arena *a)
{
	const char *at = *(const char *const *)src, *line;
	char *all = arena_strdup(a, "");
	size_t n, count = 0;

	while ((line = etc_line_next(&at, &n)))
		if (!is_plain(line))
			list_add(a, &all, &count, "", line, n);
	return count ? list_end(a, all, count) : NULL;
}

/* The lines between those that both texts begin, or end, with. */
static char *text_say_change(const void *before, const void *after, struct arena *a)
{
	const char *at[2] = { *(const char *const *)before, *(const char *const *)after }, *end[2], *line;
	static const char *const signs[] = { "- ", "+ " };
	char *all = arena_strdup(a, "");
	size_t same = 0, n, count = 0;

	for (size_t i = 0; i < 2; i++) {
		at[i] = at[i] ? at[i] : "";
		end[i] = at[i] + strlen(at[i]);
	}
	for (size_t i = 0; at[0][i] && at[0][i] == at[1][i]; i++)
		same = at[0][i] == '\n' ? i + 1 : same;
	at[0] += same;
	at[1] += same;
	for (same = 0;
	     end[0] - same > at[0] && end[1] - same > at[1] && end[0][-1 - (long)same] == end[1][-1 - (long)same];)
		same++;
	/* Whole lines only. */
	while (same && !((end[0] - same == at[0] || end[0][-1 - (long)same] == '\n') &&
			 (end[1] - same == at[1] || end[1][-1 - (long)same] == '\n')))
		same--;
	for (size_t i = 0; i < 2; i++)
		while (at[i] < end[i] - same && (line = etc_line_next(&at[i], &n)))
			list_add(a, &all, &count, signs[i], line, n);
	return list_end(a, all, count);
}

const struct type type_etc_text = {
	.name = "text",
	.size = sizeof(const char *),
	.copy = text_copy,
	.parse = text_parse,
	.format = text_format,
	.equal = text_equal,
	.say = text_say,
	.say_change = text_say_change,
};

/* ---- observing ---- */

/* Replaces the first line of @text that is @from. */
static const char *line_replace(struct arena *a, const char *text, const char *from, const char *to)
{
	size_t n, length = strlen(from);
	const char *at = text, *line;

	while ((line = etc_line_next(&at, &n)))
		if (n == length && !strncmp(line, from, n))
			return arena_fmt(a, "%.*s%s%s", (int)(line - text), text, to, line + n);
	return text;
}

/* As in the file before it, which may be the same for a thousand namespaces; @text is one of a file otherwise. */
static const char *shared(struct model *m, const struct kind *k, const char *text)
{
	for (size_t i = m->n; i-- > 0 && m->n - i < SHARED_MAX;)
		if (m->objects[i]->kind == k && !strcmp(((const struct etc *)m->objects[i])->text, text))
			return ((const struct etc *)m->objects[i])->text;
	return arena_strdup(&m->arena, text);
}

static const char *why_not_ours(struct arena *a, const struct etc_kind *k, const char *netns, const struct etc_file *f)
{
	if (f->state == ETC_STRANGE)
		return arena_fmt(a, "%s, and netnsd leaves it alone; move it away", f->why);
	if (f->state == ETC_FOREIGN)
		return arena_fmt(a,
				 ETC_NETNS
				 "/%s/%s already exists, netnsd did not write it, and leaves it alone; move it "
				 "away, or take its contents into the topology and remove it",
				 netns, k->file);
	return arena_fmt(a,
			 ETC_NETNS
			 "/%s/%s was written for the topology %s; remove \"%s\" from one of the two, or, if %s is "
			 "not used any more, the file",
			 netns, k->file, f->topology, k->kind->section, f->topology);
}

static void add(struct observer *obs, const struct etc_kind *k, const char *netns, const struct etc_file *f)
{
	struct model *m = obs->observed;
	struct etc *o = (struct etc *)object_new(m, k->kind, netns, NULL);
	struct arena a = { 0 };
	char line[ETC_TOKEN_MAX];
	const char *text = f->text ? f->text : "";

	if (k->token) {
		k->line(line);
		text = line_replace(&a, text, line, k->token);
	}
	o->text = shared(m, k->kind, text);
	o->mode = arena_fmt(&m->arena, "%04o", f->mode);
	OBJECT_SET(&o->object, etc, text);
	OBJECT_SET(&o->object, etc, mode);
	if (f->state == ETC_OURS) {
		o->object.sign.topology = arena_strdup(&m->arena, f->topology);
		o->object.sign.hash = topology_hash(f->topology);
	}
	o->object.damage = why_not_ours(&m->arena, k, netns, f);
	observer_add(obs, &o->object);
	arena_done(&a);
}

int etc_observe(struct observer *obs, const struct etc_kind *k, struct err *e)
{
	const char *netns = obs->ns->name, *class = k->kind->class;
	struct etc_file f;

	if (!(obs->extent.unsaid && strcmp(netns, "host") != 0) && !observer_find(obs, class, netns))
		return 0;
	if (etc_read(netns, k->file, &f, e) < 0)
		return e->code;
	if (obs->extent.unsaid && f.state == ETC_STRANGE)
		unsaid_add(obs->extent.unsaid, "%s, and is left out", f.why);
	else if (f.state != ETC_ABSENT)
		add(obs, k, netns, &f);
	etc_file_done(&f);
	return 0;
}

/* ---- writing ---- */

int etc_apply(struct batch *b, const struct etc_kind *k, struct op *op, size_t *ret_taken, struct err *e)
{
	const struct etc *o = (const struct etc *)(op->after ? op->after : op->before);
	struct arena a = { 0 };
	const char *text = o->text;
	char line[ETC_TOKEN_MAX];
	int r;

	*ret_taken = 1;
	if (batch_flush(b, e) < 0)
		return e->code;
	b->refused = op;
	/* A disk may be slow: the loop gets its turn. */
	b->sent++;
	if (!op->after)
		return etc_remove(o->object.netns, k->file, b->topology, e);
	if (k->token) {
		k->line(line);
		text = line_replace(&a, text, k->token, line);
	}
	r = etc_write(o->object.netns, k->file, b->topology, text, (unsigned)strtoul(o->mode, NULL, 8) & 0777, e);
	arena_done(&a);
	return r;
}

int etc_put_mark(struct batch *b, const struct etc_kind *k, struct op *op, struct err *e)
{
	const char *netns = op->before->netns;

	b->refused = op;
	b->sent++;
	if (op->mark == MARK_TAKE_OFF)
		return etc_mark(netns, k->file, b->topology, NULL, e);
	return etc_mark(netns, k->file, op->before->unmarked ? NULL : op->before->sign.topology, b->topology, e);
}
