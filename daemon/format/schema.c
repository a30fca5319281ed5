/* SPDX-License-Identifier: MIT */
/* schema.c - writes the tables of the kinds as JSON Schema, for editors and for
 * programs that make topology files. */
#include "load.h"
#include "loader.h"

/* json_object_object_add that owns nothing afterwards and cannot fail. */
static void put(struct json_object *to, const char *key, struct json_object *value)
{
	if (json_object_object_add(to, key, must(value)) < 0)
		abort();
}

static struct json_object *text(const char *s)
{
	return json_object_new_string(s);
}

static struct json_object *new_object(void)
{
	return must(json_object_new_object());
}

/* {@key: @value} */
static struct json_object *with(const char *key, struct json_object *value)
{
	struct json_object *o = new_object();

	put(o, key, value);
	return o;
}

static struct json_object *list_of(struct json_object *first, struct json_object *second)
{
	struct json_object *list = must(json_object_new_array());

	json_object_array_add(list, must(first));
	if (second)
		json_object_array_add(list, second);
	return list;
}

static struct json_object *typed(const char *type, const char *doc)
{
	struct json_object *o = with("type", text(type));

	if (doc)
		put(o, "description", text(doc));
	return o;
}

/* An object with @properties and no others. */
static struct json_object *closed(const char *doc, struct json_object *properties)
{
	struct json_object *o = typed("object", doc);

	put(o, "properties", properties);
	put(o, "additionalProperties", json_object_new_boolean(false));
	return o;
}

/* An object whose keys are names that match @pattern. */
static struct json_object *map_of(struct json_object *names, struct json_object *values)
{
	struct json_object *o = typed("object", NULL);

	put(o, "propertyNames", names);
	put(o, "additionalProperties", values);
	return o;
}

/* The names that ifname_problem accepts, as far as a schema can count: in characters. */
static struct json_object *ifname_schema(void)
{
	struct json_object *s = schema_pattern("^" IFNAME_PATTERN "$"), *taken = list_of(text("."), text(".."));

	json_object_array_add(taken, text("all"));
	json_object_array_add(taken, text("default"));
	put(s, "not", with("enum", taken));
	return s;
}

/* The name under $defs: what a section holds, or, with @k, one kind of it. */
static const char *def_name(const struct kind *section, const struct kind *k, char buf[128])
{
	snprintf(buf, 128, "%s%s%s%s", section->in_link ? "interface-" : "", section->section, k ? "-" : "",
		 k ? k->name : "");
	return buf;
}

static struct json_object *ref_to(const char *name)
{
	char buf[160];

	snprintf(buf, sizeof(buf), "#/$defs/%s", name);
	return with("$ref", text(buf));
}

static struct json_object *field_schema(const struct field *f)
{
	struct json_object *s = f->type->schema(f);

	if (f->doc)
		put(s, "description", text(f->doc));
	return s;
}

/* The field of a pair that is its key, or its value. */
static const struct field *pair_field(const struct kind *k, bool key)
{
	for (size_t i = 0; i < k->n_fields; i++)
		if (!(k->fields[i].flags & HIDDEN) && !(k->fields[i].flags & KEY) == !key)
			return &k->fields[i];
	abort();
}

/* What is allowed in a section of @k: an object of all, a list, one object, or pairs. */
static struct json_object *section_schema(const struct kind *k)
{
	struct json_object *item, *s;
	char name[128];
	int shorthand;

	if (k->form == FORM_VALUES)
		return map_of(field_schema(pair_field(k, true)), field_schema(pair_field(k, false)));
	if (k->form == FORM_ONE && k->shorthand)
		return field_schema(&k->fields[kind_field(k, k->shorthand)]);
	item = ref_to(def_name(k, NULL, name));
	if (k->form == FORM_ONE || k->form == FORM_OBJECT)
		return item;
	if (k->form == FORM_MAP)
		return map_of(ifname_schema(), item);
	shorthand = k->shorthand ? kind_field(k, k->shorthand) : -1;
	s = typed("array", NULL);
	put(s, "items", shorthand < 0 ? item : with("anyOf", list_of(field_schema(&k->fields[shorthand]), item)));
	return s;
}

static void add_fields(struct json_object *properties, struct json_object *required, const struct kind *k)
{
	for (size_t i = 0; i < k->n_fields; i++) {
		const struct field *f = &k->fields[i];

		if (f->flags & HIDDEN)
			continue;
		put(properties, f->name, field_schema(f));
		if (f->flags & NEEDED)
			json_object_array_add(required, text(f->name));
	}
}

/* The fields and sections of an object of kind @k. */
static struct json_object *kind_schema(const struct kinds *kinds, const struct kind *k)
{
	struct json_object *properties = new_object(), *required = must(json_object_new_array()), *s;

	if (section_has_kinds(kinds, k) && !k->managed)
		put(properties, "kind", with("const", text(k->name)));
	add_fields(properties, required, k);
	for (size_t i = 0; i < kinds->n; i++)
		if (k->form == FORM_BODY && kinds->v[i]->form == FORM_KEYS)
			add_fields(properties, required, kinds->v[i]);
	for (size_t i = 0; i < kinds->n; i++) {
		const struct kind *inner = kinds->v[i];

		if (inner->section && section_find(kinds, k, inner->section) == inner)
			put(properties, inner->section, section_schema(inner));
	}
	s = closed(k->doc, properties);
	if (json_object_array_length(required))
		put(s, "required", required);
	else
		json_object_put(required);
	return s;
}

/* If "kind" is @k's, or missing, all of @k applies. */
static struct json_object *choice_schema(const struct kind *section, const struct kind *k)
{
	struct json_object *has_kind = with("required", list_of(text("kind"), NULL)), *s;
	char name[128];

	if (!k->managed)
		put(has_kind, "properties", with("kind", with("const", text(k->name))));
	s = with("if", k->managed ? with("not", has_kind) : has_kind);
	put(s, "then", ref_to(def_name(section, k, name)));
	return s;
}

/* A section whose objects say their "kind". */
static void add_choice(struct json_object *defs, const struct kinds *kinds, const struct kind *section)
{
	struct json_object *words = must(json_object_new_array()), *rules = must(json_object_new_array());
	struct json_object *s = typed("object", NULL);
	char name[128];

	for (size_t i = 0; i < kinds->n; i++) {
		const struct kind *k = kinds->v[i];

		if (!kind_shares_section(k, section))
			continue;
		put(defs, def_name(section, k, name), kind_schema(kinds, k));
		json_object_array_add(rules, choice_schema(section, k));
		if (!k->managed)
			json_object_array_add(words, text(k->name));
	}
	put(s, "properties", with("kind", with("enum", words)));
	put(s, "allOf", rules);
	put(defs, def_name(section, NULL, name), s);
}

static struct json_object *defs_schema(const struct kinds *kinds)
{
	struct json_object *defs = new_object();
	char name[128];

	for (size_t i = 0; i < kinds->n; i++) {
		const struct kind *k = kinds->v[i];

		if (k->form == FORM_BODY)
			put(defs, "namespace", kind_schema(kinds, k));
		else if (!k->section || k->form == FORM_VALUES || (k->form == FORM_ONE && k->shorthand) ||
			 json_object_object_get_ex(defs, def_name(k, NULL, name), NULL))
			continue;
		else if (section_has_kinds(kinds, k))
			add_choice(defs, kinds, k);
		else
			put(defs, def_name(k, NULL, name), kind_schema(kinds, k));
	}
	return defs;
}

/* The rules of an expectation across its fields, as far as a schema can say them. */
static struct json_object *expect_schema(const struct kinds *kinds)
{
	static const char *const forms[] = { "ping", "tcp", "udp", "route" };
	struct json_object *item = kind_schema(kinds, &kind_expect), *one = must(json_object_new_array());
	struct json_object *s = typed("array", kind_expect.doc), *port = new_object();

	for (size_t i = 0; i < ARRAY_SIZE(forms); i++)
		json_object_array_add(one, with("required", list_of(text(forms[i]), NULL)));
	put(port, "tcp", list_of(text("port"), NULL));
	put(port, "udp", list_of(text("port"), NULL));
	put(item, "oneOf", one);
	put(item, "dependentRequired", port);
	put(s, "items", item);
	put(s, "maxItems", json_object_new_int(EXPECTATIONS_MAX));
	return s;
}

struct json_object *load_schema(const struct kinds *kinds)
{
	struct json_object *p = new_object(), *s, *name = schema_pattern("^" NAME_PATTERN "$");
	struct json_object *host = ref_to("namespace"), *netns_name = schema_pattern("^" NAME_PATTERN "$");

	put(netns_name, "not", with("const", text("host")));
	put(name, "description", text("the topology's name; without it, that of the file without .json"));
	put(host, "description", text("the namespace that netnsd runs in"));
	put(p, "$schema", typed("string", "for editors"));
	put(p, "version", with("const", json_object_new_int(1)));
	put(p, "name", name);
	put(p, "description", typed("string", "for people"));
	put(p, "on_drift", with("enum", list_of(text("heal"), text("report"))));
	put(p, "host", host);
	put(p, "namespaces", map_of(netns_name, ref_to("namespace")));
	put(p, "expect", expect_schema(kinds));
	s = closed("A topology of netnsd, version 1.", p);
	put(s, "$schema", text("https://json-schema.org/draft/2020-12/schema"));
	put(s, "title", text("netnsd topology"));
	put(s, "$defs", defs_schema(kinds));
	return s;
}
