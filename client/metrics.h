/* SPDX-License-Identifier: MIT */
/* metrics.h - the metrics that netnsctl metrics prints: one row each, from which netnsctl(1) has its table, too. */
#pragma once
#include "reply.h"

enum metric_type { METRIC_GAUGE, METRIC_COUNTER, METRIC_HISTOGRAM };

/* What a metric is of, and its labels; _INTERFACE and _QDISC also have that of the namespace. */
enum metric_of {
	METRIC_OF_NETNSD,    /* version */
	METRIC_OF_OPERATION, /* operation */
	METRIC_OF_TOPOLOGY,  /* topology */
	METRIC_OF_STATE,     /* topology, state: 1 for the one that it is in, 0 for each of the others */
	METRIC_OF_NETNS,     /* netns */
	METRIC_OF_INTERFACE, /* netns, device */
	METRIC_OF_QDISC,     /* netns, device, kind */
};

struct metric {
	const char *name; /* without "netnsd_" in front, and without the "_total" of a counter */
	enum metric_type type;
	enum metric_of of;
	const char *key; /* in the answer of Metrics; what ends in "_usec" is printed in seconds */
	const char *help;
};
extern const struct metric metrics[];
extern const size_t n_metrics;
/* "netns, device" */
extern const char *const metric_labels[];

/* Formats: OpenMetrics 1.0, and what Prometheus itself calls its text format, 0.0.4, in which a counter is declared under
 * its name with "_total". */
enum metric_format { METRICS_OPENMETRICS, METRICS_PROMETHEUS };

/* Prints the answer of Metrics to @out. */
void metrics_print(struct json_object *answer, enum metric_format format, FILE *out);
