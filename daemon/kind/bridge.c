/* SPDX-License-Identifier: MIT */
/* bridge.c - a switch; its ports name it as their master. */
#include "link.h"
#include <linux/if_link.h>
#include <time.h>

enum {
	USER_HZ = 100,		/* times on the wire are in hundredths of a second */
	NSEC_PER_SEC = 1000000000,
	FORWARD_DELAY_MIN = 200,	/* while STP runs: BR_MIN_FORWARD_DELAY, net/bridge/br_private_stp.h */
};

struct bridge {
	struct link link;
	bool stp_state, vlan_filtering;
	uint16_t priority;
	uint32_t ageing_time, forward_delay;
};

/* How long a tick of this kernel is.  The coarse clocks advance with it. */
static uint64_t tick_nsec(void)
{
	struct timespec t = { 0 };

	clock_getres(CLOCK_MONOTONIC_COARSE, &t);
	return t.tv_sec || t.tv_nsec <= 0 ? NSEC_PER_SEC / USER_HZ : (uint64_t)t.tv_nsec;
}

/* What the kernel makes of a time: it counts in ticks (clock_t_to_jiffies and
 * jiffies_to_clock_t, kernel/time/time.c). */
static uint32_t in_ticks(uint32_t centiseconds, uint64_t tick)
{
	uint64_t hz = (NSEC_PER_SEC + tick / 2) / tick;

	return (uint32_t)(centiseconds * hz / USER_HZ * tick / (NSEC_PER_SEC / USER_HZ));
}

/* @a is wanted, @b is there. */
static bool time_equal(const void *a, const void *b)
{
	uint32_t want = *(const uint32_t *)a, have = *(const uint32_t *)b;

	return want == have || in_ticks(want, tick_nsec()) == have;
}

static const struct type type_centiseconds = {
	.name = "number",
	.size = sizeof(uint32_t),
	.parse = type_number_parse,
	.format = type_number_format,
	.equal = time_equal,
	.schema = type_number_schema,
};

static const struct field fields[] = {
	LINK_FIELDS,
	FIELD(bridge, stp_state, bool, .flags = INTERRUPTS, .nla = IFLA_BR_STP_STATE, .width = 4, .place = NLA_INFO_DATA,
	      .kernel_default = "false", .doc = "whether the spanning tree protocol runs (IFLA_BR_STP_STATE)"),
	FIELD(bridge, vlan_filtering, bool, .flags = INTERRUPTS, .nla = IFLA_BR_VLAN_FILTERING, .width = 1, .place = NLA_INFO_DATA,
	      .kernel_default = "false", .doc = "whether ports are told apart by VLAN (IFLA_BR_VLAN_FILTERING)"),
	FIELD(bridge, ageing_time, centiseconds, .nla = IFLA_BR_AGEING_TIME, .place = NLA_INFO_DATA, .max = 100000000,
	      .kernel_default = "30000",
	      .doc = "how long an address is remembered, in hundredths of a second as ip(8) has it; the kernel rounds it down "
		     "to its tick, 1/CONFIG_HZ s (IFLA_BR_AGEING_TIME)"),
	FIELD(bridge, forward_delay, centiseconds, .nla = IFLA_BR_FORWARD_DELAY, .place = NLA_INFO_DATA, .max = 3000,
	      .kernel_default = "1500", .doc = "listening and learning, in hundredths of a second, rounded down like ageing_time; with stp_state at least 200 "
		     "(IFLA_BR_FORWARD_DELAY)"),
	FIELD(bridge, priority, u16, .nla = IFLA_BR_PRIORITY, .place = NLA_INFO_DATA, .kernel_default = "32768",
	      .doc = "in the election of the root, the lower the better (IFLA_BR_PRIORITY)"),
};

/* What the kernel takes only while STP is off says that it is to be off. */
static int bridge_check(struct object *o, struct err *e)
{
	struct bridge *b = (struct bridge *)o;
	size_t stp = (size_t)kind_field(o->kind, "stp_state"), delay = (size_t)kind_field(o->kind, "forward_delay");

	if (object_has(o, delay) && b->forward_delay < FORWARD_DELAY_MIN && !object_has(o, stp))
		OBJECT_SET(o, bridge, stp_state);
	return link_check(o, e);
}

static void bridge_check_in(const struct model *m, const struct object *o, struct problems *p)
{
	const struct bridge *b = (const struct bridge *)o;

	link_check_in(m, o, p);
	/* The kernel would take it, and then raise it by itself (br_stp_start, net/bridge/br_stp_if.c). */
	if (b->stp_state && object_says(o, "forward_delay") && b->forward_delay < FORWARD_DELAY_MIN)
		object_problem(p, EINVAL, o, "forward_delay", "with stp_state the kernel takes at least %d, two seconds", FORWARD_DELAY_MIN);
}

const struct kind kind_bridge = {
	.name = "bridge",
	.class = "link",
	.label = "link",
	.doc = "a switch; its ports name it as their master",
	.section = "interfaces",
	.form = FORM_MAP,
	.ports = true,
	.size = sizeof(struct bridge),
	.fields = fields,
	.n_fields = ARRAY_SIZE(fields),
	.check = bridge_check,
	.complete = link_complete,
	.check_in = bridge_check_in,
	.encode = link_encode,
	.takes = link_takes,
	.note_mark = link_note_mark,
	.say_damage = link_say_damage,
	.mark = link_mark,
	.apply = link_apply,
};
