/* request_body: the body of a request, as JSON. */
#ifndef REQUEST_BODY_H
#define REQUEST_BODY_H

#include "base/json.h"
#include "serve/request.h"

/* request_body: the body; NULL: there is none, it is not exactly one JSON object, or it has the character NUL, written
 * as such or as an escape. Ownership: json_free, or json_free_secret. */
struct json *request_body(const struct request *request) MUST_CHECK;

#endif
