/* forward: calls in batches, from the message to the durable outcome. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/enrich.h"
#include "engine/forward.h"
#include "engine/settle.h"
#include "engine/suspects.h"

/* How long runs send nothing if the API limits the rate and does not say until when. */
#define RATE_LIMIT_PAUSE_SEC 60

/* The part of the work that is being sent. */
struct batch {
    struct engine *engine;
    struct work_item **items;    /* those of the work that are sent; oldest first */
    size_t count;
    struct work_item **outgoing; /* the items for sink_send, in its order */
    struct suspects suspects;
    bool probing;       /* a single call is sent to see whether the API works */
    struct err failure; /* met inside a callback; code EX_OK: none */
};

/* ---- messages ---- */

/* Whether the API holds another version of this call, and we know which. */
static bool has_changed(const struct work_item *item)
{
    const struct call_record *record = &item->record;
    return record->sent_before && record->version_unknown == 0 && !call_matches_accepted(item->call, record);
}

static void make(struct batch *batch, struct work_item *item)
{
    sink_message_free(&item->message);
    sink_make(batch->engine->route.sink, item->call, (uint32_t)item->record.version_unknown, &item->message);
}

/* Makes the message. Content that differs from the last sent one gets a number: the number of tries before it. So a
 * content that comes back has another key than before. *ret_numbered: the ledger has a new number. */
static int prepare(struct batch *batch, struct work_item *item, bool *ret_numbered, struct err *err)
{
    struct call_record *record = &item->record;
    bool changed = has_changed(item), other = false;
    if (changed)
        record->version_unknown = record->tries > 0 ? record->tries : 1; /* ledgers of version 1 counted none */
    make(batch, item);
    if (!changed && record->state == CALL_PENDING && record->tries > 0 &&
        ledger_has_other_payload(batch->engine->route.ledger, item->call->id, item->message.body, &other, err) != 0)
        return -1;
    if (other) { /* a crash may have hidden a try, so the number rises in any case */
        bool rises = record->tries > record->version_unknown;
        record->version_unknown = rises ? record->tries : record->version_unknown + 1;
        make(batch, item);
    }
    *ret_numbered = *ret_numbered || changed || other;
    return changed || other ? settle_version_unknown(batch->engine, item, err) : 0;
}

static int prepare_all(struct batch *batch, struct err *err)
{
    bool numbered = false;
    for (size_t i = 0; i < batch->count; i++)
        if (prepare(batch, batch->items[i], &numbered, err) != 0)
            return -1;
    return numbered ? engine_commit(batch->engine, err) : 0;
}

/* ---- outcomes ---- */

/* A dry run: the API does not have the call, so nothing is recorded. */
static void note_shown(struct batch *batch, struct work_item *item)
{
    breaker_record_success(&batch->engine->breaker);
    batch->engine->summary->accepted++;
    item->recorded = true;
}

static int pause_sending(struct batch *batch, const struct work_item *item, const struct outcome *outcome,
                         struct err *err)
{
    struct engine *engine = batch->engine;
    char local[CLOCK_TEXT_SIZE];
    int64_t until = engine_now(engine) + (outcome->wait_sec > 0 ? outcome->wait_sec : RATE_LIMIT_PAUSE_SEC);
    engine_stop(engine, STOP_RATE_LIMITED, item->call, "rate limited until %s: %s%s",
                clock_local(until, local, sizeof local), outcome->reason, outcome->advice);
    return engine_note(engine, LEDGER_NOTE_WAIT_UNTIL, until, err);
}

/* Counts an answer. If an earlier run left this call in doubt, the new answer ends the doubt. */
static void count_answer(struct engine *engine, struct work_item *item, const struct outcome *outcome)
{
    item->answered = true;
    item->attempt_number = item->record.attempts + 1;
    item->attempt = (struct ledger_attempt){ .answer = outcome->code, .took_ms = (int64_t)(outcome->took_ms + 0.5) };
    if (strcmp(engine->doubt.uniqueid, item->call->id) == 0) {
        engine->doubt = position_at(0, "");
        breaker_clear_doubt(&engine->breaker);
    }
    if (outcome->kind == OUTCOME_SHOWN)
        return;
    tally_answer(&engine->tally, outcome->code, outcome->took_ms);
    pace_record_answer(&engine->pace, outcome->took_ms, outcome_is_useful(outcome));
    engine->summary->failed += outcome->kind == OUTCOME_ACCEPTED ? 0 : 1;
}

/* Records what an outcome means for its call, for the API and for the run. */
static int take_outcome(struct batch *batch, struct work_item *item, const struct outcome *outcome, struct err *err)
{
    struct engine *engine = batch->engine;
    count_answer(engine, item, outcome);
    if (outcome_is_useful(outcome)) { /* the API works, so the calls that had failed before are at fault */
        breaker_record_success(&engine->breaker);
        if (suspects_charge(&batch->suspects, outcome->started_ms, err) != 0)
            return -1;
    }
    switch (outcome->kind) {
    case OUTCOME_ACCEPTED:
        return settle_accepted(engine, item, outcome->known, err);
    case OUTCOME_REJECTED:
        return settle_rejected(engine, item, outcome->reason, err);
    case OUTCOME_RETRY:
    case OUTCOME_MISCONFIGURED:
        suspects_add(&batch->suspects, item, outcome);
        break;
    case OUTCOME_RATE_LIMITED:
        return pause_sending(batch, item, outcome, err);
    case OUTCOME_SHOWN:
        note_shown(batch, item);
        break;
    }
    return 0;
}

static void on_outcome(void *context, size_t index, const struct outcome *outcome)
{
    struct batch *batch = context;
    struct err err;
    if (take_outcome(batch, batch->outgoing[index], outcome, &err) != 0 && batch->failure.code == EX_OK)
        batch->failure = err;
}

static bool may_go_on(const struct batch *batch)
{
    return batch->failure.code == EX_OK && engine_may_go_on(batch->engine);
}

/* Called between two turns of the network. Returns how many requests may be in flight. */
static size_t on_turn(void *context)
{
    struct batch *batch = context;
    log_flush();
    if (batch->failure.code == EX_OK)
        (void)!engine_commit_if_due(batch->engine, &batch->failure);
    if (!may_go_on(batch) || (batch->engine->breaker.must_probe && !batch->probing))
        return 0;
    return (size_t)pace_limit(&batch->engine->pace);
}

/* ---- sending ---- */

/* Lists the items still to be sent in batch->outgoing. Returns their number. */
static size_t list_unsent(struct batch *batch)
{
    size_t count = 0;
    for (size_t i = 0; i < batch->count; i++)
        if (!batch->items[i]->answered)
            batch->outgoing[count++] = batch->items[i];
    return count;
}

static int deliver(struct batch *batch, size_t count, struct err *err)
{
    const struct sink_message **messages = mem_zero(count, sizeof *messages);
    for (size_t i = 0; i < count; i++)
        messages[i] = &batch->outgoing[i]->message;
    log_buffer_lines(); /* on_turn flushes the lines */
    struct sink_observer observer = { .on_outcome = on_outcome, .on_turn = on_turn, .context = batch };
    int result = sink_send(batch->engine->route.sink, messages, count, &observer, err);
    if (result != 0) /* an accepted call must not be sent again */
        (void)!engine_commit(batch->engine, NULL);
    free(messages);
    log_flush();
    return result;
}

/* Picks one of count unsent calls at random, so that a single bad call cannot make the API look down. Every other time,
 * picks the latest call: among many calls that make the API fail, a random one is likely to fail too. */
static size_t pick_probe(const struct engine *engine, size_t count)
{
    const int64_t *failed = &engine->summary->failed;
    uint64_t seed = str_hash((uint64_t)engine->run, failed, sizeof *failed);
    return (seed >> 32) % 2 == 0 ? count - 1 : (size_t)(seed % count);
}

/* Sends one of count unsent calls. */
static int probe(struct batch *batch, size_t count, struct err *err)
{
    batch->outgoing[0] = batch->outgoing[pick_probe(batch->engine, count)];
    batch->probing = true;
    int result = deliver(batch, 1, err);
    batch->probing = false;
    if (result == 0 && batch->engine->breaker.must_probe && may_go_on(batch))
        result = suspects_judge_probe(&batch->suspects, err);
    return result;
}

/* All calls are one request: if it fails, no call is at fault. */
static int deliver_as_one(struct batch *batch, struct err *err)
{
    size_t count = list_unsent(batch);
    batch->probing = true;
    if (count > 0 && may_go_on(batch) && deliver(batch, count, err) != 0)
        return -1;
    if (batch->failure.code != EX_OK)
        return err_set(err, batch->failure.code, "%s", batch->failure.message);
    return batch->suspects.count > 0 ? suspects_judge_probe(&batch->suspects, err) : 0;
}

static int deliver_all(struct batch *batch, struct err *err)
{
    size_t count = list_unsent(batch);
    while (count > 0 && may_go_on(batch)) {
        int result = batch->engine->breaker.must_probe ? probe(batch, count, err) : deliver(batch, count, err);
        if (result != 0)
            return -1;
        count = list_unsent(batch);
    }
    if (batch->failure.code != EX_OK)
        return err_set(err, batch->failure.code, "%s", batch->failure.message);
    return suspects_judge(&batch->suspects, err);
}

/* ---- the whole batch ---- */

static bool is_same(const struct call_record *a, const struct call_record *b)
{
    return a->state == b->state && a->sent_before == b->sent_before && a->fingerprint == b->fingerprint &&
           a->version_unknown == b->version_unknown && a->attempts == b->attempts && a->tries == b->tries;
}

/* Between two batches of long work, other runs have the ledger (turn.h). If they sent or recorded the call meanwhile,
 * this work leaves it to them. *ret_goes: this work still sends the call. */
static int look_again(struct engine *engine, struct work_item *item, bool *ret_goes, struct err *err)
{
    struct call_record record;
    struct decision decision;
    if (engine_judge(engine, item->call, &record, &decision, err) != 0)
        return -1;
    *ret_goes = is_same(&record, &item->record) || (decision.kind == DECISION_SEND && !call_is_open(&record));
    item->record = record;
    item->recorded = item->recorded || !*ret_goes;
    return 0;
}

static int choose(struct batch *batch, struct work_item **items, size_t count, bool others_worked, struct err *err)
{
    for (size_t i = 0; i < count; i++) {
        bool goes = true;
        if (others_worked && look_again(batch->engine, items[i], &goes, err) != 0)
            return -1;
        if (goes)
            batch->items[batch->count++] = items[i];
    }
    return 0;
}

static int forward_batch(struct engine *engine, struct work_item **items, size_t count, bool others_worked,
                         struct err *err)
{
    struct batch batch = { .engine = engine, .items = mem_zero(count, sizeof(struct work_item *)) };
    batch.outgoing = mem_zero(count, sizeof(struct work_item *));
    batch.suspects = (struct suspects){ .engine = engine, .items = mem_zero(count, sizeof(struct work_item *)) };
    int result = choose(&batch, items, count, others_worked, err);
    bool as_one = sink_batch(engine->route.sink) > 0;
    if (result == 0)
        result = prepare_all(&batch, err) != 0 ? -1 : as_one ? deliver_as_one(&batch, err) : deliver_all(&batch, err);
    suspects_clear(&batch.suspects);
    for (size_t i = 0; i < batch.count; i++)
        sink_message_free(&batch.items[i]->message);
    free(batch.suspects.items);
    free(batch.outgoing);
    free(batch.items);
    return result;
}

/* The sink takes these calls later, so they become pending. Nothing is read or sent for them until then. */
static int note_rest(struct engine *engine, struct work *work, size_t from, struct err *err)
{
    char local[CLOCK_TEXT_SIZE];
    size_t noted = 0;
    for (size_t i = from; i < work->count; i++) {
        struct work_item *item = work->items[i];
        if (item->recorded)
            continue;
        if (settle_noted(engine, item->call, &item->record, err) != 0)
            return -1;
        item->recorded = true;
        noted++;
    }
    if (noted > 0)
        log_info("⏳ %zu calls are pending until the next load: the %s takes calls again from %s on", noted,
                 sink_title(engine->route.sink), clock_local(sink_opens_at(engine->route.sink), local, sizeof local));
    return 0;
}

/* The size of the next batch of so many calls. If each batch is one request, a small rest goes with it: a walk reads
 * some calls more than a batch, and each of its batches would take two requests. */
static size_t next_batch(const struct engine *engine, size_t left)
{
    size_t size = (size_t)engine->route.settings->batch_size;
    size_t rest = sink_batch(engine->route.sink) > 0 ? size / 10 : 0;
    return left <= size + rest ? left : size;
}

int forward_all(struct engine *engine, struct work *work, struct err *err)
{
    const struct terms *terms = &engine->terms;
    work_sort(work);
    for (size_t done = 0, count = 0; done < work->count && engine->summary->stop == STOP_NONE; done += count) {
        count = next_batch(engine, work->count - done);
        bool others_worked = done > 0 && terms->lets_others_in;
        if (engine_is_closed(engine))
            return note_rest(engine, work, done, err);
        if (enrich_calls(engine, work, done, count, err) != 0 ||
            forward_batch(engine, work->items + done, count, others_worked, err) != 0 ||
            (terms->on_batch != NULL &&
             terms->on_batch(terms->batch_context, work->items[done + count - 1]->call->ended, err) != 0))
            return -1;
    }
    return 0;
}
