/* SPDX-License-Identifier: MIT */
/* test_recording.c - what netnsctl capture says and writes when the kernel hands a packet over too late.  The sources are
 * played. */
#include "../../client/pcapng.h"
#include "../../client/recording.h"
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <cmocka.h>

/* A source hands over one packet when its descriptor is readable, and is gone when it is readable again. */
static uint64_t times[2];
static bool handed_over[2];
static struct source sources[2];

static void ready(const struct source *s)
{
	assert_int_equal(write(s->fd, &(uint64_t){ 1 }, sizeof(uint64_t)), sizeof(uint64_t));
}

int source_read(struct source *s, source_packet *packet, void *arg, struct err *e)
{
	size_t i = (size_t)(s - sources);
	uint64_t value;

	assert_int_equal(read(s->fd, &value, sizeof(value)), sizeof(value));
	if (handed_over[i])
		return err_set(e, ENODEV, "%s is gone", s->name);
	handed_over[i] = true;
	packet(arg, s, times[i], 4, 60, (const uint8_t *)"data");
	return 1;
}

bool source_is_down(_unused_ const struct source *s)
{
	return false;
}

void source_count(_unused_ struct source *s)
{
}

void source_end(struct source *s)
{
	close(s->fd);
	s->fd = -1;
	s->pcap = NULL;
}

/* Reads on from @fd until there was a packet. */
static void packet_await(int fd)
{
	static const char want[] = "data";
	size_t got = 0;
	char c;

	while (got < strlen(want) && read(fd, &c, 1) == 1)
		got = c == want[got] ? got + 1 : 0;
}

/* The reader of the capture: makes the second source ready when it has the first one's packet. */
static void *reader_run(void *arg)
{
	int fd = *(const int *)arg;
	char rest[4096];

	packet_await(fd);
	ready(&sources[1]);
	packet_await(fd);
	ready(&sources[0]);
	ready(&sources[1]);
	while (read(fd, rest, sizeof(rest)) > 0)
		;
	return NULL;
}

/* Records both until they are gone; what was said on stderr is in @ret. */
static int record(char *ret, size_t size)
{
	static const struct recording_options options = { .file = "-", .filter = "" };
	struct place host = { .name = "host", .fd = -1, .home = -1 };
	struct sources set = { .places = &host, .n_places = 1, .v = sources, .n_v = 2 };
	int said = memfd_create("stderr", MFD_CLOEXEC), old = dup(STDERR_FILENO), ends[2], code;
	pthread_t reader;
	ssize_t n;

	for (size_t i = 0; i < 2; i++)
		sources[i] = (struct source){ .place = &host,
					      .ifname = "x",
					      .name = (char *)(i ? "host/b" : "host/a"),
					      .pcap = (struct pcap *)&sources[i],
					      .fd = eventfd(0, EFD_CLOEXEC),
					      .link_type = 1,
					      .snaplen = PCAPNG_PACKET_MAX };
	memset(handed_over, 0, sizeof(handed_over));
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(pthread_create(&reader, NULL, reader_run, &ends[0]), 0);
	ready(&sources[0]);
	dup2(said, STDERR_FILENO);
	code = recording_make(&set, ends[1], &options);
	dup2(old, STDERR_FILENO);
	close(old);
	close(ends[1]);
	pthread_join(reader, NULL);
	close(ends[0]);
	n = pread(said, ret, size - 1, 0);
	close(said);
	ret[n < 0 ? 0 : n] = '\0';
	return code;
}

static void test_late(_unused_ void **state)
{
	char said[4096];

	times[0] = 2000;
	times[1] = 1000;
	assert_int_equal(record(said, sizeof(said)), 1);
	assert_string_equal(said,
			    "netnsctl: capturing on host/a, host/b; Ctrl-C ends it\n"
			    "netnsctl: host/a is gone: nothing more is captured there\n"
			    "netnsctl: host/b is gone: nothing more is captured there\n"
			    "netnsctl: 2 packets from 2 interfaces: host/a 1, host/b 1\n"
			    "netnsctl: 1 packet is out of order, more than 200 ms late\n"
			    "netnsctl: no interface is left to capture on\n");
}

static void test_in_time(_unused_ void **state)
{
	char said[4096];

	times[0] = 1000;
	times[1] = 2000;
	assert_int_equal(record(said, sizeof(said)), 1);
	assert_non_null(strstr(said, "2 packets from 2 interfaces"));
	assert_null(strstr(said, "out of order"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_late),
		cmocka_unit_test(test_in_time),
	};

	return cmocka_run_group_tests_name("recording", tests, NULL, NULL);
}
