/* callio_scan: reads a range of the calls of all tenants of Callio in windows. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/when.h"
#include "source/api_stage.h"
#include "source/api_stop.h"
#include "source/callio_row.h"
#include "source/callio_scan.h"

#define DAY 86400

/* A window with more calls than the API can page through is read in parts, see callio_list. */
#define WINDOW_SEC DAY

/* So many calls are handed out at once. */
#define SLICE_ROWS 500

/* One scan at work. */
struct scanning {
    struct callio_scan *scan;
    const struct source_range *range;
    struct api_stage *stage;
    int64_t from, to;    /* the window: epochs, included */
    int64_t now;
    int64_t read;        /* documents so far: the later one of two is the newer */
    int64_t unreadable;
    int64_t too_long;    /* documents with an _id that is too long */
    struct callio_tenant *tenant; /* whose list is read */
    struct err failure;  /* of the first tenant whose list could not be read; EX_OK: none ... */
    int64_t failed_from; /* ... and the start of its window: later runs must begin there */
    int64_t handed_out;  /* of this slice ... */
    int64_t latest;      /* ... and when the last one of them began */
    source_on_call *on_call;
    source_on_slice *on_slice;
    void *context;
};

struct callio_list callio_scan_list(const struct callio_scan *scan, struct callio_tenant *tenant)
{
    return (struct callio_list){ .client = scan->client, .tenant = tenant, .path = "/call", .time = "createTime",
                                 .from = "from", .to = "to", .page_size = scan->page_size };
}

/* ---- handing out ---- */

static bool is_asked_for(const struct scanning *scanning, const struct callio_row *row, const struct call *call)
{
    const struct source_range *range = scanning->range;
    if (!scanning->scan->with_internal && callio_row_is_internal(row))
        return false;
    return call->ended != 0 && call->ended >= range->end_from && call->ended <= range->end_to &&
           call->began >= range->call_from && (range->call_to == 0 || call->began <= range->call_to);
}

/* All calls that began before this epoch were handed out. */
static int tell_reached(const struct scanning *scanning, int64_t began_before, struct err *err)
{
    int64_t reached = began_before - CALLIO_AFTER_END_SEC;
    if (scanning->failure.code != EX_OK && scanning->failed_from - CALLIO_AFTER_END_SEC < reached)
        reached = scanning->failed_from - CALLIO_AFTER_END_SEC;
    return scanning->on_slice != NULL ? scanning->on_slice(scanning->context, reached, err) : 0;
}

static int end_slice(struct scanning *scanning, int64_t began, struct err *err)
{
    if (scanning->handed_out < SLICE_ROWS || began == scanning->latest)
        return 0;
    scanning->handed_out = 0;
    return tell_reached(scanning, began, err);
}

static int hand_out(void *context, const char *id, const char *body, struct err *err)
{
    struct scanning *scanning = context;
    struct callio_row row;
    struct callio_call made;
    const char *raw_id = NULL;
    const struct callio_tenant *tenant = callio_accounts_of(&scanning->scan->tenants, id, &raw_id);
    struct json *json = json_parse(body);
    int result = 0;
    bool is_call = callio_row_read(json, &row) == NULL;
    if (is_call)
        callio_row_call(&row, tenant->name, scanning->now, &made);
    if (is_call && is_asked_for(scanning, &row, &made.call)) {
        result = end_slice(scanning, made.call.began, err);
        if (result == 0) {
            scanning->handed_out++;
            scanning->latest = made.call.began;
            result = scanning->on_call(scanning->context, &made.call, err);
        }
    }
    callio_row_clear(&row);
    json_free(json);
    return result;
}

/* ---- reading ---- */

/* Only later runs could send such a call, and only with another program: so no list is read again for it. */
static void note_too_long(struct scanning *scanning, const char *id)
{
    if (scanning->too_long++ == 0 && scanning->failure.code == EX_OK) {
        (void)err_set(&scanning->failure, EX_UNAVAILABLE, "a call of the tenant %s has an _id of more than %d bytes "
                      "(%.40s...) and is not sent; the others are; report this as a bug",
                      scanning->tenant->name, CALLIO_ROW_ID_MOST, id);
        scanning->failed_from = INT64_MAX;
    }
}

static int keep(void *context, const char *id, const struct json *doc, struct err *err)
{
    struct scanning *scanning = context;
    struct callio_row row;
    const char *problem = callio_row_read(doc, &row);
    int result = 0;
    if (problem == callio_row_too_long)
        note_too_long(scanning, id);
    else if (problem != NULL && scanning->unreadable++ == 0)
        log_warn("a document in Callio's list of calls is skipped: %s (_id %.60s, tenant %s)", problem, id,
                 scanning->tenant->name);
    if (problem == NULL) {
        char *body = json_print(doc);
        char *key = mem_format("%s%c%s", scanning->tenant->name, CALLIO_ACCOUNTS_MARK, id);
        const struct api_staged staged = { .id = key, .body = body, .began = callio_row_began(&row),
                                           .rank = ++scanning->read };
        result = api_stage_add(scanning->stage, &staged, err);
        free(key);
        free(body);
    }
    callio_row_clear(&row);
    return result;
}

/* One tenant's failure must not keep the calls of the others. */
static int read_tenant(struct scanning *scanning, struct callio_tenant *tenant, struct err *err)
{
    struct err failure = { .code = EX_OK };
    const struct callio_list list = callio_scan_list(scanning->scan, tenant);
    scanning->tenant = tenant;
    /* A millisecond more at both ends: whether the API includes them is not documented. */
    int64_t from_ms = scanning->from * 1000 - 1, to_ms = scanning->to * 1000 + 1000;
    int result = callio_list_read(&list, from_ms, to_ms, keep, scanning, &failure);
    if (result == 0)
        return 0;
    bool is_tenants = !interrupt_requested() && (failure.code == EX_UNAVAILABLE || failure.code == EX_CONFIG);
    if (!is_tenants)
        return err_set(err, failure.code, "%s", failure.message);
    tenant->calls_failure = failure; /* no further window is asked for; its tables may still be read */
    if (scanning->failure.code == EX_OK || scanning->failed_from == INT64_MAX) {
        scanning->failure = failure;
        scanning->failed_from = scanning->from;
    }
    return 0;
}

static int read_tenants(struct scanning *scanning, struct err *err)
{
    struct callio_tenants *tenants = &scanning->scan->tenants;
    size_t failed = 0;
    int result = 0;
    for (size_t i = 0; result == 0 && i < tenants->count; i++) {
        result = read_tenant(scanning, &tenants->items[i], err);
        failed += tenants->items[i].calls_failure.code != EX_OK ? 1 : 0;
    }
    if (result == 0 && failed == tenants->count)
        result = err_set(err, scanning->failure.code, "%s", scanning->failure.message);
    return result;
}

static int read_window(struct scanning *scanning, struct err *err)
{
    int result = read_tenants(scanning, err);
    result = api_stop_result(result, scanning->from - CALLIO_AFTER_END_SEC, scanning->on_slice, scanning->context, err);
    if (result == 0)
        result = api_stage_empty(scanning->stage, hand_out, scanning, err);
    return result == 0 ? tell_reached(scanning, scanning->to + 1, err) : result;
}

static int read_windows(struct scanning *scanning, struct err *err)
{
    const struct source_range *range = scanning->range;
    int64_t from = range->call_from > WHEN_EARLIEST ? range->call_from : WHEN_EARLIEST;
    int64_t to = (range->end_to < scanning->now + DAY ? range->end_to : scanning->now + DAY) + CALLIO_AFTER_END_SEC;
    int result = 0;
    if (range->call_to != 0 && range->call_to < to)
        to = range->call_to;
    while (result == 0 && from <= to) {
        scanning->from = from;
        scanning->to = from + WINDOW_SEC <= to ? from + WINDOW_SEC - 1 : to;
        result = read_window(scanning, err);
        from = scanning->to + 1;
    }
    return result;
}

int callio_scan_run(struct callio_scan *scan, const struct source_range *range, source_on_call *on_call,
                    source_on_slice *on_slice, void *context, struct err *err)
{
    struct scanning scanning = { .scan = scan, .range = range, .now = clock_now_epoch(), .on_call = on_call,
                                 .on_slice = on_slice, .context = context, .failure = { .code = EX_OK } };
    int result = api_stage_open("a temporary file for Callio's list", &scanning.stage, err);
    if (result == 0)
        result = read_windows(&scanning, err);
    api_stage_close(scanning.stage);
    if (result == 0 && scanning.failure.code != EX_OK)
        result = err_set(err, scanning.failure.code, "%s", scanning.failure.message);
    return result < 0 ? -1 : 0;
}
