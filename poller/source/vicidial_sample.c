/* vicidial_sample: reads a few rows of a dialer's table to find the time zones in which hosts write them. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"
#include "source/stretch.h"
#include "source/vicidial_sample.h"

/* The number of rows to read: few enough for each run, and enough to have rows of two hosts at work. A zone needs two
 * rows, because one row may be wrong; with few rows, one is enough. */
#define LATEST_ROWS 100
#define FIRST_ROWS 30
#define FEW_ROWS 50

/* A uniqueid begins with an epoch and a dot. Below ten digits, the order of texts is not the order of times. */
#define FIRST_UNIQUEID 1000000000

/* Calls of this long ago say nothing about today's zones. */
#define STALE_SEC (30 * 86400)

/* The clocks of two machines differ, and so do their zones. */
#define AHEAD_SEC 86400

/* call_date, start_epoch, and call_date as it would be in the server's own zone. */
#define COLUMNS TABLE_LOCAL_SEC ", start_epoch, TIMESTAMPDIFF(SECOND, '1970-01-01', FROM_UNIXTIME(start_epoch))"

static int64_t number_of(const char *text)
{
    int64_t number = 0;
    return text != NULL && str_to_int(text, &number) ? number : 0;
}

/* Runs sql, which selects COLUMNS, frees it, and adds the rows to sample. */
static int read_rows(struct session *session, const struct vicidial_table *table, char *sql, struct zone_sample *sample,
                     struct err *err)
{
    struct session_result *result = NULL;
    int outcome = session_query(session, sql, vicidial_table_action(table->name), &result, err);
    free(sql);
    if (outcome != 0)
        return -1;
    for (const char *const *row = session_next(result); row != NULL; row = session_next(result))
        zone_sample_add(sample, number_of(row[0]), number_of(row[1]), number_of(row[2]));
    session_free(result);
    return 0;
}

/* Ownership: the caller frees the text. */
static char *by_uniqueid(const struct vicidial_table *table, int64_t from, int64_t to, bool latest, int rows)
{
    from = from > FIRST_UNIQUEID ? from : FIRST_UNIQUEID;
    to = to > FIRST_UNIQUEID ? to : FIRST_UNIQUEID;
    return mem_format("SELECT " COLUMNS " FROM %s FORCE INDEX (`%s`) WHERE uniqueid >= '%" PRId64 "' AND uniqueid < '%"
                      PRId64 "' ORDER BY uniqueid %s LIMIT %d", table->name, table->key, from, to,
                      latest ? "DESC" : "ASC", rows);
}

static char *by_date(const struct vicidial_table *table, int64_t from, int64_t to, bool latest, int rows)
{
    char first[STRETCH_DATETIME_SIZE], end[STRETCH_DATETIME_SIZE];
    return mem_format("SELECT " COLUMNS " FROM %s FORCE INDEX (`%s`) WHERE call_date >= '%s' AND call_date < '%s' "
                      "ORDER BY call_date %s LIMIT %d", table->name, table->index, stretch_datetime(from, first),
                      stretch_datetime(to, end), latest ? "DESC" : "ASC", rows);
}

/* Joins two statements and frees them. */
static char *both(char *one, char *other)
{
    char *sql = mem_format("SELECT * FROM (%s) AS one UNION ALL SELECT * FROM (%s) AS other", one, other);
    free(other);
    free(one);
    return sql;
}

/* Reads the latest rows, and some of two days ago, because the clocks may have changed in between. By call_date, all
 * latest rows are of the easternmost host; those of two days ago are of all hosts. */
static int read_latest(struct session *session, const struct vicidial_table *table, int64_t now,
                       struct zone_sample *sample, struct err *err)
{
    if (*table->key != '\0' &&
        read_rows(session, table,
                  both(by_uniqueid(table, now - STALE_SEC, now + AHEAD_SEC, true, LATEST_ROWS),
                       by_uniqueid(table, now - VICIDIAL_SAMPLE_HOLDS_SEC, now + AHEAD_SEC, false, FIRST_ROWS)),
                  sample, err) != 0)
        return -1;
    if (sample->rows > 0 || table->index_on_end) /* with an index on end_epoch, no read uses call_date */
        return 0;
    return read_rows(session, table, both(by_date(table, 0, now + 2 * AHEAD_SEC, true, LATEST_ROWS),
                                   by_date(table, 0, now - VICIDIAL_SAMPLE_HOLDS_SEC, true, LATEST_ROWS)), sample, err);
}

int vicidial_sample_latest(struct session *session, const struct vicidial_table *table, int64_t *ret_now,
                           struct zone *zone, struct err *err)
{
    struct zone_sample sample = { .rows = 0 };
    if (session_now_and_offset(session, ret_now, &zone->server_sec, err) != 0 ||
        read_latest(session, table, *ret_now, &sample, err) != 0)
        return -1;
    zone_take(zone, &sample, sample.rows < FEW_ROWS ? 1 : 2);
    if (zone->count == 0)
        zone_add(zone, zone->server_sec, 0);
    return 0;
}

int vicidial_sample_from(struct session *session, const struct vicidial_table *table, int64_t from, int64_t to,
                         struct zone *zone, struct err *err)
{
    struct zone_sample sample = { .rows = 0 };
    if (*table->key != '\0' &&
        read_rows(session, table, by_uniqueid(table, from, to, false, FIRST_ROWS), &sample, err) != 0)
        return -1;
    if (sample.rows == 0 &&
        read_rows(session, table, by_date(table, from + ZONE_WEST_SEC, to + ZONE_EAST_SEC, false, FIRST_ROWS), &sample,
                  err) != 0)
        return -1;
    zone_take(zone, &sample, 1);
    return 0;
}
