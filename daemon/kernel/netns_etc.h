/* SPDX-License-Identifier: MIT */
/* netns_etc.h - the files in /etc/netns/NAME, each of which takes the place of that in /etc for the programs of a
 * namespace (ip-netns(8)).  The first line of a file shows that netnsd wrote it, and for which topology: nothing else
 * is written or removed. */
#pragma once
#include "base/err.h"
#include "netns.h"
#include <sys/stat.h>

#define ETC_NETNS "/etc/netns"

enum { ETC_FILE_MAX = 1 << 20 }; /* bytes */

enum etc_state {
	ETC_ABSENT,
	ETC_OURS,
	ETC_FOREIGN, /* of others */
	ETC_STRANGE, /* not a regular file, or another user's, or too long, or in what is not a directory */
};

struct etc_file {
	enum etc_state state;
	char topology[65]; /* of ETC_OURS */
	unsigned mode;
	char *text;    /* after our line, in UTF-8; NULL unless it is a regular file */
	char why[160]; /* of ETC_STRANGE: "/etc/netns/a/hosts is a symbolic link" */
};

/* Bounded, and never blocks. */
int etc_read(const char *netns, const char *file, struct etc_file *ret, struct err *e);
void etc_file_done(struct etc_file *f);

/* Creates the file, all of it at once, or writes to the one that it already wrote for @topology: that stays the same
 * inode, which others may have mounted elsewhere.  -EEXIST: it is of others. */
int etc_write(const char *netns, const char *file, const char *topology, const char *text, unsigned mode,
	      struct err *e);
/* Removes the file, and the directory if netnsd created that (it has the sticky bit) and nothing else is in it. */
int etc_remove(const char *netns, const char *file, const char *topology, struct err *e);
/* Puts our line for the topology @to in the place of that for @from.  @from NULL: before the text of a file of others, and
 * a file with a line stays as it is; @to NULL: only removes it. */
int etc_mark(const char *netns, const char *file, const char *from, const char *to, struct err *e);
/* Removes what an interrupted create has left of namespaces of @set. */
void etc_clear(const struct netns_set *set);
/* Removes files that were written before the machine was booted, for topologies that nobody knows (netns_etc_old.c); how
 * many. */
size_t etc_clear_old(bool (*is_known)(const void *arg, const char *topology), const void *arg);

/* ---- what reading and writing share ---- */

enum { ETC_LINE_MAX = 256 };

/* Our first line of a file, with its newline. */
void etc_line(char ret[ETC_LINE_MAX], const char *topology);
/* Length of our line at the beginning of @text, and the topology that it names; 0: it is not ours. */
size_t etc_line_read(const char *text, char topology[65]);

/* Opens the directory of a namespace, and the one that it is in, unless that does not exist.  -ENOENT: there is none,
 * or, as @f then says, something else. */
int etc_open_dir(const char *netns, int *ret_top, struct etc_file *f, struct err *e);
/* Opens a regular file, unless it belongs to another user: whatever its first line, that user can write there what he
 * likes.  -ENOENT likewise. */
int etc_open_file(int dir, const char *netns, const char *file, int flags, struct etc_file *f, struct stat *st,
		  struct err *e);
/* Reads at most @size bytes. */
ssize_t etc_read_text(int fd, char *ret, size_t size);
