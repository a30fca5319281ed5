/* SPDX-License-Identifier: MIT */
/* route_table.c - routing tables by number and by name.  Objects have the number, as the kernel does; a name is looked
 * up when a file is loaded, and when a table is shown. */
#include "route_table.h"
#include "model/field.h"
#include "base/suggest.h"
#include "table_names.h"
#include <linux/rtnetlink.h>

#define ETC "/etc/iproute2"

static struct table_names names;
static bool known;

static const struct table_names *names_need(void)
{
	/* Where iproute2 6.7 and later, and 6.5, have what the administrator did not write. */
	static const char *const usr[] = { "/usr/share/iproute2", "/usr/lib/iproute2" };

	if (known)
		return &names;
	table_names_done(&names);
	table_names_read(&names, ETC, usr, ARRAY_SIZE(usr));
	known = true;
	return &names;
}

void route_tables_forget(void)
{
	known = false;
}

static int table_number(const char *name, uint32_t *ret, struct err *e)
{
	const struct table_names *t = names_need();
	const struct table_name *found = table_names_find(t, name);
	struct suggest suggest = suggest_new(name);

	if (found && !found->number)
		return err_set(e, EINVAL, "\"%.63s\" has the number 0 in %s, which is no table", name, found->path);
	if (found) {
		*ret = found->number;
		return 0;
	}
	for (size_t i = 0; i < t->n; i++)
		suggest_try(&suggest, t->v[i].name);
	if (*name && strspn(name, "0123456789") == strlen(name))
		return err_set(e, EINVAL, "there is no routing table called \"%.63s\"; a number has no quotes", name);
	if (t->problem.code)
		return err_set(e, EINVAL, "there is no routing table called \"%.63s\", and %s", name, t->problem.text);
	return err_set(e, EINVAL,
		       "there is no routing table called \"%.63s\"%s%s%s; a line \"NUMBER %.63s\" in "
		       "" ETC "/rt_tables.d/NAME.conf makes it one",
		       name, suggest.best ? "; did you mean \"" : "", suggest.best ? suggest.best : "",
		       suggest.best ? "\"?" : "", name);
}

/* The number as ip(8) shows it: the name, if it has one. */
static const char *table_text(uint32_t table, char buf[64])
{
	const char *name = table_names_of(names_need(), table);

	if (name)
		snprintf(buf, 64, "%s", name);
	else
		snprintf(buf, 64, "%u", table);
	return buf;
}

static char *table_say(_unused_ const char *netns, const void *src, struct arena *a)
{
	uint32_t table = *(const uint32_t *)src;
	char buf[64];

	return table == RT_TABLE_MAIN ? NULL : arena_fmt(a, "table %s", table_text(table, buf));
}

static char *lookup_say(_unused_ const char *netns, const void *src, struct arena *a)
{
	char buf[64];

	return arena_fmt(a, "lookup %s", table_text(*(const uint32_t *)src, buf));
}

static bool table_equal(const void *a, const void *b)
{
	return *(const uint32_t *)a == *(const uint32_t *)b;
}

static struct json_object *table_schema(const struct field *f)
{
	return schema_number_or_text(f->min, UINT32_MAX, "^[^\\s\"'`$\\\\]{1,63}$");
}

const struct type type_table = {
	.name = "number or name",
	.size = sizeof(uint32_t),
	.number = table_number,
	.parse = type_number_parse,
	.format = type_number_format,
	.equal = table_equal,
	.say = table_say,
	.schema = table_schema,
};

const struct type type_lookup = {
	.name = "number or name",
	.size = sizeof(uint32_t),
	.number = table_number,
	.parse = type_number_parse,
	.format = type_number_format,
	.equal = table_equal,
	.say = lookup_say,
	.schema = table_schema,
};
