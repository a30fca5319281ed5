/* SPDX-License-Identifier: MIT */
/* test_pcapng.c - the blocks of a capture file, read back by the words of draft-ietf-opsawg-pcapng, and what becomes of a
 * file that cannot be written to its end. */
#include "../../client/pcapng.h"
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <cmocka.h>

/* What was written. */
struct reader {
	uint8_t data[4 << 20];
	size_t n, at;
};
static struct reader in;

static int file_new(void)
{
	int fd = memfd_create("capture", MFD_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static void read_back(int fd)
{
	ssize_t n = pread(fd, in.data, sizeof(in.data), 0);

	assert_true(n >= 0);
	in.n = (size_t)n;
	in.at = 0;
}

static uint32_t u32(const uint8_t *p)
{
	uint32_t value;

	memcpy(&value, p, sizeof(value));
	return value;
}

static uint16_t u16(const uint8_t *p)
{
	uint16_t value;

	memcpy(&value, p, sizeof(value));
	return value;
}

static uint64_t time_of(const uint8_t *p)
{
	return (uint64_t)u32(p) << 32 | u32(p + 4);
}

/* The body of the next block, which has to be of that type; both its lengths have to agree. */
static const uint8_t *block(uint32_t type, size_t *ret_n)
{
	const uint8_t *p = in.data + in.at;
	uint32_t length;

	assert_true(in.at + 12 <= in.n);
	assert_int_equal(u32(p), type);
	length = u32(p + 4);
	assert_int_equal(length % 4, 0);
	assert_true(length >= 12 && length <= in.n - in.at);
	assert_int_equal(u32(p + length - 4), length);
	in.at += length;
	*ret_n = length - 12;
	return p + 8;
}

/* The value of option @code of the options at @p, which have to end; NULL: there is none. */
static const uint8_t *option(const uint8_t *p, size_t n, uint16_t code, size_t *ret_n)
{
	const uint8_t *found = NULL;

	for (size_t at = 0;;) {
		uint16_t length;

		assert_true(at + 4 <= n);
		length = u16(p + at + 2);
		if (!u16(p + at)) {
			assert_int_equal(length, 0);
			assert_int_equal(at + 4, n);
			return found;
		}
		if (u16(p + at) == code) {
			found = p + at + 4;
			*ret_n = length;
		}
		at += 4 + ((length + 3U) & ~3U);
	}
}

static void assert_text(const uint8_t *options, size_t n, uint16_t code, const char *text)
{
	size_t length = 0;
	const uint8_t *value = option(options, n, code, &length);

	assert_non_null(value);
	assert_int_equal(length, strlen(text));
	assert_memory_equal(value, text, length);
}

static uint64_t count_of(const uint8_t *options, size_t n, uint16_t code)
{
	size_t length = 0;
	const uint8_t *value = option(options, n, code, &length);
	uint64_t count;

	assert_non_null(value);
	assert_int_equal(length, 8);
	memcpy(&count, value, sizeof(count));
	return count;
}

static void section_check(void)
{
	size_t n;
	const uint8_t *p = block(0x0A0D0D0A, &n);

	assert_int_equal(u32(p), 0x1A2B3C4D);
	assert_int_equal(u16(p + 4), 1);
	assert_int_equal(u16(p + 6), 0);
	assert_int_equal(u32(p + 8), 0xffffffff);
	assert_int_equal(u32(p + 12), 0xffffffff);
	assert_text(p + 16, n - 16, 4, "test");
}

static void test_section_and_interfaces(_unused_ void **state)
{
	_cleanup_(closep) int fd = file_new();
	_cleanup_(pcapng_done) struct pcapng w = {};
	size_t n, length = 0;
	const uint8_t *p;

	pcapng_begin(&w, fd, "test");
	assert_int_equal(pcapng_interface(&w, &(struct pcapng_interface){ "r1/eth0", "tcp", 1, 262144 }), 0);
	assert_int_equal(pcapng_interface(&w, &(struct pcapng_interface){ "r2/tun0", NULL, 101, 64 }), 1);
	assert_int_equal(pcapng_flush(&w), 0);
	read_back(fd);
	section_check();
	p = block(1, &n);
	assert_int_equal(u16(p), 1);
	assert_int_equal(u16(p + 2), 0);
	assert_int_equal(u32(p + 4), 262144);
	assert_text(p + 8, n - 8, 2, "r1/eth0");
	assert_int_equal(*option(p + 8, n - 8, 9, &length), 9);
	assert_int_equal(length, 1);
	assert_memory_equal(option(p + 8, n - 8, 11, &length), "\0tcp", 4);
	assert_int_equal(length, 4);
	p = block(1, &n);
	assert_int_equal(u16(p), 101);
	assert_int_equal(u32(p + 4), 64);
	assert_text(p + 8, n - 8, 2, "r2/tun0");
	assert_null(option(p + 8, n - 8, 11, &length));
	assert_int_equal(in.at, in.n);
}

/* Each length of data, with the padding that it needs, the empty packet and the one that was cut off. */
static void test_packets(_unused_ void **state)
{
	static const uint8_t data[] = "abcdefgh";
	static const uint64_t nsec = 1796045204704015195;
	_cleanup_(closep) int fd = file_new();
	_cleanup_(pcapng_done) struct pcapng w = {};
	size_t n;

	pcapng_begin(&w, fd, "test");
	for (uint32_t i = 0; i <= 8; i++)
		pcapng_packet(&w, &(struct pcapng_packet){ 0, nsec + i, i, 1500, i ? data : NULL });
	assert_int_equal(pcapng_flush(&w), 0);
	read_back(fd);
	section_check();
	for (uint32_t i = 0; i <= 8; i++) {
		const uint8_t *p = block(6, &n);

		assert_int_equal(u32(p), 0);
		assert_int_equal(time_of(p + 4), nsec + i);
		assert_int_equal(u32(p + 12), i);
		assert_int_equal(u32(p + 16), 1500);
		assert_memory_equal(p + 20, data, i);
		assert_int_equal(n, 20 + ((i + 3) & ~3U));
		for (size_t k = 20 + i; k < n; k++)
			assert_int_equal(p[k], 0);
	}
	assert_int_equal(in.at, in.n);
}

static void test_statistics(_unused_ void **state)
{
	_cleanup_(closep) int fd = file_new();
	_cleanup_(pcapng_done) struct pcapng w = {};
	size_t n, length = 0;
	const uint8_t *p;

	pcapng_begin(&w, fd, "test");
	pcapng_statistics(&w, 3, &(struct pcapng_statistics){ 5ULL << 32 | 1, 6ULL << 32 | 2, 1ULL << 40, 7, 8 });
	assert_int_equal(pcapng_flush(&w), 0);
	read_back(fd);
	section_check();
	p = block(5, &n);
	assert_int_equal(u32(p), 3);
	assert_int_equal(time_of(p + 4), 6ULL << 32 | 2);
	p += 12;
	n -= 12;
	assert_int_equal(time_of(option(p, n, 2, &length)), 5ULL << 32 | 1);
	assert_int_equal(time_of(option(p, n, 3, &length)), 6ULL << 32 | 2);
	assert_int_equal(count_of(p, n, 6), 1ULL << 40);
	assert_int_equal(count_of(p, n, 7), 7);
	assert_int_equal(count_of(p, n, 8), 8);
	assert_null(option(p, n, 4, &length));
}

/* A long filter or name is cut, and the block stays whole. */
static void test_long_texts(_unused_ void **state)
{
	_cleanup_(freep) char *text = must(malloc(100001));
	_cleanup_(closep) int fd = file_new();
	_cleanup_(pcapng_done) struct pcapng w = {};
	size_t n, length = 0;
	const uint8_t *p;

	memset(text, 'x', 100000);
	text[100000] = '\0';
	pcapng_begin(&w, fd, "test");
	pcapng_interface(&w, &(struct pcapng_interface){ text, text, 1, 1 });
	assert_int_equal(pcapng_flush(&w), 0);
	read_back(fd);
	section_check();
	p = block(1, &n);
	option(p + 8, n - 8, 2, &length);
	assert_int_equal(length, PCAPNG_TEXT_MAX);
	option(p + 8, n - 8, 11, &length);
	assert_int_equal(length, PCAPNG_TEXT_MAX + 1);
	assert_int_equal(in.at, in.n);
}

/* Many packets need few writes: the buffer is only written when it is full. */
static void test_bulk(_unused_ void **state)
{
	static const uint8_t data[1000];
	_cleanup_(closep) int fd = file_new();
	_cleanup_(pcapng_done) struct pcapng w = {};
	size_t n, before;

	pcapng_begin(&w, fd, "test");
	for (uint64_t i = 0; i < 1000; i++)
		pcapng_packet(&w, &(struct pcapng_packet){ 0, i, sizeof(data), sizeof(data), data });
	assert_int_equal(lseek(fd, 0, SEEK_CUR), 0);
	for (uint64_t i = 1000; i < 3000; i++)
		pcapng_packet(&w, &(struct pcapng_packet){ 0, i, sizeof(data), sizeof(data), data });
	before = (size_t)lseek(fd, 0, SEEK_CUR);
	assert_true(before >= 2 << 20);
	assert_int_equal(pcapng_flush(&w), 0);
	read_back(fd);
	section_check();
	for (uint64_t i = 0; i < 3000; i++)
		assert_int_equal(time_of(block(6, &n) + 4), i);
	assert_int_equal(in.at, in.n);
}

/* At every length that a file may reach, it ends with a whole block, and the error is remembered. */
static void test_full(_unused_ void **state)
{
	static const uint8_t data[10];
	struct rlimit old, limit;

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	for (rlim_t max = 0; max < 200; max++) {
		_cleanup_(closep) int fd = file_new();
		_cleanup_(pcapng_done) struct pcapng w = {};
		size_t n;

		limit = (struct rlimit){ max, old.rlim_max };
		pcapng_begin(&w, fd, "test");
		for (uint64_t i = 0; i < 4; i++)
			pcapng_packet(&w, &(struct pcapng_packet){ 0, i, sizeof(data), sizeof(data), data });
		assert_true(w.n > 200);
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
		assert_int_equal(pcapng_flush(&w), -EFBIG);
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
		pcapng_packet(&w, &(struct pcapng_packet){ 0, 9, sizeof(data), sizeof(data), data });
		assert_int_equal(pcapng_flush(&w), -EFBIG);
		read_back(fd);
		if (in.n)
			section_check();
		while (in.at < in.n)
			block(6, &n);
		/* No more is missing than what had no room. */
		assert_true(in.n + 44 > max || in.n == 0);
	}
}

static void test_reader_gone(_unused_ void **state)
{
	_cleanup_(pcapng_done) struct pcapng w = {};
	int ends[2];

	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	close(ends[0]);
	pcapng_begin(&w, ends[1], "test");
	assert_int_equal(pcapng_flush(&w), -EPIPE);
	close(ends[1]);
}

static void test_link_types(_unused_ void **state)
{
	static const uint16_t rows[][2] = { { 1, 1 },     { 9, 9 },     { 11, 100 },  { 12, 101 },
					    { 113, 113 }, { 127, 127 }, { 253, 253 }, { 276, 276 } };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(pcapng_link_type(rows[i][0]), rows[i][1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_section_and_interfaces),
		cmocka_unit_test(test_packets),
		cmocka_unit_test(test_statistics),
		cmocka_unit_test(test_long_texts),
		cmocka_unit_test(test_bulk),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_reader_gone),
		cmocka_unit_test(test_link_types),
	};

	return cmocka_run_group_tests_name("pcapng", tests, NULL, NULL);
}
