/* SPDX-License-Identifier: MIT */
/* varlink.h - one connection that speaks varlink: JSON objects, each ended by a
 * NUL byte.  Calls are answered in order, one at a time; what a peer can make
 * us hold is bounded, and it is never waited for. */
#pragma once
#include "base.h"
#include <json-c/json.h>
#include <systemd/sd-event.h>

struct varlink;

/* What the kernel says of the other end, and what that means. */
struct peer {
	pid_t pid;
	uid_t uid;
	bool root;		/* or the daemon's own user */
	bool may_read, may_change;
};

/* A call until it is answered.  The names and parameters are valid as long. */
struct call {
	const char *method;		/* "io.netnsd.Apply" */
	struct json_object *parameters;	/* an object, maybe empty */
	bool more;			/* several replies are welcome */
	bool oneway;			/* none is */
	bool gone;			/* the peer has left: only what changes something is still done */
	const struct peer *peer;
	/* For who answers later: nobody listens any more, and the call ends now. */
	void (*vanished)(struct call *c);
	void *data;
	struct varlink *connection;
};

/* Each takes @parameters, NULL for none.  call_progress says something before
 * the answer, to who asked for more; the other two end the call. */
void call_progress(struct call *c, struct json_object *parameters);
void call_reply(struct call *c, struct json_object *parameters);
void call_error(struct call *c, const char *error, struct json_object *parameters);
/* The call ends without an answer. */
void call_drop(struct call *c);
/* The loop in which to do what is done for the call later on: who asks has a share of the time only. */
sd_event *call_event(const struct call *c);
/* Whether the peer leaves so much unread that but one more answer may be queued. */
bool call_is_slow(const struct call *c);
/* "org.varlink.service.InvalidParameter" and its like: an error with one string. */
void call_error_string(struct call *c, const char *error, const char *key, const char *value);

#define VARLINK_SERVICE "org.varlink.service"
#define INVALID_PARAMETER VARLINK_SERVICE ".InvalidParameter"
#define EXPECTED_MORE VARLINK_SERVICE ".ExpectedMore"
#define PERMISSION_DENIED VARLINK_SERVICE ".PermissionDenied"

struct varlink_options {
	size_t message_max;		/* bytes, before it is parsed */
	uint64_t rest_usec;		/* how long a half message may rest */
	/* A call has come in: to be answered now or later. */
	void (*called)(struct call *c, void *arg);
	/* Sees each answer before it goes out; @error is NULL in a reply.  May be NULL. */
	void (*answered)(const struct call *c, const char *error, const struct json_object *parameters, void *arg);
	/* The connection is about to be freed. */
	void (*closed)(struct varlink *v, void *arg);
	void *arg;
};

/* Takes @fd, also when it goes wrong. */
int varlink_new(struct varlink **ret, sd_event *event, int fd, const struct peer *peer,
		const struct varlink_options *options);
void varlink_free(struct varlink *v);
const struct peer *varlink_peer(const struct varlink *v);
/* Takes no further call; one that is pending is still answered. */
void varlink_drain(struct varlink *v);
