/* SPDX-License-Identifier: MIT */
/* field.h - the rows that describe what a kind has, and all that is read from them. */
#pragma once
#include "base.h"

struct type;
struct word;

enum field_flags {
	KEY = 1 << 0,		/* part of what tells two objects apart */
	FIXED = 1 << 1,		/* the kernel cannot change it: the object is replaced */
	NEEDED = 1 << 2,	/* must be in the file */
	BARE = 1 << 3,		/* a plan shows the value without the field's name */
	LOOSE = 1 << 4,		/* a reference whose end does not take the object along */
	LATE = 1 << 5,		/* objects that have it come after those of their kind that do not */
	HIDDEN = 1 << 6,	/* not in a file: a key from the surroundings, a mark, a state */
	WRITTEN = 1 << 7,	/* written at creation, never compared */
	INTERRUPTS = 1 << 8,	/* to change it in place interrupts traffic */
	OFF_INTERRUPTS = 1 << 9,	/* so does it where a bit of the value, a byte, goes off */
	SHOWN = 1 << 10,	/* of a hidden one: a plan shows it where it is not the fallback */
	OF_MARK = 1 << 11,	/* tells of our mark: never put back */
	NETWORK_ORDER = 1 << 12,	/* the bytes of the attribute are in the order of the network */
	USUAL = 1 << 13,	/* on an object of ours it is the kernel's default unless a file says otherwise: a bool or a number */
};

/* Where a netlink attribute stands. */
enum nla_place { NLA_MESSAGE, NLA_INFO_DATA, NLA_PORT, NLA_METRICS };

struct field {
	const char *name, *doc;		/* doc: one sentence for the manual, with the unit and the source */
	const struct type *type;
	const char *refs;		/* the class of object this names: "link" */
	const char *gives;		/* likewise, but this object brings it into being */
	const char *kernel_default;	/* JSON of the value that an object of ours has if nobody says one */
	const struct word *words;	/* of type_word */
	size_t offset;
	unsigned flags;
	uint32_t min, max;		/* max 0: all that the type holds */
	uint16_t nla;			/* attribute that carries the value: a number, bytes, a text, an address, the number
					 * of an interface; 0: the kind reads and writes it */
	uint16_t nla6;			/* that of an IPv6 address, where it is another one */
	enum nla_place place;
	uint8_t width;			/* of a number: bytes of the attribute; 0: as many as in memory */
};

/* A row for member @m of struct @s, read with type_@t. */
#define FIELD(s, m, t, ...) { .name = #m, .type = &type_##t, .offset = offsetof(struct s, m), __VA_ARGS__ }
