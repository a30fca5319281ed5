/* SPDX-License-Identifier: MIT */
/* bridge.c - a switch; its ports name it as their master. */
#include "link.h"
#include <linux/if.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <time.h>

enum {
	USER_HZ = 100,		/* times on the wire are in hundredths of a second */
	NSEC_PER_SEC = 1000000000,
	FORWARD_DELAY_MIN = 200,	/* while STP runs: BR_MIN_FORWARD_DELAY, net/bridge/br_private_stp.h */
};

extern const struct kind kind_bridge;

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

// clang-format off: keeps its rows
static const struct field fields[] = {
	LINK_FIELDS("1500"),
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
// clang-format on

/* What the kernel takes only while STP is off says that it is to be off. */
static int bridge_check(struct object *o, _unused_ struct err *e)
{
	struct bridge *b = (struct bridge *)o;
	size_t stp = (size_t)kind_field(o->kind, "stp_state"), delay = (size_t)kind_field(o->kind, "forward_delay");

	if (object_has(o, delay) && b->forward_delay < FORWARD_DELAY_MIN && !object_has(o, stp))
		OBJECT_SET(o, bridge, stp_state);
	return 0;
}

static void bridge_check_in(_unused_ const struct model *m, const struct object *o, struct problems *p)
{
	const struct bridge *b = (const struct bridge *)o;

	/* The kernel would take it, and then raise it by itself (br_stp_start, net/bridge/br_stp_if.c). */
	if (b->stp_state && object_says(o, "forward_delay") && b->forward_delay < FORWARD_DELAY_MIN)
		object_problem(p, EINVAL, o, "forward_delay", "with stp_state the kernel takes at least %d, two seconds", FORWARD_DELAY_MIN);
}

/* One that somebody else has is one, too, as far as is known. */
static const char *refuses_master(_unused_ const struct object *o, const struct object *master)
{
	return master->kind == &kind_bridge || master->managed ? "a bridge cannot be a port of a bridge" : NULL;
}

/* Without an MTU of its own it has that of its smallest port (br_mtu_auto_adjust, net/bridge/br_if.c). */
static void complete_port(struct object *master, const struct object *port)
{
	struct link *b = (struct link *)master;
	const struct link *l = (const struct link *)port;

	if (object_has(port, LINK_MTU) && (!b->usual_mtu || l->mtu < b->usual_mtu))
		b->usual_mtu = l->mtu;
}

/* While a port runs the kernel does not disable it. */
static void read_port(struct link *port, const struct ifinfomsg *i, struct nlattr *data)
{
	const struct nlattr *state = nla_find(nla_data(data), nla_len(data), IFLA_BRPORT_STATE);

	port->forwards = !state || !(i->ifi_flags & IFF_RUNNING) || nla_get_u8(state) != BR_STATE_DISABLED;
}

static bool forwards(const struct object *master)
{
	const struct bridge *b = (const struct bridge *)master;

	return b->link.up && !b->stp_state;
}

static int send_port(struct work *w, struct op *op, struct err *e)
{
	struct ifinfomsg i = { .ifi_family = AF_BRIDGE, .ifi_index = (int)op->after->handle };
	uint8_t state = ((const struct link *)op->after)->forwards ? BR_STATE_FORWARDING : BR_STATE_DISABLED;
	struct nl_msg *m = msg_new(RTM_SETLINK, 0, &i, sizeof(i));
	struct nlattr *port = nla_nest_start(m, IFLA_PROTINFO | NLA_F_NESTED);

	msg_put(m, IFLA_BRPORT_STATE, &state, sizeof(state));
	nla_nest_end(m, port);
	return work_send(w, op->after->netns, m, op, e);
}

/* A port forwards only after two delays, listening and learning. */
static unsigned carrier_seconds(const struct object *master)
{
	const struct bridge *b = (const struct bridge *)master;

	return b->stp_state ? 2 * b->forward_delay / USER_HZ : 0;
}

static const struct link_kind bridge = {
	.check = bridge_check,
	.check_in = bridge_check_in,
	/* It keeps an MTU, whatever its ports have, only if it is changed to that (br_change_mtu,
	 * net/bridge/br_device.c). */
	.mtu_after_birth = true,
	.refuses_master = refuses_master,
	.complete_port = complete_port,
	.read_port = read_port,
	.forwards = forwards,
	.send_port = send_port,
	.carrier_seconds = carrier_seconds,
};

const struct kind kind_bridge = LINK_KIND(bridge, .name = "bridge", .link = &bridge, .ports = true,
	.doc = "a switch; its ports name it as their master");
