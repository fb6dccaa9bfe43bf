/* api_value: the members of a row in JSON, whose types an API does not promise. For the sources that read an HTTP API.
 */
#ifndef API_VALUE_H
#define API_VALUE_H

#include <stdint.h>

#include "base/json.h"

/* api_value_text: the member, a string or a number, as text; NULL if it is absent, null or "". name NULL: there is no
 * such member. Ownership: the caller frees it. */
char *api_value_text(const struct json *row, const char *name) MUST_CHECK;

/* api_value_nested: the member, an object or a list, which may also be a text that holds one; NULL if it is neither.
 * *ret_parsed: what the text held. Ownership: borrowed from row or from *ret_parsed, for which the caller calls
 * json_free. */
const struct json *api_value_nested(const struct json *row, const char *name, struct json **ret_parsed);

/* api_value_id: the _id of the member, an object as api_value_nested finds it, or the member itself, a string or a
 * number; NULL if there is none. Ownership: the caller frees it. */
char *api_value_id(const struct json *row, const char *name) MUST_CHECK;

/* api_value_number: a number, written as a JSON number or as text, without its fraction; fallback if it is absent, no
 * number, or has an exponent, as JSON numbers from 10^15 on do. */
int64_t api_value_number(const struct json *row, const char *name, int64_t fallback);

/* api_value_seconds: as api_value_number; 0 instead of a negative length, which only clocks that differ can make. */
int64_t api_value_seconds(const struct json *row, const char *name, int64_t fallback);

#endif
