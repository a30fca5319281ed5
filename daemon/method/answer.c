/* SPDX-License-Identifier: MIT */
/* answer.c - converts parameters to C, and the engine's results to JSON. */
#include "engine/outcome.h"
#include "engine/shape.h"
#include "answer.h"
#include "kernel/process.h"

void add(struct json_object *o, const char *key, struct json_object *v)
{
	json_object_object_add(o, key, v);
}

size_t list_size(struct json_object *list)
{
	return list ? json_object_array_length(list) : 0;
}

const char *list_text(struct json_object *list, size_t i)
{
	return json_object_get_string(json_object_array_get_idx(list, i));
}

/* A process of a container has no number in our PID namespace. */
void call_caller(const struct call *c, char *ret, size_t size)
{
	const struct peer *peer = c->peer;
	char command[32];

	if (peer->pid <= 0) {
		snprintf(ret, size, "uid %u", peer->uid);
		return;
	}
	process_command(peer->pid, command, sizeof(command));
	snprintf(ret, size, "uid %u, pid %d (%s)", peer->uid, peer->pid, command);
}

struct json_object *one_string(const char *key, const char *value)
{
	struct json_object *o = json_object_new_object();

	add(o, key, json_object_new_string(value));
	return o;
}

void call_outcome(struct call *c, const struct outcome *o)
{
	call_error(c, outcome_row(o->code)->error, outcome_parameters(o));
}

void call_no_such_topology(struct call *c, const char *name)
{
	call_error_string(c, outcome_row(OUTCOME_NO_SUCH_TOPOLOGY)->error, "name", name);
}

void call_refused(struct call *c, const struct err *e)
{
	struct outcome o = { .code = OUTCOME_REFUSED };

	problem_add_err(&o.problems, e, NULL, NULL);
	call_outcome(c, &o);
	outcome_done(&o);
}
