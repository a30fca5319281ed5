/* SPDX-License-Identifier: MIT */
/* field.h - the rows that describe the fields of a kind, and all that is derived from them. */
#pragma once
#include "base.h"

struct type;
struct word;

enum field_flags {
	KEY = 1 << 0,            /* part of what identifies an object */
	FIXED = 1 << 1,          /* the kernel cannot change it: the object is recreated */
	NEEDED = 1 << 2,         /* required in the file */
	BARE = 1 << 3,           /* a plan shows the value without the field's name */
	LOOSE = 1 << 4,          /* a reference: when its end is removed, the object is not removed with it */
	LATE = 1 << 5,           /* objects that have it come after those of their kind that do not */
	HIDDEN = 1 << 6,         /* not in a file: a key from the context, a mark, a state */
	WRITTEN = 1 << 7,        /* written at creation, never compared */
	INTERRUPTS = 1 << 8,     /* changing it in place interrupts traffic */
	OFF_INTERRUPTS = 1 << 9, /* so does clearing a bit of the value, a byte */
	SHOWN = 1 << 10,         /* of a hidden field: a plan shows it where it is not the default */
	OF_MARK = 1 << 11,       /* part of our mark: never reverted */
	NETWORK_ORDER = 1 << 12, /* the bytes of the attribute are in network order */
	/* on an object of ours the kernel's default applies unless a file sets it: a bool, a number or a word */
	USUAL = 1 << 13,
};

/* Where a netlink attribute is. */
enum nla_place { NLA_MESSAGE, NLA_INFO_DATA, NLA_PORT, NLA_METRICS };

struct field {
	const char *name, *doc; /* doc: one sentence for the manual, with the unit and the source */
	const struct type *type;
	const char *refs;           /* the class of object this names: "link" */
	const char *gives;          /* likewise, but this object creates it */
	const char *kernel_default; /* JSON of the default value of an object of ours */
	const struct word *words;   /* of type_word; of type_bool, where they say more than true and false */
	size_t offset;
	unsigned flags;
	uint32_t min, max; /* max 0: the maximum of the type */
	/* attribute with the value: a number, bytes, a text, an address, the number of an
	 * interface; 0: the kind does it */
	uint16_t nla;
	uint16_t nla6; /* that of an IPv6 address, if it is another one */
	enum nla_place place;
	uint8_t width; /* of a number: bytes of the attribute; 0: as many as in memory */
};

/* A row for member @m of struct @s, read with type_@t. */
#define FIELD(s, m, t, ...) { .name = #m, .type = &type_##t, .offset = offsetof(struct s, m), __VA_ARGS__ }
