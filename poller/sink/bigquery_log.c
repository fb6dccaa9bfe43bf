/* bigquery_log: the rows of the table update_log. */
#include <stdlib.h>

#include "base/json_writer.h"
#include "base/mem.h"
#include "sink/bigquery_log.h"
#include "sink/bigquery_tables.h"

static char *row(const struct bigquery_log *log, const char *mode, int64_t at_us, int64_t count)
{
    struct json_writer line = { .length = 0 };
    char time[BIGQUERY_TIME_SIZE];
    json_writer_add_text(&line, "table_name", log->table);
    json_writer_add_text(&line, "tenant", log->tenant);
    json_writer_add_text(&line, "updated_at", bigquery_columns_time(at_us, time));
    json_writer_add_int(&line, "rows_loaded", count);
    json_writer_add_known(&line, "max_updateTime", log->newest_ms, 0);
    json_writer_add_text(&line, "mode", mode);
    char *text = json_writer_end(&line), *whole = mem_format("%s\n", text);
    free(text);
    return whole;
}

static const char *mode_of(const struct bigquery_log *log)
{
    if (log->mode == BIGQUERY_LOG_TRUNCATE)
        return "TRUNCATE";
    return log->changed > 0 ? "MERGED" : "NOOP";
}

static char *line_of(const void *context, size_t number)
{
    const struct bigquery_log *log = context;
    if (number == 0)
        return row(log, "STAGED", log->at_us, log->staged);
    if (number == 1)
        return row(log, mode_of(log), log->at_us, log->changed);
    return number == 2 && log->no_login != 0 ? row(log, "ERROR_LOGIN", log->no_login * 1000000, 0) : NULL;
}

enum bigquery_fault bigquery_log_write(const struct bigquery_place *place, const struct bigquery_log *log,
                                       struct bigquery_failure *failure)
{
    int64_t count = 0;
    const struct bigquery_load load = { .table = BIGQUERY_LOG_TABLE, .id = log->id, .appends = true, .line = line_of,
                                        .context = log };
    enum bigquery_fault fault = bigquery_tables_prepare_log(place->api, failure);
    return fault == BIGQUERY_FINE ? bigquery_job_load(place, &load, &count, failure) : fault;
}
