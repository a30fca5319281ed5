/* SPDX-License-Identifier: MIT */
/* nft_trace.h - follows the packets of one flow through netfilter in one namespace.  A table of its own marks them and is at
 * the end of every hook; the kernel then tells which chains and rules they meet (NFT_MSG_TRACE).  The table belongs to a
 * socket (NFT_TABLE_F_OWNER, Linux 5.12): it goes with it, however this process ends, and nobody else can change it. */
#pragma once
#include "model/type.h"

enum {
	NFT_TRACED_MAX = 16, /* packets that are different, of one flow: with NAT, there and back */
	NFT_TRACE_RATE = 20, /* are marked in a second, of each of these and at each of two hooks */
	NFT_TRACE_BURST = 20,
};

/* A packet.  proto 0: of any protocol; ports 0: any. */
struct nft_packet {
	struct inet from, to;
	uint8_t proto;
	uint16_t sport, dport;
};

enum nft_trace_what {
	NFT_TRACE_SEEN,   /* it was marked: it has come in by a link, or is sent from here */
	NFT_TRACE_PASSED, /* it got to the end of a hook */
	NFT_TRACE_RULE,   /* a rule decided */
	NFT_TRACE_POLICY, /* the policy of a chain decided */
};

/* What happened to a packet.  Texts are fit to be shown, and valid during the call. */
struct nft_trace_event {
	enum nft_trace_what what;
	uint32_t packet;  /* a number of it in its namespace */
	const char *hook; /* "forward"; of rules and policies: NULL */
	const char *family, *table, *chain;
	uint64_t handle;    /* of the rule */
	uint32_t verdict;   /* NF_DROP, NF_ACCEPT, (uint32_t)NFT_JUMP, … */
	const char *target; /* of a jump; NULL: it is none */
	uint32_t in, out;   /* numbers of links; 0: none */
	bool has_header;
	struct nft_packet header; /* as it is by now */
};

struct nft_trace;

/* Begins in the namespace behind @fd with those packets, of one family of addresses.  -EEXIST: somebody traces there
 * already. */
int nft_trace_begin(struct nft_trace **ret, int fd, const struct nft_packet *v, size_t n, struct err *e);
void nft_trace_end(struct nft_trace *t);
/* Readable when there are events. */
int nft_trace_fd(const struct nft_trace *t);
/* Calls @each for what has arrived, a part of it if it is much: 1: there may be more.  0: there is no more for now.
 * -ENOBUFS: events were lost. */
int nft_trace_read(struct nft_trace *t, void (*each)(const struct nft_trace_event *event, void *arg), void *arg);
