/* SPDX-License-Identifier: MIT */
/* method_change.h - the methods of the table that change something; @arg is a
 * struct method_context. */
#pragma once
#include "context.h"

void method_apply(struct call *c, const void *parameters, void *arg);
void method_up(struct call *c, const void *parameters, void *arg);
void method_down(struct call *c, const void *parameters, void *arg);
void method_confirm(struct call *c, const void *parameters, void *arg);
void method_adopt(struct call *c, const void *parameters, void *arg);
void method_rollback(struct call *c, const void *parameters, void *arg);
void method_rename(struct call *c, const void *parameters, void *arg);
void method_reload(struct call *c, const void *parameters, void *arg);

/* Their parameters. */
extern const struct json_struct apply_takes, up_takes, down_takes, confirm_takes, rollback_takes, adopt_takes,
	rename_takes, reload_takes;
