/* name: the name of a recording's file, and its sub-folder. */
#ifndef NAME_H
#define NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define NAME_SIZE 256
#define NAME_DEFAULT "{uuid}_{YYYYMMDD_HHMMSS}.{ext}"

enum name_folders { NAME_FOLDERS_NONE, NAME_FOLDERS_YEAR, NAME_FOLDERS_MONTH };

/* What the name says of a recording. */
struct name_parts {
    const char *call; /* the call's id */
    const char *ext;  /* "mp3" */
    int64_t started;  /* epoch; the name has local time */
};

/* name_check: checks a template. It is text with {uuid}, {YYYYMMDD_HHMMSS}, {YYYYMMDD}, {HHMMSS} and {ext}. It must
 * contain {uuid}: otherwise two recordings could have the same name, and one would be lost. Errors: EX_CONFIG. */
int name_check(const char *template, struct err *err) MUST_CHECK;

/* name_make: writes the name to out. Each byte of the id that is no letter, digit, - or _, nor a dot within it, becomes
 * %XX, so that two ids never have the same name. Errors: EX_SOFTWARE: the name would be too long for a file. */
int name_make(const char *template, const struct name_parts *parts, char out[NAME_SIZE], struct err *err) MUST_CHECK;

/* name_of_id: writes only the id, so coded, to out, of size bytes. False if it is too long. name_to_id: the reverse. */
bool name_of_id(const char *id, char *out, size_t size);
bool name_to_id(const char *name, char *out, size_t size);

/* name_folder: writes the sub-folder to out: "", "2025" or "2025/10". Returns out. */
#define NAME_FOLDER_SIZE 16
const char *name_folder(enum name_folders folders, int64_t started, char out[NAME_FOLDER_SIZE]);

/* name_extension: the extension of a recording, from its path at the PBX, otherwise from the Content-Type (NULL: none);
 * "wav" if neither says it. Writes it to out, in small letters. Returns out. name_content_type: the type for an
 * extension. */
#define NAME_EXTENSION_SIZE 8
const char *name_extension(const char *path, const char *content_type, char out[NAME_EXTENSION_SIZE]);
const char *name_content_type(const char *extension);

#endif
