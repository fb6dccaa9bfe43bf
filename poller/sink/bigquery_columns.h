/* bigquery_columns: the columns of the tables in BigQuery, and the line of a call. For bigquery's files only. */
#ifndef BIGQUERY_COLUMNS_H
#define BIGQUERY_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/json.h"
#include "domain/call.h"
#include "domain/disposition.h"
#include "sink/sink.h"

struct bigquery_column {
    const char *name, *type;
};

/* Of the table of calls. A row's key is tenant, source and call_id: two dialers may have the same id. All columns are
 * NULLABLE, because the result of a query could not replace a partition of a table with REQUIRED ones. */
#define BIGQUERY_COLUMNS 21
extern const struct bigquery_column bigquery_columns[BIGQUERY_COLUMNS];

/* Of the staging table only: the number of the change, see sink_make; 0: the sink has no other version. */
extern const struct bigquery_column bigquery_change_column;

/* Of the table update_log. */
#define BIGQUERY_LOG_COLUMNS 6
extern const struct bigquery_column bigquery_log_columns[BIGQUERY_LOG_COLUMNS];

/* The tenant and the source of the rows. If the source knows the tenant of a call, as an extra, that one counts.
 * Ownership: borrowed. */
struct bigquery_origin {
    const char *tenant, *source;
};

/* bigquery_columns_message: makes the message of a call: a JSON object with all columns but seen_at. It has no time of
 * the run, so the same call always gives the same message. The key is the row's hash and change, so a call that changes
 * back has another key. Ownership: sink_message_free. */
void bigquery_columns_message(const struct bigquery_origin *origin, const struct call *call,
                              const struct disposition_map *map, uint32_t change, struct sink_message *ret_message);

/* bigquery_columns_change: the change in the key of such a message. */
uint32_t bigquery_columns_change(const struct sink_message *message);

/* bigquery_columns_value: the value of the text column name of such a message; NULL: it has none. Ownership: the caller
 * frees it. */
char *bigquery_columns_value(const struct sink_message *message, const char *name) MUST_CHECK;

/* bigquery_columns_time: writes microseconds since 1970 as BigQuery's TIMESTAMP, "2025-10-09T03:04:05.000006Z". Returns
 * out. */
#define BIGQUERY_TIME_SIZE 48
const char *bigquery_columns_time(int64_t epoch_us, char out[BIGQUERY_TIME_SIZE]);

/* bigquery_columns_fields: adds these columns to fields, a list of a table's schema. */
void bigquery_columns_fields(struct json *fields, const struct bigquery_column *columns, size_t count);

#endif
