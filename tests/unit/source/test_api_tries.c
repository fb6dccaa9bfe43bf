/* Tests of api_tries: when a request is tried again. */
#include "../unit.h"

#include "source/api_tries.h"

static void test_api_tries_retries_end_after_a_minute(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int tries;
        int64_t retry_after_sec, elapsed_ms, want;
    } rows[] = {
        { "first", 1, 0, 10, 1000 },
        { "second", 2, 0, 1010, 2000 },
        { "third", 3, 0, 3010, -1 },
        { "Retry-After", 1, 5, 10, 5000 },
        { "short Retry-After", 2, 1, 10, 2000 },
        { "longest Retry-After", 1, 20, 10, 20000 },
        { "longer Retry-After", 1, 21, 10, -1 },
        { "one time-out", 1, 0, 58999, 1000 },
        { "a minute", 1, 0, 59000, -1 },
        { "a minute with its Retry-After", 2, 20, 40000, -1 },
        { "two minutes", 1, 0, 120000, -1 },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++)
        unit_same_int(rows[i].name,
                      api_tries_wait(rows[i].tries, rows[i].retry_after_sec, rows[i].elapsed_ms), rows[i].want);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_api_tries_retries_end_after_a_minute),
    };
    return cmocka_run_group_tests_name("api_tries", tests, NULL, NULL);
}
