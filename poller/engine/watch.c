/* watch: calls that had not ended when a scan found them. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/watch.h"
#include "ledger/watched.h"

/* The calls of one page. */
#define PAGE 500

struct page {
    struct engine *engine;
    const struct watch_reader *reader;
    struct page_call {
        char *id, *kin;
        int64_t began;
        bool found;   /* the source has the call under this id */
        bool has_kin; /* the source has kin of the call, which may be the call under its new id */
    } calls[PAGE]; /* in the order of ids */
    size_t count;
    int64_t kin_began; /* the earliest begin of the calls that were not found */
};

int64_t watch_horizon(const struct engine *engine)
{
    int64_t window = engine->route.settings->sweep_window, longest = engine->route.source->ops->longest_sec;
    return window > longest ? window : longest;
}

int watch_add(struct engine *engine, const struct call *call, struct err *err)
{
    const struct watched watched = { .id = call->id, .kin = call->kin, .began = call->began };
    return watched_add(engine->route.ledger, &watched, err);
}

int watch_tidy(struct engine *engine, struct err *err)
{
    return watched_tidy(engine->route.ledger, engine_now(engine) - watch_horizon(engine), err);
}

int watch_scan_again(struct engine *engine, int64_t began, struct err *err)
{
    int64_t scanned_to = 0;
    if (engine->scan_again_from == 0 || began < engine->scan_again_from)
        engine->scan_again_from = began;
    if (ledger_read_note(engine->route.ledger, LEDGER_NOTE_SCANNED_TO, 0, &scanned_to, err) != 0)
        return -1;
    return began < scanned_to ? engine_note(engine, LEDGER_NOTE_SCANNED_TO, began, err) : 0;
}

/* ---- one page ---- */

static void list(void *context, const struct watched *call)
{
    struct page *page = context;
    page->calls[page->count++] = (struct page_call){ .id = mem_copy(call->id),
                                                     .kin = call->kin != NULL ? mem_copy(call->kin) : NULL,
                                                     .began = call->began };
}

static void clear(struct page *page)
{
    for (size_t i = 0; i < page->count; i++) {
        free(page->calls[i].id);
        free(page->calls[i].kin);
    }
    page->count = 0;
}

static int compare_id(const void *id, const void *call)
{
    return strcmp(id, ((const struct page_call *)call)->id);
}

static bool has_ended(const struct page *page, const struct call *call)
{
    return call->ended != 0 && call->ended <= page->reader->ended_by;
}

/* Hands out a call that has ended. */
static int hand_out(struct page *page, const struct call *call, struct err *err)
{
    bool over = false;
    if (page->reader->on_ended(page->reader->context, call, &over, err) != 0)
        return -1;
    return over && !page->reader->only_looks ? watched_remove(page->engine->route.ledger, call->id, err) : 0;
}

static int on_call(void *context, const struct call *call, struct err *err)
{
    struct page *page = context;
    struct page_call *listed = bsearch(call->id, page->calls, page->count, sizeof *page->calls, compare_id);
    if (listed == NULL || listed->found)
        return 0;
    listed->found = true;
    return has_ended(page, call) ? hand_out(page, call, err) : 0;
}

static void note_kin(struct page *page, const struct call *kin)
{
    for (size_t i = 0; i < page->count; i++) {
        struct page_call *call = &page->calls[i];
        bool is_same_party = call->kin != NULL && kin->kin != NULL && strcmp(call->kin, kin->kin) == 0;
        call->has_kin = call->has_kin || (is_same_party && kin->began >= call->began - WATCH_KIN_SLACK_SEC);
    }
}

/* A kin of a watched call that was not found. The kin goes on the watch list, even if it is old. So it is not lost if
 * this run ends before the kin is settled. A call that the ledger already has needs no new place: revisit.c reads
 * it. */
static int on_kin(void *context, const struct call *call, struct err *err)
{
    struct page *page = context;
    struct call_record record;
    if (call->began < page->kin_began - WATCH_KIN_SLACK_SEC)
        return 0;
    note_kin(page, call);
    if (ledger_find(page->engine->route.ledger, call->id, &record, err) != 0)
        return -1;
    if (record.state != CALL_UNKNOWN)
        return 0;
    if (watch_add(page->engine, call, err) != 0)
        return -1;
    return has_ended(page, call) ? hand_out(page, call, err) : 0;
}

/* The row of an archived call no longer changes. An ended call stays on the list until the ledger has it. */
static int on_archived(void *context, const struct call *call, struct err *err)
{
    struct page *page = context;
    return has_ended(page, call) ? on_call(context, call, err) : 0;
}

/* Some sites archive all calls at night, also calls that have just ended. If the call has kin, the archive is not
 * asked: its copy may still have the old id. */
static int find_archived(struct page *page, struct err *err)
{
    const char *ids[PAGE];
    size_t count = 0;
    for (size_t i = 0; i < page->count; i++)
        if (!page->calls[i].found && !page->calls[i].has_kin)
            ids[count++] = page->calls[i].id;
    return count > 0 ? source_fetch(page->engine->route.source, SOURCE_ARCHIVE, ids, count, on_archived, page, err) : 0;
}

/* VICIdial may rewrite the uniqueid of a row when the agent hangs up (vdc_db_query.php). An hourly job deletes
 * duplicates (AST_cleanup_agent_log.pl). */
static int find_vanished(struct page *page, struct err *err)
{
    const char *kins[PAGE];
    size_t count = 0;
    page->kin_began = INT64_MAX;
    for (size_t i = 0; i < page->count; i++) {
        const struct page_call *call = &page->calls[i];
        if (call->found)
            continue;
        if (call->began < page->kin_began)
            page->kin_began = call->began;
        if (call->kin != NULL)
            kins[count++] = call->kin;
    }
    int64_t began_from = page->kin_began - WATCH_KIN_SLACK_SEC;
    int found = source_find_kin(page->engine->route.source, kins, count, began_from, on_kin, page, err);
    if (found < 0 || (found > 0 && watch_scan_again(page->engine, page->kin_began, err) != 0) ||
        find_archived(page, err) != 0)
        return -1;
    for (size_t i = 0; i < page->count; i++)
        if (!page->calls[i].found && watched_remove(page->engine->route.ledger, page->calls[i].id, err) != 0)
            return -1;
    return 0;
}

static int read_page(struct page *page, struct err *err)
{
    const char *ids[PAGE];
    for (size_t i = 0; i < page->count; i++)
        ids[i] = page->calls[i].id;
    if (source_fetch(page->engine->route.source, SOURCE_LIVE, ids, page->count, on_call, page, err) != 0)
        return -1;
    return page->reader->only_looks ? 0 : find_vanished(page, err);
}

int watch_read(struct engine *engine, const struct watch_reader *reader, struct err *err)
{
    struct page page = { .engine = engine, .reader = reader };
    char *after = mem_copy("");
    int result = 0;
    for (bool is_last = false; result == 0 && !is_last;) {
        result = watched_list(engine->route.ledger, after, PAGE, list, &page, err);
        is_last = page.count < PAGE;
        if (result == 0 && page.count > 0) {
            free(after);
            after = mem_copy(page.calls[page.count - 1].id);
            result = read_page(&page, err);
            if (result == 0)
                result = reader->on_page(reader->context, err);
        }
        clear(&page);
    }
    free(after);
    return result < 0 ? -1 : 0;
}
