/* bigquery_log: the rows of the table update_log. */
#include <stdlib.h>

#include "base/json_writer.h"
#include "base/mem.h"
#include "sink/bigquery_log.h"
#include "sink/bigquery_tables.h"

struct rows {
    const struct bigquery_log *log;
    const char *table;
};

static char *row(const struct rows *rows, const char *mode, int64_t at_us, int64_t count)
{
    struct json_writer line = { .length = 0 };
    char time[BIGQUERY_TIME_SIZE];
    json_writer_add_text(&line, "table_name", rows->table);
    json_writer_add_text(&line, "tenant", rows->log->batch->origin->tenant);
    json_writer_add_text(&line, "updated_at", bigquery_columns_time(at_us, time));
    json_writer_add_int(&line, "rows_loaded", count);
    json_writer_add_int(&line, "max_updateTime", at_us / 1000);
    json_writer_add_text(&line, "mode", mode);
    char *text = json_writer_end(&line), *whole = mem_format("%s\n", text);
    free(text);
    return whole;
}

static const char *mode_of(const struct bigquery_log *log)
{
    if (log->mode == BIGQUERY_LOG_TRUNCATE)
        return "TRUNCATE";
    return log->batch->changed > 0 ? "MERGED" : "NOOP";
}

static char *line_of(const void *context, size_t number)
{
    const struct rows *rows = context;
    const struct bigquery_batch *batch = rows->log->batch;
    if (number == 0)
        return row(rows, "STAGED", batch->seen_us, batch->loaded);
    if (number == 1)
        return row(rows, mode_of(rows->log), batch->seen_us, batch->changed);
    return number == 2 && rows->log->no_login != 0 ? row(rows, "ERROR_LOGIN", rows->log->no_login * 1000000, 0) : NULL;
}

enum bigquery_fault bigquery_log_write(const struct bigquery_place *place, const struct bigquery_log *log,
                                       struct bigquery_failure *failure)
{
    char id[BIGQUERY_JOB_ID_SIZE];
    int64_t count = 0;
    const struct rows rows = { .log = log, .table = bigquery_api_names(place->api)->table };
    bigquery_batch_id(log->batch, "log", id);
    const struct bigquery_load load = { .table = BIGQUERY_LOG_TABLE, .id = id, .appends = true, .line = line_of,
                                        .context = &rows };
    enum bigquery_fault fault = bigquery_tables_prepare_log(place->api, failure);
    return fault == BIGQUERY_FINE ? bigquery_job_load(place, &load, &count, failure) : fault;
}
