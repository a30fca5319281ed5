/* SPDX-License-Identifier: MIT */
/* sandbox.h - runs a command in namespaces of its own, in which it is root over nothing but an empty network, and then
 * asks a program what network it has built.  netnsctl record is what it is for. */
#pragma once
#include "base/err.h"

struct stand_in;

struct sandbox {
	char *const *argv; /* the command, ended by NULL */
	/* The program that is then run with --export inside; what it prints is the result. */
	int exporter;
	const struct stand_in *stand_ins; /* interfaces that are there when the command starts */
	size_t n_stand_ins;
	unsigned seconds; /* after which everything ends */
};

/* How much each directory that the command may write to holds: options of a tmpfs, after its mode. */
#define SANDBOX_ROOM ",size=64m,nr_inodes=65536"

/* Has sudo and doas; first in PATH. */
#define SANDBOX_SHIMS "/run/netnsctl"

/* The largest result, in bytes. */
enum { SANDBOX_OUTPUT_MAX = 64 << 20 };

/* Runs the command with our standard input, and its output on our standard error; nothing of it is left afterwards.
 * The caller frees @ret, which is ended by '\0' and may be empty.  Prints what goes wrong; returns an exit code.  A
 * signal that ends us (SIGINT, SIGTERM, SIGHUP) ends the command, too, and then us. */
int sandbox_run(const struct sandbox *s, char **ret);

/* ---- what the files of the sandbox share ----
 *
 * They return 0, or a negative errno, with its words in @e where there is one. */

/* What its first process knows. */
struct sandbox_init {
	const struct sandbox *sandbox;
	const char *cwd;     /* absolute; "/" if it is unknown */
	const char *home;    /* hidden; NULL: there is none to hide */
	bool as_nobody;      /* the caller is root */
	int lifeline;        /* ends when netnsctl does; a byte comes when the users are mapped */
	int sockets;         /* /proc/net/unix, of the host; -1: it has none */
	int out;             /* for the result */
	const void *signals; /* sigset_t: the mask to start the command with */
};

/* The first process.  Returns its exit status. */
int sandbox_init(const struct sandbox_init *i);
/* Makes the mounts: all is read-only, and what is not for the command is covered. */
int sandbox_mount(const struct sandbox_init *i, struct err *e);
/* Mounts at @path, read-only, what is in @tree (open_tree(2)), through an overlay: nobody can then reach the sockets in
 * it, which a read-only mount does not prevent.  @dir is the name of an empty directory that it has besides; NULL: none,
 * and then @tree itself is mounted where the kernel has no overlays.  /run has to be writable.  -errno: it failed. */
int sandbox_overlay(const char *path, int tree, const char *dir);
/* Covers the sockets of @list that the command could connect to, as far as they are visible; @list is like
 * /proc/net/unix. */
int sandbox_sockets(int list, struct err *e);
/* Adds what is no protection, but what scripts need; what is not possible is left out. */
void sandbox_extra(void);
/* Mounts a /sys that shows the network namespace that we are in. */
int sandbox_mount_sys(struct err *e);
/* From now on refuses system calls that lead out of the sandbox, to this process and all that it starts. */
int sandbox_filter(struct err *e);
/* The mounts of the command, which are its own. */
struct sandbox_mounts {
	int home, command; /* mount namespaces: ours, and the command's */
};
/* Enters the command's mounts, which are copies of ours; what it mounts in a shared directory is visible in both. */
int sandbox_mounts_begin(struct sandbox_mounts *m);
/* Back to ours. */
int sandbox_mounts_leave(const struct sandbox_mounts *m);
void sandbox_mounts_done(struct sandbox_mounts *m);
/* Gives the namespaces that have a name in /run/netns for the command the same here, whatever it did to its mounts. */
void sandbox_names_give(const struct sandbox_mounts *m);
/* Maps user and group 0 of the user namespace of process @pid, "self" or a number, to these outside. */
int sandbox_map(const char *pid, unsigned uid, unsigned gid, bool may_setgroups, struct err *e);
/* Appends what may be the reason, and what to do, to @e, about a refused namespace or mount. */
void sandbox_advise(struct err *e);
