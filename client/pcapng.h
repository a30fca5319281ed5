/* SPDX-License-Identifier: MIT */
/* pcapng.h - writes capture files of several interfaces in the format pcapng (draft-ietf-opsawg-pcapng), which libpcap
 * reads but does not write.  Blocks gather in a buffer, and go to the file many at a time. */
#pragma once
#include "base.h"

enum {
	/* The most bytes of a packet that libpcap's own readers take (MAXIMUM_SNAPLEN). */
	PCAPNG_PACKET_MAX = 262144,
	/* Of a text in an option; what is longer is cut off. */
	PCAPNG_TEXT_MAX = 32768,
};

struct pcapng {
	int fd; /* not owned */
	uint8_t *buffer;
	size_t n, room;
	uint32_t n_interfaces;
	int error; /* negative errno, once a write has failed; nothing is written from then on */
};

struct pcapng_interface {
	const char *name;
	const char *filter; /* in the language of pcap-filter(7); NULL: none */
	uint16_t link_type; /* LINKTYPE_*: pcapng_link_type */
	uint32_t snaplen;   /* bytes of a packet that are captured at most */
};

struct pcapng_packet {
	uint32_t interface; /* as pcapng_interface returned it */
	uint64_t nsec;      /* since 1970 */
	uint32_t captured;  /* bytes of data, at most PCAPNG_PACKET_MAX */
	uint32_t length;    /* bytes of the packet on the wire */
	const uint8_t *data;
};

/* Of one interface; times in nanoseconds since 1970, the rest counts packets. */
struct pcapng_statistics {
	uint64_t start_nsec, end_nsec;
	uint64_t accepted;  /* passed the filter */
	uint64_t dropped;   /* of them: not captured for lack of room */
	uint64_t delivered; /* of them: written */
};

/* Begins a file at @fd with a section header; @application is the program that captures. */
void pcapng_begin(struct pcapng *w, int fd, const char *application);
/* Adds an interface; returns its number, counted from 0.  Has to come before its packets. */
uint32_t pcapng_interface(struct pcapng *w, const struct pcapng_interface *i);
void pcapng_packet(struct pcapng *w, const struct pcapng_packet *p);
void pcapng_statistics(struct pcapng *w, uint32_t interface, const struct pcapng_statistics *s);
/* Writes what is in the buffer; 0 or the error, also that of an earlier write.  A regular file then ends with a whole
 * block in any case. */
int pcapng_flush(struct pcapng *w);
void pcapng_done(struct pcapng *w);

/* The LINKTYPE_* of files for a DLT_* of libpcap, which a few systems number differently
 * (https://www.tcpdump.org/linktypes.html). */
uint16_t pcapng_link_type(int dlt);
