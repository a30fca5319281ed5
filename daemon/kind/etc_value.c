/* SPDX-License-Identifier: MIT */
/* etc_value.c - the values in a topology that become lines of a file: each is checked to be one word of it. */
#include "etc.h"
#include <arpa/inet.h>
#include <ctype.h>

enum { ITEMS_MAX = 32, NAME_BYTES_MAX = 253, LABEL_MAX = 63 };

int etc_list_parse(struct json_object *in, int (*check)(const char *item, struct err *e), const char **ret,
		   struct arena *a, struct err *e)
{
	const char *all = NULL;
	size_t n = json_object_is_type(in, json_type_array) ? json_object_array_length(in) : 0;

	if (!json_object_is_type(in, json_type_array))
		return err_set(e, EINVAL, "must be a list: [ ... ]");
	if (n > ITEMS_MAX)
		return err_set(e, EINVAL, "has %zu entries, at most %d are allowed", n, ITEMS_MAX);
	for (size_t i = 0; i < n; i++) {
		struct json_object *item = json_object_array_get_idx(in, i);
		const char *s = json_object_get_string(item);

		if (!json_object_is_type(item, json_type_string) ||
		    strlen(s) != (size_t)json_object_get_string_len(item))
			return err_set(e, EINVAL, "entry %zu must be a text in double quotes", i);
		if (check(s, e) < 0)
			return e->code;
		for (size_t k = 0; k < i; k++)
			if (!strcmp(json_object_get_string(json_object_array_get_idx(in, k)), s))
				return err_set(e, EINVAL, "\"%s\" is listed twice", s);
		all = all ? arena_fmt(a, "%s\n%s", all, s) : arena_strdup(a, s);
	}
	*ret = all;
	return 0;
}

struct json_object *etc_list_format(_unused_ const struct field *f, _unused_ const char *netns, const void *src)
{
	const char *at = *(const char *const *)src, *line;
	struct json_object *list = must(json_object_new_array());
	size_t n;

	while ((line = etc_line_next(&at, &n)))
		json_object_array_add(list, must(json_object_new_string_len(line, (int)n)));
	return list;
}

bool etc_list_equal(const void *a, const void *b)
{
	const char *x = *(const char *const *)a, *y = *(const char *const *)b;

	return !strcmp(x ? x : "", y ? y : "");
}

char *etc_say_nothing(_unused_ const char *netns, _unused_ const void *src, _unused_ struct arena *a)
{
	return NULL;
}

int etc_address_check(const char *s, char ret[64], struct err *e)
{
	const char *zone = strchr(s, '%');
	char address[INET6_ADDRSTRLEN];
	uint8_t raw[16];
	struct err bad;
	int family;

	snprintf(address, sizeof(address), "%.*s", zone ? (int)(zone - s) : INET6_ADDRSTRLEN, s);
	family = inet_pton(AF_INET, address, raw) == 1    ? AF_INET
		 : inet_pton(AF_INET6, address, raw) == 1 ? AF_INET6
							  : 0;
	if (!family || strlen(s) > 60 || (zone && family == AF_INET))
		return err_set(e, EINVAL,
			       "\"%.80s\" is not an IP address, which has neither a prefix length nor a port", s);
	if (zone && !(raw[0] == 0xfe && (raw[1] & 0xc0) == 0x80))
		return err_set(e, EINVAL, "\"%s\": only a link-local address has an interface", s);
	if (zone && ifname_problem(zone + 1, &bad))
		return err_set(e, EINVAL, "\"%s\": interface \"%s\" %s", s, zone + 1, bad.text);
	inet_ntop(family, raw, address, sizeof(address));
	snprintf(ret, 64, "%s%.17s", address, zone ? zone : "");
	return 0;
}

int etc_name_check(const char *s, struct err *e)
{
	size_t label = 0, n = strlen(s);

	if (!n || n > NAME_BYTES_MAX)
		return err_set(e, EINVAL, "a name of a host has 1 to %d bytes, not %zu", NAME_BYTES_MAX, n);
	for (const char *c = s; *c; c++) {
		label = *c == '.' ? 0 : label + 1;
		if (!isalnum((unsigned char)*c) && !strchr("-_.", *c))
			return err_set(e, EINVAL,
				       "\"%.80s\": a name of a host consists of letters, digits, \"-\", \"_\" and dots",
				       s);
		if ((*c == '.' && (c == s || c[-1] == '.')) || (*c == '-' && label == 1) || label > LABEL_MAX)
			return err_set(
				e, EINVAL,
				"\"%.80s\": between dots there are 1 to %d characters, and the first is not \"-\"", s,
				LABEL_MAX);
	}
	return 0;
}
