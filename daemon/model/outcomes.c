/* SPDX-License-Identifier: MIT */
/* outcomes.c - the table of outcomes. */
#include "outcomes.h"

#define ERROR(name) NETNSD_INTERFACE "." name
#define P(name) (1U << OUTCOME_##name)

static const struct outcome_row rows[] = {
	/* Its event and words are those of what was asked for. */
	[OUTCOME_DONE] = { .event = EVENT_APPLIED, .exit = EXIT_DONE },
	[OUTCOME_INVALID] = {
		.error = ERROR("Invalid"), .parameters = P(PROBLEMS), .event = EVENT_REFUSED, .exit = EXIT_INVALID, .named = true,
		.sentence = "invalid; nothing was touched", .told = "{problems}" },
	[OUTCOME_REFUSED] = {
		.error = ERROR("Refused"), .parameters = P(PROBLEM) | P(OTHERS), .event = EVENT_REFUSED, .exit = EXIT_FAILED,
		.named = true, .sentence = "refused; everything is as it was before", .told = "{problems}" },
	[OUTCOME_CONFLICT] = {
		.error = ERROR("Conflict"), .parameters = P(OBJECT) | P(OWNER) | P(PROBLEMS), .event = EVENT_REFUSED,
		.exit = EXIT_FAILED, .named = true,
		.sentence = "{object} belongs to {owner}; nothing was touched", .told = "{problems}" },
	[OUTCOME_NO_SUCH_TOPOLOGY] = {
		.error = ERROR("NoSuchTopology"), .parameters = P(NAME), .event = EVENT_REFUSED, .exit = EXIT_FAILED,
		.sentence = "no topology is called {name}; netnsctl status shows those there are" },
	[OUTCOME_NAME_IN_USE] = {
		.error = ERROR("NameInUse"), .parameters = P(NAME) | P(SOURCE), .event = EVENT_REFUSED, .exit = EXIT_FAILED,
		.sentence = "{name} is up from {source}; --replace, or --name OTHER",
		.once = "{name} is up from {source}; give the file another \"name\"" },
	[OUTCOME_WAITING] = {
		.error = ERROR("Waiting"), .parameters = P(NAME) | P(FOR) | P(PROBLEMS), .event = EVENT_WAITING, .exit = EXIT_FAILED,
		.why = WHY_NOT_AWAITING,
		.sentence = "{name} waits for {for}, and is applied as soon as that is there; netnsctl down {name} gives it up",
		.told = "waits for {for}" },
	[OUTCOME_BUSY] = {
		.error = ERROR("Busy"), .parameters = P(NAME), .event = EVENT_REFUSED, .exit = EXIT_FAILED,
		.sentence = "{name} waits to be confirmed: netnsctl confirm {name}, or netnsctl rollback {name}",
		.once = "{name} waits to be confirmed; with netnsd running: netnsctl confirm {name}, or netnsctl rollback {name}" },
	[OUTCOME_NOTHING_TO_CONFIRM] = {
		.error = ERROR("NothingToConfirm"), .parameters = P(NAME), .event = EVENT_REFUSED, .exit = EXIT_FAILED,
		.sentence = "nothing waits to be confirmed; netnsctl rollback NAME goes back all the same",
		.told = "does not wait to be confirmed" },
	[OUTCOME_DISRUPTS] = {
		.error = ERROR("Disrupts"), .parameters = P(PROBLEMS), .event = EVENT_REFUSED, .exit = EXIT_FAILED, .named = true,
		.sentence = "would interrupt traffic; nothing was touched; without --no-disrupt it is done", .told = "{problems}" },
	[OUTCOME_DIFFERS] = {
		.error = ERROR("Differs"), .parameters = P(PROBLEMS), .event = EVENT_REFUSED, .exit = EXIT_FAILED, .named = true,
		.sentence = "what is there is not as declared; nothing was touched", .told = "{problems}" },
	[OUTCOME_NOT_PERSISTED] = {
		.error = ERROR("NotPersisted"), .parameters = P(NAME) | P(PROBLEM), .event = EVENT_FAILED, .exit = EXIT_FAILED,
		.sentence = "{name}: it is done, but what is there at boot is as it was",
		.told = "is done, but not what is there at boot: {problem}" },
	[OUTCOME_ROLLBACK_FAILED] = {
		.error = ERROR("RollbackFailed"), .parameters = P(PROBLEM) | P(AFTER) | P(OTHERS), .event = EVENT_FAILED,
		.why = WHY_NOT_ROLLBACK_FAILED,
		.exit = EXIT_FAILED, .named = true,
		.sentence = "the way back was refused too: what is there now lies between before and after; "
			    "netnsctl plan FILE shows what is left to do",
		.told = "{problem}; the way back was refused too: {after}" },
};
_Static_assert(ARRAY_SIZE(rows) == OUTCOMES, "each outcome has a row");

const struct outcome_row *outcome_row(enum outcome_code code)
{
	return &rows[code];
}

const struct outcome_row *outcome_row_of(const char *error)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].error && !strcmp(rows[i].error, error))
			return &rows[i];
	return NULL;
}
