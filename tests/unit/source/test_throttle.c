/* Tests of throttle: the limit of the server's time that one session uses. */
#include "../unit.h"

#include "source/throttle.h"

/* The network's share of each statement in these tests. */
#define ROUND_TRIP_MS 0.5

static double now_ms;

/* A session after its first statement, so it knows the network's share. */
static struct throttle started(double limit_ms, double pause)
{
    now_ms = 1000;
    struct throttle throttle = throttle_start(limit_ms, pause, now_ms);
    throttle_add(&throttle, ROUND_TRIP_MS, now_ms);
    return throttle;
}

/* Adds a statement that kept the server busy for served_ms and ends now. */
static void serve(struct throttle *throttle, double served_ms)
{
    now_ms += served_ms + ROUND_TRIP_MS;
    throttle_add(throttle, served_ms + ROUND_TRIP_MS, now_ms);
}

/* A session in the middle of its work: it owes as much pause as it may. */
static struct throttle at_work(double limit_ms, double pause)
{
    struct throttle throttle = started(limit_ms, pause);
    for (int i = 0; i < 26; i++)
        serve(&throttle, 1 / pause);
    assert_int_equal(throttle_take_pause(&throttle, now_ms), 1);
    return throttle;
}

static int64_t pause_after(struct throttle *throttle, double served_ms)
{
    serve(throttle, served_ms);
    return throttle_take_pause(throttle, now_ms);
}

static void test_throttle_makes_no_pause_in_a_run_that_reads_little(void **state)
{
    (void)state;
    struct throttle throttle = started(0, 1);
    for (int i = 0; i < 25; i++)
        assert_int_equal(pause_after(&throttle, 1), 0);
    assert_int_equal(pause_after(&throttle, 1), 1);
}

static void test_throttle_pauses_as_long_as_the_statement_took(void **state)
{
    (void)state;
    struct throttle once = at_work(0, 1);
    assert_int_equal(pause_after(&once, 3), 3);
    assert_int_equal(throttle_take_pause(&once, now_ms), 0); /* the pause is done */
    struct throttle four_times = at_work(0, 4);
    assert_int_equal(pause_after(&four_times, 3), 12);
}

static void test_throttle_adds_up_pauses_too_short_to_make(void **state)
{
    (void)state;
    struct throttle throttle = at_work(0, 1);
    assert_int_equal(pause_after(&throttle, 0.75), 0);
    now_ms -= ROUND_TRIP_MS; /* as if the next statement came at once */
    assert_int_equal(pause_after(&throttle, 0.75), 1);
}

static void test_throttle_counts_other_work_as_pause(void **state)
{
    (void)state;
    struct throttle throttle = at_work(0, 1);
    serve(&throttle, 8);
    now_ms += 5; /* for example, calls are sent */
    assert_int_equal(throttle_take_pause(&throttle, now_ms), 3);
    serve(&throttle, 8);
    now_ms += 50;
    assert_int_equal(throttle_take_pause(&throttle, now_ms), 0);
    for (int i = 0; i < 27; i++)
        serve(&throttle, 1);
    assert_int_equal(throttle_take_pause(&throttle, now_ms), 2); /* extra time is not saved up */
}

static void test_throttle_never_pauses_for_long(void **state)
{
    (void)state;
    struct throttle throttle = at_work(0, 4);
    assert_int_equal(pause_after(&throttle, 9000), 2000);
}

static void test_throttle_does_not_count_the_network(void **state)
{
    (void)state;
    struct throttle throttle = started(1000, 1);
    for (int i = 0; i < 100; i++)
        serve(&throttle, 0);
    assert_true(throttle.used_ms < 0.001);
    serve(&throttle, 7);
    assert_true(throttle.used_ms > 6.999 && throttle.used_ms < 7.001);
    assert_true(throttle.longest_ms > 6.999 && throttle.longest_ms < 7.001);
}

static void test_throttle_allows_so_much_a_minute(void **state)
{
    (void)state;
    struct throttle throttle = started(1000, 1);
    double began_ms = now_ms;
    serve(&throttle, 999);
    assert_true(throttle_has_allowance(&throttle, now_ms));
    serve(&throttle, 2);
    assert_false(throttle_has_allowance(&throttle, now_ms));
    assert_false(throttle_has_allowance(&throttle, began_ms + 60000));
    assert_true(throttle_has_allowance(&throttle, began_ms + 61000)); /* a long run: its second minute has begun */
    serve(&throttle, 1000);
    assert_false(throttle_has_allowance(&throttle, began_ms + 119000));
    assert_true(throttle_has_allowance(&throttle, began_ms + 121000));
}

static void test_throttle_without_a_limit_always_allows(void **state)
{
    (void)state;
    struct throttle throttle = started(0, 1);
    serve(&throttle, 100000);
    assert_true(throttle_has_allowance(&throttle, now_ms));
}

static void test_throttle_pauses_longer_where_many_statements_run(void **state)
{
    (void)state;
    struct throttle throttle = at_work(0, 1);
    throttle_note_running(&throttle, 16, now_ms);
    assert_int_equal(pause_after(&throttle, 3), 3);
    assert_false(throttle_is_strained(&throttle));
    throttle_note_running(&throttle, 64, now_ms);
    assert_int_equal(pause_after(&throttle, 3), 12);
    assert_true(throttle_is_strained(&throttle));
    throttle_note_running(&throttle, 3, now_ms);
    assert_int_equal(pause_after(&throttle, 3), 3);
    assert_true(throttle_is_strained(&throttle)); /* the server was busy before */
    assert_int_equal(throttle.most_running, 64);
}

static void test_throttle_asks_for_running_statements_now_and_then(void **state)
{
    (void)state;
    struct throttle little = started(0, 1), throttle = at_work(0, 1);
    assert_false(throttle_wants_running(&little, now_ms + 60000));
    assert_true(throttle_wants_running(&throttle, now_ms));
    throttle_note_running(&throttle, 1, now_ms);
    double asked_ms = now_ms;
    serve(&throttle, 4);
    assert_false(throttle_wants_running(&throttle, asked_ms + 60000)); /* the session reads little */
    serve(&throttle, 2);
    assert_false(throttle_wants_running(&throttle, asked_ms + 999));
    assert_true(throttle_wants_running(&throttle, asked_ms + 1000));
}

static void test_throttle_pauses_longer_after_statements_much_slower_than_others(void **state)
{
    (void)state;
    struct throttle throttle = at_work(0, 1);
    assert_int_equal(pause_after(&throttle, 9), 9);    /* slow for this table, but not long */
    assert_int_equal(pause_after(&throttle, 20), 40);
    assert_false(throttle_is_strained(&throttle));     /* one slow statement may be chance */
    assert_int_equal(pause_after(&throttle, 20), 80);
    assert_true(throttle_is_strained(&throttle));
    assert_int_equal(pause_after(&throttle, 20), 160);
    for (int i = 0; i < 40; i++)
        (void)pause_after(&throttle, 1);
    assert_int_equal(pause_after(&throttle, 3), 3);    /* the server is quick again */
}

static void test_throttle_takes_steadily_slow_statements_for_usual(void **state)
{
    (void)state;
    struct throttle throttle = started(0, 1);
    for (int i = 0; i < 30; i++)
        (void)pause_after(&throttle, 20);
    assert_int_equal(pause_after(&throttle, 20), 20);
}

static void test_throttle_strain_has_a_limit(void **state)
{
    (void)state;
    struct throttle throttle = at_work(0, 1);
    for (int i = 0; i < 7; i++)
        (void)pause_after(&throttle, 11);
    assert_int_equal(pause_after(&throttle, 11), 11 * 16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_throttle_makes_no_pause_in_a_run_that_reads_little),
        cmocka_unit_test(test_throttle_pauses_as_long_as_the_statement_took),
        cmocka_unit_test(test_throttle_adds_up_pauses_too_short_to_make),
        cmocka_unit_test(test_throttle_counts_other_work_as_pause),
        cmocka_unit_test(test_throttle_never_pauses_for_long),
        cmocka_unit_test(test_throttle_does_not_count_the_network),
        cmocka_unit_test(test_throttle_allows_so_much_a_minute),
        cmocka_unit_test(test_throttle_without_a_limit_always_allows),
        cmocka_unit_test(test_throttle_pauses_longer_where_many_statements_run),
        cmocka_unit_test(test_throttle_asks_for_running_statements_now_and_then),
        cmocka_unit_test(test_throttle_pauses_longer_after_statements_much_slower_than_others),
        cmocka_unit_test(test_throttle_takes_steadily_slow_statements_for_usual),
        cmocka_unit_test(test_throttle_strain_has_a_limit),
    };
    return cmocka_run_group_tests_name("throttle", tests, NULL, NULL);
}
