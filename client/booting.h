/* SPDX-License-Identifier: MIT */
/* booting.h - whether the machine is still booting, as systemd sees it. */
#pragma once
#include <stdbool.h>

/* Asks systemctl(1); false also where there is no systemd. */
bool is_booting(void);
