/* SPDX-License-Identifier: MIT */
/* pcapng.c - writes capture files: blocks of draft-ietf-opsawg-pcapng, section 4, in the byte order of this machine,
 * which the section header shows. */
#include "pcapng.h"
#include <poll.h>
#include <sys/stat.h>

/* Block types (section 4). */
enum {
	BLOCK_SECTION = 0x0A0D0D0A,
	BLOCK_INTERFACE = 1,
	BLOCK_STATISTICS = 5,
	BLOCK_PACKET = 6, /* "enhanced" */
};
enum { BYTE_ORDER_MAGIC = 0x1A2B3C4D, VERSION_MAJOR = 1, VERSION_MINOR = 0 };

/* Option codes, each for its block only (sections 3.5, 4.1, 4.2, 4.6). */
enum {
	OPT_END = 0,
	SHB_USERAPPL = 4,
	IF_NAME = 2,
	IF_TSRESOL = 9,
	IF_FILTER = 11,
	ISB_STARTTIME = 2,
	ISB_ENDTIME = 3,
	ISB_IFDROP = 5,
	ISB_FILTERACCEPT = 6,
	ISB_OSDROP = 7,
	ISB_USRDELIV = 8,
};
/* if_tsresol: the unit of all times is 10^-9 s. */
enum { NANOSECONDS = 9 };
/* if_filter: what follows the first byte is text for libpcap. */
enum { FILTER_TEXT = 0 };

/* A buffer above this is written before the next block. */
enum { FULL = 1 << 20 };

static void put(struct pcapng *w, const void *data, size_t n)
{
	static const uint8_t zero[4];
	size_t pad = -n & 3;

	if (w->n + n + pad > w->room) {
		w->room = (w->n + n + pad) * 2;
		w->buffer = must(realloc(w->buffer, w->room));
	}
	if (n)
		memcpy(w->buffer + w->n, data, n);
	memcpy(w->buffer + w->n + n, zero, pad);
	w->n += n + pad;
}

static void put_u32(struct pcapng *w, uint32_t value)
{
	put(w, &value, sizeof(value));
}

/* Two numbers of 16 bits that share a word. */
static void put_u16s(struct pcapng *w, uint16_t first, uint16_t second)
{
	put(w, (const uint16_t[]){ first, second }, 2 * sizeof(first));
}

/* Times have their high word first, whatever the byte order. */
static void put_time(struct pcapng *w, uint64_t nsec)
{
	put_u32(w, (uint32_t)(nsec >> 32));
	put_u32(w, (uint32_t)nsec);
}

/* Begins a block; returns where. */
static size_t block_begin(struct pcapng *w, uint32_t type)
{
	size_t at;

	if (w->n >= FULL)
		pcapng_flush(w);
	at = w->n;
	put_u32(w, type);
	put_u32(w, 0);
	return at;
}

/* Its length stands before and after it. */
static void block_end(struct pcapng *w, size_t at)
{
	uint32_t length = (uint32_t)(w->n - at + sizeof(length));

	put_u32(w, length);
	memcpy(w->buffer + at + sizeof(uint32_t), &length, sizeof(length));
}

static void option_text(struct pcapng *w, uint16_t code, const char *text)
{
	size_t n = strnlen(text, PCAPNG_TEXT_MAX);

	put_u16s(w, code, (uint16_t)n);
	put(w, text, n);
}

static void option_byte(struct pcapng *w, uint16_t code, uint8_t value)
{
	put_u16s(w, code, sizeof(value));
	put(w, &value, sizeof(value));
}

static void option_filter(struct pcapng *w, const char *text)
{
	uint8_t value[1 + PCAPNG_TEXT_MAX] = { FILTER_TEXT };
	size_t n = strnlen(text, PCAPNG_TEXT_MAX);

	memcpy(value + 1, text, n);
	put_u16s(w, IF_FILTER, (uint16_t)(1 + n));
	put(w, value, 1 + n);
}

static void option_time(struct pcapng *w, uint16_t code, uint64_t nsec)
{
	put_u16s(w, code, sizeof(nsec));
	put_time(w, nsec);
}

static void option_count(struct pcapng *w, uint16_t code, uint64_t value)
{
	put_u16s(w, code, sizeof(value));
	put(w, &value, sizeof(value));
}

static void options_end(struct pcapng *w)
{
	put_u16s(w, OPT_END, 0);
}

void pcapng_begin(struct pcapng *w, int fd, const char *application)
{
	/* It is not known before the end how long the section will be. */
	static const int64_t length = -1;
	size_t at;

	*w = (struct pcapng){ .fd = fd };
	at = block_begin(w, BLOCK_SECTION);
	put_u32(w, BYTE_ORDER_MAGIC);
	put_u16s(w, VERSION_MAJOR, VERSION_MINOR);
	put(w, &length, sizeof(length));
	option_text(w, SHB_USERAPPL, application);
	options_end(w);
	block_end(w, at);
}

uint32_t pcapng_interface(struct pcapng *w, const struct pcapng_interface *i)
{
	size_t at = block_begin(w, BLOCK_INTERFACE);

	put_u16s(w, i->link_type, 0);
	put_u32(w, i->snaplen);
	option_text(w, IF_NAME, i->name);
	option_byte(w, IF_TSRESOL, NANOSECONDS);
	if (i->filter)
		option_filter(w, i->filter);
	options_end(w);
	block_end(w, at);
	return w->n_interfaces++;
}

void pcapng_packet(struct pcapng *w, const struct pcapng_packet *p)
{
	size_t at = block_begin(w, BLOCK_PACKET);

	put_u32(w, p->interface);
	put_time(w, p->nsec);
	put_u32(w, p->captured);
	put_u32(w, p->length);
	put(w, p->data, p->captured);
	block_end(w, at);
}

void pcapng_statistics(struct pcapng *w, uint32_t interface, const struct pcapng_statistics *s)
{
	size_t at = block_begin(w, BLOCK_STATISTICS);

	put_u32(w, interface);
	put_time(w, s->end_nsec);
	option_time(w, ISB_STARTTIME, s->start_nsec);
	option_time(w, ISB_ENDTIME, s->end_nsec);
	/* The loss is the system's.  Wireshark writes and shows it as the interface's, so it is there, too. */
	option_count(w, ISB_IFDROP, s->dropped);
	option_count(w, ISB_FILTERACCEPT, s->accepted);
	option_count(w, ISB_OSDROP, s->dropped);
	option_count(w, ISB_USRDELIV, s->delivered);
	options_end(w);
	block_end(w, at);
}

/* The bytes of whole blocks among the first @n of the buffer. */
static size_t blocks_whole(const struct pcapng *w, size_t n)
{
	size_t at = 0;

	for (uint32_t length = 0; at + 2 * sizeof(length) <= n; at += length) {
		memcpy(&length, w->buffer + at + sizeof(length), sizeof(length));
		if (length > n - at)
			break;
	}
	return at;
}

/* Of a block that could not be written as a whole, nothing stays in a file: readers would stumble over it. */
static void tail_cut(const struct pcapng *w, size_t written)
{
	struct stat st;
	off_t end;

	if (fstat(w->fd, &st) < 0 || !S_ISREG(st.st_mode))
		return;
	end = lseek(w->fd, 0, SEEK_CUR);
	/* If even that is refused, the message about the write is the better one. */
	if (end >= 0 && ftruncate(w->fd, end - (off_t)(written - blocks_whole(w, written))) < 0)
		return;
}

int pcapng_flush(struct pcapng *w)
{
	for (size_t at = 0; at < w->n && !w->error;) {
		ssize_t r = write(w->fd, w->buffer + at, w->n - at);

		if (r >= 0) {
			at += (size_t)r;
		} else if (errno == EAGAIN) {
			poll(&(struct pollfd){ .fd = w->fd, .events = POLLOUT }, 1, -1);
		} else if (errno != EINTR) {
			w->error = -errno;
			tail_cut(w, at);
		}
	}
	w->n = 0;
	return w->error;
}

void pcapng_done(struct pcapng *w)
{
	free(w->buffer);
	*w = (struct pcapng){ .fd = -1 };
}

uint16_t pcapng_link_type(int dlt)
{
	/* DLT_ATM_RFC1483 and DLT_RAW, as Linux has them (pcap/dlt.h). */
	static const struct {
		int dlt;
		uint16_t link_type;
	} others[] = { { 11, 100 }, { 12, 101 } };

	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		if (others[i].dlt == dlt)
			return others[i].link_type;
	return (uint16_t)dlt;
}
