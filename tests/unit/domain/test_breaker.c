/* Tests of breaker: an API that is down, or settings that are wrong, against a call that the API cannot digest. */
#include "../unit.h"

#include "domain/breaker.h"

static void fail_times(struct breaker *breaker, int times, enum breaker_failure how)
{
    for (int i = 0; i < times; i++)
        breaker_failed(breaker, how, false);
}

static void test_breaker_lets_a_fresh_run_send_at_once(void **state)
{
    (void)state;
    struct breaker breaker = breaker_start(false, false);
    assert_false(breaker.must_probe);
    assert_false(breaker.answered);
    assert_int_equal(breaker.failures_in_a_row, 0);
    assert_int_equal(breaker_find(&breaker), BREAKER_CLOSED);
}

static void test_breaker_probes_first_after_an_outage(void **state)
{
    (void)state;
    struct breaker breaker = breaker_start(true, false);
    assert_true(breaker.must_probe);
    assert_false(breaker.answered);
    fail_times(&breaker, 1, BREAKER_FAILED);
    assert_true(breaker.must_probe); /* one failure is enough while it is in doubt */
    assert_int_equal(breaker_find(&breaker), BREAKER_OUTAGE);
    breaker_useful(&breaker);
    assert_false(breaker.must_probe);
    fail_times(&breaker, 1, BREAKER_FAILED);
    assert_false(breaker.must_probe);
    assert_int_equal(breaker_find(&breaker), BREAKER_CALLS);
}

static void test_breaker_stops_at_the_fifth_failure_in_a_row(void **state)
{
    (void)state;
    struct breaker breaker = breaker_start(false, false);
    assert_int_equal(BREAKER_FAILURES, 5);
    for (int i = 1; i <= 4; i++) {
        fail_times(&breaker, 1, BREAKER_FAILED);
        assert_false(breaker.must_probe);
        assert_int_equal(breaker.failures_in_a_row, i);
    }
    fail_times(&breaker, 1, BREAKER_REFUSED);
    assert_true(breaker.must_probe);
    fail_times(&breaker, 1, BREAKER_FAILED);
    assert_true(breaker.must_probe); /* and stays so */
}

static void test_breaker_counts_anew_after_a_useful_answer(void **state)
{
    (void)state;
    struct breaker breaker = breaker_start(false, true);
    for (int round = 0; round < 100; round++) {
        fail_times(&breaker, 4, BREAKER_FAILED);
        assert_false(breaker.must_probe);
        breaker_useful(&breaker);
        assert_int_equal(breaker.failures_in_a_row, 0);
        assert_true(breaker.answered);
        assert_false(breaker.doubt);
    }
}

static void test_breaker_remembers_that_the_api_has_answered(void **state)
{
    (void)state;
    struct breaker breaker = breaker_start(false, false);
    breaker_useful(&breaker);
    fail_times(&breaker, 10, BREAKER_FAILED);
    assert_true(breaker.answered);
    assert_true(breaker.must_probe);
    assert_int_equal(breaker_find(&breaker), BREAKER_CALLS);
    assert_int_equal(breaker_find_down(&breaker), BREAKER_OUTAGE); /* when the probe has failed too */
}

/* How many calls failed in which way, and what that means when all calls at hand were asked. */
static void test_breaker_needs_several_different_calls(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        bool in_outage, in_doubt;
        int failed, refused, unreachable, blamed, blamed_refused; /* in this order */
        enum breaker_finding want;
    } rows[] = {
        { "one failure", false, false, 1, 0, 0, 0, 0, BREAKER_DOUBT },
        { "one refusal", false, false, 0, 1, 0, 0, 0, BREAKER_DOUBT },
        { "two failures", false, false, 2, 0, 0, 0, 0, BREAKER_OUTAGE },
        { "two refusals", false, false, 0, 2, 0, 0, 0, BREAKER_CONFIGURATION },
        { "one of each", false, false, 1, 1, 0, 0, 0, BREAKER_OUTAGE },
        { "five refusals", false, false, 0, 5, 0, 0, 0, BREAKER_CONFIGURATION },
        { "a failure after another's", false, true, 1, 0, 0, 0, 0, BREAKER_OUTAGE },
        { "a refusal after another's", false, true, 0, 1, 0, 0, 0, BREAKER_CONFIGURATION },
        { "out of reach", false, false, 0, 0, 1, 0, 0, BREAKER_OUTAGE },
        { "one blamed", false, false, 0, 0, 0, 1, 0, BREAKER_DOUBT },
        { "five blamed", false, false, 0, 0, 0, 5, 0, BREAKER_DOUBT },
        { "six blamed", false, false, 0, 0, 0, 6, 0, BREAKER_OUTAGE },
        { "six blamed by refusal", false, false, 0, 0, 0, 0, 6, BREAKER_CONFIGURATION },
        { "one blamed, one not", false, false, 1, 0, 0, 1, 0, BREAKER_DOUBT },
        { "one blamed, two not", false, false, 2, 0, 0, 1, 0, BREAKER_OUTAGE },
        { "refused, one of them blamed", false, false, 0, 2, 0, 0, 1, BREAKER_CONFIGURATION },
        { "one blamed, another in doubt", false, true, 0, 0, 0, 1, 0, BREAKER_DOUBT },
        { "still down", true, false, 1, 0, 0, 0, 0, BREAKER_OUTAGE },
        { "still refused", true, false, 0, 1, 0, 0, 0, BREAKER_CONFIGURATION },
        { "still down for one that is blamed", true, false, 0, 0, 0, 1, 0, BREAKER_OUTAGE },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct breaker breaker = breaker_start(rows[i].in_outage, rows[i].in_doubt);
        fail_times(&breaker, rows[i].failed, BREAKER_FAILED);
        fail_times(&breaker, rows[i].refused, BREAKER_REFUSED);
        fail_times(&breaker, rows[i].unreachable, BREAKER_UNREACHABLE);
        for (int k = 0; k < rows[i].blamed; k++)
            breaker_failed(&breaker, BREAKER_FAILED, true);
        for (int k = 0; k < rows[i].blamed_refused; k++)
            breaker_failed(&breaker, BREAKER_REFUSED, true);
        unit_same_int(rows[i].name, breaker_find(&breaker), rows[i].want);
        breaker_useful(&breaker);
        fail_times(&breaker, 1, BREAKER_FAILED);
        unit_same_int(rows[i].name, breaker_find(&breaker), BREAKER_CALLS);
    }
}

static void test_breaker_counts_a_call_that_is_asked_again_once(void **state)
{
    (void)state;
    struct breaker breaker = breaker_start(false, true);
    breaker_asked_again(&breaker);
    fail_times(&breaker, 1, BREAKER_FAILED);
    assert_int_equal(breaker_find(&breaker), BREAKER_DOUBT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_breaker_lets_a_fresh_run_send_at_once),
        cmocka_unit_test(test_breaker_probes_first_after_an_outage),
        cmocka_unit_test(test_breaker_stops_at_the_fifth_failure_in_a_row),
        cmocka_unit_test(test_breaker_counts_anew_after_a_useful_answer),
        cmocka_unit_test(test_breaker_remembers_that_the_api_has_answered),
        cmocka_unit_test(test_breaker_needs_several_different_calls),
        cmocka_unit_test(test_breaker_counts_a_call_that_is_asked_again_once),
    };
    return cmocka_run_group_tests_name("breaker", tests, NULL, NULL);
}
