/* Tests of http: addresses. The tests of requests that are answered are in tests/integration. */
#include "../unit.h"

#include "base/http.h"

static void test_http_reads_host_and_port(void **state)
{
    (void)state;
    static const struct {
        const char *text, *host;
        int64_t port;
    } rows[] = {
        { "https://api.example.com", "api.example.com", 0 },
        { "https://api.example.com:8443/base", "api.example.com", 8443 },
        { "http://localhost:1", "localhost", 1 },
        { "http://localhost:65535/", "localhost", 65535 },
        { "https://[2001:db8::1]:443", "[2001:db8::1]", 443 },
        { "HTTPS://A.example/x", "A.example", 0 },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct http_url url;
        unit_true(rows[i].text, http_read_url(rows[i].text, &url));
        unit_same_text(rows[i].text, url.host, rows[i].host);
        unit_same_int(rows[i].text, url.port, rows[i].port);
    }
}

static void test_http_refuses_an_address_with_a_user_or_without_a_host(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",          "https://",       "https://user@host", "https://user:pw@host", "https://:pw@host",
        "https://:1", "https://a:0",   "https://a:65536",   "https://a:x",          "https://a b",
        "https://[::1", "https://[gggg]", "nothing://host",
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct http_url url;
        unit_true(rows[i], !http_read_url(rows[i], &url));
    }
}

static void test_http_refuses_a_host_above_255_characters(void **state)
{
    (void)state;
    for (size_t length = 254; length <= 257; length++) {
        char text[300] = "https://";
        struct http_url url;
        memset(text + 8, 'a', length);
        assert_int_equal(http_read_url(text, &url), length <= 255);
    }
}

struct told {
    int answers;
    char failure[200];
};

static void keep_answer(void *context, size_t index, const struct http_answer *answer)
{
    struct told *told = context;
    (void)index;
    told->answers++;
    (void)snprintf(told->failure, sizeof told->failure, "%s", answer->failure != NULL ? answer->failure : "none");
}

static size_t let_one_go(void *context)
{
    (void)context;
    return 1;
}

static void test_http_fails_each_request_to_an_address_that_libcurl_refuses(void **state)
{
    (void)state;
    static const char *const rows[] = { "", "https://", "https://a:x/", "https://[::1/", "nothing://host/" };
    static const char *const no_headers[] = { NULL };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct err err;
        struct told told = { .answers = 0 };
        struct http *http = http_open(&(struct http_settings){ .url = rows[i], .headers = no_headers, .ca_file = "",
                                                               .connect_timeout = 1, .timeout = 1, .connections = 1 });
        const struct http_request requests[] = { { .body = "{}" }, { .body = "{}" } };
        const struct http_observer observer = { .on_answer = keep_answer, .on_turn = let_one_go, .context = &told };
        unit_same_int(rows[i], http_run(http, requests, UNIT_COUNT(requests), &observer, &err), 0);
        unit_same_int(rows[i], told.answers, 2);
        unit_true(rows[i], strcmp(told.failure, "none") != 0 && *told.failure != '\0');
        http_close(http);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_http_reads_host_and_port),
        cmocka_unit_test(test_http_refuses_an_address_with_a_user_or_without_a_host),
        cmocka_unit_test(test_http_refuses_a_host_above_255_characters),
        cmocka_unit_test(test_http_fails_each_request_to_an_address_that_libcurl_refuses),
    };
    return cmocka_run_group_tests_name("http", tests, NULL, NULL);
}
