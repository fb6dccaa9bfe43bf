/* settle: writes the result of a call to the ledger and the log, and counts it. */
#ifndef SETTLE_H
#define SETTLE_H

#include "engine/engine.h"
#include "engine/work.h"

/* Durable: with the next commit. Errors of all functions: EX_IOERR, from the ledger. */

/* For a call that was found. record: the ledger's record of the call. */

/* settle_waiting: records that the call waits for its final status. The next runs read it again; from until (epoch) on
 * it is sent with its present status. Does nothing if the call waits already. */
int settle_waiting(struct engine *engine, const struct call *call, const struct call_record *record, int64_t until,
                   struct err *err) MUST_CHECK;

/* settle_noted: makes the call pending, and due when the sink takes calls (sink_opens_at): often at once. */
int settle_noted(struct engine *engine, const struct call *call, const struct call_record *record, struct err *err)
    MUST_CHECK;

/* settle_known: the API has the present version. An open call is closed, if the API ever accepted it. Its recording may
 * be known only now. */
int settle_known(struct engine *engine, const struct call *call, const struct call_record *record, struct err *err)
    MUST_CHECK;

/* settle_forgotten: deletes an open call from the ledger. why: for the log. call NULL: the source no longer has it. */
int settle_forgotten(struct engine *engine, const char *id, const struct call *call, const struct call_record *record,
                     const char *why, struct err *err) MUST_CHECK;

/* For a call that is being sent. */

/* settle_version_unknown: records that we will not know which version of the call the API holds, because another
 * content is about to be sent. Must be durable before the message is sent. */
int settle_version_unknown(struct engine *engine, struct work_item *item, struct err *err) MUST_CHECK;

/* settle_accepted: the API has accepted the call. repeated: the API had the call already. */
int settle_accepted(struct engine *engine, struct work_item *item, bool repeated, struct err *err) MUST_CHECK;

/* settle_rejected: the call is never sent again by itself. reason: for the log and the views. */
int settle_rejected(struct engine *engine, struct work_item *item, const char *reason, struct err *err) MUST_CHECK;

/* For the log line of a failed call: the advice that follows the reason ("": none), and the next step. */
struct settle_outlook {
    const char *advice, *next;
};

/* settle_pending: the call is tried again in delay seconds. reason: for the log and the views. */
int settle_pending(struct engine *engine, struct work_item *item, const char *reason, int64_t delay,
                   const struct settle_outlook *outlook, struct err *err) MUST_CHECK;

#endif
