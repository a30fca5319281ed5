/* SPDX-License-Identifier: MIT */
/* boot_file.h - the topology files of the boot directories: which there are, what each
 * says, and why one cannot be used.  Nothing here is applied. */
#pragma once
#include "load.h"
#include <sys/stat.h>

/* The administrator's come first: of two files of one name theirs counts. */
enum boot_dir { BOOT_TOPOLOGIES, BOOT_PERSISTED, BOOT_DIRS };

struct boot_file {
	enum boot_dir dir;
	char *path, *source;		/* where the topology is from: @path, or what was persisted with it */
	char name[65];			/* of the topology */
	struct json_object *json;	/* NULL: it cannot be used, and problems say why */
	struct problems problems;
	struct stat stamp;		/* when it was read; all zero: it is to be read again */
	bool seen, hidden;		/* hidden: another file of that name counts */
	bool made_up;			/* its name: it says none, and what it is called makes none */
};

struct boot_files {
	const struct kinds *kinds;
	char *dirs[BOOT_DIRS];
	char *said[BOOT_DIRS];		/* why the directory cannot be read: told once */
	struct boot_file **v;		/* in order of directory and path */
	size_t n;
};

void boot_files_init(struct boot_files *b, const struct kinds *kinds, const char *topologies, const char *persisted);
void boot_files_done(struct boot_files *b);
/* Reads what is new or has changed since the last look, and forgets what is gone. */
void boot_files_look(struct boot_files *b);
/* Whether @f is not as it was when it was read. */
bool boot_file_has_changed(const struct boot_file *f);
/* The file that counts for the topology; NULL: there is none. */
struct boot_file *boot_files_find(const struct boot_files *b, const char *name);
/* Says where in @f each of @p stands. */
void boot_file_place(const struct boot_file *f, struct problems *p);
