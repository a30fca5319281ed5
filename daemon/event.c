/* SPDX-License-Identifier: MIT */
/* event.c - tells what happens to topologies. */
#include "event.h"
#include "log.h"

void engine_tell(_unused_ struct engine *g, const struct event *ev)
{
	struct log_about about = { .topology = ev->topology, .code = ev->code };

	log_say(ev->type == EVENT_FAILED ? LOG_ERR : LOG_INFO, &about, "%s: %s", ev->topology, ev->message);
}
