/* asterisk_sample: reads a few rows to find the time zones of calldate. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "source/asterisk_sample.h"
#include "source/stretch.h"

/* The number of rows to read. A zone needs two rows, because one row may be wrong; with few rows, one is enough. */
#define LATEST_ROWS 100
#define FIRST_ROWS 30
#define FEW_ROWS 50

/* The first row of a channel starts within this time after the channel's epoch. Later rows tell nothing about zones. */
#define SOON_SEC 60

#define AHEAD_SEC 86400

static int64_t number_of(const char *text)
{
    int64_t number = 0;
    return text != NULL && str_to_int(text, &number) ? number : 0;
}

/* Whether the two times differ by a multiple of a quarter of an hour, plus at most SOON_SEC. */
static bool is_first_row(int64_t local_sec, int64_t epoch)
{
    int64_t rest = (local_sec - epoch) % ZONE_STEP_SEC;
    return epoch > 0 && (rest + ZONE_STEP_SEC) % ZONE_STEP_SEC <= SOON_SEC;
}

/* A statement for the first or latest rows of a range: date, uniqueid, and the date in the server's own zone. */
static char *select_rows(const struct asterisk_table *table, int64_t from, int64_t to, bool latest, int rows)
{
    char first[STRETCH_DATETIME_SIZE], end[STRETCH_DATETIME_SIZE], force[120] = "";
    if (*table->date_key != '\0')
        (void)snprintf(force, sizeof force, " FORCE INDEX (`%s`)", table->date_key);
    return mem_format("(SELECT " ASTERISK_LOCAL_SEC ", uniqueid, TIMESTAMPDIFF(SECOND, '1970-01-01', FROM_UNIXTIME("
                      "SUBSTRING_INDEX(SUBSTRING_INDEX(uniqueid, '-', -1), '.', 1))) FROM `%s`%s WHERE %s >= '%s' "
                      "AND %s < '%s' ORDER BY %s %s LIMIT %d)", table->date, table->name, force, table->date,
                      stretch_datetime(from, first), table->date, stretch_datetime(to, end), table->date,
                      latest ? "DESC" : "ASC", rows);
}

/* Runs sql, frees it, and adds the rows to sample. */
static int read_rows(struct session *session, const struct asterisk_table *table, char *sql, struct zone_sample *sample,
                     bool *ret_cut, struct err *err)
{
    char action[ASTERISK_NAME_SIZE];
    struct session_result *result = NULL;
    int outcome = session_query(session, sql, asterisk_table_action(table, action), &result, err);
    free(sql);
    if (outcome != 0)
        return -1;
    for (const char *const *row = session_next(result); row != NULL; row = session_next(result)) {
        int64_t local_sec = number_of(row[0]), epoch = asterisk_row_epoch(str_or_empty(row[1]));
        if (table->widths.uniqueid > 0 && (int64_t)strlen(str_or_empty(row[1])) >= table->widths.uniqueid)
            *ret_cut = true;
        if (is_first_row(local_sec, epoch))
            zone_sample_add(sample, local_sec, epoch, number_of(row[2]));
    }
    session_free(result);
    return 0;
}

static bool follows_server(const struct zone *zone)
{
    for (size_t i = 0; i < zone->count; i++)
        if (!zone->offsets[i].unlike_server)
            return true;
    return zone->count == 0;
}

int asterisk_sample_latest(struct session *session, const struct asterisk_table *table, int64_t *ret_now, bool *ret_cut,
                           struct zone *zone, struct err *err)
{
    struct zone_sample sample = { .rows = 0 };
    int64_t now = 0;
    *ret_cut = false;
    if (session_now_and_offset(session, &now, &zone->server_sec, err) != 0)
        return -1;
    char *latest = select_rows(table, 0, now + 2 * AHEAD_SEC, true, LATEST_ROWS),
         *before = select_rows(table, 0, now - ASTERISK_SAMPLE_HOLDS_SEC, true, LATEST_ROWS);
    char *both = mem_format("%s UNION ALL %s", latest, before);
    free(latest);
    free(before);
    if (read_rows(session, table, both, &sample, ret_cut, err) != 0)
        return -1;
    *ret_now = now;
    zone_take(zone, &sample, sample.rows < FEW_ROWS ? 1 : 2);
    if (follows_server(zone))
        zone_add(zone, zone->server_sec, 0);
    return 0;
}

int asterisk_sample_from(struct session *session, const struct asterisk_table *table, int64_t from, int64_t to,
                         struct zone *zone, struct err *err)
{
    struct zone_sample sample = { .rows = 0 };
    bool ignored = false;
    if (read_rows(session, table, select_rows(table, from + ZONE_WEST_SEC, to + ZONE_EAST_SEC, false, FIRST_ROWS),
                  &sample, &ignored, err) != 0)
        return -1;
    zone_take(zone, &sample, 1);
    return 0;
}
