/* SPDX-License-Identifier: MIT */
/* service.c - finds the function for the name in a call; org.varlink.service, by which
 * every varlink service describes itself, is an interface like any other. */
#include "service.h"
#include "idl.h"

enum { INTERFACES = 2 };

struct service {
	struct interface interfaces[INTERFACES];
	struct idl idl[INTERFACES];
};

static const char service_text[] =
	"# How every varlink service describes itself.\n"
	"interface org.varlink.service\n"
	"\n"
	"# The answering service, and its interfaces.\n"
	"method GetInfo() -> (\n"
	"  vendor: string,\n"
	"  product: string,\n"
	"  version: string,\n"
	"  url: string,\n"
	"  interfaces: []string\n"
	")\n"
	"\n"
	"# The text of an interface.\n"
	"method GetInterfaceDescription(interface: string) -> (description: string)\n"
	"\n"
	"error InterfaceNotFound(interface: string)\n"
	"error MethodNotFound(method: string)\n"
	"error MethodNotImplemented(method: string)\n"
	"error InvalidParameter(parameter: string)\n"
	"error PermissionDenied()\n"
	"error ExpectedMore()\n";

static void service_info(struct call *c, _unused_ const void *in, void *arg)
{
	static const char *const info[][2] = {
		{ "vendor", "netnsd" },
		{ "product", "netnsd" },
		{ "version", NETNSD_VERSION },
		{ "url", "man:netnsd(8)" },
	};
	struct json_object *reply = must(json_object_new_object()), *names = must(json_object_new_array());
	const struct service *s = arg;

	for (size_t i = 0; i < ARRAY_SIZE(info); i++)
		json_object_object_add(reply, info[i][0], json_object_new_string(info[i][1]));
	for (size_t i = 0; i < INTERFACES; i++)
		json_object_array_add(names, json_object_new_string(s->idl[i].interface));
	json_object_object_add(reply, "interfaces", names);
	call_reply(c, reply);
}

struct describe {
	const char *interface;
};
static const struct json_member describe_members[] = { JSON_MEMBER(describe, interface, TEXT) };
static const struct json_struct describe_takes = PARAMETERS(describe, describe_members);

static void service_describe(struct call *c, const void *in, void *arg)
{
	const char *name = ((const struct describe *)in)->interface;
	const struct service *s = arg;

	for (size_t i = 0; i < INTERFACES; i++)
		if (!strcmp(s->idl[i].interface, name)) {
			struct json_object *reply = must(json_object_new_object());

			json_object_object_add(reply, "description", json_object_new_string(s->interfaces[i].text));
			return call_reply(c, reply);
		}
	call_error_string(c, VARLINK_SERVICE ".InterfaceNotFound", "interface", name);
}

static const struct method service_methods[] = {
	{ "GetInfo", NOTHING, service_info },
	{ "GetInterfaceDescription", NOTHING, service_describe, &describe_takes },
};

static const struct method *method_find(const struct interface *f, const char *name)
{
	for (size_t i = 0; i < f->n_methods; i++)
		if (!strcmp(f->methods[i].name, name))
			return &f->methods[i];
	return NULL;
}

/* Parses the text of @f, and compares its methods with the table. */
static int interface_read(const struct interface *f, struct idl *idl, struct err *e)
{
	int r;

	r = idl_parse(f->text, idl, e);
	if (r < 0)
		return r;
	for (size_t i = 0; i < f->n_methods; i++) {
		const struct idl_member *m = idl_find(idl, IDL_METHOD, f->methods[i].name);

		if (!m)
			return err_set(e, EINVAL, "%s has no method %s", idl->interface, f->methods[i].name);
		if (idl_check_struct(m->type, f->methods[i].takes, e) < 0)
			return err_prefix(e, "the parameters of %s.%s", idl->interface, m->name);
	}
	for (const struct idl_member *m = idl->members; m; m = m->next)
		if (m->what == IDL_METHOD && !method_find(f, m->name))
			return err_set(e, EINVAL, "%s.%s has no function", idl->interface, m->name);
	return 0;
}

int service_new(struct service **ret, const struct interface *own, struct err *e)
{
	struct service *s = must(calloc(1, sizeof(*s)));
	int r = 0;

	s->interfaces[0] = (struct interface){ service_text, service_methods, ARRAY_SIZE(service_methods), s };
	s->interfaces[1] = *own;
	for (size_t i = 0; i < INTERFACES && r >= 0; i++)
		r = interface_read(&s->interfaces[i], &s->idl[i], e);
	if (r < 0) {
		service_free(s);
		return r;
	}
	*ret = s;
	return 0;
}

void service_free(struct service *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < INTERFACES; i++)
		idl_done(&s->idl[i]);
	free(s);
}

/* The index of the interface in "INTERFACE.MEMBER", or -1, and its member. */
static int interface_find(const struct service *s, const char *full, const char **ret_member)
{
	const char *dot = strrchr(full, '.');
	size_t n = dot ? (size_t)(dot - full) : 0;

	for (int i = 0; i < INTERFACES && dot; i++)
		if (strlen(s->idl[i].interface) == n && !memcmp(full, s->idl[i].interface, n)) {
			*ret_member = dot + 1;
			return i;
		}
	return -1;
}

static void interface_not_found(struct call *c)
{
	const char *dot = strrchr(c->method, '.');
	_cleanup_(freep) char *name = must(strndup(c->method, dot ? (size_t)(dot - c->method) : strlen(c->method)));

	call_error_string(c, VARLINK_SERVICE ".InterfaceNotFound", "interface", name);
}

static bool peer_may(const struct peer *p, enum needs needs)
{
	switch (needs) {
	case NOTHING:
		return true;
	case READ:
		return p->may_read;
	case CHANGE:
		return p->may_change;
	}
	return false;
}

/* Parameters that match the text may still be out of bounds. */
static void method_call(struct call *c, const struct method *m, void *arg)
{
	_cleanup_(freep) void *in = m->takes ? must(calloc(1, m->takes->size)) : NULL;
	char path[JSON_PATH];
	struct err e;

	if (m->takes && json_decode(m->takes, c->parameters, in, path, &e) < 0)
		call_error_string(c, INVALID_PARAMETER, "parameter", path);
	else
		m->fn(c, in, arg);
}

void service_called(struct call *c, void *arg)
{
	const struct service *s = arg;
	char path[IDL_PATH];
	const struct method *m;
	const char *name;
	int i;

	i = interface_find(s, c->method, &name);
	if (i < 0)
		return interface_not_found(c);
	m = method_find(&s->interfaces[i], name);
	if (!m)
		return call_error_string(c, VARLINK_SERVICE ".MethodNotFound", "method", c->method);
	if (!peer_may(c->peer, m->needs))
		return call_error(c, PERMISSION_DENIED, NULL);
	if (c->gone && m->needs != CHANGE)
		return call_drop(c);
	if (!idl_match(idl_find(&s->idl[i], IDL_METHOD, name)->type, c->parameters, path))
		return call_error_string(c, INVALID_PARAMETER, "parameter", path);
	method_call(c, m, s->interfaces[i].arg);
}

void service_answered(const struct call *c, const char *error, const struct json_object *parameters, void *arg)
{
	const struct service *s = arg;
	const struct idl_member *m = NULL;
	char path[IDL_PATH] = "";
	const char *name;
	int i;

	i = interface_find(s, error ? error : c->method, &name);
	if (i >= 0)
		m = idl_find(&s->idl[i], error ? IDL_ERROR : IDL_METHOD, name);
	if (m && idl_match(error ? m->type : m->gives, (struct json_object *)parameters, path))
		return;
	/* The log may not be written any more. */
	fprintf(stderr, "an answer to %s does not match its interface: %s%s%s in %s\n", c->method, error ? error : "",
		error ? ": " : "", m ? path : "unknown", json_object_to_json_string((struct json_object *)parameters));
	abort();
}
