/* SPDX-License-Identifier: MIT */
/* service.h - finds the C function of a varlink method, and lets nothing through
 * to it that the interface text does not promise or the peer may not do. */
#pragma once
#include "base/json_struct.h"
#include "varlink.h"

enum needs { NOTHING, READ, CHANGE };

struct method {
	const char *name;		/* without the interface */
	enum needs needs;
	/* @in: the parameters, as the struct of @takes; it is gone when the function returns, its texts and lists when
	 * the call is answered.  NULL if there are none. */
	void (*fn)(struct call *c, const void *in, void *arg);
	const struct json_struct *takes;	/* NULL: no parameters */
};

/* The parameters of a method, which stand in struct @s by the table @rows. */
#define PARAMETERS(s, rows) JSON_STRUCT(s, rows, .nulls = true)

/* An interface text and the functions behind it. */
struct interface {
	const char *text;
	const struct method *methods;
	size_t n_methods;
	void *arg;			/* of the functions */
};

struct service;

/* Serves @own and org.varlink.service.  -EINVAL: a text is no varlink, or a
 * method has no function, or a function no method, or the table of its parameters is not as the text has them. */
int service_new(struct service **ret, const struct interface *own, struct err *e);
void service_free(struct service *s);

/* These go into varlink_options, with the service as their arg. */
void service_called(struct call *c, void *arg);
/* Aborts if an answer is not as the interface text has it, and says on stderr what is not: for tests. */
void service_answered(const struct call *c, const char *error, const struct json_object *parameters, void *arg);
