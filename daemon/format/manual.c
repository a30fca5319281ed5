/* SPDX-License-Identifier: MIT */
/* manual.c - writes the tables of the kinds as the tables of the manual, in the
 * language of scdoc(5). */
#include "load.h"
#include <ctype.h>

/* Escapes what scdoc would take for emphasis. */
static void print_text(FILE *out, const char *s)
{
	for (; *s; s++) {
		if (strchr("*_\\", *s))
			fputc('\\', out);
		fputc(*s, out);
	}
}

static void print_type(FILE *out, const struct field *f)
{
	struct json_object *schema = f->type->schema(f), *least, *most;

	if (f->type == &type_word)
		for (const struct word *w = f->words; w->name; w++) {
			fputs(w == f->words ? "" : w[1].name ? ", " : " or ", out);
			print_text(out, w->name);
		}
	else
		print_text(out, f->type->name);
	if (json_object_object_get_ex(schema, "minimum", &least) && json_object_object_get_ex(schema, "maximum", &most))
		fprintf(out, " %s to %s", json_object_get_string(least), json_object_get_string(most));
	json_object_put(schema);
}

static void print_field(FILE *out, const struct field *f)
{
	fputs("|  *", out);
	print_text(out, f->name);
	fputs("*\n:  ", out);
	print_type(out, f);
	fputs("\n:  ", out);
	print_text(out, f->doc);
	if (f->kernel_default && strcmp(f->kernel_default, "null")) {
		fputs("; reverts to ", out);
		print_text(out, f->kernel_default);
	}
	fputs(f->flags & NEEDED ? "; required" : "", out);
	fputs(f->flags & KEY ? "; part of the key" : "", out);
	fputs(f->flags & FIXED ? "; a change recreates the object" : "", out);
	fputc('\n', out);
}

/* Where an object of kind @k belongs in a file. */
static void print_place(FILE *out, const struct kind *k)
{
	const char *in = k == &kind_expect ? "the file" : k->in_link ? "an interface" : "a namespace, or the host";

	switch (k->form) {
	case FORM_BODY:
		fputs("The keys of a namespace or of the host itself", out);
		break;
	case FORM_KEYS:
		fprintf(out, "Keys of %s", in);
		break;
	case FORM_MAP:
		fprintf(out, "An object in *%s* of %s, under its name", k->section, in);
		break;
	case FORM_LIST:
		fprintf(out, "An object in the list *%s* of %s", k->section, in);
		break;
	case FORM_OBJECT:
		fprintf(out, "The object *%s* of %s", k->section, in);
		break;
	case FORM_VALUES:
		fprintf(out, "A key and its value in *%s* of %s", k->section, in);
		break;
	case FORM_ONE:
		fprintf(out, k->shorthand ? "The value of *%s* of %s" : "The object *%s* of %s", k->section,
			k->in_link ? in : "a namespace");
		break;
	}
	if (k->shorthand && k->form != FORM_ONE) {
		fputs("; a string instead of an object is its *", out);
		print_text(out, k->shorthand);
		fputc('*', out);
	}
	fputs(".\n\n", out);
}

static void print_kind(FILE *out, const struct kind *k)
{
	fputs("## ", out);
	print_text(out, k->name);
	fputs("\n\n", out);
	fputc(toupper((unsigned char)*k->doc), out);
	print_text(out, k->doc + 1);
	fputs(".\n\n", out);
	print_place(out, k);
	fputs("[[ *key*\n:[ *value*\n:[ *meaning*\n", out);
	for (size_t f = 0; f < k->n_fields; f++)
		if (!(k->fields[f].flags & HIDDEN))
			print_field(out, &k->fields[f]);
	fputc('\n', out);
}

void load_manual(const struct kinds *kinds, FILE *out)
{
	for (size_t i = 0; i < kinds->n; i++)
		if (kinds->v[i]->section || kinds->v[i]->form == FORM_BODY)
			print_kind(out, kinds->v[i]);
	print_kind(out, &kind_expect);
}
