/* settle: writes the result of a call to the ledger and the log, and counts it. */
#include <inttypes.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "engine/settle.h"
#include "engine/watch.h"

static const char *result_of(const struct engine *engine, const struct call *call)
{
    return disposition_of(engine->route.dispositions, call);
}

/* ---- calls that were found ---- */

/* If the API has accepted the call before, the ledger still shows the accepted version. */
static struct ledger_entry entry_of(const struct call *call, const struct call_record *record, enum call_state state)
{
    struct ledger_entry entry = { .uniqueid = call->id,
                                  .record = *record,
                                  .end_epoch = call->ended,
                                  .call = record->sent_before ? NULL : call };
    entry.record.state = state;
    return entry;
}

int settle_waiting(struct engine *engine, const struct call *call, const struct call_record *record, int64_t until,
                   struct err *err)
{
    if (record->state == CALL_WAITING)
        return 0;
    struct ledger_entry entry = entry_of(call, record, CALL_WAITING);
    entry.due = until;
    engine->summary->waiting++;
    if (source_shows_open(engine->route.source) && watch_add(engine, call, err) != 0)
        return -1;
    return engine_put(engine, &entry, err);
}

/* The sink's time is by this host's clock, and a due time by the source's. */
int settle_noted(struct engine *engine, const struct call *call, const struct call_record *record, struct err *err)
{
    struct ledger_entry entry = entry_of(call, record, CALL_PENDING);
    entry.due = engine_now(engine);
    if (engine_is_closed(engine))
        entry.due += sink_opens_at(engine->route.sink) - clock_now_epoch();
    return engine_put(engine, &entry, err);
}

int settle_known(struct engine *engine, const struct call *call, const struct call_record *record, struct err *err)
{
    if (record->sent_before && record->state != CALL_REJECTED && engine_expect_recording(engine, call, err) != 0)
        return -1;
    if (!call_is_open(record) || !record->sent_before)
        return 0;
    struct ledger_entry entry = entry_of(call, record, CALL_ACCEPTED);
    entry.call = call;
    entry.result = result_of(engine, call);
    return engine_put(engine, &entry, err);
}

int settle_forgotten(struct engine *engine, const char *id, const struct call *call, const struct call_record *record,
                     const char *why, struct err *err)
{
    if (!call_is_open(record))
        return 0;
    struct log_call about = { .uniqueid = id, .answer = -1, .attempt = -1 };
    if (call != NULL) {
        about.campaign = call->campaign;
        about.phone = call->number;
        about.status = call->status;
        about.result = result_of(engine, call);
    }
    engine->summary->forgotten += call == NULL ? 1 : 0;
    log_for_call(LOG_INFO, &about, "🗑 %s: %s, forgotten", id, why);
    return engine_forget(engine, id, err);
}

/* ---- calls that were sent and answered ---- */

/* The data of an item for its log line. Borrowed from item. */
static struct log_call log_call_of(const struct engine *engine, const struct work_item *item)
{
    const struct call *call = item->call;
    return (struct log_call){ .uniqueid = call->id,
                              .campaign = str_or_empty(call->campaign),
                              .phone = str_or_empty(call->number),
                              .status = str_or_empty(call->status),
                              .result = result_of(engine, call),
                              .answer = item->attempt.answer,
                              .attempt = item->attempt_number };
}

static int put(struct engine *engine, struct work_item *item, enum call_state state, int64_t due, const char *reason,
               struct err *err)
{
    item->record.state = state;
    struct ledger_entry entry = { .uniqueid = item->call->id,
                                  .record = item->record,
                                  .end_epoch = item->call->ended,
                                  .due = due,
                                  .reason = reason,
                                  .payload = item->message.body,
                                  .call = item->call,
                                  .result = result_of(engine, item->call),
                                  .attempt = &item->attempt };
    int result = engine_put(engine, &entry, err);
    item->recorded = result == 0;
    return result;
}

int settle_version_unknown(struct engine *engine, struct work_item *item, struct err *err)
{
    struct ledger_entry entry = entry_of(item->call, &item->record, CALL_PENDING);
    entry.due = engine_now(engine);
    entry.payload = item->message.body;
    int result = engine_put(engine, &entry, err);
    item->record.state = CALL_PENDING;
    item->recorded = result == 0;
    return result;
}

int settle_accepted(struct engine *engine, struct work_item *item, bool repeated, struct err *err)
{
    const struct call *call = item->call;
    int64_t delay = engine->terms.of_the_past ? TALLY_NOT_TIMED : engine_now(engine) - call->ended;
    engine->summary->accepted++;
    engine->summary->repeated += repeated ? 1 : 0;
    tally_accepted(&engine->tally, result_of(engine, call), delay, item->record.sent_before);
    item->record.sent_before = true;
    item->record.fingerprint = call_fingerprint(call);
    item->record.version_unknown = 0;
    item->record.attempts = 0;
    if (put(engine, item, CALL_ACCEPTED, 0, NULL, err) != 0 || engine_expect_recording(engine, call, err) != 0 ||
        engine_look_for_recording(engine, call, err) != 0)
        return -1;
    struct log_call about = log_call_of(engine, item);
    log_for_call(LOG_INFO, &about, "✓ %s: %s/%s → %s (%" PRId64 "s)", call->id, about.campaign, about.phone,
                 about.status, call_number(call->length, 0));
    return 0;
}

/* The line that monitoring counts: grep -c "failed:". */
static void log_failure(const struct engine *engine, const struct work_item *item, const char *reason,
                        const struct settle_outlook *outlook)
{
    struct log_call about = log_call_of(engine, item);
    log_for_call(LOG_WARN, &about, "✗ %s: failed: %s%s (%s)", about.uniqueid, reason, outlook->advice, outlook->next);
}

int settle_rejected(struct engine *engine, struct work_item *item, const char *reason, struct err *err)
{
    engine->summary->rejected++;
    tally_rejected(&engine->tally, result_of(engine, item->call));
    if (put(engine, item, CALL_REJECTED, 0, reason, err) != 0)
        return -1;
    static const struct settle_outlook outlook = { .advice = "", .next = "rejected" };
    log_failure(engine, item, reason, &outlook);
    return 0;
}

int settle_pending(struct engine *engine, struct work_item *item, const char *reason, int64_t delay,
                   const struct settle_outlook *outlook, struct err *err)
{
    if (put(engine, item, CALL_PENDING, engine_now(engine) + delay, reason, err) != 0)
        return -1;
    log_failure(engine, item, reason, outlook);
    return 0;
}
