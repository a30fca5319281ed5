/* SPDX-License-Identifier: MIT */
/* address_type.c - properties of an address that no file sets, but the kernel stores:
 * lifetimes, and the flags that change its behaviour. */
#include "address.h"
#include <linux/if_addr.h>

// clang-format off: keeps its rows
static const struct {
	uint32_t flag;
	const char *name;	/* as in ip-address(8) */
} options[] = {
	{ IFA_F_DADFAILED, "duplicate" },
	{ IFA_F_NOPREFIXROUTE, "noprefixroute" },
	{ IFA_F_MANAGETEMPADDR, "mngtmpaddr" },
	{ IFA_F_HOMEADDRESS, "home" },
	{ IFA_F_MCAUTOJOIN, "autojoin" },
};
// clang-format on

static int options_parse(_unused_ const struct field *f, _unused_ const char *netns, void *dst, struct json_object *in,
			 _unused_ struct arena *a, struct err *e)
{
	const char *s = json_object_is_type(in, json_type_string) ? json_object_get_string(in) : "";
	size_t n;

	for (; *s && strcmp(s, "none"); s += n + (s[n] == ' ')) {
		size_t i = 0;

		n = strcspn(s, " ");
		while (i < ARRAY_SIZE(options) && (strlen(options[i].name) != n || strncmp(s, options[i].name, n)))
			i++;
		if (i == ARRAY_SIZE(options))
			return err_set(e, EINVAL, "%.64s is not a flag of an address", s);
		*(uint32_t *)dst |= options[i].flag;
	}
	return 0;
}

static struct json_object *options_format(_unused_ const struct field *f, _unused_ const char *netns, const void *src)
{
	char text[64] = "";

	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		size_t n = strlen(text);

		if (*(const uint32_t *)src & options[i].flag)
			snprintf(text + n, sizeof(text) - n, "%s%s", n ? " " : "", options[i].name);
	}
	return json_object_new_string(*text ? text : "none");
}

/* An address cannot be made a duplicate again: if it was one, it may be what it is. */
static bool options_equal(const void *want, const void *have)
{
	uint32_t w = *(const uint32_t *)want, h = *(const uint32_t *)have;

	return w == h || (w & IFA_F_DADFAILED && (w | IFA_F_DADFAILED) == (h | IFA_F_DADFAILED));
}

const struct type type_address_options = {
	.name = "flags of an address",
	.size = sizeof(uint32_t),
	.parse = options_parse,
	.format = options_format,
	.equal = options_equal,
};

static int lifetime_parse(_unused_ const struct field *f, _unused_ const char *netns, void *dst, struct json_object *in,
			  _unused_ struct arena *a, struct err *e)
{
	int64_t seconds = json_object_get_int64(in);
	bool forever = json_object_is_type(in, json_type_string) && !strcmp(json_object_get_string(in), "forever");

	if (!forever && (!json_object_is_type(in, json_type_int) || seconds < 0 || seconds >= LIFETIME_FOREVER))
		return err_set(e, EINVAL, "must be a number of seconds, or \"forever\"");
	*(uint32_t *)dst = forever ? LIFETIME_FOREVER : (uint32_t)seconds;
	return 0;
}

static struct json_object *lifetime_format(_unused_ const struct field *f, _unused_ const char *netns, const void *src)
{
	uint32_t seconds = *(const uint32_t *)src;

	return seconds == LIFETIME_FOREVER ? json_object_new_string("forever") : json_object_new_int64(seconds);
}

/* Time passes: a limited lifetime equals any other limited one. */
static bool lifetime_equal(const void *a, const void *b)
{
	return (*(const uint32_t *)a == LIFETIME_FOREVER) == (*(const uint32_t *)b == LIFETIME_FOREVER);
}

const struct type type_lifetime = {
	.name = "seconds",
	.size = sizeof(uint32_t),
	.parse = lifetime_parse,
	.format = lifetime_format,
	.equal = lifetime_equal,
};
