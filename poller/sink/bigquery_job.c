/* bigquery_job: load jobs and query jobs. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/url.h"
#include "sink/bigquery_job.h"
#include "sink/bigquery_tables.h"

/* More is sent as a resumable upload: a proxy may limit the size of one request's body. */
#define MULTIPART_MOST ((int64_t)10 * 1024 * 1024)

/* BigQuery ends each query after six hours. So a job that this account may not see does not hold up loads for ever. */
#define LONGEST_SEC (6 * 3600)

/* So many uploads are begun if they are cut short. */
#define UPLOADS 3

#define JOBS "/jobs?" BIGQUERY_JOB_FIELDS

#define BOUNDARY "calls_of_did_optimizer_sync"

/* The label of the jobs that change rows: its value is the route. */
#define LABEL "did_optimizer_sync"

void bigquery_job_nonce(char out[BIGQUERY_JOB_NONCE_SIZE])
{
    unsigned char bytes[(BIGQUERY_JOB_NONCE_SIZE - 1) / 2];
    crypto_random(bytes, sizeof bytes);
    (void)crypto_hex(bytes, sizeof bytes, out);
}

/* ---- the description of a job ---- */

static void refer(struct json *job, const struct bigquery_place *place, const char *id)
{
    struct json *reference = json_add(job, "jobReference", json_object());
    json_add_text(reference, "projectId", bigquery_api_names(place->api)->project);
    json_add_text(reference, "jobId", id);
    json_add_text(reference, "location", place->location);
}

static char *describe_load(const struct bigquery_place *place, const struct bigquery_load *load)
{
    struct json *job = json_object();
    refer(job, place, load->id);
    struct json *config = json_add(json_add(job, "configuration", json_object()), "load", json_object());
    bigquery_tables_reference(config, "destinationTable", bigquery_api_names(place->api), load->table);
    json_add_text(config, "sourceFormat", "NEWLINE_DELIMITED_JSON");
    json_add_text(config, "createDisposition", "CREATE_NEVER");
    json_add_text(config, "writeDisposition", load->appends ? "WRITE_APPEND" : "WRITE_TRUNCATE");
    json_add_int(config, "maxBadRecords", 0);
    if (!load->appends) { /* WRITE_TRUNCATE replaces the schema as well */
        struct json *fields = json_add(json_add(config, "schema", json_object()), "fields", json_array());
        bigquery_columns_fields(fields, bigquery_columns, BIGQUERY_COLUMNS);
        bigquery_columns_fields(fields, &bigquery_change_column, 1);
    }
    char *text = json_print(job);
    json_free(job);
    return text;
}

static void add_params(struct json *config, const struct bigquery_query *query)
{
    struct json *list = json_add(config, "queryParameters", json_array());
    json_add_text(config, "parameterMode", "NAMED");
    for (size_t i = 0; i < BIGQUERY_PARAMS && query->params[i].name != NULL; i++) {
        struct json *param = json_append(list, json_object());
        json_add_text(param, "name", query->params[i].name);
        json_add_text(json_add(param, "parameterType", json_object()), "type", query->params[i].type);
        json_add_text(json_add(param, "parameterValue", json_object()), "value", query->params[i].value);
    }
}

static char *describe_query(const struct bigquery_place *place, const struct bigquery_query *query)
{
    struct json *job = json_object();
    char timeout[STR_INT_SIZE];
    refer(job, place, query->id);
    struct json *configuration = json_add(job, "configuration", json_object());
    if (query->is_dry_run)
        json_add_bool(configuration, "dryRun", true);
    if (query->changes_rows)
        json_add_text(json_add(configuration, "labels", json_object()), LABEL, place->route);
    if (query->timeout_ms > 0)
        json_add_text(configuration, "jobTimeoutMs", str_of_int(query->timeout_ms, timeout));
    struct json *config = json_add(configuration, "query", json_object());
    json_add_text(config, "query", query->sql);
    json_add_bool(config, "useLegacySql", false);
    if (query->uses_dataset) {
        struct json *dataset = json_add(config, "defaultDataset", json_object());
        json_add_text(dataset, "projectId", bigquery_api_names(place->api)->project);
        json_add_text(dataset, "datasetId", bigquery_api_names(place->api)->dataset);
    }
    if (query->params[0].name != NULL)
        add_params(config, query);
    if (query->partition != NULL) {
        bigquery_tables_reference(config, "destinationTable", bigquery_api_names(place->api), query->partition);
        json_add_text(config, "createDisposition", "CREATE_NEVER");
        json_add_text(config, "writeDisposition", "WRITE_TRUNCATE");
    }
    char *text = json_print(job);
    json_free(job);
    return text;
}

/* ---- the file ---- */

/* A file without a name: it vanishes with the process. */
struct parcel {
    FILE *file;
    int64_t from, length; /* the lines ... */
    int64_t lines;        /* ... and how many there are */
    int64_t whole;        /* all parts */
};

static bool open_parcel(const char *state_dir, struct parcel *parcel)
{
    char *path = mem_format("%s/bigquery-XXXXXX", state_dir);
    int fd = mkstemp(path);
    if (fd >= 0)
        (void)unlink(path);
    parcel->file = fd >= 0 ? fdopen(fd, "w+") : NULL;
    if (parcel->file == NULL && fd >= 0)
        (void)close(fd);
    free(path);
    return parcel->file != NULL;
}

static bool write_text(struct parcel *parcel, const char *text)
{
    size_t length = strlen(text);
    parcel->whole += (int64_t)length;
    return fwrite(text, 1, length, parcel->file) == length;
}

/* Writes the parts of a multipart upload: the job, and the lines. */
static bool write_parcel(const struct bigquery_load *load, const char *job, struct parcel *parcel)
{
    bool good = write_text(parcel, "--" BOUNDARY "\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n") &&
                write_text(parcel, job) &&
                write_text(parcel, "\r\n--" BOUNDARY "\r\nContent-Type: application/octet-stream\r\n\r\n");
    parcel->from = parcel->whole;
    char *line = load->line(load->context, 0);
    for (size_t i = 1; good && line != NULL; i++) {
        good = write_text(parcel, line);
        parcel->lines++;
        free(line);
        line = load->line(load->context, i);
    }
    free(line);
    parcel->length = parcel->whole - parcel->from;
    return good && write_text(parcel, "\r\n--" BOUNDARY "--\r\n") && fflush(parcel->file) == 0;
}

/* ---- loading ---- */

/* Begins an upload, and sends the lines to its address. The repeated request of a job that BigQuery has is a
 * duplicate. */
static enum bigquery_fault send_resumable(const struct bigquery_place *place, const struct bigquery_load *load,
                                          const char *job, const struct parcel *parcel, struct json **ret_job,
                                          struct bigquery_failure *failure)
{
    enum bigquery_fault fault = BIGQUERY_RETRY;
    for (int i = 0; i < UPLOADS && fault == BIGQUERY_RETRY; i++) {
        char *session = NULL;
        const struct bigquery_request start = { .method = "POST", .path = "/jobs?uploadType=resumable", .body = job,
                                                .is_upload = true, .ret_session = &session };
        fault = bigquery_api_ask(place->api, &start, NULL, failure);
        if (fault == BIGQUERY_EXISTS) {
            const struct bigquery_request again = { .method = "POST", .path = JOBS, .body = job };
            fault = bigquery_api_run(place->api, &again, load->id, place->location, ret_job, failure);
        } else if (fault == BIGQUERY_FINE) {
            const struct bigquery_request bytes = { .method = "PUT", .session = session, .file = fileno(parcel->file),
                                                    .from = parcel->from, .length = parcel->length,
                                                    .content_type = "application/octet-stream" };
            fault = bigquery_api_run(place->api, &bytes, load->id, place->location, ret_job, failure);
        }
        mem_free_secret(session);
    }
    return fault;
}

static enum bigquery_fault send_multipart(const struct bigquery_place *place, const struct bigquery_load *load,
                                          const struct parcel *parcel, struct json **ret_job,
                                          struct bigquery_failure *failure)
{
    const struct bigquery_request request = { .method = "POST", .path = JOBS "&uploadType=multipart",
                                              .is_upload = true, .file = fileno(parcel->file),
                                              .length = parcel->whole,
                                              .content_type = "multipart/related; boundary=" BOUNDARY };
    return bigquery_api_run(place->api, &request, load->id, place->location, ret_job, failure);
}

/* A job that ends well has loaded every line. An answer that says something else is of no job of ours, and calls would
 * be lost if it were believed. */
static enum bigquery_fault check_loaded(const struct parcel *parcel, int64_t rows, struct bigquery_failure *failure)
{
    if (rows == parcel->lines)
        return BIGQUERY_FINE;
    return bigquery_verdict_set(failure, BIGQUERY_RETRY, "", "BigQuery says that a load job has ended well, but that %"
                                PRId64 " of its %" PRId64 " rows are loaded", rows, parcel->lines);
}

enum bigquery_fault bigquery_job_load(const struct bigquery_place *place, const struct bigquery_load *load,
                                      int64_t *ret_rows, struct bigquery_failure *failure)
{
    struct parcel parcel = { .file = NULL };
    struct json *done = NULL;
    char *job = describe_load(place, load);
    enum bigquery_fault fault = BIGQUERY_RETRY;
    if (!open_parcel(place->state_dir, &parcel) || !write_parcel(load, job, &parcel))
        (void)bigquery_verdict_set(failure, fault, "; make room there",
                                   "could not write the calls of a batch to a file in %.200s: %s", place->state_dir,
                                   strerror(errno));
    else
        fault = parcel.whole > MULTIPART_MOST ? send_resumable(place, load, job, &parcel, &done, failure)
                                              : send_multipart(place, load, &parcel, &done, failure);
    if (fault == BIGQUERY_FINE) {
        *ret_rows = bigquery_job_number(done, "load", "outputRows");
        fault = check_loaded(&parcel, *ret_rows, failure);
    }
    json_free(done);
    if (parcel.file != NULL)
        (void)fclose(parcel.file);
    free(job);
    return fault;
}

/* ---- queries ---- */

/* Calls visit for those jobs of a page of the list that have our label. */
static enum bigquery_fault visit_page(const struct bigquery_place *place, const struct json *page,
                                      bigquery_job_visit *visit, void *context, struct bigquery_failure *failure)
{
    enum bigquery_fault fault = BIGQUERY_FINE;
    const struct json *job = json_first(json_member(page, "jobs"));
    for (; fault == BIGQUERY_FINE && job != NULL; job = json_next(job)) {
        const struct json *reference = json_member(job, "jobReference"), *config = json_member(job, "configuration");
        const struct json *labels = config != NULL ? json_member(config, "labels") : NULL;
        const char *route = str_or_empty(labels != NULL ? json_text(labels, LABEL) : NULL);
        const char *id = str_or_empty(reference != NULL ? json_text(reference, "jobId") : NULL);
        if (strcmp(route, place->route) == 0 && *id != '\0')
            fault = visit(context, id, failure);
    }
    return fault;
}

/* Every account may list its own jobs. */
enum bigquery_fault bigquery_job_each(const struct bigquery_place *place, const char *filter, bigquery_job_visit *visit,
                                      void *context, struct bigquery_failure *failure)
{
    enum bigquery_fault fault = BIGQUERY_FINE;
    char *token = mem_copy("");
    do {
        char *path = mem_format("/jobs?projection=full&%s&maxResults=1000%s%s&"
                                "fields=nextPageToken,jobs(jobReference/jobId,configuration/labels)", filter,
                                *token != '\0' ? "&pageToken=" : "", token);
        const struct bigquery_request request = { .method = "GET", .path = path };
        struct json *page = NULL;
        fault = bigquery_api_ask(place->api, &request, &page, failure);
        if (fault == BIGQUERY_FINE)
            fault = visit_page(place, page, visit, context, failure);
        free(token);
        token = url_escape(str_or_empty(page != NULL ? json_text(page, "nextPageToken") : NULL));
        json_free(page);
        free(path);
    } while (fault == BIGQUERY_FINE && *token != '\0');
    free(token);
    return fault;
}

struct settling {
    const struct bigquery_place *place;
    const char *own; /* the id of a job that may run */
};

static enum bigquery_fault settle_other(void *context, const char *id, struct bigquery_failure *failure)
{
    const struct settling *settling = context;
    const struct bigquery_place *place = settling->place;
    return strcmp(id, settling->own) != 0 ? bigquery_api_settle(place->api, id, place->location, failure)
                                          : BIGQUERY_FINE;
}

static enum bigquery_fault settle_others(const struct bigquery_place *place, const char *own,
                                         struct bigquery_failure *failure)
{
    struct settling settling = { .place = place, .own = own };
    return bigquery_job_each(place, "stateFilter=pending&stateFilter=running", settle_other, &settling, failure);
}

/* BigQuery may run two jobs on one table at the same time. Each would miss the other's rows, and a call would have
 * two. The list of jobs may lag behind, so the noted one is asked for by its id. */
static enum bigquery_fault wait_for_change(const struct bigquery_place *place, const struct bigquery_query *query,
                                           struct bigquery_failure *failure)
{
    const struct bigquery_state *note = place->note;
    int64_t now = clock_now_epoch();
    bool may_run = *note->job != '\0' && (note->job_at > now || now - note->job_at < LONGEST_SEC);
    bool is_other = may_run && strcmp(note->job, query->id) != 0;
    enum bigquery_fault fault = is_other ? bigquery_api_settle(place->api, note->job, place->location, failure)
                                         : BIGQUERY_FINE;
    if (fault == BIGQUERY_FINE && !*place->looked)
        fault = settle_others(place, query->id, failure);
    *place->looked = *place->looked || fault == BIGQUERY_FINE;
    return fault;
}

static enum bigquery_fault note_change(const struct bigquery_place *place, const struct bigquery_query *query,
                                       struct bigquery_failure *failure)
{
    struct bigquery_state *note = place->note;
    struct err err;
    (void)snprintf(note->job, sizeof note->job, "%s", query->id);
    note->job_at = clock_now_epoch();
    return bigquery_state_save(place->state_dir, note, &err) == 0
               ? BIGQUERY_FINE : bigquery_verdict_set(failure, BIGQUERY_RETRY, "", "%.300s", err.message);
}

enum bigquery_fault bigquery_job_query(const struct bigquery_place *place, const struct bigquery_query *query,
                                       struct json **ret_job, struct bigquery_failure *failure)
{
    struct json *job = NULL;
    enum bigquery_fault fault = query->changes_rows || query->follows_changes ? wait_for_change(place, query, failure)
                                                                              : BIGQUERY_FINE;
    if (fault == BIGQUERY_FINE && query->changes_rows)
        fault = note_change(place, query, failure);
    char *body = describe_query(place, query);
    const struct bigquery_request request = { .method = "POST", .path = JOBS, .body = body };
    if (fault == BIGQUERY_FINE)
        fault = query->is_dry_run ? bigquery_api_ask(place->api, &request, &job, failure)
                                  : bigquery_api_run(place->api, &request, query->id, place->location, &job, failure);
    if (query->changes_rows && (fault == BIGQUERY_FINE || failure->code == BIGQUERY_FAILED_JOB)) {
        *place->note->job = '\0';
        (void)!bigquery_state_save(place->state_dir, place->note, NULL); /* otherwise it is asked for once more */
    }
    free(body);
    if (ret_job != NULL)
        *ret_job = job;
    else
        json_free(job);
    return fault;
}

/* Returns how many rows the page has. */
static size_t take_rows(const struct json *page, struct json *rows)
{
    size_t count = 0;
    for (const struct json *row = json_first(json_member(page, "rows")); row != NULL; row = json_next(row), count++) {
        const struct json *cell = json_first(json_member(row, "f"));
        const char *text = cell != NULL ? json_text(cell, "v") : NULL;
        if (text != NULL)
            json_append_text(rows, text);
    }
    return count;
}

/* Whether the pages had all rows of the result: the last page says how many there are. */
static bool has_all(const struct json *page, size_t read)
{
    int64_t total = -1;
    char *text = json_text_or_number(json_member(page, "totalRows"));
    bool good = text != NULL && str_to_int(text, &total);
    free(text);
    return good && json_is(page, "jobComplete", true) && total == (int64_t)read;
}

/* How many rows a page has is BigQuery's choice. */
enum bigquery_fault bigquery_job_rows(const struct bigquery_place *place, const char *id, struct json **ret_rows,
                                      struct bigquery_failure *failure)
{
    size_t read = 0, count = 1;
    bool is_whole = false;
    *ret_rows = json_array();
    while (count > 0 && !is_whole) {
        char *path = mem_format("/queries/%s?location=%s&startIndex=%zu&fields=jobComplete,totalRows,rows", id,
                                place->location, read);
        const struct bigquery_request request = { .method = "GET", .path = path };
        struct json *page = NULL;
        enum bigquery_fault fault = bigquery_api_ask(place->api, &request, &page, failure);
        free(path);
        if (fault != BIGQUERY_FINE) {
            json_free(page);
            return fault;
        }
        count = take_rows(page, *ret_rows);
        read += count;
        is_whole = has_all(page, read);
        json_free(page);
    }
    return is_whole ? BIGQUERY_FINE : bigquery_verdict_set(failure, BIGQUERY_RETRY, "", "BigQuery has not given all "
                                                           "rows of a result");
}

int64_t bigquery_job_number(const struct json *job, const char *group, const char *name)
{
    int64_t number = 0;
    const struct json *statistics = json_member(job, "statistics");
    const struct json *part = statistics != NULL ? json_member(statistics, group) : NULL;
    char *text = json_text_or_number(part != NULL ? json_member(part, name) : NULL);
    bool good = text != NULL && str_to_int(text, &number);
    free(text);
    return good ? number : 0;
}
