/* bigquery_log: the rows of the table update_log. */
#include <stdio.h>
#include <stdlib.h>

#include "base/json_writer.h"
#include "base/mem.h"
#include "sink/bigquery_log.h"
#include "sink/bigquery_tables.h"

static char *row(const struct bigquery_log *log, const struct bigquery_tenant *tenant, const char *mode, int64_t at_us,
                 int64_t count)
{
    struct json_writer line = { .length = 0 };
    char time[BIGQUERY_TIME_SIZE];
    json_writer_add_text(&line, "table_name", log->table);
    json_writer_add_text(&line, "tenant", tenant->name);
    json_writer_add_text(&line, "updated_at", bigquery_columns_time(at_us, time));
    json_writer_add_int(&line, "rows_loaded", count);
    json_writer_add_known(&line, "max_updateTime", log->newest_ms, 0);
    json_writer_add_text(&line, "mode", mode);
    char *text = json_writer_end(&line), *whole = mem_format("%s\n", text);
    free(text);
    return whole;
}

static const char *mode_of(const struct bigquery_log *log, const struct bigquery_tenant *tenant)
{
    if (log->mode == BIGQUERY_LOG_TRUNCATE)
        return "TRUNCATE";
    return tenant->changed > 0 ? "MERGED" : "NOOP";
}

static char *line_of(const void *context, size_t number)
{
    const struct bigquery_log *log = context;
    if (number / 2 >= log->tenants->count)
        return NULL;
    const struct bigquery_tenant *tenant = &log->tenants->list[number / 2];
    return number % 2 == 0 ? row(log, tenant, "STAGED", log->at_us, tenant->staged)
                           : row(log, tenant, mode_of(log, tenant), log->at_us, tenant->changed);
}

/* A failed login, and the load after it. */
struct login {
    const struct bigquery_log *log;
    int64_t epoch;
};

static char *login_of(const void *context, size_t number)
{
    const struct login *login = context;
    return number < login->log->tenants->count
               ? row(login->log, &login->log->tenants->list[number], "ERROR_LOGIN", login->epoch * 1000000, 0) : NULL;
}

static enum bigquery_fault append(const struct bigquery_place *place, const struct bigquery_load *load,
                                  struct bigquery_failure *failure)
{
    int64_t count = 0;
    enum bigquery_fault fault = bigquery_tables_prepare_log(place->api, failure);
    return fault == BIGQUERY_FINE ? bigquery_job_load(place, load, &count, failure) : fault;
}

enum bigquery_fault bigquery_log_write(const struct bigquery_place *place, const struct bigquery_log *log,
                                       struct bigquery_failure *failure)
{
    const struct bigquery_load load = { .table = BIGQUERY_LOG_TABLE, .id = log->id, .appends = true, .line = line_of,
                                        .context = log };
    return append(place, &load, failure);
}

enum bigquery_fault bigquery_log_write_login(const struct bigquery_place *place, const struct bigquery_log *log,
                                             int64_t epoch, struct bigquery_failure *failure)
{
    const struct login login = { .log = log, .epoch = epoch };
    char id[BIGQUERY_JOB_ID_SIZE];
    const struct bigquery_load load = { .table = BIGQUERY_LOG_TABLE, .id = id, .appends = true, .line = login_of,
                                        .context = &login };
    (void)snprintf(id, sizeof id, "%.100s_login", log->id);
    return append(place, &load, failure);
}
