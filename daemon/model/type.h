/* SPDX-License-Identifier: MIT */
/* type.h - how one value is read from JSON, written to JSON, and compared. */
#pragma once
#include "node.h"

struct field;

/* An IP address with a prefix length.  family 0: the word "default". */
struct inet {
	uint8_t family;   /* AF_INET, AF_INET6 */
	uint8_t len;      /* bits of the prefix; all of them for a bare address */
	uint8_t addr[16]; /* network order; the rest is zero */
};

struct type {
	const char *name; /* the name in the manual */
	size_t size;      /* in the object */
	/* Reads @in into @dst, which is zeroed.  @netns is the namespace that a bare
	 * interface name refers to.  The error says what the value must be, without
	 * naming the field. */
	int (*parse)(const struct field *f, const char *netns, void *dst, struct json_object *in, struct arena *a,
		     struct err *e);
	/* Optional: the number that the name @s stands for, where a file may have either; parse gets the number. */
	int (*number)(const char *s, uint32_t *ret, struct err *e);
	/* Instead of parse, for a value with parts, of which several may be wrong: adds a problem for each at its
	 * place in @n. */
	int (*read)(const struct field *f, const char *netns, void *dst, const struct node *n, struct notes *notes,
		    struct arena *a);
	/* The value as a file would write it.  The caller owns it. */
	struct json_object *(*format)(const struct field *f, const char *netns, const void *src);
	bool (*equal)(const void *a, const void *b);
	/* Makes a copy that refers to memory of @a only; NULL where the bytes are everything. */
	void (*copy)(void *dst, const void *src, struct arena *a);
	/* Optional: the value with its name in the words of ip(8), where JSON would not do; NULL: nothing. */
	char *(*say)(const char *netns, const void *src, struct arena *a);
	/* Optional: what changes, where both values would be too much. */
	char *(*say_change)(const void *before, const void *after, struct arena *a);
	/* JSON Schema of the value; the caller owns it. */
	struct json_object *(*schema)(const struct field *f);
};

/* The C type in the object: */
extern const struct type type_bool, /* bool */
	type_u8,                    /* uint8_t, field.min to field.max */
	type_u16,                   /* uint16_t, likewise */
	type_u32,                   /* uint32_t, likewise */
	type_string,                /* const char *, 1 to field.max bytes */
	type_word,                  /* uint8_t, one of field.words */
	type_mac,                   /* uint8_t[6] */
	type_ip,                    /* struct inet without a prefix length */
	type_prefix,                /* struct inet with one; host bits kept (an interface's address) */
	type_peer,                  /* likewise, the address at the other end: "peer 10.0.0.2/32" */
	type_dest,                  /* struct inet: "default", a prefix without host bits, or an address */
	type_link,                  /* const char *, "NS/IF" */
	type_dev;                   /* likewise; "dev IF" in a plan */

/* Names and their values, ended by a row without a name. */
struct word {
	const char *name;
	uint8_t value;
};

/* Reads a value with parse or read; of several problems @e is the first, with its place. */
int type_parse(const struct field *f, const char *netns, void *dst, struct json_object *in, struct arena *a,
	       struct err *e);

/* Common to all numbers, for types that compare them differently. */
int type_number_parse(const struct field *f, const char *netns, void *dst, struct json_object *in, struct arena *a,
		      struct err *e);
struct json_object *type_number_format(const struct field *f, const char *netns, const void *src);
struct json_object *type_number_schema(const struct field *f);

/* Of ifa_scope and rtm_scope (linux/rtnetlink.h). */
extern const struct word scope_words[];

/* NULL if @s is a name that the kernel accepts for an interface (dev_valid_name,
 * net/core/dev.c), else what is wrong with it. */
const char *ifname_problem(const char *s, struct err *e);
/* Likewise for topologies and namespaces: [A-Za-z0-9][A-Za-z0-9_.-]{0,63}. */
const char *name_problem(const char *s, struct err *e);
/* What JSON Schema can express of the two, without anchors. */
#define IFNAME_PATTERN "[^/:%\\s]{1,15}"
#define NAME_PATTERN "[A-Za-z0-9][A-Za-z0-9_.-]{0,63}"
/* {"type": "string", "pattern": @pattern}, for a type's schema. */
struct json_object *schema_pattern(const char *pattern);
/* A whole number from @min to @max, or a text. */
struct json_object *schema_number_or_text(uint32_t min, uint32_t max, const char *pattern);

/* The interface that every namespace has, and that nobody creates or deletes. */
#define LOOPBACK "lo"
static inline bool is_loopback(const char *ifname)
{
	return ifname && !strcmp(ifname, LOOPBACK);
}

/* type.copy of a const char *, which may be NULL. */
void text_copy(void *dst, const void *src, struct arena *a);

/* The network that an address with its prefix length is in. */
struct inet inet_net(const struct inet *i);
/* 0.0.0.0 or :: */
bool inet_is_unspecified(const struct inet *i);
/* ::1 */
bool inet_is_loopback6(const struct inet *i);
/* fe80::/10 */
bool inet_is_link_local(const struct inet *i);
/* The IPv4 address in an IPv4-mapped one, which sockets have and packets never; NULL: it is none. */
const char *inet_mapped(const struct inet *i, char buf[64]);
bool inet_covers(const struct inet *net, const struct inet *ip);
/* "10.0.0.1/24", without "/24" where @bare or the prefix is the whole address; "default". */
const char *inet_text(const struct inet *i, bool bare, char buf[64]);
int inet_parse(const char *s, struct inet *ret, bool *ret_slash, struct err *e);
