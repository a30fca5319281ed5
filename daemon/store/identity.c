/* SPDX-License-Identifier: MIT */
/* identity.c - reads the machine's identity, or makes one: two machines must never share a fallback. */
#include "identity.h"
#include "base/log.h"
#include "base/trust.h"
#include <fcntl.h>
#include <sys/random.h>

#define FILE_NAME "machine-id"

/* As machine-id(5) has it: 32 hexadecimal digits that are not all zero. */
static bool is_identity(const char *s)
{
	return strspn(s, "0123456789abcdef") == IDENTITY_DIGITS && strspn(s, "0") != IDENTITY_DIGITS &&
	       (!s[IDENTITY_DIGITS] || s[IDENTITY_DIGITS] == '\n');
}

static bool identity_load(int dir, char ret[IDENTITY_SIZE], bool ours)
{
	_cleanup_(closep) int fd = openat(dir, FILE_NAME, O_RDONLY | O_CLOEXEC | O_NONBLOCK | (ours ? O_NOFOLLOW : 0));
	char text[IDENTITY_SIZE + 1] = "";
	struct stat st;
	struct err e;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || (ours && trust_check(&st, &e) < 0))
		return false;
	if (read(fd, text, sizeof(text) - 1) < 0 || !is_identity(text))
		return false;
	snprintf(ret, IDENTITY_SIZE, "%.*s\n", IDENTITY_DIGITS, text);
	return true;
}

static void identity_make(char ret[IDENTITY_SIZE])
{
	uint64_t n[2];

	do {
		if (getrandom(n, sizeof(n), 0) != sizeof(n))
			abort();
		snprintf(ret, IDENTITY_SIZE, "%016llx%016llx\n", (unsigned long long)n[0], (unsigned long long)n[1]);
	} while (!is_identity(ret));
}

/* Written to a temporary file and renamed: half an identity would be another one. */
static int identity_save(int dir, const char *identity)
{
	static const char new[] = FILE_NAME ".new";

	unlinkat(dir, new, 0);
	_cleanup_(closep) int fd = openat(dir, new, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd >= 0 && dprintf(fd, "%s", identity) == IDENTITY_SIZE - 1 && fsync(fd) == 0 &&
	    renameat(dir, new, dir, FILE_NAME) == 0)
		return 0;
	unlinkat(dir, new, 0);
	return -1;
}

void identity_read(char ret[IDENTITY_SIZE], const char *state_dir, const char *run_dir)
{
	const char *const places[] = { state_dir, run_dir };
	_cleanup_(closep) int etc = open("/etc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int dirs[ARRAY_SIZE(places)] = { -1, -1 };
	const char *saved = NULL;
	bool found = identity_load(etc, ret, false);
	struct err e;

	for (size_t i = 0; i < ARRAY_SIZE(places) && !found; i++) {
		dirs[i] = places[i] ? trust_open(places[i], TRUST_MAKE, &e) : -1;
		found = dirs[i] >= 0 && identity_load(dirs[i], ret, true);
	}
	if (!found)
		identity_make(ret);
	for (size_t i = 0; i < ARRAY_SIZE(places) && !found && !saved; i++)
		saved = dirs[i] >= 0 && identity_save(dirs[i], ret) == 0 ? places[i] : NULL;
	if (saved)
		log_warning("/etc/machine-id is not valid: MAC addresses are derived from %s/" FILE_NAME
			    ", created now",
			    saved);
	else if (!found)
		log_warning(
			"/etc/machine-id is not valid, and an identity cannot be saved: MAC addresses change "
			"with each start of netnsd; run systemd-machine-id-setup");
	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		closep(&dirs[i]);
}
