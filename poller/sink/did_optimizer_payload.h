/* did_optimizer_payload: what is sent to the API for one call. */
#ifndef DID_OPTIMIZER_PAYLOAD_H
#define DID_OPTIMIZER_PAYLOAD_H

#include "domain/call.h"
#include "domain/disposition.h"
#include "sink/sink.h"

/* did_optimizer_payload_body: the JSON object that the API takes for call, always valid UTF-8. Ownership: the caller
 * frees it. */
char *did_optimizer_payload_body(const struct call *call, const struct disposition_map *map) MUST_CHECK;

/* did_optimizer_payload_key: writes the value of the Idempotency-Key header to out: the same for the same body, another
 * for any other. change: 0, or the number of a change after the call was accepted: a call that goes back to what it was
 * must not pass for a repetition. Only letters, digits, '.', '-' and '_' occur in it. */
void did_optimizer_payload_key(const char *uniqueid, const char *body, uint32_t change, char out[SINK_KEY_SIZE]);

#endif
