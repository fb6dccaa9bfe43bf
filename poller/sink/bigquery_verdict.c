/* bigquery_verdict: what an error of BigQuery means, by its reason. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "sink/bigquery_verdict.h"

/* What BigQuery says of a failure. */
struct complaint {
    long status;
    const char *reason, *message;
};

static const struct {
    const char *reason;
    enum bigquery_fault fault;
} reasons[] = {
    { "backendError", BIGQUERY_RETRY },
    { "internalError", BIGQUERY_RETRY },
    { "jobBackendError", BIGQUERY_RETRY },
    { "jobInternalError", BIGQUERY_RETRY },
    { "tableUnavailable", BIGQUERY_RETRY },
    { "resourcesExceeded", BIGQUERY_RETRY },
    { "responseTooLarge", BIGQUERY_RETRY },
    { "stopped", BIGQUERY_RETRY },
    { "timeout", BIGQUERY_RETRY },
    { "rateLimitExceeded", BIGQUERY_SLOW_DOWN },
    { "jobRateLimitExceeded", BIGQUERY_SLOW_DOWN },
    { "quotaExceeded", BIGQUERY_DAY },
    { "billingNotEnabled", BIGQUERY_SANDBOX },
    { "notFound", BIGQUERY_MISSING },
    { "duplicate", BIGQUERY_EXISTS },
    { "accessDenied", BIGQUERY_WRONG },
    { "accessNotConfigured", BIGQUERY_WRONG },
    { "invalidQuery", BIGQUERY_WRONG },
    { "blocked", BIGQUERY_WRONG },
    { "invalid", BIGQUERY_ROW },
};

/* So long nothing is sent if BigQuery asks for less, and does not say for how long. */
#define SLOW_DOWN_SEC 60

enum bigquery_fault bigquery_verdict_set(struct bigquery_failure *failure, enum bigquery_fault fault,
                                         const char *advice, const char *format, ...)
{
    va_list args;
    *failure = (struct bigquery_failure){ .fault = fault, .position = -1 };
    va_start(args, format);
    (void)vsnprintf(failure->reason, sizeof failure->reason, format, args);
    va_end(args);
    (void)snprintf(failure->advice, sizeof failure->advice, "%s", advice);
    return fault;
}

static enum bigquery_fault fault_of(const struct complaint *complaint)
{
    long status = complaint->status;
    if (strstr(complaint->message, "due to concurrent update") != NULL) /* another MERGE into the same table */
        return BIGQUERY_RETRY;
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
        if (strcmp(complaint->reason, reasons[i].reason) == 0)
            return reasons[i].fault;
    if (status == 429)
        return BIGQUERY_SLOW_DOWN;
    if (status == 404)
        return BIGQUERY_MISSING;
    if (status == 409)
        return BIGQUERY_EXISTS;
    if (status >= 500 || status == 408 || status == 200) /* 200: an unknown reason of a job: a retry loses no call */
        return BIGQUERY_RETRY;
    return BIGQUERY_WRONG; /* also a redirect, which is never followed */
}

/* BigQuery names the row by the byte at which it begins: "JSON parsing error in row starting at position 512: ...".
 * Some of its messages have two blanks before the number. */
static int64_t position_in(const char *message)
{
    static const char mark[] = "starting at position";
    const char *at = strstr(message, mark);
    int64_t position = -1;
    char digits[24] = "";
    if (at != NULL) {
        at += sizeof mark - 1;
        at += strspn(at, " ");
        (void)snprintf(digits, sizeof digits, "%.*s", (int)strspn(at, "0123456789"), at);
    }
    return str_to_int(digits, &position) ? position : -1;
}

static void advise(const struct complaint *complaint, const struct bigquery_names *names,
                   struct bigquery_failure *failure)
{
    char *out = failure->advice;
    size_t size = sizeof failure->advice;
    if (complaint->status >= 300 && complaint->status <= 399)
        (void)snprintf(out, size, "; a redirect is never followed; correct bigquery_url under [sink], or remove it");
    else if (strcmp(complaint->reason, "accessNotConfigured") == 0)
        (void)snprintf(out, size, "; switch the BigQuery API on in the project %.60s", names->project);
    else if (complaint->status == 401)
        (void)snprintf(out, size, "; check the key of %.100s in %.120s", names->account, names->origin);
    else if (strcmp(complaint->reason, "invalidQuery") == 0)
        (void)snprintf(out, size, "; compare the columns of %.60s.%.60s with the man page", names->dataset,
                       names->table);
    else if (failure->fault == BIGQUERY_WRONG)
        (void)snprintf(out, size, "; give %.100s the roles BigQuery Job User and BigQuery Data Editor in the project "
                       "%.60s", names->account, names->project);
    else if (failure->fault == BIGQUERY_MISSING)
        (void)snprintf(out, size, "; check project (%.60s), dataset (%.60s) and location under [sink]",
                       names->project, names->dataset);
    else if (failure->fault == BIGQUERY_DAY)
        (void)snprintf(out, size, "; the calls wait, and go on when the quota is renewed (midnight, Pacific time); "
                       "raise load_interval under [sink] if this lasts");
    else if (failure->fault == BIGQUERY_SANDBOX)
        (void)snprintf(out, size, "; link a billing account to the project %.60s", names->project);
}

static enum bigquery_fault judge(const struct complaint *complaint, const struct bigquery_names *names,
                                 struct bigquery_failure *failure)
{
    char reason[80], message[280];
    (void)str_printable(complaint->reason, reason, sizeof reason);
    (void)str_printable(complaint->message, message, sizeof message);
    (void)bigquery_verdict_set(failure, fault_of(complaint), "", "BigQuery: HTTP %ld%s%s%s%s", complaint->status,
                               *reason != '\0' ? " " : "", reason, *message != '\0' ? ": " : "", message);
    if (complaint->status == 200)
        (void)snprintf(failure->reason, sizeof failure->reason, "BigQuery: %s: %s", reason, message);
    failure->code = complaint->status != 200 ? complaint->status : BIGQUERY_FAILED_JOB;
    if (failure->fault == BIGQUERY_DAY)
        failure->wait_sec = OUTCOME_WAIT_MAX_SEC;
    else if (failure->fault == BIGQUERY_SLOW_DOWN)
        failure->wait_sec = SLOW_DOWN_SEC;
    failure->position = position_in(complaint->message);
    advise(complaint, names, failure);
    return failure->fault;
}

enum bigquery_fault bigquery_verdict_of(const struct http_answer *answer, const struct bigquery_names *names,
                                        struct bigquery_failure *ret_failure)
{
    if (answer->failure != NULL && answer->status != 0)
        return bigquery_verdict_set(ret_failure, BIGQUERY_RETRY, "", "could not read the answer of BigQuery: %.300s",
                                    answer->failure);
    if (answer->failure != NULL)
        return bigquery_verdict_set(ret_failure, BIGQUERY_RETRY, "; check the network",
                                    "could not reach BigQuery: %.300s", answer->failure);
    if (answer->status >= 200 && answer->status <= 299) {
        *ret_failure = (struct bigquery_failure){ .position = -1 };
        return BIGQUERY_FINE;
    }
    struct json *json = json_parse(answer->body);
    const struct json *error = json != NULL ? json_member(json, "error") : NULL;
    const struct json *first = error != NULL ? json_first(json_member(error, "errors")) : NULL;
    const struct complaint complaint = {
        .status = answer->status,
        .reason = str_or_empty(first != NULL ? json_text(first, "reason") : NULL),
        .message = str_or_empty(error != NULL ? json_text(error, "message") : NULL),
    };
    (void)judge(&complaint, names, ret_failure);
    json_free(json);
    if (answer->retry_after_sec > 0 && ret_failure->fault != BIGQUERY_DAY)
        ret_failure->wait_sec = outcome_clamp_wait(answer->retry_after_sec);
    return ret_failure->fault;
}

/* With bad rows errorResult only counts them ("giving up"), and the list of errors has the cause: the message with a
 * row's position, or else the last one that does not give up as well. */
static const char *cause_of(const struct json *status, const char *message)
{
    static const char counts[] = "giving up";
    const char *cause = message;
    const struct json *error = json_first(json_member(status, "errors"));
    if (position_in(message) >= 0 || strstr(message, counts) == NULL)
        return message;
    for (; error != NULL; error = json_next(error)) {
        const char *text = str_or_empty(json_text(error, "message"));
        if (position_in(text) >= 0)
            return text;
        if (*text != '\0' && strstr(text, counts) == NULL)
            cause = text;
    }
    return cause;
}

enum bigquery_fault bigquery_verdict_of_job(const struct json *job, const struct bigquery_names *names,
                                            struct bigquery_failure *ret_failure)
{
    const struct json *status = json_member(job, "status");
    const struct json *error = status != NULL ? json_member(status, "errorResult") : NULL;
    *ret_failure = (struct bigquery_failure){ .position = -1 };
    if (json_is_null(error))
        return BIGQUERY_FINE;
    const struct complaint complaint = { .status = 200, .reason = str_or_empty(json_text(error, "reason")),
                                         .message = cause_of(status, str_or_empty(json_text(error, "message"))) };
    return judge(&complaint, names, ret_failure);
}

struct outcome bigquery_verdict_outcome(const struct bigquery_failure *failure)
{
    struct outcome outcome = { .kind = OUTCOME_RETRY, .unreachable = true, .code = failure->code,
                               .wait_sec = failure->wait_sec };
    if (failure->fault == BIGQUERY_DAY || failure->fault == BIGQUERY_SLOW_DOWN)
        outcome.kind = OUTCOME_RATE_LIMITED;
    else if (failure->fault != BIGQUERY_RETRY && failure->fault != BIGQUERY_GIVEN_UP)
        outcome.kind = OUTCOME_MISCONFIGURED;
    (void)snprintf(outcome.reason, sizeof outcome.reason, "%s", failure->reason);
    (void)snprintf(outcome.advice, sizeof outcome.advice, "%s", failure->advice);
    return outcome;
}

bool bigquery_verdict_describe(int64_t code, char *out, size_t size)
{
    if (code == 0 || code == BIGQUERY_FAILED_JOB)
        (void)snprintf(out, size, code == 0 ? "no answer" : "failed job");
    else
        (void)snprintf(out, size, code == 200 ? "loaded" : "HTTP %" PRId64, code);
    return code == 200;
}
