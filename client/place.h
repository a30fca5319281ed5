/* SPDX-License-Identifier: MIT */
/* place.h - namespaces in which sockets are opened without staying there. */
#pragma once
#include "base/err.h"
#include "model/type.h"
#include <netinet/in.h>

/* A namespace; "host" is the one that we are in. */
struct place {
	const char *name;
	int fd; /* -1: the host */
	int home;
};

union endpoint {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

/* Whether we may enter namespaces at all; -EPERM with a message. */
int place_allowed(struct err *e);
/* -ENOENT: there is none of that name.  @name must outlive it. */
int place_open(struct place *ret, const char *name, struct err *e);
void place_close(struct place *p);
/* socket(2) there; the descriptor is non-blocking. */
int place_socket(const struct place *p, int family, int type, int protocol, struct err *e);
/* Moves the thread there, or nowhere with -errno; place_leave moves it back, or aborts. */
int place_enter(const struct place *p, struct err *e);
void place_leave(const struct place *p);
/* Whether its name is gone, or that of another namespace, by now. */
bool place_is_gone(const struct place *p);

/* The address as a socket takes it; its size. */
socklen_t endpoint_fill(union endpoint *ret, const struct inet *address, uint16_t port);
