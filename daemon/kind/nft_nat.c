/* SPDX-License-Identifier: MIT */
/* nft_nat.c - the field "nat": masquerade and dnat, and the rules that they become. */
#include "nft.h"

/* ---- the value ---- */

static int nat_read(const struct node *n, const char *key, void *ret, struct notes *notes, struct arena *a)
{
	static const char *const words[] = { "masquerade", "dnat" };
	struct nft_nat *nat = ret;

	if (!n->in && (!strcmp(key, "masquerade") || !strcmp(key, "dnat")))
		return -EINVAL;
	if (!strcmp(key, "masquerade"))
		return nft_entries_read(n, NFT_IN_MASQUERADE, &nat->masquerade, &nat->n_masquerade, notes, a);
	if (!strcmp(key, "dnat"))
		return nft_entries_read(n, NFT_IN_DNAT, &nat->dnat, &nat->n_dnat, notes, a);
	nft_key_refuse(notes, n, words, ARRAY_SIZE(words));
	return -EINVAL;
}

static struct json_object *nat_format(const void *in)
{
	const struct nft_nat *nat = in;
	struct json_object *o = must(json_object_new_object());

	if (nat->n_masquerade)
		json_object_object_add(o, "masquerade",
				       nft_entries_format(nat->masquerade, nat->n_masquerade, NFT_IN_MASQUERADE));
	if (nat->n_dnat)
		json_object_object_add(o, "dnat", nft_entries_format(nat->dnat, nat->n_dnat, NFT_IN_DNAT));
	return o;
}

static const struct nft_section section = { sizeof(struct nft_nat), nat_read, nat_format };

const char *nft_nat_text(const struct nft_nat *nat, struct arena *a)
{
	return nft_section_text(&section, nat, a);
}

void nft_nat_get(const char *text, struct nft_nat *ret, struct arena *a)
{
	nft_section_get(&section, text, ret, a);
}

static int type_nat_read(_unused_ const struct field *f, _unused_ const char *netns, void *dst, const struct node *n,
			 struct notes *notes, struct arena *a)
{
	return nft_section_read(&section, n, dst, notes, a);
}

static struct json_object *nat_schema(_unused_ const struct field *f)
{
	struct json_object *s =
		must(json_tokener_parse("{\"type\": \"object\", \"properties\": {\"masquerade\":"
					" {\"type\": \"array\"}, \"dnat\": {\"type\": \"array\"}},"
					" \"additionalProperties\": false}"));
	struct json_object *p = json_object_object_get(s, "properties"), *dnat = nft_entry_schema(NFT_IN_DNAT);

	json_object_object_add(dnat, "required", json_tokener_parse("[\"to\"]"));
	json_object_object_add(json_object_object_get(p, "masquerade"), "items", nft_entry_schema(NFT_IN_MASQUERADE));
	json_object_object_add(json_object_object_get(p, "dnat"), "items", dnat);
	return s;
}

const struct type type_nft_nat = {
	.name = "masquerade and dnat",
	.size = sizeof(const char *),
	.copy = text_copy,
	.read = type_nat_read,
	.format = nft_text_format,
	.equal = nft_text_equal,
	.schema = nat_schema,
};

/* ---- the rules ---- */

static const char *const loopback[] = { [NFT_IPV4] = "127.0.0.0/8", [NFT_IPV6] = "::1" };
static const char *const multicast[] = { [NFT_IPV4] = "224.0.0.0/4", [NFT_IPV6] = "ff00::/8" };

static void masquerade(const struct nft_entry *e, uint8_t family, struct nft_rules *all)
{
	struct nft_rule *r = nft_rule_add(all, NFT_POSTROUTING, e->target.families ? NFT_DO_SNAT : NFT_DO_MASQUERADE);

	nft_terms_add(all, r, e, family);
	r->target = e->target;
	if (e->out.n)
		return;
	/* Wherever it leaves, but not to the network itself. */
	nft_term_add_text(all, r, NFT_WHAT_OIFNAME, &nft_ifnames, true, LOOPBACK);
	for (size_t i = 0; i < r->n; i++)
		if (r->terms[i].what == NFT_WHAT_SADDR) {
			struct nft_list itself = r->terms[i].list;

			itself.negated = true;
			nft_term_add(r, NFT_WHAT_DADDR, &itself);
			break;
		}
	nft_term_add_text(all, r, NFT_WHAT_DADDR, &nft_addresses, true, multicast[family]);
}

static void masquerade_each(const struct nft_entry *e, struct nft_rules *all)
{
	uint8_t families = nft_entry_families(e);

	/* Without an address, IPv4 is meant: few want NAT of IPv6. */
	if (!nft_entry_is_split(e) && families & NFT_IPV4)
		families = NFT_IPV4;
	for (unsigned family = NFT_IPV4; family <= NFT_IPV6; family++)
		if (families & family)
			masquerade(e, (uint8_t)family, all);
}

/* One rule that matches @e. */
static void dnat_rule(const struct nft_entry *e, enum nft_base base, struct nft_rules *all)
{
	struct nft_rule *r = nft_rule_add(all, base, NFT_DO_DNAT);
	uint8_t family = e->target.families;

	nft_terms_add(all, r, e, family);
	if (!e->at.n) {
		nft_term_add(r, NFT_WHAT_LOCAL, NULL);
		nft_term_add_text(all, r, NFT_WHAT_DADDR, &nft_addresses, true, loopback[family]);
	}
	r->target = e->target;
	if (e->target.port_from == e->target.port_to)
		return;
	/* Ports of a range go to those of the other one to one; where the two are the same, they stay. */
	r->map_from = (uint16_t)(e->port.v[0].from[0] << 8 | e->port.v[0].from[1]);
	r->map_n = (uint16_t)(e->target.port_to - e->target.port_from + 1);
	if (r->map_from == e->target.port_from)
		r->map_n = r->target.port_from = r->target.port_to = 0;
}

/* Answers of the target would bypass us, if it saw the client's own address: it is in the same network, or it is ours
 * alone. */
static void hairpin(const struct nft_entry *e, const struct nft_list *from, struct nft_rules *all)
{
	struct nft_rule *r = nft_rule_add(all, NFT_POSTROUTING, NFT_DO_MASQUERADE);

	r->family = e->target.families;
	nft_term_add(r, NFT_WHAT_SADDR, from);
	nft_term_add_text(all, r, NFT_WHAT_DADDR, &nft_addresses, false,
			  nft_address_text(all->a, e->target.from, e->target.families));
	nft_term_add(r, NFT_WHAT_STATUS_DNAT, NULL);
}

static void dnat_localhost(const struct nft_entry *e, struct nft_rules *all)
{
	struct nft_entry local = *e;
	struct nft_value v = { 0 }, net = { 0 };
	struct nft_list list = { arena_alloc(all->a, sizeof(v)), 1, false };
	struct err err;

	nft_addresses.parse("127.0.0.1", &v, all->a, &err);
	nft_addresses.parse(loopback[NFT_IPV4], &net, all->a, &err);
	list.v[0] = v;
	local.in.n = local.from.n = 0;
	local.at = list;
	dnat_rule(&local, NFT_NAT_OUTPUT, all);
	list.v = arena_alloc(all->a, sizeof(v));
	list.v[0] = net;
	hairpin(e, &list, all);
}

static void dnat(const struct nft_entry *e, struct nft_rules *all)
{
	struct nft_entry inside = *e;

	dnat_rule(e, NFT_PREROUTING, all);
	inside.in.n = 0;
	dnat_rule(&inside, NFT_NAT_OUTPUT, all);
	if (e->localhost)
		dnat_localhost(e, all);
	if (!e->hairpin.n)
		return;
	/* "in" is for those outside. */
	if (e->in.n && !e->from.n) {
		inside.from = e->hairpin;
		dnat_rule(&inside, NFT_PREROUTING, all);
	}
	hairpin(e, &e->hairpin, all);
}

void nft_nat_expand(const struct nft_nat *nat, struct nft_rules *all)
{
	bool localhost = false;
	size_t first = all->n;

	for (size_t i = 0; i < nat->n_dnat; i++)
		localhost |= nat->dnat[i].localhost;
	/* With route_localnet a neighbour could send to 127.0.0.1; answers get that address only later. */
	if (localhost) {
		struct nft_rule *r = nft_rule_add(all, NFT_RAW_PREROUTING, NFT_DO_DROP);

		r->family = NFT_IPV4;
		nft_term_add_text(all, r, NFT_WHAT_IIFNAME, &nft_ifnames, true, LOOPBACK);
		nft_term_add_text(all, r, NFT_WHAT_DADDR, &nft_addresses, false, loopback[NFT_IPV4]);
	}
	nft_rules_place(all, first, "nat/dnat", NFT_WHOLE);
	for (size_t i = 0; i < nat->n_dnat; i++) {
		first = all->n;
		dnat(&nat->dnat[i], all);
		nft_rules_place(all, first, "nat/dnat", i);
	}
	for (size_t i = 0; i < nat->n_masquerade; i++) {
		first = all->n;
		masquerade_each(&nat->masquerade[i], all);
		nft_rules_place(all, first, "nat/masquerade", i);
	}
}
