/* json: the JSON operations that the program needs, over cJSON. */
#ifndef JSON_H
#define JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct json;

/* Building. json_add_* add a member to an object. Ownership: names and texts are borrowed until the object is freed.
 * Text may be any bytes: an invalid UTF-8 byte becomes U+FFFD, and NULL becomes null. Out of memory ends the
 * program. */
struct json *json_object(void) MUST_CHECK;
void json_add_text(struct json *object, const char *name, const char *text);
void json_add_int(struct json *object, const char *name, int64_t number);
void json_add_bool(struct json *object, const char *name, bool value);
void json_add_null(struct json *object, const char *name);

/* json_add_known: json_add_int, but adds null if number equals unknown, the value that means "not known". */
void json_add_known(struct json *object, const char *name, int64_t number, int64_t unknown);

/* json_add: adds value, an object or an array, to object. Returns value. Ownership: value is freed with object. */
struct json *json_add(struct json *object, const char *name, struct json *value);

/* Arrays. json_append_* add an element at the end. Text is copied; otherwise the rules of json_add_* hold. json_append
 * returns value. Ownership: value is freed with array. */
struct json *json_array(void) MUST_CHECK;
void json_append_text(struct json *array, const char *text);
void json_append_int(struct json *array, int64_t number);
struct json *json_append(struct json *array, struct json *value);

/* json_print: the JSON text, one line without blanks. Ownership: the caller frees it. */
char *json_print(const struct json *json) MUST_CHECK;

/* json_print_line: writes the JSON text and a line end to standard output. Ownership: frees json. */
void json_print_line(struct json *json);

/* json_parse: parses text, which must be exactly one JSON object. Returns NULL if it is not. Ownership: json_free. */
struct json *json_parse(const char *text) MUST_CHECK;

/* Reading a member of an object. json_text: the text of the member, borrowed from object; NULL if the member is missing
 * or has another type. json_is: whether the member is exactly this boolean. */
const char *json_text(const struct json *object, const char *name);
bool json_is(const struct json *object, const char *name, bool value);

/* json_member: a member of any type, borrowed; NULL if it is missing.
 * json_first, json_next: the elements of an array in turn; NULL after the last one, and if array is not an array.
 * json_is_list, json_is_object, json_is_null: whether value is an array, an object, or is missing or null.
 * json_count: the number of elements of an array; 0 if array is not an array.
 * json_text_or_number: a string or a number as text; NULL for any other type and for NULL. Ownership: the caller frees
 * the text. */
const struct json *json_member(const struct json *object, const char *name);
const struct json *json_first(const struct json *array);
const struct json *json_next(const struct json *element);
bool json_is_list(const struct json *value);
bool json_is_object(const struct json *value);
bool json_is_null(const struct json *value);
size_t json_count(const struct json *array);
char *json_text_or_number(const struct json *value) MUST_CHECK;

/* What a value is, for a reader that takes any JSON. json_kind: a missing value, NULL, is JSON_NULL. json_number: the
 * number; json_string: the text of a string; json_name: the name of an object's member, borrowed. json_first_member: of
 * an object, in the order of the text; NULL: it has none. json_next gives the others. */
enum json_kind { JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };
enum json_kind json_kind(const struct json *value);
double json_number(const struct json *value);
const char *json_string(const struct json *value);
const char *json_name(const struct json *member);
const struct json *json_first_member(const struct json *object);

/* json_free: frees the object with all its members. json may be NULL. */
void json_free(struct json *json);

/* json_free_secret: overwrites the texts of the object's own members, as json_parse made them, and frees the object. */
void json_free_secret(struct json *json);

#endif
