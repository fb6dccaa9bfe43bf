/* Tests of fetch: the address of a recording, and what an answer means. The tests of whole downloads are in
 * tests/integration/test_recordings.py. */
#include "../unit.h"

#include "recording/fetch.h"

static void test_fetch_url_joins_base_and_path(void **state)
{
    (void)state;
    static const struct {
        const char *path, *url;
    } rows[] = {
        { "/demo/2025/Oct/09/a.mp3", "https://pbx/r/demo/2025/Oct/09/a.mp3" },
        { "demo//a.mp3", "https://pbx/r/demo/a.mp3" },
        { "/./a.mp3", "https://pbx/r/a.mp3" },
        { "/a b/c?d=e#f%2e&.mp3", "https://pbx/r/a%20b/c%3Fd%3De%23f%252e%26.mp3" },
        { "/..a/a..", "https://pbx/r/..a/a.." },
        { "/\xc3\xa9.mp3", "https://pbx/r/%C3%A9.mp3" },
        { "@evil.example/a", "https://pbx/r/%40evil.example/a" },
        { "a\\b", "https://pbx/r/a/b" },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        char *url = NULL;
        const char *problem = fetch_url("https://pbx/r", rows[i].path, &url);
        unit_true(rows[i].path, problem == NULL);
        unit_same_text(rows[i].path, url, rows[i].url);
        free(url);
    }
}

static void test_fetch_url_refuses_a_path_that_leaves_the_base(void **state)
{
    (void)state;
    static const char *const rows[] = { "", "/", "./", "../a", "/a/../b", "/a/..", "a\\..\\b", "https://evil/a",
                                        "//x://y", "/a\nb", "/a\x7f" };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        char *url = NULL;
        unit_true(rows[i], fetch_url("https://pbx", rows[i], &url) != NULL);
        unit_true(rows[i], url == NULL);
    }
}

/* The ledger may have paths of the source before this one. */
static void test_fetch_without_an_address_says_what_to_set(void **state)
{
    struct spool spool = { .directory = *state };
    const struct fetch_source source = { .url = NULL };
    struct fetch fetch = { .source = &source, .spool = &spool, .call = "1.1", .path = "/a.mp3", .size = -1 };
    struct http_transfer request;
    struct transfer_failure failure = { .fault = TRANSFER_RETRY };
    fetch_begin(&fetch);
    assert_int_equal(fetch_next(&fetch, &request, &failure), TRANSFER_FAILED);
    assert_int_equal(failure.fault, TRANSFER_MISCONFIGURED);
    unit_has("remedy", failure.remedy, "set url under [recordings]");
    fetch_end(&fetch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fetch_url_joins_base_and_path),
        cmocka_unit_test(test_fetch_url_refuses_a_path_that_leaves_the_base),
        unit_test_in_directory(test_fetch_without_an_address_says_what_to_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
