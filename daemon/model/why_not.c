/* SPDX-License-Identifier: MIT */
/* why_not.c - the words and sentences of the reasons not to heal.  Pure. */
#include "why_not.h"

static const struct row {
	const char *word, *sentence, *command;
	bool told;
} rows[] = {
	[WHY_NOT_NONE] = { 0 },
	[WHY_NOT_CHANGING] = { "changing", "a change of the topology is running; what it leaves is healed after it" },
	[WHY_NOT_AWAITING] = { "awaiting",
			       "the topology is not up yet; it is applied completely as soon as nothing stands in "
			       "the way",
			       .told = true },
	[WHY_NOT_ROLLBACK_FAILED] = { "rollback_failed",
				      "a change was refused and could not be rolled back, so netnsd leaves the topology alone",
				      "netnsctl apply {source}", .told = true },
	[WHY_NOT_OVERDUE] = { "overdue", "nobody confirmed the topology in time, so it is rolled back and not healed",
			      "netnsctl confirm {name}" },
	[WHY_NOT_NO_RECORD] = { "no_record",
				"netnsd could not read its record of the topology, so it does not know what to heal",
				"netnsctl apply {source}", .told = true },
	[WHY_NOT_UNOBSERVED] = { "unobserved", "the kernel could not be read; netnsd retries every second",
				 "netnsctl log {name}" },
	[WHY_NOT_ON_DRIFT_REPORT] = { "on_drift_report", "the topology's file says to report drift, not to heal it",
				      "netnsctl up {name}", .told = true },
	[WHY_NOT_CONTESTED] = { "contested",
				"it is changed again and again, so each repair is delayed longer than the one before",
				"netnsctl log {name}", .told = true },
	[WHY_NOT_REFUSED] = { "refused",
			      "the kernel refused the repair; netnsd retries it, after a longer pause each time",
			      "netnsctl log {name}" },
	[WHY_NOT_UNUSABLE] = { "unusable", "the kernel says that it does not work, so netnsd recreates it now and then",
			       "netnsctl log {name}", .told = true },
	[WHY_NOT_NOT_READY] = { "not_ready",
				"the kernel has to finish something first, such as duplicate address detection" },
	[WHY_NOT_MISSING] = { "missing", "it is missing, and others have to create it", .told = true },
	[WHY_NOT_OTHERS_MISSING] = { "others_missing",
				     "the kernel refused it, and it may need something missing that others create" },
	[WHY_NOT_BLOCKED] = { "blocked", "what it depends on is missing, or waits itself" },
	[WHY_NOT_ORDER] = { "order", "it comes after another object, and that one waits" },
	[WHY_NOT_FOREIGN] = { "foreign", "another program's object is in its place, and netnsd leaves that alone",
			      .told = true },
	[WHY_NOT_OTHER_TOPOLOGY] = { "other_topology", "an object of another topology is in its place",
				     "netnsctl status", .told = true },
	[WHY_NOT_MARK_DAMAGED] = { "mark_damaged", "its mark was damaged, so it may belong to others", .told = true },
	[WHY_NOT_ALTNAME] = { "altname", "its name is an alternative name of another interface", .told = true },
	[WHY_NOT_NAME_BLOCKED] = { "name_blocked", "something other than a network namespace has its name",
				   .told = true },
	[WHY_NOT_BARRED] = { "barred", "another program's route is in its place, and netnsd leaves that alone",
			     .told = true },
	[WHY_NOT_BESIDE] = { "beside",
			     "it is another program's, next to an object of the topology, and netnsd leaves it alone",
			     .told = true },
};
_Static_assert(ARRAY_SIZE(rows) == WHY_NOT_N, "each reason has a row");

const char *why_not_word(unsigned why)
{
	return why < WHY_NOT_N ? rows[why].word : NULL;
}

const char *why_not_sentence(enum why_not why)
{
	return rows[why].sentence;
}

const char *why_not_command(enum why_not why)
{
	return rows[why].command;
}

bool why_not_is_told(enum why_not why)
{
	return rows[why].told;
}

enum why_not why_not_find(const char *word)
{
	for (unsigned i = WHY_NOT_FIRST; word && i < WHY_NOT_N; i++)
		if (!strcmp(rows[i].word, word))
			return (enum why_not)i;
	return WHY_NOT_NONE;
}
