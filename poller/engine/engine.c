/* engine: what one run works with, what it was told, and what it has come to know. */
#include <stdarg.h>
#include <stdio.h>

#include "base/interrupt.h"
#include "engine/engine.h"

/* The group commit: an fsync for each outcome would cost more than its request. A crash repeats at most these. */
#define COMMIT_COUNT 1000
#define COMMIT_MS 50

int64_t engine_now(const struct engine *engine)
{
    return clock_reading_now(&engine->clock);
}

void engine_stop(struct engine *engine, enum summary_stop why, const char *format, ...)
{
    struct summary *summary = engine->summary;
    if (summary->stop != STOP_NONE)
        return;
    summary->stop = why;
    va_list args;
    va_start(args, format);
    (void)vsnprintf(summary->message, sizeof summary->message, format, args);
    va_end(args);
}

bool engine_may_go_on(struct engine *engine)
{
    if (interrupt_requested())
        engine_stop(engine, STOP_INTERRUPTED, "stopped by a signal; the next run continues from here");
    else if (clock_mono_ms() >= engine->terms.deadline_ms)
        engine_stop(engine, STOP_OUT_OF_TIME,
                    "the time limit of this run is reached; the next run continues from here");
    return engine->summary->stop == STOP_NONE;
}

int engine_judge(const struct engine *engine, const struct call *call, struct call_record *ret_record,
                 struct decision *ret_decision, struct err *err)
{
    if (ledger_find(engine->route.ledger, call->id, ret_record, err) != 0)
        return -1;
    struct call_record known = *ret_record;
    if (known.tried < engine->terms.force_since)
        known.sent_before = false;
    *ret_decision = decision_of(call, &known, engine->route.settings, engine_now(engine));
    return 0;
}

/* Counts a change of the ledger; result: what it came to. */
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
