/* message_key: makes the idempotency key, by which a receiver recognizes a repeated message. */
#ifndef MESSAGE_KEY_H
#define MESSAGE_KEY_H

#include <stdint.h>

#include "sink/sink.h"

#define MESSAGE_KEY_ID_BYTES 63

/* message_key: writes the key of id, body and change to out. change: 0, or the number of a change after the call was
 * accepted, so that a call that changes back is no repetition. The key has only letters, digits, '.', '-' and '_'; id
 * is cut after MESSAGE_KEY_ID_BYTES. The format must never change: a retry may come after an upgrade. */
void message_key(const char *id, const char *body, uint32_t change, char out[SINK_KEY_SIZE]);

#endif
