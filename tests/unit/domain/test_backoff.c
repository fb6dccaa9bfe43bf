/* Tests of backoff: the delay before the next try. */
#include "../unit.h"

#include "domain/backoff.h"

static void test_backoff_doubles_up_to_the_cap(void **state)
{
    (void)state;
    static const struct {
        int64_t attempt, base, cap, want; /* with random 0: the whole delay */
    } rows[] = {
        { 1, 60, 3600, 60 },    { 2, 60, 3600, 120 },   { 3, 60, 3600, 240 },     { 6, 60, 3600, 1920 },
        { 7, 60, 3600, 3600 },  { 8, 60, 3600, 3600 },  { 1000, 60, 3600, 3600 }, { INT64_MAX, 60, 3600, 3600 },
        { 0, 60, 3600, 60 },    { -5, 60, 3600, 60 },   { 1, 60, 60, 60 },        { 1, 60, 59, 59 },
        { 1, 60, 1, 1 },        { 1, 0, 3600, 1 },      { 2, 0, 3600, 2 },        { 1, 1, 3600, 1 },
        { 13, 1, 3600, 3600 },  { 12, 1, 3600, 2048 },  { 1, 86400, 604800, 86400 }, { 4, 86400, 604800, 604800 },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        char row[80];
        (void)snprintf(row, sizeof row, "attempt %lld of %lld up to %lld", (long long)rows[i].attempt,
                       (long long)rows[i].base, (long long)rows[i].cap);
        unit_same_int(row, backoff_delay_sec(rows[i].attempt, rows[i].base, rows[i].cap, 0), rows[i].want);
    }
}

static void test_backoff_spreads_over_the_last_quarter(void **state)
{
    (void)state;
    int64_t smallest = INT64_MAX, largest = 0;
    for (uint32_t random = 0; random < 5000; random++) {
        int64_t delay = backoff_delay_sec(1, 1000, 3600, random);
        smallest = delay < smallest ? delay : smallest;
        largest = delay > largest ? delay : largest;
    }
    assert_int_equal(largest, 1000);
    unit_in_range(smallest, 750, 752);
    unit_in_range(backoff_delay_sec(1, 1000, 3600, UINT32_MAX), 750, 1000);
}

static void test_backoff_is_at_least_one_second_and_within_its_quarter(void **state)
{
    (void)state;
    static const int64_t bases[] = { -7, 0, 1, 2, 3, 4, 5, 60, 86400 };
    static const uint32_t randoms[] = { 0, 1, 499, 500, 999, 1000, 1999, UINT32_MAX };
    for (size_t i = 0; i < UNIT_COUNT(bases); i++)
        for (size_t k = 0; k < UNIT_COUNT(randoms); k++) {
            int64_t whole = backoff_delay_sec(3, bases[i], 3600, 0),
                    delay = backoff_delay_sec(3, bases[i], 3600, randoms[k]);
            char row[60];
            (void)snprintf(row, sizeof row, "base %lld, random %u", (long long)bases[i], randoms[k]);
            unit_true(row, delay >= 1);
            unit_true(row, delay <= whole && 4 * delay >= 3 * whole);
        }
}

static void test_backoff_spreads_in_steps_of_a_thousandth_of_a_quarter(void **state)
{
    (void)state;
    static const struct {
        uint32_t random;
        int64_t want;
    } rows[] = { { 0, 400000 }, { 1, 399900 }, { 500, 350000 }, { 999, 300100 }, { 1000, 400000 }, { 1001, 399900 } };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++)
        assert_int_equal(backoff_delay_sec(1, 400000, 400000, rows[i].random), rows[i].want);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_backoff_doubles_up_to_the_cap),
        cmocka_unit_test(test_backoff_spreads_over_the_last_quarter),
        cmocka_unit_test(test_backoff_is_at_least_one_second_and_within_its_quarter),
        cmocka_unit_test(test_backoff_spreads_in_steps_of_a_thousandth_of_a_quarter),
    };
    return cmocka_run_group_tests_name("backoff", tests, NULL, NULL);
}
