/* SPDX-License-Identifier: MIT */
/* doctor.c - the method Doctor: what is wrong, and the command that repairs it. */
#include "doctor.h"
#include "answer.h"
#include "costly.h"
#include "inspect/doctor.h"

struct doctor_in {
	const char *name;
};
static const struct json_member members[] = { JSON_MEMBER(doctor_in, name, TEXT, .optional = true) };
const struct json_struct doctor_takes = PARAMETERS(doctor_in, members);

struct doctor_question {
	struct question question; /* first: answer gets a pointer to it */
	const char *name;         /* NULL: everything; the call owns it */
	struct diagnosis diagnosis;
};

/* A finding as it is sent. */
struct shape {
	const char *check, *topology, *object, *message, *why, *command;
	enum severity severity;
};
enum { MESSAGE_MAX = 2048 };
static const struct json_member shape_members[] = {
	JSON_MEMBER(shape, check, TEXT, .max = 64),
	JSON_MEMBER(shape, severity, WORD, .word = severity_word),
	JSON_MEMBER(shape, topology, TEXT, .optional = true, .max = 64),
	JSON_MEMBER(shape, object, TEXT, .max = 160),
	JSON_MEMBER(shape, message, TEXT, .max = MESSAGE_MAX),
	JSON_MEMBER(shape, why, TEXT, .max = MESSAGE_MAX),
	JSON_MEMBER(shape, command, TEXT, .optional = true, .max = MESSAGE_MAX),
};
static const struct json_struct shape_struct = JSON_STRUCT(shape, shape_members);

static struct json_object *finding_json(const struct finding *f, bool all)
{
	const struct shape s = {
		.check = f->check->id,
		.severity = f->check->severity,
		.topology = f->topology,
		.object = f->object,
		.message = f->veiled && !all ? f->veiled : f->message,
		.why = f->check->why,
		/* It may name what is not told. */
		.command = f->veiled && !all ? NULL : f->command,
	};

	return json_encode(&shape_struct, &s);
}

static void reply(const struct question *q, const struct diagnosis *d)
{
	struct json_object *o = json_object_new_object(), *list = json_object_new_array(),
			   *unread = costly_unread(q, d->f);
	struct call *c = q->call;

	for (size_t i = 0; i < d->n; i++)
		json_object_array_add(list, finding_json(&d->v[i], c->peer->may_change));
	add(o, "findings", list);
	if (d->cut) {
		unread = unread ? unread : json_object_new_array();
		json_object_array_add(unread, json_object_new_string("there are more findings than are told at once"));
	}
	if (unread)
		add(o, "unread", unread);
	call_reply(c, o);
}

static bool on_answer(struct question *question, const struct facts *f)
{
	struct doctor_question *q = (struct doctor_question *)question;

	if (!q->diagnosis.f)
		doctor_begin(f, &q->diagnosis);
	if (doctor_step(&q->diagnosis))
		return true;
	if (q->name)
		doctor_select(&q->diagnosis, q->name);
	reply(question, &q->diagnosis);
	return false;
}

static void on_free(struct question *question)
{
	struct doctor_question *q = (struct doctor_question *)question;

	diagnosis_done(&q->diagnosis);
	free(q);
}

void method_doctor(struct call *c, const void *parameters, void *arg)
{
	const struct doctor_in *in = parameters;
	struct method_context *m = arg;
	struct doctor_question *q;

	if (in->name && !engine_find(m->engine, in->name)) {
		call_no_such_topology(c, in->name);
		return;
	}
	q = must(calloc(1, sizeof(*q)));
	*q = (struct doctor_question){ .question = { .call = c, .answer = on_answer, .free = on_free },
				       .name = in->name };
	costly_ask(m->costly, &q->question);
}
