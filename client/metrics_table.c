/* SPDX-License-Identifier: MIT */
/* metrics_table.c - the names of metrics: those of node_exporter(1), with netnsd_ instead of node_, and with the namespace. */
#include "metrics.h"

const char *const metric_labels[] = {
	[METRIC_OF_NETNSD] = "version",
	[METRIC_OF_OPERATION] = "operation",
	[METRIC_OF_TOPOLOGY] = "topology",
	[METRIC_OF_STATE] = "topology, state",
	[METRIC_OF_NETNS] = "netns",
	[METRIC_OF_INTERFACE] = "netns, device",
	[METRIC_OF_QDISC] = "netns, device, kind",
};

// clang-format off: keeps its rows
#define LINK(n, t, k, h) { n, METRIC_##t, METRIC_OF_INTERFACE, k, h }
#define QDISC(n, t, k, h) { n, METRIC_##t, METRIC_OF_QDISC, k, h }
#define TOPOLOGY(n, t, k, h) { n, METRIC_##t, METRIC_OF_TOPOLOGY, k, h }
const struct metric metrics[] = {
	{ "build_info", METRIC_GAUGE, METRIC_OF_NETNSD, NULL, "1, with the version of netnsd" },
	{ "reconcile_duration_seconds", METRIC_HISTOGRAM, METRIC_OF_OPERATION, NULL,
	  "How long changes took that were made, looks that led to a repair (heal), and looks that found nothing to do (check)" },
	{ "topology_state", METRIC_GAUGE, METRIC_OF_STATE, "state",
	  "1 for the state that the topology is in (up, down, failed or waiting), 0 for the others" },
	TOPOLOGY("topology_state_start_time_seconds", GAUGE, "since_usec", "When it entered this state, since 1970"),
	TOPOLOGY("topology_apply_time_seconds", GAUGE, "applied_usec",
		 "When it was last applied, brought up, adopted or rolled back, since 1970; absent if that is not known"),
	TOPOLOGY("topology_namespaces", GAUGE, "namespaces", "Namespaces of the topology"),
	TOPOLOGY("topology_links", GAUGE, "links", "Links of the topology; a veth pair is one"),
	TOPOLOGY("topology_drifted_objects", GAUGE, "drifted", "Objects that are not as declared now"),
	TOPOLOGY("topology_contested_objects", GAUGE, "contested", "Objects that are changed again and again, so that their repair is delayed"),
	TOPOLOGY("topology_heals", COUNTER, "healed", "Repairs since the topology was first applied"),
	{ "nf_conntrack_entries", METRIC_GAUGE, METRIC_OF_NETNS, "conntrack_entries", "Connections that are tracked" },
	{ "nf_conntrack_entries_limit", METRIC_GAUGE, METRIC_OF_NETNS, "conntrack_limit", "How many may be tracked (net.netfilter.nf_conntrack_max)" },
	LINK("network_up", GAUGE, "carrier", "1 if the interface is up, and has a carrier"),
	LINK("network_admin_up", GAUGE, "up", "1 if the interface is set up"),
	LINK("network_carrier", GAUGE, "carrier", "1 if the interface has a carrier"),
	LINK("network_carrier_changes", COUNTER, "carrier_changes", "How often the carrier came or went"),
	LINK("network_mtu_bytes", GAUGE, "mtu", "The largest packet"),
	LINK("network_receive_bytes", COUNTER, "receive_bytes", "Bytes received"),
	LINK("network_receive_packets", COUNTER, "receive_packets", "Packets received"),
	LINK("network_receive_errs", COUNTER, "receive_errs", "Packets received with errors"),
	LINK("network_receive_drop", COUNTER, "receive_drop", "Packets received and dropped, or missed for want of buffers"),
	LINK("network_receive_fifo", COUNTER, "receive_fifo", "Overruns on receiving"),
	LINK("network_receive_frame", COUNTER, "receive_frame", "Errors of length, overflow, checksum and alignment on receiving"),
	LINK("network_receive_multicast", COUNTER, "receive_multicast", "Multicast packets received"),
	LINK("network_transmit_bytes", COUNTER, "transmit_bytes", "Bytes sent"),
	LINK("network_transmit_packets", COUNTER, "transmit_packets", "Packets sent"),
	LINK("network_transmit_errs", COUNTER, "transmit_errs", "Errors on sending"),
	LINK("network_transmit_drop", COUNTER, "transmit_drop", "Packets dropped by the interface on sending; those that a qdisc drops are not among them"),
	LINK("network_transmit_fifo", COUNTER, "transmit_fifo", "Underruns on sending"),
	LINK("network_transmit_colls", COUNTER, "transmit_colls", "Collisions"),
	LINK("network_transmit_carrier", COUNTER, "transmit_carrier", "Errors of the carrier on sending"),
	QDISC("qdisc_bytes", COUNTER, "bytes", "Bytes that the queueing disciplines of this kind have sent"),
	QDISC("qdisc_packets", COUNTER, "packets", "Packets that they have sent"),
	QDISC("qdisc_drops", COUNTER, "drops", "Packets that they have dropped"),
	QDISC("qdisc_overlimits", COUNTER, "overlimits", "How often they had to hold packets back"),
	QDISC("qdisc_requeues", COUNTER, "requeues", "Packets that they had to take back"),
	QDISC("qdisc_backlog", GAUGE, "backlog", "Bytes that wait in them"),
	QDISC("qdisc_current_queue_length", GAUGE, "queue_length", "Packets that wait in them"),
};
// clang-format on
const size_t n_metrics = ARRAY_SIZE(metrics);
