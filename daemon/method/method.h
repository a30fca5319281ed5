/* SPDX-License-Identifier: MIT */
/* method.h - the methods of io.netnsd. */
#pragma once
#include "context.h"
#include "control/service.h"

/* The interface with its text; @m must outlive the socket. */
struct interface method_interface(struct method_context *m);
