/* SPDX-License-Identifier: MIT */
/* metrics.h - the method Metrics; @arg is a struct method_context. */
#pragma once
#include "control/service.h"

void method_metrics(struct call *c, const void *parameters, void *arg);
