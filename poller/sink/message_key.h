/* message_key: a number of a message by which a receiver knows its repetition. */
#ifndef MESSAGE_KEY_H
#define MESSAGE_KEY_H

#include <stdint.h>

#include "sink/sink.h"

/* message_key: writes a key to out: the same for the same body, another for any other. change: 0, or the number of a
 * change after the call was accepted: a call that goes back to what it was must not pass for a repetition. Only letters,
 * digits, '.', '-' and '_' occur in it; id is cut after 63. The form must stay: a retry may come after an upgrade. */
void message_key(const char *id, const char *body, uint32_t change, char out[SINK_KEY_SIZE]);

#endif
