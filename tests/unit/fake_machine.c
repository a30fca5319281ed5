/* SPDX-License-Identifier: MIT */
/* fake_machine.c - hands the fake kernel to a job, as machine.c does the real one. */
#include "base/json.h"
#include "fake_machine.h"
#include "kind_tunnel.h"
#include "kernel/netns.h"

static enum netns_state state_of(const struct fake *k, const char *netns)
{
	if (fake_find_ref(k, "netns", netns))
		return NETNS_NAMED;
	for (size_t i = 0; i < k->n; i++)
		if (k->v[i].pins && !strcmp(k->v[i].o->netns, netns))
			return NETNS_UNLINKED;
	return NETNS_ABSENT;
}

static int fake_open(void *arg, struct netns_set *set, const char **names, size_t n, _unused_ const char *pins,
		     _unused_ struct err *e)
{
	const struct fake_machine *m = arg;

	*set = (struct netns_set){ .v = must(calloc(n, sizeof(*set->v))) };
	for (size_t i = 0; i < n; i++)
		if (!set->n || strcmp(set->v[set->n - 1].name, names[i]))
			set->v[set->n++] =
				(struct netns){ .name = names[i], .fd = -1, .state = state_of(m->kernel, names[i]) };
	return 0;
}

static int fake_observe(void *arg, const struct netns_set *set, const struct netns *ns, const struct wish *w,
			struct model *observed, _unused_ struct err *e)
{
	struct fake_machine *m = arg;

	m->kernel->exclusive = set->exclusive;
	if (netns_is_there(ns))
		fake_show(m->kernel, observed, ns->name, w->desired, w->last);
	return 0;
}

/* What was to be removed may have gone with something else already, silently; and in a rollback a link whose end it
 * is may be unknown.  The kernel reports that (is_gone() in rtnl.c), and a plan from what is known has no such
 * step. */
static bool is_gone(const struct fake_machine *m, const struct op *op, int r)
{
	return !op->after && (r == -ESRCH || r == -EADDRNOTAVAIL || (m->goes_back && r == -ENODEV));
}

static int take(struct fake_machine *m, struct execution *x, const struct op *op)
{
	const struct object *o = op->after ? op->after : op->before;
	struct netns *ns = object_is(o, "netns") ? netns_find(x->batch.set, o->netns) : NULL;
	int r = op->mark ? fake_mark(m->kernel, op->before, x->batch.topology) : fake_step(m->kernel, x->plan, op);

	if (r < 0)
		return is_gone(m, op, r) ? 0 : r;
	if (op->mark)
		return 0;
	if (ns && !op->before)
		ns->state = NETNS_FRESH;
	else if (ns && !op->after)
		ns->state = ns->state == NETNS_FRESH ? NETNS_ABSENT : NETNS_PINNED;
	return 0;
}

/* The kernel continues after a message that it refuses. */
static void take_more(struct fake_machine *m, struct execution *x)
{
	const struct op *refused = &x->plan->ops[x->next];
	const char *netns = (refused->after ? refused->after : refused->before)->netns;

	for (size_t i = x->next + 1; i < x->plan->n && i <= x->next + m->more; i++) {
		const struct op *op = &x->plan->ops[i];

		if (strcmp((op->after ? op->after : op->before)->netns, netns) || take(m, x, op) < 0)
			return;
	}
}

static int fail(struct fake_machine *m, struct err *e)
{
	m->cut_off = m->cuts_off;
	m->goes_back = true;
	return err_set(e, EIO, "the test has it fail here");
}

static int fake_execute(void *arg, struct execution *x, const struct op **ret_op, struct err *e)
{
	struct fake_machine *m = arg;
	size_t step = m->steps;
	struct op *op = x->next < x->plan->n ? &x->plan->ops[x->next] : NULL;
	int r;

	if (!op || m->cut_off)
		return 0;
	m->steps++;
	m->kernel->noted = &x->batch.noted;
	if (step == m->fails[0] || step == m->fails[1]) {
		take_more(m, x);
		r = fail(m, e);
	} else {
		r = take(m, x, op);
		if (r < 0)
			err_set(e, -r, "the fake kernel refuses it: %s", strerror(-r));
	}
	m->kernel->noted = NULL;
	*ret_op = r < 0 ? op : NULL;
	x->next += r == 0;
	return r < 0 ? r : x->next < x->plan->n;
}

static int fake_give_name(void *arg, _unused_ struct netns_set *set, struct netns *ns, _unused_ struct err *e)
{
	struct fake_machine *m = arg;

	if (m->cut_off)
		return 0;
	for (size_t i = 0; i < m->kernel->n; i++) {
		struct fake_entry *one = &m->kernel->v[i];

		if (!strcmp(one->o->netns, ns->name))
			one->fresh = one->pins = false;
	}
	ns->state = NETNS_NAMED;
	return 0;
}

static int store_begin(void *arg, const struct record *r, _unused_ struct err *e)
{
	struct fake_machine *m = arg;
	struct json_object *json = record_json(r);

	free(m->pending);
	m->pending = must(strdup(json_object_to_json_string(json)));
	json_object_put(json);
	return 0;
}

static int pending_read(const struct fake_machine *m, struct record *ret, struct err *e)
{
	*ret = (struct record){ 0 };
	snprintf(ret->name, sizeof(ret->name), "%s", m->kernel->topology);
	return record_parse(ret, m->pending, strlen(m->pending), m->machine.kinds, e);
}

static int store_commit(void *arg, _unused_ const char *name, struct err *e)
{
	struct fake_machine *m = arg;
	struct record r;
	int code;

	if (m->commit_fails) {
		m->commit_fails = false;
		return fail(m, e);
	}
	code = pending_read(m, &r, e);
	if (code == 0) {
		model_done(&m->saved);
		m->saved = r.saved;
		r.saved = (struct model){ 0 };
		code = fake_commit(m->kernel);
		if (code < 0)
			err_set(e, -code, "a veth pair leads out of a namespace that is removed");
	}
	record_done(&r);
	return code;
}

static int store_abandon(void *arg, _unused_ const char *name, _unused_ struct err *e)
{
	struct fake_machine *m = arg;

	return m->cut_off ? 0 : fake_drop(m->kernel);
}

static void saved_copy(struct model *to, const struct model *from)
{
	model_init(to, tunnel_kinds());
	for (size_t i = 0; from && i < from->n; i++)
		model_add(to, object_copy(to, from->objects[i], ~UINT64_C(0)), NULL);
}

void fake_machine_init(struct fake_machine *m, struct fake *k, const struct model *saved)
{
	*m = (struct fake_machine){ .kernel = k, .fails = { NEVER, NEVER } };
	m->machine = (struct machine){
		.kinds = tunnel_kinds(),
		.identity = "machine",
		.next_index = &m->next_index,
		.arg = m,
		.open = fake_open,
		.observe = fake_observe,
		.execute = fake_execute,
		.name = fake_give_name,
	};
	m->store = (struct store){ m, store_begin, store_commit, store_abandon };
	saved_copy(&m->saved, saved);
}

void fake_machine_done(struct fake_machine *m)
{
	model_done(&m->saved);
	free(m->pending);
}

static void load(struct declaration *to, struct json_object *json)
{
	struct problems p = { 0 };

	if (!json)
		return;
	model_done(&to->model);
	if (load_json(json, NULL, tunnel_kinds(), to, &p) < 0) {
		fprintf(stderr, "%s: %s\n%s\n", p.v[0].where.pointer, p.v[0].message, json_object_to_json_string(json));
		abort();
	}
}

void fake_job(struct job *j, const struct fake_machine *m, struct json_object *desired, struct json_object *last)
{
	_cleanup_(json_putp) struct json_object *empty = json_object_new_object();

	*j = (struct job){ 0 };
	job_init(j, &m->machine, &m->store);
	snprintf(j->next.name, sizeof(j->next.name), "%s", m->kernel->topology);
	j->next.topology = json_text_new(desired ? desired : empty);
	j->next.state = desired ? STATE_UP : STATE_DOWN;
	j->next.had = last;
	load(&j->desired, desired);
	load(&j->last, last);
	saved_copy(&j->next.saved, &m->saved);
}

void fake_job_plan(struct job *j)
{
	while ((j->phase == JOB_PREPARE || j->phase == JOB_OBSERVE) && job_step(j))
		;
}

void fake_job_recover(struct job *j, struct fake_machine *m, struct json_object *last)
{
	_cleanup_(json_putp) struct json_object *desired = NULL;
	struct record r;
	struct err e;

	fake_cut_off(m->kernel);
	m->cut_off = m->cuts_off = false;
	if (pending_read(m, &r, &e) < 0) {
		fprintf(stderr, "%s\n", e.text);
		abort();
	}
	desired = r.state == STATE_UP ? json_text_parse(r.topology) : NULL;
	fake_job(j, m, desired, last);
	job_recover(j, &r.delta);
	record_done(&r);
}

char *fake_plan_text(const struct plan *p)
{
	char *text;
	size_t size;
	FILE *f = must(open_memstream(&text, &size));

	for (size_t i = 0; i < p->n; i++) {
		struct arena a = { 0 };
		struct step s;

		if (plan_step(&p->ops[i], &a, &s)) {
			char sign = *s.action == 'c' ? (s.action[1] == 'r' ? '+' : '~') : '-';

			fprintf(f, "%c %s %s%s%s", sign, s.kind, s.object, *s.detail ? " " : "", s.detail);
			fprintf(f, strcmp(s.effect, "none") ? " [%s]\n" : "%s\n",
				strcmp(s.effect, "none") ? s.effect : "");
			for (const char *l = s.lines ? s.lines : ""; *l; l = strchr(l, '\n') + 1)
				fprintf(f, "    %.*s\n", (int)strcspn(l, "\n"), l);
		}
		arena_done(&a);
	}
	fclose(f);
	return text;
}
