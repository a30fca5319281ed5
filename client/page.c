/* SPDX-License-Identifier: MIT */
/* page.c - the drawing in a page to explore it: one file that loads nothing, and runs no script but its own. */
#include "graph_svg.h"
#include "graph_page_css.h"
#include "graph_page_js.h"
#include "graph_svg_css.h"

static const char head[] =
	"<!DOCTYPE html>\n"
	"<html lang=\"en\">\n"
	"<head>\n"
	"<meta charset=\"utf-8\">\n"
	"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
	"script-src '" PAGE_JS_HASH
	"'\">\n"
	"<title>Network namespaces</title>\n"
	"<style>\n";
static const char header[] =
	"</style>\n"
	"</head>\n"
	"<body%s>\n"
	"<header>\n"
	"<input type=\"search\" id=\"search\" placeholder=\"Search: name, address, state\" aria-label=\"Search\">\n"
	"<span id=\"found\" role=\"status\"></span>\n"
	"<button type=\"button\" id=\"out\" aria-label=\"Zoom out\">−</button>\n"
	"<button type=\"button\" id=\"in\" aria-label=\"Zoom in\">+</button>\n"
	"<button type=\"button\" id=\"fit\">Fit</button>\n"
	"<button type=\"button\" id=\"theme\">Light or dark</button>\n"
	"<div id=\"states\" role=\"group\" aria-label=\"Show only\"></div>\n"
	"</header>\n"
	"<main>\n";
static const char footer[] =
	"</main>\n"
	"<footer><kbd>/</kbd> search, <kbd>Enter</kbd> next, <kbd>Esc</kbd> everything; drag or arrow keys to move, wheel or "
	"<kbd>+</kbd> <kbd>-</kbd> to zoom, <kbd>0</kbd> to fit; double-click a namespace for what is beside it</footer>\n"
	"<script>";

void graph_html(const struct graph *g, const struct graph_style *style, FILE *out)
{
	fputs(head, out);
	fputs(svg_css, out);
	fputs(page_css, out);
	fprintf(out, header, style->refreshes ? " data-refreshes=\"\"" : "");
	svg_write(g, NULL, out);
	fputs(footer, out);
	fputs(page_js, out);
	fputs("</script>\n</body>\n</html>\n", out);
}
