/* did_optimizer_reason: what the API says of a failure, in its own words. Two dialects: the published server answers
 * with `error` and `message`, the framework of the newer one (FastAPI) with `detail`. */
#ifndef DID_OPTIMIZER_REASON_H
#define DID_OPTIMIZER_REASON_H

#include <stdbool.h>

#include "base/json.h"

/* did_optimizer_reason_of: the API's words: detail, else error, else message; where text is no JSON, its first line,
 * but not that of a page. "" when the API says nothing. Of detail's list only loc and msg are taken: `input` repeats
 * a person's data. object: text as JSON; NULL: it is none. Ownership: the caller frees it. */
char *did_optimizer_reason_of(const struct json *object, const char *text) MUST_CHECK;

/* did_optimizer_reason_blames_header: whether detail names a header of the request as wrong. All calls have the same
 * headers, so no call is at fault. */
bool did_optimizer_reason_blames_header(const struct json *object);

/* did_optimizer_reason_blames_call: whether the words of a server error point to the values of this one call: the
 * published server answers 500 for a value that its database model refuses, again and again. */
bool did_optimizer_reason_blames_call(const struct json *object, const char *words);

#endif
