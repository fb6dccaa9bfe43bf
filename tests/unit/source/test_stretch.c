/* Tests of stretch: which local times must be read. */
#include "../unit.h"

#include "source/stretch.h"

struct window {
    int64_t from, to, offset;
};

/* The stretches to read, such as "10-19 30-39". */
static void check_stretches(const char *row, const struct window *windows, size_t count, const char *want)
{
    struct stretch_list list = { .count = 0 };
    char got[200] = "";
    size_t used = 0;
    for (size_t i = 0; i < count; i++)
        stretch_add(&list, windows[i].from, windows[i].to, windows[i].offset);
    int64_t at = INT64_MIN, to = 0;
    while (stretch_next(&list, at, &at, &to)) {
        used += (size_t)snprintf(got + used, sizeof got - used, "%s%lld-%lld", used > 0 ? " " : "", (long long)at,
                                 (long long)to);
        at = to + 1;
    }
    unit_same_text(row, got, want);
    stretch_clear(&list);
}

static void test_stretches_of_all_windows_are_disjoint_and_in_order(void **state)
{
    (void)state;
    static const struct window one[] = { { 100, 199, 0 } }, apart[] = { { 100, 199, 0 }, { 100, 199, -500 } },
                               ahead[] = { { 100, 199, 500 }, { 100, 199, 0 } },
                               meet[] = { { 100, 199, 0 }, { 100, 199, -100 } },
                               overlap[] = { { 100, 199, 0 }, { 100, 199, 50 }, { 100, 199, 120 } },
                               inside[] = { { 100, 199, 0 }, { 120, 130, 0 }, { 100, 199, 0 } },
                               chain[] = { { 300, 399, 0 }, { 100, 199, 0 }, { 200, 299, 0 } },
                               point[] = { { 100, 100, 0 } };
    check_stretches("none", one, 0, "");
    check_stretches("one", one, UNIT_COUNT(one), "100-199");
    check_stretches("apart", apart, UNIT_COUNT(apart), "-400--301 100-199");
    check_stretches("ahead", ahead, UNIT_COUNT(ahead), "100-199 600-699");
    check_stretches("meet", meet, UNIT_COUNT(meet), "0-199");
    check_stretches("overlap", overlap, UNIT_COUNT(overlap), "100-319");
    check_stretches("inside", inside, UNIT_COUNT(inside), "100-199");
    check_stretches("chain", chain, UNIT_COUNT(chain), "100-399");
    check_stretches("point", point, UNIT_COUNT(point), "100-100");
}

static void test_a_started_stretch_is_continued(void **state)
{
    (void)state;
    struct stretch_list list = { .count = 0 };
    int64_t from = 0, to = 0;
    stretch_add(&list, 100, 199, 0);
    stretch_add(&list, 100, 199, 500);
    assert_true(stretch_next(&list, 150, &from, &to));
    assert_int_equal(from, 150);
    assert_int_equal(to, 199);
    assert_true(stretch_next(&list, 199, &from, &to));
    assert_int_equal(from, 199);
    assert_int_equal(to, 199);
    assert_true(stretch_next(&list, 200, &from, &to));
    assert_int_equal(from, 600);
    assert_false(stretch_next(&list, 700, &from, &to));
    stretch_clear(&list);
}

static void test_stretch_knows_which_calls_were_read_in_every_zone(void **state)
{
    (void)state;
    struct stretch_list list = { .count = 0 };
    stretch_add(&list, 100, 199, 0);
    stretch_add(&list, 100, 199, -500);
    static const struct {
        int64_t at, want;
    } rows[] = { { -400, 100 }, { -350, 100 }, { 100, 100 }, { 101, 101 }, { 199, 199 }, { 200, INT64_MAX } };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        char row[40];
        (void)snprintf(row, sizeof row, "read before %lld", (long long)rows[i].at);
        unit_same_int(row, stretch_made_before(&list, rows[i].at), rows[i].want);
    }
    stretch_add(&list, 50, 199, 60); /* 110 to 259: begins within the first stretch, and ends after it */
    unit_same_int("begun later", stretch_made_before(&list, 150), 90);
    unit_same_int("ends later", stretch_made_before(&list, 200), 140);
    stretch_clear(&list);
}

/* The epochs that were asked for, and the first epoch of summer time. */
struct asked {
    int64_t summer_from, last_from;
    int count;
};

static int sample(void *context, int64_t from, int64_t to, struct zone *zone, struct err *err)
{
    struct asked *asked = context;
    if (asked->count < 0)
        return err_set(err, EX_UNAVAILABLE, "gone");
    asked->count++;
    asked->last_from = from;
    zone_add(zone, to >= asked->summer_from ? 7200 : 3600, 0);
    return 0;
}

/* If the clocks changed between two samples, both zones are read. */
static void test_stretch_of_long_ago_is_read_in_the_zones_of_both_ends(void **state)
{
    (void)state;
    struct err err;
    const int64_t day = 86400, from = 1729771100;
    struct stretch_list list = { .count = 0 };
    struct asked asked = { .summer_from = from + 30 * day };
    assert_int_equal(stretch_add_sampled(&list, from, from + 60 * day, sample, &asked, &err), 0);
    assert_int_equal(asked.count, 6);
    assert_int_equal(asked.last_from, from + 70 * day);
    assert_int_equal(list.count, 10);
    int64_t first = 0, last = 0;
    assert_true(stretch_next(&list, INT64_MIN, &first, &last));
    assert_int_equal(first, from + 3600);
    assert_int_equal(last, from + 60 * day + 7200);
    stretch_clear(&list);
    asked.count = 0;
    assert_int_equal(stretch_add_sampled(&list, from, from + 36500 * day, sample, &asked, &err), 0);
    unit_in_range(asked.count, 60, 70);
    stretch_clear(&list);
    asked.count = -1;
    assert_int_equal(stretch_add_sampled(&list, from, from + day, sample, &asked, &err), -1);
    assert_string_equal(err.message, "gone");
    stretch_clear(&list);
}

static void test_stretch_writes_a_local_time_as_a_datetime(void **state)
{
    (void)state;
    char out[STRETCH_DATETIME_SIZE];
    assert_string_equal(stretch_datetime(1729771100, out), "2024-10-24 11:58:20");
    assert_string_equal(stretch_datetime(0, out), "1970-01-01 00:00:00");
    assert_string_equal(stretch_datetime(INT64_MAX, out), "1970-01-01 00:00:00");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stretch_of_long_ago_is_read_in_the_zones_of_both_ends),
        cmocka_unit_test(test_stretch_writes_a_local_time_as_a_datetime),
        cmocka_unit_test(test_stretches_of_all_windows_are_disjoint_and_in_order),
        cmocka_unit_test(test_a_started_stretch_is_continued),
        cmocka_unit_test(test_stretch_knows_which_calls_were_read_in_every_zone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
