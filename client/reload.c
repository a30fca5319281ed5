/* SPDX-License-Identifier: MIT */
/* reload.c - netnsctl reload: the outcome for each topology of the boot directories. */
#include "ctl.h"
#include "print.h"
#include "text.h"

/* The text for a result besides its summary or problem. */
static const char *result_text(const char *result)
{
	static const struct {
		const char *result, *text;
	} texts[] = {
		{ "unchanged", "{name}: unchanged" },
		{ "down", "{name}: stays down; netnsctl up {name}" },
		{ "other", "{name}: left as it was applied from elsewhere; netnsctl status {name}" },
		{ "gone", "{name}: no longer comes up at boot; until then it stays up, or netnsctl down {name}" },
		{ "failed", "{name}: not applied; everything is as it was before" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (!strcmp(result, texts[i].result))
			return texts[i].text;
	return NULL;
}

/* An exit code. */
static int result_print(struct json_object *o)
{
	_cleanup_(arena_done) struct arena a = {};
	const char *result = reply_text(o, "result"), *text = result_text(result);
	bool failed = !strcmp(result, "failed");

	text = text ? print_fill(&a, text, o) : NULL;
	if (failed) {
		fflush(stdout);
		fprintf(stderr, "%s\n", text_escape(&a, print_problem(&a, reply_get(o, "problem"))));
		return ctl_fail(EXIT_FAILED, "%s", text);
	}
	if (reply_get(o, "summary"))
		print_summary(stdout, reply_get(o, "summary"));
	else if (text)
		puts(text_escape(&a, text));
	else
		printf("%s: %s: %s\n", text_escape(&a, reply_text(o, "name")), text_escape(&a, result),
		       text_escape(&a, print_problem(&a, reply_get(o, "problem"))));
	return EXIT_DONE;
}

static bool has_failed(struct json_object *reply)
{
	struct json_object *o;

	for (size_t i = 0; (o = reply_at(reply, "results", i)); i++)
		if (!strcmp(reply_text(o, "result"), "failed"))
			return true;
	return false;
}

int command_reload(const struct ctl *c)
{
	_cleanup_(reply_putp) struct json_object *reply = NULL;
	struct json_object *o;
	int r = ctl_call(c, &(struct call){ .method = "Reload" }, &reply);

	if (r)
		return r;
	if (c->given & OPT_JSON)
		return print_json(stdout, reply, false), has_failed(reply) ? EXIT_FAILED : EXIT_DONE;
	if (!reply_size(reply, "results"))
		puts("the boot directories are empty");
	for (size_t i = 0; (o = reply_at(reply, "results", i)); i++)
		r = result_print(o) ?: r;
	return r;
}
