/* payload: what is sent to the API for one call. */
#ifndef PAYLOAD_H
#define PAYLOAD_H

#include "domain/call.h"
#include "domain/disposition.h"

/* payload_body: the JSON object that the API takes for call, always valid UTF-8. Ownership: the caller frees it. */
char *payload_body(const struct call *call, const struct disposition_map *map) MUST_CHECK;

/* payload_idempotency_key: writes the value of the Idempotency-Key header to out: the same for the same body, another
 * for any other. change: 0, or the number of a change after the call was accepted: a call that goes back to what it was
 * must not pass for a repetition. Only letters, digits, '.', '-' and '_' occur in it. */
#define PAYLOAD_KEY_SIZE 96
void payload_idempotency_key(const char *uniqueid, const char *body, uint32_t change, char out[PAYLOAD_KEY_SIZE]);

#endif
