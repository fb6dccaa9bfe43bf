/* report_data: the data of the report's page, as JSON. Long lists are arrays of arrays, to keep the page small; each
 * list names its columns. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mask.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/version.h"
#include "commands/report_data.h"
#include "domain/hours.h"
#include "ledger/diagnosis.h"
#include "ledger/schema.h"
#include "base/store.h"

enum {
    DAYS = 7, /* that the charts show */
    HOURS = DAYS * 24,
    MOST_CALLS = 10000,
    MOST_SET_ASIDE = 500,
    MOST_RUNS = 1000,
    MOST_TEXT = 100,           /* bytes of a name */
    MOST_REASON = 600,
    SET_ASIDE_BYTES = 1000000, /* the greatest size of all lists together */
    RUNS_BYTES = 1500000,
    CALLS_BYTES = 4400000,
    OLDEST_OFFSET = 400 * 86400, /* how far back the page knows the local clock's changes */
};

struct writer {
    FILE *out;
    const char *profile;
    size_t size; /* bytes written so far */
    struct err *err;
};

/* ---- text ---- */

static void put(struct writer *writer, const char *text, size_t length)
{
    (void)fwrite(text, 1, length, writer->out); /* the owner of out checks for errors at the end */
    writer->size += length;
}

static void put_text(struct writer *writer, const char *text)
{
    put(writer, text, strlen(text));
}

/* Writes and frees json. Inside a script element, '<' could begin the element's end or a comment, and U+2028 and U+2029
 * are line ends. JSON has these characters only within texts, so it can escape them. */
static void put_json(struct writer *writer, struct json *json)
{
    static const struct {
        const char *raw, *escaped;
    } escapes[] = { { "<", "\\u003c" }, { "\xE2\x80\xA8", "\\u2028" }, { "\xE2\x80\xA9", "\\u2029" } };
    enum { COUNT = sizeof escapes / sizeof escapes[0] };
    char *text = json_print(json), *from = text;
    for (char *at = strpbrk(from, "<\xE2"); at != NULL; at = strpbrk(at, "<\xE2")) {
        size_t i = 0;
        while (i < COUNT && strncmp(at, escapes[i].raw, strlen(escapes[i].raw)) != 0)
            i++;
        if (i == COUNT) {
            at++;
            continue;
        }
        put(writer, from, (size_t)(at - from));
        put_text(writer, escapes[i].escaped);
        from = at += strlen(escapes[i].raw);
    }
    put_text(writer, from);
    free(text);
    json_free(json);
}

/* Cuts text that does not fit in limit bytes; then it ends with an ellipsis. */
static void append_text(struct json *row, const char *text, size_t limit)
{
    static const char ellipsis[] = "…";
    char shown[MOST_REASON + sizeof ellipsis];
    if (text != NULL) {
        size_t length = strlen(str_printable(text, shown, limit));
        if (strlen(text) >= limit)
            memcpy(shown + length, ellipsis, sizeof ellipsis);
        text = shown;
    }
    json_append_text(row, text);
}

static void append_column(struct json *row, struct statement *statement, int column, size_t limit)
{
    append_text(row, store_text(statement, column), limit);
}

/* The same, but masks the phone number of phone_column in the text. column may be phone_column. */
static void append_masked(struct json *row, struct statement *statement, int column, int phone_column, size_t limit)
{
    const char *text = store_text(statement, column);
    char *own = text != NULL ? mem_copy(text) : NULL;
    mask_if_enabled(own, store_text(statement, phone_column));
    append_text(row, own, limit);
    free(own);
}

static void append_number(struct json *row, struct statement *statement, int column)
{
    if (store_is_null(statement, column))
        json_append_text(row, NULL);
    else
        json_append_int(row, store_int(statement, column));
}

/* ---- lists ---- */

/* One array per row. The list ends when the whole page has that many bytes. */
struct list {
    const char *name;
    const char *columns; /* names, separated by blanks */
    size_t bytes;
    void (*append)(struct json *row, struct statement *statement);
};

static struct json *columns_of(const struct list *list)
{
    struct json *columns = json_array();
    const char *word = list->columns;
    for (size_t length = strcspn(word, " "); length > 0; length = strcspn(word, " ")) {
        char name[32];
        (void)snprintf(name, sizeof name, "%.*s", (int)length, word);
        json_append_text(columns, name);
        word += length + (word[length] == ' ');
    }
    return columns;
}

/* "name":{"columns":[...],"rows":[[...],...]} */
static int put_list(struct writer *writer, const struct list *list, struct store *store, struct statement *statement)
{
    int row = 0;
    const char *separator = "";
    put_text(writer, ",\"");
    put_text(writer, list->name);
    put_text(writer, "\":{\"columns\":");
    put_json(writer, columns_of(list));
    put_text(writer, ",\"rows\":[");
    while ((row = store_next(store, statement, writer->err)) > 0) {
        struct json *array = json_array();
        list->append(array, statement);
        put_text(writer, separator);
        put_json(writer, array);
        separator = ",";
        if (writer->size > list->bytes) {
            store_reset(statement);
            break;
        }
    }
    put_text(writer, "]}");
    return row < 0 ? -1 : 0;
}

#define CALL_COLUMNS                                                                                                   \
    "uniqueid, end_epoch, state, status, " SCHEMA_RESULT ", " SCHEMA_CAMPAIGN ", phone, agent, length, answer, "       \
    "took_ms, tries, tried, reason"
#define CALL_NAMES "uniqueid ended state status result campaign phone agent length answer took tries tried reason"

static void append_call(struct json *row, struct statement *statement)
{
    enum { UNIQUEID, ENDED, STATE, STATUS, RESULT, CAMPAIGN, PHONE, AGENT, LENGTH, TRIED = 12, REASON };
    append_column(row, statement, UNIQUEID, MOST_TEXT);
    append_number(row, statement, ENDED);
    append_number(row, statement, STATE);
    for (int column = STATUS; column <= CAMPAIGN; column++)
        append_column(row, statement, column, MOST_TEXT);
    append_masked(row, statement, PHONE, PHONE, MOST_TEXT);
    append_column(row, statement, AGENT, MOST_TEXT);
    for (int column = LENGTH; column <= TRIED; column++)
        append_number(row, statement, column);
    append_masked(row, statement, REASON, PHONE, MOST_REASON);
}

static int put_calls(struct writer *writer, struct store *store)
{
    static const struct list list = { "calls", CALL_NAMES, CALLS_BYTES, append_call };
    /* No index has the ends of all calls, so SQLite sorts them: it sorts rowids and ends alone, not whole rows. */
    struct statement *statement = store_prepare(store, "SELECT " CALL_COLUMNS " FROM call WHERE uniqueid IN (SELECT "
                                                                              "uniqueid FROM call ORDER BY end_epoch "
                                                       "DESC, uniqueid DESC LIMIT ?1) ORDER BY end_epoch DESC, "
                                                       "uniqueid DESC");
    store_bind_int(statement, 1, MOST_CALLS);
    return put_list(writer, &list, store, statement);
}

static int put_rejected(struct writer *writer, struct store *store)
{
    static const struct list list = { "rejected", CALL_NAMES, SET_ASIDE_BYTES, append_call };
    struct statement *statement =
        store_prepare(store, "SELECT " CALL_COLUMNS " FROM call WHERE state <> 1 AND state = 4 "
                             "ORDER BY end_epoch DESC, uniqueid DESC LIMIT ?1");
    store_bind_int(statement, 1, MOST_SET_ASIDE);
    return put_list(writer, &list, store, statement);
}

static void append_run(struct json *row, struct statement *statement)
{
    enum { STARTED, KIND, DURATION, EXIT_CODE = 10, MESSAGE, FINISHED, SUPERSEDED };
    char outcome[RECORDS_OUTCOME_SIZE];
    const struct records_run run = { .finished = store_is_null(statement, FINISHED) ? RECORDS_UNKNOWN : 0,
                                     .superseded = store_int(statement, SUPERSEDED) != 0,
                                     .exit_code = store_int(statement, EXIT_CODE),
                                     .message = store_text(statement, MESSAGE) };
    append_number(row, statement, STARTED);
    append_column(row, statement, KIND, MOST_TEXT);
    for (int column = DURATION; column <= EXIT_CODE; column++)
        append_number(row, statement, column);
    char *message = run.message != NULL ? mem_copy(run.message) : NULL;
    mask_numbers_if_enabled(message);
    append_text(row, message, MOST_REASON);
    json_append_text(row, records_outcome(&run, outcome));
    free(message);
}

static int put_runs(struct writer *writer, struct store *store)
{
    static const char sql[] =
        "SELECT started, kind, duration_ms, found, accepted, repeated, failed, pending, waiting, rejected, "
        "exit_code, message, finished, " RECORDS_SUPERSEDED " FROM run ORDER BY id DESC LIMIT ?1";
    static const struct list list = {
        "runs", "started kind duration found accepted repeated failed pending waiting rejected exit message outcome",
        RUNS_BYTES, append_run
    };
    struct statement *statement = store_prepare(store, sql);
    store_bind_int(statement, 1, MOST_RUNS);
    return put_list(writer, &list, store, statement);
}

/* ---- the last days ---- */

static int read_hours(struct store *store, struct hours *hours, int64_t midnight, int64_t *ret_today, struct err *err)
{
    static const char sql[] = "SELECT end_epoch, state, " SCHEMA_RESULT ", answer, took_ms, "
                              "ifnull(tried, updated) FROM call WHERE end_epoch >= ?1";
    struct statement *statement = store_prepare(store, sql);
    int row = 0;
    store_bind_int(statement, 1, hours_first(hours));
    *ret_today = 0;
    while ((row = store_next(store, statement, err)) > 0) {
        enum call_state state = (enum call_state)store_int(statement, 1);
        int64_t tried = store_int(statement, 5);
        hours_add_call(hours, store_int(statement, 0), state, store_text(statement, 2));
        if (store_int(statement, 3) > 0)
            hours_add_answer(hours, tried, store_int(statement, 4));
        if (state == CALL_ACCEPTED && tried >= midnight)
            (*ret_today)++;
    }
    return row;
}

static struct json *counts(const int64_t *numbers, int count)
{
    struct json *array = json_array();
    for (int i = 0; i < count; i++)
        json_append_int(array, numbers[i]);
    return array;
}

/* Each hour: calls by enum call_state, calls by result, number of answers, median and 95th percentile of their
 * times. */
static struct json *hours_json(struct hours *hours)
{
    struct json *object = json_object(), *names = json_array(), *rows = json_array();
    for (int i = 0; i < HOURS_RESULTS; i++)
        json_append_text(names, hours_result_names[i]);
    for (int i = 0; i < HOURS; i++) {
        struct hours_stats figures = hours_stats(hours, i);
        struct json *row = json_array();
        json_append(row, counts(figures.states, HOURS_STATES));
        json_append(row, counts(figures.results, HOURS_RESULTS));
        json_append_int(row, figures.answers);
        json_append_int(row, figures.p50_ms);
        json_append_int(row, figures.p95_ms);
        json_append(rows, row);
    }
    json_add_int(object, "first", hours_first(hours));
    json_add(object, "results", names);
    json_add(object, "rows", rows);
    return object;
}

/* ---- the current state ---- */

/* This host's offsets to UTC in seconds, each with the epoch from which it holds: the browser may be in another time
 * zone. */
static struct json *offsets(int64_t now)
{
    struct json *array = json_array();
    int64_t known = 0;
    for (int64_t at = now - OLDEST_OFFSET; at <= now; at += 3600 - at % 3600) {
        int64_t offset = clock_offset(at);
        if (at > now - OLDEST_OFFSET && offset == known)
            continue;
        struct json *pair = json_array();
        json_append_int(pair, at);
        json_append_int(pair, offset);
        json_append(array, pair);
        known = offset;
    }
    return array;
}

/* object borrows the texts of diagnosis. */
static void add_verdict(struct json *object, const struct standing *standing, const struct diagnosis *diagnosis)
{
    json_add_text(object, "verdict", diagnosis_name(diagnosis->level));
    json_add_text(object, "verdict_text", diagnosis->text);
    json_add_text(object, "verdict_action", diagnosis->action);
    json_add_int(object, "out_of_date_after", diagnosis_usual_limits(standing).critical);
    json_add_known(object, "freshness", standing_freshness(standing), RECORDS_UNKNOWN);
    json_add_known(object, "unsent", standing_unsent(standing), RECORDS_UNKNOWN);
    json_add_known(object, "not_known_since", standing_unknown_since(standing), 0);
    json_add_bool(object, "standby", standing_is_standby(standing));
}

static void put_moment(struct writer *writer, const struct standing *standing, int64_t accepted_today, int64_t accepted,
                       struct json *hours)
{
    const struct records_overview *overview = &standing->overview;
    const struct records_run last = { .exit_code = overview->last_run_exit_code,
                                      .message = overview->last_run_message };
    struct diagnosis_limits limits = diagnosis_usual_limits(standing);
    struct diagnosis diagnosis = diagnosis_of(standing, &limits, writer->profile);
    char host[256] = "", shown_host[256], outcome[RECORDS_OUTCOME_SIZE];
    struct json *object = json_object();
    (void)gethostname(host, sizeof host - 1);
    json_add_text(object, "host", str_printable(host, shown_host, sizeof shown_host));
    json_add_text(object, "version", VERSION);
    json_add_int(object, "written", standing->now);
    json_add(object, "offsets", offsets(standing->now));
    json_add_known(object, "checkpoint", standing->checkpoint, 0);
    json_add_known(object, "oldest_unsent", standing->oldest_unsent, 0);
    json_add_int(object, "accepted_today", accepted_today);
    json_add_int(object, "accepted", accepted);
    json_add_int(object, "pending", overview->counts.pending);
    json_add_int(object, "waiting", overview->counts.waiting);
    json_add_int(object, "rejected", overview->counts.rejected);
    json_add_known(object, "next_try", overview->next_due, 0);
    json_add_known(object, "last_run", overview->last_run, 0);
    json_add_text(object, "last_run_outcome", records_outcome(&last, outcome));
    json_add_int(object, "last_run_accepted", overview->last_run_accepted);
    json_add_known(object, "last_success", overview->last_success, 0);
    json_add_text(object, "sink", standing_sink(standing));
    json_add_known(object, "api_down_since", standing->outage_since, 0);
    json_add_known(object, "rate_limited_until", standing->wait_until, 0);
    add_verdict(object, standing, &diagnosis);
    put_text(writer, "{\"moment\":");
    put_json(writer, object);
    put_text(writer, ",\"hours\":");
    put_json(writer, hours);
}

int report_data_write(FILE *out, struct ledger *ledger, const struct standing *standing,
                      const struct options *options, struct err *err)
{
    struct writer writer = { .out = out, .profile = options->profile, .err = err };
    struct store *store = ledger_store(ledger);
    struct hours *hours = hours_open(HOURS, standing->now, clock_offset(standing->now));
    int64_t accepted_today = 0, accepted = 0;
    int result = read_hours(store, hours, clock_midnight(standing->now), &accepted_today, err);
    if (result == 0)
        result = records_count_accepted(ledger, &accepted, err);
    if (result == 0)
        put_moment(&writer, standing, accepted_today, accepted, hours_json(hours));
    hours_close(hours);
    if (result != 0 || put_rejected(&writer, store) != 0 || put_runs(&writer, store) != 0 ||
        put_calls(&writer, store) != 0)
        return -1;
    put_text(&writer, "}");
    return 0;
}
