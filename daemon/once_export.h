/* SPDX-License-Identifier: MIT */
/* once_export.h - netnsd --export: prints a topology of what there is, and exits. */
#pragma once

/* Prints that of the namespace that netnsd was started in, as the host, and of those that have a name in @dir, and on
 * stderr what it cannot say; the exit status. */
int export_run(const char *dir);
