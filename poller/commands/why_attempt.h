/* why_attempt: one attempt to send a call, in one line for people. */
#ifndef WHY_ATTEMPT_H
#define WHY_ATTEMPT_H

#include <stdbool.h>
#include <stddef.h>

#include "ledger/records.h"
#include "sink/sink.h"

/* why_attempt: writes when the attempt was made, the sink's answer, and what the attempt led to. sink is its type;
 * NULL: not known. is_accepted: the ledger says that this attempt was accepted. If neither the ledger nor the type
 * of sink knows what an answer led to, the line does not say it. Returns out. */
const char *why_attempt(const struct records_attempt *attempt, const struct sink_ops *sink, bool is_accepted, char *out,
                        size_t size);

#endif
