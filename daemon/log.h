/* SPDX-License-Identifier: MIT */
/* log.h - what the daemon says about itself: to the journal with fields when
 * stderr goes there, else as plain lines on stderr.  Only layers 5 to 7 call it. */
#pragma once
#include "../include/base.h"
#include <syslog.h>

/* What an entry is about; what is not set is left out. */
struct log_about {
	const char *id;			/* LOG_ID_…: MESSAGE_ID=, explained in the catalog */
	const char *topology;		/* NETNSD_TOPOLOGY= */
	const char *netns;		/* NETNSD_NAMESPACE= */
	const char *interface;		/* NETNSD_INTERFACE= */
	int code;			/* ERRNO=, of either sign */
};

#define LOG_ID_APPLIED		"5f1d9e0a7c3b4d68a2f4c0917e6b3d52"
#define LOG_ID_REFUSED		"d83a6c1f20b94e57bb0d4f7a95e1c368"
#define LOG_ID_ROLLBACK_FAILED	"07e4b92d6f5a4c81930ac6e8d17f2b45"

/* Entries above @level are left out; LOG_INFO at first. */
void log_set_level(int level);
/* The level that @name ("debug", "info", …, or a number) means, or -EINVAL. */
int log_level_parse(const char *name);

/* Says one line; control characters in it are escaped.  @about may be NULL. */
void log_say(int level, const struct log_about *about, const char *fmt, ...) _printf_(3, 4);

#define log_error(...) log_say(LOG_ERR, NULL, __VA_ARGS__)
#define log_warning(...) log_say(LOG_WARNING, NULL, __VA_ARGS__)
#define log_notice(...) log_say(LOG_NOTICE, NULL, __VA_ARGS__)
#define log_info(...) log_say(LOG_INFO, NULL, __VA_ARGS__)
#define log_debug(...) log_say(LOG_DEBUG, NULL, __VA_ARGS__)
