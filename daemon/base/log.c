/* SPDX-License-Identifier: MIT */
/* log.c - makes log entries, for the journal or for stderr. */
#include "log.h"
#include "log_out.h"
#include <endian.h>
#include <inttypes.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <time.h>

enum {
	LINE = 4096,
	FIELD = LINE + 64, /* its name, value and separators */
	FIELDS = 12,
	END_MSEC = 500,
	PAUSE_MSEC = 10,
};

static const char *const level_names[] = {
	[LOG_EMERG] = "emerg",     [LOG_ALERT] = "alert",   [LOG_CRIT] = "crit", [LOG_ERR] = "err",
	[LOG_WARNING] = "warning", [LOG_NOTICE] = "notice", [LOG_INFO] = "info", [LOG_DEBUG] = "debug",
};

static int log_level = LOG_INFO;

void log_set_level(int level)
{
	log_level = level;
}

int log_level_parse(const char *name)
{
	for (int i = 0; i < (int)ARRAY_SIZE(level_names); i++)
		if (!strcmp(name, level_names[i]) || (name[0] == '0' + i && !name[1]))
			return i;
	return !strcmp(name, "error") ? LOG_ERR : -EINVAL;
}

/* Whether stderr is the stream that systemd connected to the journal. */
static bool log_to_journal(void)
{
	static int known = -1;
	const char *stream = getenv("JOURNAL_STREAM");
	uintmax_t dev, ino;
	struct stat st;

	if (known < 0)
		known = stream && sscanf(stream, "%ju:%ju", &dev, &ino) == 2 && fstat(STDERR_FILENO, &st) == 0 &&
			st.st_dev == dev && st.st_ino == ino;
	return known;
}

/* The bytes of the control character at @s, 0 if there is none: C0, DEL, and C1 in UTF-8
 * could control the terminal that shows the line. */
static int control_size(const unsigned char *s)
{
	if (s[0] == 0xc2 && s[1] >= 0x80 && s[1] < 0xa0)
		return 2;
	return s[0] < 0x20 || s[0] == 0x7f;
}

static void log_escape(const char *in, char *out, size_t size)
{
	const unsigned char *s = (const unsigned char *)in;
	char *end = out + size - sizeof("\\x00\\x00");

	while (*s && out < end) {
		int n = control_size(s);

		if (!n)
			*out++ = (char)*s++;
		for (; n; n--)
			out += sprintf(out, "\\x%02x", *s++);
	}
	*out = '\0';
}

/* Appends a field in the journal's native protocol: a value of several lines is preceded by its length. */
static size_t field_put(char *at, const char *name, const char *value)
{
	size_t size = strnlen(value, FIELD - 64);
	uint64_t length = htole64(size);
	char *end = stpcpy(at, name);

	if (memchr(value, '\n', size)) {
		*end++ = '\n';
		end = (char *)memcpy(end, &length, sizeof(length)) + sizeof(length);
	} else {
		*end++ = '=';
	}
	end = (char *)memcpy(end, value, size) + size;
	*end++ = '\n';
	return (size_t)(end - at);
}

static void log_put(int level, const struct log_about *about, const char *line, bool to_journal)
{
	char priority[2] = { (char)('0' + level) }, code[16] = "";
	const struct {
		const char *name, *value;
	} all[FIELDS] = {
		{ "MESSAGE", line },
		{ "PRIORITY", priority },
		{ "SYSLOG_IDENTIFIER", "netnsd" },
		{ "MESSAGE_ID", about->id },
		{ "NETNSD_TOPOLOGY", about->topology },
		{ "NETNSD_NAMESPACE", about->netns },
		{ "NETNSD_INTERFACE", about->interface },
		{ "NETNSD_EXPECTED", about->expected },
		{ "NETNSD_ACTUAL", about->actual },
		{ "NETNSD_BY", about->by },
		{ "NETNSD_REASON", about->reason },
		{ "ERRNO", code },
	};
	static char text[FIELDS * FIELD];
	size_t n = 0;

	if (about->code)
		snprintf(code, sizeof(code), "%d", abs(about->code));
	for (size_t i = 0; i < (to_journal ? FIELDS : 1); i++)
		if (all[i].value && *all[i].value)
			n += field_put(text + n, all[i].name, all[i].value);
	if (n)
		log_out_put(text, n, to_journal);
}

void log_say(int level, const struct log_about *about, const char *fmt, ...)
{
	static const struct log_about nothing;
	char text[LINE], line[LINE];
	va_list ap;

	if (level > log_level)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	log_escape(text, line, sizeof(line));
	log_put(level, about ? about : &nothing, *line ? line : "-", log_to_journal());
}

bool log_flush(void)
{
	return log_out_flush();
}

void log_end(void)
{
	for (int msec = 0; !log_out_flush() && msec < END_MSEC; msec += PAUSE_MSEC)
		nanosleep(&(struct timespec){ .tv_nsec = PAUSE_MSEC * 1000000 }, NULL);
}
