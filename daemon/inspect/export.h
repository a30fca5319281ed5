/* SPDX-License-Identifier: MIT */
/* export.h - the kernel's present state, whoever created it, as a topology that makes the same on an empty machine. */
#pragma once
#include "format/export.h"
#include "base/err.h"

struct exporting_options {
	const char *dir;      /* of the names of namespaces: "/run/netns" */
	const char *identity; /* of the machine (identity.h); NULL: unknown */
	/* The name that MAC addresses of the topology are derived from, which may have been renamed; NULL: its own. */
	const char *(*macs)(const void *arg, const char *topology);
	const struct kinds *kinds;
	const char *const *names; /* the namespaces, "host" is this one; they outlive the export */
	size_t n;                 /* 0: all that have a name, and the host */
	/* The next topology that declares the namespace, from @i 0 on: its name and its model; false:
	 * there are no more.  NULL: none is known. */
	bool (*declares)(const void *arg, const char *netns, size_t *i, const char **ret_name, struct model **ret);
	/* As in struct export. */
	bool (*is_told)(const void *arg, const struct object *o, size_t field);
	const void *arg;
};

struct exporting;

/* Begins.  -ENOENT with @ret_missing, if that is not NULL: a name is that of no namespace. */
int exporting_begin(struct exporting **ret, const struct exporting_options *options, const char **ret_missing,
		    struct err *e);
/* Takes the next small step: true: there is more.  What cannot be read is told as unsaid. */
bool exporting_step(struct exporting *x);
/* A descriptor that is readable when the next step has something to do; -1: it has at once. */
int exporting_waits(const struct exporting *x);
/* What it has become, when there is no more; the caller owns it.  NULL before. */
struct json_object *exporting_take(struct exporting *x);
/* What no topology can say; valid until exporting_end. */
const struct unsaid *exporting_unsaid(const struct exporting *x);
void exporting_end(struct exporting *x);
