/* SPDX-License-Identifier: MIT */
/* owner.h - who owns an object, and how netnsd marks what it creates.  Pure. */
#pragma once
#include "model.h"

enum {
	/* rtm_protocol, IFA_PROTO: "netnsd" in /etc/iproute2/rt_protos.d. */
	PROTOCOL = 78,
	/* IFLA_GROUP: bit 30 says netnsd, bit 29 a loopback, the rest a hash of the topology's name. */
	GROUP_OURS = 1 << 30,
	GROUP_LOOPBACK = 1 << 29,
	GROUP_HASH = (1 << 29) - 1,
	/* tcm_handle: "ND:" of the root of an interface, and of what is attached to it. */
	QDISC_ROOT = 0x4e440000,
	QDISC_CHILD = 0x4e450000,
};
#define ALIAS_PREFIX "netnsd:" /* IFLA_IFALIAS, before the topology's name */

/* FNV-1a of a text with its NUL, from @h on, which is FNV_START to begin with
 * (http://www.isthe.com/chongo/tech/comp/fnv/). */
#define FNV_START UINT64_C(0xcbf29ce484222325)
uint64_t fnv(uint64_t h, const char *s);
/* 29 bits, never 0. */
uint32_t topology_hash(const char *name);
/* The link group of a link called @name of the topology. */
uint32_t group_of_link(const char *topology, const char *name);
/* The owner that a link's group and alias name; @alias may be NULL. */
struct sign sign_of_link(uint32_t group, const char *alias);

/* Sets the owner of each object of @observed, seen from the topology @name that is to become @desired and was last
 * applied as @last; both may be empty.  @tried is what a change has tried to create so far, or NULL: what it names and
 * what carries our mark is ours, too.  A link is ours if it carries our complete mark, group and alias, under a name
 * that is declared: anybody can copy the two.  A link that was observed so once, and is recognised by its number and
 * its namespace's cookie, remains ours under another name, and with a mark that somebody has changed
 * (kind.note_mark). */
void owner_resolve(struct model *observed, const char *name, struct model *desired, struct model *last,
		   const struct model *tried);

/* Derives a MAC address that is stable for this machine, topology, namespace and interface, and differs from any
 * other's: locally administered, unicast. */
void mac_derive(const char *machine, const char *topology, const char *place, uint8_t ret[6]);
/* Called before owners are resolved: what is declared and carries no mark is taken to carry ours. */
void owner_pretend(struct model *observed, const struct model *desired, const char *name);
