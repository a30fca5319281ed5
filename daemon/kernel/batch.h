/* SPDX-License-Identifier: MIT */
/* batch.h - what a kind is given to execute steps: batches for each namespace, and the
 * names and numbers of existing links. */
#pragma once
#include "model/kind.h"
#include "model/model.h"
#include "netns.h"
#include "model/plan.h"
#include "rtnl.h"

/* Where others may create links, too, we avoid the kernel's own numbers, which count up
 * from 1; in a fresh namespace nobody does. */
enum { INDEX_MIN = 1 << 20, INDEX_MAX = 1 << 30 };

struct batch {
	const struct plan *plan;
	struct netns_set *set;
	const char *topology;            /* its name, for the marks */
	const char *macs;                /* the name that MAC addresses are derived from */
	const char *machine;             /* what distinguishes this machine from others, for MAC addresses */
	uint32_t next_fresh, next_index; /* the next ifindex to use in fresh namespaces, and elsewhere */
	struct rtnl_batch queued;
	const struct netns *at; /* the namespace of the queued messages */
	struct rtnl *nl;
	int conf; /* net/ipv6/conf of the namespace conf_at; -1: not open */
	const struct netns *conf_at;
	struct model noted;   /* values that kinds read before they wrote others, for a rollback */
	const char *peerless; /* a namespace in which no IPv6 address of the file has a peer, as was found */
	size_t sent;          /* batches so far */
	struct op *refused;   /* after an error: the step, if known */
	/* What a kind is in the middle of, and how that is freed; NULL: nothing. */
	void *unfinished;
	void (*unfinished_free)(void *unfinished);
};

/* @plan, @set and the texts must outlive the batch. */
void batch_init(struct batch *b, const struct plan *plan, struct netns_set *set, const char *topology,
		const char *machine);
void batch_done(struct batch *b);

struct netns *batch_netns(const struct batch *b, const char *netns);
/* Appends @m, which is freed, to the batch of @netns; messages for another namespace are sent first. */
int batch_send(struct batch *b, const char *netns, struct nl_msg *m, struct op *op, struct err *e);
/* Sends the batch if what follows relies on it, unless the namespace is fresh, where a
 * failed create cannot make a later message hit an object of others. */
int batch_barrier(struct batch *b, const char *netns, struct err *e);
/* Writes a key of an interface, "accept_ra", below net/ipv6/conf; without IPv6, also
 * below an MTU of 1280, there is none, and that is no error. */
int batch_conf(struct batch *b, const char *netns, const char *ifname, const char *key, const char *value,
	       struct err *e);
/* Sends what is queued. */
int batch_flush(struct batch *b, struct err *e);

/* Keeps @unfinished for the next slice of a step (kind.apply); NULL: the step is finished, and what was kept is freed. */
void batch_keep(struct batch *b, void *unfinished, void (*unfinished_free)(void *unfinished));

/* Chooses a number for a link that is about to be created in @netns. */
uint32_t batch_new_index(struct batch *b, const char *netns);
/* The number of a link, "NS/IF", after the steps so far; 0: unknown. */
uint32_t batch_ifindex(const struct batch *b, const char *link);
