/* SPDX-License-Identifier: MIT */
/* metrics_print.c - metrics as text: for each of them a header, and a line for each thing that it is of. */
#include "metrics.h"
#include "text.h"
#include "usec.h"
#include <inttypes.h>

struct printer {
	FILE *out;
	enum metric_format format;
	const struct metric *m;
	struct arena arena; /* of one metric */
};

/* A value of a label: with what would end it, or control a terminal, escaped. */
static const char *label(struct printer *p, const char *value)
{
	char *text, *to;

	value = text_escape(&p->arena, value);
	text = to = arena_alloc(&p->arena, strlen(value) * 2 + 1);
	for (; *value; value++) {
		if (strchr("\\\"\n", *value))
			*to++ = '\\';
		*to++ = (char)(*value == '\n' ? 'n' : *value);
	}
	return text;
}

/* A line: @labels as they are printed, without braces; @suffix of the name. */
static void sample(struct printer *p, const char *suffix, const char *labels, const char *value)
{
	fprintf(p->out, "netnsd_%s%s{%s} %s\n", p->m->name, suffix, labels, value);
}

static const char *number(struct printer *p, uint64_t v)
{
	return arena_fmt(&p->arena, "%" PRIu64, v);
}

/* Microseconds as seconds, in the shortest form; a bound of a bucket is written as "1.0" (OpenMetrics). */
static const char *seconds(struct printer *p, uint64_t usec)
{
	char *text = arena_fmt(&p->arena, "%" PRIu64 ".%06" PRIu64, usec / USEC_PER_SEC, usec % USEC_PER_SEC);
	char *end = text + strlen(text);

	while (end[-1] == '0' && end[-2] != '.')
		*--end = '\0';
	return text;
}

static void value(struct printer *p, const char *labels, struct json_object *from)
{
	const char *key = p->m->key, *suffix = p->m->type == METRIC_COUNTER ? "_total" : "";
	size_t n = strlen(key);
	bool usec = n > 5 && !strcmp(key + n - 5, "_usec");

	/* What the answer does not have is not known. */
	if (!reply_get(from, key))
		return;
	sample(p, suffix, labels, usec ? seconds(p, reply_number(from, key)) : number(p, reply_number(from, key)));
}

static void of_netnsd(struct printer *p, struct json_object *answer)
{
	sample(p, "", arena_fmt(&p->arena, "version=\"%s\"", label(p, reply_text(answer, "version"))), "1");
}

static void of_operations(struct printer *p, struct json_object *answer)
{
	struct json_object *o, *b;

	for (size_t i = 0; (o = reply_at(answer, "durations", i)); i++) {
		const char *labels = arena_fmt(&p->arena, "operation=\"%s\"", label(p, reply_text(o, "operation")));

		for (size_t n = 0; (b = reply_at(o, "buckets", n)); n++) {
			const char *le = reply_get(b, "usec") ? seconds(p, reply_number(b, "usec")) : "+Inf";

			sample(p, "_bucket", arena_fmt(&p->arena, "%s,le=\"%s\"", labels, le),
			       number(p, reply_number(b, "count")));
		}
		sample(p, "_sum", labels, seconds(p, reply_number(o, "sum_usec")));
		sample(p, "_count", labels, number(p, reply_number(o, "count")));
	}
}

static void of_topologies(struct printer *p, struct json_object *answer)
{
	static const char *const states[] = { "up", "down", "failed", "waiting" };
	struct json_object *o;

	for (size_t i = 0; (o = reply_at(answer, "topologies", i)); i++) {
		const char *labels = arena_fmt(&p->arena, "topology=\"%s\"", label(p, reply_text(o, "name")));

		if (p->m->of == METRIC_OF_TOPOLOGY)
			value(p, labels, o);
		for (size_t s = 0; s < ARRAY_SIZE(states) && p->m->of == METRIC_OF_STATE; s++)
			sample(p, "", arena_fmt(&p->arena, "%s,state=\"%s\"", labels, states[s]),
			       strcmp(reply_text(o, p->m->key), states[s]) ? "0" : "1");
	}
}

static void of_namespaces(struct printer *p, struct json_object *answer)
{
	bool interfaces = p->m->of == METRIC_OF_INTERFACE;
	struct json_object *o, *l;

	for (size_t i = 0; (o = reply_at(answer, "namespaces", i)); i++) {
		const char *labels = arena_fmt(&p->arena, "netns=\"%s\"", label(p, reply_text(o, "name")));

		if (p->m->of == METRIC_OF_NETNS) {
			value(p, labels, o);
			continue;
		}
		for (size_t n = 0; (l = reply_at(o, interfaces ? "interfaces" : "qdiscs", n)); n++) {
			const char *more = arena_fmt(&p->arena, "%s,device=\"%s\"", labels,
						     label(p, reply_text(l, interfaces ? "name" : "interface")));

			if (!interfaces)
				more = arena_fmt(&p->arena, "%s,kind=\"%s\"", more, label(p, reply_text(l, "kind")));
			value(p, more, l);
		}
	}
}

/* The unit at the end of the name; NULL: it has none. */
static const char *unit(const char *name)
{
	static const char *const units[] = { "bytes", "seconds" };
	const char *last = strrchr(name, '_');

	for (size_t i = 0; last && i < ARRAY_SIZE(units); i++)
		if (!strcmp(last + 1, units[i]))
			return units[i];
	return NULL;
}

static void header(struct printer *p)
{
	static const char *const types[] = {
		[METRIC_GAUGE] = "gauge", [METRIC_COUNTER] = "counter", [METRIC_HISTOGRAM] = "histogram"
	};
	bool open = p->format == METRICS_OPENMETRICS;
	const char *suffix = p->m->type == METRIC_COUNTER && !open ? "_total" : "";

	fprintf(p->out, "# HELP netnsd_%s%s %s.\n", p->m->name, suffix, p->m->help);
	fprintf(p->out, "# TYPE netnsd_%s%s %s\n", p->m->name, suffix, types[p->m->type]);
	if (open && unit(p->m->name))
		fprintf(p->out, "# UNIT netnsd_%s %s\n", p->m->name, unit(p->m->name));
}

void metrics_print(struct json_object *answer, enum metric_format format, FILE *out)
{
	static void (*const print[])(struct printer *p, struct json_object *answer) = {
		[METRIC_OF_NETNSD] = of_netnsd,       [METRIC_OF_OPERATION] = of_operations,
		[METRIC_OF_TOPOLOGY] = of_topologies, [METRIC_OF_STATE] = of_topologies,
		[METRIC_OF_NETNS] = of_namespaces,    [METRIC_OF_INTERFACE] = of_namespaces,
		[METRIC_OF_QDISC] = of_namespaces,
	};

	for (size_t i = 0; i < n_metrics; i++) {
		struct printer p = { .out = out, .format = format, .m = &metrics[i] };

		header(&p);
		print[metrics[i].of](&p, answer);
		arena_done(&p.arena);
	}
	if (format == METRICS_OPENMETRICS)
		fputs("# EOF\n", out);
}
