/* SPDX-License-Identifier: MIT */
/* sysctl.h - the parts of the sysctl kinds: what a value means, how it is read and
 * written, and what keys do to interfaces. */
#pragma once
#include "model/kind.h"
#include "model/model.h"

enum { SYSCTL_VALUE_MAX = 4000 };

struct sysctl {
	struct object object;
	const char *key, *value; /* value NULL: the kernel has the key, and no value for it yet */
};

extern const struct kind kind_sysctl, kind_sysctl_link;

/* The type of a value in a file: a number, a boolean or a text. */
extern const struct type type_sysctl_value;
/* Names separated by dots, without a character that could be a path separator. */
int sysctl_key_check(const char *key, struct err *e);
/* Checks a value from a file or a record; leaves one space between two words: some keys accept no more, and
 * none shows more. */
int sysctl_check_value(struct sysctl *s, struct err *e);
/* kind.takes of both kinds: disabling IPv6 removes all its addresses. */
bool sysctl_takes(const struct op *op, const struct object *other);

/* Whether the two values of @key mean the same to the kernel; NULL is none. */
bool sysctl_value_equal(const char *key, const char *a, const char *b);
/* Checks what the kernel would always refuse, or change. */
int sysctl_value_check(const char *key, const char *value, struct err *e);

/* The key of an interface that @key of a namespace is the default of: "hop_limit", for the family in @key + 4; NULL: none. */
const char *sysctl_default_of(const char *key);
/* The file of @o below /proc/sys. */
void sysctl_path(const struct object *o, char path[320]);
/* @o with its present value, in @m but not added; NULL where the kernel has no such key. */
int sysctl_seen(struct model *m, const struct object *o, struct object **ret, struct err *e);
/* Reads one key, of @netns or, if that is not NULL, of @link; nothing if the kernel has none. */
int sysctl_observe_key(struct observer *obs, const struct object *netns, const struct object *link, const char *name,
		       struct err *e);
/* sysctl_export.c */
/* The values of new namespaces. */
struct sysctl_defaults;
/* Reads them; NULL: that is not possible, and no key will be exported. */
struct sysctl_defaults *sysctl_defaults_new(struct unsaid *u);
void sysctl_defaults_free(struct sysctl_defaults *d);
/* For an export: reads the keys of @ns that somebody has changed, into @observed, which has its links already.  There are
 * a hundred for each link: it takes them a link at a time.  1: there is more to do. */
struct sysctl_reading;
struct sysctl_reading *sysctl_reading_new(struct model *observed, const struct netns *ns,
					  const struct sysctl_defaults *d);
int sysctl_reading_step(struct sysctl_reading *r, struct err *e);
void sysctl_reading_free(struct sysctl_reading *r);
/* kind.observe, for both kinds, kind.early and kind.affects. */
int sysctl_observe(struct observer *obs, struct err *e);
unsigned sysctl_early(const struct object *o);
enum affects sysctl_affects(const struct object *o, uint64_t mask, const struct object *other);
/* kind.apply of both kinds. */
int sysctl_apply(struct batch *b, struct op *ops, size_t n, size_t *ret_taken, struct err *e);

/* The key that the kernel checks @key against, or NULL. */
const char *sysctl_partner(const char *key);
/* kind.check_in. */
void sysctl_check_in(const struct model *m, const struct object *o, struct problems *p);
void link_sysctl_check_in(const struct model *m, const struct object *o, struct problems *p);
/* Adds a problem of @o, which needs IPv6 on @link (NULL: not in this file), if @m declares it off there. */
void sysctl_check_ipv6(const struct model *m, const struct object *o, const struct object *link, const char *field,
		       struct problems *p);
