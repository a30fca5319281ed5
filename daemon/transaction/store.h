/* SPDX-License-Identifier: MIT */
/* store.h - where a change is written down, so that one that is cut off is known to have been. */
#pragma once
#include "store/state.h"

struct store {
	void *arg;
	/* The change is about to touch the kernel. */
	int (*begin)(void *arg, const struct record *r, struct err *e);
	/* It is done. */
	int (*commit)(void *arg, const char *name, struct err *e);
	/* It was rolled back, or never began. */
	int (*abandon)(void *arg, const char *name, struct err *e);
};
