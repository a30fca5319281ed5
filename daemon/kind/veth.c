/* SPDX-License-Identifier: MIT */
/* veth.c - a veth pair: two interfaces, each an object of its own; creating the first creates the other. */
#include "link.h"
#include "kernel/observer.h"
#include "model/unsaid.h"
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>

extern const struct kind kind_veth;

struct veth {
	struct link link;
	const char *peer;
};

static const struct field fields[] = {
	LINK_FIELDS("1500"),
	PORT_FIELDS,
	FIELD(veth, peer, link, .gives = "link", .flags = FIXED, .place = NLA_INFO_DATA,
	      .doc = "the other end, NS/IF; needed on one end at least"),
};

static void set_peer(struct veth *v, const char *peer)
{
	v->peer = peer;
	OBJECT_SET(&v->link.object, veth, peer);
}

/* Makes the far end from its entry without a kind, or from nothing. */
static struct veth *far_end(struct model *m, const struct object *near, const char *peer, struct object *listed)
{
	const char *slash = strchr(peer, '/');
	char *netns = arena_fmt(&m->arena, "%.*s", (int)(slash - peer), peer);
	struct veth *far = (struct veth *)object_new(m, &kind_veth, netns, slash + 1);
	struct err e;

	if (listed) {
		memcpy(&far->link, listed, sizeof(far->link));
		far->link.object.kind = &kind_veth;
		far->link.object.managed = false;
	} else {
		far->link.object.where = near->where;
		far->link.only_named = true;
	}
	link_check(&far->link.object, &e);
	return far;
}

static void veth_complete(struct model *m, struct object *o, struct problems *p)
{
	struct veth *v = (struct veth *)o, *far;
	struct object *other;
	const char *here = o->place;

	if (!v->peer)
		return;
	if (!strcmp(v->peer, here)) {
		object_problem(p, EINVAL, o, "peer", "%s cannot be its own peer", here);
		return;
	}
	other = model_find_ref(m, "link", v->peer);
	far = other && other->kind == &kind_veth ? (struct veth *)other : NULL;
	if (other && !far && (other->kind != &kind_interface || is_loopback(other->name))) {
		object_problem(p, EINVAL, o, "peer", "%s is a %s, not the end of a veth pair", v->peer,
			       other->kind->name);
		return;
	}
	if (far && far->peer && strcmp(far->peer, here)) {
		object_problem(p, EINVAL, o, "peer", "%s is already the other end of %s", v->peer, far->peer);
		return;
	}
	if (!far)
		far = far_end(m, o, v->peer, other);
	set_peer(far, here);
	if (!other)
		model_add(m, &far->link.object, NULL);
	else if (other != &far->link.object)
		model_replace(m, other, &far->link.object);
}

static void veth_check_in(_unused_ const struct model *m, const struct object *o, struct problems *p)
{
	const struct veth *v = (const struct veth *)o;

	if (!v->peer)
		problem_add(p, EINVAL, &o->where, "a veth needs a \"peer\", on this end or on the other");
}

/* The two ends name each other by number. */
static void veth_resolve(struct model *observed, struct object *o, const struct object *wanted)
{
	struct veth *v = (struct veth *)o;
	const char *peer = wanted && wanted->kind == &kind_veth ? ((const struct veth *)wanted)->peer : NULL;
	const struct object *far = peer ? model_find_ref(observed, "link", peer) : NULL;
	const struct link *l = (const struct link *)far;

	if (v->link.lower_at)
		set_peer(v, v->link.lower_at);
	/* An end that was not read is assumed to be as it was created. */
	if (far && far->kind == &kind_veth && far->handle == v->link.lower && (far->assumed || l->lower == o->handle))
		set_peer(v, arena_strdup(&observed->arena, peer));
}

static int put_peer(struct batch *b, const struct object *o, _unused_ uint64_t mask, struct nl_msg *m, struct err *e)
{
	struct object *far = model_find_ref(b->plan->desired, "link", ((const struct veth *)o)->peer);
	struct ifinfomsg i = { 0 };
	const struct netns *ns = far ? batch_netns(b, far->netns) : NULL;
	struct nlattr *peer;

	if (!ns || ns->fd < 0)
		return err_set(e, ENOENT, "the namespace of the other end does not exist");
	far->handle = batch_new_index(b, far->netns);
	i.ifi_index = (int)far->handle;
	peer = nla_nest_start(m, VETH_INFO_PEER);
	if (nlmsg_append(m, &i, sizeof(i), NLMSG_ALIGNTO) < 0)
		abort();
	link_put_birth(b, far, m);
	/* Both ends are created where they belong; moving one later costs a grace period. */
	msg_put_u32(m, IFLA_NET_NS_FD, (uint32_t)ns->fd);
	nla_nest_end(m, peer);
	return 0;
}

/* Only a file or somebody's hand changes its MTU. */
static int veth_check(struct object *o, _unused_ struct err *e)
{
	if (object_has(o, LINK_MTU))
		return 0;
	link_reset_mtu(o);
	o->usual |= bit(LINK_MTU);
	return 0;
}

/* One end says what the pair is: the first one, unless that is on the host. */
static bool is_far_end(const struct object *o, const struct object *peer)
{
	bool host = !strcmp(o->netns, "host"), peer_host = !strcmp(peer->netns, "host");

	return host != peer_host ? host : o->seq > peer->seq;
}

static bool veth_export(struct model *observed, struct object *o, struct unsaid *u)
{
	const struct veth *v = (const struct veth *)o;
	const struct object *peer = v->peer ? model_find_ref(observed, "link", v->peer) : NULL;
	const struct object *netns = model_netns(observed, o->netns);
	struct err e;

	/* As a container's eth0, whose other end is outside: it is there before any topology. */
	if (!peer && netns && netns->managed) {
		o->managed = true;
		o->set &= ~field_bit(o->kind, "peer");
		return true;
	}
	if (!peer || link_name_problem(peer->name, &e)) {
		unsaid_add(u, "%s: the other end of the veth pair %s; the pair is left out", o->place,
			   peer ? "has a name that no topology can have" : "is in a namespace that is not exported");
		return false;
	}
	o->managed = is_far_end(o, peer);
	if (o->managed)
		o->set &= ~field_bit(o->kind, "peer");
	return true;
}

static const struct link_kind veth = {
	.export = veth_export,
	.check = veth_check,
	.complete = veth_complete,
	.check_in = veth_check_in,
	.resolve = veth_resolve,
	.put_data = put_peer,
	.is_private = true,
};

const struct kind kind_veth = LINK_KIND(veth, .name = "veth", .link = &veth, .doc = "one end of a veth pair");
