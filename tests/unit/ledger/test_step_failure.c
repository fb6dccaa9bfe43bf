/* Tests of step_failure: since when a step fails, and when it is tried again. */
#include "../unit_ledger.h"

#include "base/clock.h"
#include "ledger/step_failure.h"

static void test_a_step_that_never_failed_works(void **state)
{
    (void)state;
    struct step_failure failure = { .since = 1 };
    assert_int_equal(step_failure_read(ledger, STEP_AFTER, &failure, &err), 0);
    assert_int_equal(failure.since, 0);
    assert_false(step_failure_waits(&failure, clock_now_epoch()));
}

static void test_a_failure_lasts_until_it_is_cleared_and_its_pause_grows(void **state)
{
    (void)state;
    static const int64_t pauses[] = { 60, 120, 240, 480, 960, 1920, 3600, 3600 };
    const struct err why = { .code = EX_UNAVAILABLE, .message = "1 of 2 files: no such table" };
    int64_t first = clock_now_epoch();
    for (size_t i = 0; i < UNIT_COUNT(pauses); i++) {
        struct step_failure failure, other;
        int64_t before = clock_now_epoch();
        assert_int_equal(step_failure_note(ledger, STEP_CUSTOMERS, &why, &err), 0);
        int64_t after = clock_now_epoch();
        assert_int_equal(step_failure_read(ledger, STEP_CUSTOMERS, &failure, &err), 0);
        assert_true(failure.since >= first && failure.since <= after);
        assert_int_equal(failure.tries, i + 1);
        assert_true(failure.next >= before + pauses[i] && failure.next <= after + pauses[i]);
        assert_int_equal(failure.code, EX_UNAVAILABLE);
        assert_string_equal(failure.message, why.message);
        assert_true(step_failure_waits(&failure, failure.next - 1));
        assert_false(step_failure_waits(&failure, failure.next));
        assert_false(step_failure_waits(&failure, failure.next - 3601)); /* the clock was set back */
        assert_int_equal(step_failure_read(ledger, STEP_STAFF, &other, &err), 0);
        assert_int_equal(other.since, 0);
    }
    struct step_failure failure;
    assert_int_equal(step_failure_clear(ledger, STEP_CUSTOMERS, &err), 0);
    assert_int_equal(step_failure_read(ledger, STEP_CUSTOMERS, &failure, &err), 0);
    assert_int_equal(failure.since, 0);
}

static void test_a_long_message_is_cut_and_a_damaged_note_is_none(void **state)
{
    (void)state;
    struct step_failure failure;
    struct err why = { .code = EX_CONFIG };
    memset(why.message, 'x', sizeof why.message - 1);
    assert_int_equal(step_failure_note(ledger, STEP_AFTER, &why, &err), 0);
    assert_int_equal(step_failure_read(ledger, STEP_AFTER, &failure, &err), 0);
    assert_int_equal(strlen(failure.message), sizeof failure.message - 1);
    static const char *const notes[] = { "1 2 3", "1 2 3 x y", " ", "1  2 3 4" };
    for (size_t i = 0; i < UNIT_COUNT(notes); i++) {
        assert_int_equal(ledger_set_text_note(ledger, "after_failed", notes[i], &err), 0);
        assert_int_equal(step_failure_read(ledger, STEP_AFTER, &failure, &err), 0);
        unit_same_int(notes[i], failure.since, 0);
    }
}

static void test_the_report_says_since_when(void **state)
{
    (void)state;
    const struct step_failure failure = { .since = 1729771200, .next = 1729771260, .code = 78, .message = "m" };
    struct err got;
    assert_int_equal(step_failure_report(&failure, &got), -1);
    assert_int_equal(got.code, 78);
    unit_has("report", got.message, "m (since ");
    for (int i = 0; i < STEPS; i++)
        assert_non_null(strstr(step_failure_what((enum step)i), " not "));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_ledger(test_a_step_that_never_failed_works),
        in_ledger(test_a_failure_lasts_until_it_is_cleared_and_its_pause_grows),
        in_ledger(test_a_long_message_is_cut_and_a_damaged_note_is_none),
        cmocka_unit_test(test_the_report_says_since_when),
    };
    return cmocka_run_group_tests_name("step_failure", tests, NULL, NULL);
}
