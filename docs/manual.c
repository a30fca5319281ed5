/* SPDX-License-Identifier: MIT */
/* manual.c - prints the tables of netnsd-topology(5) from the table of kinds.  Runs
 * during the build; it is not installed. */
#include "format/load.h"

int main(void)
{
	load_manual(&all_kinds, stdout);
	return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
