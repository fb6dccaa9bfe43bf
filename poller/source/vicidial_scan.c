/* vicidial_scan: goes through a stretch of one of the dialer's tables in slices: no statement holds it for long. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/mem.h"
#include "source/stretch.h"
#include "source/vicidial_sample.h"
#include "source/vicidial_scan.h"

/* The work of a scan, and its callbacks. */
struct job {
    struct vicidial_scan *scan;
    const struct source_range *range;
    source_on_call *on_call;
    source_on_slice *on_slice;
    void *context;
    char list[TABLE_SELECT_LIST_SIZE]; /* the columns to select */
};

/* ---- one slice ---- */

/* A row of a slice. */
struct found {
    const char *const *columns;
    bool is_live; /* an archived row that the live table also has */
};

/* As the tables compare keys: neither case nor blanks at the end count. */
static bool is_same_key(const char *a, const char *b)
{
    size_t length_a = strlen(a), length_b = strlen(b);
    while (length_a > 0 && a[length_a - 1] == ' ')
        length_a--;
    while (length_b > 0 && b[length_b - 1] == ' ')
        length_b--;
    return length_a == length_b && strncasecmp(a, b, length_a) == 0;
}

/* Archived rows. One statement asks the live table for all their keys. */
struct asked {
    struct found *found;
    size_t count;
};

static int note_live(void *context, const char *const *row, struct err *err)
{
    const struct asked *asked = context;
    (void)err;
    for (size_t i = 0; i < asked->count; i++)
        asked->found[i].is_live = asked->found[i].is_live ||
                                  is_same_key(row[0], asked->found[i].columns[TABLE_UNIQUEID]);
    return 0;
}

/* Skips archived rows that the live table still has, because the copy may be from the middle of the call. The keys are
 * sent as text: if a statement compared columns of two tables with different character sets, the server would convert
 * one column and use no index. */
static int mark_live(const struct job *job, struct found *found, size_t count, struct err *err)
{
    const struct vicidial_table *live = &job->scan->tables[SOURCE_LIVE];
    for (size_t done = 0, part = 0; done < count; done += part) {
        const char *keys[TABLE_MANY_KEYS];
        part = count - done < TABLE_MANY_KEYS ? count - done : TABLE_MANY_KEYS;
        struct asked asked = { .found = found + done, .count = part };
        for (size_t i = 0; i < part; i++)
            keys[i] = asked.found[i].columns[TABLE_UNIQUEID];
        if (vicidial_table_fetch(job->scan->session, live->name, "uniqueid", keys, part, note_live, &asked, err) != 0)
            return -1;
    }
    return 0;
}

static int hand_out(const struct job *job, struct session_result *result, struct err *err)
{
    size_t count = 0;
    struct found *found = mem_zero(session_rows(result) + 1, sizeof *found);
    for (const char *const *row = session_next(result); row != NULL; row = session_next(result))
        found[count++].columns = row;
    int outcome = job->range->table == SOURCE_ARCHIVE ? mark_live(job, found, count, err) : 0;
    for (size_t i = 0; outcome == 0 && i < count; i++) {
        struct call call = vicidial_table_call(found[i].columns, job->scan->zone, job->scan->settings);
        if (!found[i].is_live)
            outcome = job->on_call(job->context, &call, err);
    }
    free(found);
    return outcome;
}

/* Reads one slice. *ret_too_many: it holds more rows than one result should, nothing was handed out, and the next slice
 * will be shorter. */
static int read_slice(const struct job *job, const char *bound, int64_t end_from, int64_t end_to, bool *ret_too_many,
                      struct err *err)
{
    struct vicidial_scan *scan = job->scan;
    const struct vicidial_table *table = &scan->tables[job->range->table];
    char limit[SLICE_LIMIT_SIZE];
    struct session_result *result = NULL;
    (void)slice_limit(&scan->slice, session_facts(scan->session).is_mariadb, limit);
    char ended[100] = "";
    if (!job->range->with_open)
        (void)snprintf(ended, sizeof ended, " AND end_epoch >= %" PRId64 " AND end_epoch <= %" PRId64, end_from,
                       end_to);
    char *sql = mem_format("SELECT %s FROM %s FORCE INDEX (`%s`) WHERE %s%s%s", job->list, table->name, table->index,
                           bound, ended, limit);
    int64_t started_ms = clock_mono_ms();
    int outcome = session_query(scan->session, sql, vicidial_table_action(table->name), &result, err);
    free(sql);
    if (outcome != 0)
        return -1;
    uint64_t rows = session_rows(result);
    *ret_too_many = slice_is_too_long(&scan->slice, rows, session_is_cut(result));
    slice_adapt(&scan->slice, clock_mono_ms() - started_ms, rows, *ret_too_many);
    if (!*ret_too_many)
        outcome = hand_out(job, result, err);
    session_free(result);
    return outcome;
}

/* 0: go on, 1: it ends here, -1: it has failed. */
static int tell(const struct job *job, int64_t ended_before, struct err *err)
{
    return job->on_slice != NULL ? job->on_slice(job->context, ended_before, err) : 0;
}

/* ---- by end_epoch ---- */

static int scan_by_end(const struct job *job, struct err *err)
{
    int64_t from = job->range->end_from;
    int result = 0;
    while (result == 0 && from <= job->range->end_to) {
        bool too_many = false;
        int64_t to = from + slice_length(&job->scan->slice) - 1;
        if (to > job->range->end_to)
            to = job->range->end_to;
        if (read_slice(job, "TRUE", from, to, &too_many, err) != 0)
            return -1;
        if (too_many)
            continue;
        from = to + 1;
        result = tell(job, from, err);
    }
    return result;
}

/* ---- by call_date ---- */

static int sample(void *context, int64_t from, int64_t to, struct zone *zone, struct err *err)
{
    const struct job *job = context;
    return vicidial_sample_from(job->scan->session, &job->scan->tables[job->range->table], from, to, zone, err);
}

/* Finds the local times that rows of the range may have. */
static int find_stretches(struct job *job, struct stretch_list *list, struct err *err)
{
    const struct vicidial_scan *scan = job->scan;
    int64_t from = job->range->call_from, to = job->range->call_to;
    if (to == 0 && session_now(scan->session, &to, err) != 0)
        return -1;
    if (job->range->call_to == 0)
        to += VICIDIAL_AFTER_END_SEC; /* some host's clock may be ahead */
    if (to < from)
        to = from;
    if (from < scan->zone_from &&
        stretch_add_sampled(list, from, to < scan->zone_from ? to : scan->zone_from, sample, job, err) != 0)
        return -1;
    stretch_add_zone(list, from, to, scan->zone);
    return 0;
}

/* Reads a stretch of local time from *at on, and moves *at. */
static int scan_stretch(const struct job *job, const struct stretch_list *list, int64_t to, bool is_last, int64_t *at,
                        struct err *err)
{
    int result = 0;
    while (result == 0 && *at <= to) {
        char first_date[STRETCH_DATETIME_SIZE], end_date[STRETCH_DATETIME_SIZE], bound[160];
        bool too_many = false;
        int64_t end = *at + slice_length(&job->scan->slice);
        bool is_end = end > to;
        (void)stretch_datetime(*at, first_date);
        (void)stretch_datetime(is_end ? to + 1 : end, end_date);
        if (is_end && is_last && job->range->call_to == 0)
            (void)snprintf(bound, sizeof bound, "call_date >= '%s'", first_date);
        else
            (void)snprintf(bound, sizeof bound, "call_date >= '%s' AND call_date < '%s'", first_date, end_date);
        if (read_slice(job, bound, job->range->end_from, job->range->end_to, &too_many, err) != 0)
            return -1;
        if (too_many)
            continue;
        *at = is_end ? to + 1 : end;
        result = tell(job, is_end && is_last ? job->range->end_to + 1
                                             : stretch_made_before(list, *at) - VICIDIAL_AFTER_END_SEC, err);
    }
    return result;
}

static int scan_by_call_date(struct job *job, struct err *err)
{
    struct stretch_list list = { .count = 0 };
    int64_t at = INT64_MIN, to = 0, after = 0, behind = 0;
    int result = find_stretches(job, &list, err);
    while (result == 0 && stretch_next(&list, at, &at, &to))
        result = scan_stretch(job, &list, to, !stretch_next(&list, to + 1, &after, &behind), &at, err);
    stretch_clear(&list);
    return result;
}

int vicidial_scan_run(struct vicidial_scan *scan, const struct source_range *range, source_on_call *on_call,
                      source_on_slice *on_slice, void *context, struct err *err)
{
    struct job job = { .scan = scan, .range = range, .on_call = on_call, .on_slice = on_slice, .context = context };
    vicidial_table_select_list(&scan->tables[range->table], !range->whole_rows, job.list);
    int result = scan->tables[range->table].index_on_end ? scan_by_end(&job, err) : scan_by_call_date(&job, err);
    return result < 0 ? -1 : 0;
}

/* ---- how far back the live table goes ---- */

int vicidial_scan_reach(const struct vicidial_scan *scan, int64_t since, struct source_reach *ret_reach,
                        struct err *err)
{
    const struct vicidial_table *live = &scan->tables[SOURCE_LIVE];
    char list[TABLE_SELECT_LIST_SIZE], date[STRETCH_DATETIME_SIZE], bound[100];
    struct session_result *result = NULL;
    vicidial_table_select_list(live, true, list);
    if (live->index_on_end)
        (void)snprintf(bound, sizeof bound, "end_epoch >= %" PRId64 " ORDER BY end_epoch", since);
    else
        (void)snprintf(bound, sizeof bound, "call_date >= '%s' ORDER BY call_date", stretch_datetime(since, date));
    char *sql = mem_format("SELECT %s FROM %s FORCE INDEX (`%s`) WHERE %s LIMIT %d", list, live->name, live->index,
                           bound, ZONE_REACH_ROWS);
    int outcome = session_query(scan->session, sql, vicidial_table_action(live->name), &result, err);
    free(sql);
    if (outcome != 0)
        return -1;
    *ret_reach = zone_reach_none();
    for (const char *const *row; (row = session_next(result)) != NULL;) {
        struct call call = vicidial_table_call(row, scan->zone, scan->settings);
        zone_reach_add(scan->zone, live->index_on_end ? call.ended : call.began, VICIDIAL_AFTER_END_SEC, ret_reach);
    }
    session_free(result);
    return 0;
}
