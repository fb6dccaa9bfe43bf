/* revisit: reads pending and waiting calls again from the source, by their ids. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "engine/forward.h"
#include "engine/revisit.h"
#include "engine/settle.h"
#include "engine/watch.h"
#include "ledger/watched.h"

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
    const char **wanted;  /* room for the ids to fetch */
    int64_t kin_began;    /* epoch: a call that began earlier is no kin */
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

/* Decides on a call in its present version. */
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
        break;
    case DECISION_WAIT:
        if (record.state == CALL_WAITING)
            engine->summary->still_waiting++;
        return settle_waiting(engine, call, &record, decision.wait_until, err);
    case DECISION_SKIP:
        return settle_known(engine, call, &record, err);
    case DECISION_OUT_OF_SCOPE: /* the ledger still knows the version that the API has */
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
    if (now.ended == 0) /* the call was reopened; it keeps its place in the order of calls */
        now.ended = listed->ended;
    return consider(visit, &now, err);
}

/* A kin of a call that was not found. The kin may be that call under its new id, so it goes on the watch list, which
 * the walk reads next. */
static int on_kin(void *context, const struct call *call, struct err *err)
{
    struct visit *visit = context;
    struct call_record record;
    if (call->began < visit->kin_began)
        return 0;
    if (ledger_find(visit->engine->route.ledger, call->id, &record, err) != 0)
        return -1;
    return record.state == CALL_UNKNOWN ? watch_add(visit->engine, call, err) : 0;
}

/* Searches for calls that were not found, under their new ids; see watch.h. */
static int find_kin(struct visit *visit, struct err *err)
{
    char **kins = mem_zero(visit->count, sizeof *kins);
    size_t count = 0;
    int result = 0;
    visit->kin_began = INT64_MAX;
    for (size_t i = 0; result == 0 && i < visit->count; i++) {
        int64_t began = 0;
        if (visit->calls[i].found)
            continue;
        result = watched_kin(visit->engine->route.ledger, visit->calls[i].id, &kins[count], &began, err);
        if (result != 0 || kins[count] == NULL)
            continue;
        visit->kin_began =
            began - WATCH_KIN_SLACK_SEC < visit->kin_began ? began - WATCH_KIN_SLACK_SEC : visit->kin_began;
        count++;
    }
    if (result == 0)
        result = source_find_kin(visit->engine->route.source, (const char *const *)kins, count, visit->kin_began,
                                 on_kin, visit, err);
    if (result > 0)
        result = watch_scan_again(visit->engine, visit->kin_began + WATCH_KIN_SLACK_SEC, err);
    while (count > 0)
        free(kins[--count]);
    free(kins);
    return result;
}

/* Fetches the calls that were not found yet from a table. */
static int fetch(struct visit *visit, enum source_table table, struct err *err)
{
    size_t count = 0;
    for (size_t i = 0; i < visit->count; i++)
        if (!visit->calls[i].found)
            visit->wanted[count++] = visit->calls[i].id;
    return source_fetch(visit->engine->route.source, table, visit->wanted, count, on_call, visit, err);
}

/* The source did not find the call. problem: why the archive, or a call of a source without one, could not be read;
 * "": all was read. */
static int settle_missing(struct engine *engine, const struct listed *listed, const char *problem, struct err *err)
{
    struct call_record record;
    struct log_call about = { .uniqueid = listed->id, .answer = -1, .attempt = -1 };
    if (ledger_find(engine->route.ledger, listed->id, &record, err) != 0)
        return -1;
    /* The dialer rewrote this row's uniqueid or deleted a duplicate. find_kin has looked for the call under its other
     * uniqueid, and the sweep will find it if it did not. */
    if (*problem == '\0') {
        char why[64];
        (void)snprintf(why, sizeof why, "gone from the %.40s", engine->route.source->ops->title);
        return settle_forgotten(engine, listed->id, NULL, &record, why, err);
    }
    const char *const *places = engine->route.source->ops->places;
    bool has_archive = *places[SOURCE_ARCHIVE] != '\0';
    if (call_is_open(&record) && has_archive)
        log_for_call(LOG_WARN, &about, "✗ %s: gone from %s, and perhaps archived: %s", listed->id, places[SOURCE_LIVE],
                     problem);
    else if (call_is_open(&record)) /* the problem may be that of another call of the same part */
        log_for_call(LOG_WARN, &about, "✗ %s: could not be read again; the next runs try it: %s", listed->id, problem);
    return 0;
}

static int read_listed(struct visit *visit, struct err *err)
{
    const struct source *source = visit->engine->route.source;
    if (visit->count == 0)
        return 0;
    qsort(visit->calls, visit->count, sizeof *visit->calls, compare);
    visit->wanted = mem_zero(visit->count, sizeof *visit->wanted);
    if (fetch(visit, SOURCE_LIVE, err) != 0 || fetch(visit, SOURCE_ARCHIVE, err) != 0 || find_kin(visit, err) != 0)
        return -1;
    const char *problem = source_archive_problem(source);
    for (size_t i = 0; i < visit->count; i++)
        if (!visit->calls[i].found && settle_missing(visit->engine, &visit->calls[i], problem, err) != 0)
            return -1;
    return 0;
}

/* ---- which calls ---- */

/* The longest possible delay of a call. A due time after that comes from a clock that was set back. */
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
    if (visit.count > 0) /* the ledger listed them by position */
        stretch->after = position_at(visit.calls[visit.count - 1].ended, visit.calls[visit.count - 1].id);
    if (result == 0)
        result = read_listed(&visit, err);
    clear(&visit);
    return result;
}

/* So many calls are read by their ids before the run looks at its time. */
#define PART 5000

/* Adds to *count. *ret_whole: the stretch is read to its end. */
static int revisit_stretch(struct engine *engine, struct ledger_stretch *stretch, struct work *work, size_t *count,
                           bool *ret_whole, struct err *err)
{
    size_t batch_size = (size_t)engine->route.settings->batch_size;
    size_t part = batch_size < PART ? batch_size : PART, most = engine->route.source->ops->fetch_most;
    part = most != 0 && most < part ? most : part;
    size_t listed = part;
    stretch->limit = (int64_t)part;
    for (; listed == part && engine_may_go_on(engine) && !engine_is_closed(engine); *count += listed) {
        if (*count > 0 && (!source_may_read(engine->route.source) || engine_must_send_now(engine)))
            break; /* the next walk stops the run, after it has sent the calls that were read */
        if (revisit_due(engine, stretch, work, &listed, err) != 0)
            return -1;
        if (work->count < batch_size)
            continue;
        if (forward_all(engine, work, err) != 0)
            return -1;
        work_clear(work);
    }
    *ret_whole = listed < part;
    return 0;
}

int revisit_all(struct engine *engine, struct ledger_stretch *stretch, struct work *work, size_t *ret_count,
                struct err *err)
{
    struct position begin = stretch->after, from;
    bool was_cut = false, is_whole = false;
    *ret_count = 0;
    if (engine_is_closed(engine)) /* the calls stay due */
        return 0;
    if (ledger_read_place(engine->route.ledger, LEDGER_REVISITED, &from, &was_cut, err) != 0)
        return -1;
    if (was_cut)
        stretch->after = from;
    if (revisit_stretch(engine, stretch, work, ret_count, &is_whole, err) != 0)
        return -1;
    if (was_cut && is_whole) {
        struct ledger_stretch rest = *stretch;
        rest.after = begin;
        rest.until = &from;
        if (revisit_stretch(engine, &rest, work, ret_count, &is_whole, err) != 0)
            return -1;
        stretch->after = rest.after;
    }
    bool is_cut = engine->summary->stop == STOP_NONE || engine->summary->stop == STOP_OUT_OF_TIME;
    if (!is_whole && is_cut) /* the calls that cannot be read must not always come first */
        return engine_place(engine, LEDGER_REVISITED, &stretch->after, err);
    return is_whole && was_cut ? ledger_delete_place(engine->route.ledger, LEDGER_REVISITED, err) : 0;
}

int revisit_call(struct engine *engine, const struct position *position, struct work *work, struct err *err)
{
    struct visit visit = { .engine = engine, .work = work };
    list(&visit, position->uniqueid, position->end_epoch);
    int result = read_listed(&visit, err);
    clear(&visit);
    return result;
}
