/* SPDX-License-Identifier: MIT */
/* dns.c - the resolv.conf(5) of a namespace. */
#include "etc.h"
#include <arpa/inet.h>

extern const struct kind kind_dns;

/* What the C libraries read: MAXNS in resolv.h; the rest is bounded for all of them. */
enum { SERVERS_MAX = 3, SEARCH_MAX = 32, SEARCH_BYTES_MAX = 1024, TEXT_SIZE = 4096 };

struct dns {
	struct etc etc;
	const char *nameservers, *search, *options; /* one a line; NULL: none */
};

static int server_check(const char *s, struct err *e)
{
	char usual[64], v4[64];
	struct in6_addr raw;
	struct inet ip;

	if (etc_address_check(s, usual, e) < 0)
		return e->code;
	if (!strcmp(usual, "0.0.0.0") || !strcmp(usual, "::"))
		return err_set(e, EINVAL, "\"%s\" is the address of no server", s);
	if (!strchr(usual, '%') && inet_parse(usual, &ip, NULL, e) == 0 && inet_mapped(&ip, v4))
		return err_set(e, EINVAL, "\"%s\" is in no packet: write an IPv4 address as \"%s\"", s, v4);
	if (!strncmp(usual, "ff", 2) || (!strchr(usual, ':') && strtol(usual, NULL, 10) >= 224))
		return err_set(e, EINVAL, "\"%s\" is not the address of one server", s);
	if (!strchr(s, '%') && inet_pton(AF_INET6, usual, &raw) == 1 && IN6_IS_ADDR_LINKLOCAL(&raw))
		return err_set(e, EINVAL, "a link-local address needs its interface: \"%s%%IF\"", s);
	return 0;
}

static int domain_check(const char *s, struct err *e)
{
	return strcmp(s, ".") ? etc_name_check(s, e) : 0;
}

/* resolv.conf(5), and res_setoptions() in glibc, which takes no larger numbers. */
static const struct {
	const char *word;
	unsigned min, max; /* max 0: it has no number */
} options[] = {
	{ "ndots:", 0, 15 },
	{ "timeout:", 1, 30 },
	{ "attempts:", 1, 5 },
	{ "debug", 0, 0 },
	{ "edns0", 0, 0 },
	{ "inet6", 0, 0 },
	{ "no-aaaa", 0, 0 },
	{ "no-check-names", 0, 0 },
	{ "no-reload", 0, 0 },
	{ "no-tld-query", 0, 0 },
	{ "rotate", 0, 0 },
	{ "single-request", 0, 0 },
	{ "single-request-reopen", 0, 0 },
	{ "trust-ad", 0, 0 },
	{ "use-vc", 0, 0 },
};

static int option_check(const char *s, struct err *e)
{
	char all[400];
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		size_t length = strlen(options[i].word);
		const char *number = s + length;
		unsigned long v;
		char *end;

		n += (size_t)snprintf(all + n, sizeof(all) - n, "%s%s%s", i ? ", " : "", options[i].word,
				      options[i].max ? "N" : "");
		if (!options[i].max && !strcmp(s, options[i].word))
			return 0;
		if (!options[i].max || strncmp(s, options[i].word, length))
			continue;
		v = strtoul(number, &end, 10);
		if (*number < '0' || *number > '9' || *end || end - number > 3 || v < options[i].min ||
		    v > options[i].max)
			return err_set(e, EINVAL, "\"%.80s\": %s needs a whole number from %u to %u", s,
				       options[i].word, options[i].min, options[i].max);
		return 0;
	}
	return err_set(e, EINVAL, "there is no option \"%.80s\"; possible are %s", s, all);
}

/* The types differ in what one text of the list may be. */
static int servers_parse(_unused_ const struct field *f, _unused_ const char *netns, void *dst, struct json_object *in,
			 struct arena *a, struct err *e)
{
	if (json_object_is_type(in, json_type_array) && json_object_array_length(in) > SERVERS_MAX)
		return err_set(e, EINVAL, "has %zu entries; the resolver uses only the first %d",
			       json_object_array_length(in), SERVERS_MAX);
	return etc_list_parse(in, server_check, dst, a, e);
}

static int search_parse(_unused_ const struct field *f, _unused_ const char *netns, void *dst, struct json_object *in,
			struct arena *a, struct err *e)
{
	const char *all = NULL;

	if (etc_list_parse(in, domain_check, &all, a, e) < 0)
		return e->code;
	if (json_object_array_length(in) > SEARCH_MAX || (all && strlen(all) > SEARCH_BYTES_MAX))
		return err_set(e, EINVAL, "has %zu domains of %zu bytes; at most %d of %d bytes are allowed",
			       json_object_array_length(in), strlen(all), SEARCH_MAX, SEARCH_BYTES_MAX);
	*(const char **)dst = all;
	return 0;
}

static int options_parse(_unused_ const struct field *f, _unused_ const char *netns, void *dst, struct json_object *in,
			 struct arena *a, struct err *e)
{
	return etc_list_parse(in, option_check, dst, a, e);
}

static struct json_object *servers_schema(_unused_ const struct field *f)
{
	return json_tokener_parse(
		"{\"type\": \"array\", \"maxItems\": 3, \"uniqueItems\": true, "
		"\"items\": {\"type\": \"string\"}}");
}

static struct json_object *list_schema(_unused_ const struct field *f)
{
	return json_tokener_parse("{\"type\": \"array\", \"uniqueItems\": true, \"items\": {\"type\": \"string\"}}");
}

static const struct type type_servers = {
	.name = "list of addresses",
	.size = sizeof(const char *),
	.copy = text_copy,
	.parse = servers_parse,
	.format = etc_list_format,
	.equal = etc_list_equal,
	.say = etc_say_nothing,
	.schema = servers_schema,
};

static const struct type type_search = {
	.name = "list of domains",
	.size = sizeof(const char *),
	.copy = text_copy,
	.parse = search_parse,
	.format = etc_list_format,
	.equal = etc_list_equal,
	.say = etc_say_nothing,
	.schema = list_schema,
};

static const struct type type_options = {
	.name = "list of options",
	.size = sizeof(const char *),
	.copy = text_copy,
	.parse = options_parse,
	.format = etc_list_format,
	.equal = etc_list_equal,
	.say = etc_say_nothing,
	.schema = list_schema,
};

static const struct field fields[] = {
	ETC_FIELDS,
	FIELD(dns, nameservers, servers, .flags = WRITTEN | NEEDED,
	      .doc = "the addresses of at most 3 name servers; [] for none"),
	FIELD(dns, search, search, .flags = WRITTEN, .doc = "the domains to which a short name is completed, in order"),
	FIELD(dns, options, options, .flags = WRITTEN, .doc = "options of resolv.conf(5), such as ndots:2"),
};

/* "search a b", if there is anything. */
static void line_add(char text[TEXT_SIZE], const char *word, const char *items, bool together)
{
	const char *at = items, *item;
	size_t n;

	while ((item = etc_line_next(&at, &n))) {
		size_t used = strlen(text);
		bool first = item == items || !together;

		snprintf(text + used, TEXT_SIZE - used, "%s%s%.*s",
			 first && used ? "\n"
			 : first       ? ""
				       : " ",
			 first ? word : "", (int)n, item);
	}
}

static int dns_check(struct object *o, struct err *e)
{
	return strcmp(o->netns, "host")
		       ? 0
		       : err_set(e, EINVAL, "the host has its own /etc/resolv.conf; \"dns\" is for namespaces");
}

static void dns_complete(struct model *m, struct object *o, _unused_ struct problems *p)
{
	struct dns *d = (struct dns *)o;
	char text[TEXT_SIZE] = "";

	line_add(text, "nameserver ", d->nameservers, false);
	line_add(text, "search ", d->search, true);
	line_add(text, "options ", d->options, true);
	d->etc.text = *text ? arena_fmt(&m->arena, "%s\n", text) : "";
	d->etc.mode = ETC_MODE;
	OBJECT_SET(o, etc, text);
	OBJECT_SET(o, etc, mode);
}

/* systemd-resolved listens there, on the host. */
static void dns_check_in(const struct model *m, const struct object *o, struct problems *p)
{
	static const char *const stubs[] = { "127.0.0.53", "127.0.0.54" };
	const struct object *netns = model_netns(m, o->netns);
	const char *at = ((const struct dns *)o)->nameservers, *line;
	size_t n;

	while (netns && !netns->managed && (line = etc_line_next(&at, &n)))
		for (size_t i = 0; i < ARRAY_SIZE(stubs); i++)
			if (n == strlen(stubs[i]) && !strncmp(line, stubs[i], n))
				object_problem(
					p, EINVAL, o, "nameservers",
					"%s is systemd-resolved, which listens on the host and not in %s; name the "
					"servers that it asks, as resolvectl status shows them",
					stubs[i], o->netns);
}

/* ---- the other way round ---- */

static void items_add(struct arena *a, const char **to, const char *word, size_t n)
{
	*to = *to ? arena_fmt(a, "%s\n%.*s", *to, (int)n, word) : arena_fmt(a, "%.*s", (int)n, word);
}

static bool is_word(const char *word, size_t n, const char *name)
{
	return n == strlen(name) && !strncmp(word, name, n);
}

/* As the resolver reads a line: the last list of domains counts. */
static void line_read(struct arena *a, struct dns *d, const char *line, size_t n, struct unsaid *u)
{
	const char *at = line, *end = line + n, *item, **to = NULL;
	size_t length;
	const char *word = etc_word_next(&at, end, &length);

	if (!word || *word == '#' || *word == ';')
		return;
	if (is_word(word, length, "nameserver"))
		to = &d->nameservers;
	else if (is_word(word, length, "search") || is_word(word, length, "domain"))
		to = &d->search;
	else if (is_word(word, length, "options"))
		to = &d->options;
	else
		unsaid_add(u, "dns %s: no topology can declare \"%.*s\"", d->etc.object.netns, (int)n, line);
	if (to == &d->search)
		d->search = NULL;
	while (to && (item = etc_word_next(&at, end, &length)))
		items_add(a, to, item, length);
}

static bool dns_export(struct model *observed, struct object *o, struct unsaid *u)
{
	struct dns *d = (struct dns *)o;
	const char *at = d->etc.text, *line;
	size_t n;

	while (!object_says(o, "nameservers") && (line = etc_line_next(&at, &n)))
		line_read(&observed->arena, d, line, n, u);
	OBJECT_SET(o, dns, nameservers);
	if (d->search)
		OBJECT_SET(o, dns, search);
	if (d->options)
		OBJECT_SET(o, dns, options);
	return true;
}

static const struct etc_kind etc = { .kind = &kind_dns, .file = "resolv.conf" };

static int dns_observe(struct observer *obs, struct err *e)
{
	return etc_observe(obs, &etc, e);
}

static int dns_apply(struct batch *b, struct op *ops, _unused_ size_t n, size_t *ret_taken, struct err *e)
{
	return etc_apply(b, &etc, ops, ret_taken, e);
}

static int dns_mark(struct batch *b, struct op *op, struct err *e)
{
	return etc_put_mark(b, &etc, op, e);
}

const struct kind kind_dns = {
	.name = "dns",
	.class = "dns",
	.label = "dns",
	.doc = "the resolv.conf(5) of the namespace, /etc/netns/NAMESPACE/resolv.conf",
	.section = "dns",
	.form = FORM_ONE,
	.outside = true,
	.size = sizeof(struct dns),
	.fields = fields,
	.n_fields = ARRAY_SIZE(fields),
	.check = dns_check,
	.complete = dns_complete,
	.check_in = dns_check_in,
	.observe = dns_observe,
	.export = dns_export,
	.apply = dns_apply,
	.clear = etc_clear,
	.mark = dns_mark,
};
