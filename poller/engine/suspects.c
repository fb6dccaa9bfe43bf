/* suspects: calls that failed while nobody knows yet whether they or the API are to blame. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mask.h"
#include "base/mem.h"
#include "base/str.h"
#include "domain/backoff.h"
#include "engine/settle.h"
#include "engine/suspects.h"

static enum breaker_failure failure_of(const struct outcome *outcome)
{
    if (outcome->kind == OUTCOME_MISCONFIGURED)
        return BREAKER_REFUSED;
    return outcome->unreachable ? BREAKER_UNREACHABLE : BREAKER_FAILED;
}

void suspects_add(struct suspects *suspects, struct work_item *item, const struct outcome *outcome)
{
    item->suspicion = mem_zero(1, sizeof *outcome);
    *item->suspicion = *outcome;
    suspects->items[suspects->count++] = item;
    breaker_record_failure(&suspects->engine->breaker, failure_of(outcome),
                           outcome->blames_call || item->record.attempts > 0);
}

void suspects_clear(struct suspects *suspects)
{
    for (size_t i = 0; i < suspects->count; i++) {
        free(suspects->items[i]->suspicion);
        suspects->items[i]->suspicion = NULL;
    }
    suspects->count = 0;
}

/* ---- the calls are to blame, or perhaps ---- */

/* In how many seconds to try a call again that has failed so often. */
static int64_t delay_of(const struct engine *engine, const struct work_item *item, int64_t failures)
{
    const struct settings_sync *settings = engine->route.settings;
    const char *id = item->call->id;
    uint32_t random = (uint32_t)str_hash((uint64_t)engine->run, id, strlen(id));
    int64_t delay = backoff_delay_sec(failures, settings->retry_base, settings->retry_cap, random);
    return delay < item->suspicion->wait_sec ? item->suspicion->wait_sec : delay;
}

static int charge(struct engine *engine, struct work_item *item, struct err *err)
{
    bool refused = item->suspicion->kind == OUTCOME_MISCONFIGURED;
    int64_t attempts = ++item->record.attempts;
    char reason[sizeof item->suspicion->reason + 120], next[80];
    const struct settle_outlook outlook = { .advice = "", .next = next };
    (void)snprintf(reason, sizeof reason, refused ? "%s, though the %s accepts other calls" : "%s",
                   item->suspicion->reason, sink_title(engine->route.sink));
    if (attempts >= engine->route.settings->max_attempts) {
        size_t used = strlen(reason);
        (void)snprintf(reason + used, sizeof reason - used, ", after %" PRId64 " attempts", attempts);
        return settle_rejected(engine, item, reason, err);
    }
    int64_t delay = delay_of(engine, item, attempts);
    (void)snprintf(next, sizeof next, "attempt %" PRId64 ", next try in %" PRId64 " s", attempts, delay);
    return settle_pending(engine, item, reason, delay, &outlook, err);
}

/* Nobody knows: the call is pending and not charged. */
static int leave_in_doubt(struct engine *engine, struct work_item *item, struct err *err)
{
    int64_t delay = delay_of(engine, item, item->record.tries + 1);
    struct position place = position_at(item->call->ended, item->call->id);
    char next[220];
    const char *title = sink_title(engine->route.sink);
    (void)snprintf(next, sizeof next, "there was no other call to test the %s with, so no retry is used up; next try "
                   "in %" PRId64 " s, or after the next call that the %s accepts", title, delay, title);
    const struct settle_outlook outlook = { .advice = item->suspicion->advice, .next = next };
    engine->summary->in_doubt++;
    int result = settle_pending(engine, item, item->suspicion->reason, delay, &outlook, err);
    if (result == 0 && item->record.attempts == 0) /* a call that was charged before tells nothing of the API */
        result = engine_place(engine, LEDGER_DOUBT, &place, err);
    return result;
}

static int settle_each(struct suspects *suspects, int (*settle)(struct engine *, struct work_item *, struct err *),
                       struct err *err)
{
    int result = 0;
    for (size_t i = 0; i < suspects->count && result == 0; i++)
        result = settle(suspects->engine, suspects->items[i], err);
    suspects_clear(suspects);
    return result;
}

int suspects_charge(struct suspects *suspects, struct err *err)
{
    return settle_each(suspects, charge, err);
}

/* ---- the API is to blame, or the configuration ---- */

/* Stops the run. No call is charged. */
static int declare(struct suspects *suspects, enum breaker_diagnosis finding, struct err *err)
{
    struct engine *engine = suspects->engine;
    const struct breaker *breaker = &engine->breaker;
    struct outcome none = { .kind = OUTCOME_RETRY, .reason = "no useful answer" }, *latest = &none;
    const char *title = sink_title(engine->route.sink);
    int64_t pause = 0;
    for (size_t i = 0; i < suspects->count; i++) {
        latest = suspects->items[i]->suspicion;
        mask_if_enabled(latest->reason, suspects->items[i]->call->number); /* the run's message names no call */
        if (latest->wait_sec > pause)
            pause = latest->wait_sec;
    }
    if (finding == BREAKER_CONFIGURATION && breaker->down)
        engine_stop(engine, STOP_CONFIGURATION, "the %s still refuses calls, the last: %s%s; no call is lost, calls are "
                    "sent when that is fixed", title, latest->reason, latest->advice);
    else if (finding == BREAKER_CONFIGURATION)
        engine_stop(engine, STOP_CONFIGURATION, "the %s refused %d different calls in a row, the last: %s%s; no call is "
                    "lost, calls are sent when that is fixed", title,
                    breaker->failures_in_a_row + (breaker->doubt ? 1 : 0), latest->reason, latest->advice);
    else
        engine_stop(engine, STOP_OUTAGE, "the %s is down: %s%s; no call is lost, the next run tries again", title,
                    latest->reason, latest->advice);
    /* An API that is down may say until when, too. */
    return pause > 0 ? engine_note(engine, LEDGER_NOTE_WAIT_UNTIL, engine_now(engine) + pause, err) : 0;
}

int suspects_judge(struct suspects *suspects, struct err *err)
{
    const struct engine *engine = suspects->engine;
    enum breaker_diagnosis finding = breaker_diagnose(&engine->breaker);
    if (suspects->count == 0 || engine->summary->stop == STOP_OUTAGE || engine->summary->stop == STOP_CONFIGURATION)
        return 0;
    if (finding == BREAKER_CALL_AT_FAULT)
        return suspects_charge(suspects, err);
    return finding == BREAKER_UNDECIDED ? settle_each(suspects, leave_in_doubt, err) : declare(suspects, finding, err);
}

int suspects_judge_probe(struct suspects *suspects, struct err *err)
{
    return declare(suspects, breaker_diagnose_down(&suspects->engine->breaker), err);
}
