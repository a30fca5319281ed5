/* SPDX-License-Identifier: MIT */
/* nft.h - the parts of the kind nft: nat and filter of one namespace, from the words of a file to the ordered rules,
 * and from these to nft's words and to the expressions that the kernel is sent.
 *
 * The value of each field is the canonical JSON of what the file says, as one text: two spellings of one thing are
 * equal, a record on disk holds it as a file would, and the rules are made of it when they are needed. */
#pragma once
#include "kernel/nft_image.h"
#include "kernel/nft_ruleset.h"
#include "model/kind.h"
#include "model/model.h"
#include <netinet/in.h>

struct nl_msg;
struct nlattr;

enum {
	NFT_RULES_MAX = 4096, /* of a namespace */
	NFT_LIST_MAX = 1024,  /* elements of a list */
	NFT_COMMENT_MAX = 127,
	NFT_TERMS_MAX = 16,
};

/* Bits of families, as a rule may be for both. */
enum { NFT_IPV4 = 1, NFT_IPV6 = 2, NFT_BOTH = 3 };

/* ---- what a file says ---- */

/* One value of a list: everything from @from to @to, in the kernel's bytes. */
struct nft_value {
	uint8_t from[16], to[16];
	uint8_t bits;     /* of a prefix: its length; NFT_EXACT or NFT_RANGE otherwise */
	uint8_t families; /* that it exists in, or 0 */
	const char *text; /* canonical */
};
enum { NFT_EXACT = 0xff, NFT_RANGE = 0xfe };

struct nft_list {
	struct nft_value *v;
	size_t n;
	bool negated; /* all of it: "!br0" */
};

/* The new address and port of dnat, or the source of masquerade. */
struct nft_target {
	uint8_t families; /* one of them; 0: there is no target */
	uint8_t from[16], to[16];
	uint16_t port_from, port_to; /* 0: kept */
	const char *text;
};

enum nft_chain_word { NFT_WORD_INPUT = 1, NFT_WORD_FORWARD, NFT_WORD_OUTPUT };
enum nft_action { NFT_ACTION_NONE, NFT_ACTION_ACCEPT, NFT_ACTION_DROP, NFT_ACTION_REJECT };

/* An element of masquerade, dnat or rules. */
struct nft_entry {
	struct nft_list in, out, from, to, at, proto, port, sport, icmp, mark, state, hairpin;
	struct nft_target target;
	uint8_t chain, action, family; /* enum nft_chain_word, enum nft_action, families or 0 */
	bool localhost;
	const char *log, *comment;
};

struct nft_nat {
	struct nft_entry *masquerade, *dnat;
	size_t n_masquerade, n_dnat;
};

struct nft_filter {
	uint8_t policy[3]; /* of input, forward, output: enum nft_action */
	bool clamp_mss;
	struct nft_entry *rules;
	size_t n;
};

/* The table of what is allowed where (nft_match.c). */
enum nft_place { NFT_IN_MASQUERADE = 1, NFT_IN_DNAT = 2, NFT_IN_RULE = 4 };

/* Reads the list of entries @n, adding a problem for each mistake. */
int nft_entries_read(const struct node *n, enum nft_place place, struct nft_entry **ret, size_t *ret_n,
		     struct notes *notes, struct arena *a);
/* Whether the keys of one entry fit together (nft_entry.c). */
int nft_entry_check(const struct node *n, enum nft_place place, const struct nft_entry *e, struct notes *notes);
/* What a file would say; the caller owns it. */
struct json_object *nft_entries_format(const struct nft_entry *v, size_t n, enum nft_place place);
/* JSON Schema of one entry; the caller owns it. */
struct json_object *nft_entry_schema(enum nft_place place);
/* Reports the key of @n, which is not among the @n_words possible ones. */
void nft_key_refuse(struct notes *notes, const struct node *n, const char *const *words, size_t n_words);

/* A kind of value in lists (nft_value.c). */
struct nft_values {
	const char *schema; /* JSON Schema of one value */
	int (*parse)(const char *s, struct nft_value *ret, struct arena *a, struct err *e);
	uint8_t size; /* of the kernel's bytes */
	bool numbers; /* JSON numbers are values, too */
	bool negatable;
	bool disjoint; /* no two may overlap */
	bool single;   /* no list of them: nft(8) would not show it as it is */
};
extern const struct nft_values nft_ifnames, nft_addresses, nft_protos, nft_ports, nft_icmps, nft_marks, nft_states;
int nft_target_parse(const char *s, bool with_port, struct nft_target *ret, struct arena *a, struct err *e);
/* The name of the address, without its length. */
const char *nft_address_text(struct arena *a, const uint8_t *bytes, uint8_t family);
/* Sets @to from @from and @bits of its @size bytes. */
void nft_value_fill(struct nft_value *v, size_t size);
int nft_value_cmp(const void *a, const void *b);
/* Whether a list matches the value of @size bytes, or an address, which only values of its family do. */
bool nft_list_has(const struct nft_list *l, const void *bytes, size_t size);
bool nft_list_has_address(const struct nft_list *l, const struct inet *address);
/* Puts a list in order, and those of @n entries by which a dnat takes packets (nft_sorted.c). */
void nft_list_sort(struct nft_list *l);
void nft_entries_sort(struct nft_entry *v, size_t n);
/* Of lists in order: whether a packet can match both, each of which is left out if it is empty; the same as
 * nft_list_has and nft_list_has_address, where no two values of the list overlap (nft_values.disjoint). */
bool nft_sorted_meet(const struct nft_list *x, const struct nft_list *y);
bool nft_sorted_has(const struct nft_list *l, const void *bytes, size_t size);
bool nft_sorted_has_address(const struct nft_list *l, const struct inet *address);
/* Whether nft(8) would list two names of interfaces, in order, as one that it cannot read: all that begin with a text, and
 * the one that comes directly after these ("a*", "b"). */
bool nft_names_are_one(const struct nft_value *x, const struct nft_value *y);

/* ---- the fields ---- */

struct nft {
	struct object object;
	const char *nat, *filter; /* canonical JSON; NULL: none */
	const char *differs;      /* of an observed one that is neither: what of it */
};
/* A field: its struct, one key of it, and what a file would say, which the caller owns. */
struct nft_section {
	size_t size;
	int (*read)(const struct node *n, const char *key, void *ret, struct notes *notes, struct arena *a);
	struct json_object *(*format)(const void *in);
};
/* The body of type.read, for a field that is a text. */
int nft_section_read(const struct nft_section *s, const struct node *n, const char **ret, struct notes *notes,
		     struct arena *a);
/* What a canonical text says; NULL: nothing. */
void nft_section_get(const struct nft_section *s, const char *text, void *ret, struct arena *a);
/* The canonical text. */
const char *nft_section_text(const struct nft_section *s, const void *in, struct arena *a);
/* type.format and type.equal of both. */
struct json_object *nft_text_format(const struct field *f, const char *netns, const void *src);
bool nft_text_equal(const void *a, const void *b);
extern const struct type type_nft_nat, type_nft_filter;
/* What the texts of @o say; they are canonical. */
void nft_nat_get(const char *text, struct nft_nat *ret, struct arena *a);
void nft_filter_get(const char *text, struct nft_filter *ret, struct arena *a);
/* The canonical text of @nat, in @a. */
const char *nft_nat_text(const struct nft_nat *nat, struct arena *a);

/* ---- the rules ---- */

/* The base chains, and with "_TOPOLOGY" those that they jump to. */
enum nft_base {
	NFT_RAW_PREROUTING,
	NFT_PREROUTING,
	NFT_NAT_OUTPUT,
	NFT_POSTROUTING,
	NFT_INPUT,
	NFT_FORWARD,
	NFT_OUTPUT,
	NFT_BASES,
};

enum nft_what {
	NFT_WHAT_IIFNAME,
	NFT_WHAT_OIFNAME,
	NFT_WHAT_SADDR,
	NFT_WHAT_DADDR,
	NFT_WHAT_LOCAL,
	NFT_WHAT_HOPLIMIT,
	NFT_WHAT_L4PROTO,
	NFT_WHAT_ICMP,
	NFT_WHAT_ICMPV6,
	NFT_WHAT_SPORT,
	NFT_WHAT_DPORT,
	NFT_WHAT_SYN,
	NFT_WHAT_MARK,
	NFT_WHAT_STATE,
	NFT_WHAT_STATUS_DNAT,
};

struct nft_term {
	enum nft_what what;
	struct nft_list list;
};

enum nft_verb {
	NFT_DO_ACCEPT,
	NFT_DO_DROP,
	NFT_DO_REJECT,
	NFT_DO_RESET,
	NFT_DO_CONTINUE, /* only looks at what it matches */
	NFT_DO_LOG_ONLY,
	NFT_DO_MASQUERADE,
	NFT_DO_SNAT,
	NFT_DO_DNAT,
	NFT_DO_CLAMP,
};

struct nft_rule {
	enum nft_base base;
	uint8_t family; /* of packets; 0: both */
	struct nft_term terms[NFT_TERMS_MAX];
	size_t n;
	enum nft_verb verb;
	bool last; /* after the rules of all topologies */
	struct nft_target target;
	uint16_t map_from,
		map_n; /* of dnat: ports from map_from go to those from target.port_from, one to one; 0: none */
	const char *log, *comment;
	struct nft_source place; /* what it is made of */
};

struct nft_rules {
	struct arena *a;
	struct nft_rule *v;
	size_t n, room;
	uint8_t policy[NFT_BASES]; /* enum nft_action; NONE: the chain is not needed */
};

/* Notes of the rules from @first on what they are made of, unless that is known. */
void nft_rules_place(struct nft_rules *r, size_t first, const char *what, size_t entry);
/* A new rule of both families. */
struct nft_rule *nft_rule_add(struct nft_rules *r, enum nft_base base, enum nft_verb verb);
void nft_term_add(struct nft_rule *r, enum nft_what what, const struct nft_list *list);
/* One value, in the words of a file. */
void nft_term_add_text(struct nft_rules *all, struct nft_rule *r, enum nft_what what, const struct nft_values *values,
		       bool negated, const char *text);
/* Appends the matches of @e, which are those of packets of @family. */
void nft_terms_add(struct nft_rules *all, struct nft_rule *r, const struct nft_entry *e, uint8_t family);
/* The families of the entry's packets: all its lists have values of each. */
uint8_t nft_entry_families(const struct nft_entry *e);
/* Whether its matches differ between the families. */
bool nft_entry_is_split(const struct nft_entry *e);

/* Appends the rules. */
void nft_nat_expand(const struct nft_nat *nat, struct nft_rules *all);
void nft_filter_expand(const struct nft_filter *filter, struct nft_rules *all);
/* All rules of @o, in @a. */
void nft_rules_of(const struct nft *o, struct nft_rules *ret, struct arena *a);

/* A rule as "nft list ruleset" shows it, without quotes and comment: "rule forward iifname lan accept". */
char *nft_say(const struct nft_rule *r, struct arena *a);
const char *nft_base_name(enum nft_base base);
/* Whether the term, or any term, shows of which family packets are. */
bool nft_term_is_of_family(const struct nft_term *t);
bool nft_rule_says_family(const struct nft_rule *r);

/* ---- what the kernel is sent ---- */

/* The image of the rules of @o, in @a. */
void nft_build(const struct nft *o, struct nft_image *ret, struct arena *a);

/* Data types of nft(8), which it shows a set's elements by (include/datatype.h of nftables). */
enum {
	NFT_TYPE_IPADDR = 7,
	NFT_TYPE_IP6ADDR = 8,
	NFT_TYPE_INET_PROTOCOL = 12,
	NFT_TYPE_INET_SERVICE = 13,
	NFT_TYPE_ICMP_TYPE = 14,
	NFT_TYPE_MARK = 19,
	NFT_TYPE_ICMP6_TYPE = 29,
	NFT_TYPE_IFNAME = 41,
};

/* The sets of an image. */
struct nft_sets {
	struct arena *a;
	struct nft_set_image *v;
	size_t n, room;
};

struct nft_expr {
	struct nl_msg *m;
	struct nlattr *nests[6];
	size_t n;
	struct nft_sets *sets;
};

void nft_expr_init(struct nft_expr *p, struct nft_sets *sets);
/* Makes it empty for the next rule: a new buffer each time would be cleared as a whole. */
void nft_expr_clear(struct nft_expr *p);
void nft_expr_done(struct nft_expr *p);
/* What was appended, in @a. */
const void *nft_expr_take(const struct nft_expr *p, struct arena *a, size_t *ret_size);

/* An expression, its attributes, its end. */
void nft_expr_begin(struct nft_expr *p, const char *name);
void nft_expr_u32(struct nft_expr *p, int type, uint32_t v);
void nft_expr_u8(struct nft_expr *p, int type, uint8_t v);
void nft_expr_text(struct nft_expr *p, int type, const char *s);
void nft_expr_data(struct nft_expr *p, int type, const void *data, size_t size);
void nft_expr_nest(struct nft_expr *p, int type);
void nft_expr_close(struct nft_expr *p);
void nft_expr_end(struct nft_expr *p);
/* Looks register 1 up in a set; the register @reg up in a map, into itself. */
void nft_expr_lookup(struct nft_expr *p, size_t set, bool negated);
void nft_expr_map(struct nft_expr *p, size_t map, uint32_t reg);
/* The place of a new set in the image. */
size_t nft_set_add(struct nft_sets *sets, const struct nft_list *list, size_t size, uint32_t type);
/* A map of @n numbers from @from on to those from @to on, both of 16 bits in network order. */
size_t nft_map_add(struct nft_sets *sets, uint16_t from, uint16_t to, size_t n, uint32_t type);
/* All expressions of a rule (nft_build.c). */
void nft_expr_rule(struct nft_expr *p, const struct nft_rule *r);

/* ---- rules of other programs (nft_export.c, nft_decode.c) ---- */

/* Tells of an export the tables of others: as an object, or that it leaves them out. */
struct observer;
int nft_tell_tables(struct observer *obs, struct err *e);

struct nft_decoded {
	struct json_object *entry; /* of masquerade, dnat or rules; who gets it owns it */
	enum nft_verb verb;        /* accept, drop, masquerade, snat or dnat */
	uint8_t families;          /* of its packets: NFT_BOTH, or one */
};

/* Decodes @r, whose namespace the thread is in.  False: it says something that no file can; @ret_why has what. */
bool nft_decode(const struct nft_ruleset_rule *r, struct nft_decoded *ret, struct arena *a, const char **ret_why);

/* What a program loads from a packet before it compares it, and the values that it is compared with (nft_decode_value.c):
 * bytes of the kernel's, as JSON.  NULL: no file can say it. */
struct nft_loaded {
	const char *member; /* "from" */
	struct json_object *(*value)(const struct nft_loaded *l, const uint8_t *from, const uint8_t *to);
	uint8_t family; /* that it exists in; 0: any */
	size_t size;    /* bytes that are compared */
	bool masked;
	uint8_t mask[16];
};
/* By the expression and its numbers; false: none is known. */
bool nft_loaded_meta(uint32_t key, struct nft_loaded *ret);
bool nft_loaded_ct(uint32_t key, struct nft_loaded *ret);
bool nft_loaded_payload(uint32_t base, uint32_t offset, uint32_t size, uint8_t family, struct nft_loaded *ret);
/* "10.0.0.0/24", "10.0.0.1-10.0.0.9". */
struct json_object *nft_decoded_address(const struct nft_loaded *l, const uint8_t *from, const uint8_t *to);

/* kind.describe and kind.lines. */
char *nft_describe(struct arena *a, const struct object *o, const struct object *before);
char *nft_lines(struct arena *a, const struct object *before, const struct object *after);

/* kind.excludes (nft_check.c). */
const char *nft_excludes(struct arena *a, const struct object *want, const struct object *other);
/* kind.locks_out (nft_locks.c); and what of the filters, as canonical texts, does so, @before NULL: there was none
 * (nft_locks_filter.c). */
bool nft_locks_out(const struct op *op, const struct object *last, const struct netns_set *set, struct err *e);
bool nft_filter_locks_out(const char *before, const char *after, struct err *e);
/* kind.warn (nft_warn.c). */
struct plan;
struct netns;
void nft_warn(const struct plan *plan, const struct op *op, const struct netns *ns, struct problems *p);
/* Has the kernel forget the connections that a change from @before to @after, either of which may be NULL, concerns, in slices
 * (nft_flows.c).  @nl is a socket of nfnetlink in the namespace, and the thread is in it.  @ret NULL: there are none. */
struct rtnl;
struct nft_flows;
int nft_flows_begin(struct nft_flows **ret, struct rtnl *nl, const struct nft *before, const struct nft *after,
		    struct err *e);
/* 1: there are more, 0: that was the end. */
int nft_flows_step(struct nft_flows *f, struct err *e);
void nft_flows_end(struct nft_flows *f);

/* Checks across objects (nft_check.c). */
void nft_check_netns(const struct model *m, const struct object *netns, struct problems *p);
void nft_complete(struct model *m, struct object *o, struct problems *p);
