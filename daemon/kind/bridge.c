/* SPDX-License-Identifier: MIT */
/* bridge.c - a bridge; its ports name it as their master. */
#include "link.h"
#include "vlan_protocol.h"
#include <linux/if.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <time.h>

enum {
	USER_HZ = 100, /* times on the wire are in hundredths of a second */
	NSEC_PER_SEC = 1000000000,
	FORWARD_DELAY_MIN = 200, /* while STP runs: BR_MIN_FORWARD_DELAY, net/bridge/br_private_stp.h */
};

extern const struct kind kind_bridge;

struct bridge {
	struct link link;
	bool stp_state, vlan_filtering, mcast_snooping, mcast_querier, mcast_query_use_ifaddr, nf_call_iptables,
		nf_call_ip6tables, nf_call_arptables, topology_change;
	uint8_t vlan_protocol, mcast_router, mcast_igmp_version, mcast_mld_version;
	uint16_t vlan_default_pvid, priority, group_fwd_mask, root_port;
	uint32_t ageing_time, forward_delay, hello_time, max_age, mcast_hash_max, mcast_last_member_count,
		mcast_startup_query_count, fdb_max_learned;
};

/* The length of a tick of this kernel.  The coarse clocks advance by it. */
static uint64_t tick_nsec(void)
{
	struct timespec t = { 0 };

	clock_getres(CLOCK_MONOTONIC_COARSE, &t);
	return t.tv_sec || t.tv_nsec <= 0 ? NSEC_PER_SEC / USER_HZ : (uint64_t)t.tv_nsec;
}

/* Converts a time as the kernel does: it counts in ticks (clock_t_to_jiffies and jiffies_to_clock_t,
 * kernel/time/time.c). */
static uint32_t in_ticks(uint32_t centiseconds, uint64_t tick)
{
	uint64_t hz = (NSEC_PER_SEC + tick / 2) / tick;

	return (uint32_t)(centiseconds * hz / USER_HZ * tick / (NSEC_PER_SEC / USER_HZ));
}

/* @a is desired, @b observed. */
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

#define BRIDGE_FLAG(m, attribute)                                                               \
	FIELD(bridge, m, bool, .flags = HIDDEN | SHOWN | USUAL, .nla = (attribute), .width = 1, \
	      .place = NLA_INFO_DATA, .kernel_default = "false", .doc = "")
#define BRIDGE_NUMBER(m, t, attribute, usual)                                                            \
	FIELD(bridge, m, t, .flags = HIDDEN | SHOWN | USUAL, .nla = (attribute), .place = NLA_INFO_DATA, \
	      .kernel_default = (usual), .doc = "")

static const struct word protocols[] = VLAN_PROTOCOL_WORDS;

enum { BR_FDB_MAX_LEARNED_ATTRIBUTE = 49 }; /* Linux 6.7, include/uapi/linux/if_link.h */

// clang-format off: keeps its rows
static const struct field fields[] = {
	LINK_FIELDS("1500"),
	FIELD(bridge, stp_state, bool, .flags = INTERRUPTS | USUAL, .nla = IFLA_BR_STP_STATE, .width = 4, .place = NLA_INFO_DATA,
	      .kernel_default = "false", .doc = "whether the spanning tree protocol runs (IFLA_BR_STP_STATE)"),
	FIELD(bridge, vlan_filtering, bool, .flags = INTERRUPTS | USUAL, .nla = IFLA_BR_VLAN_FILTERING, .width = 1, .place = NLA_INFO_DATA,
	      .kernel_default = "false", .doc = "whether the bridge filters by VLAN (IFLA_BR_VLAN_FILTERING)"),
	FIELD(bridge, vlan_default_pvid, u16, .flags = INTERRUPTS | USUAL, .max = 4094, .nla = IFLA_BR_VLAN_DEFAULT_PVID, .place = NLA_INFO_DATA,
	      .kernel_default = "1", .doc = "the VLAN of ports whose \"vlans\" no file lists, without tags; 0: they have none (IFLA_BR_VLAN_DEFAULT_PVID)"),
	FIELD(bridge, vlan_protocol, word, .words = protocols, .flags = INTERRUPTS | USUAL, .place = NLA_INFO_DATA, .kernel_default = "\"802.1Q\"",
	      .doc = "the kind of tags: 802.1ad is that of a provider (IFLA_BR_VLAN_PROTOCOL)"),
	FIELD(bridge, ageing_time, centiseconds, .flags = USUAL, .nla = IFLA_BR_AGEING_TIME, .place = NLA_INFO_DATA, .max = 100000000,
	      .kernel_default = "30000",
	      .doc = "how long an address is remembered, in hundredths of a second as in ip(8); the kernel rounds "
		     "it down to its tick, 1/CONFIG_HZ s (IFLA_BR_AGEING_TIME)"),
	FIELD(bridge, forward_delay, centiseconds, .flags = USUAL, .nla = IFLA_BR_FORWARD_DELAY, .place = NLA_INFO_DATA, .max = 3000,
	      .kernel_default = "1500", .doc = "listening and learning, in hundredths of a second, rounded down like ageing_time; with stp_state at least 200 "
		     "(IFLA_BR_FORWARD_DELAY)"),
	FIELD(bridge, priority, u16, .flags = USUAL, .nla = IFLA_BR_PRIORITY, .place = NLA_INFO_DATA, .kernel_default = "32768",
	      .doc = "in the election of the root, the lower the better (IFLA_BR_PRIORITY)"),
	FIELD(bridge, mcast_snooping, bool, .flags = USUAL, .nla = IFLA_BR_MCAST_SNOOPING, .width = 1, .place = NLA_INFO_DATA,
	      .kernel_default = "true",
	      .doc = "whether multicast is sent only to ports that requested it (IFLA_BR_MCAST_SNOOPING)"),
	FIELD(bridge, mcast_querier, bool, .flags = USUAL, .nla = IFLA_BR_MCAST_QUERIER, .width = 1, .place = NLA_INFO_DATA,
	      .kernel_default = "false", .doc = "whether the bridge queries for multicast receivers, as a router "
						"would (IFLA_BR_MCAST_QUERIER)"),
	BRIDGE_FLAG(mcast_query_use_ifaddr, IFLA_BR_MCAST_QUERY_USE_IFADDR),
	BRIDGE_NUMBER(mcast_router, u8, IFLA_BR_MCAST_ROUTER, "1"),
	BRIDGE_NUMBER(mcast_igmp_version, u8, IFLA_BR_MCAST_IGMP_VERSION, "2"),
	BRIDGE_NUMBER(mcast_mld_version, u8, IFLA_BR_MCAST_MLD_VERSION, "1"),
	BRIDGE_NUMBER(mcast_hash_max, u32, IFLA_BR_MCAST_HASH_MAX, "4096"),
	BRIDGE_NUMBER(mcast_last_member_count, u32, IFLA_BR_MCAST_LAST_MEMBER_CNT, "2"),
	BRIDGE_NUMBER(mcast_startup_query_count, u32, IFLA_BR_MCAST_STARTUP_QUERY_CNT, "2"),
	BRIDGE_FLAG(nf_call_iptables, IFLA_BR_NF_CALL_IPTABLES),
	BRIDGE_FLAG(nf_call_ip6tables, IFLA_BR_NF_CALL_IP6TABLES),
	BRIDGE_FLAG(nf_call_arptables, IFLA_BR_NF_CALL_ARPTABLES),
	BRIDGE_NUMBER(group_fwd_mask, u16, IFLA_BR_GROUP_FWD_MASK, "0"),
	BRIDGE_NUMBER(fdb_max_learned, u32, BR_FDB_MAX_LEARNED_ATTRIBUTE, "0"),
	BRIDGE_NUMBER(hello_time, centiseconds, IFLA_BR_HELLO_TIME, "200"),
	BRIDGE_NUMBER(max_age, centiseconds, IFLA_BR_MAX_AGE, "2000"),
	FIELD(bridge, topology_change, bool, .flags = HIDDEN | WRITTEN, .nla = IFLA_BR_TOPOLOGY_CHANGE, .width = 1,
	      .place = NLA_INFO_DATA, .kernel_default = "false", .doc = "IFLA_BR_TOPOLOGY_CHANGE"),
	FIELD(bridge, root_port, u16, .flags = HIDDEN | WRITTEN, .nla = IFLA_BR_ROOT_PORT, .place = NLA_INFO_DATA, .kernel_default = "0",
	      .doc = "0 on the bridge that is the root (IFLA_BR_ROOT_PORT)"),
};
// clang-format on

/* While STP runs the timers are those of the root, and addresses age faster after a topology change
 * (br_record_config_timeout_values, net/bridge/br_stp.c; __br_set_topology_change, net/bridge/br_stp.c): the
 * bridge's own values are not reported, and are assumed to be as declared. */
static void bridge_resolve(_unused_ struct model *observed, struct object *o, const struct object *wanted)
{
	const struct bridge *w = (const struct bridge *)wanted;
	struct bridge *b = (struct bridge *)o;

	if (!wanted || wanted->kind != o->kind || !b->stp_state)
		return;
	if (b->topology_change && object_has(wanted, (size_t)kind_field(o->kind, "ageing_time")))
		b->ageing_time = w->ageing_time;
	if (!b->root_port)
		return;
	if (object_has(wanted, (size_t)kind_field(o->kind, "forward_delay")))
		b->forward_delay = w->forward_delay;
	b->hello_time = w->hello_time;
	b->max_age = w->max_age;
}

/* What the kernel accepts only while STP is off implies that it is to be off. */
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

	/* The kernel would accept it, and then raise it by itself (br_stp_start, net/bridge/br_stp_if.c). */
	if (b->stp_state && object_says(o, "forward_delay") && b->forward_delay < FORWARD_DELAY_MIN)
		object_problem(p, EINVAL, o, "forward_delay",
			       "with stp_state the kernel requires at least %d, two seconds", FORWARD_DELAY_MIN);
}

/* A bridge of others counts as well, as far as is known. */
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

/* While a port's STP runs the kernel does not disable it. */
static void read_port(struct observer *obs, struct link *port, const struct ifinfomsg *i, struct nlattr *data)
{
	struct nlattr *a[64] = { 0 }, *state;

	if (nla_parse_nested(a, ARRAY_SIZE(a) - 1, data, NULL) < 0)
		return;
	link_read_rows(obs, &port->object, NLA_PORT, a, ARRAY_SIZE(a));
	state = a[IFLA_BRPORT_STATE];
	port->forwards = !state || !(i->ifi_flags & IFF_RUNNING) || nla_get_u8(state) != BR_STATE_DISABLED;
}

static bool forwards(const struct object *master)
{
	const struct bridge *b = (const struct bridge *)master;

	return b->link.up && !b->stp_state;
}

static int send_port(struct batch *b, struct op *op, uint64_t mask, bool has_state, struct err *e)
{
	struct ifinfomsg i = { .ifi_family = AF_BRIDGE, .ifi_index = (int)op->after->handle };
	uint8_t state = ((const struct link *)op->after)->forwards ? BR_STATE_FORWARDING : BR_STATE_DISABLED;
	struct nl_msg *m = msg_new(RTM_SETLINK, 0, &i, sizeof(i));
	struct nlattr *port = nla_nest_start(m, IFLA_PROTINFO | NLA_F_NESTED);

	if (has_state)
		msg_put(m, IFLA_BRPORT_STATE, &state, sizeof(state));
	link_put_rows(b, op->after, mask, NLA_PORT, m);
	nla_nest_end(m, port);
	return batch_send(b, op->after->netns, m, op, e);
}

/* A port forwards only after two delays, listening and learning. */
static unsigned carrier_seconds(const struct object *master)
{
	const struct bridge *b = (const struct bridge *)master;

	return b->stp_state ? 2 * b->forward_delay / USER_HZ : 0;
}

static bool has_vlans(const struct object *master)
{
	return ((const struct bridge *)master)->vlan_filtering;
}

/* By default it has the MTU of its smallest port. */
static bool bridge_export(struct model *observed, struct object *o, _unused_ struct unsaid *u)
{
	const struct object *netns = model_netns(observed, o->netns);
	struct bridge *b = (struct bridge *)o;
	uint32_t least = UINT32_MAX;

	for (const struct object *port = netns ? netns->first : NULL; port; port = port->next) {
		const struct link *l = object_is(port, "link") ? (const struct link *)port : NULL;

		if (l && l->master_index == o->handle && l->mtu < least)
			least = l->mtu;
	}
	if (b->link.mtu == least)
		o->set &= ~bit(LINK_MTU);
	/* They are not its own then (bridge_resolve). */
	if (b->stp_state && b->root_port)
		o->set &= ~(field_bit(o->kind, "forward_delay") | field_bit(o->kind, "hello_time") |
			    field_bit(o->kind, "max_age"));
	if (b->stp_state && b->topology_change)
		o->set &= ~field_bit(o->kind, "ageing_time");
	return true;
}

static uint16_t default_pvid(const struct object *master)
{
	return ((const struct bridge *)master)->vlan_default_pvid;
}

/* ---- the protocol ---- */

static int put_data(_unused_ struct batch *b, const struct object *o, _unused_ uint64_t mask, struct nl_msg *m,
		    _unused_ struct err *e)
{
	vlan_protocol_put(m, IFLA_BR_VLAN_PROTOCOL, ((const struct bridge *)o)->vlan_protocol);
	return 0;
}

static void read_data(_unused_ struct observer *obs, struct object *o, struct nlattr *const *data, size_t n)
{
	if (n > IFLA_BR_VLAN_PROTOCOL &&
	    vlan_protocol_read(data[IFLA_BR_VLAN_PROTOCOL], &((struct bridge *)o)->vlan_protocol))
		OBJECT_SET(o, bridge, vlan_protocol);
}

static const struct link_kind bridge = {
	.export = bridge_export,
	.resolve = bridge_resolve,
	.check = bridge_check,
	.check_in = bridge_check_in,
	/* It keeps an MTU, whatever its ports have, only if it is changed to it (br_change_mtu,
	 * net/bridge/br_device.c). */
	.mtu_after_birth = true,
	.refuses_master = refuses_master,
	.complete_port = complete_port,
	.read_port = read_port,
	.forwards = forwards,
	.has_fdb = true,
	.has_vlans = has_vlans,
	.default_pvid = default_pvid,
	.put_data = put_data,
	.read_data = read_data,
	.send_port = send_port,
	.carrier_seconds = carrier_seconds,
};

const struct kind kind_bridge = LINK_KIND(bridge, .name = "bridge", .link = &bridge, .ports = true,
					  .doc = "a bridge; its ports name it as their master");
