/* SPDX-License-Identifier: MIT */
/* service.h - finds the C function of a varlink method, and rejects calls that the interface text does not define
 * or the peer may not make. */
#pragma once
#include "base/json_struct.h"
#include "varlink.h"

enum needs { NOTHING, READ, CHANGE };

struct method {
	const char *name; /* without the interface */
	enum needs needs;
	/* @in: the parameters, as the struct of @takes; it is valid until the function returns, its texts and
	 * lists until the call is answered.  NULL if there are none. */
	void (*fn)(struct call *c, const void *in, void *arg);
	const struct json_struct *takes; /* NULL: no parameters */
};

/* The parameters of a method, in struct @s by the table @rows. */
#define PARAMETERS(s, rows) JSON_STRUCT(s, rows, .nulls = true)

/* An interface text and the functions behind it. */
struct interface {
	const char *text;
	const struct method *methods;
	size_t n_methods;
	void *arg; /* of the functions */
};

struct service;

/* Serves @own and org.varlink.service.  -EINVAL: a text is not varlink, or a method has no function, or a
 * function no method, or the table of its parameters differs from the text. */
int service_new(struct service **ret, const struct interface *own, struct err *e);
void service_free(struct service *s);

/* Callbacks for varlink_options, with the service as their arg. */
void service_called(struct call *c, void *arg);
/* Aborts, for tests, if an answer does not match the interface text, and prints to stderr what differs. */
void service_answered(const struct call *c, const char *error, const struct json_object *parameters, void *arg);
