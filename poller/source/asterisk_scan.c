/* asterisk_scan: reads a range of the table in slices, and hands out complete calls. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "source/asterisk_sample.h"
#include "source/asterisk_scan.h"
#include "source/stretch.h"

/* A host's clock may be ahead of the database's by this much. */
#define AHEAD_SEC 600

/* Asterisk cuts a channel's epoch and the start of its row to seconds. */
#define CLOCK_SLACK_SEC 5

/* The most ids in one statement. */
#define MANY_IDS 100

/* Calls that began further apart than this are read by separate statements. */
#define APART_SEC 3600

/* Read a table without an index in one piece, because each piece would scan the whole table. */
#define WHOLE_SEC (100 * 366 * INT64_C(86400))

/* One scan or fetch at work. */
struct reading {
    struct asterisk_scan *scan;
    struct source_range range;
    const char *const *ids; /* only these calls, whenever they ended; NULL: the calls of range */
    size_t id_count;
    source_on_call *on_call;
    source_on_slice *on_slice;
    void *context;
    struct zone zone;       /* the zones of all rows that are read */
    struct asterisk_row **rows; /* rows of calls that are not complete yet */
    size_t count, room;
    size_t found;           /* calls that were handed out */
    int64_t now;            /* by the database's clock */
};

/* ---- rows ---- */

static void add_row(struct reading *reading, struct asterisk_row *row)
{
    if (reading->count == reading->room) {
        reading->room = 2 * reading->room + 64;
        reading->rows = mem_resize(reading->rows, reading->room, sizeof(struct asterisk_row *));
    }
    reading->rows[reading->count++] = row;
}

static void free_rows(struct reading *reading)
{
    for (size_t i = 0; i < reading->count; i++)
        free(reading->rows[i]);
    free(reading->rows);
    reading->rows = NULL;
    reading->count = reading->room = 0;
}

/* Runs sql, frees it, and keeps its rows if the result is complete. */
static int read_rows(struct reading *reading, char *sql, bool *ret_too_long, struct err *err)
{
    struct asterisk_scan *scan = reading->scan;
    char action[ASTERISK_NAME_SIZE];
    struct session_result *result = NULL;
    int64_t started_ms = clock_mono_ms();
    int outcome = session_query(scan->session, sql, asterisk_table_action(scan->table, action), &result, err);
    free(sql);
    if (outcome != 0)
        return -1;
    uint64_t rows = session_rows(result);
    bool may_shrink = ret_too_long != NULL && *scan->table->date_key != '\0';
    bool too_long = may_shrink && slice_is_too_long(&scan->slice, rows, session_is_cut(result));
    if (may_shrink)
        slice_adapt(&scan->slice, clock_mono_ms() - started_ms, rows, too_long);
    for (const char *const *row = too_long ? NULL : session_next(result); row != NULL; row = session_next(result))
        add_row(reading, asterisk_table_row(scan->table, row, &reading->now));
    session_free(result);
    if (ret_too_long != NULL)
        *ret_too_long = too_long;
    return 0;
}

/* ---- calls ---- */

static bool is_asked_for(const struct reading *reading, const struct asterisk_call *made)
{
    const struct source_range *range = &reading->range;
    const struct call *call = &made->call;
    if (call->direction == CALL_INTERNAL && !reading->scan->with_internal)
        return false;
    for (size_t i = 0; i < reading->id_count; i++)
        if (strcmp(reading->ids[i], call->id) == 0)
            return true;
    if (reading->ids != NULL)
        return false;
    return made->made >= range->call_from && (range->call_to == 0 || made->made <= range->call_to) &&
           call->ended >= range->end_from && call->ended <= range->end_to &&
           call->ended <= reading->now - reading->scan->rules.settle_sec;
}

/* Every row that began before begun_before was read. Hands out the calls that are complete by now, and keeps the rows
 * of the others. *ret_made: the epoch of the earliest call that is kept; INT64_MAX: none. */
static int hand_out(struct reading *reading, int64_t begun_before, int64_t *ret_made, struct err *err)
{
    struct asterisk_rules rules = reading->scan->rules;
    size_t kept = 0, length = 0;
    int outcome = 0;
    rules.zone = &reading->zone;
    rules.now = reading->now;
    *ret_made = INT64_MAX;
    reading->count = asterisk_group_sort(reading->rows, reading->count);
    for (size_t at = 0; at < reading->count; at += length) {
        struct asterisk_call made;
        struct asterisk_row **rows = reading->rows + at;
        length = asterisk_group_length(rows, reading->count - at);
        asterisk_group_call(rows, length, &rules, &made);
        bool is_whole = begun_before == INT64_MAX || made.call.ended < begun_before - ASTERISK_GAP_SEC;
        if (is_whole && outcome == 0 && is_asked_for(reading, &made)) {
            reading->found++;
            outcome = reading->on_call(reading->context, &made.call, err);
        }
        if (!is_whole && made.made < *ret_made)
            *ret_made = made.made;
        for (size_t i = 0; i < length; i++) {
            if (is_whole)
                free(rows[i]);
            else
                reading->rows[kept++] = rows[i];
        }
    }
    reading->count = kept;
    return outcome;
}

/* After a slice. Returns 0: continue, 1: all ids were found, -1: failed. */
static int after_slice(struct reading *reading, int64_t begun_before, struct err *err)
{
    int64_t oldest = 0, done_before = reading->range.end_to + 1;
    if (hand_out(reading, begun_before, &oldest, err) != 0)
        return -1;
    if (reading->ids != NULL && reading->found == reading->id_count)
        return 1;
    if (reading->on_slice == NULL)
        return 0;
    /* Calls that ended a moment ago, or are not complete, are handed out later. */
    if (begun_before != INT64_MAX && done_before > begun_before - ASTERISK_GAP_SEC)
        done_before = begun_before - ASTERISK_GAP_SEC;
    if (done_before > reading->now - reading->scan->rules.settle_sec + 1)
        done_before = reading->now - reading->scan->rules.settle_sec + 1;
    return reading->on_slice(reading->context, done_before < oldest ? done_before : oldest, err);
}

/* ---- by date ---- */

static int sample(void *context, int64_t from, int64_t to, struct zone *zone, struct err *err)
{
    struct reading *reading = context;
    if (asterisk_sample_from(reading->scan->session, reading->scan->table, from, to, zone, err) != 0)
        return -1;
    for (size_t i = 0; i < zone->count; i++)
        zone_add(&reading->zone, zone->offsets[i].sec, 0);
    return 0;
}

/* The local times of the range's rows. A call that began at the end of the range may have later rows. */
static int find_stretches(struct reading *reading, struct stretch_list *list, struct err *err)
{
    const struct asterisk_scan *scan = reading->scan;
    int64_t from = reading->range.call_from - CLOCK_SLACK_SEC, to = reading->range.call_to;
    if (session_now(scan->session, &reading->now, err) != 0)
        return -1;
    if (to == 0 || to > reading->now + AHEAD_SEC)
        to = reading->now + AHEAD_SEC;
    if (to < from)
        to = from;
    reading->zone = *scan->rules.zone;
    if (from < scan->zone_from &&
        stretch_add_sampled(list, from, to < scan->zone_from ? to : scan->zone_from, sample, reading, err) != 0)
        return -1;
    stretch_add_zone(list, from, to, scan->rules.zone);
    return 0;
}

/* "AND linkedid IN (...)", or by uniqueid if uniqueid is the call's id; "" for all calls. Ownership: the caller frees
 * it. */
static char *condition_of(const struct reading *reading)
{
    const struct asterisk_table *table = reading->scan->table;
    if (reading->ids == NULL)
        return mem_copy("");
    char *list = session_quote_all(reading->scan->session, reading->ids, reading->id_count);
    char *condition = table->has_column[ASTERISK_LINKEDID]
                          ? mem_format(" AND (linkedid IN (%s) OR uniqueid IN (%s))", list, list)
                          : mem_format(" AND uniqueid IN (%s)", list);
    free(list);
    return condition;
}

/* Reads one slice of rows from *at on, and moves *at to its end. */
static int read_slice(struct reading *reading, int64_t to, int64_t *at, struct err *err)
{
    struct asterisk_scan *scan = reading->scan;
    const struct asterisk_table *table = scan->table;
    char first[STRETCH_DATETIME_SIZE], behind[STRETCH_DATETIME_SIZE], limit[SLICE_LIMIT_SIZE] = "";
    bool too_long = false;
    int64_t end = *at + (*table->date_key != '\0' ? slice_length(&scan->slice) : WHOLE_SEC);
    end = end > to ? to + 1 : end;
    if (*table->date_key != '\0')
        (void)slice_limit(&scan->slice, session_facts(scan->session).is_mariadb, limit);
    char *select = asterisk_table_select(table, table->date_key), *condition = condition_of(reading);
    char *sql = mem_format("%s WHERE `%s` >= '%s' AND `%s` < '%s'%s%s", select, table->date,
                           stretch_datetime(*at, first), table->date, stretch_datetime(end, behind), condition, limit);
    free(condition);
    free(select);
    if (read_rows(reading, sql, &too_long, err) != 0)
        return -1;
    if (!too_long)
        *at = end;
    return too_long ? 0 : 1;
}

/* Returns 0: read to the end, 1: ended early, -1: failed. */
static int read_range(struct reading *reading, struct err *err)
{
    struct stretch_list list = { .count = 0 };
    int64_t at = INT64_MIN, to = 0;
    int result = find_stretches(reading, &list, err);
    while (result == 0 && stretch_next(&list, at, &at, &to)) {
        while (result == 0 && at <= to) {
            int progress = read_slice(reading, to, &at, err);
            result = progress <= 0 ? progress : after_slice(reading, stretch_made_before(&list, at), err);
        }
    }
    stretch_clear(&list);
    return result;
}

int asterisk_scan_run(struct asterisk_scan *scan, const struct source_range *range, source_on_call *on_call,
                      source_on_slice *on_slice, void *context, struct err *err)
{
    struct reading reading = { .scan = scan, .range = *range, .on_call = on_call, .on_slice = on_slice,
                               .context = context };
    int result = read_range(&reading, err);
    free_rows(&reading);
    return result < 0 ? -1 : 0;
}

/* ---- by id ---- */

/* Reads the rows of ids by an index. An id with letters outside the column's character set is in no row. */
static int read_by_key(struct reading *reading, const char *key, const char *column, size_t first, size_t count,
                       struct err *err)
{
    struct err failure = { .code = EX_OK };
    if (*key == '\0' || count == 0)
        return 0;
    char *list = session_quote_all(reading->scan->session, reading->ids + first, count);
    char *select = asterisk_table_select(reading->scan->table, key);
    int outcome = read_rows(reading, mem_format("%s WHERE %s IN (%s)", select, column, list), NULL, &failure);
    free(select);
    free(list);
    if (outcome == 0)
        return 0;
    if (session_failure(reading->scan->session) != SESSION_NOT_COMPARABLE)
        return err_set(err, failure.code, "%s", failure.message);
    for (size_t i = 0; count > 1 && i < count; i++)
        if (read_by_key(reading, key, column, first + i, 1, err) != 0)
            return -1;
    return 0;
}

/* A call to fetch, and when it began. */
struct wanted {
    const char *id;
    int64_t began; /* epoch; for a weak row its local time */
};

static int compare_wanted(const void *left, const void *right)
{
    const struct wanted *a = left, *b = right;
    return a->began < b->began ? -1 : a->began > b->began;
}

/* A weak row's id has its date. */
static int read_weak(struct reading *reading, const struct wanted *wanted, struct err *err)
{
    const struct asterisk_table *table = reading->scan->table;
    char date[STRETCH_DATETIME_SIZE];
    char *select = asterisk_table_select(table, table->date_key);
    char *sql = mem_format("%s WHERE `%s` = '%s'", select, table->date, stretch_datetime(wanted->began, date));
    free(select);
    int64_t ignored = 0;
    reading->ids = &wanted->id;
    reading->id_count = 1;
    return read_rows(reading, sql, NULL, err) != 0 ? -1 : hand_out(reading, INT64_MAX, &ignored, err);
}

/* Reads calls that began soon after each other. Uses the index on linkedid. Without the index, reads from the first
 * call's begin until all calls are complete, or until ASTERISK_LONGEST_SEC after the last call's begin. */
static int read_together(struct reading *reading, const struct wanted *wanted, const char *const *ids, size_t count,
                         struct err *err)
{
    const struct asterisk_table *table = reading->scan->table;
    int64_t ignored = 0;
    bool is_linked = table->has_column[ASTERISK_LINKEDID];
    reading->ids = ids;
    reading->id_count = count;
    reading->found = 0;
    reading->range = (struct source_range){ .call_from = wanted[0].began,
                                            .call_to = wanted[count - 1].began + ASTERISK_LONGEST_SEC };
    if (wanted[0].began > 0 && wanted[0].began < reading->scan->zone_from &&
        sample(reading, wanted[0].began, wanted[count - 1].began + 1, &(struct zone){ .count = 0 }, err) != 0)
        return -1;
    if ((is_linked && read_by_key(reading, table->linkedid_key, "linkedid", 0, count, err) != 0) ||
        read_by_key(reading, table->uniqueid_key, "uniqueid", 0, count, err) != 0)
        return -1;
    bool is_whole = *(is_linked ? table->linkedid_key : table->uniqueid_key) != '\0' || wanted[0].began == 0;
    if (!is_whole && read_range(reading, err) < 0)
        return -1;
    return hand_out(reading, INT64_MAX, &ignored, err);
}

static int read_wanted(struct reading *reading, const struct wanted *wanted, const char *const *ids, size_t count,
                       struct err *err)
{
    for (size_t done = 0, part = 0; done < count; done += part) {
        part = 1;
        bool is_weak = asterisk_row_weak_local(wanted[done].id) > 0;
        while (!is_weak && done + part < count && part < MANY_IDS &&
               wanted[done + part].began - wanted[done + part - 1].began <= APART_SEC &&
               asterisk_row_weak_local(wanted[done + part].id) == 0)
            part++;
        int result = is_weak ? read_weak(reading, &wanted[done], err)
                             : read_together(reading, &wanted[done], ids + done, part, err);
        if (result != 0)
            return -1;
    }
    return 0;
}

int asterisk_scan_fetch(struct asterisk_scan *scan, const char *const *ids, size_t count, source_on_call *on_call,
                        void *context, struct err *err)
{
    struct reading reading = { .scan = scan, .on_call = on_call, .context = context, .zone = *scan->rules.zone };
    struct wanted *wanted = mem_zero(count + 1, sizeof *wanted);
    for (size_t i = 0; i < count; i++) {
        int64_t local_sec = asterisk_row_weak_local(ids[i]);
        wanted[i] = (struct wanted){ .id = ids[i], .began = local_sec > 0 ? local_sec : asterisk_row_epoch(ids[i]) };
    }
    qsort(wanted, count, sizeof *wanted, compare_wanted);
    const char **sorted = mem_zero(count + 1, sizeof *sorted);
    for (size_t i = 0; i < count; i++)
        sorted[i] = wanted[i].id;
    int result = read_wanted(&reading, wanted, sorted, count, err);
    free_rows(&reading);
    free(sorted);
    free(wanted);
    return result;
}
