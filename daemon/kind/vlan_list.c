/* SPDX-License-Identifier: MIT */
/* vlan_list.c - a list of VLANs: as a file writes it, and as text. */
#include "vlan_list.h"
#include "model/plan.h"

/* The last of the VLANs from @vid on with which it does the same: one alone is the VLAN_PVID. */
static unsigned run_end(const struct vlan_set *s, unsigned vid)
{
	unsigned end = vid;

	while (end < VLAN_LAST && s->of[end + 1] == s->of[vid] && !(s->of[vid] & VLAN_PVID))
		end++;
	return end;
}

bool vlan_set_next(const struct vlan_set *s, unsigned *vid, unsigned *ret_end)
{
	unsigned at = *vid;

	while (at <= VLAN_LAST && !s->of[at])
		at++;
	if (at > VLAN_LAST)
		return false;
	*vid = at;
	*ret_end = run_end(s, at);
	return true;
}

static const char *run_text(unsigned vid, unsigned end, char buf[16])
{
	if (vid == end)
		snprintf(buf, 16, "%u", vid);
	else
		snprintf(buf, 16, "%u-%u", vid, end);
	return buf;
}

char *vlan_set_text(const struct vlan_set *s, const char *before, struct arena *a)
{
	char *text, *copy, run[16];
	size_t size;
	FILE *f = must(open_memstream(&text, &size));

	for (unsigned vid = VLAN_FIRST, end; vlan_set_next(s, &vid, &end); vid = end + 1)
		fprintf(f, "%s%s%s%s%s", ftell(f) ? ", " : "", before, run_text(vid, end, run),
			s->of[vid] & VLAN_PVID ? " pvid" : "", s->of[vid] & VLAN_UNTAGGED ? " untagged" : "");
	if (fclose(f) != 0)
		abort();
	copy = arena_strdup(a, text);
	free(text);
	return copy;
}

void vlan_set_fill(struct vlan_set *s, unsigned vid, unsigned end, uint8_t flags)
{
	for (; vid <= end && vid <= VLAN_LAST; vid++)
		s->of[vid] = flags;
}

struct vlan_set vlan_set_of(const char *text)
{
	struct vlan_set s = { { 0 } };

	for (const char *at = text; at && *at; at += strspn(at, ", ")) {
		size_t n = strcspn(at, ",");
		char *end;
		unsigned vid = (unsigned)strtoul(at, &end, 10),
			 last = *end == '-' ? (unsigned)strtoul(end + 1, &end, 10) : vid;

		vlan_set_fill(&s, vid, last,
			      (uint8_t)(VLAN_MEMBER | (memmem(end, n - (size_t)(end - at), "pvid", 4) ? VLAN_PVID : 0) |
					(memmem(end, n - (size_t)(end - at), "untagged", 8) ? VLAN_UNTAGGED : 0)));
		at += n;
	}
	return s;
}

/* ---- the value in a topology ---- */

/* One that a file lists. */
struct entry {
	unsigned vid, end;
	uint8_t flags;
};

static bool number_read(const char *s, const char **ret_end, unsigned *ret)
{
	*ret = 0;
	for (*ret_end = s; **ret_end >= '0' && **ret_end <= '9' && *ret <= VLAN_LAST; (*ret_end)++)
		*ret = *ret * 10 + (unsigned)(**ret_end - '0');
	return *ret_end != s && *s != '0' && *ret <= VLAN_LAST;
}

static int id_read(const struct node *n, struct entry *ret, struct notes *notes)
{
	const char *s = json_object_is_type(n->in, json_type_string) ? json_object_get_string(n->in) : "", *end;
	int64_t vid = json_object_is_type(n->in, json_type_int) ? json_object_get_int64(n->in) : 0;

	if (vid >= VLAN_FIRST && vid <= VLAN_LAST)
		ret->vid = ret->end = (unsigned)vid;
	else if (!number_read(s, &end, &ret->vid) || *end != '-' || !number_read(end + 1, &end, &ret->end) || *end ||
		 strlen(s) != (size_t)json_object_get_string_len(n->in) || ret->vid >= ret->end) {
		note_value(notes, n, "must be a VLAN from %d to %d, or a range of them such as \"100-200\"", VLAN_FIRST,
			   VLAN_LAST);
		return -EINVAL;
	}
	return 0;
}

static int member_read(const struct node *n, const char *key, struct entry *ret, struct notes *notes)
{
	uint8_t flag = !strcmp(key, "pvid") ? VLAN_PVID : !strcmp(key, "untagged") ? VLAN_UNTAGGED : 0;

	if (!strcmp(key, "id"))
		return id_read(n, ret, notes);
	if (!flag)
		note_key(notes, n, "unknown field; possible here: \"id\", \"pvid\" or \"untagged\"");
	else if (!json_object_is_type(n->in, json_type_boolean))
		note_value(notes, n, "must be true or false");
	else if (json_object_get_boolean(n->in))
		ret->flags |= flag;
	else
		return 0;
	return flag && ret->flags & flag ? 0 : -EINVAL;
}

static int members_read(const struct node *n, struct entry *ret, struct notes *notes)
{
	int r = 0;

	json_object_object_foreach(n->in, key, value) {
		struct node member = node_member(n, key, value);

		if (!value || member_read(&member, key, ret, notes) < 0)
			r = -EINVAL;
	}
	if (r == 0 && !ret->vid)
		note_value(notes, n, "\"id\" is missing");
	return r < 0 || !ret->vid ? -EINVAL : 0;
}

/* Adds it to those before it, of which @pvid is one, or 0. */
static int entry_add(const struct node *n, const struct entry *one, struct vlan_set *s, unsigned *pvid,
		     struct notes *notes)
{
	for (unsigned vid = one->vid; vid <= one->end; vid++)
		if (s->of[vid]) {
			note_value(notes, n, "VLAN %u is listed twice", vid);
			return -EINVAL;
		}
	if (one->flags & VLAN_PVID && one->vid != one->end)
		note_value(notes, n, "\"pvid\" is for one VLAN: the one of frames that arrive without a tag");
	else if (one->flags & VLAN_PVID && *pvid)
		note_value(notes, n, "VLAN %u is the one of frames that arrive without a tag (\"pvid\") already",
			   *pvid);
	else
		vlan_set_fill(s, one->vid, one->end, one->flags);
	if (!s->of[one->vid])
		return -EINVAL;
	*pvid = one->flags & VLAN_PVID ? one->vid : *pvid;
	return 0;
}

static size_t count_runs(const struct vlan_set *s)
{
	size_t n = 0;

	for (unsigned vid = VLAN_FIRST, end; vlan_set_next(s, &vid, &end); vid = end + 1)
		n++;
	return n;
}

static int list_read(const struct field *f, _unused_ const char *netns, void *dst, const struct node *n,
		     struct notes *notes, struct arena *a)
{
	struct vlan_set s = { { 0 } };
	unsigned pvid = 0;
	int r = 0;

	if (!node_is_list(notes, n))
		return -EINVAL;
	for (size_t i = 0; i < json_object_array_length(n->in); i++) {
		struct node element = node_element(n, i, json_object_array_get_idx(n->in, i));
		struct entry one = { .flags = VLAN_MEMBER };

		if (!element.in ||
		    (json_object_is_type(element.in, json_type_object) ? members_read : id_read)(&element, &one,
												 notes) < 0 ||
		    entry_add(&element, &one, &s, &pvid, notes) < 0)
			r = -EINVAL;
	}
	if (r == 0 && f->max && count_runs(&s) > f->max) {
		note_value(notes, n, "has %zu VLANs and ranges; at most %u are allowed", count_runs(&s), f->max);
		return -E2BIG;
	}
	if (r == 0)
		*(const char **)dst = vlan_set_text(&s, "", a);
	return r;
}

static struct json_object *run_format(const struct vlan_set *s, unsigned vid, unsigned end)
{
	char run[16];
	struct json_object *id = vid == end ? json_object_new_int((int)vid)
					    : json_object_new_string(run_text(vid, end, run)),
			   *o;

	if (s->of[vid] == VLAN_MEMBER)
		return must(id);
	o = must(json_object_new_object());
	json_object_object_add(o, "id", must(id));
	if (s->of[vid] & VLAN_PVID)
		json_object_object_add(o, "pvid", json_object_new_boolean(true));
	if (s->of[vid] & VLAN_UNTAGGED)
		json_object_object_add(o, "untagged", json_object_new_boolean(true));
	return o;
}

static struct json_object *list_format(_unused_ const struct field *f, _unused_ const char *netns, const void *src)
{
	const struct vlan_set s = vlan_set_of(*(const char *const *)src);
	struct json_object *list = must(json_object_new_array());

	for (unsigned vid = VLAN_FIRST, end; vlan_set_next(&s, &vid, &end); vid = end + 1)
		json_object_array_add(list, run_format(&s, vid, end));
	return list;
}

/* NULL is none. */
static bool list_equal(const void *a, const void *b)
{
	const char *x = *(const char *const *)a, *y = *(const char *const *)b;

	return !strcmp(x ? x : "", y ? y : "");
}

static struct json_object *list_schema(_unused_ const struct field *f)
{
#define ID                                                             \
	"{\"type\": \"integer\", \"minimum\": 1, \"maximum\": 4094}, " \
	"{\"type\": \"string\", \"pattern\": \"^[1-9][0-9]{0,3}-[1-9][0-9]{0,3}$\"}"
	return json_tokener_parse("{\"type\": \"array\", \"items\": {\"anyOf\": [" ID
				  ", {\"type\": \"object\", "
				  "\"properties\": {\"id\": {\"anyOf\": [" ID
				  "]}, \"pvid\": {\"type\": \"boolean\"}, "
				  "\"untagged\": {\"type\": \"boolean\"}}, \"required\": [\"id\"], "
				  "\"additionalProperties\": false}]}}");
#undef ID
}

const struct type type_vlan_list = {
	.name = "list",
	.size = sizeof(const char *),
	.copy = text_copy,
	.read = list_read,
	.format = list_format,
	.equal = list_equal,
	.schema = list_schema,
};
