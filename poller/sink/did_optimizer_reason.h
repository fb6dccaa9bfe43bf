/* did_optimizer_reason: reads the API's own words for a failure. The published server answers with `error` and
 * `message`, the newer one (framework FastAPI) with `detail`. */
#ifndef DID_OPTIMIZER_REASON_H
#define DID_OPTIMIZER_REASON_H

#include <stdbool.h>

#include "base/json.h"

/* did_optimizer_reason_of: the API's words: detail, else error, else message. If text is neither JSON nor an HTML page:
 * its first line. "" if the API gives no reason. Reads only loc and msg of detail's list, because `input` repeats a
 * person's data. object: text as JSON; NULL: text is no JSON. Ownership: the caller frees it. */
char *did_optimizer_reason_of(const struct json *object, const char *text) MUST_CHECK;

/* did_optimizer_reason_blames_header: whether detail names a header of the request as wrong. All calls have the same
 * headers, so no call is at fault. */
bool did_optimizer_reason_blames_header(const struct json *object);

/* did_optimizer_reason_blames_call: whether the words of a server error point to the values of this one call. The
 * published server always answers 500 for a value that its database model refuses. */
bool did_optimizer_reason_blames_call(const struct json *object, const char *words);

#endif
