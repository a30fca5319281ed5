/* SPDX-License-Identifier: MIT */
/* stand_in_declare.c - what a topology says of the interfaces of --with: that they exist, and what the command has
 * added. */
#include "fail.h"
#include "reply.h"
#include "stand_in.h"

/* The member @key of @o, made if it is missing. */
static struct json_object *object_at(struct json_object *o, const char *key)
{
	struct json_object *found = reply_get(o, key);

	if (json_object_is_type(found, json_type_object))
		return found;
	found = json_object_new_object();
	json_object_object_add(o, key, found);
	return found;
}

static bool is_address(const struct inet *a, const char *text)
{
	struct inet i;
	struct err e;
	bool slash;

	return text && inet_parse(text, &i, &slash, &e) == 0 && !memcmp(&i, a, sizeof(i));
}

/* Takes the first of the list @key of @o for which @is says so; false: there is none. */
static bool list_take(struct json_object *o, const char *key, bool (*is)(struct json_object *, const void *),
		      const void *arg)
{
	struct json_object *list = reply_get(o, key), *item;

	for (size_t i = 0; (item = reply_at(o, key, i)); i++) {
		if (!is(item, arg))
			continue;
		json_object_array_del_idx(list, i, 1);
		if (!json_object_array_length(list))
			json_object_object_del(o, key);
		return true;
	}
	return false;
}

static bool is_first_address(struct json_object *item, const void *arg)
{
	const char *text = json_object_is_type(item, json_type_string) ? json_object_get_string(item)
								       : reply_text(item, "address");

	return is_address(arg, text);
}

struct first_route {
	const char *dev;
	const struct inet *via;
};

static bool is_first_route(struct json_object *item, const void *arg)
{
	const struct first_route *r = arg;
	const char *dev = reply_text(item, "dev"), *to = reply_text(item, "to");

	return (!strcmp(to, "default") || !strcmp(to, "0.0.0.0/0") || !strcmp(to, "::/0")) &&
	       (!*dev || !strcmp(dev, r->dev)) && is_address(r->via, reply_text(item, "via")) &&
	       !reply_get(item, "table");
}

static void stand_in_declare(const struct stand_in *s, struct json_object *host)
{
	struct json_object *link = object_at(object_at(host, "interfaces"), s->name);
	char text[64];

	/* It is not ours to create. */
	json_object_object_del(link, "kind");
	json_object_object_del(link, "peer");
	for (size_t i = 0; i < s->n_addresses; i++)
		if (!list_take(link, "addresses", is_first_address, &s->addresses[i]))
			ctl_fail(
				EXIT_DONE,
				"the command removed %s from %s, which a topology cannot declare: remove it by hand if that is intended",
				inet_text(&s->addresses[i], false, text), s->name);
	for (size_t v = 0; v < ARRAY_SIZE(s->via); v++) {
		const struct first_route r = { s->name, &s->via[v] };

		if (r.via->family && !list_take(host, "routes", is_first_route, &r))
			ctl_fail(
				EXIT_DONE,
				"the command removed the default route via %s, which a topology cannot declare: remove it "
				"by hand if that is intended",
				inet_text(r.via, true, text));
	}
}

void stand_ins_declare(const struct stand_in *v, size_t n, struct json_object *topology)
{
	struct json_object *host = n ? object_at(topology, "host") : NULL;

	for (size_t i = 0; i < n; i++)
		stand_in_declare(&v[i], host);
}

/* ---- what else is there ---- */

/* Whether one of the interfaces of @netns names host/@name as the other end of its pair. */
static bool is_peer_in(struct json_object *netns, const char *name, bool is_host)
{
	struct json_object *links = reply_get(netns, "interfaces");

	if (!json_object_is_type(links, json_type_object))
		return false;
	json_object_object_foreach(links, key, link) {
		const char *peer = reply_text(link, "peer");

		(void)key;
		if (!strncmp(peer, "host/", 5) ? !strcmp(peer + 5, name) : is_host && !strcmp(peer, name))
			return true;
	}
	return false;
}

static bool is_peer(struct json_object *topology, const char *name)
{
	struct json_object *all = reply_get(topology, "namespaces");

	if (is_peer_in(reply_get(topology, "host"), name, true))
		return true;
	if (!json_object_is_type(all, json_type_object))
		return false;
	json_object_object_foreach(all, key, netns) {
		(void)key;
		if (is_peer_in(netns, name, false))
			return true;
	}
	return false;
}

static bool is_stand_in(const struct stand_in *v, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(v[i].name, name))
			return true;
	return false;
}

bool stand_ins_only(const struct stand_in *v, size_t n, struct json_object *topology)
{
	struct json_object *links = reply_get(reply_get(topology, "host"), "interfaces");
	bool only = true;

	if (!json_object_is_type(links, json_type_object))
		return true;
	json_object_object_foreach(links, name, link) {
		if (reply_get(link, "kind") || is_loopback(name) || is_stand_in(v, n, name) || is_peer(topology, name))
			continue;
		only = false;
		ctl_fail(
			EXIT_DONE,
			"host/%s: no topology can create it, because of its kind, or because the other end of its pair is in a "
			"namespace without a name; it is declared as one that exists already",
			name);
	}
	return only;
}
