/* SPDX-License-Identifier: MIT */
/* export_names.c - reads the directory of the names of namespaces. */
#include "export_names.h"
#include "model/type.h"
#include <dirent.h>

const char **export_names(const char *dir, struct arena *a, struct unsaid *u, size_t *ret_n)
{
	DIR *d = opendir(dir);
	size_t n = 0, room = 64;
	const char **v = must(calloc(room, sizeof(*v)));
	struct err e;

	v[n++] = "host";
	for (struct dirent *one; d && (one = readdir(d));) {
		if (!strcmp(one->d_name, ".") || !strcmp(one->d_name, ".."))
			continue;
		if (name_problem(one->d_name, &e) || !strcmp(one->d_name, "host")) {
			if (u)
				unsaid_add(u, "namespace %s: no topology can have one of that name; it is left out",
					   one->d_name);
			continue;
		}
		if (n == room)
			v = must(reallocarray(v, room *= 2, sizeof(*v)));
		v[n++] = arena_strdup(a, one->d_name);
	}
	if (d)
		closedir(d);
	qsort(v, n, sizeof(*v), texts_cmp);
	*ret_n = n;
	return v;
}
