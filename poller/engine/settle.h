/* settle: what has become of a call, written to the ledger and the log, and counted. */
#ifndef SETTLE_H
#define SETTLE_H

#include "engine/engine.h"
#include "engine/work.h"

/* All of them: nothing is durable before the next commit. Errors: EX_IOERR, from the ledger. */

/* Of a call that was found; record: what the ledger says of it. */

/* settle_waiting: its status is not final; it is looked at again in the next runs, and sent as it stands from until
 * (epoch) on. A call that waits already stays as it is. */
int settle_waiting(struct engine *engine, const struct call *call, const struct call_record *record, int64_t until,
                   struct err *err) MUST_CHECK;

/* settle_noted: it becomes pending, and is due at once. */
int settle_noted(struct engine *engine, const struct call *call, const struct call_record *record, struct err *err)
    MUST_CHECK;

/* settle_known: the API has it as it is. A call that was open is so no longer, if the API ever accepted it. */
int settle_known(struct engine *engine, const struct call *call, const struct call_record *record, struct err *err)
    MUST_CHECK;

/* settle_forgotten: an open call is deleted from the ledger; why: for people. call: NULL: the source no longer has it. */
int settle_forgotten(struct engine *engine, const char *id, const struct call *call, const struct call_record *record,
                     const char *why, struct err *err) MUST_CHECK;

/* Of a call that is being sent. */

/* settle_version_unknown: it is about to be sent with the content of its message, and from then on nobody knows which
 * version of it the API holds. Must be durable before the message is sent. */
int settle_version_unknown(struct engine *engine, struct work_item *item, struct err *err) MUST_CHECK;

/* settle_accepted: the API has it. repeated: it had it already. */
int settle_accepted(struct engine *engine, struct work_item *item, bool repeated, struct err *err) MUST_CHECK;

/* settle_rejected: it is never sent again by itself; reason: for people. */
int settle_rejected(struct engine *engine, struct work_item *item, const char *reason, struct err *err) MUST_CHECK;

/* How a call goes on that failed, for the log: the advice that comes with the reason ("": none), and what comes next. */
struct settle_outlook {
    const char *advice, *next;
};

/* settle_pending: it is tried again in delay seconds; reason: for people. */
int settle_pending(struct engine *engine, struct work_item *item, const char *reason, int64_t delay,
                   const struct settle_outlook *outlook, struct err *err) MUST_CHECK;

/* settle_log_call: what the log says of an item beside the message. Borrowed from item. */
struct log_call settle_log_call(const struct engine *engine, const struct work_item *item);

#endif
