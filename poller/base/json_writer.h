/* json_writer: writes one flat JSON object as text. A tree of values would cost several times as much. */
#ifndef JSON_WRITER_H
#define JSON_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Begin with all zero. Members are written in the order of the calls; a name is plain ASCII that needs no escape. */
struct json_writer {
    char *text;
    size_t length, size;
};

/* json_writer_add_text: adds a member. NULL becomes null; invalid UTF-8 becomes U+FFFD, as in json_add_text. */
void json_writer_add_text(struct json_writer *writer, const char *name, const char *text);

/* json_writer_add_int: adds a number with all its digits. */
void json_writer_add_int(struct json_writer *writer, const char *name, int64_t number);

/* json_writer_add_known: adds number, or null if it equals unknown. */
void json_writer_add_known(struct json_writer *writer, const char *name, int64_t number, int64_t unknown);

/* json_writer_add_bool: adds true or false. json_writer_add_json: adds a value that is JSON already. */
void json_writer_add_bool(struct json_writer *writer, const char *name, bool value);
void json_writer_add_json(struct json_writer *writer, const char *name, const char *json);

/* json_writer_put: writes a piece of JSON as it is. json_writer_put_text: writes a string, or null for NULL, with the
 * rules of json_writer_add_text. For a text that is not one flat object; both put a NUL behind the text, which is not
 * counted in length. */
void json_writer_put(struct json_writer *writer, const char *json);
void json_writer_put_text(struct json_writer *writer, const char *text);

/* json_writer_end: ends the object. Returns its text, the same bytes as json_print gives. Ownership: the caller frees
 * it. */
char *json_writer_end(struct json_writer *writer);

#endif
