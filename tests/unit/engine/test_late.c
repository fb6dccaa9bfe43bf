/* Tests of late: how late rows were written, in this period of a day and in the one before. */
#include "../unit_ledger.h"

#include "../broken_ledger.h"
#include "engine/late.h"

#define NOW INT64_C(1729771200)
#define DAY 86400
#define LEAST (62 + 20) /* VICIdial's dial timeout, and a margin */

static struct late load(int64_t now)
{
    struct late late;
    if (late_load(&late, ledger, now, &err) != 0)
        fail_msg("%s", err.message);
    return late;
}

static void save(const struct late *late)
{
    if (late_save(late, ledger, &err) != 0)
        fail_msg("%s", err.message);
}

/* Makes a run at this time; its latest row is this late. */
static void run_at(int64_t now, int64_t sec)
{
    struct late late = load(now);
    late_saw(&late, sec);
    save(&late);
}

static int64_t overlap_at(int64_t now)
{
    struct late late = load(now);
    return late_overlap(&late, DAY);
}

static void test_an_unknown_source_may_be_a_day_late(void **state)
{
    (void)state;
    struct late late = load(NOW);
    assert_int_equal(late_overlap(&late, 1000000), DAY + 20);
    assert_int_equal(late_overlap(&late, 7200), 7200);
    save(&late);
    assert_int_equal(overlap_at(NOW + DAY - 1), DAY);
}

static void test_a_period_lasts_a_day_and_the_one_before_counts(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int64_t now, want;
    } rows[] = { { "the same second", NOW, 500 }, { "its last second", NOW + DAY - 1, 500 } };
    run_at(NOW - DAY, 0); /* the first period */
    run_at(NOW, 480);
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct late late = load(rows[i].now);
        unit_same_int(rows[i].name, late.since, NOW);
        unit_same_int(rows[i].name, late.now, 480);
        unit_same_int(rows[i].name, late_overlap(&late, DAY), rows[i].want);
        unit_true(rows[i].name, !late.changed);
    }
    run_at(NOW + DAY, 0);
    assert_int_equal(overlap_at(NOW + DAY + 1), 500); /* the period before */
    run_at(NOW + 2 * DAY, 0);
    assert_int_equal(overlap_at(NOW + 2 * DAY + 1), LEAST); /* the one before that */
}

/* The time of a note is then in the future: nobody knows how old the period is. */
static void test_a_clock_that_was_set_back_begins_a_period(void **state)
{
    (void)state;
    run_at(NOW - DAY, 0);
    run_at(NOW, 480);
    run_at(NOW - 1, 0);
    struct late late = load(NOW);
    assert_int_equal(late.since, NOW - 1);
    assert_int_equal(late.before, 480);
}

static void test_the_latest_row_counts(void **state)
{
    (void)state;
    run_at(NOW - DAY, 0);
    run_at(NOW, 300);
    run_at(NOW + 60, 200);
    assert_int_equal(overlap_at(NOW + 120), 320);
    run_at(NOW + 120, 301);
    assert_int_equal(overlap_at(NOW + 180), 321);
}

/* Each minute most runs see nothing later than what is known: they write nothing. */
static void test_what_is_known_is_not_written_again(void **state)
{
    (void)state;
    run_at(NOW, 300);
    struct late late = load(NOW + 60);
    late_saw(&late, 300);
    assert_false(late.changed);
    broken_ledger_at(1, 100);
    save(&late);
    assert_false(broken_ledger_has_failed());
    broken_ledger_at(0, 0);
}

/* How late it was is not known: longer than the overlap. */
static void test_a_row_that_no_scan_found_doubles_the_overlap(void **state)
{
    (void)state;
    run_at(NOW - DAY, 0);
    run_at(NOW, 0);
    struct late late = load(NOW + 60);
    assert_int_equal(late_overlap(&late, 600), LEAST);
    late_missed(&late, 600);
    assert_int_equal(late.now, 2 * LEAST);
    assert_int_equal(late_overlap(&late, 600), 2 * LEAST + 20);
    late_missed(&late, 600);
    late_missed(&late, 600);
    assert_int_equal(late.now, 600); /* the most */
    assert_int_equal(late_overlap(&late, 600), 600);
}

static int act(void *context, struct err *failure)
{
    struct late late;
    (void)context;
    if (late_load(&late, ledger, NOW + 60, failure) != 0)
        return -1;
    late_saw(&late, 100);
    return late_save(&late, ledger, failure);
}

static void take_back(void *context)
{
    (void)context;
    struct late late = { .now = 50, .before = 40, .since = NOW, .changed = true };
    save(&late);
}

static void test_an_error_of_the_ledger_is_reported(void **state)
{
    (void)state;
    take_back(NULL);
    assert_int_equal(broken_ledger_sweep("late", act, take_back, NULL), 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_ledger(test_an_unknown_source_may_be_a_day_late),
        in_ledger(test_a_period_lasts_a_day_and_the_one_before_counts),
        in_ledger(test_a_clock_that_was_set_back_begins_a_period),
        in_ledger(test_the_latest_row_counts),
        in_ledger(test_what_is_known_is_not_written_again),
        in_ledger(test_a_row_that_no_scan_found_doubles_the_overlap),
        in_ledger(test_an_error_of_the_ledger_is_reported),
    };
    return cmocka_run_group_tests_name("late", tests, NULL, NULL);
}
