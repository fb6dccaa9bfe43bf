/* Tests of breaker: an API that is down against a call that it cannot digest. */
#include "unit.h"

#include "breaker.h"

static void test_breaker_lets_a_fresh_run_send_at_once(void **state)
{
    (void)state;
    struct breaker breaker = breaker_start(false);
    assert_false(breaker.must_probe);
    assert_false(breaker.answered);
    assert_int_equal(breaker.failures_in_a_row, 0);
}

static void test_breaker_probes_first_after_an_outage(void **state)
{
    (void)state;
    struct breaker breaker = breaker_start(true);
    assert_true(breaker.must_probe);
    assert_false(breaker.answered);
    breaker_failed(&breaker);
    assert_true(breaker.must_probe); /* one failure is enough while it is in doubt */
    breaker_useful(&breaker);
    assert_false(breaker.must_probe);
    breaker_failed(&breaker);
    assert_false(breaker.must_probe);
}

static void test_breaker_stops_at_the_fifth_failure_in_a_row(void **state)
{
    (void)state;
    struct breaker breaker = breaker_start(false);
    assert_int_equal(BREAKER_FAILURES, 5);
    for (int i = 1; i <= 4; i++) {
        breaker_failed(&breaker);
        assert_false(breaker.must_probe);
        assert_int_equal(breaker.failures_in_a_row, i);
    }
    breaker_failed(&breaker);
    assert_true(breaker.must_probe);
    breaker_failed(&breaker);
    assert_true(breaker.must_probe); /* and stays so */
}

static void test_breaker_counts_anew_after_a_useful_answer(void **state)
{
    (void)state;
    struct breaker breaker = breaker_start(false);
    for (int round = 0; round < 100; round++) {
        for (int i = 0; i < 4; i++)
            breaker_failed(&breaker);
        assert_false(breaker.must_probe);
        breaker_useful(&breaker);
        assert_int_equal(breaker.failures_in_a_row, 0);
        assert_true(breaker.answered);
    }
}

static void test_breaker_remembers_that_the_api_has_answered(void **state)
{
    (void)state;
    struct breaker breaker = breaker_start(false);
    breaker_useful(&breaker);
    for (int i = 0; i < 10; i++)
        breaker_failed(&breaker);
    assert_true(breaker.answered);
    assert_true(breaker.must_probe);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_breaker_lets_a_fresh_run_send_at_once),
        cmocka_unit_test(test_breaker_probes_first_after_an_outage),
        cmocka_unit_test(test_breaker_stops_at_the_fifth_failure_in_a_row),
        cmocka_unit_test(test_breaker_counts_anew_after_a_useful_answer),
        cmocka_unit_test(test_breaker_remembers_that_the_api_has_answered),
    };
    return cmocka_run_group_tests_name("breaker", tests, NULL, NULL);
}
