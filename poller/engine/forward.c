/* forward: calls in batches, from the dialer's rows to durable outcomes. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "base/mask.h"
#include "base/mem.h"
#include "base/str.h"
#include "domain/backoff.h"
#include "engine/forward.h"

/* Outcomes become durable in groups of at most so many, or when the first of a group is so old. */
#define COMMIT_COUNT 1000
#define COMMIT_MS 50

/* How long the API is left alone that limits the rate and does not say until when. */
#define RATE_LIMIT_PAUSE_SEC 60

/* One call of the batch. */
struct parcel {
    struct candidate *candidate;
    const struct call *call; /* NULL: the dialer has no such row */
    struct call *fetched;    /* the same, where it was read for this batch and not found by the scan */
    struct call_record record;
    struct sink_message message; /* without a body: nothing is to be sent */
    bool sent;  /* and its request has ended, one way or another */
    int64_t attempt_number; /* of the attempt to send this content, from 1; 0: not sent */
    struct ledger_attempt attempt; /* what came of sending it */
    struct outcome *suspicion; /* how it failed, while it is open whether the call or the API is to blame */
};

struct batch {
    struct forward *forward;
    struct parcel *parcels;
    size_t count;
    struct parcel **outgoing; /* what is handed to sink_send, in its order */
    size_t suspects; /* parcels with an open suspicion */
    bool versions_unknown; /* it is noted of some that we do not know which version of them the API holds */
    bool probing; /* a single call is sent to see whether the API works */
    struct err failure; /* of the ledger, met inside a callback; code EX_OK: none */
};

int64_t forward_now(const struct forward *forward)
{
    return clock_reading_now(&forward->clock);
}

static void PRINTF_LIKE(3, 4) stop(struct summary *summary, enum summary_stop why, const char *format, ...)
{
    if (summary->stop != STOP_NONE)
        return; /* the first reason is the one that counts */
    summary->stop = why;
    va_list args;
    va_start(args, format);
    (void)vsnprintf(summary->message, sizeof summary->message, format, args);
    va_end(args);
}

/* ---- the rows ---- */

static int compare_parcels(const void *left, const void *right)
{
    const struct parcel *a = left, *b = right;
    return strcmp(a->candidate->uniqueid, b->candidate->uniqueid);
}

static int take_row(void *context, const struct call *call, struct err *err)
{
    (void)err;
    struct batch *batch = context;
    struct candidate wanted = { .uniqueid = call->id };
    struct parcel key = { .candidate = &wanted };
    struct parcel *parcel = bsearch(&key, batch->parcels, batch->count, sizeof *batch->parcels, compare_parcels);
    if (parcel != NULL && parcel->call == NULL)
        parcel->call = parcel->fetched = call_copy(call);
    return 0;
}

/* A row whose end_epoch moved while it was scanned can be listed twice; the later one counts. */
static void drop_repeats(struct batch *batch)
{
    size_t kept = 0;
    for (size_t i = 0; i < batch->count; i++) {
        struct parcel *parcel = &batch->parcels[i], *last = kept > 0 ? &batch->parcels[kept - 1] : NULL;
        if (last == NULL || compare_parcels(last, parcel) != 0) {
            batch->parcels[kept++] = *parcel;
            continue;
        }
        struct parcel dropped = *parcel;
        if (parcel->candidate->end_epoch > last->candidate->end_epoch) {
            dropped = *last;
            *last = *parcel;
        }
        dropped.candidate->settled = true; /* the one that stays stands for both */
    }
    batch->count = kept;
}

static bool is_open(const struct parcel *parcel)
{
    return parcel->record.state == CALL_PENDING || parcel->record.state == CALL_WAITING;
}

static bool is_missing(const struct parcel *parcel)
{
    return parcel->call == NULL;
}

/* A row that waits for something and is gone from the live table: it may have been archived. */
static bool is_missing_and_open(const struct parcel *parcel)
{
    return is_missing(parcel) && is_open(parcel);
}

/* Reads the rows of those parcels that wanted says. They lie in the order of uniqueids while rows are matched to them. */
static int fetch(struct batch *batch, enum source_table table, bool (*wanted)(const struct parcel *), struct err *err)
{
    const char **uniqueids = mem_zero(batch->count, sizeof *uniqueids);
    size_t count = 0;
    for (size_t i = 0; i < batch->count; i++)
        if (wanted(&batch->parcels[i]))
            uniqueids[count++] = batch->parcels[i].candidate->uniqueid;
    int result = source_fetch(batch->forward->source, table, uniqueids, count, take_row, batch, err);
    free(uniqueids);
    return result;
}

static int compare_by_time(const void *left, const void *right)
{
    const struct parcel *a = left, *b = right;
    if (a->candidate->end_epoch != b->candidate->end_epoch)
        return a->candidate->end_epoch < b->candidate->end_epoch ? -1 : 1;
    return compare_parcels(left, right);
}

/* ---- recording ---- */

/* Notes since when something waits to be committed. result: that of a change of the ledger. */
static void wrote(struct batch *batch, int result)
{
    struct forward *forward = batch->forward;
    if (result == 0 && forward->uncommitted++ == 0)
        forward->first_uncommitted_ms = clock_mono_ms();
}

static const char *result_of(const struct batch *batch, const struct parcel *parcel)
{
    return disposition_result(batch->forward->dispositions, str_or_empty(parcel->call->status));
}

/* What the log says of a call beside the message. */
static struct log_call about(const struct batch *batch, const struct parcel *parcel)
{
    struct log_call known = { .uniqueid = parcel->candidate->uniqueid, .answer = -1, .attempt = -1 };
    if (parcel->call != NULL) {
        known.campaign = str_or_empty(parcel->call->campaign);
        known.phone = str_or_empty(parcel->call->number);
        known.status = str_or_empty(parcel->call->status);
        known.result = result_of(batch, parcel);
    }
    if (parcel->sent) {
        known.answer = parcel->attempt.answer;
        known.attempt = parcel->attempt_number;
    }
    return known;
}

/* Writes what became of a parcel. A failure is kept in the batch and ends it. */
static void put(struct batch *batch, struct parcel *parcel, enum call_state state, int64_t due, const char *reason)
{
    if (batch->failure.code != EX_OK)
        return;
    parcel->record.state = state;
    struct ledger_entry entry = {
        .uniqueid = parcel->candidate->uniqueid,
        .record = parcel->record,
        .end_epoch = parcel->call->ended != 0 ? parcel->call->ended : parcel->candidate->end_epoch,
        .due = due,
        .reason = reason,
        .payload = parcel->message.body,
        .call = parcel->call,
        .result = parcel->call != NULL ? result_of(batch, parcel) : NULL,
        .attempt = parcel->sent ? &parcel->attempt : NULL,
    };
    int result = ledger_put(batch->forward->ledger, &entry, &batch->failure);
    wrote(batch, result);
    parcel->candidate->settled = result == 0;
}

static void forget(struct batch *batch, struct parcel *parcel, const char *why)
{
    parcel->candidate->settled = true;
    if (!is_open(parcel) || batch->failure.code != EX_OK)
        return;
    batch->forward->summary->forgotten += is_missing(parcel) ? 1 : 0;
    struct log_call forgotten = about(batch, parcel);
    log_for_call(LOG_INFO, &forgotten, "🗑 %s: %s, forgotten", parcel->candidate->uniqueid, why);
    wrote(batch, ledger_forget(batch->forward->ledger, parcel->candidate->uniqueid, &batch->failure));
}

/* A call that waits, and whose row may have been archived where it cannot be seen: it goes on waiting. */
static void keep_waiting(struct batch *batch, struct parcel *parcel, const char *problem)
{
    parcel->candidate->settled = true; /* the ledger knows it */
    struct log_call kept = about(batch, parcel);
    log_for_call(LOG_WARN, &kept, "✗ %s: gone from %s, and perhaps archived: %s", kept.uniqueid,
                 batch->forward->source->ops->places[SOURCE_LIVE], problem);
}

static void hold(struct batch *batch, struct parcel *parcel, int64_t hold_until)
{
    if (parcel->record.state == CALL_WAITING) {
        parcel->candidate->settled = true;
        return;
    }
    batch->forward->summary->waiting++;
    put(batch, parcel, CALL_WAITING, hold_until, NULL);
}

/* The API knows what the row says: a call that was waiting to be sent (again) is done with. */
static void skip(struct batch *batch, struct parcel *parcel)
{
    if (is_open(parcel) && parcel->record.sent_before)
        put(batch, parcel, CALL_ACCEPTED, 0, NULL);
    parcel->candidate->settled = true;
}

struct decision forward_decide(const struct forward *forward, const struct call *call, const struct call_record *record)
{
    struct call_record known = *record;
    if (record->tried < forward->force_since)
        known.sent_before = false;
    return decision_of(call, &known, forward->settings, forward_now(forward));
}

/* Its campaign is not selected (any more): what the API has of it already is remembered. */
static void leave(struct batch *batch, struct parcel *parcel)
{
    if (parcel->record.sent_before)
        skip(batch, parcel);
    else
        forget(batch, parcel, "its campaign is not selected");
}

/* Whether the API holds another version of this call, and we know which. */
static bool has_changed(const struct parcel *parcel)
{
    const struct call_record *record = &parcel->record;
    return record->sent_before && record->version_unknown == 0 && !call_is_as_accepted(parcel->call, record);
}

/* Records first that we no longer know which version the API holds, so that a row that changes back is sent again. */
static void record_version_unknown(struct batch *batch, struct parcel *parcel)
{
    struct call_record *record = &parcel->record;
    record->state = CALL_PENDING;
    struct ledger_entry entry = { .uniqueid = parcel->candidate->uniqueid,
                                  .record = *record,
                                  .end_epoch = parcel->call->ended,
                                  .due = forward_now(batch->forward),
                                  .payload = parcel->message.body }; /* and no row: what was sent stays noted */
    int result = batch->failure.code == EX_OK ? ledger_put(batch->forward->ledger, &entry, &batch->failure) : -1;
    wrote(batch, result);
    parcel->candidate->settled = result == 0;
    batch->versions_unknown = true;
}

/* Makes the message. A change has a number of its own, so that content which comes back is no repetition. */
static void prepare(struct batch *batch, struct parcel *parcel)
{
    struct call_record *record = &parcel->record;
    bool changed = has_changed(parcel);
    if (changed)
        record->version_unknown = record->tries > 0 ? record->tries : 1; /* ledgers of version 1 counted none */
    sink_make(batch->forward->sink, parcel->call, (uint32_t)record->version_unknown, &parcel->message);
    if (changed)
        record_version_unknown(batch, parcel);
}

static void decide(struct batch *batch, struct parcel *parcel)
{
    struct forward *forward = batch->forward;
    const char *archive_problem = source_archive_problem(forward->source);
    if (is_missing_and_open(parcel) && *archive_problem != '\0') {
        keep_waiting(batch, parcel, archive_problem);
        return;
    }
    if (is_missing(parcel)) {
        /* The dialer rewrote this row's uniqueid or deleted a duplicate: what it was is found under its other name. */
        forget(batch, parcel, "gone from the dialer");
        return;
    }
    struct decision decision = forward_decide(forward, parcel->call, &parcel->record);
    switch (decision.kind) {
    case DECISION_SKIP:
        skip(batch, parcel);
        break;
    case DECISION_LEAVE:
        leave(batch, parcel);
        break;
    case DECISION_HOLD:
        hold(batch, parcel, decision.hold_until);
        break;
    case DECISION_SEND:
        prepare(batch, parcel);
        break;
    }
}

/* ---- outcomes ---- */

static void record_accepted(struct batch *batch, struct parcel *parcel, bool duplicate)
{
    const struct call *call = parcel->call;
    int64_t delay = forward_now(batch->forward) - call->ended;
    batch->forward->summary->accepted++;
    batch->forward->summary->repeated += duplicate ? 1 : 0;
    tally_accepted(&batch->forward->tally, result_of(batch, parcel),
                   batch->forward->of_the_past ? TALLY_NOT_TIMED : delay, parcel->record.sent_before);
    parcel->record.sent_before = true;
    parcel->record.fingerprint = call_fingerprint(call);
    parcel->record.version_unknown = 0;
    parcel->record.attempts = 0;
    put(batch, parcel, CALL_ACCEPTED, 0, NULL);
    struct log_call accepted = about(batch, parcel);
    log_for_call(LOG_INFO, &accepted, "✓ %s: %s/%s → %s (%" PRId64 "s)", call->id, accepted.campaign,
                 accepted.phone, accepted.status, call_number(call->length, 0));
}

/* The line that monitoring counts: grep -c "failed:". */
static void log_failure(const struct log_call *call, const char *reason, const char *outlook)
{
    log_for_call(LOG_WARN, call, "✗ %s: failed: %s (%s)", call->uniqueid, reason, outlook);
}

static void record_rejected(struct batch *batch, struct parcel *parcel, const char *reason)
{
    batch->forward->summary->rejected++;
    tally_rejected(&batch->forward->tally, result_of(batch, parcel));
    put(batch, parcel, CALL_REJECTED, 0, reason);
    struct log_call rejected = about(batch, parcel);
    log_failure(&rejected, reason, "rejected");
}

/* When to try again a call that has failed so often. */
static int64_t wait_of(const struct batch *batch, const struct parcel *parcel, int64_t failures)
{
    const struct settings_sync *settings = batch->forward->settings;
    const char *uniqueid = parcel->candidate->uniqueid;
    uint32_t random = (uint32_t)str_hash((uint64_t)batch->forward->run, uniqueid, strlen(uniqueid));
    int64_t delay = backoff_delay_sec(failures, settings->retry_base, settings->retry_cap, random);
    return delay < parcel->suspicion->wait_sec ? parcel->suspicion->wait_sec : delay;
}

static void clear_suspicion(struct batch *batch, struct parcel *parcel)
{
    free(parcel->suspicion);
    parcel->suspicion = NULL;
    batch->suspects--;
}

/* Charges a failure to its call: it is pending, or rejected when its attempts are used up. */
static void charge(struct batch *batch, struct parcel *parcel)
{
    bool refused = parcel->suspicion->kind == OUTCOME_MISCONFIGURED;
    char reason[sizeof parcel->suspicion->reason + 80], outlook[80];
    parcel->record.attempts++;
    (void)snprintf(reason, sizeof reason, "%s%s", parcel->suspicion->reason,
                   refused ? ", though the API accepts other calls" : "");
    if (parcel->record.attempts >= batch->forward->settings->max_attempts) {
        size_t used = strlen(reason);
        (void)snprintf(reason + used, sizeof reason - used, ", after %" PRId64 " attempts", parcel->record.attempts);
        record_rejected(batch, parcel, reason);
    } else {
        int64_t delay = wait_of(batch, parcel, parcel->record.attempts);
        put(batch, parcel, CALL_PENDING, forward_now(batch->forward) + delay, reason);
        struct log_call pending = about(batch, parcel);
        (void)snprintf(outlook, sizeof outlook, "attempt %" PRId64 ", next try in %" PRId64 " s",
                       parcel->record.attempts, delay);
        log_failure(&pending, reason, outlook);
    }
    clear_suspicion(batch, parcel);
}

static void charge_suspects(struct batch *batch)
{
    for (size_t i = 0; batch->suspects > 0 && i < batch->count; i++)
        if (batch->parcels[i].suspicion != NULL)
            charge(batch, &batch->parcels[i]);
}

/* The API has shown that it works: what failed before was the calls' own fault. */
static void api_is_useful(struct batch *batch)
{
    charge_suspects(batch);
    breaker_useful(&batch->forward->breaker);
}

static enum breaker_failure failure_of(const struct outcome *outcome)
{
    if (outcome->kind == OUTCOME_MISCONFIGURED)
        return BREAKER_REFUSED;
    return outcome->unreachable ? BREAKER_UNREACHABLE : BREAKER_FAILED;
}

static void suspect(struct batch *batch, struct parcel *parcel, const struct outcome *outcome)
{
    batch->suspects++;
    parcel->suspicion = mem_zero(1, sizeof *outcome);
    *parcel->suspicion = *outcome;
    breaker_failed(&batch->forward->breaker, failure_of(outcome),
                   outcome->blames_call || parcel->record.attempts > 0);
}

/* Nobody knows whether the call or the API is to blame: the call is pending and not charged. */
static void leave_in_doubt(struct batch *batch, struct parcel *parcel)
{
    int64_t delay = wait_of(batch, parcel, parcel->record.tries + 1);
    char outlook[160];
    struct position place = position_at(parcel->call->ended, parcel->candidate->uniqueid);
    put(batch, parcel, CALL_PENDING, forward_now(batch->forward) + delay, parcel->suspicion->reason);
    if (batch->failure.code == EX_OK && parcel->record.attempts == 0) /* who was charged before tells nothing of the API */
        wrote(batch, ledger_set_place(batch->forward->ledger, LEDGER_DOUBT, &place, &batch->failure));
    batch->forward->summary->in_doubt++;
    struct log_call doubtful = about(batch, parcel);
    (void)snprintf(outlook, sizeof outlook, "there was no other call to test the API with, so no retry is used up; next try "
                   "in %" PRId64 " s, or after the next call that the API accepts", delay);
    char *reason = mem_format("%s%s", parcel->suspicion->reason, parcel->suspicion->advice);
    log_failure(&doubtful, reason, outlook);
    free(reason);
    clear_suspicion(batch, parcel);
}

static void leave_suspects_in_doubt(struct batch *batch)
{
    for (size_t i = 0; batch->suspects > 0 && i < batch->count; i++)
        if (batch->parcels[i].suspicion != NULL)
            leave_in_doubt(batch, &batch->parcels[i]);
}

/* A run's message stands apart from the call that led to it: an API that repeats its number must not show it there. */
static const char *mask_message(const struct parcel *parcel, char *reason)
{
    mask_if_enabled(reason, parcel->call->number);
    return reason;
}

static int64_t ask_nothing_for(struct batch *batch, int64_t pause_sec)
{
    int64_t until = forward_now(batch->forward) + pause_sec;
    if (batch->failure.code == EX_OK)
        wrote(batch, ledger_set_note(batch->forward->ledger, LEDGER_NOTE_WAIT_UNTIL, until, &batch->failure));
    return until;
}

static void pause_sending(struct batch *batch, const struct parcel *parcel, const struct outcome *outcome)
{
    char local[CLOCK_TEXT_SIZE], reason[sizeof outcome->reason];
    (void)snprintf(reason, sizeof reason, "%s", outcome->reason);
    int64_t until = ask_nothing_for(batch, outcome->wait_sec > 0 ? outcome->wait_sec : RATE_LIMIT_PAUSE_SEC);
    stop(batch->forward->summary, STOP_RATE_LIMITED, "rate limited until %s: %s%s",
         clock_local(until, local, sizeof local), mask_message(parcel, reason), outcome->advice);
}

/* A dry run: nobody has the call, and nothing is to be recorded of it. */
static void note_shown(struct batch *batch, struct parcel *parcel)
{
    breaker_useful(&batch->forward->breaker);
    batch->forward->summary->accepted++;
    parcel->candidate->settled = true;
}

/* Records what an outcome means for its call, for the API and for the run. */
static void on_outcome(void *context, size_t index, const struct outcome *outcome)
{
    struct batch *batch = context;
    struct forward *forward = batch->forward;
    struct parcel *parcel = batch->outgoing[index];
    bool useful = outcome_is_useful(outcome);
    parcel->sent = true;
    if (strcmp(forward->doubt.uniqueid, parcel->candidate->uniqueid) == 0) {
        forward->doubt = position_at(0, "");
        breaker_asked_again(&forward->breaker);
    }
    if (outcome->kind == OUTCOME_SHOWN) {
        note_shown(batch, parcel);
        return;
    }
    parcel->attempt_number = parcel->record.attempts + 1;
    parcel->attempt = (struct ledger_attempt){ .answer = outcome->code, .took_ms = (int64_t)(outcome->took_ms + 0.5) };
    tally_answer(&forward->tally, outcome->code, outcome->took_ms);
    pace_answered(&forward->pace, outcome->took_ms, useful);
    forward->summary->failed += outcome->kind == OUTCOME_ACCEPTED ? 0 : 1;
    if (useful)
        api_is_useful(batch);
    switch (outcome->kind) {
    case OUTCOME_ACCEPTED:
        record_accepted(batch, parcel, outcome->known);
        break;
    case OUTCOME_REJECTED:
        record_rejected(batch, parcel, outcome->reason);
        break;
    case OUTCOME_RETRY:
    case OUTCOME_MISCONFIGURED:
        suspect(batch, parcel, outcome);
        break;
    case OUTCOME_RATE_LIMITED:
        pause_sending(batch, parcel, outcome);
        break;
    case OUTCOME_SHOWN:
        break;
    }
}

static bool is_commit_due(const struct forward *forward)
{
    return forward->uncommitted >= COMMIT_COUNT ||
           (forward->uncommitted > 0 && clock_mono_ms() - forward->first_uncommitted_ms >= COMMIT_MS);
}

bool forward_may_go_on(struct forward *forward)
{
    if (interrupt_requested())
        stop(forward->summary, STOP_INTERRUPTED, "stopped by a signal; the next run continues from here");
    else if (clock_mono_ms() >= forward->deadline_ms)
        stop(forward->summary, STOP_OUT_OF_TIME,
             "the time limit of this run is reached; the next run continues from here");
    return forward->summary->stop == STOP_NONE;
}

static bool may_go_on(const struct batch *batch)
{
    return batch->failure.code == EX_OK && forward_may_go_on(batch->forward);
}

/* Between two turns of the network: how many requests may be in flight. */
static size_t on_turn(void *context)
{
    struct batch *batch = context;
    log_flush();
    if (batch->failure.code == EX_OK && is_commit_due(batch->forward))
        (void)!forward_commit(batch->forward, &batch->failure);
    if (!may_go_on(batch) || (batch->forward->breaker.must_probe && !batch->probing))
        return 0;
    return (size_t)pace_limit(&batch->forward->pace);
}

/* ---- sending ---- */

/* Lists the parcels still to be sent in batch->outgoing; how many. */
static size_t list_unsent(struct batch *batch)
{
    size_t count = 0;
    for (size_t i = 0; i < batch->count; i++)
        if (batch->parcels[i].message.body != NULL && !batch->parcels[i].sent)
            batch->outgoing[count++] = &batch->parcels[i];
    return count;
}

static int deliver(struct batch *batch, size_t count, struct err *err)
{
    const struct sink_message **messages = mem_zero(count, sizeof *messages);
    for (size_t i = 0; i < count; i++)
        messages[i] = &batch->outgoing[i]->message;
    log_buffer_lines(); /* on_turn lets the lines go */
    struct sink_observer observer = { .on_outcome = on_outcome, .on_turn = on_turn, .context = batch };
    int result = sink_send(batch->forward->sink, messages, count, &observer, err);
    free(messages);
    log_flush();
    return result;
}

/* Stops the run: the API is down, or the configuration is wrong. No call is charged. */
static void declare(struct batch *batch, enum breaker_finding finding)
{
    const struct breaker *breaker = &batch->forward->breaker;
    struct outcome none = { .kind = OUTCOME_RETRY, .reason = "no useful answer" }, *latest = &none;
    int64_t pause = 0;
    int different = breaker->failures_in_a_row + (breaker->doubt ? 1 : 0);
    for (size_t i = 0; i < batch->count; i++) {
        if (batch->parcels[i].suspicion == NULL)
            continue;
        latest = batch->parcels[i].suspicion;
        (void)mask_message(&batch->parcels[i], latest->reason);
        if (latest->wait_sec > pause)
            pause = latest->wait_sec;
    }
    if (finding == BREAKER_CONFIGURATION && breaker->down)
        stop(batch->forward->summary, STOP_CONFIGURATION, "the API still refuses calls, the last: %s%s; no call "
             "is lost, calls are sent when that is fixed", latest->reason, latest->advice);
    else if (finding == BREAKER_CONFIGURATION)
        stop(batch->forward->summary, STOP_CONFIGURATION, "the API refused %d different calls in a row, the last: "
             "%s%s; no call is lost, calls are sent when that is fixed", different, latest->reason, latest->advice);
    else
        stop(batch->forward->summary, STOP_OUTAGE, "the API does not work: %s%s; no call is lost, the next run tries "
             "again", latest->reason, latest->advice);
    if (pause > 0) /* also an API that is down may say until when */
        (void)ask_nothing_for(batch, pause);
}

/* One of count unsent calls, picked at random so that no single call can keep the API looking down. Every other time it is
 * the latest: among many calls that the API cannot digest, and that are asked again and again, a random one tells little,
 * and those that came since are few. */
static size_t pick_probe(const struct batch *batch, size_t count)
{
    uint64_t seed = str_hash((uint64_t)batch->forward->run, &batch->forward->summary->failed,
                             sizeof batch->forward->summary->failed);
    return (seed >> 32) % 2 == 0 ? count - 1 : (size_t)(seed % count);
}

/* Sends one of count unsent calls. */
static int probe(struct batch *batch, size_t count, struct err *err)
{
    batch->outgoing[0] = batch->outgoing[pick_probe(batch, count)];
    batch->probing = true;
    int result = deliver(batch, 1, err);
    batch->probing = false;
    if (result != 0)
        return -1;
    if (batch->forward->breaker.must_probe && may_go_on(batch))
        declare(batch, breaker_find_down(&batch->forward->breaker));
    return 0;
}

/* What is still open when all calls at hand were asked. */
static void judge_suspects(struct batch *batch)
{
    enum summary_stop why = batch->forward->summary->stop;
    enum breaker_finding finding = breaker_find(&batch->forward->breaker);
    if (batch->suspects == 0 || why == STOP_OUTAGE || why == STOP_CONFIGURATION)
        return;
    if (finding == BREAKER_CALLS)
        charge_suspects(batch);
    else if (finding == BREAKER_DOUBT)
        leave_suspects_in_doubt(batch);
    else
        declare(batch, finding);
}

static int deliver_all(struct batch *batch, struct err *err)
{
    size_t count = list_unsent(batch);
    while (count > 0 && may_go_on(batch)) {
        int result = batch->forward->breaker.must_probe ? probe(batch, count, err) : deliver(batch, count, err);
        if (result != 0)
            return -1;
        count = list_unsent(batch);
    }
    judge_suspects(batch);
    return batch->failure.code == EX_OK ? 0 : err_set(err, batch->failure.code, "%s", batch->failure.message);
}

/* ---- the whole batch ---- */

/* Brings together what the dialer and the ledger know of each call. */
static int gather(struct batch *batch, struct err *err)
{
    struct forward *forward = batch->forward;
    qsort(batch->parcels, batch->count, sizeof *batch->parcels, compare_parcels);
    drop_repeats(batch);
    for (size_t i = 0; i < batch->count; i++)
        if (ledger_find(forward->ledger, batch->parcels[i].candidate->uniqueid, &batch->parcels[i].record, err) != 0)
            return -1;
    if (fetch(batch, SOURCE_LIVE, is_missing, err) != 0 ||
        fetch(batch, SOURCE_ARCHIVE, is_missing_and_open, err) != 0)
        return -1;
    qsort(batch->parcels, batch->count, sizeof *batch->parcels, compare_by_time); /* oldest first */
    return 0;
}

static int work(struct batch *batch, struct err *err)
{
    if (gather(batch, err) != 0)
        return -1;
    for (size_t i = 0; i < batch->count; i++)
        decide(batch, &batch->parcels[i]);
    if (batch->failure.code != EX_OK)
        return err_set(err, batch->failure.code, "%s", batch->failure.message);
    if (batch->versions_unknown && forward_commit(batch->forward, err) != 0)
        return -1;
    return deliver_all(batch, err);
}

int forward_commit(struct forward *forward, struct err *err)
{
    forward->uncommitted = 0;
    return ledger_commit(forward->ledger, err);
}

static int forward_batch(struct forward *forward, struct candidate *candidates, size_t count, struct err *err)
{
    struct batch batch = { .forward = forward, .count = count };
    batch.parcels = mem_zero(count, sizeof *batch.parcels);
    batch.outgoing = mem_zero(count, sizeof *batch.outgoing);
    for (size_t i = 0; i < count; i++) {
        batch.parcels[i].candidate = &candidates[i];
        batch.parcels[i].call = candidates[i].call;
    }

    int result = work(&batch, err);
    /* After a failure elsewhere: what the API has accepted must not be sent again. */
    if (result != 0 && batch.failure.code == EX_OK)
        (void)!forward_commit(forward, NULL);

    for (size_t i = 0; i < batch.count; i++) {
        free(batch.parcels[i].fetched);
        sink_message_free(&batch.parcels[i].message);
        free(batch.parcels[i].suspicion);
    }
    free(batch.parcels);
    free(batch.outgoing);
    return result;
}

/* Which calls are due: those put off until now, or for longer than any call is put off. */
static struct ledger_time time_of(const struct forward *forward)
{
    int64_t now = forward_now(forward), longest = forward->settings->retry_cap;
    if (longest < OUTCOME_WAIT_MAX_SEC)
        longest = OUTCOME_WAIT_MAX_SEC;
    return (struct ledger_time){ .now = now, .latest = now + longest };
}

int forward_due(const struct forward *forward, int64_t ended_from, struct candidates *candidates, struct err *err)
{
    struct ledger_time time = time_of(forward);
    return ledger_due(forward->ledger, &time, ended_from, candidates_add_known, candidates, err);
}

int forward_due_old(const struct forward *forward, const struct ledger_stretch *stretch, struct candidates *candidates,
                    struct err *err)
{
    struct ledger_time time = time_of(forward);
    return ledger_due_old(forward->ledger, &time, stretch, candidates_add_known, candidates, err);
}

int forward_all(struct forward *forward, struct candidates *candidates, struct err *err)
{
    size_t batch_size = (size_t)forward->settings->batch_size;
    candidates_sort(candidates);
    for (size_t done = 0, count = 0; done < candidates->count && forward->summary->stop == STOP_NONE; done += count) {
        count = candidates->count - done < batch_size ? candidates->count - done : batch_size;
        if (forward_batch(forward, candidates->items + done, count, err) != 0 ||
            (forward->on_batch != NULL &&
             forward->on_batch(forward->batch_context, candidates->items[done + count - 1].end_epoch, err) != 0))
            return -1;
    }
    return 0;
}
