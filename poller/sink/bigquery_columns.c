/* bigquery_columns: the columns of the tables in BigQuery, and the line of a call. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/crypto.h"
#include "base/json_writer.h"
#include "base/mem.h"
#include "base/str.h"
#include "sink/bigquery_columns.h"

const struct bigquery_column bigquery_columns[BIGQUERY_COLUMNS] = {
    { "tenant", "STRING" },
    { "source", "STRING" },
    { "call_id", "STRING" },
    { "call_date", "DATE" },
    { "direction", "STRING" },
    { "caller_id", "STRING" },
    { "destination", "STRING" },
    { "phone_number", "STRING" },
    { "campaign", "STRING" },
    { "agent", "STRING" },
    { "disposition", "STRING" },
    { "result", "STRING" },
    { "started_at", "TIMESTAMP" },
    { "answered_at", "TIMESTAMP" },
    { "ended_at", "TIMESTAMP" },
    { "duration", "INT64" },
    { "billsec", "INT64" },
    { "recording_path", "STRING" },
    { "extras", "STRING" },
    { "row_hash", "STRING" },
    { "seen_at", "TIMESTAMP" },
};

const struct bigquery_column bigquery_change_column = { "change", "INT64" };

const struct bigquery_column bigquery_log_columns[BIGQUERY_LOG_COLUMNS] = {
    { "table_name", "STRING" },  { "tenant", "STRING" },         { "updated_at", "TIMESTAMP" },
    { "rows_loaded", "INT64" }, { "max_updateTime", "INT64" }, { "mode", "STRING" },
};

/* ---- values ---- */

/* From 1960 on. BigQuery refuses a row for a TIMESTAMP after the year 9999, and has partitions of days until 2159. */
#define FIRST_TIME INT64_C(-315619200)
#define LAST_TIME INT64_C(253402300799)
#define LAST_DAY INT64_C(5995814399)

/* NULL: the source has no such time, or an absurd one. A call is not rejected for it. */
static const char *show_time(int64_t epoch, int64_t last, char out[BIGQUERY_TIME_SIZE])
{
    struct tm utc;
    time_t seconds = (time_t)epoch;
    return epoch >= FIRST_TIME && epoch <= last && gmtime_r(&seconds, &utc) != NULL &&
           strftime(out, BIGQUERY_TIME_SIZE, "%Y-%m-%dT%H:%M:%SZ", &utc) > 0 ? out : NULL;
}

static void add_time(struct json_writer *line, const char *name, int64_t epoch)
{
    char text[BIGQUERY_TIME_SIZE];
    json_writer_add_text(line, name, show_time(epoch, LAST_TIME, text));
}

/* The UTC day on which the call began. It must not depend on this host's time zone: the row of a call whose date
 * changes has to be looked for in every partition. */
static void add_date(struct json_writer *line, const struct call *call)
{
    char day[BIGQUERY_TIME_SIZE];
    int64_t epoch = call->started != CALL_NO_NUMBER ? call->started : call->ended > 0 ? call->ended : call->began;
    if (show_time(epoch, LAST_DAY, day) == NULL)
        (void)snprintf(day, sizeof day, "%s", "1970-01-01");
    day[10] = '\0'; /* without the time of day */
    json_writer_add_text(line, "call_date", day);
}

static const char *extra_of(const struct call *call, const char *name, const char *fallback)
{
    const char *text = call_extra(call, name);
    return text != NULL ? text : fallback;
}

static int64_t extra_number(const struct call *call, const char *name)
{
    int64_t number = CALL_NO_NUMBER;
    const char *text = call_extra(call, name);
    return text != NULL && str_to_int(text, &number) ? number : CALL_NO_NUMBER;
}

static void add_extras(struct json_writer *line, const struct call *call)
{
    struct json *extras = json_object();
    for (int i = 0; call->shape != NULL && i < CALL_MAX_EXTRAS && call->shape->extras[i].name != NULL; i++)
        if (call_shows(call, i))
            json_add_text(extras, call->shape->extras[i].name, call->extras[i]);
    char *text = json_print(extras);
    json_writer_add_text(line, "extras", text);
    free(text);
    json_free(extras);
}

static char *print_values(const struct bigquery_origin *origin, const struct call *call,
                          const struct disposition_map *map)
{
    struct json_writer line = { .length = 0 };
    bool inbound = call->direction == CALL_INBOUND;
    /* A dialer writes a negative length if the clocks of two machines differ. */
    int64_t length = call->length != CALL_NO_NUMBER && call->length < 0 ? 0 : call->length;
    json_writer_add_text(&line, "tenant", extra_of(call, "tenant", origin->tenant));
    json_writer_add_text(&line, "source", origin->source);
    json_writer_add_text(&line, "call_id", call->id);
    add_date(&line, call);
    json_writer_add_text(&line, "direction", call_direction_name(call->direction));
    json_writer_add_text(&line, "caller_id", extra_of(call, "caller_id", inbound ? call->number : NULL));
    json_writer_add_text(&line, "destination", extra_of(call, "destination", inbound ? NULL : call->number));
    json_writer_add_text(&line, "phone_number", call->number);
    json_writer_add_text(&line, "campaign", call->campaign);
    json_writer_add_text(&line, "agent", call->agent);
    json_writer_add_text(&line, "disposition", call->status);
    json_writer_add_text(&line, "result", disposition_of(map, call));
    add_time(&line, "started_at", call->started);
    add_time(&line, "answered_at", extra_number(call, "answer_epoch"));
    add_time(&line, "ended_at", call->ended > 0 ? call->ended : CALL_NO_NUMBER);
    json_writer_add_known(&line, "duration", length, CALL_NO_NUMBER);
    json_writer_add_known(&line, "billsec", extra_number(call, "billsec"), CALL_NO_NUMBER);
    json_writer_add_text(&line, "recording_path",
                         extra_of(call, "recording_path", call_extra(call, "recordingfile")));
    add_extras(&line, call);
    return json_writer_end(&line);
}

/* ---- the message ---- */

/* So many hexadecimal digits of the SHA-256: 128 bits. */
#define HASH_DIGITS 32

void bigquery_columns_message(const struct bigquery_origin *origin, const struct call *call,
                              const struct disposition_map *map, uint32_t change, struct sink_message *ret_message)
{
    unsigned char digest[CRYPTO_SHA256_SIZE];
    char hash[CRYPTO_HEX_SIZE(CRYPTO_SHA256_SIZE)] = "";
    char *values = print_values(origin, call, map);
    size_t length = strlen(values);
    struct crypto_digest *sum = crypto_digest_begin(CRYPTO_SHA256);
    if (sum == NULL)
        mem_out_of_memory(); /* no policy forbids SHA-256 */
    crypto_digest_add(sum, values, length);
    (void)crypto_hex(digest, crypto_digest_end(sum, digest), hash);
    hash[HASH_DIGITS] = '\0';
    ret_message->body = mem_format("%.*s,\"row_hash\":\"%s\"}", (int)length - 1, values, hash);
    (void)snprintf(ret_message->key, sizeof ret_message->key, "%s-%" PRIu32, hash, change);
    free(values);
}

uint32_t bigquery_columns_change(const struct sink_message *message)
{
    int64_t change = 0;
    const char *dash = strrchr(message->key, '-');
    return dash != NULL && str_to_int(dash + 1, &change) ? (uint32_t)change : 0;
}

char *bigquery_columns_value(const struct sink_message *message, const char *name)
{
    struct json *json = json_parse(message->body);
    const char *text = json != NULL ? json_text(json, name) : NULL;
    char *value = text != NULL ? mem_copy(text) : NULL;
    json_free(json);
    return value;
}

const char *bigquery_columns_time(int64_t epoch_us, char out[BIGQUERY_TIME_SIZE])
{
    struct tm utc;
    time_t seconds = (time_t)(epoch_us / 1000000);
    char day[32] = "1970-01-01T00:00:00";
    if (gmtime_r(&seconds, &utc) != NULL)
        (void)strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &utc);
    (void)snprintf(out, BIGQUERY_TIME_SIZE, "%s.%06dZ", day, (int)(epoch_us % 1000000));
    return out;
}

void bigquery_columns_fields(struct json *fields, const struct bigquery_column *columns, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct json *field = json_append(fields, json_object());
        json_add_text(field, "name", columns[i].name);
        json_add_text(field, "type", columns[i].type);
        json_add_text(field, "mode", "NULLABLE");
    }
}
