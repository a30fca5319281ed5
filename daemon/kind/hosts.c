/* SPDX-License-Identifier: MIT */
/* hosts.c - the hosts(5) of a namespace. */
#include "address.h"
#include "etc.h"
#include <sys/utsname.h>

extern const struct kind kind_hosts;

enum {
	ENTRIES_MAX = 4096,
	TOTAL_MAX = 32 << 20, /* bytes, of all files with the namespaces of a topology: each has them all */
};

/* The machine may get its name later than the file: the line is made when it is written. */
#define MACHINE "127.0.1.1 (the name of this machine)"
/* In the list of entries: those of all namespaces. */
#define NAMESPACES "namespaces"

struct hosts {
	struct etc etc;
	const char *entries; /* one a line: "ADDRESS NAME…", or NAMESPACES */
	const char *all;     /* the entries of all namespaces */
	size_t total;        /* bytes of the files so far that have them */
};

/* ---- the value in a topology ---- */

/* The digits of an address would do for a name. */
static int name_check(const char *s, struct err *e)
{
	char usual[64];

	if (etc_address_check(s, usual, e) == 0)
		return err_set(e, EINVAL, "\"%s\" is an address where a name is meant, as in \"%s\": \"NAME\"", s,
			       usual);
	return etc_name_check(s, e);
}

static int entry_parse(const char *address, struct json_object *names, FILE *entries, struct json_object *seen,
		       struct arena *a, struct err *e)
{
	bool one = json_object_is_type(names, json_type_string);
	struct json_object *list = one ? must(json_object_new_array()) : names;
	const char *all = NULL;
	char usual[64], other[64];
	struct err any;
	int r;

	if (one)
		json_object_array_add(list, json_object_get(names));
	r = etc_address_check(address, usual, e);
	if (r < 0 && one && etc_address_check(json_object_get_string(names), other, &any) == 0)
		err_set(e, EINVAL, "\"%.80s\" is not an IP address; did you mean \"%s\": \"%.80s\"?", address, other,
			address);
	if (r == 0 && !json_object_is_type(list, json_type_array))
		r = err_set(e, EINVAL, "%s: must be a name, or a list of names", usual);
	if (r == 0 && etc_list_parse(list, name_check, &all, a, e) < 0)
		r = err_prefix(e, "%s", usual);
	if (r == 0 && !all)
		r = err_set(e, EINVAL, "%s has no names", usual);
	if (r == 0 && json_object_object_get_ex(seen, usual, NULL))
		r = err_set(e, EINVAL, "%s is listed twice", usual);
	if (one)
		json_object_put(list);
	if (r < 0)
		return r;
	json_object_object_add(seen, usual, NULL);
	fputs(usual, entries);
	for (fputc(' ', entries); *all; all++)
		fputc(*all == '\n' ? ' ' : *all, entries);
	fputc('\n', entries);
	return 0;
}

static int entries_parse_all(struct json_object *in, struct json_object *seen, FILE *entries, struct arena *a,
			     struct err *e)
{
	if (json_object_object_length(in) > ENTRIES_MAX)
		return err_set(e, EINVAL, "has %d entries, at most %d are allowed", json_object_object_length(in),
			       ENTRIES_MAX);
	json_object_object_foreach(in, key, value) {
		if (strcmp(key, NAMESPACES)) {
			if (entry_parse(key, value, entries, seen, a, e) < 0)
				return e->code;
		} else if (!json_object_is_type(value, json_type_boolean)) {
			return err_set(e, EINVAL, "\"" NAMESPACES "\" must be true or false");
		} else if (json_object_get_boolean(value)) {
			fputs(NAMESPACES "\n", entries);
		}
	}
	return 0;
}

static int entries_parse(_unused_ const struct field *f, _unused_ const char *netns, void *dst, struct json_object *in,
			 struct arena *a, struct err *e)
{
	_cleanup_(freep) char *text = NULL;
	struct json_object *seen;
	FILE *entries;
	size_t size;
	int r;

	if (json_object_is_type(in, json_type_boolean) && json_object_get_boolean(in)) {
		*(const char **)dst = NAMESPACES "\n";
		return 0;
	}
	if (!json_object_is_type(in, json_type_object))
		return err_set(
			e, EINVAL,
			"must be true, for the addresses of all namespaces, or an object: { \"ADDRESS\": \"NAME\" }");
	seen = must(json_object_new_object());
	entries = must(open_memstream(&text, &size));
	r = entries_parse_all(in, seen, entries, a, e);
	json_object_put(seen);
	if (fclose(entries) != 0)
		abort();
	if (r == 0)
		*(const char **)dst = arena_strdup(a, text);
	return r;
}

/* Of a line "ADDRESS NAME NAME". */
static void entry_format(struct json_object *to, const char *line, size_t n)
{
	struct json_object *names = must(json_object_new_array());
	char address[64];
	size_t at = strcspn(line, " \n");

	snprintf(address, sizeof(address), "%.*s", (int)at, line);
	while (at < n) {
		size_t length = strcspn(line + at + 1, " \n");

		json_object_array_add(names, must(json_object_new_string_len(line + at + 1, (int)length)));
		at += 1 + length;
	}
	json_object_object_add(to, address, names);
}

static struct json_object *entries_format(_unused_ const struct field *f, _unused_ const char *netns, const void *src)
{
	struct json_object *all = must(json_object_new_object());
	const char *at = *(const char *const *)src, *line;
	size_t n;

	while ((line = etc_line_next(&at, &n)))
		if (n == strlen(NAMESPACES) && !strncmp(line, NAMESPACES, n))
			json_object_object_add(all, NAMESPACES, json_object_new_boolean(true));
		else
			entry_format(all, line, n);
	return all;
}

static struct json_object *entries_schema(_unused_ const struct field *f)
{
	return json_tokener_parse(
		"{\"anyOf\": [{\"const\": true}, {\"type\": \"object\", "
		"\"properties\": {\"" NAMESPACES
		"\": {\"type\": \"boolean\"}}, "
		"\"additionalProperties\": {\"anyOf\": [{\"type\": \"string\"}, "
		"{\"type\": \"array\", \"minItems\": 1, \"uniqueItems\": true, \"items\": {\"type\": \"string\"}}]}}]}");
}

static const struct type type_entries = {
	.name = "true, or names by their address",
	.size = sizeof(const char *),
	.copy = text_copy,
	.parse = entries_parse,
	.format = entries_format,
	.equal = etc_list_equal,
	.say = etc_say_nothing,
	.schema = entries_schema,
};

static const struct field fields[] = {
	ETC_FIELDS,
	FIELD(hosts, entries, entries, .flags = WRITTEN | NEEDED,
	      .doc = "the name, or the list of names, of each address, with \"namespaces\": true also those of all "
		     "namespaces of the topology; true alone is only that"),
};

/* ---- what becomes of it ---- */

static int hosts_check(struct object *o, struct err *e)
{
	return strcmp(o->netns, "host")
		       ? 0
		       : err_set(e, EINVAL, "the host has its own /etc/hosts; \"hosts\" is for namespaces");
}

/* An address that others can reach. */
static bool is_known(const struct object *o)
{
	const struct inet *ip = o->kind == &kind_address ? &((const struct address *)o)->address : NULL;

	return ip && !inet_is_link_local(ip) && !inet_is_loopback6(ip) &&
	       !(ip->family == AF_INET && ip->addr[0] == 127);
}

static const char *namespaces_text(struct model *m)
{
	char *text, ip[64];
	const char *copy;
	size_t size;
	FILE *f = must(open_memstream(&text, &size));

	for (size_t i = 0; i < m->n; i++)
		if (is_known(m->objects[i]))
			fprintf(f, "%s %s\n", inet_text(&((struct address *)m->objects[i])->address, true, ip),
				m->objects[i]->netns);
	if (fclose(f) != 0)
		abort();
	copy = arena_strdup(&m->arena, text);
	free(text);
	return copy;
}

static bool has_namespaces(const struct object *o)
{
	const char *entries = o->kind == &kind_hosts ? ((const struct hosts *)o)->entries : NULL;

	return entries &&
	       (!strncmp(entries, NAMESPACES "\n", strlen(NAMESPACES "\n")) || strstr(entries, "\n" NAMESPACES "\n"));
}

/* The one before it in the file that has all namespaces, too; their text is made once. */
static const struct hosts *earlier(const struct model *m, const struct object *o)
{
	for (size_t i = o->seq; i-- > 0;)
		if (has_namespaces(m->objects[i]))
			return (const struct hosts *)m->objects[i];
	return NULL;
}

#define HEAD "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n" MACHINE "\n"

static const char *text_of(struct model *m, const struct hosts *h, const struct hosts *before)
{
	const char *at = h->entries, *line;
	size_t n;

	/* Most have nothing else. */
	if (before && !strcmp(h->entries, before->entries))
		return before->etc.text;
	if (!has_namespaces(&h->etc.object))
		return arena_fmt(&m->arena, HEAD "%s", h->entries);
	/* The order is that of the file. */
	while ((line = etc_line_next(&at, &n)))
		if (n == strlen(NAMESPACES) && !strncmp(line, NAMESPACES, n))
			break;
	return arena_fmt(&m->arena, HEAD "%.*s%s%s", (int)(line - h->entries), h->entries, h->all, at);
}

static void hosts_complete(struct model *m, struct object *o, struct problems *p)
{
	struct hosts *h = (struct hosts *)o;
	const struct hosts *before = has_namespaces(o) ? earlier(m, o) : NULL;

	if (has_namespaces(o))
		h->all = before ? before->all : namespaces_text(m);
	h->etc.text = text_of(m, h, before);
	h->etc.mode = ETC_MODE;
	OBJECT_SET(o, etc, text);
	OBJECT_SET(o, etc, mode);
	h->total = strlen(h->etc.text) + (before ? before->total : 0);
	if (strlen(h->etc.text) > ETC_FILE_MAX)
		object_problem(p, EINVAL, o, NULL, "the file would have %zu bytes, at most %d are allowed",
			       strlen(h->etc.text), ETC_FILE_MAX);
	else if (h->total > TOTAL_MAX && h->total - strlen(h->etc.text) <= TOTAL_MAX)
		object_problem(p, EINVAL, o, NULL,
			       "with this one, the files that have all namespaces are longer than %d bytes in all",
			       TOTAL_MAX);
}

static void machine_line(char ret[ETC_TOKEN_MAX])
{
	struct utsname machine;
	const char *name = uname(&machine) == 0 ? machine.nodename : "";
	const char *dot = strchr(name, '.');
	struct err e;

	if (etc_name_check(name, &e) < 0 || !strcmp(name, "localhost"))
		snprintf(ret, ETC_TOKEN_MAX, "# This machine has no name.");
	else
		snprintf(ret, ETC_TOKEN_MAX, "127.0.1.1 %s%s%.*s", name, dot ? " " : "", dot ? (int)(dot - name) : 0,
			 name);
}

/* ---- the other way round ---- */

/* Whether it is one of the lines that every file begins with. */
static bool is_of_head(const char *line, size_t n)
{
	const char *at = HEAD, *one;
	size_t length;

	while ((one = etc_line_next(&at, &length)))
		if (n == length && !strncmp(line, one, n))
			return true;
	return false;
}

/* An address may have several lines; in a topology it has one list. */
static void line_read(struct json_object *entries, const char *line, size_t n)
{
	const char *at = line, *comment = memchr(line, '#', n), *end = comment ? comment : line + n, *name;
	struct json_object *names;
	char address[64], usual[64];
	struct err e;
	size_t length;
	const char *word = etc_word_next(&at, end, &length);

	if (!word || length >= sizeof(address) || is_of_head(line, n))
		return;
	snprintf(address, sizeof(address), "%.*s", (int)length, word);
	if (etc_address_check(address, usual, &e) < 0)
		snprintf(usual, sizeof(usual), "%s", address);
	if (!json_object_object_get_ex(entries, usual, &names))
		json_object_object_add(entries, usual, names = must(json_object_new_array()));
	while ((name = etc_word_next(&at, end, &length)))
		json_object_array_add(names, must(json_object_new_string_len(name, (int)length)));
}

static bool hosts_export(struct model *observed, struct object *o, _unused_ struct unsaid *u)
{
	struct json_object *entries;
	struct hosts *h = (struct hosts *)o;
	const char *at = h->etc.text, *line;
	_cleanup_(freep) char *all = NULL;
	size_t n;
	FILE *out;

	if (object_says(o, "entries"))
		return true;
	entries = must(json_object_new_object());
	out = must(open_memstream(&all, &n));

	while ((line = etc_line_next(&at, &n)))
		line_read(entries, line, n);
	json_object_object_foreach(entries, address, names) {
		fputs(address, out);
		for (size_t i = 0; i < json_object_array_length(names); i++)
			fprintf(out, " %s", json_object_get_string(json_object_array_get_idx(names, i)));
		fputc('\n', out);
	}
	if (fclose(out) != 0)
		abort();
	json_object_put(entries);
	h->entries = arena_strdup(&observed->arena, all);
	OBJECT_SET(o, hosts, entries);
	return true;
}

static const struct etc_kind etc = { .kind = &kind_hosts, .file = "hosts", .token = MACHINE, .line = machine_line };

static int hosts_observe(struct observer *obs, struct err *e)
{
	return etc_observe(obs, &etc, e);
}

static int hosts_apply(struct batch *b, struct op *ops, _unused_ size_t n, size_t *ret_taken, struct err *e)
{
	return etc_apply(b, &etc, ops, ret_taken, e);
}

static int hosts_mark(struct batch *b, struct op *op, struct err *e)
{
	return etc_put_mark(b, &etc, op, e);
}

const struct kind kind_hosts = {
	.name = "hosts",
	.class = "hosts",
	.label = "hosts",
	.doc = "the hosts(5) of the namespace, /etc/netns/NAMESPACE/hosts, after localhost and the machine's own name",
	.section = "hosts",
	.form = FORM_ONE,
	.outside = true,
	.shorthand = "entries",
	.size = sizeof(struct hosts),
	.fields = fields,
	.n_fields = ARRAY_SIZE(fields),
	.check = hosts_check,
	.complete = hosts_complete,
	.observe = hosts_observe,
	.export = hosts_export,
	.apply = hosts_apply,
	.clear = etc_clear,
	.mark = hosts_mark,
};
