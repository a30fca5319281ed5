/* SPDX-License-Identifier: MIT */
/* export.c - reads one namespace after the other, and makes a topology of what was read.  Of a namespace that is not
 * asked for only those interfaces are told that the others depend on: the other ends of their veth pairs. */
#include "export.h"
#include "export_apart.h"
#include "export_connect.h"
#include "export_declared.h"
#include "export_names.h"
#include "kind/sysctl.h"
#include "kernel/nft_owner.h"
#include "kind/observe.h"
#include "model/order.h"
#include "transaction/machine.h"

enum { OBJECTS_A_STEP = 256 };

enum stage { OBSERVE, CONNECT, WIDEN, CONNECT_AGAIN, RESOLVE, REDUCE, ADD, CHECK, DONE };

struct exporting {
	struct exporting_options options;
	struct arena arena;
	enum stage stage;
	size_t at; /* within the stage */
	struct netns_set set;
	bool *asked, *needed;           /* of set: asked for; other ends are in it */
	struct observing *observing;    /* the namespace that is being read … */
	struct sysctl_reading *reading; /* … and then its sysctls; its objects begin at: */
	size_t before;
	struct model observed, others, nothing; /* others: links of namespaces that are not asked for */
	struct connecting connecting;
	bool *told;            /* of a namespace that is only needed: by the place of an object in the model */
	struct object **order; /* namespaces, the oldest first, but those that are declared as they are */
	struct object *next;   /* in the one that is being told; NULL: it begins */
	size_t n_order;
	struct sysctl_defaults *defaults;
	struct unsaid unsaid;
	struct json_object *topology;
	struct checking *checking; /* of it */
};

/* ---- what there is ---- */

static bool is_all(const struct exporting *x)
{
	return x->options.n == 0;
}

/* Marks those that are asked for; each of them has to be there. */
static int names_take(struct exporting *x, const char **ret_missing, struct err *e)
{
	for (size_t i = 0; i < x->options.n; i++) {
		const struct netns *ns = netns_find(&x->set, x->options.names[i]);

		if (ns && netns_is_there(ns)) {
			x->asked[ns - x->set.v] = true;
			continue;
		}
		if (ret_missing)
			*ret_missing = x->options.names[i];
		return err_set(e, ENOENT, "there is no namespace %s: \"ip netns list\" shows those that there are",
			       x->options.names[i]);
	}
	for (size_t i = 0; i < x->set.n && is_all(x); i++)
		x->asked[i] = true;
	return 0;
}

int exporting_begin(struct exporting **ret, const struct exporting_options *options, const char **ret_missing,
		    struct err *e)
{
	struct exporting *x = must(calloc(1, sizeof(*x)));
	_cleanup_(freep) const char **names = NULL;
	size_t n;
	int r;

	x->options = *options;
	model_init(&x->observed, options->kinds);
	model_init(&x->others, options->kinds);
	model_init(&x->nothing, options->kinds);
	x->topology = export_begin();
	names = export_names(options->dir, &x->arena, is_all(x) ? &x->unsaid : NULL, &n);
	r = machine_open((void *)(uintptr_t)options->dir, &x->set, names, n, NULL, e);
	x->asked = must(calloc(n + 1, sizeof(*x->asked)));
	x->needed = must(calloc(n + 1, sizeof(*x->needed)));
	r = r < 0 ? r : names_take(x, ret_missing, e);
	if (r < 0) {
		exporting_end(x);
		return r;
	}
	x->defaults = sysctl_defaults_new(&x->unsaid);
	*ret = x;
	return 0;
}

/* ---- reading ---- */

/* Begins to read the namespace @i of the set. */
static void observe_begin(struct exporting *x, size_t i, struct model *to, bool links)
{
	const struct extent extent = {
		.adopting = true,
		.links = links,
		.declared = x->options.declares,
		.identity = x->options.identity,
		.macs = x->options.macs,
		.macs_arg = x->options.arg,
		.unsaid = &x->unsaid,
	};

	x->before = to->n;
	x->observing = observing_begin(to, &x->set.v[i], &x->set, "", extent, &x->nothing, &x->nothing);
}

static void left_out(struct exporting *x, size_t i, struct model *to, const struct err *e)
{
	model_truncate(to, x->before);
	unsaid_add(&x->unsaid, "namespace %s could not be read, and is left out: %s", x->set.v[i].name, e->text);
}

/* A slice of its sysctls; true: there is more. */
static bool observe_sysctls(struct exporting *x, size_t i, struct model *to)
{
	struct err e;
	int r = sysctl_reading_step(x->reading, &e);

	if (r > 0)
		return true;
	if (r < 0)
		left_out(x, i, to, &e);
	sysctl_reading_free(TAKE(x->reading));
	return false;
}

/* A slice of it; true: there is more. */
static bool observe(struct exporting *x, size_t i, struct model *to, bool links)
{
	struct err e;
	int r;

	if (x->reading)
		return observe_sysctls(x, i, to);
	if (!x->observing)
		observe_begin(x, i, to, links);
	r = observing_step(x->observing, &e);
	if (r > 0)
		return true;
	if (r < 0)
		left_out(x, i, to, &e);
	else if (!links)
		x->reading = sysctl_reading_new(to, &x->set.v[i], x->defaults);
	observing_end(TAKE(x->observing));
	return x->reading;
}

static void observe_declared(struct exporting *x, size_t at)
{
	const char *name;
	struct model *m;

	for (size_t i = 0;
	     x->options.declares && x->options.declares(x->options.arg, x->set.v[at].name, &i, &name, &m);)
		export_declared(&x->observed, &x->set, at, name, m, &x->unsaid);
	nft_owner_rest();
}

/* Whether it is one that topologies manage, and none creates. */
static bool is_existing(const struct exporting *x, const char *netns)
{
	struct model *m;
	const char *name;
	size_t n = 0;

	for (size_t i = 0; x->options.declares && x->options.declares(x->options.arg, netns, &i, &name, &m); n++)
		if (!model_netns(m, netns)->managed)
			return false;
	return n;
}

static void mark_existing(struct exporting *x)
{
	for (size_t i = 0; i < x->observed.n; i++) {
		struct object *o = x->observed.objects[i];
		bool host = !strcmp(o->netns, "host");

		if (!object_is(o, "netns") || (!host && !is_existing(x, o->netns)))
			continue;
		o->managed = true;
		if (!host)
			object_set(&x->observed, o, "existing", "true");
	}
}

/* Each of these takes a step of its stage; false: it is done. */
static bool step_observe(struct exporting *x)
{
	if (x->at == x->set.n)
		return false;
	if (netns_is_there(&x->set.v[x->at])) {
		if (observe(x, x->at, x->asked[x->at] ? &x->observed : &x->others, !x->asked[x->at]))
			return true;
		if (x->asked[x->at])
			observe_declared(x, x->at);
	} else if (is_all(x) && x->set.v[x->at].state != NETNS_ABSENT) {
		unsaid_add(&x->unsaid, "namespace %s: what has that name in %s is no network namespace",
			   x->set.v[x->at].name, x->options.dir);
	}
	x->at++;
	return true;
}

static bool step_connect(struct exporting *x)
{
	if (x->at == 0)
		connecting_begin(&x->connecting, &x->set, &x->observed, &x->others);
	if (x->at < x->set.n)
		connecting_step(&x->connecting, x->at);
	else
		connecting_end(&x->connecting);
	return x->at++ < x->set.n;
}

/* Finds the namespaces that are needed, and reads them. */
static void need(struct exporting *x)
{
	for (size_t i = 0; i < x->observed.n; i++) {
		const char *to = connecting_peer(x->observed.objects[i]);
		char name[128];
		const struct netns *ns;

		if (!to)
			continue;
		snprintf(name, sizeof(name), "%.*s", (int)strcspn(to, "/"), to);
		ns = netns_find(&x->set, name);
		if (ns && !x->asked[ns - x->set.v])
			x->needed[ns - x->set.v] = true;
	}
}

static bool step_widen(struct exporting *x)
{
	if (x->at == 0)
		need(x);
	if (x->at == x->set.n)
		return false;
	if (x->needed[x->at] && observe(x, x->at, &x->observed, false))
		return true;
	x->at++;
	return true;
}

static int age_cmp(const void *a, const void *b)
{
	const struct object *x = *(struct object *const *)a, *y = *(struct object *const *)b;
	bool host_x = !strcmp(x->netns, "host"), host_y = !strcmp(y->netns, "host");

	if (host_x != host_y)
		return host_x ? -1 : 1;
	return x->cookie != y->cookie ? (x->cookie < y->cookie ? -1 : 1) : strcmp(x->netns, y->netns);
}

/* The place in the file of the first topology that declares it. */
static uint64_t rank(const void *arg, const struct object *o)
{
	const struct exporting *x = arg;
	const char *name;
	struct model *m;

	for (size_t i = 0; x->options.declares && x->options.declares(x->options.arg, o->netns, &i, &name, &m);) {
		uint64_t r = order_declared(m, o);

		if (r)
			return r + ((uint64_t)i << 32);
	}
	return 0;
}

static void list_namespaces(struct exporting *x)
{
	x->order = must(calloc(x->set.n + 1, sizeof(struct object *)));
	for (size_t i = 0; i < x->observed.n; i++)
		if (object_is(x->observed.objects[i], "netns"))
			x->order[x->n_order++] = x->observed.objects[i];
	qsort(x->order, x->n_order, sizeof(struct object *), age_cmp);
	order_objects(x->order, x->n_order, rank, x);
}

/* Tells the other ends of pairs in namespaces that were not asked for, and what these refer to. */
static void tell_needed(struct exporting *x, const char *place)
{
	struct object *o = model_find_ref(&x->observed, "link", place);
	const struct netns *ns = o ? netns_find(&x->set, o->netns) : NULL;
	struct ref ref;

	if (!ns || !x->needed[ns - x->set.v] || x->told[o->seq])
		return;
	x->told[o->seq] = true;
	for (size_t i = 0; object_ref(o, false, &i, &ref);)
		if (!strcmp(ref.class, "link"))
			tell_needed(x, ref.to);
}

static bool step_resolve(struct exporting *x)
{
	mark_existing(x);
	list_namespaces(x);
	x->told = must(calloc(x->observed.n + 1, sizeof(*x->told)));
	for (size_t i = 0; i < x->observed.n; i++) {
		struct object *o = x->observed.objects[i];

		if (o->kind->resolve)
			o->kind->resolve(&x->observed, o, NULL);
	}
	model_link(&x->observed);
	for (size_t i = 0; i < x->n_order; i++)
		order_links(x->order[i], rank, x);
	for (size_t i = 0; i < x->observed.n; i++) {
		const struct netns *ns = netns_find(&x->set, x->observed.objects[i]->netns);
		const char *to = x->asked[ns - x->set.v] ? connecting_peer(x->observed.objects[i]) : NULL;

		if (to)
			tell_needed(x, to);
	}
	return false;
}

/* ---- telling ---- */

static bool is_told(const void *arg, const struct object *o, size_t field)
{
	const struct exporting *x = arg;
	const struct netns *ns = netns_find(&x->set, o->netns);
	const struct object *link =
		o->name && !object_is(o, "link") ? model_find_ref(&x->observed, "link", o->place) : o;

	if (x->needed[ns - x->set.v] && !(link && link->name && x->told[link->seq]))
		return false;
	return !x->options.is_told || x->options.is_told(x->options.arg, o, field);
}

static struct export telling(struct exporting *x)
{
	return (struct export){ .observed = &x->observed, .unsaid = &x->unsaid, .is_told = is_told, .arg = x };
}

static bool step_reduce(struct exporting *x)
{
	const struct export telling_all = telling(x);

	if (x->at == x->n_order)
		return false;
	if (!x->next)
		x->next = x->order[x->at];
	export_reduce(&telling_all, &x->next, OBJECTS_A_STEP);
	x->at += !x->next;
	return true;
}

static bool step_add(struct exporting *x)
{
	const struct export telling_all = telling(x);

	if (x->at == x->n_order) {
		export_order(x->topology, x->order, x->n_order);
		return false;
	}
	if (!x->next)
		x->next = x->order[x->at];
	export_add(&telling_all, x->topology, &x->next, OBJECTS_A_STEP);
	x->at += !x->next;
	return true;
}

static bool step_check(struct exporting *x)
{
	return checking_round(&x->checking, x->topology, x->options.kinds, &x->at, &x->unsaid);
}

int exporting_waits(const struct exporting *x)
{
	return x->checking ? checking_fd(x->checking) : -1;
}

bool exporting_step(struct exporting *x)
{
	static bool (*const stages[])(struct exporting *x) = {
		[OBSERVE] = step_observe, [CONNECT] = step_connect,
		[WIDEN] = step_widen,     [CONNECT_AGAIN] = step_connect,
		[RESOLVE] = step_resolve, [REDUCE] = step_reduce,
		[ADD] = step_add,         [CHECK] = step_check,
	};

	if (x->stage == DONE)
		return false;
	if (stages[x->stage](x))
		return true;
	x->at = 0;
	return ++x->stage < DONE;
}

struct json_object *exporting_take(struct exporting *x)
{
	return x->stage == DONE ? TAKE(x->topology) : NULL;
}

const struct unsaid *exporting_unsaid(const struct exporting *x)
{
	return &x->unsaid;
}

void exporting_end(struct exporting *x)
{
	if (!x)
		return;
	checking_end(x->checking);
	observing_end(x->observing);
	sysctl_reading_free(x->reading);
	connecting_end(&x->connecting);
	netns_set_done(&x->set);
	model_done(&x->observed);
	model_done(&x->others);
	model_done(&x->nothing);
	sysctl_defaults_free(x->defaults);
	free(x->asked);
	free(x->needed);
	free(x->told);
	free(x->order);
	json_object_put(x->topology);
	unsaid_done(&x->unsaid);
	arena_done(&x->arena);
	free(x);
}
