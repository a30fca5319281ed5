/* SPDX-License-Identifier: MIT */
/* outcomes.c - the table of outcomes. */
#include "outcomes.h"

#define ERROR(name) NETNSD_INTERFACE "." name
#define P(name) (1U << OUTCOME_##name)

static const struct outcome_row rows[] = {
	/* Its event and message are those of the request. */
	[OUTCOME_DONE] = { .event = EVENT_APPLIED, .exit = EXIT_DONE },
	[OUTCOME_INVALID] = { .error = ERROR("Invalid"),
			      .parameters = P(PROBLEMS),
			      .event = EVENT_REFUSED,
			      .exit = EXIT_INVALID,
			      .named = true,
			      .sentence = "invalid; nothing was touched",
			      .told = "{problems}" },
	[OUTCOME_REFUSED] = { .error = ERROR("Refused"),
			      .parameters = P(PROBLEM) | P(OTHERS),
			      .event = EVENT_REFUSED,
			      .exit = EXIT_FAILED,
			      .named = true,
			      .sentence = "refused; everything is as it was before",
			      .told = "{problems}" },
	[OUTCOME_CONFLICT] = { .error = ERROR("Conflict"),
			       .parameters = P(OBJECT) | P(OWNER) | P(PROBLEMS),
			       .event = EVENT_REFUSED,
			       .exit = EXIT_FAILED,
			       .named = true,
			       .sentence = "{object} belongs to {owner}; nothing was touched",
			       .told = "{problems}" },
	[OUTCOME_NO_SUCH_TOPOLOGY] = { .error = ERROR("NoSuchTopology"),
				       .parameters = P(NAME),
				       .event = EVENT_REFUSED,
				       .exit = EXIT_FAILED,
				       .sentence = "there is no topology {name}; netnsctl status lists all",
				       .once = "there is no topology {name}" },
	[OUTCOME_NAME_IN_USE] = { .error = ERROR("NameInUse"),
				  .parameters = P(NAME) | P(SOURCE),
				  .event = EVENT_REFUSED,
				  .exit = EXIT_FAILED,
				  .sentence = "{name} is up from {source}; use --replace, or --name OTHER",
				  .once = "{name} is up from {source}; give the file another \"name\"" },
	[OUTCOME_WAITING] = { .error = ERROR("Waiting"),
			      .parameters = P(NAME) | P(FOR) | P(PROBLEMS),
			      .event = EVENT_WAITING,
			      .exit = EXIT_FAILED,
			      .why = WHY_NOT_AWAITING,
			      .sentence =
				      "{name} waits for {missing}, and is applied as soon as that exists; netnsctl down {name} "
				      "gives up",
			      .planned = "{name} would wait for {missing}, and be applied as soon as that exists",
			      .told = "waits for {missing}" },
	[OUTCOME_BUSY] = { .error = ERROR("Busy"),
			   .parameters = P(NAME),
			   .event = EVENT_REFUSED,
			   .exit = EXIT_FAILED,
			   .sentence =
				   "{name} awaits confirmation: netnsctl confirm {name}, or netnsctl rollback {name}",
			   .once = "{name} awaits confirmation; with netnsd running: netnsctl confirm {name}, or netnsctl "
				   "rollback {name}" },
	[OUTCOME_NOTHING_TO_CONFIRM] = { .error = ERROR("NothingToConfirm"),
					 .parameters = P(NAME),
					 .event = EVENT_REFUSED,
					 .exit = EXIT_FAILED,
					 .sentence =
						 "nothing awaits confirmation; netnsctl rollback NAME reverts the last apply all the same",
					 .told = "does not await confirmation" },
	[OUTCOME_DISRUPTS] = { .error = ERROR("Disrupts"),
			       .parameters = P(PROBLEMS),
			       .event = EVENT_REFUSED,
			       .exit = EXIT_FAILED,
			       .named = true,
			       .sentence =
				       "would interrupt traffic; nothing was touched; apply it without --no-disrupt",
			       .told = "{problems}" },
	[OUTCOME_LOCKS_OUT] = { .error = ERROR("LocksOut"),
				.parameters = P(PROBLEMS),
				.event = EVENT_REFUSED,
				.exit = EXIT_FAILED,
				.named = true,
				.sentence =
					"may lock you out; nothing was touched; apply it with --confirm 60, which rolls "
					"back by itself, or with --sure",
				.told = "{problems}" },
	[OUTCOME_DIFFERS] = { .error = ERROR("Differs"),
			      .parameters = P(PROBLEMS),
			      .event = EVENT_REFUSED,
			      .exit = EXIT_FAILED,
			      .named = true,
			      .sentence = "the existing objects are not as declared; nothing was touched",
			      .told = "{problems}" },
	[OUTCOME_NOT_PERSISTED] = { .error = ERROR("NotPersisted"),
				    .parameters = P(NAME) | P(PROBLEM),
				    .event = EVENT_FAILED,
				    .exit = EXIT_FAILED,
				    .sentence = "{name}: done, but not saved for the next boot",
				    .told = "done, but not saved for boot: {problem}" },
	[OUTCOME_ROLLBACK_FAILED] = { .error = ERROR("RollbackFailed"),
				      .parameters = P(PROBLEM) | P(AFTER) | P(OTHERS),
				      .event = EVENT_FAILED,
				      .why = WHY_NOT_ROLLBACK_FAILED,
				      .exit = EXIT_FAILED,
				      .named = true,
				      .sentence =
					      "rollback also failed; the configuration is partly applied; netnsctl plan FILE shows "
					      "what is left to do",
				      .told = "{problem}; rollback also failed: {after}" },
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
