/* SPDX-License-Identifier: MIT */
/* check_other.c - other programs at work, and the limits of the machine. */
#include "check.h"

enum {
	BRIDGE_PORTS_MAX = 1023, /* BR_MAX_PORTS, net/bridge/br_private.h */
	NEAR = 90,               /* percent of a limit */
};

void judge_other_manager(struct diagnosis *d, const struct check *c)
{
	static const struct {
		const char *program, *command;
	} commands[] = {
		{ "NetworkManager", "nmcli device set %s managed no" },
		{ "systemd-networkd", "networkctl status %s" },
		{ "dhcpcd", "dhcpcd --release %s" },
		{ "ifupdown", "ifdown %s" },
	};

	for (size_t i = 0; i < d->f->n_managers; i++) {
		const struct manager_fact *m = &d->f->managers[i];
		const struct at at = { &d->f->netns[0], survey_link_named(&d->f->netns[0].s, m->link) };
		struct finding *f;

		if (!at.l || !is_declared(d, &at))
			continue;
		f = finding_add(d, c, &at, "%s manages it, too", m->program);
		for (size_t k = 0; k < ARRAY_SIZE(commands); k++)
			if (!strcmp(m->program, commands[k].program))
				finding_command(d, f, "%.*s%s%s", (int)strcspn(commands[k].command, "%"),
						commands[k].command, word_of(d, m->link),
						strchr(commands[k].command, '%') + 2);
	}
}

bool is_udevs(const struct diagnosis *d, const struct drift_fact *drift)
{
	const char *slash = strchr(drift->object, '/');

	if (strcmp(drift->kind, "link") != 0 || !slash || !drift->actual || !strstr(drift->actual, "mac ") ||
	    strncmp(drift->object, "host/", 5) != 0)
		return false;
	for (size_t i = 0; i < d->f->n_udev_links; i++)
		if (!strcmp(d->f->udev_links[i], slash + 1))
			return true;
	return false;
}

void judge_udev_mac(struct diagnosis *d, const struct check *c)
{
	for (size_t t = 0; t < d->f->n_topologies; t++)
		for (size_t i = 0; i < d->f->topologies[t].n_drifts; i++) {
			const struct drift_fact *drift = &d->f->topologies[t].drifts[i];
			struct finding *f;

			if (!drift->open || !is_udevs(d, drift))
				continue;
			f = finding_add(d, c, &(struct at){ 0 },
					"its hardware address was changed, and udev has a .link file for it");
			f->topology = d->f->topologies[t].name;
			f->object = drift->object;
			finding_command(d, f, "udevadm info /sys/class/net/%s",
					word_of(d, strchr(drift->object, '/') + 1));
		}
}

void judge_stale_name(struct diagnosis *d, const struct check *c)
{
	for (size_t i = 0; i < d->f->n_netns; i++) {
		const struct netns_fact *n = &d->f->netns[i];
		struct finding *f;

		if (!n->stale)
			continue;
		f = finding_add(d, c, &(struct at){ n, NULL }, "/run/netns/%s is a file, and no namespace", n->name);
		finding_command(d, f, "rm /run/netns/%s", n->name);
	}
}

void judge_nameless(struct diagnosis *d, const struct check *c)
{
	for (size_t i = 0; i < d->f->n_nameless; i++) {
		const struct nameless_fact *n = &d->f->nameless[i];
		struct finding *f;

		/* netnsd can give it back its name. */
		if (n->missing)
			continue;
		f = finding_add(d, c, &(struct at){ 0 },
				"a namespace that netnsd made has no name any more, and lives: %s (pid %d) is in it",
				n->command, n->pid);
		f->veiled = "a namespace that netnsd made has no name any more, and lives: root sees who is in it";
		f->topology = n->topology;
		finding_command(d, f, "kill %d", n->pid);
	}
}

/* ---- the machine ---- */

bool lacks_module(const struct topology_fact *t)
{
	/* rtnl_newlink_create, net/core/rtnetlink.c; qdisc_create, net/sched/sch_api.c */
	static const char *const words[] = { "Unknown device type", "Specified qdisc kind is unknown" };

	for (size_t i = 0; i < ARRAY_SIZE(words) && t->kernel; i++)
		if (strstr(t->kernel, words[i]))
			return t->failed;
	return t->failed && t->problem_code == -EOPNOTSUPP;
}

void judge_module_missing(struct diagnosis *d, const struct check *c)
{
	for (size_t t = 0; t < d->f->n_topologies; t++) {
		const struct topology_fact *one = &d->f->topologies[t];
		struct finding *f;

		if (!lacks_module(one))
			continue;
		f = finding_add(d, c, &(struct at){ 0 }, "the kernel does not support it: %s", one->problem ?: "");
		f->topology = f->object = one->name;
		finding_command(d, f, "netnsctl status %s", one->name);
	}
}

void judge_userns_blocked(struct diagnosis *d, const struct check *c)
{
	if (d->f->userns_blocked)
		finding_command(d,
				finding_add(d, c, &(struct at){ 0 },
					    "AppArmor keeps users other than root from making user namespaces"),
				"sysctl -w kernel.apparmor_restrict_unprivileged_userns=0");
}

static bool is_near(uint64_t used, uint64_t max)
{
	return max && used >= max / 100 * NEAR && used * 100 >= max * NEAR;
}

void judge_bridge_ports(struct diagnosis *d, const struct check *c)
{
	for (size_t i = 0; i < d->f->n_netns; i++) {
		const struct netns_fact *n = &d->f->netns[i];
		uint32_t *ports = must(calloc(n->s.n_links + 1, sizeof(*ports)));

		for (size_t k = 0; k < n->s.n_links; k++) {
			const struct link_fact *master =
				n->s.links[k].master ? survey_link(&n->s, n->s.links[k].master) : NULL;

			if (master && master->class == LINK_BRIDGE)
				ports[master - n->s.links]++;
		}
		for (size_t k = 0; k < n->s.n_links; k++) {
			const struct at at = { n, &n->s.links[k] };

			if (is_near(ports[k], BRIDGE_PORTS_MAX) && is_declared(d, &at))
				finding_add(d, c, &at, "the bridge has %u ports of at most %d", ports[k],
					    BRIDGE_PORTS_MAX);
		}
		free(ports);
	}
}

void judge_limits(struct diagnosis *d, const struct check *c)
{
	for (size_t i = 0; i < d->f->n_limits; i++) {
		const struct limit_fact *l = &d->f->limits[i];

		struct finding *f;

		if (!is_near(l->used, l->max))
			continue;
		f = finding_add(d, c, &(struct at){ 0 }, "%llu %s of at most %llu", (unsigned long long)l->used,
				l->name, (unsigned long long)l->max);
		if (l->key)
			finding_command(d, f, "sysctl -w %s=%llu", l->key, (unsigned long long)l->max * 4);
		else
			finding_command(d, f, "%s", l->command);
	}
}

void judge_conntrack(struct diagnosis *d, const struct check *c)
{
	for (size_t i = 0; i < d->f->n_netns; i++) {
		const struct netns_fact *n = &d->f->netns[i];

		/* The limit is that of the whole machine. */
		if (n->place != PLACE_FOREIGN && is_near(n->s.conntrack_count, n->s.conntrack_max))
			finding_command(d,
					finding_add(d, c, &(struct at){ n, NULL },
						    "%llu tracked connections of at most %llu",
						    (unsigned long long)n->s.conntrack_count,
						    (unsigned long long)n->s.conntrack_max),
					"sysctl -w net.netfilter.nf_conntrack_max=%llu",
					(unsigned long long)n->s.conntrack_max * 4);
	}
}
