/* SPDX-License-Identifier: MIT */
/* recording.c - the loop of netnsctl capture: takes packets from the sources, puts them in order, writes them to one
 * file. */
#include "recording.h"
#include "ctl.h"
#include "merge.h"
#include "pcapng.h"
#include "text.h"
#include "usec.h"
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <time.h>

enum {
	/* Packets wait for older ones of other interfaces that long; the kernel hands them over much sooner. */
	WINDOW_USEC = 200 * 1000,
	/* Bytes of packets that wait at most. */
	WAITING_MAX = 64 << 20,
	/* How often names of namespaces are looked at, and counters read. */
	TICK_USEC = 1000 * 1000,
	/* The same for an interface that is down, which libpcap has to be asked about. */
	DOWN_USEC = 100 * 1000,
	/* Of more interfaces the packets are not counted one by one on stderr. */
	NAMED_MAX = 8,
};
static const uint64_t SECOND_NSEC = 1000 * 1000 * 1000;

/* What is known of a source, by its number. */
struct track {
	uint64_t taken, written; /* packets */
	bool gone_once;          /* its namespace's name was missing at the last tick */
	bool ended;              /* its statistics are written */
};

struct recording {
	struct sources *sources;
	const struct recording_options *options;
	struct pcapng file;
	struct merge merge;
	struct track *tracks;
	struct pollfd *polls; /* one for each source, then the file, then the signals */
	uint64_t start_nsec;
	uint64_t until_nsec; /* packets of a later time do not count any more; UINT64_MAX: no end in sight */
	uint64_t stop_usec;  /* the end of the loop after a signal; UINT64_MAX: none came */
	uint64_t now_usec;   /* when the packets that are being taken were found */
	uint64_t tick_usec;
	uint64_t written;
	bool full;   /* it has as many packets as wanted */
	bool unread; /* whoever read the file has gone */
};

static int signals_fd = -1;

static void on_signal(_unused_ int signal)
{
	int saved = errno;

	/* It only fails if it is readable already. */
	if (write(signals_fd, &(uint64_t){ 1 }, sizeof(uint64_t)) < 0)
		errno = saved;
	errno = saved;
}

/* The first signal ends the capture in order, also if a write is stuck; the second ends it at once. */
static int signals_take(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction old;

	signals_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (signals_fd < 0)
		return -errno;
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		/* nohup(1) wants no SIGHUP. */
		if (signals[i] == SIGHUP && sigaction(SIGHUP, NULL, &old) == 0 && old.sa_handler == SIG_IGN)
			continue;
		sigaction(signals[i], &(struct sigaction){ .sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND },
			  NULL);
	}
	return 0;
}

static uint64_t wall_nsec(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * SECOND_NSEC + (uint64_t)t.tv_nsec;
}

static void on_packet(void *arg, struct source *s, uint64_t nsec, uint32_t captured, uint32_t length,
		      const uint8_t *data)
{
	struct recording *r = arg;
	size_t i = (size_t)(s - r->sources->v);

	if (nsec > r->until_nsec)
		return;
	r->tracks[i].taken++;
	merge_add(&r->merge,
		  &(struct packet){ .nsec = nsec, .interface = (uint32_t)i, .captured = captured, .length = length },
		  data, r->now_usec);
}

/* ---- the end of an interface ---- */

static void statistics_write(struct recording *r, size_t i)
{
	const struct source *s = &r->sources->v[i];

	r->tracks[i].ended = true;
	pcapng_statistics(&r->file, (uint32_t)i,
			  &(struct pcapng_statistics){ .start_nsec = r->start_nsec,
						       .end_nsec = wall_nsec(),
						       /* The kernel also counts what came before the filter. */
						       .accepted = r->tracks[i].taken + s->dropped,
						       .dropped = s->dropped,
						       .delivered = r->tracks[i].written });
}

static void source_lose(struct recording *r, size_t i, const char *why)
{
	struct source *s = &r->sources->v[i];

	source_count(s);
	source_end(s);
	r->polls[i].fd = -1;
	ctl_fail(EXIT_FAILED, "%s: nothing more is captured there", why);
}

static void source_take(struct recording *r, size_t i)
{
	struct err e = {};

	r->now_usec = usec_now(CLOCK_MONOTONIC);
	if (source_read(&r->sources->v[i], on_packet, r, &e) < 0)
		source_lose(r, i, e.text);
}

/* Sockets keep a namespace alive, with all that is in it: let go of one that lost its name.  Once may be a moment in
 * which netnsd restores it. */
static void namespace_check(struct recording *r, size_t i)
{
	_cleanup_(freep) char *why = NULL;
	struct source *s = &r->sources->v[i];
	bool gone = place_is_gone(s->place);

	if (!gone || !r->tracks[i].gone_once) {
		r->tracks[i].gone_once = gone;
		return;
	}
	source_take(r, i);
	if (!s->pcap)
		return;
	if (asprintf(&why, "%s is gone with its namespace", s->name) < 0)
		abort();
	source_lose(r, i, why);
}

static void places_release(struct recording *r)
{
	for (size_t p = 0; p < r->sources->n_places; p++) {
		struct place *place = &r->sources->places[p];
		bool used = false;

		for (size_t i = 0; i < r->sources->n_v; i++)
			used |= r->sources->v[i].place == place && r->sources->v[i].pcap;
		if (!used)
			place_close(place);
	}
}

static void tick(struct recording *r, uint64_t now)
{
	if (now < r->tick_usec)
		return;
	r->tick_usec = now + TICK_USEC;
	for (size_t i = 0; i < r->sources->n_v; i++) {
		source_count(&r->sources->v[i]);
		if (r->sources->v[i].pcap)
			namespace_check(r, i);
	}
	places_release(r);
}

/* ---- the loop ---- */

static bool any_down(const struct recording *r)
{
	for (size_t i = 0; i < r->sources->n_v; i++)
		if (source_is_down(&r->sources->v[i]))
			return true;
	return false;
}

static bool any_open(const struct recording *r)
{
	for (size_t i = 0; i < r->sources->n_v; i++)
		if (r->sources->v[i].pcap)
			return true;
	return false;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static void wait_for_packets(struct recording *r)
{
	size_t n = r->sources->n_v;
	uint64_t now = usec_now(CLOCK_MONOTONIC),
		 until = earlier(r->tick_usec, earlier(merge_due(&r->merge), r->stop_usec));

	if (any_down(r))
		until = earlier(until, now + DOWN_USEC);
	/* Rounded up: what is due in half a millisecond must not be asked for a hundred times before. */
	if (poll(r->polls, n + 2, until <= now ? 0 : (int)((until - now + 999) / 1000)) < 0)
		for (size_t i = 0; i < n + 2; i++)
			r->polls[i].revents = 0;
	if (r->polls[n].revents & (POLLERR | POLLHUP))
		r->unread = true;
	if (r->polls[n + 1].revents && r->stop_usec == UINT64_MAX) {
		/* What was on its way before the signal is on its way to us for one more block. */
		r->until_nsec = wall_nsec();
		r->stop_usec = usec_now(CLOCK_MONOTONIC) + 2 * SOURCES_BLOCK_MSEC * USEC_PER_MSEC;
		r->polls[n + 1].fd = -1;
	}
}

static void packet_write(struct recording *r, const struct packet *p)
{
	pcapng_packet(&r->file, &(struct pcapng_packet){ .interface = p->interface,
							 .nsec = p->nsec,
							 .captured = p->captured,
							 .length = p->length,
							 .data = p->data });
	r->tracks[p->interface].written++;
	r->written++;
}

/* Writes what is due at @now; UINT64_MAX: everything. */
static void packets_write(struct recording *r, uint64_t now)
{
	struct packet *p;

	while (!r->full && (p = merge_take(&r->merge, now))) {
		packet_write(r, p);
		free(p);
		r->full = r->written == r->options->count;
	}
	for (size_t i = 0; i < r->sources->n_v; i++)
		if (!r->sources->v[i].pcap && !r->tracks[i].ended && r->tracks[i].taken == r->tracks[i].written)
			statistics_write(r, i);
	pcapng_flush(&r->file);
}

/* One turn: everything that is there is read before anything is written, so a pause of this process, however long, does
 * not change the order. */
static bool turn(struct recording *r)
{
	wait_for_packets(r);
	if (r->unread)
		return false;
	for (size_t i = 0; i < r->sources->n_v; i++)
		if (r->polls[i].revents || source_is_down(&r->sources->v[i]))
			source_take(r, i);
	tick(r, usec_now(CLOCK_MONOTONIC));
	packets_write(r, usec_now(CLOCK_MONOTONIC));
	return !r->full && !r->file.error && any_open(r) && usec_now(CLOCK_MONOTONIC) < r->stop_usec;
}

/* ---- begin and end ---- */

static void interfaces_write(struct recording *r)
{
	for (size_t i = 0; i < r->sources->n_v; i++) {
		const struct source *s = &r->sources->v[i];

		pcapng_interface(&r->file,
				 &(struct pcapng_interface){ .name = s->name,
							     .filter = *r->options->filter ? r->options->filter : NULL,
							     .link_type = s->link_type,
							     .snaplen = s->snaplen });
		r->polls[i] = (struct pollfd){ .fd = s->fd, .events = POLLIN };
	}
	pcapng_flush(&r->file);
}

/* "r1/eth0, r2/eth0", or "60 interfaces". */
static const char *sources_text(const struct sources *s, struct arena *a)
{
	const char *text = "";

	if (s->n_v > NAMED_MAX)
		return arena_fmt(a, "%zu interfaces", s->n_v);
	for (size_t i = 0; i < s->n_v; i++)
		text = arena_fmt(a, "%s%s%s", text, i ? ", " : "", s->v[i].name);
	return text;
}

/* "12 packets from 2 interfaces: r1/eth0 6, r2/eth0 6" */
static void totals_say(const struct recording *r)
{
	_cleanup_(arena_done) struct arena a = {};
	const char *text = "";
	size_t n = r->sources->n_v;

	for (size_t i = 0; n > 1 && n <= NAMED_MAX && i < n; i++)
		text = arena_fmt(&a, "%s%s %s %llu", text, i ? "," : ":", r->sources->v[i].name,
				 (unsigned long long)r->tracks[i].written);
	ctl_fail(EXIT_DONE, "%s from %s%s", text_count(&a, r->written, "packet", "packets"),
		 n == 1 ? r->sources->v[0].name : text_count(&a, n, "interface", "interfaces"), text);
	for (size_t i = 0; i < n; i++)
		if (r->sources->v[i].dropped)
			ctl_fail(EXIT_DONE,
				 "%s: %s dropped by the kernel, because they came faster than they were written; "
				 "a filter or a smaller -s may help",
				 r->sources->v[i].name,
				 text_count(&a, r->sources->v[i].dropped, "packet was", "packets were"));
	if (r->merge.late)
		ctl_fail(EXIT_DONE, "%s out of order, more than %d ms late",
			 text_count(&a, r->merge.late, "packet is", "packets are"), WINDOW_USEC / 1000);
}

/* The reason for the end decides the exit code. */
static int recording_end(struct recording *r)
{
	const char *name = !strcmp(r->options->file, "-") ? "standard output" : r->options->file;

	for (size_t i = 0; i < r->sources->n_v; i++)
		source_count(&r->sources->v[i]);
	if (!r->unread)
		packets_write(r, UINT64_MAX);
	for (size_t i = 0; i < r->sources->n_v && !r->unread; i++)
		if (!r->tracks[i].ended)
			statistics_write(r, i);
	if (r->unread || pcapng_flush(&r->file) == -EPIPE)
		return EXIT_DONE;
	if (r->file.error)
		return ctl_fail(EXIT_FAILED, "%s: %s; the capture ends here", name, strerror(-r->file.error));
	totals_say(r);
	if (!any_open(r) && !r->full && r->stop_usec == UINT64_MAX)
		return ctl_fail(EXIT_FAILED, "no interface is left to capture on");
	return EXIT_DONE;
}

int recording_make(struct sources *sources, int fd, const struct recording_options *options)
{
	_cleanup_(arena_done) struct arena a = {};
	struct recording r = {
		.sources = sources,
		.options = options,
		.merge = { .window_usec = WINDOW_USEC, .bytes_max = WAITING_MAX },
		.tracks = must(calloc(sources->n_v, sizeof(*r.tracks))),
		.polls = must(calloc(sources->n_v + 2, sizeof(*r.polls))),
		.start_nsec = wall_nsec(),
		.until_nsec = UINT64_MAX,
		.stop_usec = UINT64_MAX,
		.tick_usec = usec_now(CLOCK_MONOTONIC) + TICK_USEC,
	};
	int code = signals_take();

	if (code < 0) {
		code = ctl_fail(EXIT_FAILED, "%s", strerror(-code));
	} else {
		r.polls[sources->n_v] = (struct pollfd){ .fd = fd };
		r.polls[sources->n_v + 1] = (struct pollfd){ .fd = signals_fd, .events = POLLIN };
		pcapng_begin(&r.file, fd, "netnsctl capture " NETNSD_VERSION);
		interfaces_write(&r);
		if (sources->down)
			ctl_fail(EXIT_DONE, "left out, because down: %s", sources->down);
		ctl_fail(EXIT_DONE, "capturing on %s; Ctrl-C ends it", sources_text(sources, &a));
		while (turn(&r))
			;
		code = recording_end(&r);
	}
	pcapng_done(&r.file);
	merge_done(&r.merge);
	free(r.tracks);
	free(r.polls);
	return code;
}
