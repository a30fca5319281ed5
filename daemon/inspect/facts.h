/* SPDX-License-Identifier: MIT */
/* facts.h - what doctor, explain and graph are answered from: everything that the kernel says about the namespaces of
 * this machine, and what topologies declare, read once and in slices.  Plain structs: a test makes them by hand, and what
 * is judged from them is a pure function. */
#pragma once
#include "kernel/survey.h"

enum {
	FACTS_FOREIGN_MAX = 1024, /* namespaces that no topology declares */
	FACTS_NAMELESS_MAX = 64,
	FACTS_STRANGE_MAX = 1024, /* namespaces without a name, of whomever, that are looked at */
	FACTS_PROCESSES_MAX = 1 << 16,
};

/* What a topology says of one namespace. */
struct declared_netns {
	const char *name;
	bool existing; /* somebody else's; also the host */
	bool forwards4, forwards6, masquerades;
	struct port_forward *port_forwards; /* nat.dnat */
	size_t n_port_forwards;
	const char *nat, *filter; /* as kind/nft.h has them; NULL: none */
};

struct port_forward {
	struct inet to;
};

struct declared_link {
	const char *netns, *name;
	const char *peer; /* "NS/IF"; NULL: none */
	bool down;        /* by its file */
	bool created;     /* by netnsd, not by others */
	int topology;     /* an index */
};

/* An object that is not as declared (engine/drifted.h). */
struct drift_fact {
	const char *kind, *object;     /* "address", "ns1/veth-ns", as in a plan */
	const char *expected, *actual; /* NULL: it is not declared, it is missing */
	const char *by;
	bool open; /* it is so now; else it is contested */
	bool contested;
};

struct topology_fact {
	const char *name;
	bool up, failed, waiting;
	const char *problem; /* in words; NULL: none */
	const char *kernel;  /* its own words about it; NULL: none */
	int problem_code;    /* negative errno */
	struct declared_netns *netns;
	struct declared_link *links;
	struct drift_fact *drifts;
	size_t n_netns, n_links, n_drifts, room_netns, room_links, room_drifts;
};

enum place {
	PLACE_HOST,
	PLACE_OURS,
	PLACE_EXISTING, /* a topology declares something in it */
	PLACE_FOREIGN,  /* nobody but root is told what is in it */
};

struct netns_fact {
	const char *name; /* "host" is the daemon's own */
	enum place place;
	int topology; /* the one that made it, as an index; -1: none of them */
	bool there;   /* else what follows is empty */
	bool stale;   /* its name is a file that is no namespace */
	struct survey s;
	/* For each of s.links: the topology that declares it, as an index, -1: none; and what it says of it, NULL:
	 * nothing.  Without the first, all are of the namespace's. */
	int *owners;
	const struct declared_link **declared;
	int fd; /* while facts are gathered */
	uint64_t inode;

	/* Set by facts_connect: what topologies say about it, and whether others of its topology have an address of
	 * it as their gateway. */
	const struct declared_netns **words;
	size_t n_words, room_words;
	bool gateway4, gateway6; /* for routes of that family */
};

/* A process in a namespace that netnsd made, and that has no name any more. */
struct nameless_fact {
	uint64_t inode;
	int pid; /* one of those in it */
	char command[32];
	const char *topology; /* by the mark of its loopback; NULL: unknown */
	bool missing;         /* that topology still declares it: netnsd can restore its name */
};

/* A DHCP client in a namespace, and the interface there whose other end leaves checksums to the hardware. */
struct dhcp_fact {
	size_t netns, link; /* indices */
	int pid;
	char command[32];
};

/* A program that manages an interface of a topology. */
struct manager_fact {
	const char *program, *link; /* "NetworkManager", "veth-host" */
};

/* A limit of the machine, and how much of it is in use. */
struct limit_fact {
	const char *name, *key; /* "neighbours of IPv4", "net.ipv4.neigh.default.gc_thresh3" */
	uint64_t used, max;     /* max 0: unknown */
	const char *command;    /* raises it; if key is NULL */
};

struct facts {
	struct arena arena;
	uint64_t began_usec; /* CLOCK_MONOTONIC */
	enum survey_depth
		depth; /* SURVEY_COUNTERS: only of namespaces that topologies declare, and not of the machine */

	struct topology_fact *topologies;
	struct netns_fact *netns; /* the host first, then in order of name */
	struct nameless_fact *nameless;
	struct dhcp_fact *dhcp;
	struct manager_fact *managers;
	struct limit_fact *limits;
	const char **udev_links; /* interfaces of the host that udev has a link file for */
	const char **unread;     /* sentences: what could not be read, or only in part */
	size_t n_topologies, n_netns, n_nameless, n_dhcp, n_managers, n_limits, n_udev_links, n_unread;
	size_t room_topologies, room_netns, room_nameless, room_dhcp, room_managers, room_limits, room_udev_links,
		room_unread;
	bool userns_blocked; /* by AppArmor */

	/* Set by facts_connect. */
	struct located *located; /* every address, in order of segment and address */
	size_t n_located;
	struct segment_fact *segments; /* by link_fact.segment */
};

/* An address, and where it is. */
struct located {
	uint32_t segment;
	const struct netns_fact *n;
	const struct link_fact *l;
	const struct address_fact *a;
};

/* The links that reach each other. */
struct segment_fact {
	bool open;      /* it leads out of what is among the facts */
	bool unsettled; /* a link of it is down, or not as declared */
};

void facts_free(struct facts *f);

/* ---- pure helpers for all that judge ---- */

const struct netns_fact *facts_netns(const struct facts *f, const char *name);
/* The topology that declares the link; NULL: none. */
const struct topology_fact *facts_owner(const struct facts *f, const struct netns_fact *n, const struct link_fact *l);
/* The other end of a pair, and its namespace; NULL: it is not among the facts. */
const struct link_fact *facts_peer(const struct facts *f, const struct link_fact *l, const struct netns_fact **ret);
/* Finds what belongs together: segments, gateways, what topologies say about a namespace.  The last step of gathering;
 * in facts that a test makes, peers are set already. */
void facts_connect(struct facts *f);
/* All addresses in a segment. */
const struct located *facts_segment(const struct facts *f, uint32_t segment, size_t *ret_n);
/* The addresses that are the same as @address in a segment. */
const struct located *facts_located(const struct facts *f, uint32_t segment, const struct inet *address, size_t *ret_n);
