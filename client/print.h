/* SPDX-License-Identifier: MIT */
/* print.h - what several commands print in the same way. */
#pragma once
#include "reply.h"
#include "table.h"

/* Colours only for a terminal, and unless NO_COLOR is set. */
bool print_colours(FILE *out);
/* Has the table fit the terminal, if standard output is one. */
void print_fit(struct table *t);
/* One line for programs, several for a person at a terminal or if @pretty. */
void print_json(FILE *out, struct json_object *o, bool pretty);

/* Always one line, for programs, flushed at once. */
void print_json_line(FILE *out, struct json_object *o);

/* A table for steps that are printed to @out: sign, kind, object, detail.  @wide: the least width of the objects,
 * of which no more than half of the terminal is taken. */
struct table print_steps_table(FILE *out, size_t wide);
/* Prints the list "steps" of @reply, one step a line. */
void print_steps(FILE *out, struct table *t, struct json_object *reply);
/* "lab: 5 steps", "lab: nothing to do", and the steps: the answer of Plan, or a result of Reload, about @name.
 * @wide: as of print_steps_table. */
void print_plan(FILE *out, const char *name, struct json_object *plan, size_t wide);
/* "everyday: 5 created in 3.1 ms", "lab: unchanged". */
void print_summary(FILE *out, struct json_object *summary);
/* "lab: adopted; 5 marks set": the answer of a change that only sets marks, @what it has done to the topology; @json: as
 * JSON. */
void print_marks(FILE *out, struct json_object *reply, const char *what, bool json);
/* "42 s": the time left to confirm, of a Topology or a Summary. */
const char *print_left(struct arena *a, struct json_object *o);
/* "everyday.json, until reboot": the source of a topology of Status. */
const char *print_source(struct arena *a, struct json_object *topology);
/* "FILE:LINE:COLUMN: POINTER: MESSAGE", as much of it as there is: a Problem of the interface text. */
const char *print_problem(struct arena *a, struct json_object *problem);
/* @sentence with each {key} replaced by what @parameters have for it. */
const char *print_fill(struct arena *a, const char *sentence, struct json_object *parameters);
/* "up", "down", "no carrier": an Interface of the interface text. */
const char *print_state(struct json_object *interface);
/* The colour of a topology or interface in that state. */
enum colour print_state_colour(const char *state);
/* The addresses of an interface, each with its condition: "fd00::1/64 (duplicate)". */
const char *print_addresses(struct arena *a, struct json_object *interface);
/* CLOCK_REALTIME in microseconds. */
uint64_t print_now(void);
