/* Tests of http_read_url. The tests of requests are in tests/integration. */
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_http_reads_host_and_port),
        cmocka_unit_test(test_http_refuses_an_address_with_a_user_or_without_a_host),
        cmocka_unit_test(test_http_refuses_a_host_above_255_characters),
    };
    return cmocka_run_group_tests_name("http", tests, NULL, NULL);
}
