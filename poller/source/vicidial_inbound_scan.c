/* vicidial_inbound_scan: reads vicidial_closer_log or its archive in short slices of time, or by ids. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "source/stretch.h"
#include "source/vicidial_inbound_scan.h"

/* The most keys in one statement. */
#define MANY_KEYS 100

/* One scan or fetch at work. */
struct reading {
    struct vicidial_inbound_scan *scan;
    enum source_table table;
    const struct source_range *range; /* NULL: by ids */
    const char *const *ids;           /* of the statement; NULL: all of range */
    size_t id_count;
    source_on_call *on_call;
    void *context;
};

/* A row that is handed out. */
struct found {
    struct call call;
    struct vicidial_inbound_room room;
    const char *closecallid;
    bool is_wanted;
};

/* ---- a result ---- */

/* After the table was emptied, the counter starts again: the same number may belong to another call. */
static bool is_asked_for(const struct reading *reading, const struct call *call)
{
    const struct source_range *range = reading->range;
    if (range != NULL && range->with_open)
        return true;
    if (range != NULL)
        return call->ended >= range->end_from && call->ended <= range->end_to && call->ended > 0;
    for (size_t i = 0; i < reading->id_count; i++)
        if (strcmp(reading->ids[i], call->id) == 0)
            return true;
    return false;
}

static size_t take_rows(const struct reading *reading, struct session_result *result, struct found *found)
{
    const struct vicidial_inbound_scan *scan = reading->scan;
    size_t count = 0;
    for (const char *const *row = session_next(result); row != NULL; row = session_next(result)) {
        struct found *one = &found[count];
        one->call = vicidial_inbound_row_call(row, scan->zone, &scan->rules, &one->room, &one->is_wanted);
        one->closecallid = row[INBOUND_CLOSECALLID];
        count += one->is_wanted && is_asked_for(reading, &one->call);
    }
    return count;
}

/* Skips archived rows that the live table still has: the job may have copied a row before its call ended. */
static int leave_out_live(const struct reading *reading, struct found *found, size_t count, struct err *err)
{
    struct vicidial_inbound_scan *scan = reading->scan;
    for (size_t done = 0, part = 0; done < count; done += part) {
        const char *keys[MANY_KEYS];
        struct session_result *result = NULL;
        part = count - done < MANY_KEYS ? count - done : MANY_KEYS;
        for (size_t i = 0; i < part; i++)
            keys[i] = found[done + i].closecallid;
        char *list = session_quote_all(scan->session, keys, part);
        char *sql = mem_format("SELECT uniqueid, start_epoch, closecallid FROM %s WHERE closecallid IN (%s)",
                               vicidial_inbound_tables[SOURCE_LIVE], list);
        int outcome = session_query(scan->session, sql, "read vicidial_closer_log", &result, err);
        free(sql);
        free(list);
        if (outcome != 0)
            return -1;
        for (const char *const *row = session_next(result); row != NULL; row = session_next(result)) {
            struct vicidial_inbound_room room;
            vicidial_inbound_row_id(row[0], row[1], row[2], room.id, sizeof room.id);
            for (size_t i = 0; i < part; i++)
                if (strcmp(found[done + i].room.id, room.id) == 0)
                    found[done + i].is_wanted = false;
        }
        session_free(result);
    }
    return 0;
}

static int hand_out(const struct reading *reading, struct session_result *result, struct err *err)
{
    struct found *found = mem_zero(session_rows(result) + 1, sizeof *found);
    size_t count = take_rows(reading, result, found);
    int outcome = reading->range != NULL && reading->table == SOURCE_ARCHIVE
                      ? leave_out_live(reading, found, count, err) : 0;
    for (size_t i = 0; outcome == 0 && i < count; i++)
        if (found[i].is_wanted)
            outcome = reading->on_call(reading->context, &found[i].call, err);
    free(found);
    return outcome;
}

/* ---- by call_date ---- */

/* Reads a slice from *at on, and moves *at. Slices that are too long are read again as shorter ones. */
static int read_slice(const struct reading *reading, int64_t to, int64_t *at, struct err *err)
{
    struct vicidial_inbound_scan *scan = reading->scan;
    const struct vicidial_inbound_table *table = &scan->tables[reading->table];
    char first[STRETCH_DATETIME_SIZE], behind[STRETCH_DATETIME_SIZE], limit[SLICE_LIMIT_SIZE];
    struct session_result *result = NULL;
    int64_t end = *at + slice_length(&scan->slice), started_ms = clock_mono_ms();
    end = end > to ? to + 1 : end;
    (void)slice_limit(&scan->slice, session_facts(scan->session).is_mariadb, limit);
    char *select = vicidial_inbound_table_select(table, table->index);
    char *sql = mem_format("%s WHERE call_date >= '%s' AND call_date < '%s'%s", select, stretch_datetime(*at, first),
                           stretch_datetime(end, behind), limit);
    int outcome = session_query(scan->session, sql, vicidial_inbound_table_action(table), &result, err);
    free(sql);
    free(select);
    if (outcome != 0)
        return -1;
    bool too_long = slice_is_too_long(&scan->slice, session_rows(result), session_is_cut(result));
    slice_adapt(&scan->slice, clock_mono_ms() - started_ms, session_rows(result), too_long);
    if (!too_long) {
        *at = end;
        outcome = hand_out(reading, result, err);
    }
    session_free(result);
    return outcome;
}

static int sample(void *context, int64_t from, int64_t to, struct zone *zone, struct err *err)
{
    const struct reading *reading = context;
    return vicidial_inbound_table_zones(reading->scan->session, &reading->scan->tables[reading->table], from, to, zone,
                                        err);
}

/* Finds the local times that rows of the range may have. */
static int find_stretches(struct reading *reading, struct stretch_list *list, struct err *err)
{
    const struct vicidial_inbound_scan *scan = reading->scan;
    int64_t from = reading->range->call_from, to = reading->range->call_to;
    if (to == 0 && session_now(scan->session, &to, err) != 0)
        return -1;
    if (reading->range->call_to == 0)
        to += INBOUND_AFTER_END_SEC; /* the clock of a host may be ahead */
    if (to < from)
        to = from;
    if (from < scan->zone_from &&
        stretch_add_sampled(list, from, to < scan->zone_from ? to : scan->zone_from, sample, reading, err) != 0)
        return -1;
    stretch_add_zone(list, from, to, scan->zone);
    return 0;
}

int vicidial_inbound_scan_run(struct vicidial_inbound_scan *scan, const struct source_range *range,
                              source_on_call *on_call, source_on_slice *on_slice, void *context, struct err *err)
{
    struct reading reading = { .scan = scan, .table = range->table, .range = range, .on_call = on_call,
                               .context = context };
    struct stretch_list list = { .count = 0 };
    int64_t at = INT64_MIN, to = 0, after = 0, behind = 0;
    int result = find_stretches(&reading, &list, err);
    while (result == 0 && stretch_next(&list, at, &at, &to)) {
        bool is_last = !stretch_next(&list, to + 1, &after, &behind);
        while (result == 0 && at <= to) {
            int64_t before = at;
            if ((result = read_slice(&reading, to, &at, err)) != 0 || at == before || on_slice == NULL)
                continue;
            bool is_end = at > to && is_last;
            result = on_slice(context, is_end ? range->end_to + 1
                                              : stretch_made_before(&list, at) - INBOUND_AFTER_END_SEC, err);
        }
    }
    stretch_clear(&list);
    return result < 0 ? -1 : 0;
}

/* ---- how far back the live table goes ---- */

int vicidial_inbound_scan_reach(const struct vicidial_inbound_scan *scan, int64_t since, struct source_reach *ret_reach,
                                struct err *err)
{
    const struct vicidial_inbound_table *live = &scan->tables[SOURCE_LIVE];
    char date[STRETCH_DATETIME_SIZE];
    struct session_result *result = NULL;
    char *select = vicidial_inbound_table_select(live, live->index);
    char *sql = mem_format("%s WHERE call_date >= '%s' ORDER BY call_date LIMIT %d", select,
                           stretch_datetime(since, date), ZONE_REACH_ROWS);
    int outcome = session_query(scan->session, sql, vicidial_inbound_table_action(live), &result, err);
    free(sql);
    free(select);
    if (outcome != 0)
        return -1;
    *ret_reach = zone_reach_none();
    for (const char *const *row; (row = session_next(result)) != NULL;) {
        struct vicidial_inbound_room room;
        bool is_wanted = false;
        struct call call = vicidial_inbound_row_call(row, scan->zone, &scan->rules, &room, &is_wanted);
        zone_reach_add(scan->zone, call.began, INBOUND_AFTER_END_SEC, ret_reach);
    }
    session_free(result);
    return 0;
}

/* ---- by id ---- */

static int read_keys(const struct reading *reading, const char *const *keys, size_t count, struct err *err)
{
    struct vicidial_inbound_scan *scan = reading->scan;
    struct vicidial_inbound_table as_live = scan->tables[SOURCE_LIVE];
    struct session_result *result = NULL;
    as_live.name = vicidial_inbound_tables[reading->table];
    char *list = session_quote_all(scan->session, keys, count);
    char *select = vicidial_inbound_table_select(&as_live, "PRIMARY");
    char *sql = mem_format("%s WHERE closecallid IN (%s)", select, list);
    int outcome = session_query(scan->session, sql, vicidial_inbound_table_action(&as_live), &result, err);
    free(sql);
    free(select);
    free(list);
    if (outcome != 0)
        return -1;
    outcome = hand_out(reading, result, err);
    session_free(result);
    return outcome;
}

int vicidial_inbound_scan_fetch(struct vicidial_inbound_scan *scan, enum source_table table, const char *const *ids,
                                size_t count, source_on_call *on_call, void *context, struct err *err)
{
    struct reading reading = { .scan = scan, .table = table, .on_call = on_call, .context = context };
    for (size_t done = 0, part = 0; done < count; done += part) {
        const char *keys[MANY_KEYS];
        size_t known = 0;
        part = count - done < MANY_KEYS ? count - done : MANY_KEYS;
        reading.ids = ids + done;
        reading.id_count = part;
        for (size_t i = 0; i < part; i++)
            if ((keys[known] = vicidial_inbound_row_closecallid(ids[done + i])) != NULL)
                known++;
        if (known > 0 && read_keys(&reading, keys, known, err) != 0)
            return -1;
    }
    return 0;
}
