/* SPDX-License-Identifier: MIT */
/* process.c - what /proc says of a process that has changed the network: it may end at any moment, and its number may
 * be one of another PID namespace. */
#include "process.h"
#include "base/utf8.h"
#include <ctype.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdarg.h>
#include <systemd/sd-login.h>

enum {
	FILE_MAX = 4096,            /* of a file of /proc that is read */
	USERS_READ_MAX = 4096,      /* lines of /etc/passwd */
	KERNEL_THREAD = 0x00200000, /* PF_KTHREAD in field "flags" of /proc/PID/stat, include/linux/sched.h */
	UNSET = -1,                 /* loginuid and sessionid (AUDIT_UID_UNSET, AUDIT_SID_UNSET) */
};

/* The files of one process: once it has ended, none of another process can be read with them. */
static bool file_read(int process, const char *name, char *ret, size_t size)
{
	_cleanup_(closep) int fd = openat(process, name, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, ret, size - 1);

	ret[n > 0 ? n : 0] = '\0';
	return n > 0;
}

/* What follows "KEY:" in a file of such lines; NULL: there is none. */
static const char *line_find(const char *text, const char *key)
{
	size_t n = strlen(key);

	for (; text && *text; text = strchr(text, '\n'), text += text ? 1 : 0)
		if (!strncmp(text, key, n) && text[n] == ':')
			return text + n + 1;
	return NULL;
}

/* The last number of a line: of NSpid that in the process's own PID namespace, which is what netlink tells. */
static unsigned long last_number(const char *line)
{
	unsigned long v = 0;

	while (*line == '\t' || isdigit((unsigned char)*line)) {
		char *end;

		v = strtoul(line, &end, 10);
		line = end > line ? end : line + 1;
	}
	return v;
}

static bool is_kernel_thread(const char *stat)
{
	const char *after = strrchr(stat, ')');
	unsigned flags = 0;

	return after && sscanf(after + 1, " %*c %*d %*d %*d %*d %*d %u", &flags) == 1 && flags & KERNEL_THREAD;
}

/* Whether it can have changed a network, under that number.  Some programs hold the capability without using it but for
 * the moment of the change, so what is permitted counts. */
static bool is_able(uint32_t pid, const char *status, const char *stat)
{
	const char *permitted = line_find(status, "CapPrm"), *numbers = line_find(status, "NSpid");

	if (is_kernel_thread(stat) || (numbers && last_number(numbers) != pid))
		return false;
	return !permitted || strtoull(permitted, NULL, 16) & UINT64_C(1) << CAP_NET_ADMIN;
}

/* The name of a user in /etc/passwd: asking the name service could take as long as a network does. */
static void user_name(uid_t uid, char *ret, size_t size)
{
	_cleanup_(fclosep) FILE *f = fopen("/etc/passwd", "re");
	struct passwd entry, *found = NULL;
	char line[1024];

	snprintf(ret, size, "%u", uid);
	for (size_t i = 0; f && i < USERS_READ_MAX; i++) {
		int r = fgetpwent_r(f, &entry, line, sizeof(line), &found);

		if (r == ERANGE)
			continue;
		if (r || !found)
			return;
		/* "+" and "-" are no users, but say where more of them are. */
		if (found->pw_uid == uid && isalnum((unsigned char)*found->pw_name))
			return (void)snprintf(ret, size, "%.32s", found->pw_name);
	}
}

_printf_(3, 4) static void words_add(char *ret, size_t size, const char *fmt, ...)
{
	size_t n = strlen(ret);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(ret + n, size - n, fmt, ap);
	va_end(ap);
}

/* Who logged in stays known to the kernel through su and sudo. */
static void login_add(int process, uid_t user, char *ret, size_t size)
{
	char text[32], name[40];
	uid_t login;

	if (!file_read(process, "loginuid", text, sizeof(text)))
		return;
	login = (uid_t)strtoul(text, NULL, 10);
	if (login == (uid_t)UNSET || login == user)
		return;
	user_name(login, name, sizeof(name));
	words_add(ret, size, ", login %s", name);
}

/* As systemd knows them, by the control group; the session also as the kernel does, where systemd is not told. */
static void units_add(int process, pid_t pid, char *ret, size_t size)
{
	_cleanup_(freep) char *session = NULL, *unit = NULL;
	char text[32];

	if (sd_pid_get_session(pid, &session) >= 0)
		words_add(ret, size, ", session %s", session);
	else if (file_read(process, "sessionid", text, sizeof(text)) && strtoul(text, NULL, 10) != (uint32_t)UNSET)
		words_add(ret, size, ", session %lu", strtoul(text, NULL, 10));
	if (!session && sd_pid_get_unit(pid, &unit) >= 0)
		words_add(ret, size, ", unit %s", unit);
}

static uint32_t pid_max(void)
{
	char text[32];

	return file_read(AT_FDCWD, "/proc/sys/kernel/pid_max", text, sizeof(text)) ? (uint32_t)strtoul(text, NULL, 10)
										   : 0;
}

static bool process_ended(uint32_t pid, const char *command, char *ret, size_t size)
{
	*ret = '\0';
	if (command)
		snprintf(ret, size, "pid %u (%s)", pid, command);
	else if (pid <= pid_max())
		snprintf(ret, size, "pid %u, which has ended", pid);
	return *ret;
}

bool process_describe(uint32_t pid, const char *command, char *ret, size_t size)
{
	char path[32], comm[32], stat[FILE_MAX], status[FILE_MAX], name[40], units[PROCESS_WORDS] = "";
	_cleanup_(closep) int process = -1;
	const char *user;
	uid_t uid;

	snprintf(path, sizeof(path), "/proc/%u", pid);
	process = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (process < 0 || !file_read(process, "comm", comm, sizeof(comm)) ||
	    !file_read(process, "status", status, sizeof(status)) || !file_read(process, "stat", stat, sizeof(stat)))
		return process_ended(pid, command, ret, size);
	comm[strcspn(comm, "\n")] = '\0';
	if (command && strcmp(command, comm) != 0)
		return process_ended(pid, command, ret, size);
	*ret = '\0';
	if (!is_able(pid, status, stat))
		return false;
	user = line_find(status, "Uid");
	uid = user ? (uid_t)strtoul(user, NULL, 10) : 0;
	user_name(uid, name, sizeof(name));
	snprintf(ret, size, "pid %u (%s), user %s", pid, comm, name);
	login_add(process, uid, ret, size);
	units_add(process, (pid_t)pid, units, sizeof(units));
	/* Units are asked for by number, which may have become that of another process. */
	if (file_read(process, "comm", comm, sizeof(comm)))
		words_add(ret, size, "%s", units);
	utf8_repair(ret);
	return true;
}

void process_command(int pid, char *ret, size_t size)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	_cleanup_(fclosep) FILE *f = fopen(path, "re");
	if (!f || !fgets(ret, (int)size, f))
		snprintf(ret, size, "?");
	ret[strcspn(ret, "\n")] = '\0';
}
