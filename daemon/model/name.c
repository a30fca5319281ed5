/* SPDX-License-Identifier: MIT */
/* name.c - the one place that decides which names are allowed: no path is made of a name,
 * and no message contains one, that was not checked here. */
#include "type.h"
#include <ctype.h>
#include <net/if.h>

const char *ifname_problem(const char *s, struct err *e)
{
	/* Directories of net.ipv4.conf, where an interface of that name would mean something else. */
	static const char *const taken[] = { ".", "..", "all", "default" };
	size_t n = strlen(s);
	const char *bad = strpbrk(s, "/:%");

	if (!n)
		err_set(e, EINVAL, "is empty");
	else if (n >= IFNAMSIZ)
		err_set(e, EINVAL, "is %zu bytes long, the kernel allows %d", n, IFNAMSIZ - 1);
	else if (bad)
		err_set(e, EINVAL, "contains \"%c\", which is not allowed in the name of an interface", *bad);
	else
		*e = (struct err){ 0 };
	for (size_t i = 0; i < n && !e->code; i++)
		if (isspace((unsigned char)s[i]) || iscntrl((unsigned char)s[i]) || (unsigned char)s[i] == 0xa0)
			err_set(e, EINVAL, "contains white space or a control character");
	for (size_t i = 0; i < ARRAY_SIZE(taken) && !e->code; i++)
		if (!strcmp(s, taken[i]))
			err_set(e, EINVAL, "is reserved by the kernel");
	return e->code ? e->text : NULL;
}

const char *name_problem(const char *s, struct err *e)
{
	size_t n = strlen(s);

	if (!n)
		err_set(e, EINVAL, "is empty");
	else if (n > 64)
		err_set(e, EINVAL, "is %zu bytes long, at most 64 are allowed", n);
	else if (!isascii(*s) || !isalnum((unsigned char)*s))
		err_set(e, EINVAL, "must begin with a letter or digit");
	else if (s[strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-")])
		err_set(e, EINVAL, "must consist of letters, digits, \"_\", \".\" and \"-\" only");
	else
		*e = (struct err){ 0 };
	return e->code ? e->text : NULL;
}
