/* SPDX-License-Identifier: MIT */
/* vlan_list.h - a list of VLANs: in a file 10, "100-200" or {"id": 10, "pvid": true, "untagged": true}; in an object its
 * text, in order, in the words of bridge(8): "10 pvid untagged, 20, 100-200". */
#pragma once
#include "model/kind.h"

enum {
	VLAN_FIRST = 1,
	VLAN_LAST = 4094,
	/* What a port does with one: */
	VLAN_MEMBER = 1 << 0,
	VLAN_PVID = 1 << 1,
	VLAN_UNTAGGED = 1 << 2,
};

/* What a port does with each VLAN, by its number: VLAN_MEMBER and more; 0: it is not in it. */
struct vlan_set {
	uint8_t of[VLAN_LAST + 1];
};

/* Moves @vid to the first run of VLANs from there on that are treated alike, and @ret_end to its last; false: there is none. */
bool vlan_set_next(const struct vlan_set *s, unsigned *vid, unsigned *ret_end);
/* Sets the VLANs from @vid to @end to @flags. */
void vlan_set_fill(struct vlan_set *s, unsigned vid, unsigned end, uint8_t flags);
/* Its text, each run after @before. */
char *vlan_set_text(const struct vlan_set *s, const char *before, struct arena *a);
/* The set that has the text, which may be NULL. */
struct vlan_set vlan_set_of(const char *text);

extern const struct type type_vlan_list; /* const char * */
