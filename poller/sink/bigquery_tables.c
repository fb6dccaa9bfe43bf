/* bigquery_tables: makes the dataset and the tables, and adds columns. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "sink/bigquery_tables.h"

#define NEW_LOCATION "US"
#define STAGING_SEC 86400

/* A dataset or a table may be missing for some seconds after it was made. */
#define NEW_MS 500
#define NEW_TRIES 4

void bigquery_tables_reference(struct json *object, const char *name, const struct bigquery_names *names,
                               const char *table)
{
    struct json *reference = json_add(object, name, json_object());
    json_add_text(reference, "projectId", names->project);
    json_add_text(reference, "datasetId", names->dataset);
    json_add_text(reference, "tableId", table);
}

/* ---- the dataset ---- */

static enum bigquery_fault find_dataset(struct bigquery_api *api, const char *wanted, char *ret_location,
                                        struct bigquery_failure *failure)
{
    const struct bigquery_names *names = bigquery_api_names(api);
    char *path = mem_format("/datasets/%s?fields=location", names->dataset);
    const struct bigquery_request request = { .method = "GET", .path = path };
    struct json *json = NULL;
    enum bigquery_fault fault = bigquery_api_ask(api, &request, &json, failure);
    free(path);
    if (fault != BIGQUERY_FINE)
        return fault;
    (void)snprintf(ret_location, BIGQUERY_LOCATION_SIZE, "%s", str_or_empty(json_text(json, "location")));
    json_free(json);
    if (*wanted != '\0' && strcasecmp(wanted, ret_location) != 0)
        return bigquery_verdict_set(failure, BIGQUERY_WRONG, "; correct location under [sink], or remove it: it cannot "
                                    "be changed in BigQuery", "the dataset %s is in the location %s, not %s",
                                    names->dataset, ret_location, wanted);
    return BIGQUERY_FINE;
}

static enum bigquery_fault make_dataset(struct bigquery_api *api, const char *location,
                                        struct bigquery_failure *failure)
{
    const struct bigquery_names *names = bigquery_api_names(api);
    struct json *body = json_object(), *reference = json_add(body, "datasetReference", json_object());
    json_add_text(reference, "projectId", names->project);
    json_add_text(reference, "datasetId", names->dataset);
    json_add_text(body, "location", location);
    char *text = json_print(body);
    const struct bigquery_request request = { .method = "POST", .path = "/datasets?fields=id", .body = text };
    json_free(body);
    enum bigquery_fault fault = bigquery_api_ask(api, &request, NULL, failure);
    free(text);
    return fault == BIGQUERY_EXISTS ? BIGQUERY_FINE : fault;
}

/* ---- a table ---- */

/* What is special in a table. */
struct design {
    const char *name;
    const struct bigquery_column *columns;
    size_t count;
    const char *partition;          /* NULL: none */
    const char *const *clustering;  /* ended by NULL; NULL: none */
    bool is_filtered;               /* a query must name partitions */
    const struct bigquery_column *more; /* another column; NULL: none */
    int64_t lasts_sec;              /* 0: for ever */
    const char *advice;             /* what to do if a column has another type */
    bool is_log;                    /* each row has all columns, and any partitions will do */
};

static const char *const call_clusters[] = { "tenant", "source", "call_id", NULL };

static struct design design_of_calls(const struct bigquery_names *names)
{
    return (struct design){ .name = names->table, .columns = bigquery_columns, .count = BIGQUERY_COLUMNS,
                            .partition = "call_date", .clustering = call_clusters, .is_filtered = true,
                            .advice = "; name another table under [sink]" };
}

static struct json *describe(const struct bigquery_names *names, const struct design *design)
{
    struct json *body = json_object();
    bigquery_tables_reference(body, "tableReference", names, design->name);
    struct json *fields = json_add(json_add(body, "schema", json_object()), "fields", json_array());
    bigquery_columns_fields(fields, design->columns, design->count);
    if (design->more != NULL)
        bigquery_columns_fields(fields, design->more, 1);
    if (design->partition != NULL) {
        struct json *partitioning = json_add(body, "timePartitioning", json_object());
        json_add_text(partitioning, "type", "DAY");
        json_add_text(partitioning, "field", design->partition);
    }
    if (design->is_filtered)
        json_add_bool(body, "requirePartitionFilter", true);
    if (design->clustering != NULL) {
        struct json *clusters = json_add(json_add(body, "clustering", json_object()), "fields", json_array());
        for (size_t i = 0; design->clustering[i] != NULL; i++)
            json_append_text(clusters, design->clustering[i]);
    }
    return body;
}

static enum bigquery_fault wait_for_table(struct bigquery_api *api, const char *name, struct bigquery_failure *failure)
{
    enum bigquery_fault fault = bigquery_tables_find(api, name, failure);
    for (int i = 0; fault == BIGQUERY_MISSING && i < NEW_TRIES && bigquery_api_pause(api, NEW_MS << i); i++)
        fault = bigquery_tables_find(api, name, failure);
    return fault;
}

static enum bigquery_fault make_table(struct bigquery_api *api, const struct design *design,
                                      struct bigquery_failure *failure)
{
    const struct bigquery_names *names = bigquery_api_names(api);
    char *path = mem_format("/datasets/%s/tables?fields=id", names->dataset), expires[STR_INT_SIZE];
    struct json *body = describe(names, design);
    if (design->lasts_sec > 0)
        json_add_text(body, "expirationTime", str_of_int((clock_now_epoch() + design->lasts_sec) * 1000, expires));
    char *text = json_print(body);
    const struct bigquery_request request = { .method = "POST", .path = path, .body = text };
    json_free(body);
    enum bigquery_fault fault = bigquery_api_ask(api, &request, NULL, failure);
    for (int i = 0; fault == BIGQUERY_MISSING && i < NEW_TRIES && bigquery_api_pause(api, NEW_MS << i); i++)
        fault = bigquery_api_ask(api, &request, NULL, failure);
    free(text);
    free(path);
    if (fault == BIGQUERY_FINE)
        return wait_for_table(api, design->name, failure);
    return fault == BIGQUERY_EXISTS ? BIGQUERY_FINE : fault;
}

/* Google has two names for some types. */
static bool is_type(const char *type, const char *wanted)
{
    return strcmp(type, wanted) == 0 || (strcmp(wanted, "INT64") == 0 && strcmp(type, "INTEGER") == 0);
}

static const struct json *field_of(const struct json *fields, const char *name)
{
    const struct json *field = json_first(fields);
    while (field != NULL && strcasecmp(str_or_empty(json_text(field, "name")), name) != 0)
        field = json_next(field);
    return field;
}

static enum bigquery_fault refuse_required(const struct bigquery_names *names, const struct design *design,
                                           const char *column, const char *why, struct bigquery_failure *failure)
{
    char advice[280];
    (void)snprintf(advice, sizeof advice, "; run in BigQuery: ALTER TABLE `%.60s.%.60s` ALTER COLUMN `%.60s` DROP NOT "
                   "NULL", names->dataset, design->name, column);
    return bigquery_verdict_set(failure, BIGQUERY_WRONG, advice, "the column %.100s of %s.%s is REQUIRED, %s", column,
                                names->dataset, design->name, why);
}

static enum bigquery_fault check_column(const struct bigquery_names *names, const struct design *design,
                                        const struct bigquery_column *column, const struct json *field,
                                        struct bigquery_failure *failure)
{
    const char *type = str_or_empty(json_text(field, "type")), *mode = str_or_empty(json_text(field, "mode"));
    bool is_list = strcmp(mode, "REPEATED") == 0;
    if (is_list || !is_type(type, column->type))
        return bigquery_verdict_set(failure, BIGQUERY_WRONG, design->advice,
                                    "the column %s of %s.%s is %s%.30s, not %s", column->name, names->dataset,
                                    design->name, is_list ? "REPEATED " : "", type, column->type);
    return strcmp(mode, "REQUIRED") != 0 || design->is_log
               ? BIGQUERY_FINE : refuse_required(names, design, column->name, "but not every row has it", failure);
}

static bool is_ours(const struct design *design, const char *name)
{
    for (size_t i = 0; i < design->count; i++)
        if (strcasecmp(design->columns[i].name, name) == 0)
            return true;
    return false;
}

/* A column of somebody else must not refuse our rows. */
static enum bigquery_fault check_others(const struct bigquery_names *names, const struct design *design,
                                        const struct json *fields, struct bigquery_failure *failure)
{
    for (const struct json *field = json_first(fields); field != NULL; field = json_next(field)) {
        const char *name = str_or_empty(json_text(field, "name")), *mode = str_or_empty(json_text(field, "mode"));
        bool has_default = !json_is_null(json_member(field, "defaultValueExpression"));
        if (strcmp(mode, "REQUIRED") == 0 && !has_default && !is_ours(design, name))
            return refuse_required(names, design, name, "and the program does not fill it", failure);
    }
    return BIGQUERY_FINE;
}

/* Adds the columns that the table lacks to ret_missing. */
static enum bigquery_fault compare_schema(const struct bigquery_names *names, const struct design *design,
                                          const struct json *fields, struct json *ret_missing,
                                          struct bigquery_failure *failure)
{
    for (size_t i = 0; i < design->count; i++) {
        const struct bigquery_column *column = &design->columns[i];
        const struct json *field = field_of(fields, column->name);
        enum bigquery_fault fault = field != NULL ? check_column(names, design, column, field, failure)
                                                  : BIGQUERY_FINE;
        if (field == NULL)
            bigquery_columns_fields(ret_missing, column, 1);
        if (fault != BIGQUERY_FINE)
            return fault;
    }
    return check_others(names, design, fields, failure);
}

/* The list in PATCH replaces the table's: the table's own fields stay as they are, and ours follow. */
static enum bigquery_fault add_columns(struct bigquery_api *api, const struct design *design,
                                       const struct json *fields, const struct json *missing,
                                       struct bigquery_failure *failure)
{
    const struct bigquery_names *names = bigquery_api_names(api);
    char *have = json_count(fields) > 0 ? json_print(fields) : mem_copy("[]"), *more = json_print(missing);
    char *path = mem_format("/datasets/%s/tables/%s?fields=id", names->dataset, design->name);
    char *body = mem_format("{\"schema\":{\"fields\":%.*s%s%s}}", (int)strlen(have) - 1, have,
                            json_count(fields) > 0 ? "," : "", more + 1);
    const struct bigquery_request request = { .method = "PATCH", .path = path, .body = body };
    enum bigquery_fault fault = bigquery_api_ask(api, &request, NULL, failure);
    free(body);
    free(path);
    free(more);
    free(have);
    return fault;
}

static enum bigquery_fault check_partitions(const struct bigquery_names *names, const struct design *design,
                                            const struct json *table, struct bigquery_failure *failure)
{
    static const char advice[] = "; name another table under [sink]: a table's partitions cannot be changed";
    const struct json *partitioning = json_member(table, "timePartitioning");
    const char *field = partitioning != NULL ? json_text(partitioning, "field") : NULL;
    const char *type = str_or_empty(partitioning != NULL ? json_text(partitioning, "type") : NULL);
    if (design->partition == NULL || design->is_log)
        return BIGQUERY_FINE;
    if (field == NULL || strcasecmp(field, design->partition) != 0)
        return bigquery_verdict_set(failure, BIGQUERY_WRONG, advice, "%s.%s is not partitioned by %s", names->dataset,
                                    design->name, design->partition);
    if (strcmp(type, "DAY") != 0)
        return bigquery_verdict_set(failure, BIGQUERY_WRONG, advice, "%s.%s is partitioned by the %.10s of %s, not the "
                                    "DAY", names->dataset, design->name, type, design->partition);
    return BIGQUERY_FINE;
}

/* Compares a table with what the sink needs. may_change: adds columns. */
static enum bigquery_fault check_table(struct bigquery_api *api, const struct design *design, const struct json *table,
                                       bool may_change, struct bigquery_failure *failure)
{
    const struct bigquery_names *names = bigquery_api_names(api);
    const struct json *schema = json_member(table, "schema");
    const struct json *fields = schema != NULL ? json_member(schema, "fields") : NULL;
    struct json *missing = json_array();
    enum bigquery_fault fault = check_partitions(names, design, table, failure);
    if (fault == BIGQUERY_FINE)
        fault = compare_schema(names, design, fields, missing, failure);
    if (fault == BIGQUERY_FINE && json_count(missing) > 0 && may_change)
        fault = add_columns(api, design, fields, missing, failure);
    json_free(missing);
    return fault;
}

static enum bigquery_fault find_table(struct bigquery_api *api, const struct design *design, bool may_change,
                                      struct bigquery_failure *failure)
{
    char *path = mem_format("/datasets/%s/tables/%s?fields=schema,timePartitioning", bigquery_api_names(api)->dataset,
                            design->name);
    const struct bigquery_request request = { .method = "GET", .path = path };
    struct json *json = NULL;
    enum bigquery_fault fault = bigquery_api_ask(api, &request, &json, failure);
    if (fault == BIGQUERY_FINE)
        fault = check_table(api, design, json, may_change, failure);
    json_free(json);
    free(path);
    return fault;
}

/* ---- all ---- */

enum bigquery_fault bigquery_tables_look(struct bigquery_api *api, const char *wanted,
                                         char ret_location[BIGQUERY_LOCATION_SIZE], struct bigquery_failure *failure)
{
    const struct design calls = design_of_calls(bigquery_api_names(api));
    *ret_location = '\0';
    enum bigquery_fault fault = find_dataset(api, wanted, ret_location, failure);
    return fault == BIGQUERY_FINE ? find_table(api, &calls, false, failure) : fault;
}

enum bigquery_fault bigquery_tables_prepare_dataset(struct bigquery_api *api, const char *wanted,
                                                    char ret_location[BIGQUERY_LOCATION_SIZE],
                                                    struct bigquery_failure *failure)
{
    *ret_location = '\0';
    enum bigquery_fault fault = find_dataset(api, wanted, ret_location, failure);
    if (fault != BIGQUERY_MISSING)
        return fault;
    fault = make_dataset(api, *wanted != '\0' ? wanted : NEW_LOCATION, failure);
    return fault == BIGQUERY_FINE ? find_dataset(api, wanted, ret_location, failure) : fault;
}

static enum bigquery_fault prepare(struct bigquery_api *api, const struct design *design,
                                   struct bigquery_failure *failure)
{
    enum bigquery_fault fault = find_table(api, design, true, failure);
    return fault == BIGQUERY_MISSING ? make_table(api, design, failure) : fault;
}

enum bigquery_fault bigquery_tables_prepare(struct bigquery_api *api, const char *wanted,
                                            char ret_location[BIGQUERY_LOCATION_SIZE],
                                            struct bigquery_failure *failure)
{
    const struct design calls = design_of_calls(bigquery_api_names(api));
    enum bigquery_fault fault = bigquery_tables_prepare_dataset(api, wanted, ret_location, failure);
    return fault == BIGQUERY_FINE ? prepare(api, &calls, failure) : fault;
}

/* Not partitioned: a row's day changes with the row, and BigQuery deletes the old days of a sandbox. */
enum bigquery_fault bigquery_tables_prepare_copy(struct bigquery_api *api, const char *name,
                                                 const struct bigquery_column *columns, size_t count,
                                                 struct bigquery_failure *failure)
{
    const char *const clusters[] = { columns[0].name, columns[1].name, NULL };
    const struct design design = { .name = name, .columns = columns, .count = count, .clustering = clusters,
                                   .advice = "; rename that table, and it is made anew" };
    return prepare(api, &design, failure);
}

enum bigquery_fault bigquery_tables_stage_copy(struct bigquery_api *api, const char *name,
                                               const struct bigquery_column *columns, size_t count,
                                               struct bigquery_failure *failure)
{
    const struct design staging = { .name = name, .columns = columns, .count = count, .lasts_sec = STAGING_SEC };
    return make_table(api, &staging, failure);
}

enum bigquery_fault bigquery_tables_stage(struct bigquery_api *api, const char *name,
                                          struct bigquery_failure *failure)
{
    const struct design staging = { .name = name, .columns = bigquery_columns, .count = BIGQUERY_COLUMNS,
                                    .more = &bigquery_change_column, .lasts_sec = STAGING_SEC };
    return make_table(api, &staging, failure);
}

enum bigquery_fault bigquery_tables_find(struct bigquery_api *api, const char *name, struct bigquery_failure *failure)
{
    char *path = mem_format("/datasets/%s/tables/%s?fields=id", bigquery_api_names(api)->dataset, name);
    const struct bigquery_request request = { .method = "GET", .path = path };
    enum bigquery_fault fault = bigquery_api_ask(api, &request, NULL, failure);
    free(path);
    return fault;
}

enum bigquery_fault bigquery_tables_drop(struct bigquery_api *api, const char *name, struct bigquery_failure *failure)
{
    char *path = mem_format("/datasets/%s/tables/%s", bigquery_api_names(api)->dataset, name);
    const struct bigquery_request request = { .method = "DELETE", .path = path };
    enum bigquery_fault fault = bigquery_api_ask(api, &request, NULL, failure);
    free(path);
    return fault == BIGQUERY_MISSING ? BIGQUERY_FINE : fault;
}

enum bigquery_fault bigquery_tables_prepare_log(struct bigquery_api *api, struct bigquery_failure *failure)
{
    const struct design log = { .name = BIGQUERY_LOG_TABLE, .columns = bigquery_log_columns,
                                .count = BIGQUERY_LOG_COLUMNS, .partition = "updated_at", .is_log = true,
                                .advice = "; rename that table, and it is made anew" };
    return prepare(api, &log, failure);
}
