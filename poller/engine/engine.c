/* engine: the parts, the orders and the state of one run. */
#include <stdarg.h>
#include <stdio.h>

#include "base/interrupt.h"
#include "base/mask.h"
#include "engine/engine.h"
#include "engine/recording_locate.h"
#include "ledger/recordings.h"
#include "ledger/records.h"

/* The group commit: an fsync for each outcome would cost more than its request. A crash repeats at most these. */
#define COMMIT_COUNT 1000
#define COMMIT_MS 50

int64_t engine_now(const struct engine *engine)
{
    return clock_reading_now(&engine->clock);
}

bool engine_must_send_now(const struct engine *engine)
{
    int64_t deadline_ms = engine->terms.deadline_ms;
    bool is_slow = sink_batch(engine->route.sink) > 0 || engine->route.source->ops->fetch_most > 0;
    return is_slow && deadline_ms != INT64_MAX &&
           clock_mono_ms() >= engine->started_ms + (deadline_ms - engine->started_ms) / 2;
}

bool engine_is_closed(const struct engine *engine)
{
    return engine->terms.deadline_ms != INT64_MAX && sink_opens_at(engine->route.sink) > clock_now_epoch();
}

void engine_stop(struct engine *engine, enum summary_stop why, const struct call *call, const char *format, ...)
{
    struct summary *summary = engine->summary;
    if (summary->stop != STOP_NONE)
        return;
    summary->stop = why;
    va_list args;
    va_start(args, format);
    (void)vsnprintf(summary->message, sizeof summary->message, format, args);
    va_end(args);
    if (call != NULL)
        mask_if_enabled(summary->message, call->number);
}

bool engine_may_go_on(struct engine *engine)
{
    if (interrupt_requested())
        engine_stop(engine, STOP_INTERRUPTED, NULL, "stopped by a signal; the next run continues from here");
    else if (clock_mono_ms() >= engine->terms.deadline_ms)
        engine_stop(engine, STOP_OUT_OF_TIME, NULL,
                    "the time limit of this run is reached; the next run continues from here");
    return engine->summary->stop == STOP_NONE;
}

bool engine_may_read(struct engine *engine)
{
    if (!source_may_read(engine->route.source))
        engine_stop(engine, STOP_OUT_OF_TIME, NULL,
                    "this run has used its share of the %s's time (max_server_time); the next run continues from here",
                    engine->route.source->ops->title);
    return engine->summary->stop == STOP_NONE;
}

/* ---- calls that changed ---- */

struct change {
    const struct call *call;
    const struct settings_sync *settings;
    bool counts;
};

static void weigh(void *context, const struct records_call *known)
{
    struct change *change = context;
    const struct decision_accepted accepted = { .status = known->last.status, .agent = known->last.agent,
                                                .length = known->last.length };
    change->counts = decision_change_counts(change->call, &accepted, change->settings);
}

/* This change is no reason to send the call again. So known then says that the API has the present version. */
static int discount_change(const struct engine *engine, const struct call *call, struct call_record *known,
                           struct err *err)
{
    const struct settings_sync *settings = engine->route.settings;
    struct change change = { .call = call, .settings = settings, .counts = true };
    bool may_not_count = settings->resend_changed == RESEND_FINAL || settings->ignores_extras;
    if (!may_not_count || !known->sent_before || known->version_unknown != 0 || call_matches_accepted(call, known))
        return 0;
    if (records_find_call(engine->route.ledger, call->id, weigh, &change, err) != 0)
        return -1;
    if (!change.counts)
        known->fingerprint = call_fingerprint(call);
    return 0;
}

int engine_judge(const struct engine *engine, const struct call *call, struct call_record *ret_record,
                 struct decision *ret_decision, struct err *err)
{
    if (ledger_find(engine->route.ledger, call->id, ret_record, err) != 0)
        return -1;
    struct call_record known = *ret_record;
    if (known.tried < engine->terms.force_since)
        known.sent_before = false;
    if (discount_change(engine, call, &known, err) != 0)
        return -1;
    *ret_decision = decision_of(call, &known, engine->route.settings, engine_now(engine));
    return 0;
}

/* Counts a change of the ledger; result is the change's result. */
static int changed(struct engine *engine, int result)
{
    if (result == 0 && engine->uncommitted++ == 0)
        engine->first_uncommitted_ms = clock_mono_ms();
    return result;
}

int engine_put(struct engine *engine, const struct ledger_entry *entry, struct err *err)
{
    return changed(engine, ledger_put(engine->route.ledger, entry, err));
}

/* A call without times keeps the time at which it was seen. */
int engine_expect_recording(struct engine *engine, const struct call *call, struct err *err)
{
    const char *path = engine->route.stores_recordings ? call_extra(call, "recording_path") : NULL;
    int64_t started = call_number(call->started, call->ended);
    bool is_new = false;
    if (path == NULL || *path == '\0')
        return 0;
    if (recordings_expect(engine->route.ledger, call->id, path, started > 0 ? started : engine_now(engine), &is_new,
                          err) != 0)
        return -1;
    return is_new ? changed(engine, 0) : 0;
}

int engine_look_for_recording(struct engine *engine, const struct call *call, struct err *err)
{
    char path[RECORDING_LOCATE_PATH_SIZE];
    int64_t started = call_number(call->started, call->ended);
    bool is_new = false;
    if (!engine->route.stores_recordings || !source_finds_recordings(engine->route.source) ||
        call_number(call->length, 0) <= 0)
        return 0;
    recording_locate_begin(call->kin, call->ended, path);
    if (recordings_expect(engine->route.ledger, call->id, path, started, &is_new, err) != 0)
        return -1;
    return is_new ? changed(engine, 0) : 0;
}

int engine_forget(struct engine *engine, const char *id, struct err *err)
{
    return changed(engine, ledger_forget(engine->route.ledger, id, err));
}

int engine_note(struct engine *engine, const char *name, int64_t value, struct err *err)
{
    return changed(engine, ledger_set_note(engine->route.ledger, name, value, err));
}

int engine_place(struct engine *engine, enum ledger_place which, const struct position *position, struct err *err)
{
    return changed(engine, ledger_set_place(engine->route.ledger, which, position, err));
}

int engine_commit(struct engine *engine, struct err *err)
{
    engine->uncommitted = 0;
    return ledger_commit(engine->route.ledger, err);
}

int engine_commit_if_due(struct engine *engine, struct err *err)
{
    bool due = engine->uncommitted >= COMMIT_COUNT ||
               (engine->uncommitted > 0 && clock_mono_ms() - engine->first_uncommitted_ms >= COMMIT_MS);
    return due ? engine_commit(engine, err) : 0;
}
