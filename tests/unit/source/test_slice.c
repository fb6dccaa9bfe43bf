/* Tests of slice: how much of a table one statement reads. */
#include "../unit.h"

#include "source/slice.h"

static int64_t adapted(int64_t sec, int64_t took_ms, uint64_t rows, bool too_long)
{
    struct slice slice = { .sec = sec };
    slice_adapt(&slice, took_ms, rows, too_long);
    return slice.sec;
}

static void test_slice_grows_while_statements_are_quick_and_shrinks_when_one_is_not(void **state)
{
    (void)state;
    assert_int_equal(adapted(300, 0, 0, false), 600);
    assert_int_equal(adapted(300, 1, 37, false), 600);
    assert_int_equal(adapted(300, 1, 38, false), 592);
    assert_int_equal(adapted(300, 1, 60, false), 375);
    assert_int_equal(adapted(300, 1, 75, false), 300);
    assert_int_equal(adapted(300, 1, 100, false), 300);
    assert_int_equal(adapted(300, 2, 0, false), 300);
    assert_int_equal(adapted(300, 3, 0, false), 150);
    assert_int_equal(adapted(300, 0, 0, true), 75);
    assert_int_equal(adapted(12, 0, 0, true), 3);
    assert_int_equal(adapted(3, 0, 0, true), 1);
    assert_int_equal(adapted(14400, 0, 0, false), 14400);
}

static void test_slice_begins_with_five_minutes(void **state)
{
    (void)state;
    struct slice slice = { .sec = 0 };
    assert_int_equal(slice_length(&slice), 300);
    slice_adapt(&slice, 0, 0, false);
    assert_int_equal(slice_length(&slice), 600);
}

/* Adapts the slice to a number of quick statements with few rows. */
static void read_quickly(struct slice *slice, int times)
{
    for (int i = 0; i < times; i++)
        slice_adapt(slice, 0, 0, false);
}

static void test_slice_does_not_soon_grow_to_a_length_that_was_too_long(void **state)
{
    (void)state;
    struct slice slice = { .sec = 1200 };
    slice_adapt(&slice, 0, 0, true);
    assert_int_equal(slice_length(&slice), 300);
    read_quickly(&slice, 15);
    assert_int_equal(slice_length(&slice), 600); /* twice this length was too long */
    read_quickly(&slice, 1);
    assert_int_equal(slice_length(&slice), 1200); /* there may be fewer calls now */
    read_quickly(&slice, 1);
    assert_int_equal(slice_length(&slice), 2400);
    slice_adapt(&slice, 0, 0, true);
    read_quickly(&slice, 15);
    assert_int_equal(slice_length(&slice), 1200);
}

static void test_slice_grows_up_to_a_length_that_was_too_long(void **state)
{
    (void)state;
    struct slice slice = { .sec = 1300 };
    slice_adapt(&slice, 0, 0, true);
    read_quickly(&slice, 2);
    assert_int_equal(slice_length(&slice), 1300 / 4 * 2); /* 1,300 s again would be too long */
    slice = (struct slice){ .sec = 1303 };
    slice_adapt(&slice, 0, 0, true);
    read_quickly(&slice, 2);
    assert_int_equal(slice_length(&slice), 1303 / 4 * 4); /* a little less may be short enough */
}

static void test_slice_of_the_shortest_length_is_read_whole(void **state)
{
    (void)state;
    const struct slice shorter = { .sec = 2 }, shortest = { .sec = 1 };
    char out[SLICE_LIMIT_SIZE];
    assert_string_equal(slice_limit(&shorter, true, out), " LIMIT 101 ROWS EXAMINED 400");
    assert_string_equal(slice_limit(&shorter, false, out), " LIMIT 101");
    assert_string_equal(slice_limit(&shortest, true, out), "");
    assert_true(slice_is_too_long(&shorter, 101, false));
    assert_true(slice_is_too_long(&shorter, 0, true));
    assert_false(slice_is_too_long(&shorter, 100, false));
    assert_false(slice_is_too_long(&shortest, 5000, true));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slice_grows_while_statements_are_quick_and_shrinks_when_one_is_not),
        cmocka_unit_test(test_slice_begins_with_five_minutes),
        cmocka_unit_test(test_slice_does_not_soon_grow_to_a_length_that_was_too_long),
        cmocka_unit_test(test_slice_grows_up_to_a_length_that_was_too_long),
        cmocka_unit_test(test_slice_of_the_shortest_length_is_read_whole),
    };
    return cmocka_run_group_tests_name("slice", tests, NULL, NULL);
}
