/* SPDX-License-Identifier: MIT */
/* toy.c - the tables of the toy kinds, and the few rules that a test needs. */
#include "toy.h"

static const struct field netns_fields[] = {
	FIELD(toy_netns, existing, bool, .doc = "somebody else's namespace"),
};

static const struct kind toy_netns = {
	.name = "namespace",
	.class = "netns",
	.label = "namespace",
	.doc = "a namespace",
	.form = FORM_BODY,
	.size = sizeof(struct toy_netns),
	.fields = netns_fields,
	.n_fields = ARRAY_SIZE(netns_fields),
};

#define LINK_FIELDS(s)                                                                              \
	FIELD(s, mtu, u16, .min = 68, .doc = "largest packet, in bytes", .kernel_default = "1500"), \
		FIELD(s, master, link, .refs = "link", .doc = "the switch that it is plugged into")

static const struct field any_fields[] = { LINK_FIELDS(toy_any) };

static const struct kind toy_any = {
	.name = "any",
	.class = "link",
	.label = "interface",
	.doc = "an interface that already exists",
	.section = "interfaces",
	.form = FORM_MAP,
	.managed = true,
	.size = sizeof(struct toy_any),
	.fields = any_fields,
	.n_fields = ARRAY_SIZE(any_fields),
};

static const struct field switch_fields[] = {
	LINK_FIELDS(toy_switch),
	FIELD(toy_switch, ageing, u32, .max = 3600, .doc = "how long an address is remembered, in seconds"),
};

static const struct kind toy_switch = {
	.name = "switch",
	.class = "link",
	.label = "switch",
	.doc = "a switch",
	.section = "interfaces",
	.form = FORM_MAP,
	.size = sizeof(struct toy_switch),
	.fields = switch_fields,
	.n_fields = ARRAY_SIZE(switch_fields),
};

static const struct field cable_fields[] = {
	LINK_FIELDS(toy_cable),
	FIELD(toy_cable, peer, link, .gives = "link", .flags = FIXED | NEEDED, .doc = "the other end"),
	FIELD(toy_cable, mac, mac, .flags = HIDDEN),
};

static int cable_check(struct object *o, struct err *e)
{
	const struct toy_cable *c = (const struct toy_cable *)o;
	size_t n = strlen(o->netns);

	if (!strncmp(c->peer, o->netns, n) && c->peer[n] == '/' && !strcmp(c->peer + n + 1, o->name))
		return err_set(e, EINVAL, "a cable has two ends, this one leads to itself");
	return 0;
}

/* The other end exists, even if the file does not say so. */
static void cable_complete(struct model *m, struct object *o, struct problems *p)
{
	const struct toy_cable *c = (const struct toy_cable *)o;
	const char *slash = strchr(c->peer, '/');
	const char *netns = arena_fmt(&m->arena, "%.*s", (int)(slash - c->peer), c->peer);
	struct object *end, *there = model_find_ref(m, "link", c->peer);

	if (there && there->kind != o->kind && !there->kind->managed) {
		object_problem(p, -EINVAL, o, "peer", "%s is a %s, no end of a cable", c->peer, there->kind->name);
		return;
	}
	if (there)
		return;
	end = object_new(m, o->kind, netns, slash + 1);
	end->where = o->where;
	((struct toy_cable *)end)->peer = arena_fmt(&m->arena, "%s/%s", o->netns, o->name);
	OBJECT_SET(end, toy_cable, peer);
	model_add(m, end, NULL);
}

static const struct kind toy_cable = {
	.name = "cable",
	.class = "link",
	.label = "cable",
	.doc = "a cable with two ends",
	.section = "interfaces",
	.form = FORM_MAP,
	.size = sizeof(struct toy_cable),
	.fields = cable_fields,
	.n_fields = ARRAY_SIZE(cable_fields),
	.check = cable_check,
	.complete = cable_complete,
};

static const struct word scopes[] = { { "global", 0 }, { "link", 253 }, { "host", 254 }, { 0 } };

static const struct field address_fields[] = {
	FIELD(toy_address, address, prefix, .flags = KEY | NEEDED | BARE, .doc = "the address with its prefix"),
	FIELD(toy_address, scope, word, .words = scopes, .doc = "how far it is valid"),
};

static const struct kind toy_address = {
	.name = "address",
	.class = "address",
	.label = "address",
	.doc = "an address",
	.section = "addresses",
	.form = FORM_LIST,
	.in_link = true,
	.shorthand = "address",
	.size = sizeof(struct toy_address),
	.fields = address_fields,
	.n_fields = ARRAY_SIZE(address_fields),
};

static const struct field route_fields[] = {
	FIELD(toy_route, to, dest, .flags = KEY | NEEDED | BARE, .doc = "where it leads"),
	FIELD(toy_route, via, ip, .doc = "the next hop"),
	FIELD(toy_route, dev, link, .refs = "link", .doc = "the interface"),
};

/* A next hop must be on a network of the namespace. */
static void route_check_in(const struct model *m, const struct object *o, struct problems *p)
{
	const struct toy_route *r = (const struct toy_route *)o;
	char text[64];

	if (!r->via.family)
		return;
	for (const struct object *i = model_netns(m, o->netns)->first; i; i = i->next)
		if (i->kind == &toy_address && inet_covers(&((const struct toy_address *)i)->address, &r->via))
			return;
	object_problem(p, -EINVAL, o, "via", "%s is on no network of %s", inet_text(&r->via, true, text), o->netns);
}

static const struct kind toy_route = {
	.name = "route",
	.class = "route",
	.label = "route",
	.doc = "a route",
	.section = "routes",
	.form = FORM_LIST,
	.size = sizeof(struct toy_route),
	.fields = route_fields,
	.n_fields = ARRAY_SIZE(route_fields),
	.check_in = route_check_in,
};

static const struct field setting_fields[] = {
	FIELD(toy_setting, key, string, .flags = KEY | NEEDED, .max = 32, .doc = "its name"),
	FIELD(toy_setting, value, string, .flags = NEEDED, .max = 16, .doc = "its value"),
};

static const struct kind toy_setting = {
	.name = "setting",
	.class = "setting",
	.label = "setting",
	.doc = "a setting of the namespace",
	.section = "settings",
	.form = FORM_VALUES,
	.size = sizeof(struct toy_setting),
	.fields = setting_fields,
	.n_fields = ARRAY_SIZE(setting_fields),
};

static const struct kind toy_knob = {
	.name = "knob",
	.class = "knob",
	.label = "knob",
	.doc = "a setting of an interface",
	.section = "settings",
	.form = FORM_VALUES,
	.in_link = true,
	.size = sizeof(struct toy_setting),
	.fields = setting_fields,
	.n_fields = ARRAY_SIZE(setting_fields),
};

/* A list of numbers, each of which may be wrong. */
static int lamps_read(_unused_ const struct field *f, _unused_ const char *netns, void *dst, const struct node *n,
		      struct notes *notes, _unused_ struct arena *a)
{
	int r = 0;

	if (!json_object_is_type(n->in, json_type_array)) {
		note_value(notes, n, "must be a list: [ ... ]");
		return -EINVAL;
	}
	for (size_t i = 0; i < json_object_array_length(n->in); i++) {
		struct node one = node_element(n, i, json_object_array_get_idx(n->in, i));
		int64_t v = json_object_get_int64(one.in);

		if (v < 1 || v > 8) {
			note_value(notes, &one, "must be a lamp from 1 to 8");
			r = -EINVAL;
			continue;
		}
		*(uint32_t *)dst |= UINT32_C(1) << v;
	}
	return r;
}

static struct json_object *lamps_format(_unused_ const struct field *f, _unused_ const char *netns, const void *src)
{
	struct json_object *list = must(json_object_new_array());

	for (int i = 1; i <= 8; i++)
		if (*(const uint32_t *)src & UINT32_C(1) << i)
			json_object_array_add(list, json_object_new_int(i));
	return list;
}

static bool lamps_equal(const void *a, const void *b)
{
	return *(const uint32_t *)a == *(const uint32_t *)b;
}

static struct json_object *lamps_schema(_unused_ const struct field *f)
{
	return json_tokener_parse("{\"type\": \"array\"}");
}

static const struct type type_lamps = {
	.name = "list of lamps",
	.size = sizeof(uint32_t),
	.read = lamps_read,
	.format = lamps_format,
	.equal = lamps_equal,
	.schema = lamps_schema,
};

static const struct field panel_fields[] = {
	FIELD(toy_panel, lamps, lamps, .doc = "those that are on"),
	FIELD(toy_panel, light, u8, .max = 100, .doc = "how bright they are, in percent"),
};

static void panel_check_in(_unused_ const struct model *m, const struct object *o, struct problems *p)
{
	const struct toy_panel *panel = (const struct toy_panel *)o;

	if (panel->lamps & 1 << 7)
		object_problem(p, -EINVAL, o, "lamps/1", "lamp 7 is broken");
}

static const struct kind toy_panel = {
	.name = "panel",
	.class = "panel",
	.label = "panel",
	.doc = "the lamps of a namespace",
	.form = FORM_KEYS,
	.size = sizeof(struct toy_panel),
	.fields = panel_fields,
	.n_fields = ARRAY_SIZE(panel_fields),
	.check_in = panel_check_in,
};

static const struct kind *const table[] = {
	&toy_netns, &toy_any, &toy_switch, &toy_cable, &toy_address, &toy_route, &toy_setting, &toy_knob, &toy_panel,
};
const struct kinds toy_kinds = { table, ARRAY_SIZE(table) };
