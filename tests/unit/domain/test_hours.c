/* Tests of hours: calls and answer times per hour. */
#include "../unit.h"

#include <time.h>

#include "base/clock.h"
#include "domain/hours.h"

enum { FIRST = 1729764000 }; /* 10:00 UTC */

static struct hours *three_hours(void)
{
    struct hours *hours = hours_open(3, FIRST + 2 * 3600 + 1800, 0);
    assert_int_equal(hours_first(hours), FIRST);
    return hours;
}

static void test_hours_begin_at_the_full_local_hour(void **state)
{
    (void)state;
    static const struct {
        const char *row;
        int64_t last, offset, want;
    } rows[] = {
        { "UTC", FIRST, 0, FIRST },
        { "last second", FIRST + 3599, 0, FIRST },
        { "New York", FIRST + 1, -4 * 3600, FIRST },
        { "India, before half past", FIRST + 1799, 19800, FIRST - 1800 },
        { "India, at half past", FIRST + 1800, 19800, FIRST + 1800 },
        { "Nepal, at a quarter to four", FIRST, 20700, FIRST - 2700 },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct hours *hours = hours_open(1, rows[i].last, rows[i].offset);
        unit_same_int(rows[i].row, hours_first(hours), rows[i].want);
        hours_close(hours);
    }
}

static void test_hours_count_calls_by_state_and_result(void **state)
{
    (void)state;
    struct hours *hours = three_hours();
    hours_add_call(hours, FIRST, CALL_ACCEPTED, "answered");
    hours_add_call(hours, FIRST + 3599, CALL_ACCEPTED, "dnc");
    hours_add_call(hours, FIRST + 3600, CALL_WAITING, NULL);
    hours_add_call(hours, FIRST + 3 * 3600 - 1, CALL_REJECTED, "a name of tomorrow");
    hours_add_call(hours, FIRST - 1, CALL_ACCEPTED, "answered"); /* outside */
    hours_add_call(hours, FIRST + 3 * 3600, CALL_ACCEPTED, "answered");
    hours_add_call(hours, FIRST, (enum call_state)99, "answered"); /* a damaged row */
    hours_add_call(hours, FIRST, (enum call_state)HOURS_STATES, "answered");
    hours_add_call(hours, FIRST, (enum call_state)-1, "answered");
    hours_add_call(hours, FIRST, CALL_UNKNOWN, "busy"); /* counted too */
    struct hours_stats first = hours_stats(hours, 0), second = hours_stats(hours, 1), third = hours_stats(hours, 2);
    assert_int_equal(first.states[CALL_ACCEPTED], 2);
    assert_int_equal(first.results[0], 1);
    assert_string_equal(hours_result_names[5], "dnc");
    assert_int_equal(first.results[5], 1);
    assert_int_equal(first.states[CALL_UNKNOWN], 1);
    assert_int_equal(first.results[3], 1);
    assert_int_equal(second.states[CALL_WAITING], 1);
    assert_int_equal(second.results[HOURS_RESULTS - 1], 1);
    assert_int_equal(third.states[CALL_REJECTED], 1);
    assert_int_equal(third.results[HOURS_RESULTS - 1], 1);
    hours_close(hours);
    hours_close(NULL);
}

static void test_hours_have_exact_percentiles(void **state)
{
    (void)state;
    static const struct {
        int count; /* answers with times of 1, 2, 3, ... ms */
        int64_t want_p50, want_p95;
    } rows[] = {
        { 0, 0, 0 }, { 1, 1, 1 }, { 2, 1, 2 }, { 3, 2, 3 }, { 20, 10, 19 }, { 100, 50, 95 }, { 1000, 500, 950 }
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        char row[32];
        struct hours *hours = three_hours();
        (void)snprintf(row, sizeof row, "%d answers", rows[i].count);
        for (int n = rows[i].count; n > 0; n--)
            hours_add_answer(hours, FIRST + 3600, n);
        hours_add_answer(hours, FIRST + 3600, -1); /* a damaged row */
        hours_add_answer(hours, FIRST + 4 * 3600, 1);
        struct hours_stats figures = hours_stats(hours, 1);
        unit_same_int(row, figures.answers, rows[i].count);
        unit_same_int(row, figures.p50_ms, rows[i].want_p50);
        unit_same_int(row, figures.p95_ms, rows[i].want_p95);
        unit_same_int(row, hours_stats(hours, 0).answers, 0);
        hours_close(hours);
    }
}

static void test_hours_accept_any_answer_time(void **state)
{
    (void)state;
    struct hours *hours = three_hours();
    hours_add_answer(hours, FIRST, 0);
    assert_int_equal(hours_stats(hours, 0).answers, 1);
    assert_int_equal(hours_stats(hours, 0).p95_ms, 0);
    hours_add_answer(hours, FIRST, INT64_MAX);
    assert_int_equal(hours_stats(hours, 0).p50_ms, 0);
    assert_int_equal(hours_stats(hours, 0).p95_ms, UINT32_MAX); /* the highest stored time: 49 days */
    hours_close(hours);
}

/* 27 October 2024 had 25 hours in Berlin, 31 March 23. */
static void test_clock_midnight_is_the_begin_of_the_local_day(void **state)
{
    (void)state;
    static const struct {
        const char *row, *zone;
        int64_t epoch, want, want_offset;
    } rows[] = {
        { "UTC", "UTC", 1729771200, 1729728000, 0 },
        { "the day gets an hour", "CET-1CEST,M3.5.0,M10.5.0/3", 1730066400, 1729980000, 3600 },
        { "the day loses an hour", "CET-1CEST,M3.5.0,M10.5.0/3", 1711900800, 1711839600, 7200 },
        { "India", "IST-5:30", 1729771200, 1729708200, 19800 },
        { "at midnight", "UTC", 1729728000, 1729728000, 0 },
    };
    const char *kept = getenv("TZ");
    char *before = kept != NULL ? strdup(kept) : NULL;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        assert_int_equal(setenv("TZ", rows[i].zone, 1), 0);
        tzset();
        unit_same_int(rows[i].row, clock_midnight(rows[i].epoch), rows[i].want);
        unit_same_int(rows[i].row, clock_offset(rows[i].epoch), rows[i].want_offset);
    }
    assert_int_equal(before != NULL ? setenv("TZ", before, 1) : unsetenv("TZ"), 0);
    tzset();
    free(before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hours_begin_at_the_full_local_hour),
        cmocka_unit_test(test_hours_count_calls_by_state_and_result),
        cmocka_unit_test(test_hours_have_exact_percentiles),
        cmocka_unit_test(test_hours_accept_any_answer_time),
        cmocka_unit_test(test_clock_midnight_is_the_begin_of_the_local_day),
    };
    return cmocka_run_group_tests_name("hours", tests, NULL, NULL);
}
