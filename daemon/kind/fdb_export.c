/* SPDX-License-Identifier: MIT */
/* fdb_export.c - the forwarding entries of all bridges of a namespace, for an export: what they have learned, and what
 * the kernel made for the interfaces themselves, is in no topology. */
#include "fdb.h"
#include "link.h"
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

static void mark_set(struct fdb *f)
{
	OBJECT_SET(&f->object, fdb, mac);
	OBJECT_SET(&f->object, fdb, dev);
	OBJECT_SET(&f->object, fdb, state);
	OBJECT_SET(&f->object, fdb, sticky);
	OBJECT_SET(&f->object, fdb, learned);
	if (f->vlan)
		OBJECT_SET(&f->object, fdb, vlan);
}

static void on_entry(const struct nlmsghdr *h, void *arg)
{
	struct observer *obs = arg;
	const struct ndmsg *i = nlmsg_data(h);
	struct nlattr *a[NDA_MAX + 1];
	const char *place = observer_link(obs, (uint32_t)i->ndm_ifindex);
	const struct object *dev = place ? model_find_ref(obs->observed, "link", place) : NULL;
	struct fdb *f;

	/* What has no master is in the filter of a device, not in a table of a bridge. */
	if (h->nlmsg_type != RTM_NEWNEIGH || i->ndm_family != AF_BRIDGE || !dev ||
	    !(i->ndm_state & (NUD_NOARP | NUD_PERMANENT)) ||
	    nlmsg_parse((struct nlmsghdr *)(uintptr_t)h, sizeof(*i), a, NDA_MAX, NULL) < 0 || !a[NDA_MASTER] ||
	    !a[NDA_LLADDR] || nla_len(a[NDA_LLADDR]) != MAC)
		return;
	f = (struct fdb *)object_new(obs->observed, &kind_fdb, dev->netns, NULL);
	memcpy(f->mac, nla_data(a[NDA_LLADDR]), MAC);
	f->dev = dev->place;
	f->vlan = a[NDA_VLAN] ? nla_get_u16(a[NDA_VLAN]) : 0;
	f->state = (uint8_t)i->ndm_state;
	f->sticky = i->ndm_flags & NTF_STICKY;
	f->learned = i->ndm_flags & NTF_EXT_LEARNED;
	mark_set(f);
	if (!fdb_is_kernels(obs->observed, f, dev))
		observer_add(obs, &f->object);
}

int fdb_observe_all(struct observer *obs, struct err *e)
{
	struct ndmsg i = { .ndm_family = AF_BRIDGE };
	_cleanup_(msg_freep) struct nl_msg *m = NULL;

	/* Without a bridge the kernel would walk the filters of all devices. */
	for (size_t n = 0; n < obs->n_links && !m; n++)
		if (link_kind(obs->links[n])->has_fdb)
			m = msg_new(RTM_GETNEIGH, 0, &i, sizeof(i));
	if (m && observer_dump(obs, m, on_entry, e) < 0)
		return err_prefix(e, "forwarding entries of %s", obs->ns->name);
	return 0;
}

/* That of the bridge itself can only be local, one on a port is static unless the file says otherwise. */
bool fdb_export(struct model *observed, struct object *o, _unused_ struct unsaid *u)
{
	const struct fdb *f = (const struct fdb *)o;
	const struct object *dev = model_find_ref(observed, "link", f->dev);

	if (f->state == (dev && link_kind(dev)->has_fdb ? NUD_PERMANENT : NUD_NOARP))
		o->set &= ~field_bit(o->kind, "state");
	return true;
}
