/* did_optimizer_payload: what is sent to the API for one call. */
#ifndef DID_OPTIMIZER_PAYLOAD_H
#define DID_OPTIMIZER_PAYLOAD_H

#include "domain/call.h"
#include "domain/disposition.h"

/* did_optimizer_payload_body: the JSON object that the API takes for call, always valid UTF-8. Ownership: the caller
 * frees it. */
char *did_optimizer_payload_body(const struct call *call, const struct disposition_map *map) MUST_CHECK;

#endif
