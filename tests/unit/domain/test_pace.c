/* Tests of pace: the number of requests in flight. */
#include "../unit.h"

#include "domain/pace.h"

static void answer(struct pace *pace, int count, double took_ms, bool useful)
{
    for (int i = 0; i < count; i++)
        pace_record_answer(pace, took_ms, useful);
}

static void test_pace_begins_with_two_or_the_fixed_limit(void **state)
{
    (void)state;
    static const struct {
        int64_t fixed, most, want;
    } rows[] = { { 0, 32, 2 }, { 0, 2, 2 }, { 0, 1, 1 }, { 1, 32, 1 }, { 8, 32, 8 }, { 64, 64, 64 } };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        char row[60];
        struct pace pace = pace_start(rows[i].fixed, rows[i].most);
        (void)snprintf(row, sizeof row, "fixed %lld, most %lld", (long long)rows[i].fixed, (long long)rows[i].most);
        unit_same_int(row, pace_limit(&pace), rows[i].want);
    }
}

static void test_pace_keeps_a_fixed_limit(void **state)
{
    (void)state;
    struct pace pace = pace_start(8, 32);
    answer(&pace, 100, 10, true);
    answer(&pace, 100, 5000, true);
    answer(&pace, 100, 10, false);
    assert_int_equal(pace_limit(&pace), 8);
    struct pace one = pace_start(1, 32);
    answer(&one, 100, 10, true);
    assert_int_equal(pace_limit(&one), 1);
}

static void test_pace_grows_by_one_per_fast_answer_up_to_most(void **state)
{
    (void)state;
    struct pace pace = pace_start(0, 32);
    for (int i = 1; i <= 30; i++) { /* one more per answer doubles the limit each round */
        pace_record_answer(&pace, 10, true);
        assert_int_equal(pace_limit(&pace), 2 + i);
    }
    answer(&pace, 1000, 10, true);
    assert_int_equal(pace_limit(&pace), 32);
}

static void test_pace_ignores_a_few_milliseconds_as_noise(void **state)
{
    (void)state;
    struct pace pace = pace_start(0, 32);
    answer(&pace, 5, 2, true);
    answer(&pace, 100, 6, true); /* three times as long, but only 4 ms */
    assert_int_equal(pace_limit(&pace), 32);
}

static void test_pace_lowers_the_limit_if_answers_take_half_as_long_again(void **state)
{
    (void)state;
    struct pace pace = pace_start(0, 32);
    answer(&pace, 100, 100, true);
    assert_int_equal(pace_limit(&pace), 32);
    answer(&pace, 100, 140, true); /* below the ratio */
    assert_int_equal(pace_limit(&pace), 32);
    answer(&pace, 200, 300, true);
    unit_in_range(pace_limit(&pace), 1, 20);
    assert_true(pace.strained);
    answer(&pace, 5000, 300, true);
    assert_true(pace_limit(&pace) >= 1);
}

static void test_pace_grows_slowly_after_strain(void **state)
{
    (void)state;
    struct pace pace = pace_start(0, 32);
    answer(&pace, 18, 10, true); /* 20 */
    answer(&pace, 2, 10, false); /* two answers for two requests in flight */
    int64_t low = pace_limit(&pace);
    assert_int_equal(low, 10);
    answer(&pace, 10, 10, true); /* one round: about one more */
    unit_in_range(pace_limit(&pace), low, low + 1);
    answer(&pace, 11, 10, true);
    unit_in_range(pace_limit(&pace), low + 1, low + 2);
}

static void test_pace_halves_once_for_failures_that_were_in_flight_together(void **state)
{
    (void)state;
    struct pace pace = pace_start(0, 32);
    answer(&pace, 100, 10, true);
    answer(&pace, 15, 10, false); /* they were sent before the first of them failed */
    assert_int_equal(pace_limit(&pace), 16);
    answer(&pace, 2, 10, false);
    assert_int_equal(pace_limit(&pace), 8);
}

static void test_pace_limit_is_between_one_and_most(void **state)
{
    (void)state;
    static const int64_t most[] = { 1, 2, 3, 32, 64 };
    static const double times[] = { 0, 0.001, 1, 10, 1e9 };
    for (size_t i = 0; i < UNIT_COUNT(most); i++) {
        struct pace pace = pace_start(0, most[i]);
        uint32_t random = 1;
        for (int k = 0; k < 20000; k++) {
            random = random * 1664525 + 1013904223;
            pace_record_answer(&pace, times[(random >> 16) % UNIT_COUNT(times)], random >> 30 != 0);
            int64_t limit = pace_limit(&pace);
            unit_true("limit", limit >= 1 && limit <= most[i]);
        }
        answer(&pace, 1000, 10, false);
        unit_same_int("after failures only", pace_limit(&pace), 1);
    }
}

static void test_pace_averages_with_a_weight_of_a_fifth(void **state)
{
    (void)state;
    static const struct {
        double took_ms;
        int want;
    } rows[] = { { 100, 100 }, { 200, 120 }, { 20, 100 }, { 100, 100 }, { 600, 200 } };
    struct pace pace = pace_start(0, 32);
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        pace_record_answer(&pace, rows[i].took_ms, true);
        assert_int_equal((int)(pace.typical_ms + 0.5), rows[i].want);
    }
    unit_in_range((int)pace.fastest_ms, 20, 20);
}

static void test_pace_lowers_the_limit_again_only_after_a_full_round(void **state)
{
    (void)state;
    static const int want[] = { 10, 5, 2, 1, 1 };
    struct pace pace = pace_start(0, 32);
    answer(&pace, 18, 10, true);
    assert_int_equal(pace_limit(&pace), 20);
    answer(&pace, 2, 10, false); /* the 20th */
    for (size_t i = 0; i < UNIT_COUNT(want); i++) {
        assert_int_equal(pace_limit(&pace), want[i]);
        answer(&pace, want[i] - 1, 10, false);
        assert_int_equal(pace_limit(&pace), want[i]);
        answer(&pace, 1, 10, false);
    }
}

static void test_pace_begins_where_an_earlier_run_ended(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int64_t fixed, most, remembered;
        bool strained;
        int64_t want;
    } rows[] = {
        { "nothing known", 0, 32, 0, false, 2 },   { "as before", 0, 32, 20, false, 20 },
        { "never above most", 0, 8, 20, true, 8 }, { "a weak API", 0, 32, 1, true, 1 },
        { "a fixed limit", 4, 32, 20, true, 4 },   { "nonsense", 0, 32, -5, false, 2 },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        const struct pace_memory memory = { rows[i].remembered, rows[i].strained };
        struct pace pace = pace_start(rows[i].fixed, rows[i].most);
        pace_resume(&pace, &memory);
        unit_same_int(rows[i].name, pace_limit(&pace), rows[i].want);
    }
}

/* First `ok` useful answers, then `failed` answers that are not useful. */
static void test_pace_remembers_what_the_api_has_handled(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int64_t fixed, before;
        int ok, failed;
        int64_t want;
        bool strained;
    } rows[] = {
        { "no call", 0, 0, 0, 0, 0, false },          { "no call, but a memory", 0, 20, 0, 0, 20, false },
        { "few calls show little", 0, 0, 3, 0, 3, false }, { "few calls forget nothing", 0, 20, 3, 0, 20, false },
        { "many calls", 0, 0, 100, 0, 32, false },    { "a failure halves it", 0, 20, 0, 20, 10, true },
        { "a failure at first", 0, 0, 0, 2, 0, true }, { "a fixed limit says nothing", 4, 0, 100, 0, 0, false },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        const struct pace_memory before = { .limit = rows[i].before };
        struct pace pace = pace_start(rows[i].fixed, 32);
        pace_resume(&pace, &before);
        answer(&pace, rows[i].ok, 10, true);
        answer(&pace, rows[i].failed, 10, false);
        struct pace_memory memory = pace_memory(&pace);
        unit_same_int(rows[i].name, memory.limit, rows[i].want);
        unit_true(rows[i].name, memory.strained == rows[i].strained);
    }
}

static void test_pace_grows_slowly_where_an_earlier_run_met_strain(void **state)
{
    (void)state;
    const struct pace_memory memory = { .limit = 8, .strained = true };
    struct pace pace = pace_start(0, 32);
    pace_resume(&pace, &memory);
    answer(&pace, 8, 10, true);
    unit_in_range(pace_limit(&pace), 8, 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pace_begins_with_two_or_the_fixed_limit),
        cmocka_unit_test(test_pace_keeps_a_fixed_limit),
        cmocka_unit_test(test_pace_grows_by_one_per_fast_answer_up_to_most),
        cmocka_unit_test(test_pace_ignores_a_few_milliseconds_as_noise),
        cmocka_unit_test(test_pace_lowers_the_limit_if_answers_take_half_as_long_again),
        cmocka_unit_test(test_pace_grows_slowly_after_strain),
        cmocka_unit_test(test_pace_halves_once_for_failures_that_were_in_flight_together),
        cmocka_unit_test(test_pace_limit_is_between_one_and_most),
        cmocka_unit_test(test_pace_averages_with_a_weight_of_a_fifth),
        cmocka_unit_test(test_pace_lowers_the_limit_again_only_after_a_full_round),
        cmocka_unit_test(test_pace_begins_where_an_earlier_run_ended),
        cmocka_unit_test(test_pace_remembers_what_the_api_has_handled),
        cmocka_unit_test(test_pace_grows_slowly_where_an_earlier_run_met_strain),
    };
    return cmocka_run_group_tests_name("pace", tests, NULL, NULL);
}
