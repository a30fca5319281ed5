/* SPDX-License-Identifier: MIT */
/* doctor.h - netnsctl doctor --probe. */
#pragma once
#include "ctl.h"

/* Pings the gateways of the topology that is an argument, or of all.  An exit code. */
int doctor_probe(const struct ctl *c);
