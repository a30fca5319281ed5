/* SPDX-License-Identifier: MIT */
/* log.h - the daemon's log: to the journal with fields when stderr goes there, else plain
 * lines on stderr.  It never waits for a reader: a bounded number of bytes is queued;
 * lines beyond that are counted and the number is logged.  Only the folders
 * from store on call it: netnsctl is linked without it. */
#pragma once
#include "base.h"
#include <syslog.h>

/* The subject of an entry; fields that are not set are left out. */
struct log_about {
	const char *id;                /* MESSAGE_ID=, explained in systemd/netnsd.catalog */
	const char *topology;          /* NETNSD_TOPOLOGY= */
	const char *netns;             /* NETNSD_NAMESPACE= */
	const char *interface;         /* NETNSD_INTERFACE= */
	const char *expected, *actual; /* NETNSD_EXPECTED=, NETNSD_ACTUAL=: as declared, as observed */
	const char *by;                /* NETNSD_BY=: who did it or asked for it */
	const char *reason;            /* NETNSD_REASON=: the word for why it is not healed (why_not.h) */
	int code;                      /* ERRNO=, of either sign */
};

/* Entries above @level are left out; initially LOG_INFO. */
void log_set_level(int level);
/* The level that @name ("debug", "info", …, or a number) means, or -EINVAL. */
int log_level_parse(const char *name);

/* Logs one line; control characters in it are escaped.  @about may be NULL. */
void log_say(int level, const struct log_about *about, const char *fmt, ...) _printf_(3, 4);

/* Writes what could not be written at once; false: some of it is left. */
bool log_flush(void);
/* The same before netnsd exits: waits a moment, but not for ever. */
void log_end(void);

#define log_error(...) log_say(LOG_ERR, NULL, __VA_ARGS__)
#define log_warning(...) log_say(LOG_WARNING, NULL, __VA_ARGS__)
#define log_notice(...) log_say(LOG_NOTICE, NULL, __VA_ARGS__)
#define log_info(...) log_say(LOG_INFO, NULL, __VA_ARGS__)
#define log_debug(...) log_say(LOG_DEBUG, NULL, __VA_ARGS__)
