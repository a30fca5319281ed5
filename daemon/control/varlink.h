/* SPDX-License-Identifier: MIT */
/* varlink.h - one connection that speaks varlink: JSON objects, each ended by a NUL byte.
 * Calls are answered in order, one at a time; what a peer can make us store is bounded,
 * and netnsd never waits for it. */
#pragma once
#include "base.h"
#include <json-c/json.h>
#include <systemd/sd-event.h>

struct varlink;

/* What the kernel says about the peer, and the permissions that follow. */
struct peer {
	pid_t pid;
	uid_t uid;
	bool root; /* or the daemon's own user */
	bool may_read, may_change;
};

/* A call until it is answered.  The names and parameters are valid until then. */
struct call {
	const char *method;             /* "io.netnsd.Apply" */
	struct json_object *parameters; /* an object, possibly empty */
	bool more;                      /* several replies are allowed */
	bool oneway;                    /* no reply is expected */
	bool gone;                      /* the peer has disconnected: only changes are still carried out */
	const struct peer *peer;
	/* For methods that answer later: the client has disconnected, and the call ends now. */
	void (*vanished)(struct call *c);
	void *data;
	struct varlink *connection;
};

/* Each takes @parameters, NULL for none. call_progress sends a reply before the answer,
 * to a caller that asked for more; the other two end the call. */
void call_progress(struct call *c, struct json_object *parameters);
void call_reply(struct call *c, struct json_object *parameters);
void call_error(struct call *c, const char *error, struct json_object *parameters);
/* Ends the call without an answer. */
void call_drop(struct call *c);
/* The loop for later work on behalf of the call: its caller gets a share of the time only. */
sd_event *call_event(const struct call *c);
/* Whether the peer leaves so much unread that only one more answer may be queued. */
bool call_is_slow(const struct call *c);
/* "org.varlink.service.InvalidParameter" and its like: an error with one string. */
void call_error_string(struct call *c, const char *error, const char *key, const char *value);

#define VARLINK_SERVICE "org.varlink.service"
#define INVALID_PARAMETER VARLINK_SERVICE ".InvalidParameter"
#define EXPECTED_MORE VARLINK_SERVICE ".ExpectedMore"
#define PERMISSION_DENIED VARLINK_SERVICE ".PermissionDenied"

struct varlink_options {
	size_t message_max; /* bytes, before it is parsed */
	uint64_t rest_usec; /* how long an incomplete message may rest */
	/* A call has arrived: to be answered now or later. */
	void (*called)(struct call *c, void *arg);
	/* Sees each answer before it is sent; @error is NULL in a reply.  May be NULL. */
	void (*answered)(const struct call *c, const char *error, const struct json_object *parameters, void *arg);
	/* The connection is about to be freed. */
	void (*closed)(struct varlink *v, void *arg);
	void *arg;
};

/* Takes @fd, even on failure. */
int varlink_new(struct varlink **ret, sd_event *event, int fd, const struct peer *peer,
		const struct varlink_options *options);
void varlink_free(struct varlink *v);
const struct peer *varlink_peer(const struct varlink *v);
/* Accepts no further call; a pending one is still answered. */
void varlink_drain(struct varlink *v);
