/* bigquery_copy: brings rows of a table beside the calls into BigQuery. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "sink/bigquery_copy.h"
#include "sink/bigquery_copy_sql.h"
#include "sink/bigquery_tables.h"

/* So many jobs in turn: each without another bad row, or because a table may be missing for a moment after it was
 * made. */
#define JOBS 5
#define NEW_MS 250

/* ---- names ---- */

void bigquery_copy_id(const struct bigquery_copy *copy, const char *name, char out[BIGQUERY_JOB_ID_SIZE])
{
    (void)snprintf(out, BIGQUERY_JOB_ID_SIZE, "%s_%s_%s", copy->load->table->name, copy->nonce, name);
}

static char *staging_of(const struct bigquery_copy *copy)
{
    return mem_format("%s_staging_%s", copy->load->table->name, copy->nonce);
}

static char *full_name(const struct bigquery_place *place, const char *table)
{
    const struct bigquery_names *names = bigquery_api_names(place->api);
    return mem_format("%s.%s.%s", names->project, names->dataset, table);
}

/* ---- tables ---- */

static size_t columns_of(const struct table *table, struct bigquery_column out[TABLE_COLUMNS_MOST])
{
    static const char *const types[TABLE_TYPES] = { "STRING", "INT64", "DATE" };
    size_t count = 0;
    for (; count < TABLE_COLUMNS_MOST && table->columns[count].name != NULL; count++)
        out[count] = (struct bigquery_column){ table->columns[count].name, types[table->columns[count].type] };
    return count;
}

enum bigquery_fault bigquery_copy_prepare(struct bigquery_api *api, const struct table *table,
                                          struct bigquery_failure *failure)
{
    struct bigquery_column columns[TABLE_COLUMNS_MOST];
    size_t count = columns_of(table, columns);
    return bigquery_tables_prepare_copy(api, table->name, columns, count, failure);
}

/* ---- the newest row ---- */

/* The number in the only row and column of the query's result. */
static enum bigquery_fault read_number(const struct bigquery_place *place, const char *id, int64_t *ret_number,
                                       struct bigquery_failure *failure)
{
    struct json *rows = NULL;
    enum bigquery_fault fault = bigquery_job_rows(place, id, &rows, failure);
    const struct json *first = json_first(rows);
    if (fault == BIGQUERY_FINE && first != NULL && !str_to_int(json_string(first), ret_number))
        fault = bigquery_verdict_set(failure, BIGQUERY_WRONG, "", "the newest row has no number as its time");
    json_free(rows);
    return fault;
}

enum bigquery_fault bigquery_copy_newest(const struct bigquery_place *place, const struct table *table,
                                         const char *tenant, int64_t *ret_ms, struct bigquery_failure *failure)
{
    char nonce[BIGQUERY_JOB_NONCE_SIZE], id[BIGQUERY_JOB_ID_SIZE], *target = full_name(place, table->name);
    const struct bigquery_sql names = { .target = target };
    char *sql = bigquery_copy_sql_newest(&names, table);
    const struct bigquery_query query = { .sql = sql, .id = id, .params = { { "tenant", "STRING", tenant } } };
    enum bigquery_fault fault = BIGQUERY_MISSING;
    *ret_ms = 0;
    for (int i = 1; fault == BIGQUERY_MISSING && i <= JOBS; i++) {
        bigquery_job_nonce(nonce);
        (void)snprintf(id, sizeof id, "%s_%s_newest", table->name, nonce);
        fault = bigquery_job_query(place, &query, NULL, failure);
        if (fault == BIGQUERY_MISSING && !bigquery_api_pause(place->api, NEW_MS << i))
            break;
    }
    if (fault == BIGQUERY_FINE)
        fault = read_number(place, id, ret_ms, failure);
    free(sql);
    free(target);
    return fault;
}

/* ---- loading ---- */

/* Cuts the list of rows into lines. */
static bool cut_rows(struct bigquery_copy *copy)
{
    char *text = mem_format("{\"rows\":%s}", copy->load->rows);
    struct json *json = json_parse(text);
    const struct json *rows = json != NULL ? json_member(json, "rows") : NULL;
    copy->lines = mem_zero(json_count(rows) + 1, sizeof *copy->lines);
    for (const struct json *row = json_first(rows); row != NULL; row = json_next(row)) {
        char *line = json_print(row);
        copy->lines[copy->count++] = mem_format("%s\n", line);
        free(line);
    }
    json_free(json);
    free(text);
    return rows != NULL;
}

static char *line_of(const void *context, size_t number)
{
    const struct bigquery_copy *copy = context;
    return number < copy->count ? mem_copy(copy->lines[number]) : NULL;
}

/* Takes the row out that has the byte at position. False: BigQuery does not say which one it is. */
static bool drop_bad(struct bigquery_copy *copy, const struct bigquery_failure *failure)
{
    int64_t end = 0;
    size_t bad = 0;
    for (; failure->position >= 0 && bad < copy->count; bad++) {
        end += (int64_t)strlen(copy->lines[bad]);
        if (failure->position < end)
            break;
    }
    if (failure->position < 0 || bad == copy->count)
        return false;
    log_warn("⚠ a row of %s of %s is left out, because BigQuery cannot read it: %s", copy->load->table->name,
             copy->load->tenant, failure->reason);
    free(copy->lines[bad]);
    copy->count--;
    memmove(copy->lines + bad, copy->lines + bad + 1, (copy->count - bad) * sizeof *copy->lines);
    return true;
}

static enum bigquery_fault load_rows(struct bigquery_copy *copy, const char *staging, struct bigquery_failure *failure)
{
    char id[BIGQUERY_JOB_ID_SIZE], name[24];
    int64_t loaded = 0;
    const struct bigquery_load load = { .table = staging, .id = id, .appends = true, .line = line_of,
                                        .context = copy };
    for (int i = 1; copy->count > 0; i++) { /* an empty list needs no job */
        (void)snprintf(name, sizeof name, "load_%d", i);
        bigquery_copy_id(copy, name, id);
        enum bigquery_fault fault = bigquery_job_load(copy->place, &load, &loaded, failure);
        bool goes_on = i < JOBS && ((fault == BIGQUERY_ROW && drop_bad(copy, failure)) ||
                                    (fault == BIGQUERY_MISSING && bigquery_api_pause(copy->place->api, NEW_MS << i)));
        if (!goes_on)
            return fault;
    }
    return BIGQUERY_FINE;
}

enum bigquery_fault bigquery_copy_stage(struct bigquery_copy *copy, struct bigquery_failure *failure)
{
    struct bigquery_column columns[TABLE_COLUMNS_MOST];
    size_t count = columns_of(copy->load->table, columns);
    bigquery_job_nonce(copy->nonce);
    if (!cut_rows(copy))
        return bigquery_verdict_set(failure, BIGQUERY_WRONG, "", "the rows of %s are not a list",
                                    copy->load->table->name);
    char *staging = staging_of(copy);
    enum bigquery_fault fault = bigquery_tables_stage_copy(copy->place->api, staging, columns, count, failure);
    if (fault == BIGQUERY_FINE)
        fault = load_rows(copy, staging, failure);
    free(staging);
    return fault;
}

/* ---- into the table ---- */

typedef char *(*statement)(const struct bigquery_sql *names, const struct table *table, bool replaces);

/* partition: what the result replaces; NULL: nothing. */
static enum bigquery_fault run(struct bigquery_copy *copy, statement make, const char *name, const char *partition,
                               struct bigquery_failure *failure)
{
    char id[BIGQUERY_JOB_ID_SIZE], *staging = staging_of(copy), *from = full_name(copy->place, staging);
    char *to = full_name(copy->place, copy->load->table->name);
    const struct bigquery_sql names = { .target = to, .staging = from };
    char *sql = make(&names, copy->load->table, copy->load->replaces);
    struct json *job = NULL;
    bigquery_copy_id(copy, name, id);
    const struct bigquery_query query = { .sql = sql, .id = id, .partition = partition, .changes_rows = true,
                                          .params = { { "tenant", "STRING", copy->load->tenant } } };
    enum bigquery_fault fault = bigquery_job_query(copy->place, &query, &job, failure);
    if (fault == BIGQUERY_FINE)
        copy->changed = partition == NULL ? bigquery_job_number(job, "query", "numDmlAffectedRows")
                                          : (int64_t)copy->count;
    json_free(job);
    free(sql);
    free(to);
    free(from);
    free(staging);
    return fault;
}

enum bigquery_fault bigquery_copy_merge(struct bigquery_copy *copy, struct bigquery_failure *failure)
{
    return run(copy, bigquery_copy_sql_merge, "merge", NULL, failure);
}

enum bigquery_fault bigquery_copy_replace(struct bigquery_copy *copy, struct bigquery_failure *failure)
{
    return run(copy, bigquery_copy_sql_whole, "whole", copy->load->table->name, failure);
}

void bigquery_copy_end(struct bigquery_copy *copy)
{
    struct bigquery_failure ignored;
    if (*copy->nonce != '\0') {
        char *staging = staging_of(copy);
        (void)bigquery_tables_drop(copy->place->api, staging, &ignored);
        free(staging);
    }
    for (size_t i = 0; i < copy->count; i++)
        free(copy->lines[i]);
    free(copy->lines);
}
