/* SPDX-License-Identifier: MIT */
/* wire.h - a service of four methods behind a connection over a socket pair, for the tests of varlink. */
#pragma once
#include "control/service.h"

enum { MESSAGE_MAX = 1000, WIRE_METHODS = 4 };

#define ECHO "org.example.test.Echo"
#define LATER "org.example.test.Later"
#define EMPTY "{\"parameters\":{}}"

extern const char wire_text[];
extern const struct method wire_methods[WIRE_METHODS];

/* A connection, its service, and the other end. */
struct fixture {
	sd_event *event;
	struct service *service;
	struct varlink *varlink;
	struct call *later; /* waits for the test to answer */
	int fd;
	unsigned asked, changed, vanished;
	bool closed;
	char reply[4096];
};

void open_as(struct fixture *f, bool may_read, bool may_change);
/* Limits how long half a message may rest. */
void open_hasty(struct fixture *f, uint64_t rest_usec);
void fixture_done(struct fixture *f);
/* Lets the service do everything it can do now. */
void run(struct fixture *f);

/* Each sends, and runs. */
void send_bytes(struct fixture *f, const char *bytes, size_t n);
void send_text(struct fixture *f, const char *message);
void ask(struct fixture *f, const char *method);

/* The next thing the service sent; "" if there is nothing, NULL if it hung up. */
const char *hear(struct fixture *f);
void expect(struct fixture *f, const char *reply);
void expect_error(struct fixture *f, const char *error, const char *parameters);

#define NOTHING_HEARD(f) expect(f, "")
#define HUNG_UP(f) (assert_null(hear(f)), assert_true((f)->closed))
