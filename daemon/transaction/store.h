/* SPDX-License-Identifier: MIT */
/* store.h - where changes are recorded, so that an interrupted one is known. */
#pragma once
#include "store/state.h"

struct store {
	void *arg;
	/* The change is about to touch the kernel. */
	int (*begin)(void *arg, const struct record *r, struct err *e);
	/* The change is done. */
	int (*commit)(void *arg, const char *name, struct err *e);
	/* The change was rolled back, or never began. */
	int (*abandon)(void *arg, const char *name, struct err *e);
};
