/* SPDX-License-Identifier: MIT */
/* load_check.c - checks the objects of a file together: what they imply, whether what
 * they name exists, and whether anything depends on itself. */
#include "base/suggest.h"
#include "loader.h"

enum {
	NAMESPACES_MAX = 16384,
	INTERFACES_MAX = 65536,
	SHOWN_MAX = 8,  /* interfaces shown of a cycle */
	LEVELS_MAX = 8, /* of interfaces in a chain (MAX_NEST_DEV, include/linux/netdevice.h) */
};

static bool is_doubtful(const struct loader *l, const char *netns)
{
	return json_object_object_get_ex(l->doubtful, netns, NULL);
}

static const char *field_of(const struct object *o, const struct ref *ref)
{
	return ref->field < o->kind->n_fields ? o->kind->fields[ref->field].name : NULL;
}

/* ---- what is named must exist ---- */

/* The nearest name of @class in the namespace that starts at @first. */
static const char *near_in(const struct loader *l, const struct object *netns, const char *class, const char *name)
{
	struct suggest suggest = suggest_counted(name, &l->notes.problems->compared);

	for (const struct object *o = netns->first; o && !suggest_is_spent(&suggest); o = o->next)
		if (o->name && !strcmp(o->kind->class, class))
			suggest_try(&suggest, o->name);
	return suggest.best;
}

/* The same name in another namespace, as a reference. */
static const char *elsewhere(const struct loader *l, const char *class, const char *name)
{
	for (size_t i = 0; i < l->model->n && l->notes.problems->compared < COMPARED_MAX;
	     i++, l->notes.problems->compared++) {
		const struct object *o = l->model->objects[i];

		if (o->name && !strcmp(o->kind->class, class) && !strcmp(o->name, name))
			return arena_fmt(&l->notes.problems->arena, "%s/%s", o->netns, o->name);
	}
	return NULL;
}

static void netns_missing(struct loader *l, const struct object *o, const struct ref *ref, const char *netns)
{
	struct suggest suggest = suggest_counted(netns, &l->notes.problems->compared);

	for (size_t i = 0; i < l->model->n && !suggest_is_spent(&suggest); i++)
		if (l->model->objects[i]->kind->form == FORM_BODY)
			suggest_try(&suggest, l->model->objects[i]->netns);
	object_problem(l->notes.problems, -EINVAL, o, field_of(o, ref), "there is no namespace %s in this file%s%s%s",
		       netns, suggest.best ? "; did you mean " : "", suggest.best ? suggest.best : "",
		       suggest.best ? "?" : "");
}

static void ref_missing(struct loader *l, const struct object *o, const struct ref *ref)
{
	const char *slash = strchr(ref->to, '/'), *name = slash ? slash + 1 : ref->to, *meant;
	struct arena *a = &l->notes.problems->arena;
	const char *ns = slash ? arena_fmt(a, "%.*s", (int)(slash - ref->to), ref->to) : ref->to;
	const struct object *netns = model_netns(l->model, ns);

	if (!netns) {
		netns_missing(l, o, ref, ns);
		return;
	}
	meant = near_in(l, netns, ref->class, name);
	if (!meant)
		meant = elsewhere(l, ref->class, name);
	object_problem(l->notes.problems, -EINVAL, o, field_of(o, ref), "%s is not an interface of %s%s%s%s", name, ns,
		       meant ? "; did you mean " : "", meant ? meant : "", meant ? "?" : "");
}

static void ref_check(struct loader *l, const struct object *o, const struct ref *ref)
{
	if (model_find_ref(l->model, ref->class, ref->to))
		return;
	/* The missing object may be one that another would have given which was not understood. */
	if (l->lost && strcmp(ref->class, "netns"))
		return;
	/* If it is implied by another object, that one is to blame. */
	if (!o->in && !field_of(o, ref))
		return;
	/* Beyond the limit problems are only counted, so that the search stays bounded. */
	if (l->notes.problems->n == PROBLEMS_MAX)
		l->notes.problems->more++;
	else
		ref_missing(l, o, ref);
}

static void refs_check(struct loader *l, const struct object *o)
{
	char netns[128];
	struct ref ref;

	for (size_t i = 0; object_ref(o, false, &i, &ref);)
		ref_check(l, o, &ref);
	/* The objects that it gives exist by now; their namespace may be missing. */
	for (size_t i = 0; object_ref(o, true, &i, &ref) && o->in;) {
		snprintf(netns, sizeof(netns), "%.*s", (int)strcspn(ref.to, "/"), ref.to);
		ref_check(l, o, &(struct ref){ .field = ref.field, .class = "netns", .to = netns });
	}
}

/* ---- nothing depends on itself ---- */

/* One step of a walk from object to object of one class along their references. */
struct step {
	struct object *o;
	size_t next;    /* of its references */
	struct ref ref; /* followed last */
	unsigned below; /* levels of objects below it, those visited so far */
};

/* The last of the @n steps leads back to @o, which is one of them. */
static void cycle_refuse(struct loader *l, const struct step *steps, size_t n, const struct object *o)
{
	const struct step *last = &steps[n - 1];
	size_t from = n - 1, end, used = 0;
	char text[768] = "";

	if (l->notes.problems->n == PROBLEMS_MAX) {
		l->notes.problems->more++;
		return;
	}
	while (steps[from].o != o)
		from--;
	end = n - from > SHOWN_MAX ? from + SHOWN_MAX : n;
	for (size_t i = from; i < end; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s/%s, ", steps[i].o->netns,
					 steps[i].o->name);
	object_problem(l->notes.problems, -EINVAL, last->o, field_of(last->o, &last->ref),
		       "forms a cycle: %s%s%s/%s again", text, end < n ? "..., " : "", o->netns, o->name);
}

/* @o, of the step @s, depends on @base, which is finished and has its levels in its mark.
 * Only the first of a stack that is too high is refused: the walks of the planner go as
 * deep as a stack is high. */
static void level_note(struct loader *l, struct step *s, const struct object *base)
{
	unsigned below = (base->mark >> MARK_BITS) + 1;

	if (below == LEVELS_MAX && below > s->below)
		object_problem(l->notes.problems, -EINVAL, s->o, field_of(s->o, &s->ref),
			       "%s makes a chain of %d interfaces; the kernel allows %d", s->o->place, LEVELS_MAX + 1,
			       LEVELS_MAX);
	s->below = below > s->below ? below : s->below;
}

/* Follows the next reference of the last step; true if it leads to an object of the class. */
static bool step_next(const struct loader *l, struct step *s, struct object **ret)
{
	while (object_ref(s->o, false, &s->next, &s->ref)) {
		if (strcmp(s->ref.class, s->o->kind->class))
			continue;
		*ret = model_find_ref(l->model, s->ref.class, s->ref.to);
		if (*ret)
			return true;
	}
	return false;
}

/* Walks from @first; objects on the path are open, finished ones are closed. */
static void cycle_search(struct loader *l, struct step *steps, struct object *first)
{
	size_t n = 0;
	struct object *o;

	steps[n++] = (struct step){ .o = first };
	first->mark |= MARK_OPEN;
	while (n) {
		if (!step_next(l, &steps[n - 1], &o)) {
			n--;
			steps[n].o->mark ^= MARK_OPEN | MARK_CLOSED;
			steps[n].o->mark |= steps[n].below << MARK_BITS;
			if (n)
				level_note(l, &steps[n - 1], steps[n].o);
			continue;
		}
		if (o->mark & MARK_OPEN) {
			cycle_refuse(l, steps, n, o);
		} else if (o->mark & MARK_CLOSED) {
			level_note(l, &steps[n - 1], o);
		} else {
			steps[n++] = (struct step){ .o = o };
			o->mark |= MARK_OPEN;
		}
	}
}

static void cycles_check(struct loader *l)
{
	_cleanup_(freep) struct step *steps = must(calloc(l->model->n + 1, sizeof(*steps)));

	for (size_t i = 0; i < l->model->n; i++)
		if (!(l->model->objects[i]->mark & MARK_CLOSED))
			cycle_search(l, steps, l->model->objects[i]);
}

/* ---- all together ---- */

static void limits_check(struct loader *l)
{
	const struct where start = { "", l->notes.lines, l->notes.lines };
	size_t interfaces = 0, namespaces = 0;

	for (size_t i = 0; i < l->model->n; i++) {
		const struct object *o = l->model->objects[i];

		interfaces += o->kind->form == FORM_MAP;
		namespaces += o->kind->form == FORM_BODY && strcmp(o->netns, "host");
	}
	if (interfaces > INTERFACES_MAX)
		problem_add(l->notes.problems, -EINVAL, &start, "there are %zu interfaces, at most %d are allowed",
			    interfaces, INTERFACES_MAX);
	if (namespaces > NAMESPACES_MAX)
		problem_add(l->notes.problems, -EINVAL, &start, "there are %zu namespaces, at most %d are allowed",
			    namespaces, NAMESPACES_MAX);
}

static void complete(struct loader *l)
{
	/* Completing adds objects, which are complete when they are added. */
	size_t n = l->model->n;

	model_link(l->model);
	/* Interfaces before what belongs to them: what one is may be said at the other end of its pair only. */
	for (size_t i = 0; i < 2 * n; i++) {
		struct object *o = l->model->objects[i % n];

		if (o->kind->complete && o->kind->in_link == (i >= n) && !(o->mark & MARK_BROKEN))
			o->kind->complete(l->model, o, l->notes.problems);
	}
	model_link(l->model);
}

/* Rules across objects, unless one of them was not understood. */
static void rules_check(struct loader *l)
{
	for (size_t i = 0; i < l->model->n; i++) {
		const struct object *o = l->model->objects[i];

		if (o->kind->check_in && !(o->mark & (MARK_BROKEN | MARK_UNSURE)) && !is_doubtful(l, o->netns))
			o->kind->check_in(l->model, o, l->notes.problems);
	}
	for (size_t k = 0; k < l->kinds->n; k++)
		for (size_t i = 0; i < l->model->n && l->kinds->v[k]->check_netns; i++) {
			const struct object *o = l->model->objects[i];

			if (o->kind->form == FORM_BODY && !is_doubtful(l, o->netns))
				l->kinds->v[k]->check_netns(l->model, o, l->notes.problems);
		}
}

void load_check(struct loader *l)
{
	complete(l);
	limits_check(l);
	for (size_t i = 0; i < l->model->n; i++)
		refs_check(l, l->model->objects[i]);
	for (size_t i = 0; i < l->expect->n; i++)
		refs_check(l, &l->expect->v[i]->object);
	cycles_check(l);
	rules_check(l);
	/* The JSON belongs to the caller and will be freed. */
	for (size_t i = 0; i < l->expect->n; i++)
		l->expect->v[i]->object.in = NULL;
	for (size_t i = 0; i < l->model->n; i++) {
		l->model->objects[i]->in = NULL;
		l->model->objects[i]->declared = l->model->objects[i]->set;
		l->model->objects[i]->mark = 0;
	}
}
