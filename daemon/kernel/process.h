/* SPDX-License-Identifier: MIT */
/* process.h - says who a process is, in words: program, user, login, session and unit. */
#pragma once
#include "base.h"

enum { PROCESS_WORDS = 192 /* bytes that its words take at most, the NUL included */ };

/* Describes process @pid: "pid 4711 (ip), user root, login alice, session 3, unit cron.service", as far as it can be
 * known.  @command: its name as the kernel has said it, NULL if it has not; a process of another name is another one.
 * Of one that has ended only the number is known.  False, and @ret is empty: no process that can change a network has
 * the number, as in another PID namespace another one has it.  Reads a few files of /proc and /etc/passwd, none of
 * which waits for anybody. */
bool process_describe(uint32_t pid, const char *command, char *ret, size_t size);
/* The command of process @pid, "?" if it has ended. */
void process_command(int pid, char *ret, size_t size);
