/* SPDX-License-Identifier: MIT */
/* metrics.c - netnsctl metrics: prints them, or replaces a file that another program may read at any moment. */
#include "ctl.h"
#include "metrics.h"
#include "replace.h"
#include "text.h"

static int format_find(const char *name, enum metric_format *ret)
{
	static const struct {
		const char *name;
		enum metric_format format;
	} formats[] = { { "openmetrics", METRICS_OPENMETRICS }, { "prometheus", METRICS_PROMETHEUS } };

	for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
		if (!name || !strcmp(name, formats[i].name)) {
			*ret = formats[i].format;
			return EXIT_DONE;
		}
	return ctl_fail(EXIT_INVALID, "--format %s: metrics takes openmetrics or prometheus", name);
}

int command_metrics(const struct ctl *c)
{
	_cleanup_(reply_putp) struct json_object *reply = NULL;
	_cleanup_(arena_done) struct arena a = {};
	_cleanup_(freep) char *text = NULL;
	enum metric_format format = METRICS_OPENMETRICS;
	size_t size = 0;
	FILE *f;
	int r = format_find(c->format, &format);

	if (r)
		return r;
	if (c->write && !*c->write)
		return ctl_fail(EXIT_INVALID, "--write needs the path of a file");
	r = ctl_call(c, &(struct call){ .method = "Metrics", .parameters = must(json_object_new_object()) }, &reply);
	if (r)
		return r;
	f = must(open_memstream(&text, &size));
	metrics_print(reply, format, f);
	if (fclose(f))
		abort();
	for (size_t i = 0; i < reply_size(reply, "unread"); i++)
		fprintf(stderr, "netnsctl: not counted: %s\n",
			text_escape(&a, json_object_get_string(reply_at(reply, "unread", i))));
	if (c->write && strcmp(c->write, "-") != 0)
		return file_replace(c->write, text, size);
	fwrite(text, 1, size, stdout);
	return EXIT_DONE;
}
