/* SPDX-License-Identifier: MIT */
/* source.h - interfaces of several namespaces that packets are captured on, by libpcap. */
#pragma once
#include "place.h"

enum {
	SOURCES_MAX = 256,        /* each has a ring buffer of at least 2 MiB */
	SOURCES_EACH = 4096,      /* packets that source_read takes at a time */
	SOURCES_BLOCK_MSEC = 100, /* after that the kernel hands over packets, however few */
};

struct pcap;

struct source {
	struct place *place;
	const char *ifname;
	char *name;        /* "NS/IF" */
	struct pcap *pcap; /* NULL: it has ended */
	int fd;            /* to wait for; -1: it has ended */
	bool listed;       /* all interfaces of the namespace were asked for */
	uint16_t link_type;
	uint32_t snaplen;
	uint64_t dropped;      /* packets that passed the filter and were lost for lack of room: source_count */
	uint32_t dropped_seen; /* as libpcap counts them */
};

struct sources {
	struct place *places;
	size_t n_places;
	struct source *v;
	size_t n_v, room_v;
	char *down; /* "r1/lo, r1/eth1": left out because they are down; NULL: none */
};

/* Begins to capture on what @operands name: NS/IF, or NS (or NS/ and a star) for all interfaces of NS that are up. They must
 * outlive @ret, which may be passed to sources_done in any case.  Needs the right to enter namespaces. */
int sources_open(struct sources *ret, char *const *operands, size_t n, unsigned snaplen, struct err *e);
/* Lets only packets pass that match the filter; "": all. */
int sources_filter(struct sources *s, const char *filter, struct err *e);
void sources_done(struct sources *s);

typedef void source_packet(void *arg, struct source *s, uint64_t nsec, uint32_t captured, uint32_t length,
			   const uint8_t *data);
/* Calls @packet for each packet that is there, at most SOURCES_EACH; returns how many.  -ENODEV: the interface is gone,
 * and all its packets were taken. */
int source_read(struct source *s, source_packet *packet, void *arg, struct err *e);
/* Whether source_read has to be called now and then even if there is nothing to read: libpcap knows no better. */
bool source_is_down(const struct source *s);
/* Counts up to now.  libpcap and the kernel count with 32 bits, so it has to be called before as many are lost. */
void source_count(struct source *s);
void source_end(struct source *s);
