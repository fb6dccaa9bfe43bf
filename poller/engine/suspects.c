/* suspects: calls that failed while it is unknown whether the calls or the API are at fault. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
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
    item->suspected_ms = clock_mono_exact_ms();
    suspects->items[suspects->count++] = item;
    breaker_record_failure(&suspects->engine->breaker, failure_of(outcome),
                           outcome->blames_call || item->record.attempts > 0);
}

static void drop(struct work_item *item)
{
    free(item->suspicion);
    item->suspicion = NULL;
}

void suspects_clear(struct suspects *suspects)
{
    for (size_t i = 0; i < suspects->count; i++)
        drop(suspects->items[i]);
    suspects->count = 0;
}

/* ---- calls at fault, and calls in doubt ---- */

/* The delay in seconds before the next try of a call, after this many failures. */
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

/* The cause is unknown: the call becomes pending, and no retry is used up. */
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
    if (result == 0 && item->record.attempts == 0) /* a call that failed in an earlier run says nothing about the API */
        result = engine_place(engine, LEDGER_DOUBT, &place, err);
    return result;
}

/* The API accepted calls before, but not the last five, and no call was left for the probe: it may be down by now. So
 * the call becomes pending, and no retry is used up. */
static int leave_untested(struct engine *engine, struct work_item *item, struct err *err)
{
    int64_t delay = delay_of(engine, item, item->record.tries + 1);
    char next[220];
    (void)snprintf(next, sizeof next,
                   "%d calls failed in a row, and there was no other call to test the %s with, so no "
                   "retry is used up; next try in %" PRId64 " s",
                   engine->breaker.failures_in_a_row, sink_title(engine->route.sink), delay);
    const struct settle_outlook outlook = { .advice = item->suspicion->advice, .next = next };
    return settle_pending(engine, item, item->suspicion->reason, delay, &outlook, err);
}

/* Settles the calls that failed before a monotonic time. The other calls stay. */
static int settle_each(struct suspects *suspects, int (*settle)(struct engine *, struct work_item *, struct err *),
                       double before_ms, struct err *err)
{
    int result = 0;
    size_t left = 0;
    for (size_t i = 0; i < suspects->count; i++) {
        struct work_item *item = suspects->items[i];
        if (item->suspected_ms > before_ms) {
            suspects->items[left++] = item;
            continue;
        }
        if (result == 0)
            result = settle(suspects->engine, item, err);
        drop(item);
    }
    suspects->count = left;
    return result;
}

int suspects_charge(struct suspects *suspects, double started_ms, struct err *err)
{
    return settle_each(suspects, charge, started_ms, err);
}

/* ---- the API or the configuration at fault ---- */

/* Stops the run. No retry is used up. */
static int declare(struct suspects *suspects, enum breaker_diagnosis finding, struct err *err)
{
    struct engine *engine = suspects->engine;
    const struct breaker *breaker = &engine->breaker;
    struct outcome none = { .kind = OUTCOME_RETRY, .reason = "no useful answer" }, *latest = &none;
    const char *title = sink_title(engine->route.sink);
    const struct call *call = NULL;
    int64_t pause = 0;
    for (size_t i = 0; i < suspects->count; i++) {
        latest = suspects->items[i]->suspicion;
        call = suspects->items[i]->call;
        if (latest->wait_sec > pause)
            pause = latest->wait_sec;
    }
    if (finding == BREAKER_CONFIGURATION && breaker->down)
        engine_stop(engine, STOP_CONFIGURATION, call,
                    "the %s still refuses calls, the last: %s%s; no call is lost, calls are sent when that is fixed",
                    title, latest->reason, latest->advice);
    else if (finding == BREAKER_CONFIGURATION && sink_batch(engine->route.sink) > 0)
        engine_stop(engine, STOP_CONFIGURATION, call, "the %s refuses the calls: %s%s; no call is lost, calls are sent "
                    "when that is fixed", title, latest->reason, latest->advice);
    else if (finding == BREAKER_CONFIGURATION)
        engine_stop(engine, STOP_CONFIGURATION, call,
                    "the %s refused %d different calls in a row, the last: %s%s; no call is lost, calls are sent when "
                    "that is fixed",
                    title, breaker->failures_in_a_row + (breaker->doubt ? 1 : 0), latest->reason, latest->advice);
    else
        engine_stop(engine, STOP_OUTAGE, call, "the %s is down: %s%s; no call is lost, the next run tries again", title,
                    latest->reason, latest->advice);
    /* An API that is down may also send Retry-After. */
    return pause > 0 ? engine_note(engine, LEDGER_NOTE_WAIT_UNTIL, engine_now(engine) + pause, err) : 0;
}

int suspects_judge(struct suspects *suspects, struct err *err)
{
    enum summary_stop stop = suspects->engine->summary->stop;
    enum breaker_diagnosis finding = breaker_diagnose(&suspects->engine->breaker);
    /* The probe has shown that the API is at fault. So no retry is used up, even if the API accepted calls before. */
    if (suspects->count == 0 || stop == STOP_OUTAGE || stop == STOP_CONFIGURATION)
        return 0;
    if (finding == BREAKER_CALL_AT_FAULT && suspects->engine->breaker.must_probe)
        return settle_each(suspects, leave_untested, INFINITY, err);
    /* No failure: the last answers were useful. They belong to requests from before the failure, but nothing speaks
     * against the API, and the next run tries the call again. */
    if (finding == BREAKER_CALL_AT_FAULT || finding == BREAKER_NO_FAILURE)
        return settle_each(suspects, charge, INFINITY, err);
    return finding == BREAKER_UNDECIDED ? settle_each(suspects, leave_in_doubt, INFINITY, err)
                                        : declare(suspects, finding, err);
}

int suspects_judge_probe(struct suspects *suspects, struct err *err)
{
    return declare(suspects, breaker_diagnose_down(&suspects->engine->breaker), err);
}
