/* SPDX-License-Identifier: MIT */
/* export.c - puts the objects of a model to the places in a topology that the forms of their kinds name, with the
 * values that differ from the defaults of their rows. */
#include "export.h"

enum { LEFT_OUT = 1 }; /* object.mark: nothing is said of it */

struct json_object *export_begin(void)
{
	return must(json_object_new_object());
}

static void reduce(const struct export *x, struct object *o)
{
	bool told = !x->is_told || x->is_told(x->arg, o, SIZE_MAX);

	o->mark = told && (!o->kind->export || o->kind->export(x->observed, o, x->unsaid)) ? 0 : LEFT_OUT;
}

/* The one after @o: a namespace comes before what is in it. */
static struct object *next_of(const struct object *o)
{
	return object_is(o, "netns") ? o->first : o->next;
}

void export_reduce(const struct export *x, struct object **at, size_t n)
{
	for (; *at && n; n--, *at = next_of(*at))
		reduce(x, *at);
}

/* ---- values ---- */

static bool is_none(const struct object *o, size_t i)
{
	static const char zero[64];
	const struct field *f = &o->kind->fields[i];

	return f->kernel_default && !strcmp(f->kernel_default, "null") && !memcmp(object_at(o, i), zero, f->type->size);
}

/* Whether a file that does not say the field leaves it like that. */
static bool is_default(const struct object *o, size_t i)
{
	return is_none(o, i) || object_has_default(o, i);
}

/* A value that no file sets, and that is not as a file would leave it. */
static void tell_hidden(const struct export *x, const struct object *o, size_t i)
{
	const struct field *f = &o->kind->fields[i];
	uint64_t key = kind_mask(o->kind, BARE | KEY);
	struct json_object *v;
	struct arena a = { 0 };

	/* The key of an address is not what people call it. */
	key = key ? key : kind_mask(o->kind, BARE);
	/* Of what exists already it is left as it is. */
	if (!(f->flags & SHOWN) || f->flags & OF_MARK || !f->kernel_default || o->kind->managed || is_default(o, i))
		return;
	v = f->type->format(f, o->netns, object_at(o, i));
	unsaid_add(x->unsaid, "%s %s%s%s: no topology can declare \"%s\", which is %s", o->kind->label, o->place,
		   o->kind->form == FORM_LIST ? " " : "",
		   o->kind->form == FORM_LIST ? object_describe(&a, o, NULL, key) : "", f->name,
		   v ? json_object_get_string(v) : "set");
	json_object_put(v);
	arena_done(&a);
}

/* An address is told with its prefix length where a file without it would be asked about (kind.doubt). */
static struct json_object *value_of(const struct object *o, size_t i)
{
	const struct field *f = &o->kind->fields[i];
	const struct inet *ip = object_at(o, i);
	struct arena a = { 0 };
	bool doubt = f->type == &type_prefix && o->kind->doubt && o->kind->doubt(&a, o);
	char text[64];
	struct json_object *v;

	if (doubt)
		v = json_object_new_string(arena_fmt(&a, "%s/%u", inet_text(ip, true, text), ip->len));
	else
		v = f->type->format(f, o->netns, ip);
	arena_done(&a);
	return v;
}

static bool is_told(const struct export *x, const struct object *o, size_t i)
{
	return !x->is_told || x->is_told(x->arg, o, i);
}

/* Adds the members of @o to @to. */
static void fields_add(const struct export *x, struct json_object *to, const struct object *o)
{
	for (size_t i = 0; i < o->kind->n_fields; i++) {
		const struct field *f = &o->kind->fields[i];

		if (!object_has(o, i))
			continue;
		if (f->flags & HIDDEN)
			tell_hidden(x, o, i);
		else if ((f->flags & NEEDED || !is_default(o, i)) && is_told(x, o, i))
			json_object_object_add(to, f->name, value_of(o, i));
	}
}

/* The value of the only member, if a bare one means that. */
static struct json_object *shortened(const struct kind *k, struct json_object *o)
{
	struct json_object *v;

	if (!k->shorthand || json_object_object_length(o) != 1 || !json_object_object_get_ex(o, k->shorthand, &v))
		return o;
	/* Of a list a bare value is a text. */
	if (k->form == FORM_LIST && !json_object_is_type(v, json_type_string))
		return o;
	json_object_get(v);
	json_object_put(o);
	return v;
}

/* ---- places ---- */

/* The object called @key of @in, which is added if it is missing. */
static struct json_object *object_of(struct json_object *in, const char *key)
{
	struct json_object *o;

	if (!json_object_object_get_ex(in, key, &o))
		json_object_object_add(in, key, o = must(json_object_new_object()));
	return o;
}

static struct json_object *list_of(struct json_object *in, const char *key)
{
	struct json_object *o;

	if (!json_object_object_get_ex(in, key, &o))
		json_object_object_add(in, key, o = must(json_object_new_array()));
	return o;
}

static struct json_object *netns_of(struct json_object *topology, const char *netns)
{
	return strcmp(netns, "host") ? object_of(object_of(topology, "namespaces"), netns)
				     : object_of(topology, "host");
}

static void netns_drop(struct json_object *topology, const char *netns)
{
	struct json_object *all;

	if (!strcmp(netns, "host"))
		json_object_object_del(topology, "host");
	else if (json_object_object_get_ex(topology, "namespaces", &all))
		json_object_object_del(all, netns);
}

/* What is left of a map if one of its entries, of any kind, is to be there. */
static struct json_object *entry_of(struct json_object *topology, const struct object *o, const struct kind *link)
{
	return object_of(object_of(netns_of(topology, o->netns), link->section), o->name);
}

/* The interface that @o is on; NULL: nothing is said of it. */
static const struct object *link_of(const struct export *x, const struct object *o)
{
	const struct object *link = o->name ? model_find_ref(x->observed, "link", o->place) : NULL;

	return link && link->mark != LEFT_OUT ? link : NULL;
}

static void members_move(struct json_object *to, struct json_object *from)
{
	json_object_object_foreach(from, key, value) {
		json_object_object_add(to, key, json_object_get(value));
	}
	json_object_put(from);
}

/* An interface that exists already has an entry only if there is something to say of it, or with it. */
static void map_add(const struct export *x, struct json_object *topology, const struct object *o)
{
	bool exists = o->managed || o->kind->managed;
	struct json_object *fields = must(json_object_new_object());

	fields_add(x, fields, o);
	if (!exists || json_object_object_length(fields)) {
		struct json_object *entry = entry_of(topology, o, o->kind);

		if (!exists)
			json_object_object_add(entry, "kind", json_object_new_string(o->kind->name));
		members_move(entry, fields);
	} else {
		json_object_put(fields);
	}
}

/* One of the two fields is the key. */
static void value_add(struct json_object *to, struct json_object *fields, const struct kind *k)
{
	const char *name[2] = { NULL, NULL };
	struct json_object *v;

	for (size_t i = 0; i < k->n_fields; i++)
		if (!(k->fields[i].flags & HIDDEN))
			name[!(k->fields[i].flags & KEY)] = k->fields[i].name;
	v = json_object_object_get(fields, name[1]);
	json_object_object_add(to, json_object_get_string(json_object_object_get(fields, name[0])), json_object_get(v));
	json_object_put(fields);
}

/* Adds @o to @to: a namespace, or the interface that it is on. */
static void section_add(const struct export *x, struct json_object *to, const struct object *o)
{
	const struct kind *k = o->kind;
	struct json_object *fields = must(json_object_new_object());

	fields_add(x, fields, o);
	switch (k->form) {
	case FORM_BODY:
	case FORM_KEYS:
	case FORM_MAP:
		members_move(to, fields);
		break;
	case FORM_LIST:
		json_object_array_add(list_of(to, k->section), shortened(k, fields));
		break;
	case FORM_OBJECT:
	case FORM_ONE:
		json_object_object_add(to, k->section, shortened(k, fields));
		break;
	case FORM_VALUES:
		value_add(object_of(to, k->section), fields, k);
		break;
	}
}

/* What exists already has to be listed where it is named. */
static void refs_add(const struct export *x, struct json_object *topology, const struct object *o)
{
	struct ref ref;

	for (size_t i = 0; object_ref(o, false, &i, &ref);) {
		const struct object *to =
			strcmp(ref.class, "link") ? NULL : model_find_ref(x->observed, ref.class, ref.to);

		if (to && to->mark != LEFT_OUT && (to->managed || to->kind->managed))
			entry_of(topology, to, to->kind);
	}
}

static bool is_in_file(const struct kind *k)
{
	return k->section || k->form == FORM_BODY || k->form == FORM_KEYS;
}

static void begin(const struct export *x, struct json_object *topology, const struct object *netns)
{
	struct json_object *to = netns_of(topology, netns->netns);

	if (netns->mark != LEFT_OUT)
		section_add(x, to, netns);
}

/* The host need not be said, and of a namespace of others nothing was. */
static void end(struct json_object *topology, const struct object *netns)
{
	bool told = netns->mark != LEFT_OUT && strcmp(netns->netns, "host") != 0;

	if (!told && !json_object_object_length(netns_of(topology, netns->netns)))
		netns_drop(topology, netns->netns);
}

static void add(const struct export *x, struct json_object *topology, const struct object *o)
{
	const struct object *link = o->kind->in_link ? link_of(x, o) : NULL;

	if (o->mark == LEFT_OUT || !is_in_file(o->kind) || (o->kind->in_link && !link))
		return;
	if (o->kind->form == FORM_MAP)
		map_add(x, topology, o);
	else
		section_add(x, link ? entry_of(topology, link, link->kind) : netns_of(topology, o->netns), o);
	refs_add(x, topology, o);
}

void export_add(const struct export *x, struct json_object *topology, struct object **at, size_t n)
{
	const struct object *netns = *at ? model_netns(x->observed, (*at)->netns) : NULL;

	for (; *at && n; n--, *at = next_of(*at)) {
		if (*at == netns)
			begin(x, topology, netns);
		else
			add(x, topology, *at);
	}
	if (netns && !*at)
		end(topology, netns);
}

/* ---- order ---- */

/* Moves the member @name of @from to the end of @to. */
static void member_move(struct json_object *to, struct json_object *from, const char *name)
{
	struct json_object *v;

	if (!json_object_object_get_ex(from, name, &v))
		return;
	json_object_object_add(to, name, json_object_get(v));
	json_object_object_del(from, name);
}

/* Those of @from that are not in @to yet come last. */
static void order_end(struct json_object *in, const char *key, struct json_object *to, struct json_object *from)
{
	members_move(to, json_object_get(from));
	json_object_object_add(in, key, to);
}

static void interfaces_order(struct json_object *in, const struct object *netns)
{
	struct json_object *from = NULL, *to = NULL;
	const char *section = NULL;

	for (const struct object *o = netns->first; o; o = o->next) {
		if (!object_is(o, "link") || o->kind->form != FORM_MAP)
			continue;
		if (!to && !json_object_object_get_ex(in, section = o->kind->section, &from))
			return;
		to = to ?: must(json_object_new_object());
		member_move(to, from, o->name);
	}
	if (to)
		order_end(in, section, to, from);
}

void export_order(struct json_object *topology, struct object *const *netns, size_t n)
{
	struct json_object *from, *to, *in;

	if (json_object_object_get_ex(topology, "host", &in) && n && !strcmp(netns[0]->netns, "host"))
		interfaces_order(in, netns[0]);
	if (!json_object_object_get_ex(topology, "namespaces", &from))
		return;
	to = must(json_object_new_object());
	for (size_t i = 0; i < n; i++) {
		if (json_object_object_get_ex(from, netns[i]->netns, &in))
			interfaces_order(in, netns[i]);
		member_move(to, from, netns[i]->netns);
	}
	order_end(topology, "namespaces", to, from);
}
