/* SPDX-License-Identifier: MIT */
/* connection.h - a blocking varlink client: sends calls, receives replies. */
#pragma once
#include "base/err.h"
#include <json-c/json.h>

struct connection {
	int fd;
	uint64_t until_msec; /* CLOCK_BOOTTIME: -ETIMEDOUT after it; 0: never */
	bool for_stdout;     /* waiting is pointless when nobody reads our standard output: SIGPIPE */
	char *in;            /* what has been received and not read yet */
	size_t n, room;
};

/* -ENOENT, -ECONNREFUSED: nobody listens; -EACCES: not permitted. */
int connection_open(struct connection *ret, const char *path, struct err *e);
void connection_close(struct connection *c);

/* CLOCK_BOOTTIME, in milliseconds. */
uint64_t connection_now(void);

/* Sends one call; @parameters remains the caller's. */
int connection_call(struct connection *c, const char *method, struct json_object *parameters, bool more, struct err *e);
/* Waits for the next message, a JSON object, which the caller then owns. */
int connection_reply(struct connection *c, struct json_object **ret, struct err *e);
