/* Tests of bigquery_verdict: the reason decides, not the status. */
#include "../unit.h"

#include "sink/bigquery_verdict.h"

static const struct bigquery_names names = { .account = "sync@calls.iam", .project = "calls", .dataset = "telephony",
                                             .table = "calls", .origin = "/etc/key.json" };

static enum bigquery_fault judge(long status, const char *reason, struct bigquery_failure *failure)
{
    char body[400];
    (void)snprintf(body, sizeof body, "{\"error\":{\"code\":%ld,\"message\":\"words\",\"errors\":[{\"reason\":"
                                      "\"%s\"}]}}", status, reason);
    return bigquery_verdict_of(&(struct http_answer){ .status = status, .body = body }, &names, failure);
}

static void test_verdict_of_every_reason(void **state)
{
    (void)state;
    static const struct {
        long status;
        const char *reason;
        enum bigquery_fault fault;
        enum outcome_kind kind;
        const char *advice;
    } rows[] = {
        { 503, "backendError", BIGQUERY_RETRY, OUTCOME_RETRY, "" },
        { 500, "", BIGQUERY_RETRY, OUTCOME_RETRY, "" },
        { 400, "tableUnavailable", BIGQUERY_RETRY, OUTCOME_RETRY, "" },
        { 403, "rateLimitExceeded", BIGQUERY_SLOW_DOWN, OUTCOME_RATE_LIMITED, "" },
        { 429, "", BIGQUERY_SLOW_DOWN, OUTCOME_RATE_LIMITED, "" },
        { 403, "quotaExceeded", BIGQUERY_DAY, OUTCOME_RATE_LIMITED, "raise load_interval" },
        { 403, "billingNotEnabled", BIGQUERY_SANDBOX, OUTCOME_MISCONFIGURED, "link a billing account" },
        { 403, "accessDenied", BIGQUERY_WRONG, OUTCOME_MISCONFIGURED, "give sync@calls.iam the roles" },
        { 403, "accessNotConfigured", BIGQUERY_WRONG, OUTCOME_MISCONFIGURED, "switch the BigQuery API on" },
        { 401, "authError", BIGQUERY_WRONG, OUTCOME_MISCONFIGURED, "/etc/key.json" },
        { 404, "notFound", BIGQUERY_MISSING, OUTCOME_MISCONFIGURED, "check project (calls)" },
        { 409, "duplicate", BIGQUERY_EXISTS, OUTCOME_MISCONFIGURED, "" },
        { 400, "invalidQuery", BIGQUERY_WRONG, OUTCOME_MISCONFIGURED, "compare the columns" },
        { 400, "somethingNew", BIGQUERY_WRONG, OUTCOME_MISCONFIGURED, "" },
        { 307, "", BIGQUERY_WRONG, OUTCOME_MISCONFIGURED, "a redirect is never followed" },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct bigquery_failure failure;
        unit_same_int(rows[i].reason, judge(rows[i].status, rows[i].reason, &failure), rows[i].fault);
        unit_same_int(rows[i].reason, failure.code, rows[i].status);
        unit_has(rows[i].reason, failure.advice, rows[i].advice);
        struct outcome outcome = bigquery_verdict_outcome(&failure);
        unit_same_int(rows[i].reason, outcome.kind, rows[i].kind);
        unit_true(rows[i].reason, outcome.kind != OUTCOME_RATE_LIMITED || outcome.wait_sec > 0);
        unit_true(rows[i].reason, !outcome.blames_call && *outcome.reason != '\0');
    }
}

static void test_verdict_of_a_job_comes_from_its_error_not_from_http(void **state)
{
    (void)state;
    static const struct {
        const char *job;
        enum bigquery_fault fault;
        int64_t position;
    } rows[] = {
        { "{\"status\":{\"state\":\"DONE\"}}", BIGQUERY_FINE, -1 },
        { "{\"status\":{\"state\":\"DONE\",\"errors\":[{\"reason\":\"invalid\"}]}}", BIGQUERY_FINE, -1 }, /* warnings */
        { "{\"status\":{\"errorResult\":{\"reason\":\"jobBackendError\",\"message\":\"x\"}}}", BIGQUERY_RETRY, -1 },
        { "{\"status\":{\"errorResult\":{\"reason\":\"newReason\",\"message\":\"x\"}}}", BIGQUERY_RETRY, -1 },
        { "{\"status\":{\"errorResult\":{\"reason\":\"invalidQuery\",\"message\":\"Could not serialize access to table "
          "t due to concurrent update\"}}}", BIGQUERY_RETRY, -1 },
        { "{\"status\":{\"errorResult\":{\"reason\":\"billingNotEnabled\",\"message\":\"x\"}}}", BIGQUERY_SANDBOX, -1 },
        { "{\"status\":{\"errorResult\":{\"reason\":\"invalid\",\"message\":\"giving up\"},\"errors\":[{\"message\":"
          "\"giving up\"},{\"message\":\"JSON parsing error in row starting at position 512: no\"}]}}", BIGQUERY_ROW,
          512 },
        { "{\"status\":{\"errorResult\":{\"reason\":\"invalid\",\"message\":\"in row starting at position 7\"}}}",
          BIGQUERY_ROW, 7 },
        { "{\"status\":{\"errorResult\":{\"reason\":\"invalid\",\"message\":\"in row starting at position  9: Row "
          "size is larger than: 104857600.\"}}}", BIGQUERY_ROW, 9 },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct bigquery_failure failure;
        struct json *job = json_parse(rows[i].job);
        assert_non_null(job);
        unit_same_int(rows[i].job, bigquery_verdict_of_job(job, &names, &failure), rows[i].fault);
        unit_same_int(rows[i].job, failure.position, rows[i].position);
        unit_same_int(rows[i].job, failure.code, rows[i].fault == BIGQUERY_FINE ? 0 : BIGQUERY_FAILED_JOB);
        json_free(job);
    }
}

static void test_verdict_of_a_job_names_the_cause_not_the_count(void **state)
{
    (void)state;
    static const char counts[] = "{\"status\":{\"errorResult\":{\"reason\":\"invalid\",\"message\":\"too many errors, "
                                 "giving up. Rows: 1; errors: 1. Look into the errors[] collection\"},\"errors\":["
                                 "{\"message\":\"too many errors, giving up. Rows: 1\"},%s]}}";
    static const struct {
        const char *errors, *cause;
    } rows[] = {
        { "{\"message\":\"other\"},{\"message\":\"error in row starting at position 5: no such field\"},"
          "{\"message\":\"giving up: 1\"}", "invalid: error in row starting at position 5: no such field" },
        { "{\"message\":\"Row size is larger than 100 MB\"},{\"message\":\"giving up: 1\"}",
          "invalid: Row size is larger than 100 MB" },
        { "{\"message\":\"\"},{}", "invalid: too many errors, giving up. Rows: 1; errors: 1." },
        { "{\"message\":\"in row starting at position 5: \\u001b[2J x\"}", "position 5: ?[2J x" },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct bigquery_failure failure;
        char text[1024];
        (void)snprintf(text, sizeof text, counts, rows[i].errors);
        struct json *job = json_parse(text);
        assert_non_null(job);
        unit_same_int(rows[i].cause, bigquery_verdict_of_job(job, &names, &failure), BIGQUERY_ROW);
        unit_has(rows[i].cause, failure.reason, rows[i].cause);
        json_free(job);
    }
}

static void test_verdict_describes_a_failed_job_as_no_success(void **state)
{
    (void)state;
    char text[40];
    assert_true(bigquery_verdict_describe(200, text, sizeof text));
    assert_string_equal(text, "loaded");
    assert_false(bigquery_verdict_describe(BIGQUERY_FAILED_JOB, text, sizeof text));
    assert_string_equal(text, "failed job");
    assert_false(bigquery_verdict_describe(0, text, sizeof text));
    assert_false(bigquery_verdict_describe(403, text, sizeof text));
    assert_string_equal(text, "HTTP 403");
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_verdict_of_every_reason),
                                        cmocka_unit_test(test_verdict_of_a_job_comes_from_its_error_not_from_http),
                                        cmocka_unit_test(test_verdict_of_a_job_names_the_cause_not_the_count),
                                        cmocka_unit_test(test_verdict_describes_a_failed_job_as_no_success) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
