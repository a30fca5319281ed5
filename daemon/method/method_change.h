/* SPDX-License-Identifier: MIT */
/* method_change.h - the methods of the table that change something; @arg is a
 * struct method_context. */
#pragma once
#include "context.h"

void method_apply(struct call *c, void *arg);
void method_up(struct call *c, void *arg);
void method_down(struct call *c, void *arg);
void method_confirm(struct call *c, void *arg);
void method_adopt(struct call *c, void *arg);
void method_rollback(struct call *c, void *arg);
void method_reload(struct call *c, void *arg);
