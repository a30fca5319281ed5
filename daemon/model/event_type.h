/* SPDX-License-Identifier: MIT */
/* event_type.h - the types of events (store/event.h). */
#pragma once

enum event_type {
	EVENT_APPLIED, /* brought up, or changed */
	EVENT_DOWN,
	EVENT_REFUSED,     /* an apply, up or down that changed nothing */
	EVENT_ROLLED_BACK, /* by a person, or because nobody confirmed in time */
	EVENT_CONFIRMED,
	EVENT_RENAMED,   /* the topology has another name */
	EVENT_DRIFT,     /* an object is not as declared: expected, actual, by */
	EVENT_HEALED,    /* and is again */
	EVENT_CONTESTED, /* healed so often that healing it is delayed now */
	EVENT_WAITING,   /* for an interface or namespace that others create */
	EVENT_FAILED,    /* an operation failed: message says why */
};
enum { EVENT_TYPES = EVENT_FAILED + 1 };
