/* Tests of did_optimizer_verdict: what each answer of the API means. */
#include "../unit.h"

#include "sink/did_optimizer_verdict.h"

static struct outcome judge(long status, const char *body)
{
    return did_optimizer_verdict_of(&(struct answer){ .http.status = status, .http.body = body });
}

static void test_verdict_of_each_status_with_and_without_words(void **state)
{
    (void)state;
    static const struct {
        long status;
        enum outcome_kind want;
    } rows[] = {
        { 300, OUTCOME_MISCONFIGURED }, { 301, OUTCOME_MISCONFIGURED }, { 302, OUTCOME_MISCONFIGURED },
        { 303, OUTCOME_MISCONFIGURED }, { 304, OUTCOME_MISCONFIGURED }, { 307, OUTCOME_MISCONFIGURED },
        { 308, OUTCOME_MISCONFIGURED }, { 399, OUTCOME_MISCONFIGURED }, { 400, OUTCOME_REJECTED },
        { 401, OUTCOME_MISCONFIGURED }, { 402, OUTCOME_RETRY }, { 403, OUTCOME_MISCONFIGURED },
        { 404, OUTCOME_MISCONFIGURED }, { 405, OUTCOME_MISCONFIGURED }, { 406, OUTCOME_RETRY },
        { 407, OUTCOME_RETRY }, { 408, OUTCOME_RETRY }, { 409, OUTCOME_REJECTED }, { 410, OUTCOME_RETRY },
        { 412, OUTCOME_RETRY }, { 413, OUTCOME_REJECTED }, { 414, OUTCOME_RETRY }, { 418, OUTCOME_RETRY },
        { 421, OUTCOME_RETRY }, { 422, OUTCOME_REJECTED }, { 425, OUTCOME_RETRY }, { 429, OUTCOME_RATE_LIMITED },
        { 451, OUTCOME_RETRY }, { 499, OUTCOME_RETRY }, { 500, OUTCOME_RETRY }, { 501, OUTCOME_RETRY },
        { 502, OUTCOME_RETRY }, { 503, OUTCOME_RETRY }, { 504, OUTCOME_RETRY }, { 520, OUTCOME_RETRY },
        { 599, OUTCOME_RETRY }, { 100, OUTCOME_RETRY }, { 199, OUTCOME_RETRY }, { 600, OUTCOME_RETRY },
        { 999, OUTCOME_RETRY }, { -1, OUTCOME_RETRY },
    };
    static const char *const bodies[] = { "", "<html>oops</html>", "{}", "{\"success\":true}", "{\"success\":false}" };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++)
        for (size_t k = 0; k < UNIT_COUNT(bodies); k++) {
            char row[60], number[20];
            struct outcome outcome = judge(rows[i].status, bodies[k]);
            (void)snprintf(row, sizeof row, "HTTP %ld %s", rows[i].status, bodies[k]);
            (void)snprintf(number, sizeof number, "%ld", rows[i].status);
            /* The API did not send the page, so the call is not at fault. */
            bool page = *bodies[k] == '<' && rows[i].want == OUTCOME_REJECTED && rows[i].status != 413;
            unit_same_int(row, outcome.kind, page ? OUTCOME_MISCONFIGURED : rows[i].want);
            unit_true(row, !outcome.known);
            unit_has(row, outcome.reason, number);
        }
}

static void test_verdict_of_a_2xx_depends_on_the_body(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        enum outcome_kind want;
        bool duplicate;
    } rows[] = {
        { "{\"success\":true}", OUTCOME_ACCEPTED, false },
        { "{\"success\":true,\"duplicate\":true}", OUTCOME_ACCEPTED, true },
        { "{\"success\":true,\"duplicate\":false}", OUTCOME_ACCEPTED, false },
        { "{\"duplicate\":true}", OUTCOME_ACCEPTED, true },
        { "{\"duplicate\":\"true\"}", OUTCOME_ACCEPTED, false },
        { "{}", OUTCOME_ACCEPTED, false },
        { " {\"id\": 7}\n", OUTCOME_ACCEPTED, false },
        { "{\"data\":{\"success\":false}}", OUTCOME_ACCEPTED, false },
        { "{\"success\":null}", OUTCOME_ACCEPTED, false },
        { "{\"success\":false}", OUTCOME_REJECTED, false },
        { "{\"success\": false , \"duplicate\": true}", OUTCOME_REJECTED, false },
        { "{\"success\":false,\"error\":\"bad campaign\"}", OUTCOME_REJECTED, false },
        { "", OUTCOME_RETRY, false },
        { " ", OUTCOME_RETRY, false },
        { "OK", OUTCOME_RETRY, false },
        { "<!DOCTYPE html><html><body>Please log in</body></html>", OUTCOME_RETRY, false },
        { "[]", OUTCOME_RETRY, false },
        { "[{\"success\":true}]", OUTCOME_RETRY, false },
        { "\"success\"", OUTCOME_RETRY, false },
        { "true", OUTCOME_RETRY, false },
        { "null", OUTCOME_RETRY, false },
        { "{\"success\":true", OUTCOME_RETRY, false },
        { "{\"success\":true}<html>", OUTCOME_RETRY, false },
        { "{success:true}", OUTCOME_RETRY, false },
        { "\xFF\xFE{", OUTCOME_RETRY, false },
    };
    static const long statuses[] = { 200, 201, 202, 204, 206, 299 };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++)
        for (size_t k = 0; k < UNIT_COUNT(statuses); k++) {
            char row[100];
            struct outcome outcome = judge(statuses[k], rows[i].body);
            (void)snprintf(row, sizeof row, "HTTP %ld %s", statuses[k], rows[i].body);
            unit_same_int(row, outcome.kind, rows[i].want);
            unit_same_int(row, outcome.known, rows[i].duplicate);
            if (rows[i].want == OUTCOME_ACCEPTED)
                unit_same_text(row, outcome.reason, "");
            else
                unit_true(row, strlen(outcome.reason) > 0);
        }
}

static void test_verdict_of_no_answer_is_a_retry(void **state)
{
    (void)state;
    static const struct {
        long status;
        const char *failure, *want_reason;
    } rows[] = {
        { 0, "Timeout was reached", "Timeout was reached" },
        { 0, NULL, "no answer" },
        { 200, "transfer closed with 3 bytes remaining", "transfer closed with 3 bytes remaining" },
        { 401, "transfer closed", "transfer closed" },
        { 0, "SSL: \x1B[31mbad\n", "SSL: ?[31mbad?" },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct outcome outcome = did_optimizer_verdict_of(
            &(struct answer){ .http.status = rows[i].status, .http.failure = rows[i].failure,
                              .http.body = "{\"success\":true}" });
        unit_same_int(rows[i].want_reason, outcome.kind, OUTCOME_RETRY);
        unit_same_text(rows[i].want_reason, outcome.reason, rows[i].want_reason);
        unit_same_int(rows[i].want_reason, *outcome.advice == ';', strstr(rows[i].want_reason, "Timeout") != NULL);
        unit_true(rows[i].want_reason, !outcome.known);
    }
}

static void test_verdict_quotes_the_reason_that_the_api_gives(void **state)
{
    (void)state;
    static const struct {
        long status;
        const char *body, *want;
    } rows[] = {
        { 400, "{\"error\":\"campaignId is missing\"}", "HTTP 400: campaignId is missing" },
        { 400, "{\"message\":\"campaignId is missing\"}", "HTTP 400: campaignId is missing" },
        { 400, "{\"message\":\"second\",\"error\":\"first\"}", "HTTP 400: first" },
        { 400, "{\"error\":{\"code\":1},\"message\":\"plain\"}", "HTTP 400: plain" },
        { 413, "{\"error\":{\"message\":\"too large\",\"statusCode\":413},\"message\":\"m\"}", "HTTP 413: too large" },
        { 400, "{\"detail\":\"first\",\"error\":\"second\"}", "HTTP 400: first" },
        { 400, "{\"detail\":[],\"error\":\"second\"}", "HTTP 400: second" },
        { 422, "{\"detail\":[{\"type\":\"missing\",\"loc\":[\"body\",\"campaignId\"],\"msg\":\"Field required\","
               "\"input\":{\"phone\":\"555\"}}]}", "HTTP 422: body.campaignId: Field required" },
        { 422, "{\"detail\":[{\"loc\":[\"body\",0,\"x\"],\"msg\":\"bad\"},{\"loc\":[\"body\"],\"msg\":\"worse\"}]}",
          "HTTP 422: body.0.x: bad; body: worse" },
        { 422, "{\"detail\":[{\"msg\":\"bad\"}]}", "HTTP 422: bad" },
        { 422, "{\"detail\":[7,{\"loc\":{\"a\":1}},null]}", "HTTP 422" },
        { 500, "Internal Server Error", "HTTP 500: Internal Server Error" },
        { 500, "\r\n first \nsecond", "HTTP 500: first " },
        { 500, "[\"private\"]", "HTTP 500" }, { 500, "{\"cut", "HTTP 500" },
        { 400, "{\"error\":7}", "HTTP 400" },
        { 400, "{\"error\":\"\"}", "HTTP 400" },
        { 400, "{\"nested\":{\"error\":\"deep\"}}", "HTTP 400" },
        { 422, "<html><h1>422</h1></html>", "HTTP 422" },
        { 500, "", "HTTP 500" },
        { 200, "{\"success\":false,\"error\":\"bad\"}", "HTTP 200: bad" },
        { 200, "{\"success\":false}", "HTTP 200: success: false" },
        { 400, "{\"error\":\"a\\r\\nb\\u001b[31m\\u0085c\"}", "HTTP 400: a??b?[31m?c" },
        { 400, "{\"error\":\"Z\\u00fcrich\"}", "HTTP 400: Z\xC3\xBCrich" },
        { 400, "{\"error\":\"%s%n%x\"}", "HTTP 400: %s%n%x" },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++)
        unit_same_text(rows[i].body, judge(rows[i].status, rows[i].body).reason, rows[i].want);
}

static void test_verdict_names_the_remedy_and_where(void **state)
{
    (void)state;
    static const struct {
        long status;
        const char *want, *place;
    } rows[] = {
        { 300, "api_base_url", "DIDS:3" }, { 399, "api_base_url", "DIDS:3" }, { 301, "its final address", "DIDS:3" },
        { 308, "api_base_url", "DIDS:3" }, { 401, "check api_key", "variable KEY" }, { 403, "api_key", "variable KEY" },
        { 403, "what guards the API", "variable KEY" }, { 404, "check api_base_url", "DIDS:3" },
        { 405, "check api_base_url", "DIDS:3" }, { 429, "100 requests in 15 minutes", "" }, { 429, "API's owner", "" },
        { 200, "check api_base_url", "DIDS:3" },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        char row[60];
        struct answer answer = { .http.status = rows[i].status, .http.body = "",
                                 .key_origin = "environment variable KEY",
                                 .url_origin = "/etc/DIDS:3" };
        (void)snprintf(row, sizeof row, "HTTP %ld", rows[i].status);
        unit_has(row, did_optimizer_verdict_of(&answer).advice, rows[i].want);
        unit_has(row, did_optimizer_verdict_of(&answer).advice, rows[i].place);
    }
    static const long without[] = { 400, 402, 409, 413, 422, 408, 500, 503 };
    for (size_t i = 0; i < UNIT_COUNT(without); i++)
        assert_string_equal(judge(without[i], "").advice, "");
    assert_string_equal(judge(400, "{\"detail\":[{\"loc\":[\"body\"],\"msg\":\"x\"}]}").advice, "");
}

static void test_verdict_of_a_page_blames_the_proxy_and_not_the_call(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        bool tls;
        enum outcome_kind want;
        const char *advice;
    } rows[] = {
        { " \n<html>Bad Request</html>", false, OUTCOME_MISCONFIGURED, "what stands before the API" },
        { "<center>The plain HTTP request was sent to HTTPS port</center>", false, OUTCOME_MISCONFIGURED,
          "write https://" },
        { "Client sent an HTTP request to an HTTPS server.", false, OUTCOME_MISCONFIGURED, "write https://" },
        { "Client sent an HTTP request to an HTTPS server.", true, OUTCOME_REJECTED, "" },
        { "no such campaign", false, OUTCOME_REJECTED, "" },
        { "", false, OUTCOME_REJECTED, "" },
    };
    static const long statuses[] = { 400, 409, 422 };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++)
        for (size_t k = 0; k < UNIT_COUNT(statuses); k++) {
            struct outcome outcome =
                did_optimizer_verdict_of(&(struct answer){ .http.status = statuses[k], .http.body = rows[i].body,
                                             .tls = rows[i].tls });
            unit_same_int(rows[i].body, outcome.kind, rows[i].want);
            unit_has(rows[i].body, outcome.advice, rows[i].advice);
        }
    assert_int_equal(judge(413, "<html>too large</html>").kind, OUTCOME_REJECTED);
}

static void test_verdict_of_a_missing_header_is_misconfigured(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        enum outcome_kind want;
    } rows[] = {
        { "{\"detail\":[{\"loc\":[\"header\",\"x-api-key\"],\"msg\":\"Field required\"}]}", OUTCOME_MISCONFIGURED },
        { "{\"detail\":[{\"loc\":[\"body\",\"zip\"],\"msg\":\"bad\"},{\"loc\":[\"header\"]}]}", OUTCOME_MISCONFIGURED },
        { "{\"detail\":[{\"loc\":[\"body\",\"header\"],\"msg\":\"bad\"}]}", OUTCOME_REJECTED },
        { "{\"detail\":[{\"loc\":[]}]}", OUTCOME_REJECTED }, { "{\"detail\":\"header\"}", OUTCOME_REJECTED },
        { "{\"detail\":[\"header\"]}", OUTCOME_REJECTED }, { "{\"detail\":{\"loc\":[\"header\"]}}", OUTCOME_REJECTED },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++)
        unit_same_int(rows[i].body, judge(422, rows[i].body).kind, rows[i].want);
    unit_has("advice", judge(422, rows[0].body).advice, "check api_key");
}

static void test_verdict_blames_the_call_or_the_api(void **state)
{
    (void)state;
    static const struct {
        long status;
        const char *body;
        bool want;
    } rows[] = {
        { 500, "{\"success\":false,\"error\":\"CallRecord validation failed: zip: Path `zip` (`123456`) is long\"}",
          true },
        { 500, "{\"error\":\"Cast to Number failed for value \\\"x\\\" at path \\\"duration\\\"\"}", true },
        { 500, "{\"error\":\"customerState.substring is not a function\"}", true },
        { 400, "{\"error\":\"Cast to Number failed\"}", false }, /* the call is rejected */
        { 500, "{\"message\":\"API key validation failed\",\"error\":\"Cast to ObjectId failed\"}", false },
        { 500, "{\"message\":\"API key validation failed\"}", false },
        { 500, "{\"error\":\"connect ECONNREFUSED\"}", false }, { 500, "", false },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++)
        unit_same_int(rows[i].body, judge(rows[i].status, rows[i].body).blames_call, rows[i].want);
    struct answer out_of_reach = { .http.failure = "could not connect", .http.unreachable = true, .http.body = "" };
    assert_true(did_optimizer_verdict_of(&out_of_reach).unreachable);
    assert_false(judge(500, "").unreachable);
}

static void test_verdict_says_what_came_instead_of_the_answer(void **state)
{
    (void)state;
    static const struct {
        const char *body, *type, *want;
        bool cut;
    } rows[] = {
        { "", NULL, "expected a JSON object, got an empty body", false },
        { " \n", "text/plain", "got an empty body", false },
        { "OK", "text/plain", "HTTP 200, but not the API's answer: expected a JSON object, got text/plain: 'OK'",
          false },
        { "[]", "application/json", "got application/json: '[]'", false },
        { "OK", NULL, "got a body without Content-Type: 'OK'", false },
        { "\n<!DOCTYPE html>\n<p>", "text/html",
          "(a proxy's or portal's page?): expected a JSON object, got text/html: '<!DOCTYPE html>'", false },
        { "{\"a\":\"key-xyz", "text/html", "text/html: '{\"a\":\"*******' (longer than 64 KiB)", true },
        { "a\x1b[1m", "te\x07xt", "te?xt: 'a?[1m'", false },
        { "123456789 123456789 123456789 123456789 123456789 123456789 123456789", "t",
          "'123456789 123456789 123456789 123456789 123456789 123456789 '", false },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct answer answer = { .http.status = 200, .http.body = rows[i].body, .http.content_type = rows[i].type,
                                 .http.body_cut = rows[i].cut, .secret = "key-xyz" };
        struct outcome outcome = did_optimizer_verdict_of(&answer);
        unit_same_int(rows[i].want, outcome.kind, OUTCOME_RETRY);
        unit_has(rows[i].body, outcome.reason, rows[i].want);
    }
}

static void test_verdict_reason_is_cut_at_a_whole_character(void **state)
{
    (void)state;
    char body[1300] = "{\"error\":\"";
    for (int i = 0; i < 400; i++)
        (void)strcat(body, "\xE2\x82\xAC");
    (void)strcat(body, "\"}");
    struct outcome outcome = judge(400, body);
    size_t length = strlen(outcome.reason);
    assert_true(length > 100 && length < sizeof outcome.reason);
    assert_int_equal((length - strlen("HTTP 400: ")) % 3, 0);
    assert_string_equal(outcome.reason + length - 3, "\xE2\x82\xAC");
}

static void test_verdict_survives_deeply_nested_json(void **state)
{
    (void)state;
    size_t depth = 60000;
    char *body = malloc(depth + 1);
    assert_non_null(body);
    memset(body, '[', depth);
    body[depth] = '\0';
    assert_int_equal(judge(200, body).kind, OUTCOME_RETRY);
    for (size_t i = 0; i + 5 <= depth; i += 5)
        memcpy(body + i, "{\"a\":", 5);
    assert_int_equal(judge(200, body).kind, OUTCOME_RETRY);
    assert_int_equal(judge(400, body).kind, OUTCOME_REJECTED);
    free(body);
}

static void test_verdict_clamps_retry_after(void **state)
{
    (void)state;
    static const struct {
        int64_t given, want;
    } rows[] = {
        { 0, 0 }, { 1, 1 }, { 899, 899 }, { 900, 900 }, { 901, 900 }, { 86400, 900 }, { INT64_MAX, 900 },
        { -1, 0 }, { INT64_MIN, 0 }, /* found by fuzzing: the header may name a date that has passed */
    };
    static const struct {
        long status;
        const char *failure;
    } answers[] = { { 429, NULL }, { 503, NULL }, { 500, NULL }, { 0, "cut off" } };
    assert_int_equal(OUTCOME_WAIT_MAX_SEC, 900);
    for (size_t i = 0; i < UNIT_COUNT(rows); i++)
        for (size_t k = 0; k < UNIT_COUNT(answers); k++) {
            char row[60];
            struct answer answer = { .http.status = answers[k].status, .http.failure = answers[k].failure,
                                     .http.body = "", .http.retry_after_sec = rows[i].given };
            (void)snprintf(row, sizeof row, "HTTP %ld, %lld", answers[k].status, (long long)rows[i].given);
            unit_same_int(row, did_optimizer_verdict_of(&answer).wait_sec, rows[i].want);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_verdict_of_each_status_with_and_without_words),
        cmocka_unit_test(test_verdict_of_a_2xx_depends_on_the_body),
        cmocka_unit_test(test_verdict_of_no_answer_is_a_retry),
        cmocka_unit_test(test_verdict_quotes_the_reason_that_the_api_gives),
        cmocka_unit_test(test_verdict_names_the_remedy_and_where),
        cmocka_unit_test(test_verdict_of_a_page_blames_the_proxy_and_not_the_call),
        cmocka_unit_test(test_verdict_of_a_missing_header_is_misconfigured),
        cmocka_unit_test(test_verdict_blames_the_call_or_the_api),
        cmocka_unit_test(test_verdict_says_what_came_instead_of_the_answer),
        cmocka_unit_test(test_verdict_reason_is_cut_at_a_whole_character),
        cmocka_unit_test(test_verdict_survives_deeply_nested_json),
        cmocka_unit_test(test_verdict_clamps_retry_after),
    };
    return cmocka_run_group_tests_name("did_optimizer_verdict", tests, NULL, NULL);
}
