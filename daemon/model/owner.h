/* SPDX-License-Identifier: MIT */
/* owner.h - whose an object is, and how netnsd signs what it makes.  Pure. */
#pragma once
#include "model.h"

enum {
	/* rtm_protocol, IFA_PROTO: "netnsd" in /etc/iproute2/rt_protos.d. */
	PROTOCOL = 78,
	/* IFLA_GROUP: bit 30 says netnsd, bit 29 a loopback, the rest a hash of the topology's name. */
	GROUP_OURS = 1 << 30,
	GROUP_LOOPBACK = 1 << 29,
	GROUP_HASH = (1 << 29) - 1,
};
#define ALIAS_PREFIX "netnsd:"	/* IFLA_IFALIAS, before the topology's name */

/* 29 bits, never 0. */
uint32_t topology_hash(const char *name);
/* The link group of a link called @name of the topology. */
uint32_t group_of_link(const char *topology, const char *name);
/* What a link's group and alias say; @alias may be NULL. */
struct sign sign_of_link(uint32_t group, const char *alias);

/* Says of each object of @observed whose it is, seen from the topology @name that
 * is to become @desired and was last applied as @last; both may be empty.  @tried is what a change has tried to make so far, or NULL:
 * what it names and what carries our mark is ours too.
 *
 * A link is ours if it carries the whole of our mark, group and alias, under a name that is declared: anybody can
 * copy the two.  What was seen so once, and is known again by its number and its namespace's cookie, stays ours under
 * another name, and with a mark that somebody has changed (kind.note_mark). */
void owner_resolve(struct model *observed, const char *name, struct model *desired, struct model *last,
		   const struct model *tried);

/* A MAC address that stays the same for this machine, topology, namespace and
 * interface, and differs from any other's: locally administered, unicast. */
void mac_derive(const char *machine, const char *topology, const char *place, uint8_t ret[6]);
/* Before it is decided whose an observed object is: what is declared and carries no mark
 * is taken to carry ours. */
void owner_pretend(struct model *observed, const struct model *desired, const char *name);
