/* SPDX-License-Identifier: MIT */
/* boot_file.h - the topology files of the boot directories: which there are, what each says,
 * and why one cannot be used.  Nothing is applied here. */
#pragma once
#include "base/json_text.h"
#include "format/load.h"
#include <sys/stat.h>

/* The administrator's come first: of two files of one name theirs counts. */
enum boot_dir { BOOT_TOPOLOGIES, BOOT_PERSISTED, BOOT_DIRS };

struct boot_file {
	enum boot_dir dir;
	char *path, *source;    /* the source of the topology: @path, or what was persisted with it */
	char name[65];          /* of the topology */
	struct json_text *json; /* NULL: it cannot be used, and problems say why */
	struct problems problems;
	struct stat stamp; /* when it was read; all zero: it has to be read again */
	bool seen, hidden; /* hidden: another file of that name counts */
	bool gone;         /* removed by netnsd since the directory was read */
	bool made_up;      /* it has no name, and its file name does not make one */
};

/* A directory as it was when it was read; if not known, it has to be read again. */
struct boot_stamp {
	bool known, there;
	struct stat st;
};

struct boot_files {
	const struct kinds *kinds;
	char *dirs[BOOT_DIRS];
	char *said[BOOT_DIRS]; /* why the directory cannot be read: reported once */
	int failed[BOOT_DIRS]; /* the code of that; 0: it was read last time */
	struct boot_stamp stamps[BOOT_DIRS];
	struct boot_file **v;       /* in order of directory and path */
	struct boot_file **by_name; /* the same in order of name; of one name, the one that counts first */
	size_t n, room;
};

#define BOOT_SUFFIX ".json"

/* boot_file.c: one file. */
void boot_file_free(struct boot_file *f);
/* Reads @f, whose directory and path are given, again. */
void boot_file_read(struct boot_files *b, struct boot_file *f);
/* Whether @f has changed since it was read. */
bool boot_file_has_changed(const struct boot_file *f);
/* Sets the position in @f of each of @p. */
void boot_file_place(const struct boot_file *f, struct problems *p);
bool boot_stat_is_same(const struct stat *a, const struct stat *b);
/* Whether another change would be visible in the time in @st. */
bool boot_stat_is_settled(const struct stat *st);

/* boot_files.c: all of them. */
void boot_files_init(struct boot_files *b, const struct kinds *kinds, const char *topologies, const char *persisted);
void boot_files_done(struct boot_files *b);
/* Reads what is new or has changed since the last time, and forgets what is gone. */
void boot_files_refresh(struct boot_files *b);
/* Whether the files of @name are as they were last time, in a time that does not grow with
 * the number of files. */
bool boot_files_is_same(const struct boot_files *b, const char *name);
/* Takes the file at @path as it is now, if it still exists.  In the directory of persisted
 * topologies it was netnsd itself that wrote it, and nothing else has changed since
 * boot_files_is_same. */
void boot_files_note(struct boot_files *b, enum boot_dir dir, const char *path);
/* The file that counts for the topology; NULL: there is none. */
struct boot_file *boot_files_find(const struct boot_files *b, const char *name);
/* The place in by_name of the first of @name, or of what comes after it. */
size_t boot_files_first(const struct boot_files *b, const char *name);
