/* SPDX-License-Identifier: MIT */
/* caller.c - becomes the user who called sudo(8), before a file of theirs is opened. */
#include "caller.h"
#include "number.h"
#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>

/* UINT32_MAX is no user: it means "no change" to setresuid(2). */
static int id_parse(const char *name, uint32_t *ret, struct err *e)
{
	const char *text = getenv(name) ?: "";
	uint64_t value;

	if (!number_read(text, 0, UINT32_MAX - 1, &value))
		return err_set(e, EINVAL, "%s is \"%s\", which sudo does not set: nothing was captured", name, text);
	*ret = (uint32_t)value;
	return 0;
}

static int groups_set(uid_t uid, gid_t gid)
{
	const struct passwd *user = getpwuid(uid);

	return user ? initgroups(user->pw_name, gid) : setgroups(1, &gid);
}

int64_t caller_become(struct err *e)
{
	uint32_t uid = 0, gid = 0;
	int r;

	if (geteuid() != 0 || !(getenv("SUDO_UID") || getenv("SUDO_GID")))
		return geteuid();
	r = id_parse("SUDO_UID", &uid, e);
	if (r < 0)
		return r;
	r = id_parse("SUDO_GID", &gid, e);
	if (r < 0)
		return r;
	if (!uid)
		return 0;
	if (groups_set(uid, gid) < 0 || setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0)
		return err_kernel(e, errno, NULL, "giving up root for user %u, who called sudo", uid);
	/* Whoever goes on as root here would write files as root. */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || setuid(0) == 0)
		abort();
	return uid;
}
