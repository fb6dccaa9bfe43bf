/* json: the few JSON operations that the program needs, over cJSON. */
#ifndef JSON_H
#define JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct json;

/* Building. json_add_* add a member to an object. Names and texts are borrowed until the object is freed. Text may be
 * any bytes: what is not valid UTF-8 becomes U+FFFD; NULL becomes null. Running out of memory ends the program. */
struct json *json_object(void) MUST_CHECK;
void json_add_text(struct json *object, const char *name, const char *text);
void json_add_int(struct json *object, const char *name, int64_t number);
void json_add_bool(struct json *object, const char *name, bool value);
void json_add_null(struct json *object, const char *name);

/* json_add_known: json_add_int, or null where number is unknown, the value that stands for one that is not known. */
void json_add_known(struct json *object, const char *name, int64_t number, int64_t unknown);

/* json_add: value, an object or an array, becomes a member of object and is freed with it. Returns value. */
struct json *json_add(struct json *object, const char *name, struct json *value);

/* Arrays. json_append_* add an element at the end; text is copied, and else as for members. json_append: value is freed
 * with the array; returns value. */
struct json *json_array(void) MUST_CHECK;
void json_append_text(struct json *array, const char *text);
void json_append_int(struct json *array, int64_t number);
struct json *json_append(struct json *array, struct json *value);

/* json_print: one line of text without blanks. Ownership: the caller frees it. */
char *json_print(const struct json *json) MUST_CHECK;

/* json_print_line: the same, written to standard output with a line end. Frees json. */
void json_print_line(struct json *json);

/* json_parse: reads text. Returns NULL when it is not one JSON object and nothing else. Ownership: json_free. */
struct json *json_parse(const char *text) MUST_CHECK;

/* Reading a member of an object. json_text: the member's text, borrowed from object, or NULL when it is missing or of
 * another type. json_is: whether the member is exactly that boolean. */
const char *json_text(const struct json *object, const char *name);
bool json_is(const struct json *object, const char *name, bool value);

/* json_member: a member of any type, borrowed; NULL when it is missing. json_first, json_next: the elements of an array
 * one after the other; NULL after the last, and for what is no array. json_word: a string or a number as text. Ownership:
 * the caller frees it; NULL for any other type, and for NULL. */
const struct json *json_member(const struct json *object, const char *name);
const struct json *json_first(const struct json *array);
const struct json *json_next(const struct json *element);
char *json_word(const struct json *value) MUST_CHECK;

/* json_free: NULL is fine. */
void json_free(struct json *json);

#endif
