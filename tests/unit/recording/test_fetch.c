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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fetch_url_joins_base_and_path),
        cmocka_unit_test(test_fetch_url_refuses_a_path_that_leaves_the_base),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
