/* Tests of breaker: tells an API that is down, or wrong settings, from a call that the API cannot process. */
#include "../unit.h"

#include "domain/breaker.h"

static void fail_times(struct breaker *breaker, int times, enum breaker_failure how)
{
    for (int i = 0; i < times; i++)
        breaker_record_failure(breaker, how, false);
}

static void test_breaker_sends_at_once_in_a_new_run(void **state)
{
    (void)state;
    struct breaker breaker = breaker_start(false, false);
    assert_false(breaker.must_probe);
    assert_false(breaker.answered);
    assert_int_equal(breaker.failures_in_a_row, 0);
    assert_int_equal(breaker_diagnose(&breaker), BREAKER_NO_FAILURE);
}

static void test_breaker_probes_first_after_an_outage(void **state)
{
    (void)state;
    struct breaker breaker = breaker_start(true, false);
    assert_true(breaker.must_probe);
    assert_false(breaker.answered);
    fail_times(&breaker, 1, BREAKER_FAILED);
    assert_true(breaker.must_probe); /* one failure is enough after an outage */
    assert_int_equal(breaker_diagnose(&breaker), BREAKER_OUTAGE);
    breaker_record_success(&breaker);
    assert_false(breaker.must_probe);
    fail_times(&breaker, 1, BREAKER_FAILED);
    assert_false(breaker.must_probe);
    assert_int_equal(breaker_diagnose(&breaker), BREAKER_CALL_AT_FAULT);
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
    assert_true(breaker.must_probe); /* must_probe stays set */
}

static void test_breaker_counts_from_zero_after_a_success(void **state)
{
    (void)state;
    struct breaker breaker = breaker_start(false, true);
    for (int round = 0; round < 100; round++) {
        fail_times(&breaker, 4, BREAKER_FAILED);
        assert_false(breaker.must_probe);
        breaker_record_success(&breaker);
        assert_int_equal(breaker.failures_in_a_row, 0);
        assert_true(breaker.answered);
        assert_false(breaker.doubt);
    }
}

static void test_breaker_remembers_a_success_of_the_run(void **state)
{
    (void)state;
    struct breaker breaker = breaker_start(false, false);
    breaker_record_success(&breaker);
    fail_times(&breaker, 10, BREAKER_FAILED);
    assert_true(breaker.answered);
    assert_true(breaker.must_probe);
    assert_int_equal(breaker_diagnose(&breaker), BREAKER_CALL_AT_FAULT);
    assert_int_equal(breaker_diagnose_down(&breaker), BREAKER_OUTAGE); /* after the probe has failed too */
}

/* Each row: the failed calls by kind, and the diagnosis after all calls at hand were sent. */
static void test_breaker_diagnoses_an_outage_after_several_calls(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        bool in_outage, in_doubt;
        int failed, refused, unreachable, blamed, blamed_refused; /* in this order */
        enum breaker_diagnosis want;
    } rows[] = {
        { "one failure", false, false, 1, 0, 0, 0, 0, BREAKER_UNDECIDED },
        { "one refusal", false, false, 0, 1, 0, 0, 0, BREAKER_UNDECIDED },
        { "two failures", false, false, 2, 0, 0, 0, 0, BREAKER_OUTAGE },
        { "two refusals", false, false, 0, 2, 0, 0, 0, BREAKER_CONFIGURATION },
        { "one of each", false, false, 1, 1, 0, 0, 0, BREAKER_OUTAGE },
        { "five refusals", false, false, 0, 5, 0, 0, 0, BREAKER_CONFIGURATION },
        { "a failure after another's", false, true, 1, 0, 0, 0, 0, BREAKER_OUTAGE },
        { "a refusal after another's", false, true, 0, 1, 0, 0, 0, BREAKER_CONFIGURATION },
        { "out of reach", false, false, 0, 0, 1, 0, 0, BREAKER_OUTAGE },
        { "one blamed", false, false, 0, 0, 0, 1, 0, BREAKER_UNDECIDED },
        { "five blamed", false, false, 0, 0, 0, 5, 0, BREAKER_UNDECIDED },
        { "six blamed", false, false, 0, 0, 0, 6, 0, BREAKER_OUTAGE },
        { "six blamed by refusal", false, false, 0, 0, 0, 0, 6, BREAKER_CONFIGURATION },
        { "one blamed, one not", false, false, 1, 0, 0, 1, 0, BREAKER_UNDECIDED },
        { "one blamed, two not", false, false, 2, 0, 0, 1, 0, BREAKER_OUTAGE },
        { "refused, one of them blamed", false, false, 0, 2, 0, 0, 1, BREAKER_CONFIGURATION },
        { "one blamed, another in doubt", false, true, 0, 0, 0, 1, 0, BREAKER_UNDECIDED },
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
            breaker_record_failure(&breaker, BREAKER_FAILED, true);
        for (int k = 0; k < rows[i].blamed_refused; k++)
            breaker_record_failure(&breaker, BREAKER_REFUSED, true);
        unit_same_int(rows[i].name, breaker_diagnose(&breaker), rows[i].want);
        breaker_record_success(&breaker);
        fail_times(&breaker, 1, BREAKER_FAILED);
        unit_same_int(rows[i].name, breaker_diagnose(&breaker), BREAKER_CALL_AT_FAULT);
    }
}

static void test_breaker_counts_a_retried_call_once(void **state)
{
    (void)state;
    struct breaker breaker = breaker_start(false, true);
    breaker_clear_doubt(&breaker);
    fail_times(&breaker, 1, BREAKER_FAILED);
    assert_int_equal(breaker_diagnose(&breaker), BREAKER_UNDECIDED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_breaker_sends_at_once_in_a_new_run),
        cmocka_unit_test(test_breaker_probes_first_after_an_outage),
        cmocka_unit_test(test_breaker_stops_at_the_fifth_failure_in_a_row),
        cmocka_unit_test(test_breaker_counts_from_zero_after_a_success),
        cmocka_unit_test(test_breaker_remembers_a_success_of_the_run),
        cmocka_unit_test(test_breaker_diagnoses_an_outage_after_several_calls),
        cmocka_unit_test(test_breaker_counts_a_retried_call_once),
    };
    return cmocka_run_group_tests_name("breaker", tests, NULL, NULL);
}
