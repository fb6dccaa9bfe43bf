/* bigquery_batch: brings the calls of a batch into the table. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "sink/bigquery_batch.h"
#include "sink/bigquery_sql.h"
#include "sink/bigquery_tables.h"

/* So many load jobs in turn, each without another bad row. */
#define LOADS 5

/* A table may be missing for some seconds after it was made. */
#define NEW_MS 250

#define DAY_SIZE 24

#define ID_BEGIN "calls_"

void bigquery_batch_id(const struct bigquery_batch *batch, const char *name, char out[BIGQUERY_JOB_ID_SIZE])
{
    (void)snprintf(out, BIGQUERY_JOB_ID_SIZE, ID_BEGIN "%s_%" PRId64 "_%s", batch->digest, batch->started, name);
}

/* The `started` in such an id; 0: it is the id of another job. */
static int64_t started_in(const char *id)
{
    const char *at = strncmp(id, ID_BEGIN, sizeof ID_BEGIN - 1) == 0 ? strchr(id + sizeof ID_BEGIN - 1, '_') : NULL;
    char digits[STR_INT_SIZE] = "";
    int64_t started = 0;
    if (at != NULL)
        (void)snprintf(digits, sizeof digits, "%.*s", (int)strspn(at + 1, "0123456789"), at + 1);
    return str_to_int(digits, &started) ? started : 0;
}

static enum bigquery_fault take_newest(void *context, const char *id, struct bigquery_failure *failure)
{
    int64_t *newest = context, started = started_in(id);
    (void)failure;
    if (started > *newest)
        *newest = started;
    return BIGQUERY_FINE;
}

enum bigquery_fault bigquery_batch_newest(const struct bigquery_place *place, int64_t since, int64_t *ret_started,
                                          struct bigquery_failure *failure)
{
    char filter[64];
    *ret_started = 0;
    (void)snprintf(filter, sizeof filter, "minCreationTime=%" PRId64, since * 1000);
    return bigquery_job_each(place, filter, take_newest, ret_started, failure);
}

/* Each batch has its own table: two runs, or two tenants, would replace each other's rows in a common one, and the
 * MERGE would miss calls. */
static char *staging_of(const struct bigquery_batch *batch)
{
    return mem_format("%s_staging_%s_%" PRId64, bigquery_api_names(batch->place->api)->table, batch->digest,
                      batch->started);
}

static char *full_name(const struct bigquery_batch *batch, const char *table)
{
    const struct bigquery_names *names = bigquery_api_names(batch->place->api);
    return mem_format("%s.%s.%s", names->project, names->dataset, table);
}

/* ---- loading ---- */

static char *line_of(const void *context, size_t number)
{
    const struct bigquery_batch *batch = context;
    char seen[BIGQUERY_TIME_SIZE];
    if (number >= batch->left)
        return NULL;
    size_t index = batch->order[number];
    const struct sink_message *message = batch->messages[index];
    return mem_format("%.*s,\"seen_at\":\"%s\",\"change\":%" PRIu32 "}\n", (int)strlen(message->body) - 1,
                      message->body, bigquery_columns_time(batch->seen_us + (int64_t)index, seen),
                      bigquery_columns_change(message));
}

/* The number of the row that has the byte at position; batch->left: none. */
static size_t find_row(const struct bigquery_batch *batch, int64_t position)
{
    int64_t end = 0;
    for (size_t i = 0; position >= 0 && i < batch->left; i++) {
        char *line = line_of(batch, i);
        end += (int64_t)strlen(line);
        free(line);
        if (position < end)
            return i;
    }
    return batch->left == 1 ? 0 : batch->left;
}

/* Takes the bad row out. False: BigQuery does not say which one it is, or has refused the request, not a row. */
static bool drop_bad(struct bigquery_batch *batch, const struct bigquery_failure *failure)
{
    size_t bad = failure->code == BIGQUERY_FAILED_JOB ? find_row(batch, failure->position) : batch->left;
    if (bad >= batch->left)
        return false;
    batch->on_bad(batch->context, batch->order[bad], failure);
    batch->left--;
    memmove(batch->order + bad, batch->order + bad + 1, (batch->left - bad) * sizeof *batch->order);
    return true;
}

enum bigquery_fault bigquery_batch_find(const struct bigquery_batch *batch, struct bigquery_failure *failure)
{
    char *staging = staging_of(batch);
    enum bigquery_fault fault = bigquery_tables_find(batch->place->api, staging, failure);
    free(staging);
    return fault;
}

enum bigquery_fault bigquery_batch_load(struct bigquery_batch *batch, struct bigquery_failure *failure)
{
    char *staging = staging_of(batch), id[BIGQUERY_JOB_ID_SIZE], name[24];
    const struct bigquery_load load = { .table = staging, .id = id, .line = line_of, .context = batch };
    batch->order = mem_zero(batch->count, sizeof *batch->order);
    batch->left = batch->count;
    for (size_t i = 0; i < batch->count; i++)
        batch->order[i] = i;
    enum bigquery_fault fault = bigquery_tables_stage(batch->place->api, staging, failure);
    for (int i = 1; fault == BIGQUERY_FINE && batch->left > 0; i++) {
        (void)snprintf(name, sizeof name, "load_%d", i);
        bigquery_batch_id(batch, name, id);
        fault = bigquery_job_load(batch->place, &load, &batch->loaded, failure);
        bool goes_on = i < LOADS && ((fault == BIGQUERY_ROW && drop_bad(batch, failure)) ||
                                     (fault == BIGQUERY_MISSING && bigquery_api_pause(batch->place->api, NEW_MS << i)));
        if (!goes_on) /* loaded, or failed */
            break;
        fault = BIGQUERY_FINE;
    }
    free(staging);
    return fault;
}

/* ---- which rows ---- */

struct bounds {
    char *first, *last;
};

/* The keys of a part of the batch. Ownership: clear_extent. */
struct extent {
    size_t rows;
    struct bounds day, tenant, id;
};

/* BigQuery compares texts by their bytes, as strcmp does. */
static void widen(struct bounds *bounds, const struct sink_message *message, const char *column)
{
    char *text = bigquery_columns_value(message, column);
    if (text == NULL)
        return;
    if (bounds->last == NULL || strcmp(text, bounds->last) > 0) {
        free(bounds->last);
        bounds->last = mem_copy(text);
    }
    if (bounds->first == NULL || strcmp(text, bounds->first) < 0) {
        free(bounds->first);
        bounds->first = text;
    } else
        free(text);
}

/* Of the rows that are sure to be new, or of the others. */
static void measure(const struct bigquery_batch *batch, bool is_new, struct extent *ret_extent)
{
    *ret_extent = (struct extent){ .rows = 0 };
    for (size_t i = 0; i < batch->left; i++) {
        const struct sink_message *message = batch->messages[batch->order[i]];
        if ((!batch->is_unsure && bigquery_columns_change(message) == 0) != is_new)
            continue;
        ret_extent->rows++;
        widen(&ret_extent->day, message, "call_date");
        widen(&ret_extent->tenant, message, "tenant");
        widen(&ret_extent->id, message, "call_id");
    }
}

static void clear_extent(struct extent *extent)
{
    struct bounds *const bounds[] = { &extent->day, &extent->tenant, &extent->id };
    for (size_t i = 0; i < sizeof bounds / sizeof bounds[0]; i++) {
        free(bounds[i]->first);
        free(bounds[i]->last);
    }
}

static void measure_all(const struct bigquery_batch *batch, struct extent *ret_extent)
{
    struct bigquery_batch all = *batch;
    all.is_unsure = true;
    measure(&all, false, ret_extent);
}

/* ---- merging ---- */

static enum bigquery_fault merge(struct bigquery_batch *batch, const struct bigquery_query *query,
                                 struct bigquery_failure *failure)
{
    struct json *job = NULL;
    enum bigquery_fault fault = bigquery_job_query(batch->place, query, &job, failure);
    if (fault == BIGQUERY_FINE)
        batch->changed += bigquery_job_number(job, "query", "numDmlAffectedRows");
    json_free(job);
    return fault;
}

static enum bigquery_fault merge_new(struct bigquery_batch *batch, const struct bigquery_sql *names,
                                     struct bigquery_failure *failure)
{
    char id[BIGQUERY_JOB_ID_SIZE];
    struct extent extent;
    measure(batch, true, &extent);
    if (extent.rows == 0)
        return BIGQUERY_FINE;
    bigquery_batch_id(batch, "merge_new", id);
    char *sql = bigquery_sql_merge(names);
    const struct bigquery_query query = { .sql = sql, .id = id, .changes_rows = true,
                                          .params = { { "first_day", "DATE", extent.day.first },
                                                      { "last_day", "DATE", extent.day.last } } };
    enum bigquery_fault fault = merge(batch, &query, failure);
    clear_extent(&extent);
    free(sql);
    return fault;
}

static enum bigquery_fault merge_others(struct bigquery_batch *batch, const struct bigquery_sql *names,
                                        struct bigquery_failure *failure)
{
    char id[BIGQUERY_JOB_ID_SIZE];
    struct extent extent;
    measure(batch, false, &extent);
    if (extent.rows == 0)
        return BIGQUERY_FINE;
    bigquery_batch_id(batch, batch->is_unsure ? "merge_all" : "merge_changed", id);
    char *sql = bigquery_sql_merge_everywhere(names);
    const struct bigquery_query query = { .sql = sql, .id = id, .changes_rows = true,
                                          .params = { { "first_tenant", "STRING", extent.tenant.first },
                                                      { "last_tenant", "STRING", extent.tenant.last },
                                                      { "source", "STRING", batch->origin->source },
                                                      { "first_id", "STRING", extent.id.first },
                                                      { "last_id", "STRING", extent.id.last },
                                                      { "least_change", "INT64", batch->is_unsure ? "0" : "1" } } };
    enum bigquery_fault fault = merge(batch, &query, failure);
    clear_extent(&extent);
    free(sql);
    return fault;
}

enum bigquery_fault bigquery_batch_merge(struct bigquery_batch *batch, struct bigquery_failure *failure)
{
    if (batch->left == 0)
        return BIGQUERY_FINE;
    char *staging = staging_of(batch), *from = full_name(batch, staging);
    char *to = full_name(batch, bigquery_api_names(batch->place->api)->table);
    const struct bigquery_sql names = { .target = to, .staging = from };
    batch->changed = 0;
    enum bigquery_fault fault = merge_new(batch, &names, failure);
    if (fault == BIGQUERY_FINE)
        fault = merge_others(batch, &names, failure);
    free(to);
    free(from);
    free(staging);
    return fault;
}

/* ---- without DML ---- */

static enum bigquery_fault list_days(const struct bigquery_batch *batch, const struct bigquery_sql *names,
                                     struct json **ret_days, struct bigquery_failure *failure)
{
    char id[BIGQUERY_JOB_ID_SIZE];
    struct extent extent;
    measure_all(batch, &extent);
    bigquery_batch_id(batch, "days", id);
    char *sql = bigquery_sql_days(names);
    const struct bigquery_query query = { .sql = sql, .id = id, .follows_changes = true,
                                          .params = { { "first_tenant", "STRING", extent.tenant.first },
                                                      { "last_tenant", "STRING", extent.tenant.last },
                                                      { "source", "STRING", batch->origin->source },
                                                      { "first_id", "STRING", extent.id.first },
                                                      { "last_id", "STRING", extent.id.last } } };
    enum bigquery_fault fault = bigquery_job_query(batch->place, &query, NULL, failure);
    clear_extent(&extent);
    free(sql);
    return fault == BIGQUERY_FINE ? bigquery_job_rows(batch->place, id, ret_days, failure) : fault;
}

static enum bigquery_fault replace_day(struct bigquery_batch *batch, const struct bigquery_sql *names, const char *day,
                                       struct bigquery_failure *failure)
{
    char id[BIGQUERY_JOB_ID_SIZE], digits[DAY_SIZE] = "", name[2 * DAY_SIZE];
    for (size_t i = 0, length = 0; day[i] != '\0' && length + 1 < sizeof digits; i++)
        if (day[i] >= '0' && day[i] <= '9')
            digits[length++] = day[i];
    (void)snprintf(name, sizeof name, "day_%s", digits);
    bigquery_batch_id(batch, name, id);
    char *sql = bigquery_sql_day(names);
    char *partition = mem_format("%s$%s", bigquery_api_names(batch->place->api)->table, digits);
    const struct bigquery_query query = { .sql = sql, .id = id, .partition = partition, .changes_rows = true,
                                          .params = { { "day", "DATE", day } } };
    enum bigquery_fault fault = bigquery_job_query(batch->place, &query, NULL, failure);
    free(partition);
    free(sql);
    return fault;
}

enum bigquery_fault bigquery_batch_replace(struct bigquery_batch *batch, struct bigquery_failure *failure)
{
    if (batch->left == 0)
        return BIGQUERY_FINE;
    char *staging = staging_of(batch), *from = full_name(batch, staging);
    char *to = full_name(batch, bigquery_api_names(batch->place->api)->table);
    const struct bigquery_sql names = { .target = to, .staging = from };
    struct json *days = NULL;
    enum bigquery_fault fault = list_days(batch, &names, &days, failure);
    const struct json *day = days != NULL ? json_first(days) : NULL;
    for (; fault == BIGQUERY_FINE && day != NULL; day = json_next(day))
        fault = replace_day(batch, &names, json_string(day), failure);
    if (fault == BIGQUERY_FINE)
        batch->changed = (int64_t)batch->left;
    json_free(days);
    free(to);
    free(from);
    free(staging);
    return fault;
}

void bigquery_batch_drop(const struct bigquery_batch *batch)
{
    struct bigquery_failure ignored;
    char *staging = staging_of(batch);
    (void)bigquery_tables_drop(batch->place->api, staging, &ignored);
    free(staging);
}

/* ---- the tenants ---- */

static struct bigquery_tenant *tenant_of(struct bigquery_tenants *tenants, const struct sink_message *message)
{
    char *name = bigquery_columns_value(message, "tenant");
    struct bigquery_tenant *tenant = bigquery_tenants_of(tenants, str_or_empty(name));
    free(name);
    return tenant;
}

static void count_staged(const struct bigquery_batch *batch, struct bigquery_tenants *tenants)
{
    for (size_t i = 0; i < batch->count; i++) /* a tenant has its row also if all its calls were rejected */
        (void)tenant_of(tenants, batch->messages[i]);
    for (size_t i = 0; i < batch->left; i++)
        tenant_of(tenants, batch->messages[batch->order[i]])->staged++;
}

/* MERGE says only how many rows it changed. The rows that it changed have the seen_at of their staged row. */
static enum bigquery_fault ask_for_changed(const struct bigquery_batch *batch, struct bigquery_tenants *tenants,
                                           struct bigquery_failure *failure)
{
    char id[BIGQUERY_JOB_ID_SIZE], *staging = staging_of(batch), *from = full_name(batch, staging);
    char *to = full_name(batch, bigquery_api_names(batch->place->api)->table);
    const struct bigquery_sql names = { .target = to, .staging = from };
    char *sql = bigquery_sql_tenants(&names);
    struct extent extent;
    struct json *rows = NULL;
    measure_all(batch, &extent);
    bigquery_batch_id(batch, "tenants", id);
    const struct bigquery_query query = { .sql = sql, .id = id,
                                          .params = { { "first_day", "DATE", extent.day.first },
                                                      { "last_day", "DATE", extent.day.last } } };
    enum bigquery_fault fault = bigquery_job_query(batch->place, &query, NULL, failure);
    if (fault == BIGQUERY_FINE)
        fault = bigquery_job_rows(batch->place, id, &rows, failure);
    const struct json *row = rows != NULL ? json_first(rows) : NULL;
    for (; fault == BIGQUERY_FINE && row != NULL; row = json_next(row))
        if (!bigquery_tenants_read(tenants, json_string(row)))
            fault = bigquery_verdict_set(failure, BIGQUERY_RETRY, "", "BigQuery has not counted the rows of a tenant");
    json_free(rows);
    clear_extent(&extent);
    free(sql);
    free(to);
    free(from);
    free(staging);
    return fault;
}

enum bigquery_fault bigquery_batch_tenants(const struct bigquery_batch *batch, struct bigquery_tenants *ret_tenants,
                                           struct bigquery_failure *failure)
{
    count_staged(batch, ret_tenants);
    if (ret_tenants->count > 1 && batch->changed > 0 && batch->changed != (int64_t)batch->left)
        return ask_for_changed(batch, ret_tenants, failure);
    for (size_t i = 0; i < ret_tenants->count; i++) {
        struct bigquery_tenant *tenant = &ret_tenants->list[i];
        tenant->changed = ret_tenants->count == 1 ? batch->changed : batch->changed > 0 ? tenant->staged : 0;
    }
    return BIGQUERY_FINE;
}
