/* vicidial_scan: goes through a stretch of one of the dialer's tables in slices: no statement holds it for long. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/mem.h"
#include "source/vicidial_sample.h"
#include "source/vicidial_scan.h"
#include "source/stretch.h"

/* A scan reads the table in slices, so that no statement holds it for long however busy the site is, and no result is
 * large. A slice grows while statements are quick and shrinks when one is not. */
#define SLICE_FIRST_SEC 300
#define SLICE_SHORTEST_SEC 10
#define SLICE_LONGEST_SEC 14400
#define SLICE_QUICK_MS 2
#define SLICE_SLOW_MS 6
#define SLICE_FEW_ROWS 500
#define SLICE_MANY_ROWS 1000     /* a slice with more rows is read again as shorter ones ... */
#define SLICE_MANY_EXAMINED 4000 /* ... as is one for which the server has to look at more than these (MariaDB) */

/* A long range is sampled so often: between two samples no zone comes and goes again. Ramadan, without summer time in
 * Morocco, is the shortest that is known to. But not more often than SAMPLES_MOST times. */
#define SAMPLE_SEC (14 * 86400)
#define SAMPLES_MOST 64

/* What a scan has to do, and for whom. */
struct job {
    struct vicidial_scan *scan;
    const struct source_range *range;
    source_on_call *on_call;
    source_on_slice *on_slice;
    void *context;
    char list[TABLE_SELECT_LIST_SIZE]; /* what is selected */
};

/* ---- one slice ---- */

/* Fits the length of the next slice to what the last one took. */
static void adapt_slice(struct vicidial_scan *scan, int64_t took_ms, uint64_t rows, bool too_many)
{
    if (too_many)
        scan->slice_sec /= 4;
    else if (took_ms >= SLICE_SLOW_MS)
        scan->slice_sec /= 2;
    else if (took_ms < SLICE_QUICK_MS && rows < SLICE_FEW_ROWS)
        scan->slice_sec *= 2;
    if (scan->slice_sec < SLICE_SHORTEST_SEC)
        scan->slice_sec = SLICE_SHORTEST_SEC;
    if (scan->slice_sec > SLICE_LONGEST_SEC)
        scan->slice_sec = SLICE_LONGEST_SEC;
}

/* A row of a slice. */
struct found {
    const char *const *columns;
    bool is_live; /* a row of the archive that stands in the live table too */
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

/* Rows of the archive whose keys the live table is asked for at once. */
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

/* What was archived while it stands in the live table still is looked at there: the copy may be frozen in mid-call. The
 * keys are sent as text: to compare columns of two tables, the server must convert one where their character sets
 * differ, and then uses no index. */
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
    char limit[64] = "";
    struct session_result *result = NULL;
    bool may_shrink = scan->slice_sec > SLICE_SHORTEST_SEC;
    if (may_shrink && session_facts(scan->session).is_mariadb)
        (void)snprintf(limit, sizeof limit, " LIMIT %d ROWS EXAMINED %d", SLICE_MANY_ROWS + 1, SLICE_MANY_EXAMINED);
    else if (may_shrink)
        (void)snprintf(limit, sizeof limit, " LIMIT %d", SLICE_MANY_ROWS + 1);
    char *sql = mem_format("SELECT %s FROM %s FORCE INDEX (`%s`) WHERE %s AND end_epoch >= %" PRId64
                           " AND end_epoch <= %" PRId64 "%s", job->list, table->name, table->index, bound, end_from, end_to,
                           limit);
    int64_t started_ms = clock_mono_ms();
    int outcome = session_query(scan->session, sql, vicidial_table_action(table->name), &result, err);
    free(sql);
    if (outcome != 0)
        return -1;
    uint64_t rows = session_rows(result);
    /* The server warns when it has stopped for the number of rows examined; the result is then not whole. */
    *ret_too_many = may_shrink && (rows > SLICE_MANY_ROWS || session_is_cut(result));
    adapt_slice(scan, clock_mono_ms() - started_ms, rows, *ret_too_many);
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
        int64_t to = from + job->scan->slice_sec - 1;
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

static void add_windows(struct stretch_list *list, int64_t from, int64_t to, const struct zone *zone)
{
    for (size_t i = 0; i < zone->count; i++)
        stretch_add(list, from, to, zone->offsets[i].sec);
}

/* Before the time for which the zones are known, the rows are asked again and again: the clocks changed twice a year,
 * or the server came from elsewhere. */
static int add_older(const struct job *job, int64_t from, int64_t to, struct stretch_list *list, struct err *err)
{
    const struct vicidial_table *table = &job->scan->tables[job->range->table];
    int64_t step = (to - from) / SAMPLES_MOST > SAMPLE_SEC ? (to - from) / SAMPLES_MOST : SAMPLE_SEC;
    struct zone here = { .count = 0 }, there = { .count = 0 };
    if (vicidial_sample_from(job->scan->session, table, from, from + step, &here, err) != 0)
        return -1;
    for (int64_t end = from + step; from < to; from = end, end += step, here = there) {
        there = (struct zone){ .count = 0 };
        if (vicidial_sample_from(job->scan->session, table, end, end + step, &there, err) != 0)
            return -1;
        add_windows(list, from, end < to ? end : to, &here);
        add_windows(list, from, end < to ? end : to, &there);
    }
    return 0;
}

/* Where the rows of the range may stand by local time. */
static int find_stretches(const struct job *job, struct stretch_list *list, struct err *err)
{
    const struct vicidial_scan *scan = job->scan;
    int64_t from = job->range->call_from, to = job->range->call_to;
    if (to == 0 &&
        session_numbers(scan->session, "SELECT UNIX_TIMESTAMP()", "read the database's clock", &to, 1, err) != 0)
        return -1;
    if (job->range->call_to == 0)
        to += VICIDIAL_AFTER_END_SEC; /* some host's clock may be ahead */
    if (to < from)
        to = from;
    if (from < scan->zone_from &&
        add_older(job, from, to < scan->zone_from ? to : scan->zone_from, list, err) != 0)
        return -1;
    add_windows(list, from, to, scan->zone);
    return 0;
}

/* Reads a stretch of local time from *at on, and moves *at. */
static int scan_stretch(const struct job *job, const struct stretch_list *list, int64_t to, bool is_last, int64_t *at,
                        struct err *err)
{
    int result = 0;
    while (result == 0 && *at <= to) {
        char first_date[TABLE_DATETIME_SIZE], end_date[TABLE_DATETIME_SIZE], bound[160];
        bool too_many = false;
        int64_t end = *at + job->scan->slice_sec;
        bool is_end = end > to;
        (void)vicidial_table_datetime(*at, first_date);
        (void)vicidial_table_datetime(is_end ? to + 1 : end, end_date);
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

static int scan_by_call_date(const struct job *job, struct err *err)
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
    if (scan->slice_sec == 0)
        scan->slice_sec = SLICE_FIRST_SEC;
    int result = scan->tables[range->table].index_on_end ? scan_by_end(&job, err) : scan_by_call_date(&job, err);
    return result < 0 ? -1 : 0;
}
