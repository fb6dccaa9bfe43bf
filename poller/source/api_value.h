/* api_value: the members of a row in JSON, whose types an API does not promise. For the sources that read an HTTP API.
 */
#ifndef API_VALUE_H
#define API_VALUE_H

#include <stdint.h>

#include "base/json.h"

/* api_value_text: the member, a string or a number, as text; NULL if it is absent, null or "". name NULL: there is no
 * such member. Ownership: the caller frees it. */
char *api_value_text(const struct json *row, const char *name) MUST_CHECK;

/* api_value_number: a number, written as a JSON number or as text, without its fraction; fallback if it is absent, no
 * number, or has an exponent, as JSON numbers from 10^15 on do. */
int64_t api_value_number(const struct json *row, const char *name, int64_t fallback);

#endif
