/* SPDX-License-Identifier: MIT */
/* nft_say.c - rules in the words of nft(8): as "nft list ruleset" shows them, without quotes. */
#include "nft.h"

const char *nft_base_name(enum nft_base base)
{
	static const char *const names[NFT_BASES] = {
		[NFT_RAW_PREROUTING] = "raw_prerouting",
		[NFT_PREROUTING] = "prerouting",
		[NFT_NAT_OUTPUT] = "nat_output",
		[NFT_POSTROUTING] = "postrouting",
		[NFT_INPUT] = "input",
		[NFT_FORWARD] = "forward",
		[NFT_OUTPUT] = "output",
	};

	return names[base];
}

static void say(FILE *out, const char *word)
{
	fprintf(out, " %s", word);
}

static void say_list(FILE *out, const struct nft_list *list)
{
	if (list->negated)
		say(out, "!=");
	if (list->n > 1)
		say(out, "{");
	for (size_t i = 0; i < list->n; i++)
		fprintf(out, "%s %s", i ? "," : "", list->v[i].text);
	if (list->n > 1)
		say(out, "}");
}

/* Bits: any of them. */
static void say_states(FILE *out, const struct nft_list *list)
{
	const char *comma = " ";

	/* In the order of the bits, as they are read back. */
	for (unsigned b = 0; b < 32; b++)
		for (size_t i = 0; i < list->n; i++) {
			uint32_t one;

			memcpy(&one, list->v[i].from, sizeof(one));
			if (one != UINT32_C(1) << b)
				continue;
			fprintf(out, "%s%s", comma, list->v[i].text);
			comma = ",";
		}
}

static void say_mark(FILE *out, const struct nft_list *list)
{
	uint32_t v, mask;

	memcpy(&v, list->v[0].from, sizeof(v));
	memcpy(&mask, list->v[0].to, sizeof(mask));
	if (mask == UINT32_MAX)
		fprintf(out, " 0x%08x", v);
	else
		fprintf(out, " & 0x%08x == 0x%08x", mask, v);
}

static bool is_port(const struct nft_term *t)
{
	return t->what == NFT_WHAT_SPORT || t->what == NFT_WHAT_DPORT;
}

/* "tcp" before a port, where it is the only protocol. */
static const char *transport(const struct nft_rule *r)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->terms[i].what == NFT_WHAT_L4PROTO)
			return r->terms[i].list.n == 1 ? r->terms[i].list.v[0].text : "th";
	return "th";
}

static void say_proto(FILE *out, const struct nft_rule *r, const struct nft_list *list)
{
	bool ports = false;

	for (size_t i = 0; i < r->n; i++)
		ports |= is_port(&r->terms[i]);
	if (ports && list->n == 1)
		return;
	say(out, "meta l4proto");
	say_list(out, list);
}

static void say_term(FILE *out, const struct nft_rule *r, const struct nft_term *t)
{
	const char *ip = r->family == NFT_IPV6 ? "ip6" : "ip";

	switch (t->what) {
	case NFT_WHAT_IIFNAME:
		say(out, "iifname");
		break;
	case NFT_WHAT_OIFNAME:
		say(out, "oifname");
		break;
	case NFT_WHAT_SADDR:
		fprintf(out, " %s saddr", ip);
		break;
	case NFT_WHAT_DADDR:
		fprintf(out, " %s daddr", ip);
		break;
	case NFT_WHAT_HOPLIMIT:
		say(out, "ip6 hoplimit");
		break;
	case NFT_WHAT_ICMP:
		say(out, "icmp type");
		break;
	case NFT_WHAT_ICMPV6:
		say(out, "icmpv6 type");
		break;
	case NFT_WHAT_SPORT:
	case NFT_WHAT_DPORT:
		fprintf(out, " %s %s", transport(r), t->what == NFT_WHAT_SPORT ? "sport" : "dport");
		break;
	case NFT_WHAT_LOCAL:
		say(out, "fib daddr type local");
		return;
	case NFT_WHAT_SYN:
		say(out, "tcp flags syn");
		return;
	case NFT_WHAT_STATUS_DNAT:
		say(out, "ct status dnat");
		return;
	case NFT_WHAT_STATE:
		say(out, "ct state");
		say_states(out, &t->list);
		return;
	case NFT_WHAT_MARK:
		say(out, "meta mark");
		say_mark(out, &t->list);
		return;
	case NFT_WHAT_L4PROTO:
		say_proto(out, r, &t->list);
		return;
	}
	say_list(out, &t->list);
}

/* Terms that only one family has. */
bool nft_term_is_of_family(const struct nft_term *t)
{
	return t->what == NFT_WHAT_SADDR || t->what == NFT_WHAT_DADDR || t->what == NFT_WHAT_HOPLIMIT ||
	       t->what == NFT_WHAT_ICMP || t->what == NFT_WHAT_ICMPV6;
}

bool nft_rule_says_family(const struct nft_rule *r)
{
	for (size_t i = 0; i < r->n; i++)
		if (nft_term_is_of_family(&r->terms[i]))
			return true;
	return !r->family;
}

static void say_target(FILE *out, const struct nft_rule *r)
{
	const struct nft_target *t = &r->target;
	struct arena a = { 0 };
	const char *address = nft_address_text(&a, t->from, t->families);

	fprintf(out, " %s to ", t->families == NFT_IPV4 ? "ip" : "ip6");
	if (memcmp(t->from, t->to, sizeof(t->from)))
		fprintf(out, "%s-%s", address, nft_address_text(&a, t->to, t->families));
	else
		fprintf(out, t->port_from && t->families == NFT_IPV6 ? "[%s]" : "%s", address);
	if (r->map_n) {
		fprintf(out, ":%s dport map {", transport(r));
		for (unsigned i = 0; i < r->map_n; i++)
			fprintf(out, "%s %u : %u", i ? "," : "", r->map_from + i, t->port_from + i);
		fputs(" }", out);
	} else if (t->port_from) {
		fprintf(out, ":%u", t->port_from);
	}
	arena_done(&a);
}

static void say_verb(FILE *out, const struct nft_rule *r)
{
	static const char *const words[] = {
		[NFT_DO_ACCEPT] = "accept",
		[NFT_DO_DROP] = "drop",
		[NFT_DO_REJECT] = "reject",
		[NFT_DO_RESET] = "reject with tcp reset",
		[NFT_DO_CONTINUE] = "continue",
		[NFT_DO_LOG_ONLY] = NULL,
		[NFT_DO_MASQUERADE] = "masquerade",
		[NFT_DO_SNAT] = "snat",
		[NFT_DO_DNAT] = "dnat",
		[NFT_DO_CLAMP] = "tcp option maxseg size set rt mtu",
	};

	if (r->log)
		fprintf(out, " log prefix %s", r->log);
	if (words[r->verb])
		say(out, words[r->verb]);
	if (r->verb == NFT_DO_SNAT || r->verb == NFT_DO_DNAT)
		say_target(out, r);
}

char *nft_say(const struct nft_rule *r, struct arena *a)
{
	_cleanup_(freep) char *text = NULL;
	size_t size;
	FILE *out = must(open_memstream(&text, &size));

	fprintf(out, "rule %s", nft_base_name(r->base));
	if (!nft_rule_says_family(r))
		fprintf(out, " meta nfproto %s", r->family == NFT_IPV4 ? "ipv4" : "ipv6");
	for (size_t i = 0; i < r->n; i++)
		say_term(out, r, &r->terms[i]);
	say_verb(out, r);
	fclose(out);
	return arena_strdup(a, text);
}
