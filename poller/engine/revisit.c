/* revisit: calls that the ledger has as pending or waiting are read again from the source, by their ids. */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "engine/forward.h"
#include "engine/revisit.h"
#include "engine/settle.h"

/* A call that the ledger listed. */
struct listed {
    char *id;
    int64_t ended;
    bool found; /* the source has it */
};

struct visit {
    struct engine *engine;
    struct work *work;
    struct listed *calls; /* in the order of ids, once they are all listed */
    size_t count, capacity;
    const char **wanted;  /* room for the ids that the source is asked for */
};

/* ---- listing ---- */

static void list(void *context, const char *id, int64_t ended)
{
    struct visit *visit = context;
    if (visit->count == visit->capacity) {
        visit->capacity = visit->capacity > 0 ? 2 * visit->capacity : 64;
        visit->calls = mem_resize(visit->calls, visit->capacity, sizeof *visit->calls);
    }
    visit->calls[visit->count++] = (struct listed){ .id = mem_copy(id), .ended = ended };
}

static int compare(const void *left, const void *right)
{
    return strcmp(((const struct listed *)left)->id, ((const struct listed *)right)->id);
}

static int compare_id(const void *id, const void *listed)
{
    return strcmp(id, ((const struct listed *)listed)->id);
}

static void clear(struct visit *visit)
{
    for (size_t i = 0; i < visit->count; i++)
        free(visit->calls[i].id);
    free(visit->calls);
    free(visit->wanted);
}

/* ---- reading ---- */

/* Decides on a call as the source has it now. */
static int consider(struct visit *visit, const struct call *call, struct err *err)
{
    struct engine *engine = visit->engine;
    struct call_record record;
    struct decision decision;
    if (engine_judge(engine, call, &record, &decision, err) != 0)
        return -1;
    switch (decision.kind) {
    case DECISION_SEND:
        work_add(visit->work, call, &record, record.state != CALL_UNKNOWN);
        return 0;
    case DECISION_WAIT:
        return settle_waiting(engine, call, &record, decision.wait_until, err);
    case DECISION_SKIP:
        return settle_known(engine, call, &record, err);
    case DECISION_OUT_OF_SCOPE: /* what the API has of it already is remembered */
        return record.sent_before
                   ? settle_known(engine, call, &record, err)
                   : settle_forgotten(engine, call->id, call, &record, "its campaign is not selected", err);
    }
    return 0;
}

static int on_call(void *context, const struct call *call, struct err *err)
{
    struct visit *visit = context;
    struct listed *listed = bsearch(call->id, visit->calls, visit->count, sizeof *visit->calls, compare_id);
    if (listed == NULL || listed->found)
        return 0;
    listed->found = true;
    struct call now = *call;
    if (now.ended == 0) /* it was reopened: it keeps its place in the order of calls */
        now.ended = listed->ended;
    return consider(visit, &now, err);
}

/* Asks a table for the calls that were not found yet. */
static int fetch(struct visit *visit, enum source_table table, struct err *err)
{
    size_t count = 0;
    for (size_t i = 0; i < visit->count; i++)
        if (!visit->calls[i].found)
            visit->wanted[count++] = visit->calls[i].id;
    return source_fetch(visit->engine->route.source, table, visit->wanted, count, on_call, visit, err);
}

/* The source has no such call. problem: why its archive may have it all the same; "": it has not. */
static int settle_missing(struct engine *engine, const struct listed *listed, const char *problem, struct err *err)
{
    struct call_record record;
    struct log_call about = { .uniqueid = listed->id, .answer = -1, .attempt = -1 };
    if (ledger_find(engine->route.ledger, listed->id, &record, err) != 0)
        return -1;
    /* The dialer rewrote this row's uniqueid or deleted a duplicate: what it was is found under its other name. */
    if (*problem == '\0')
        return settle_forgotten(engine, listed->id, NULL, &record, "gone from the dialer", err);
    if (call_is_open(&record))
        log_for_call(LOG_WARN, &about, "✗ %s: gone from %s, and perhaps archived: %s", listed->id,
                  engine->route.source->ops->places[SOURCE_LIVE], problem);
    return 0;
}

static int read_listed(struct visit *visit, struct err *err)
{
    const struct source *source = visit->engine->route.source;
    if (visit->count == 0)
        return 0;
    qsort(visit->calls, visit->count, sizeof *visit->calls, compare);
    visit->wanted = mem_zero(visit->count, sizeof *visit->wanted);
    if (fetch(visit, SOURCE_LIVE, err) != 0 || fetch(visit, SOURCE_ARCHIVE, err) != 0)
        return -1;
    const char *problem = source_archive_problem(source);
    for (size_t i = 0; i < visit->count; i++)
        if (!visit->calls[i].found && settle_missing(visit->engine, &visit->calls[i], problem, err) != 0)
            return -1;
    return 0;
}

/* ---- which calls ---- */

/* A call is put off for no longer than this: a later time comes from a clock that was set back. */
static int64_t longest_delay(const struct engine *engine)
{
    int64_t cap = engine->route.settings->retry_cap;
    return cap > OUTCOME_WAIT_MAX_SEC ? cap : OUTCOME_WAIT_MAX_SEC;
}

int revisit_due(struct engine *engine, struct ledger_stretch *stretch, struct work *work, size_t *ret_count,
                struct err *err)
{
    struct visit visit = { .engine = engine, .work = work };
    int64_t now = engine_now(engine);
    const struct ledger_time time = { .now = now, .latest = now + longest_delay(engine) };
    int result = ledger_due(engine->route.ledger, &time, stretch, list, &visit, err);
    *ret_count = visit.count;
    if (visit.count > 0) /* they were listed in the order of position */
        stretch->after = position_at(visit.calls[visit.count - 1].ended, visit.calls[visit.count - 1].id);
    if (result == 0)
        result = read_listed(&visit, err);
    clear(&visit);
    return result;
}

int revisit_all(struct engine *engine, struct ledger_stretch *stretch, struct work *work, size_t *ret_count,
                struct err *err)
{
    size_t batch_size = (size_t)engine->route.settings->batch_size, listed = batch_size;
    stretch->limit = (int64_t)batch_size;
    for (*ret_count = 0; listed == batch_size && engine_may_go_on(engine); *ret_count += listed) {
        if (revisit_due(engine, stretch, work, &listed, err) != 0)
            return -1;
        if (work->count < batch_size)
            continue;
        if (forward_all(engine, work, err) != 0)
            return -1;
        work_clear(work);
    }
    return 0;
}

int revisit_call(struct engine *engine, const struct position *position, struct work *work, struct err *err)
{
    struct visit visit = { .engine = engine, .work = work };
    list(&visit, position->uniqueid, position->end_epoch);
    int result = read_listed(&visit, err);
    clear(&visit);
    return result;
}
