/* Tests of webhook_verdict: the status alone decides the outcome. */
#include "../unit.h"

#include "sink/webhook_verdict.h"

#define SECRETS "whsec_oldoldold whsec_newnewnew"

static struct outcome judge(const struct http_answer *answer)
{
    const struct webhook_places places = { .url_origin = "own.conf:2", .secret_origin = "own.conf:3", .secret = SECRETS,
                                           .tls = true, .profile_option = " --profile night" };
    return webhook_verdict_of(answer, &places);
}

static void test_verdict_of_every_status(void **state)
{
    (void)state;
    static const long rejected[] = { 400, 413, 422 };
    static const long misconfigured[] = { 401, 402, 403, 404, 405, 406, 407, 410, 411, 415, 426 };
    for (long status = 200; status <= 599; status++) {
        char row[24];
        enum outcome_kind want = status <= 299   ? OUTCOME_ACCEPTED
                                 : status <= 399 ? OUTCOME_MISCONFIGURED
                                                 : OUTCOME_RETRY;
        for (size_t i = 0; i < UNIT_COUNT(rejected); i++)
            want = status == rejected[i] ? OUTCOME_REJECTED : want;
        for (size_t i = 0; i < UNIT_COUNT(misconfigured); i++)
            want = status == misconfigured[i] ? OUTCOME_MISCONFIGURED : want;
        want = status == 429 ? OUTCOME_RATE_LIMITED : want;
        (void)snprintf(row, sizeof row, "%ld", status);
        struct outcome outcome = judge(&(struct http_answer){ .status = status, .body = "{\"success\":false}" });
        unit_same_int(row, outcome.kind, want);
        unit_same_int(row, outcome.code, status);
        unit_true(row, (*outcome.reason == '\0') == (want == OUTCOME_ACCEPTED));
        unit_true(row, !outcome.known && !outcome.unreachable && !outcome.blames_call);
        if (want == OUTCOME_MISCONFIGURED)
            unit_has(row, outcome.advice, "own.conf:");
    }
}

static void test_verdict_says_what_to_correct(void **state)
{
    (void)state;
    static const struct {
        long status;
        const char *want;
    } rows[] = { { 301, "; the receiver redirects: put its final address into url (own.conf:2)" },
                 { 399, "; the receiver redirects" },
                 { 401, "; check secret (own.conf:3), url, and this host's clock" },
                 { 403, "; check secret (own.conf:3)" },
                 { 404, "; check url (own.conf:2)" },
                 { 410, "; the receiver has given up this address for good: put its new address into url "
                        "(own.conf:2)" },
                 { 410, "or stop sending: did-optimizer-sync --profile night disable" },
                 { 429, "; ask the receiver's owner to allow more calls" },
                 { 500, "" },
                 { 422, "" } };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        const struct http_answer answer = { .status = rows[i].status, .body = "", .retry_after_sec = 7 };
        struct outcome outcome = judge(&answer);
        unit_has(rows[i].want, outcome.advice, rows[i].want);
        unit_true(rows[i].want, *rows[i].want != '\0' || *outcome.advice == '\0');
        unit_same_int(rows[i].want, outcome.wait_sec, 7);
    }
}

static void test_verdict_quotes_one_line_but_no_secret_and_no_page(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        { "no campaign\nmore", "HTTP 422: no campaign" },
        { " \n no campaign", "HTTP 422: no campaign" },
        { "<html>x", "HTTP 422" },
        { "", "HTTP 422" },
        { "I know whsec_newnewnew and whsec_oldoldold\x1B", "HTTP 422: I know *************** and ***************?" },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct outcome outcome = judge(&(struct http_answer){ .status = 422, .body = rows[i][0] });
        unit_lacks(rows[i][0], outcome.reason, "whsec_");
        if (strstr(rows[i][0], "whsec_") == NULL)
            unit_same_text(rows[i][0], outcome.reason, rows[i][1]);
    }
    char longest[300];
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    struct outcome outcome = judge(&(struct http_answer){ .status = 422, .body = longest });
    unit_in_range(strlen(outcome.reason), 100, 140);
}

static void test_verdict_of_no_answer_is_a_retry_and_names_the_remedy(void **state)
{
    (void)state;
    const struct http_answer late = { .failure = "Operation timed out after 1000 milliseconds", .body = "" };
    struct outcome outcome = judge(&late);
    assert_int_equal(outcome.kind, OUTCOME_RETRY);
    assert_int_equal(outcome.code, 0);
    unit_has("timeout", outcome.reason, "timed out");
    unit_has("timeout", outcome.advice, "timeout and connect_timeout under [sink]");
    outcome = judge(&(struct http_answer){ .status = 200, .failure = "Recv failure", .unreachable = true, .body = "" });
    assert_int_equal(outcome.kind, OUTCOME_RETRY);
    assert_true(outcome.unreachable);
    assert_string_equal(outcome.advice, "");
    outcome = judge(&(struct http_answer){ .body = "" });
    assert_int_equal(outcome.kind, OUTCOME_RETRY);
    assert_string_equal(outcome.reason, "no answer");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_verdict_of_every_status),
        cmocka_unit_test(test_verdict_says_what_to_correct),
        cmocka_unit_test(test_verdict_quotes_one_line_but_no_secret_and_no_page),
        cmocka_unit_test(test_verdict_of_no_answer_is_a_retry_and_names_the_remedy),
    };
    return cmocka_run_group_tests_name("webhook_verdict", tests, NULL, NULL);
}
