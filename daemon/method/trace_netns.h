/* SPDX-License-Identifier: MIT */
/* trace_netns.h - a trace in one namespace: which packet is where, in words, and what the kernel counts meanwhile. */
#pragma once
#include "inspect/explain.h"
#include "kind/nft_trace.h"

enum {
	TRACE_PACKETS = 64, /* that are on their way in one namespace at once; older ones are given up */
	TRACE_COUNTERS = 17,
};

/* A packet that was seen. */
struct traced_packet {
	uint32_t id;
	unsigned number; /* for people; 0: there is none here */
	bool back;
	const char *hook; /* where it was last, the name of an array below */
	bool passed;      /* to the end of that hook */
	bool done;        /* it has left, arrived, or was dropped */
	struct nft_packet header;
};

struct traced_link {
	uint32_t index;
	char name[16];
};

struct traced_netns {
	char *name;
	int fd;
	struct nft_trace *trace; /* NULL: it has ended */
	struct traced_link *links;
	size_t n_links;
	struct nft_packet packets[NFT_TRACED_MAX]; /* of the flow */
	bool back[NFT_TRACED_MAX];
	size_t n_packets;
	struct traced_packet seen[TRACE_PACKETS];
	size_t next;                       /* the oldest */
	unsigned numbers[2];               /* of packets so far, and of answers */
	uint64_t counters[TRACE_COUNTERS]; /* at the beginning */
	size_t arrived[2];                 /* packets, answers */
};

/* A step in words. */
struct traced_step {
	bool back, dropped;
	unsigned packet;
	const char *object, *message, *command; /* command: NULL: none */
};

/* Copies what is needed of the facts, and opens the namespace by its name.  -ESTALE: it is gone, or another one. */
int traced_open(struct traced_netns *n, const struct explanation *x, const struct netns_fact *fact, const char *dir,
		struct err *e);
/* Begins in it. */
int traced_begin(struct traced_netns *n, struct err *e);
/* What an event says; false: nothing for people.  The texts are in @a. */
bool traced_event(struct traced_netns *n, const struct nft_trace_event *event, struct arena *a,
		  struct traced_step *ret);
/* Of a packet that got no further than some hook, one with each call; false: there is none (any more). */
bool traced_lost(struct traced_netns *n, struct arena *a, struct traced_step *ret);
/* What they have counted since traced_begin. */
void traced_counters(const struct traced_netns *n, uint64_t ret[TRACE_COUNTERS]);
/* "IpInDiscards" */
const char *traced_counter_name(size_t i, struct arena *a);
void traced_done(struct traced_netns *n);
