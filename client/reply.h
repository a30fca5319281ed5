/* SPDX-License-Identifier: MIT */
/* reply.h - reads members of the daemon's answers.  What is missing, or of another type,
 * reads as empty: an older daemon may not send it. */
#pragma once
#include "base.h"
#include <json-c/json.h>

static inline struct json_object *reply_get(struct json_object *o, const char *key)
{
	return json_object_object_get(o, key);
}

static inline const char *reply_text(struct json_object *o, const char *key)
{
	const char *s = json_object_get_string(reply_get(o, key));

	return s ? s : "";
}

static inline uint64_t reply_number(struct json_object *o, const char *key)
{
	return json_object_get_uint64(reply_get(o, key));
}

static inline bool reply_flag(struct json_object *o, const char *key)
{
	return json_object_get_boolean(reply_get(o, key));
}

/* Item @i of the list @key; NULL past its end. */
static inline struct json_object *reply_at(struct json_object *o, const char *key, size_t i)
{
	struct json_object *list = reply_get(o, key);

	if (!json_object_is_type(list, json_type_array) || i >= json_object_array_length(list))
		return NULL;
	return json_object_array_get_idx(list, i);
}

static inline size_t reply_size(struct json_object *o, const char *key)
{
	struct json_object *list = reply_get(o, key);

	return json_object_is_type(list, json_type_array) ? json_object_array_length(list) : 0;
}

static inline void reply_putp(struct json_object **o)
{
	json_object_put(*o);
}
