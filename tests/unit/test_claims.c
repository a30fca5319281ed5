/* SPDX-License-Identifier: MIT */
/* test_claims.c - what several topologies declare of the host and of each other's
 * namespaces: who contradicts whom, who uses whose namespaces, and to whom a saved value
 * is transferred. */
#include "topology/claims.h"
#include "topology/topology.h"
#include "disk.h"
#include "records.h"
#include "kind/sysctl.h"
#include "base/log.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <json-c/json.h>

struct fixture {
	char *dir;
	struct env *env;
	struct job *job;
};

static int setup(void **state)
{
	struct fixture *f = must(calloc(1, sizeof(*f)));

	disk_setup((void **)&f->dir);
	f->env = must(calloc(1, sizeof(*f->env)));
	f->job = must(calloc(1, sizeof(*f->job)));
	f->env->kinds = &all_kinds;
	state_opened(&f->env->state, f->dir);
	*state = f;
	return 0;
}

static void change_clear(struct fixture *f)
{
	declaration_done(&f->job->desired);
	declaration_done(&f->job->last);
	problems_done(&f->job->problems);
	*f->job = (struct job){ 0 };
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	change_clear(f);
	while (f->env->n_topologies) {
		model_done(&f->env->topologies[0]->declared);
		topology_drop(f->env, f->env->topologies[0]->name);
	}
	free(f->env->topologies);
	state_close(&f->env->state);
	free(f->env);
	free(f->job);
	disk_teardown((void **)&f->dir);
	free(f);
	return 0;
}

static struct declaration load(const char *json)
{
	struct problems p = { 0 };
	struct declaration t = { 0 };

	if (load_text(json, strlen(json), &all_kinds, &t, &p) < 0)
		fail_msg("%s: %s", json, p.v[0].message);
	problems_done(&p);
	return t;
}

/* The topology @name is up. */
static struct topology *up(struct fixture *f, const char *name, const char *json)
{
	struct declaration d = load(json);
	struct record r = { .state = STATE_UP, .topology = json_text(json) };
	struct topology *t;

	snprintf(r.name, sizeof(r.name), "%s", name);
	model_init(&r.saved, &all_kinds);
	topology_take(f->env, &r, &d.model);
	record_done(&r);
	t = topology_find(f->env, name, NULL);
	t->declared = d.model;
	return t;
}

/* A change of @name from @last to @desired. */
static struct job *change(struct fixture *f, const char *name, const char *last, const char *desired)
{
	change_clear(f);
	snprintf(f->job->next.name, sizeof(f->job->next.name), "%s", name);
	f->job->last = load(last);
	f->job->desired = load(desired);
	return f->job;
}

#define HOST(body) "{\"host\":{" body "}}"
#define NETNS(name, body) "{\"namespaces\":{\"" name "\":{" body "}}}"
#define TTL(n) "\"sysctl\":{\"net.ipv4.ip_default_ttl\":" #n "}"
#define WAN(body) "\"interfaces\":{\"wan\":{" body "}}"
#define ROUTE(via) "\"routes\":[{\"to\":\"10.9.0.0/24\",\"via\":\"" via "\"}]"

static void test_contradictions(void **state)
{
	static const struct {
		const char *theirs, *ours, *object;
	} rows[] = {
		/* A key may have several that agree. */
		{ HOST(TTL(70)), HOST(TTL(70)), NULL },
		{ HOST(TTL(70)), HOST(TTL(71)), "sysctl host" },
		{ HOST(TTL(70)), HOST("\"sysctl\":{\"net.core.somaxconn\":70}"), NULL },
		{ HOST("\"forwarding\":true"), HOST("\"forwarding\":true"), NULL },
		{ HOST("\"forwarding\":true"), HOST("\"forwarding\":false"), "namespace host" },
		/* A topology that declares something else of the host does not contradict forwarding. */
		{ HOST("\"forwarding\":true"), HOST(TTL(70)), NULL },
		/* An interface is managed by one, whatever is declared of it. */
		{ HOST(WAN("\"mtu\":1400")), HOST(WAN("\"mtu\":1400")), "link host/wan" },
		{ HOST(WAN("\"mtu\":1400")), HOST(WAN("\"up\":true")), "link host/wan" },
		/* One that only has objects on it is not managed. */
		{ HOST(WAN("\"mtu\":1400")), HOST(WAN("")), NULL },
		{ HOST(WAN("")), HOST(WAN("\"mtu\":1400")), NULL },
		{ HOST(WAN("\"mtu\":1400")), HOST("\"interfaces\":{\"lan\":{\"mtu\":1400}}"), NULL },
		/* A created object is created by one. */
		{ HOST(ROUTE("10.0.0.1")), HOST(ROUTE("10.0.0.1")), "route host 10.9.0.0/24" },
		{ HOST(ROUTE("10.0.0.1")), HOST("\"routes\":[{\"to\":\"10.8.0.0/24\",\"via\":\"10.0.0.1\"}]"), NULL },
		/* In a namespace of others as on the host; two different namespaces have nothing in common. */
		{ NETNS("lab", "\"existing\":true," TTL(70)), NETNS("lab", "\"existing\":true," TTL(71)),
		  "sysctl lab" },
		{ NETNS("lab", "\"existing\":true," TTL(70)), NETNS("lib", "\"existing\":true," TTL(71)), NULL },
		{ NETNS("lab", "\"existing\":true"), NETNS("lab", "\"existing\":true"), NULL },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct job *j = change(f, "ours", "{}", rows[i].ours);

		if (f->env->n_topologies) {
			model_done(&f->env->topologies[0]->declared);
			topology_drop(f->env, "theirs");
		}
		up(f, "theirs", rows[i].theirs);
		assert_int_equal(claims_check(f->env, j), rows[i].object ? -EEXIST : 0);
		assert_int_equal(j->problems.n, rows[i].object ? 1 : 0);
		if (!rows[i].object)
			continue;
		assert_string_equal(j->problems.v[0].object, rows[i].object);
		assert_string_equal(j->problems.v[0].owner, "theirs");
		/* A topology does not contradict itself. */
		j = change(f, "theirs", rows[i].theirs, rows[i].ours);
		assert_int_equal(claims_check(f->env, j), 0);
	}
}

/* The topology that creates a namespace has declared its contents, too. */
static void test_namespace_of_another_topology(void **state)
{
	struct fixture *f = *state;
	struct job *j;

	up(f, "maker", NETNS("n", TTL(70) ",\"interfaces\":{\"br\":{\"kind\":\"bridge\"}}"));
	j = change(f, "guest", "{}", NETNS("n", "\"existing\":true," TTL(71)));
	assert_int_equal(claims_check(f->env, j), -EEXIST);
	assert_string_equal(j->problems.v[0].owner, "maker");
	j = change(f, "guest", "{}", NETNS("n", "\"existing\":true," TTL(70)));
	assert_int_equal(claims_check(f->env, j), 0);
	j = change(f, "guest", "{}", NETNS("n", "\"existing\":true,\"interfaces\":{\"br\":{\"kind\":\"bridge\"}}"));
	assert_int_equal(claims_check(f->env, j), -EEXIST);
	assert_string_equal(j->problems.v[0].object, "link n/br");
	/* What it declared itself, when it created it. */
	j = change(f, "maker", NETNS("n", TTL(70)), NETNS("n", "\"existing\":true," TTL(71)));
	assert_int_equal(claims_check(f->env, j), 0);
}

/* Of two topologies that use each other's namespaces neither could ever go down; nor of three in a ring. */
static void test_circles(void **state)
{
	struct fixture *f = *state;
	struct job *j;

	up(f, "b", "{\"namespaces\":{\"nb\":{},\"na\":{\"existing\":true}}}");
	j = change(f, "a", NETNS("na", ""), "{\"namespaces\":{\"na\":{},\"nb\":{\"existing\":true}}}");
	assert_int_equal(claims_check(f->env, j), -ELOOP);
	assert_string_equal(j->problems.v[0].message,
			    "namespace nb is created by the topology b, which itself uses a namespace of a");
	j = change(f, "a", NETNS("na", ""), NETNS("na", ""));
	assert_int_equal(claims_check(f->env, j), 0);
	up(f, "c", "{\"namespaces\":{\"nc\":{},\"nb\":{\"existing\":true}}}");
	j = change(f, "a", NETNS("na", ""), "{\"namespaces\":{\"na\":{},\"nc\":{\"existing\":true}}}");
	assert_int_equal(claims_check(f->env, j), -ELOOP);
	assert_non_null(strstr(j->problems.v[0].message, "namespace nc is created by the topology c"));
	/* A topology that uses what belongs to others is in no cycle. */
	j = change(f, "d", "{}", "{\"namespaces\":{\"nd\":{},\"nc\":{\"existing\":true}}}");
	assert_int_equal(claims_check(f->env, j), 0);
}

static void test_who_lives_in_it(void **state)
{
	struct fixture *f = *state;
	const struct topology *user;
	const char *netns;
	struct job *j;

	up(f, "guest", NETNS("n", "\"existing\":true"));
	j = change(f, "maker", "{\"namespaces\":{\"n\":{},\"m\":{}}}", NETNS("m", ""));
	user = claims_user(f->env, j, &netns);
	assert_non_null(user);
	assert_string_equal(user->name, "guest");
	assert_string_equal(netns, "n");
	/* It stays, or nobody uses what is removed, or it was never created by us. */
	j = change(f, "maker", "{\"namespaces\":{\"n\":{},\"m\":{}}}", NETNS("n", ""));
	assert_null(claims_user(f->env, j, &netns));
	j = change(f, "maker", NETNS("n", "\"existing\":true"), "{}");
	assert_null(claims_user(f->env, j, &netns));
	j = change(f, "guest", NETNS("n", ""), "{}");
	assert_null(claims_user(f->env, j, &netns));
	/* Given to others it is removed as well: it is not created any more. */
	j = change(f, "maker", NETNS("n", ""), NETNS("n", "\"existing\":true"));
	assert_non_null(claims_user(f->env, j, &netns));
}

/* The former value of the key, "": none is saved. */
static const char *saved(const struct topology *t)
{
	const struct sysctl *s = (const struct sysctl *)model_find(&t->saved, "sysctl host net.ipv4.ip_default_ttl");

	return s ? s->value : "";
}

static void remember(struct topology *t, const char *json, const char *id)
{
	struct declaration d = load(json);
	const struct object *o = model_find(&d.model, id);

	model_add(&t->saved, object_copy(&t->saved, o, o->set), NULL);
	declaration_done(&d);
}

static void test_saved_values_go_over(void **state)
{
	struct fixture *f = *state;
	struct topology *from = up(f, "from", HOST(TTL(70))), *to = up(f, "to", HOST(TTL(70)));
	struct topology *other = up(f, "other", HOST("\"forwarding\":true"));
	struct err e;

	remember(from, HOST(TTL(64)), "sysctl host net.ipv4.ip_default_ttl");
	remember(from, HOST("\"forwarding\":false"), "netns host");
	/* A topology that keeps the key keeps its saved value. */
	assert_int_equal(claims_transfer(f->env, change(f, "from", HOST(TTL(70)), HOST(TTL(70))), &e), 0);
	assert_string_equal(saved(to), "");
	/* What cannot be recorded is not transferred. */
	disk_fail(DISK_WRITE, 1, ENOSPC);
	assert_int_equal(claims_transfer(f->env, change(f, "from", HOST(TTL(70)), "{}"), &e), -ENOSPC);
	disk_fail(0, 0, 0);
	assert_int_equal(claims_transfer(f->env, change(f, "from", HOST(TTL(70)), "{}"), &e), 0);
	assert_string_equal(saved(to), "64");
	assert_string_equal(saved(other), "");
	/* All topologies have something of the host, but only that one declares it. */
	assert_non_null(model_find(&other->saved, "netns host"));
	assert_null(model_find(&to->saved, "netns host"));
	assert_string_equal(disk_list(disk_path(f->dir, "known")), "other.json to.json ");
}

/* Whoever creates the namespace has the key from then on; a link of its own reverts to the kernel's default. */
static void test_saved_values_go_to_the_owner(void **state)
{
	struct fixture *f = *state;
	const char *existing = NETNS("n", "\"existing\":true," TTL(70) ",\"forwarding\":true," WAN("\"mtu\":1300"));
	struct topology *owner = up(f, "owner", NETNS("n", TTL(70) "," WAN("\"kind\":\"bridge\",\"mtu\":1300")));
	struct topology *guest = up(f, "guest", existing);
	const struct sysctl *s;
	struct err e;

	remember(guest, NETNS("n", "\"existing\":true," TTL(64)), "sysctl n net.ipv4.ip_default_ttl");
	remember(guest, NETNS("n", "\"existing\":true," WAN("\"mtu\":1500")), "link n/wan");
	assert_int_equal(claims_transfer(f->env, change(f, "guest", existing, "{}"), &e), 0);
	s = (const struct sysctl *)model_find(&owner->saved, "sysctl n net.ipv4.ip_default_ttl");
	assert_string_equal(s->value, "64");
	assert_int_equal(owner->saved.n, 1);
}

/* What the kernel chose for the owner is no reason to keep what the guest set. */
static void test_what_owners_declare(void **state)
{
	struct fixture *f = *state;
	const char *existing = NETNS("n", "\"existing\":true," TTL(70) "," WAN("\"mtu\":1300,\"txqlen\":7"));
	struct declaration last = load(existing);
	const struct object *wan;
	struct model owned;

	up(f, "guest", existing);
	up(f, "owner", NETNS("n", TTL(70) "," WAN("\"kind\":\"bridge\",\"mtu\":1300")));
	up(f, "third", NETNS("third", TTL(70)));
	model_init(&owned, &all_kinds);
	claims_owned(f->env, "guest", &last.model, &owned);
	assert_non_null(model_find(&owned, "sysctl n net.ipv4.ip_default_ttl"));
	wan = model_find(&owned, "link n/wan");
	assert_true(object_has(wan, (size_t)kind_field(wan->kind, "mtu")));
	assert_false(object_has(wan, (size_t)kind_field(wan->kind, "txqlen")));
	assert_false(object_has(wan, (size_t)kind_field(wan->kind, "stp_state")));
	model_done(&owned);
	declaration_done(&last);
	/* Nobody manages what the owner creates. */
	model_init(&owned, &all_kinds);
	last = load(NETNS("n", TTL(70)));
	claims_owned(f->env, "owner", &last.model, &owned);
	assert_int_equal(owned.n, 0);
	declaration_done(&last);
	model_done(&owned);
}

/* What is handed to a pass: the claims of all others that are up, and of a running change, which may fail. */
static void test_of_others(void **state)
{
	struct fixture *f = *state;
	struct claim *all;
	size_t n;

	up(f, "a", HOST(TTL(70)));
	up(f, "b", NETNS("n", ""));
	up(f, "c", HOST("\"forwarding\":true"));
	all = claims_of_others(f->env, "c", &n);
	assert_int_equal(n, 1);
	assert_string_equal(all[0].topology, "a");
	assert_false(all[0].pending);
	assert_non_null(model_find(all[0].model, "sysctl host net.ipv4.ip_default_ttl"));
	free(all);
	f->env->changing = change(f, "b", NETNS("n", ""), HOST(TTL(71)));
	all = claims_of_others(f->env, "a", &n);
	assert_int_equal(n, 2);
	assert_string_equal(all[0].topology, "b");
	assert_true(all[0].pending);
	assert_string_equal(all[1].topology, "c");
	free(all);
	/* A topology's own change is not another's. */
	all = claims_of_others(f->env, "b", &n);
	assert_int_equal(n, 2);
	assert_false(all[0].pending);
	free(all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_contradictions, setup, teardown),
		cmocka_unit_test_setup_teardown(test_namespace_of_another_topology, setup, teardown),
		cmocka_unit_test_setup_teardown(test_circles, setup, teardown),
		cmocka_unit_test_setup_teardown(test_who_lives_in_it, setup, teardown),
		cmocka_unit_test_setup_teardown(test_saved_values_go_over, setup, teardown),
		cmocka_unit_test_setup_teardown(test_saved_values_go_to_the_owner, setup, teardown),
		cmocka_unit_test_setup_teardown(test_what_owners_declare, setup, teardown),
		cmocka_unit_test_setup_teardown(test_of_others, setup, teardown),
	};

	log_set_level(LOG_EMERG);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
