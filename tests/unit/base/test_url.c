/* Tests of url: the addresses that are accepted for the API. */
#include "../unit.h"

#include "base/url.h"

/* Checks text as config checks the API's address. */
static int check(const char *text, bool allow_insecure_http, struct err *err)
{
    return url_check(text, &(struct url_rules){ .what = "the API address",
                                                .setting = "api_base_url",
                                                .exposed = "the API key and every customer's number",
                                                .place = "under [api] of own.conf",
                                                .allow_insecure_http = allow_insecure_http }, err);
}

static void test_url_accepts_https_to_any_host(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "https://api.example.com",
        "HTTPS://api.example.com",
        "https://api.example.com/",
        "https://api.example.com:443",
        "https://api.example.com:65535/base/path",
        "https://10.0.0.1:8443",
        "https://[2001:db8::1]",
        "https://[::1]:1/x",
        "https://[::]",
        "https://a",
        "https://a_b-c.example",
        "https://api.example.com/a-b._~%20+:c",
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++)
        for (int insecure = 0; insecure <= 1; insecure++) {
            struct err err = { .message = "" };
            unit_same_int(rows[i], check(rows[i], insecure, &err), 0);
        }
}

static void test_url_accepts_plain_http_to_this_host(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "http://localhost",       "http://localhost:5000", "http://LocalHost:5000/api",
        "HTTP://localhost",       "http://127.0.0.1",      "http://127.0.0.1:5000/",
        "http://127.255.255.255", "http://[::1]",          "http://[::1]:5000/x",
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct err err = { .message = "" };
        unit_same_int(rows[i], check(rows[i], false, &err), 0);
    }
}

static void test_the_name_of_another_host_is_not_taken_for_this_one(void **state)
{
    (void)state;
    static const char *const here[] = { "localhost", "LOCALHOST", "127.0.0.1", "127.1.2.3", "[::1]" };
    static const char *const others[] = { "127.0.0.1.example.com", "127.example.com", "localhost.example.com", "" };
    for (size_t i = 0; i < UNIT_COUNT(here); i++)
        unit_true(here[i], url_is_this_host(here[i]));
    for (size_t i = 0; i < UNIT_COUNT(others); i++)
        unit_true(others[i], !url_is_this_host(others[i]));
}

static void test_url_accepts_plain_http_elsewhere_only_when_allowed(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "http://api.example.com",
        "http://10.0.0.1:5000",
        "http://localhost.example.com",
        "http://127.0.0.1.example.com",
        "http://localhost.",
        "http://127.0.0.256",
        "http://127.0.256.1",
        "http://127.256.0.1",
        "http://127.1.2.256",
        "http://127.1.256.3",
        "http://127.256.2.3",
        "http://127.0.0", /* libcurl reads this as 127.0.0.0, and the next ones as 127.0.0.1 */
        "http://127.1",
        "http://2130706433",
        "http://0x7f.0.0.1",
        "http://128.0.0.1",
        "http://1127.0.0.1",
        "http://126.0.0.1",
        "http://127.0.0.-0",
        "http://127.-0.0.1",
        "http://[::2]",
        "http://[::ffff:127.0.0.1]",
        "http://0.0.0.0",
        "http://xlocalhost",
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct err err = { .message = "" };
        unit_same_int(rows[i], check(rows[i], false, &err), -1);
        unit_same_int(rows[i], err.code, EX_CONFIG);
        unit_has(rows[i], err.message, "plain http");
        unit_has(rows[i], err.message, "read the API key and every customer's number");
        unit_has(rows[i], err.message, "write `allow_insecure_http = yes` under [api] of own.conf");
        unit_same_int(rows[i], check(rows[i], true, &err), 0);
    }
}

static void test_url_refuses_other_schemes(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "https:/xhost",
        "http:/xlocalhost",
        "",
        "https",
        "https:",
        "https:/",
        "https:/api.example.com",
        "api.example.com",
        "//api.example.com",
        " https://a",
        "ftp://api.example.com",
        "file:///etc/passwd",
        "htttps://a",
        "httpss://a",
        "javascript:alert(1)",
        "/api",
        "localhost:5000",
        "\xEF\xBB\xBFhttps://a",
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct err err = { .message = "" };
        unit_same_int(rows[i], check(rows[i], true, &err), -1);
        unit_same_int(rows[i], err.code, EX_CONFIG);
        unit_has(rows[i], err.message, "https://HOST");
    }
}

static void test_url_refuses_addresses_that_programs_read_differently(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "https://",
        "https:///path",
        "https://h:12345678",
        "https://[1]",
        "https://:443",
        "https://?x",
        "https://#x",
        "https://user@host",
        "https://user:pw@host",
        "https://localhost:80@evil.example",
        "https://localhost\\@evil.example",
        "https://a b",
        "https://a/b c",
        "https://a?b",
        "https://a/?b",
        "https://a#b",
        "https://a/#b",
        "https://a\tb",
        "https://a\n",
        "https://a/\r\nX: y",
        "https://a\x7F",
        "https://a:",
        "https://a:/",
        "https://a:0",
        "https://a:65536",
        "https://a:99999999999",
        "https://a:-1",
        "https://a:+1",
        "https://a:80x",
        "https://a:8 0",
        "https://[::1",
        "https://::1",
        "https://[]",
        "https://[a",
        "https://[::1]x",
        "https://[::1%25eth0]",
        "https://[gggg]",
        "https://a/b@c",
        "https://a/b\"c",
        "https://a/b<c",
        "https://a/b'c",
        ("https://b\xC3\xBC"
         "cher.example"),
        "https://a/\xC3\xBC",
        "https://a,b",
        "https://a;b",
        "https://a$b",
        "https://a~b",
        "https://a+b",
        "https://a%2eb",
        "https://a]",
        "https://[::1]]",
        "https://a\\b",
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct err err = { .message = "" };
        unit_same_int(rows[i], check(rows[i], true, &err), -1);
        unit_same_int(rows[i], err.code, EX_CONFIG);
        unit_has(rows[i], err.message, "plain https://HOST");
    }
}

static void test_url_message_never_quotes_a_password(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "https://user:SECRET@api.example.com", "http://user:SECRET@localhost",  "https://SECRET@api.example.com/x",
        "user:SECRET@api.example.com",         "ftp://user:SECRET@example.com", "htps://user:SECRET@api.example.com",
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct err err = { .message = "" };
        unit_same_int(rows[i], check(rows[i], false, &err), -1);
        unit_lacks(rows[i], err.message, "SECRET");
    }
}

static void test_url_limits_the_length_of_a_host(void **state)
{
    (void)state;
    static const struct {
        size_t length;
        int want;
    } rows[] = { { 1, 0 }, { 254, 0 }, { 255, 0 }, { 256, -1 }, { 3000, -1 } };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        char url[3100] = "https://", row[32];
        struct err err;
        memset(url + 8, 'a', rows[i].length);
        (void)snprintf(row, sizeof row, "host of %zu", rows[i].length);
        unit_same_int(row, check(url, false, &err), rows[i].want);
    }
}

static void test_url_accepts_a_query_only_if_the_rules_allow_it(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int want;
    } rows[] = { { "https://a.example/x?key=a&b=c,d;e@f!g*$", 0 }, { "https://a.example/?", 0 },
                 { "https://a.example?a=b", -1 }, { "https://me@a.example/?a", -1 },
                 { "https://a.example/x#y", -1 }, { "https://a.example/x y", -1 },
                 { "https://a.example/x?y\"", -1 } };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct err err = { .message = "" };
        struct url_rules rules = { .what = "url", .setting = "url", .exposed = "", .place = "", .allow_query = true };
        unit_same_int(rows[i].text, url_check(rows[i].text, &rules, &err), rows[i].want);
        unit_lacks(rows[i].text, err.message, "a.example");
    }
}

static void test_url_never_shows_an_address_that_is_a_secret(void **state)
{
    (void)state;
    struct err err = { .message = "" };
    const struct url_rules rules = { .what = "url", .setting = "url", .exposed = "every number", .place = "there",
                                     .is_secret = true };
    assert_int_equal(url_check("http://a.example/token", &rules, &err), -1);
    assert_string_equal(err.message, "url is 'http://...', plain http to another host: anyone on the network path can "
                                     "read every number. Write https:// instead; or, if that network is safe, write "
                                     "`allow_insecure_http = yes` there");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_url_accepts_https_to_any_host),
        cmocka_unit_test(test_url_accepts_plain_http_to_this_host),
        cmocka_unit_test(test_the_name_of_another_host_is_not_taken_for_this_one),
        cmocka_unit_test(test_url_accepts_plain_http_elsewhere_only_when_allowed),
        cmocka_unit_test(test_url_refuses_other_schemes),
        cmocka_unit_test(test_url_refuses_addresses_that_programs_read_differently),
        cmocka_unit_test(test_url_message_never_quotes_a_password),
        cmocka_unit_test(test_url_limits_the_length_of_a_host),
        cmocka_unit_test(test_url_accepts_a_query_only_if_the_rules_allow_it),
        cmocka_unit_test(test_url_never_shows_an_address_that_is_a_secret),
    };
    return cmocka_run_group_tests_name("url", tests, NULL, NULL);
}
