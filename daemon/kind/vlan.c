/* SPDX-License-Identifier: MIT */
/* vlan.c - a VLAN of another interface: what it sends leaves by that one with a tag, and it receives what has the tag. */
#include "link.h"
#include "vlan_protocol.h"
#include <linux/if_link.h>
#include <linux/if_vlan.h>

extern const struct kind kind_vlan;

/* The kernel refuses a mask with others. */
enum {
	FLAGS = VLAN_FLAG_REORDER_HDR | VLAN_FLAG_GVRP | VLAN_FLAG_LOOSE_BINDING | VLAN_FLAG_MVRP |
		VLAN_FLAG_BRIDGE_BINDING
};

enum { NESTED_MAX = 8 }; /* VLANs of VLANs; the kernel allows as many (MAX_NEST_DEV, include/linux/netdevice.h) */

struct vlan {
	struct link head;
	const char *link;
	uint16_t id;
	uint8_t protocol;
	uint32_t flags;
};

static const struct word protocols[] = VLAN_PROTOCOL_WORDS;

// clang-format off: keeps its rows
static const struct field fields[] = {
	LINK_FIELDS("1500"),
	PORT_FIELDS,
	FIELD(vlan, link, link, .refs = "link", .flags = FIXED | NEEDED, .nla = IFLA_LINK,
	      .doc = "the interface that carries its frames, IF or NS/IF: it may be in another namespace (IFLA_LINK)"),
	FIELD(vlan, id, u16, .flags = FIXED | NEEDED, .min = 1, .max = 4094, .nla = IFLA_VLAN_ID, .place = NLA_INFO_DATA,
	      .doc = "the VLAN, as in the tag (IFLA_VLAN_ID)"),
	FIELD(vlan, protocol, word, .words = protocols, .flags = FIXED | USUAL, .place = NLA_INFO_DATA, .kernel_default = "\"802.1Q\"",
	      .doc = "the kind of tag: 802.1ad is that of a provider, outside of another one (IFLA_VLAN_PROTOCOL)"),
	FIELD(vlan, flags, u32, .flags = HIDDEN | SHOWN | USUAL, .place = NLA_INFO_DATA, .kernel_default = "1",
	      .doc = "VLAN_FLAG_REORDER_HDR and others (IFLA_VLAN_FLAGS)"),
};
// clang-format on

static const struct object *lower(const struct model *m, const struct object *o)
{
	const char *link = ((const struct vlan *)o)->link;

	return link ? model_find_ref(m, "link", link) : NULL;
}

/* The MTU of what carries it, which it has by default, and cannot exceed; 0: unknown. */
static uint32_t lower_mtu(const struct model *m, const struct object *o)
{
	for (int i = 0; i < NESTED_MAX && o && o->kind == &kind_vlan && (i == 0 || !object_has(o, LINK_MTU)); i++)
		o = lower(m, o);
	return o ? link_mtu(o) : 0;
}

/* It follows one that becomes smaller, but not back: only a file or somebody's hand changes it. */
static void vlan_complete(struct model *m, struct object *o, _unused_ struct problems *p)
{
	struct link *l = (struct link *)o;
	const struct object *base = lower(m, o);

	/* It is created with the flags of that one. */
	if (base && !object_has(base, LINK_ARP))
		o->set &= ~(bit(LINK_ARP) | bit(LINK_MULTICAST));
	l->usual_mtu = lower_mtu(m, o);
	if (object_has(o, LINK_MTU) || !l->usual_mtu)
		return;
	link_reset_mtu(o);
	o->usual |= bit(LINK_MTU);
}

/* By default it has the MTU of what carries it. */
static bool vlan_export(struct model *observed, struct object *o, _unused_ struct unsaid *u)
{
	const struct object *base = lower(observed, o);

	if (base && ((const struct link *)base)->mtu == ((const struct link *)o)->mtu)
		o->set &= ~bit(LINK_MTU);
	/* It is created with the flags of that one. */
	if (base && !((const struct link *)base)->arp)
		o->set &= ~(bit(LINK_ARP) | bit(LINK_MULTICAST));
	return true;
}

static void vlan_check_in(const struct model *m, const struct object *o, struct problems *p)
{
	const struct vlan *v = (const struct vlan *)o;
	uint32_t mtu = lower_mtu(m, o);

	if (v->link && is_loopback(strchr(v->link, '/') + 1))
		object_problem(p, EINVAL, o, "link", "the loopback has no VLANs");
	else if (object_says(o, "mtu") && mtu && v->head.mtu > mtu)
		object_problem(p, EINVAL, o, "mtu", "must be at most %u, the MTU of %s, which carries its frames", mtu,
			       v->link);
}

/* ---- one for each VLAN of an interface ---- */

static const char *vlan_holds(const struct object *o, struct slot *ret)
{
	const struct vlan *v = (const struct vlan *)o;

	*ret = (struct slot){ .table = v->id, .family = v->protocol };
	return v->link;
}

static int vlan_cmp(const void *a, const void *b)
{
	const struct vlan *x = *(const struct vlan *const *)a, *y = *(const struct vlan *const *)b;
	int c = strcmp(x->link, y->link);

	c = c ? c : (int)x->id - (int)y->id;
	c = c ? c : (int)x->protocol - (int)y->protocol;
	return c ? c : x->head.object.seq < y->head.object.seq ? -1 : x->head.object.seq > y->head.object.seq;
}

/* Wherever they are: the interface has them all.  Once, with the first namespace. */
static void vlan_check_netns(const struct model *m, const struct object *netns, struct problems *p)
{
	const struct vlan **v = NULL;
	size_t n = 0, room = 0;

	for (size_t i = 0; i < m->n && m->objects[i] != netns; i++)
		if (m->objects[i]->kind->form == FORM_BODY)
			return;
	for (size_t i = 0; i < m->n; i++)
		if (m->objects[i]->kind == &kind_vlan && ((const struct vlan *)m->objects[i])->link)
			*(const struct vlan **)array_add((void **)&v, &n, &room, sizeof(*v)) =
				(const struct vlan *)m->objects[i];
	if (n)
		qsort(v, n, sizeof(*v), vlan_cmp);
	for (size_t i = 1; i < n; i++)
		if (!strcmp(v[i - 1]->link, v[i]->link) && v[i - 1]->id == v[i]->id &&
		    v[i - 1]->protocol == v[i]->protocol)
			object_problem(p, EINVAL, &v[i]->head.object, "id", "%s is VLAN %u of %s already",
				       v[i - 1]->head.object.place, v[i]->id, v[i]->link);
	free(v);
}

/* ---- the protocol, and the flags with a mask of those that are meant ---- */

static int put_data(_unused_ struct batch *b, const struct object *o, uint64_t mask, struct nl_msg *m,
		    _unused_ struct err *e)
{
	const struct vlan *v = (const struct vlan *)o;
	struct ifla_vlan_flags flags = { .flags = v->flags, .mask = FLAGS };

	if (mask & field_bit(o->kind, "protocol"))
		vlan_protocol_put(m, IFLA_VLAN_PROTOCOL, v->protocol);
	if (mask & field_bit(o->kind, "flags"))
		msg_put(m, IFLA_VLAN_FLAGS, &flags, sizeof(flags));
	return 0;
}

static void read_data(_unused_ struct observer *obs, struct object *o, struct nlattr *const *data, size_t n)
{
	struct vlan *v = (struct vlan *)o;
	const struct ifla_vlan_flags *flags;

	if (n <= IFLA_VLAN_PROTOCOL)
		return;
	if (vlan_protocol_read(data[IFLA_VLAN_PROTOCOL], &v->protocol))
		OBJECT_SET(o, vlan, protocol);
	/* It is missing if there are none. */
	flags = data[IFLA_VLAN_FLAGS] && nla_len(data[IFLA_VLAN_FLAGS]) >= (int)sizeof(*flags)
			? nla_data(data[IFLA_VLAN_FLAGS])
			: NULL;
	v->flags = flags ? flags->flags : 0;
	OBJECT_SET(o, vlan, flags);
}

static const struct link_kind vlan = {
	.export = vlan_export,
	.complete = vlan_complete,
	.check_in = vlan_check_in,
	.put_data = put_data,
	.read_data = read_data,
	.lower_mac = true,
};

const struct kind kind_vlan =
	LINK_KIND(vlan, .name = "vlan", .link = &vlan, .module = "8021q", .check_netns = vlan_check_netns,
		  .holds = vlan_holds, .doc = "a VLAN of another interface, whose frames have a tag there");
