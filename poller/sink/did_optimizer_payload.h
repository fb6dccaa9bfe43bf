/* did_optimizer_payload: makes the body for the API from one call. */
#ifndef DID_OPTIMIZER_PAYLOAD_H
#define DID_OPTIMIZER_PAYLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "domain/call.h"
#include "domain/disposition.h"
#include "sink/sink.h"

/* How the API reads a call. NULL: as its documentation says, all false. */
struct did_optimizer_reading {
    bool number_is_did;     /* phoneNumber is the DID that was shown, if it is known; not the called number */
    bool takes_dial_status; /* dialStatus is sent; the API prefers it to the disposition */
};

/* did_optimizer_payload_body: the JSON object for a call, always valid UTF-8. *ret_row_length: the first bytes, which
 * come from the call's own row; the rest was looked up. Ownership: the caller frees the text. */
char *did_optimizer_payload_body(const struct call *call, const struct disposition_map *map,
                                 const struct did_optimizer_reading *reading, size_t *ret_row_length) MUST_CHECK;

/* did_optimizer_payload_named: writes to out which members of the body are named in text, an answer of the API. Returns
 * out; "": none. */
const char *did_optimizer_payload_named(const char *text, char *out, size_t size);

/* did_optimizer_payload_key: the idempotency key. It depends on the row alone, because looked-up data never change. So
 * the key is the same as that of earlier versions, which sent only the row. */
void did_optimizer_payload_key(const char *id, const char *body, size_t row_length, uint32_t change,
                               char out[SINK_KEY_SIZE]);

#endif
