/* SPDX-License-Identifier: MIT */
/* shape.c - the types of the interface text that are structs here, with a table each. */
#include "shape.h"
#include "confirm.h"
#include "base/json_struct.h"

static const struct json_member problem_members[] = {
	JSON_MEMBER(problem, message, TEXT),
	JSON_MEMBER(problem, file, TEXT, .optional = true),
	JSON_MEMBER_NAMED(problem, where.pointer, "pointer", TEXT, .optional = true),
	JSON_MEMBER_NAMED(problem, where.line, "line", U32, .optional = true),
	JSON_MEMBER_NAMED(problem, where.column, "column", U32, .optional = true),
	JSON_MEMBER(problem, object, TEXT, .optional = true),
	JSON_MEMBER(problem, kernel, TEXT, .optional = true),
	JSON_MEMBER_NAMED(problem, code, "errno", ERRNO, .optional = true),
};

struct json_object *shape_problem(const struct problem *p)
{
	static const struct json_struct s = JSON_STRUCT(problem, problem_members);

	return json_encode(&s, p);
}

static const struct json_member drifted_members[] = {
	JSON_MEMBER(drifted, kind, TEXT),
	JSON_MEMBER(drifted, object, TEXT),
	JSON_MEMBER(drifted, expected, TEXT, .optional = true),
	JSON_MEMBER(drifted, actual, TEXT, .optional = true),
	JSON_MEMBER(drifted, by, TEXT, .optional = true),
	JSON_MEMBER_NAMED(drifted, open, "drifted", FLAG),
	JSON_MEMBER(drifted, contested, FLAG),
	JSON_MEMBER_NAMED(drifted, why, "reason", WORD, .word = why_not_word, .min = WHY_NOT_FIRST, .optional = true),
	JSON_MEMBER(drifted, heal_usec, U64, .optional = true),
};

struct json_object *shape_drifted(const struct drifted *d)
{
	static const struct json_struct s = JSON_STRUCT(drifted, drifted_members);

	return json_encode(&s, d);
}

static struct json_object *lines_save(const void *at)
{
	const char *s = *(const char *const *)at;
	struct json_object *list = s ? must(json_object_new_array()) : NULL;

	for (size_t n; s && *s; s += n + (s[n] == '\n')) {
		n = strcspn(s, "\n");
		json_object_array_add(list, json_object_new_string_len(s, (int)n));
	}
	return list;
}

static const struct json_member step_members[] = {
	JSON_MEMBER(step, action, TEXT), JSON_MEMBER(step, kind, TEXT),
	JSON_MEMBER(step, object, TEXT), JSON_MEMBER(step, detail, TEXT),
	JSON_MEMBER(step, effect, TEXT), JSON_MEMBER(step, lines, OWN, .optional = true, .save = lines_save),
};

struct json_object *shape_step(const struct step *s)
{
	static const struct json_struct steps = JSON_STRUCT(step, step_members);

	return json_encode(&steps, s);
}

struct json_object *shape_problems(const struct problems *p)
{
	struct json_object *list = must(json_object_new_array());

	for (size_t i = 0; i < p->n; i++)
		json_object_array_add(list, shape_problem(&p->v[i]));
	return list;
}

struct json_object *shape_steps(const struct plan *plan, size_t first, size_t end)
{
	struct json_object *list = must(json_object_new_array());
	struct arena a = { 0 };

	for (size_t i = first; i < end; i++) {
		struct step s;

		if (plan_step(&plan->ops[i], &a, &s))
			json_object_array_add(list, shape_step(&s));
	}
	arena_done(&a);
	return list;
}

struct summary {
	const char *name;
	uint64_t created, changed, removed, duration_usec, confirm_usec;
	bool persisted, down, forgotten;
	const char *boot_file, *others;
};
static const struct json_member summary_members[] = {
	JSON_MEMBER(summary, name, TEXT),
	JSON_MEMBER(summary, created, U64),
	JSON_MEMBER(summary, changed, U64),
	JSON_MEMBER(summary, removed, U64),
	JSON_MEMBER(summary, duration_usec, U64),
	JSON_MEMBER(summary, confirm_usec, U64, .optional = true),
	JSON_MEMBER(summary, persisted, FLAG, .optional = true),
	JSON_MEMBER(summary, down, FLAG, .optional = true),
	JSON_MEMBER(summary, forgotten, FLAG, .optional = true),
	JSON_MEMBER(summary, boot_file, TEXT, .optional = true),
	JSON_MEMBER(summary, others, TEXT, .optional = true),
};

struct json_object *shape_summary(const struct outcome *o)
{
	static const struct json_struct s = JSON_STRUCT(summary, summary_members);
	const struct summary summary = {
		.name = o->name,
		.created = o->created,
		.changed = o->changed,
		.removed = o->removed,
		.duration_usec = o->duration_usec,
		.confirm_usec = confirm_left(o->confirm_usec),
		.persisted = o->persisted,
		.down = o->down,
		.forgotten = o->forgotten,
		.boot_file = o->boot_file,
		.others = *o->others ? o->others : NULL,
	};

	return json_encode(&s, &summary);
}
