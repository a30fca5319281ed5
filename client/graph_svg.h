/* SPDX-License-Identifier: MIT */
/* graph_svg.h - the drawing that SVG and HTML share. */
#pragma once
#include "graph.h"

/* Writes the element svg, whose style is @style; NULL: that of the page it is in. */
void svg_write(const struct graph *g, const char *style, FILE *out);
/* Writes printable text as XML. */
void svg_text(FILE *out, const char *s);
