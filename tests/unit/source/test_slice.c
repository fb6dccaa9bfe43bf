/* Tests of slice: how much of a table one statement reads. */
#include "../unit.h"

#include "source/slice.h"

static void test_slice_grows_while_statements_are_quick_and_shrinks_when_one_is_not(void **state)
{
    (void)state;
    assert_int_equal(slice_adapted(300, 0, 0, false), 600);
    assert_int_equal(slice_adapted(300, 1, 499, false), 600);
    assert_int_equal(slice_adapted(300, 1, 500, false), 300);
    assert_int_equal(slice_adapted(300, 2, 0, false), 300);
    assert_int_equal(slice_adapted(300, 5, 0, false), 300);
    assert_int_equal(slice_adapted(300, 6, 0, false), 150);
    assert_int_equal(slice_adapted(300, 0, 0, true), 75);
    assert_int_equal(slice_adapted(12, 0, 0, true), 10);
    assert_int_equal(slice_adapted(14400, 0, 0, false), 14400);
}

static void test_slice_is_read_whole_when_it_can_be_no_shorter(void **state)
{
    (void)state;
    char out[SLICE_LIMIT_SIZE];
    assert_string_equal(slice_limit(11, true, out), " LIMIT 1001 ROWS EXAMINED 4000");
    assert_string_equal(slice_limit(11, false, out), " LIMIT 1001");
    assert_string_equal(slice_limit(10, true, out), "");
    assert_true(slice_is_too_long(11, 1001, false));
    assert_true(slice_is_too_long(11, 0, true));
    assert_false(slice_is_too_long(11, 1000, false));
    assert_false(slice_is_too_long(10, 5000, true));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slice_grows_while_statements_are_quick_and_shrinks_when_one_is_not),
        cmocka_unit_test(test_slice_is_read_whole_when_it_can_be_no_shorter),
    };
    return cmocka_run_group_tests_name("slice", tests, NULL, NULL);
}
