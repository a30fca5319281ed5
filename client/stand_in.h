/* SPDX-License-Identifier: MIT */
/* stand_in.h - interfaces that stand in for those of a host: netnsctl record --with eth0=192.0.2.2/24,via=192.0.2.1. */
#pragma once
#include "model/type.h"

struct json_object;

enum { STAND_IN_ADDRESSES_MAX = 8 };

struct stand_in {
	char name[16];
	struct inet addresses[STAND_IN_ADDRESSES_MAX];
	size_t n_addresses;
	struct inet via[2]; /* gateways of the default routes: IPv4, IPv6; family 0: none */
};

/* Reads "NAME[=ADDRESS/LENGTH[,…]][,via=ADDRESS]", the value of --with.  0, or -EINVAL with what is wrong in @e. */
int stand_in_parse(const char *text, struct stand_in *ret, struct err *e);
/* Brings lo up and creates them in the namespace @inner, where the thread is, and is afterwards.  Each is a veth pair whose
 * far end is in the namespace @outer, and has the addresses of the gateways.  0, or a negative errno with the kernel's
 * reason in @e. */
int stand_ins_create(const struct stand_in *v, size_t n, int inner, int outer, struct err *e);
/* Makes them interfaces of the host in @topology that exist already, without what they had from the beginning.  Says
 * on stderr what of that is gone: a topology cannot remove it. */
void stand_ins_declare(const struct stand_in *v, size_t n, struct json_object *topology);
/* Whether all interfaces of the host that are declared to exist already are these; says on stderr which are not. */
bool stand_ins_only(const struct stand_in *v, size_t n, struct json_object *topology);
