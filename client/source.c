/* SPDX-License-Identifier: MIT */
/* source.c - captures on interfaces of several namespaces by libpcap, which has a ring buffer of the kernel for each
 * (TPACKET_V3): no system call for a packet.  The rest of netnsctl does without libpcap. */
#include "source.h"
#include "pcapng.h"
#include "base/suggest.h"
#include <ctype.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <pcap/pcap.h>
#include <sys/ioctl.h>

enum {
	/* Ring buffers take about that much together; each not less than MIN, nor more than MAX.  A block takes 256 KiB,
	 * even if one packet is in it: so the smallest one has room for 0.8 s (SOURCES_BLOCK_MSEC). */
	BUFFERS = 64 << 20,
	BUFFER_MIN = 2 << 20,
	BUFFER_MAX = 16 << 20,
	/* A filter that is longer is none. */
	FILTER_MAX = 32 << 10,
};

static void if_freenameindexp(struct if_nameindex **list)
{
	if (*list)
		if_freenameindex(*list);
}

/* ---- which interfaces ---- */

static int source_add(struct sources *s, struct place *place, const char *ifname, bool listed, struct err *e)
{
	struct source *new;
	char *name;

	for (size_t i = 0; i < s->n_v; i++)
		if (s->v[i].place == place && !strcmp(s->v[i].ifname, ifname)) {
			s->v[i].listed &= listed;
			return 0;
		}
	if (s->n_v == SOURCES_MAX)
		return err_set(e, E2BIG, "more than %d interfaces", SOURCES_MAX);
	if (asprintf(&name, "%s/%s", place->name, ifname) < 0)
		abort();
	new = ARRAY_ADD(s, v);
	*new = (struct source){ .place = place, .name = name, .fd = -1, .listed = listed };
	new->ifname = name + strlen(place->name) + 1;
	return 0;
}

/* "r1 has no interface eth9; did you mean eth0?" */
static int interface_missing(const struct place *place, const char *ifname, const struct if_nameindex *list,
			     struct err *e)
{
	struct suggest suggest = suggest_new(ifname);

	err_set(e, ENODEV, "%s has no interface %s", place->name, ifname);
	for (; list->if_name; list++)
		suggest_try(&suggest, list->if_name);
	if (suggest.best)
		err_append(e, "; did you mean %s?", suggest.best);
	else if (place->fd < 0)
		err_append(e, "; ip link lists all");
	else
		err_append(e, "; ip -n %s link lists all", place->name);
	return e->code;
}

/* Adds interface @ifname, "*": all. */
static int interfaces_add(struct sources *s, struct place *place, const char *ifname, struct err *e)
{
	_cleanup_(if_freenameindexp) struct if_nameindex *list = NULL;
	bool all = !strcmp(ifname, "*"), found = false;
	int r = place_enter(place, e);

	if (r < 0)
		return r;
	list = if_nameindex();
	r = list ? 0 : err_kernel(e, errno, NULL, "the interfaces of %s", place->name);
	place_leave(place);
	for (const struct if_nameindex *i = list; !r && i->if_name; i++) {
		if (!all && strcmp(i->if_name, ifname) != 0)
			continue;
		found = true;
		r = source_add(s, place, i->if_name, all, e);
	}
	if (r < 0 || found)
		return r;
	return interface_missing(place, ifname, list, e);
}

static int place_find(struct sources *s, const char *name, size_t len, struct place **ret, struct err *e)
{
	char *copy;
	int r;

	for (size_t i = 0; i < s->n_places; i++)
		if (!strncmp(s->places[i].name, name, len) && !s->places[i].name[len]) {
			*ret = &s->places[i];
			return 0;
		}
	copy = must(strndup(name, len));
	r = place_open(&s->places[s->n_places], copy, e);
	if (r < 0) {
		free(copy);
		return r;
	}
	*ret = &s->places[s->n_places++];
	return 0;
}

static int operand_add(struct sources *s, const char *operand, struct err *e)
{
	const char *slash = strchr(operand, '/');
	struct place *place;
	int r;

	if (slash && !slash[1])
		return err_set(e, EINVAL, "%s: an interface is missing after the /", operand);
	r = place_find(s, operand, slash ? (size_t)(slash - operand) : strlen(operand), &place, e);
	return r < 0 ? r : interfaces_add(s, place, slash ? slash + 1 : "*", e);
}

/* ---- capturing ---- */

static int activation_say(const struct source *s, int r, struct err *e)
{
	const char *ns = s->place->fd < 0 ? "" : " -n ", *name = s->place->fd < 0 ? "" : s->place->name;

	if (r == PCAP_ERROR_IFACE_NOT_UP)
		return err_set(e, ENETDOWN, "%s is down, and nothing can be captured there: ip%s%s link set %s up",
			       s->name, ns, name, s->ifname);
	if (r == PCAP_ERROR_PERM_DENIED)
		return err_set(e, EPERM, "not permitted to capture on %s: use sudo", s->name);
	return err_set(e, EIO, "%s: %s: %s", s->name, pcap_statustostr(r), pcap_geterr(s->pcap));
}

/* libpcap takes some names, such as "any", for something else than an interface. */
static int binding_check(const struct source *s, struct err *e)
{
	struct sockaddr_ll address = {};
	socklen_t size = sizeof(address);

	if (getsockname(pcap_fileno(s->pcap), (struct sockaddr *)&address, &size) < 0 ||
	    address.sll_family != AF_PACKET || address.sll_ifindex != (int)if_nametoindex(s->ifname))
		return err_set(e, EINVAL, "%s: libpcap does not capture on an interface of that name", s->name);
	return 0;
}

/* In the namespace. */
static int source_activate(struct source *s, unsigned snaplen, int buffer, struct err *e)
{
	char text[PCAP_ERRBUF_SIZE];
	int r;

	s->pcap = pcap_create(s->ifname, text);
	if (!s->pcap)
		return err_set(e, EIO, "%s: %s", s->name, text);
	pcap_set_snaplen(s->pcap, (int)snaplen);
	pcap_set_timeout(s->pcap, SOURCES_BLOCK_MSEC);
	pcap_set_buffer_size(s->pcap, buffer);
	r = pcap_set_tstamp_precision(s->pcap, PCAP_TSTAMP_PRECISION_NANO);
	if (!r)
		r = pcap_activate(s->pcap);
	if (r < 0)
		return activation_say(s, r, e);
	r = binding_check(s, e);
	if (r < 0)
		return r;
	if (pcap_setnonblock(s->pcap, 1, text) < 0)
		return err_set(e, EIO, "%s: %s", s->name, text);
	s->fd = pcap_get_selectable_fd(s->pcap);
	s->link_type = pcapng_link_type(pcap_datalink(s->pcap));
	s->snaplen = (uint32_t)pcap_snapshot(s->pcap);
	return 0;
}

static int source_begin(struct source *s, unsigned snaplen, int buffer, struct err *e)
{
	int r = place_enter(s->place, e);

	if (r < 0)
		return r;
	r = source_activate(s, snaplen, buffer, e);
	place_leave(s->place);
	return r;
}

static void source_free(struct source *s)
{
	source_end(s);
	free(s->name);
}

/* Notes that the source is left out because it is down. */
static void source_skip(struct sources *s, size_t i)
{
	char *down;

	if (asprintf(&down, "%s%s%s", s->down ?: "", s->down ? ", " : "", s->v[i].name) < 0)
		abort();
	free(s->down);
	s->down = down;
	source_free(&s->v[i]);
	memmove(&s->v[i], &s->v[i + 1], (--s->n_v - i) * sizeof(*s->v));
}

int sources_open(struct sources *ret, char *const *operands, size_t n, unsigned snaplen, struct err *e)
{
	size_t buffer;

	*ret = (struct sources){ .places = must(calloc(n + 1, sizeof(*ret->places))) };
	for (size_t i = 0; i < n; i++)
		if (operand_add(ret, operands[i], e) < 0)
			return e->code;
	buffer = BUFFERS / (ret->n_v ?: 1);
	buffer = buffer < BUFFER_MIN ? BUFFER_MIN : buffer > BUFFER_MAX ? BUFFER_MAX : buffer;
	for (size_t i = 0; i < ret->n_v;) {
		int r = source_begin(&ret->v[i], snaplen, (int)buffer, e);

		if (r == -ENETDOWN && ret->v[i].listed)
			source_skip(ret, i);
		else if (r < 0)
			return r;
		else
			i++;
	}
	return ret->n_v ? 0 : err_set(e, ENETDOWN, "there is nothing to capture on, because down: %s", ret->down);
}

/* ---- filters ---- */

/* A filter is a program for one type of link. */
struct compiled {
	int dlt;
	struct bpf_program program;
};

static int filter_compile(const struct source *s, const char *filter, struct bpf_program *ret, struct err *e)
{
	int dlt = pcap_datalink(s->pcap);

	if (pcap_compile(s->pcap, ret, filter, true, PCAP_NETMASK_UNKNOWN) == 0)
		return 0;
	err_set(e, EINVAL, "the filter \"%.100s\" is wrong for %s (%s): %s; see pcap-filter(7)", filter, s->name,
		pcap_datalink_val_to_name(dlt) ?: "?", pcap_geterr(s->pcap));
	/* A misspelt namespace looks like the beginning of a filter. */
	if (isalnum((unsigned char)*filter))
		err_append(e, "; there is no namespace %.*s either", (int)strcspn(filter, " "), filter);
	return e->code;
}

static int filter_set(struct source *s, const char *filter, struct compiled *programs, size_t *n, struct err *e)
{
	int dlt = pcap_datalink(s->pcap), r;
	size_t i = 0;

	while (i < *n && programs[i].dlt != dlt)
		i++;
	if (i == *n) {
		r = filter_compile(s, filter, &programs[i].program, e);
		if (r < 0)
			return r;
		programs[(*n)++].dlt = dlt;
	}
	if (pcap_setfilter(s->pcap, &programs[i].program) < 0)
		return err_set(e, EIO, "%s: the filter was refused: %s", s->name, pcap_geterr(s->pcap));
	/* What was lost before may not be what the filter is for. */
	source_count(s);
	s->dropped = 0;
	return 0;
}

int sources_filter(struct sources *s, const char *filter, struct err *e)
{
	_cleanup_(freep) struct compiled *programs = must(calloc(s->n_v + 1, sizeof(*programs)));
	size_t n = 0;
	int r = 0;

	if (!*filter)
		return 0;
	if (strlen(filter) > FILTER_MAX)
		return err_set(e, E2BIG, "the filter has more than %d bytes", FILTER_MAX);
	for (size_t i = 0; !r && i < s->n_v; i++)
		r = filter_set(&s->v[i], filter, programs, &n, e);
	for (size_t i = 0; i < n; i++)
		pcap_freecode(&programs[i].program);
	return r;
}

/* ---- reading ---- */

struct reading {
	struct source *s;
	source_packet *packet;
	void *arg;
};

static void on_packet(u_char *arg, const struct pcap_pkthdr *head, const u_char *data)
{
	const struct reading *r = (const struct reading *)arg;
	uint32_t captured = head->caplen > PCAPNG_PACKET_MAX ? PCAPNG_PACKET_MAX : head->caplen;
	/* Nanoseconds: pcap_set_tstamp_precision. */
	uint64_t nsec = (uint64_t)head->ts.tv_sec * UINT64_C(1000000000) + (uint64_t)head->ts.tv_usec;

	r->packet(r->arg, r->s, nsec, captured, head->len, data);
}

/* The kernel unbinds a socket whose interface goes, also into another namespace (packet_notifier,
 * net/packet/af_packet.c). */
static bool is_bound(const struct source *s)
{
	struct sockaddr_ll address = {};
	socklen_t size = sizeof(address);

	return getsockname(s->fd, (struct sockaddr *)&address, &size) == 0 && address.sll_ifindex > 0;
}

/* Whether its name refers to no interface any more; libpcap takes that for its end.  But it may have another name by now,
 * or be on its way out, and still be bound (dev_change_net_namespace, net/core/dev.c). */
static bool has_lost_its_name(const struct source *s)
{
	struct sockaddr_ll address = {};
	socklen_t size = sizeof(address);
	struct ifreq request = {};

	if (getsockname(s->fd, (struct sockaddr *)&address, &size) < 0)
		return false;
	request.ifr_ifindex = address.sll_ifindex;
	return ioctl(s->fd, SIOCGIFNAME, &request) < 0 || strcmp(request.ifr_name, s->ifname) != 0;
}

int source_read(struct source *s, source_packet *packet, void *arg, struct err *e)
{
	struct reading reading = { s, packet, arg };
	int r = pcap_dispatch(s->pcap, SOURCES_EACH, on_packet, (u_char *)&reading);

	if (r >= 0)
		return r;
	if (!is_bound(s))
		return err_set(e, ENODEV, "%s is gone", s->name);
	return has_lost_its_name(s) ? 0 : err_set(e, EIO, "%s: %s", s->name, pcap_geterr(s->pcap));
}

bool source_is_down(const struct source *s)
{
	return s->pcap && pcap_get_required_select_timeout(s->pcap);
}

void source_count(struct source *s)
{
	struct pcap_stat stat = {};

	if (!s->pcap || pcap_stats(s->pcap, &stat) < 0)
		return;
	s->dropped += stat.ps_drop - s->dropped_seen;
	s->dropped_seen = stat.ps_drop;
}

void source_end(struct source *s)
{
	if (s->pcap)
		pcap_close(s->pcap);
	s->pcap = NULL;
	s->fd = -1;
}

void sources_done(struct sources *s)
{
	for (size_t i = 0; i < s->n_v; i++)
		source_free(&s->v[i]);
	for (size_t i = 0; i < s->n_places; i++) {
		place_close(&s->places[i]);
		free((char *)s->places[i].name);
	}
	free(s->v);
	free(s->places);
	free(s->down);
	*s = (struct sources){};
}
