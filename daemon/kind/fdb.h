/* SPDX-License-Identifier: MIT */
/* fdb.h - the parts of the kind of forwarding entries: what the bridge has, and what of it is exported. */
#pragma once
#include "kernel/observer.h"

enum { MAC = 6 };

struct fdb {
	struct object object;
	uint8_t mac[MAC];
	const char *dev;
	uint16_t vlan; /* 0: none */
	uint8_t state;
	bool sticky, learned; /* learned: by another program, as no file sets it */
};

extern const struct kind kind_fdb;

/* The link whose table an entry on @dev is in; NULL: unknown. */
const struct object *fdb_table(const struct model *m, const struct object *dev);
/* Whether it is the kernel's own, for the address of the port @dev, or of its bridge. */
bool fdb_is_kernels(const struct model *observed, const struct fdb *have, const struct object *dev);

/* fdb_export.c: reads all that somebody made, and kind.export. */
int fdb_observe_all(struct observer *obs, struct err *e);
bool fdb_export(struct model *observed, struct object *o, struct unsaid *u);
