/* bigquery_api: requests to BigQuery with an access token, and jobs until their end. For bigquery's files only. */
#ifndef BIGQUERY_API_H
#define BIGQUERY_API_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/json.h"
#include "domain/params.h"
#include "sink/bigquery_verdict.h"
#include "sink/sink.h"

struct bigquery_api;

/* The most seconds that requests take after on_turn has forbidden them. */
#define BIGQUERY_AFTER_END_SEC 600

/* bigquery_api_environment: adds the settings of an older tool's environment variables, see read_environment. */
void bigquery_api_environment(struct params *params);

/* bigquery_api_open: reads credentials, bigquery_url, timeout and the names from params, and sends nothing. Ownership:
 * bigquery_api_close; params is borrowed until then. Errors: EX_CONFIG. */
int bigquery_api_open(const struct params *params, struct bigquery_api **ret_api, struct err *err) MUST_CHECK;

/* bigquery_api_watch: from now on every request calls observer->on_turn. After an interrupt, and
 * BIGQUERY_AFTER_END_SEC after on_turn has returned 0, requests are given up (BIGQUERY_GIVEN_UP). observer NULL: no
 * more. Ownership: borrowed. */
void bigquery_api_watch(struct bigquery_api *api, const struct sink_observer *observer);

/* bigquery_api_end_at: requests are given up (BIGQUERY_GIVEN_UP) at until_ms (monotonic); 0: there is no such time. */
void bigquery_api_end_at(struct bigquery_api *api, int64_t until_ms);

/* bigquery_api_names: the names in messages. Ownership: borrowed from api. */
const struct bigquery_names *bigquery_api_names(const struct bigquery_api *api);

/* bigquery_api_address: where requests go. Ownership: borrowed from api. */
const char *bigquery_api_address(const struct bigquery_api *api);

/* bigquery_api_clock: the time of BigQuery's last good answer, an epoch by its own clock; 0: no answer has had one. */
int64_t bigquery_api_clock(const struct bigquery_api *api);

/* bigquery_api_lost_login: whether the last request failed because Google gave no token. */
bool bigquery_api_lost_login(const struct bigquery_api *api);

/* One request. Ownership: borrowed. */
struct bigquery_request {
    const char *method;       /* "GET", "POST", "PATCH", "DELETE" */
    const char *path;         /* after the project's address: "/datasets/calls" */
    const char *body;         /* JSON; NULL: none, or a file */
    bool is_upload;           /* path is that of an upload */
    int file;                 /* of an upload: the body's file ... */
    int64_t from, length;     /* ... and the part of it; length 0: no file */
    const char *content_type; /* of that part */
    char **ret_session;       /* optional: takes the address of a resumable upload; the caller frees it with
                               * mem_free_secret */
    const char *session;      /* that address, which is the secret itself, instead of path; sent only once */
};

/* bigquery_api_ask: sends the request and waits for the answer; asks for a token, and for another one if that is
 * refused. Repeats it a few times after failures that pass: so a request must do no harm if it is repeated. *ret_json:
 * the answer; NULL: it has none. ret_json may be NULL. Ownership: json_free. Returns *failure's fault. */
enum bigquery_fault bigquery_api_ask(struct bigquery_api *api, const struct bigquery_request *request,
                                     struct json **ret_json, struct bigquery_failure *failure);

/* bigquery_api_pause: waits before another try. False: the run ends. */
bool bigquery_api_pause(struct bigquery_api *api, int64_t wait_ms);

/* What we read of a job's answer. Without it, BigQuery adds the plan of a query, which may be long. */
#define BIGQUERY_JOB_FIELDS "fields=status,statistics(load/outputRows,query/numDmlAffectedRows)"

/* bigquery_api_run: starts the job that request describes, whose id is id, and waits for its end. If BigQuery has seen
 * the id, waits for the job that has it. *ret_job: the job; NULL after a failure. Ownership: json_free. */
enum bigquery_fault bigquery_api_run(struct bigquery_api *api, const struct bigquery_request *request, const char *id,
                                     const char *location, struct json **ret_job, struct bigquery_failure *failure);

/* bigquery_api_settle: waits for the end of the job id of an earlier request, if there is such a job. It may have
 * failed. Returns *failure's fault. */
enum bigquery_fault bigquery_api_settle(struct bigquery_api *api, const char *id, const char *location,
                                        struct bigquery_failure *failure);

/* bigquery_api_close: ends a request in flight, and overwrites the secrets. api may be NULL. */
void bigquery_api_close(struct bigquery_api *api);

#endif
