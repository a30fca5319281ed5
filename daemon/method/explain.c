/* SPDX-License-Identifier: MIT */
/* explain.c - the method Explain: the way of a packet and of its answer, hop by hop. */
#include "explain.h"
#include "answer.h"
#include "costly.h"
#include "inspect/explain.h"
#include "inspect/gather.h"
#include <netinet/in.h>

enum { PLACE_MAX = 128, MESSAGE_MAX = 2048, PORT_MAX = 65535 };
const char *flow_proto_word(unsigned i)
{
	static const char *const words[] = { [FLOW_ICMP] = "icmp", [FLOW_TCP] = "tcp", [FLOW_UDP] = "udp" };

	return i < ARRAY_SIZE(words) ? words[i] : NULL;
}

uint8_t flow_proto_number(enum flow_proto p)
{
	return p == FLOW_TCP ? IPPROTO_TCP : p == FLOW_UDP ? IPPROTO_UDP : 0;
}

struct explain_in {
	const char *source, *to;
	enum flow_proto proto;
	uint32_t port;
	bool reverse;
};
static const struct json_member members[] = {
	JSON_MEMBER(explain_in, source, TEXT, .max = PLACE_MAX),
	JSON_MEMBER(explain_in, to, TEXT, .max = PLACE_MAX),
	JSON_MEMBER(explain_in, proto, WORD, .optional = true, .min = FLOW_ICMP, .word = flow_proto_word),
	JSON_MEMBER(explain_in, port, U32, .optional = true, .min = 1, .max = PORT_MAX),
	JSON_MEMBER(explain_in, reverse, FLAG, .optional = true),
};
const struct json_struct explain_takes = PARAMETERS(explain_in, members);

struct explain_question {
	struct question question; /* first: answer gets a pointer to it */
	struct explain_request request;
	struct engine *engine;
	struct explanation x;
	bool begun;
};

/* A hop as it is sent. */
struct shape {
	bool back;
	enum hop_stage stage;
	enum hop_state state;
	const char *object, *message, *command;
};
static const struct json_member shape_members[] = {
	JSON_MEMBER(shape, back, FLAG),
	JSON_MEMBER(shape, stage, WORD, .word = hop_stage_word),
	JSON_MEMBER(shape, state, WORD, .word = hop_state_word),
	JSON_MEMBER(shape, object, TEXT, .max = PLACE_MAX),
	JSON_MEMBER(shape, message, TEXT, .max = MESSAGE_MAX),
	JSON_MEMBER(shape, command, TEXT, .optional = true, .max = MESSAGE_MAX),
};
static const struct json_struct shape_struct = JSON_STRUCT(shape, shape_members);

static struct json_object *hop_json(const struct hop *h, bool all)
{
	bool foreign = !all && h->n->place == PLACE_FOREIGN, veiled = !all && h->veiled;
	const struct shape s = {
		.back = h->back,
		.stage = h->stage,
		.state = h->state,
		.object = foreign ? "a namespace of another program" : h->object,
		.message = foreign  ? "root sees what is there"
			   : veiled ? h->veiled
				    : h->message,
		.command = foreign || veiled ? NULL : h->command,
	};

	return json_encode(&shape_struct, &s);
}

static void reply(struct call *c, const struct explanation *x)
{
	struct json_object *o = json_object_new_object(), *list = json_object_new_array();

	for (size_t i = 0; i < x->n_hops; i++)
		json_object_array_add(list, hop_json(&x->hops[i], c->peer->may_change));
	add(o, "arrives", json_object_new_boolean(x->state == HOP_PASSES));
	add(o, "hops", list);
	call_reply(c, o);
}

static bool on_answer(struct question *question, const struct facts *f)
{
	struct explain_question *q = (struct explain_question *)question;
	struct err e;

	if (!q->begun) {
		q->begun = true;
		if (explain_begin(&q->x, f, &q->request, facts_lookup, q->engine, &e) < 0) {
			call_error(question->call, ERROR("NoSuchPlace"), one_string("place", e.text));
			return false;
		}
	}
	if (explain_step(&q->x))
		return true;
	reply(question->call, &q->x);
	return false;
}

static void on_free(struct question *question)
{
	struct explain_question *q = (struct explain_question *)question;

	explanation_done(&q->x);
	free(q);
}

void method_explain(struct call *c, const void *parameters, void *arg)
{
	const struct explain_in *in = parameters;
	struct method_context *m = arg;
	struct explain_question *q = must(calloc(1, sizeof(*q)));

	*q = (struct explain_question){ .question = { .call = c, .answer = on_answer, .free = on_free },
					.request = { .from = in->source,
						     .to = in->to,
						     .proto = flow_proto_number(in->proto),
						     .port = (uint16_t)in->port,
						     .reverse = in->reverse,
						     .all = c->peer->may_change },
					.engine = m->engine };
	costly_ask(m->costly, &q->question);
}
