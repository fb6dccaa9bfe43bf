/* Tests of err: the error value. */
#include "../unit.h"

#include "base/err.h"

static void test_err_holds_code_and_formatted_message(void **state)
{
    (void)state;
    struct err err = { .code = 1, .message = "old" };
    assert_int_equal(err_set(&err, EX_CONFIG, "could not read %s: %d", "x.conf", -7), -1);
    assert_int_equal(err.code, EX_CONFIG);
    assert_string_equal(err.message, "could not read x.conf: -7");
}

static void test_err_set_with_null_still_returns_failure(void **state)
{
    (void)state;
    assert_int_equal(err_set(NULL, EX_IOERR, "lost %d", 1), -1);
}

static void test_err_set_may_wrap_its_own_message(void **state)
{
    (void)state;
    struct err err;
    (void)err_set(&err, EX_IOERR, "disk full");
    (void)err_set(&err, EX_TEMPFAIL, "could not save: %s; %s", err.message, err.message);
    assert_int_equal(err.code, EX_TEMPFAIL);
    assert_string_equal(err.message, "could not save: disk full; disk full");
}

static void test_err_cuts_a_message_that_is_too_long(void **state)
{
    (void)state;
    static const struct {
        size_t length, kept;
    } rows[] = { { 0, 0 }, { 1022, 1022 }, { 1023, 1023 }, { 1024, 1023 }, { 5000, 1023 } };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        char text[5001], row[32];
        struct err err;
        memset(text, 'x', rows[i].length);
        text[rows[i].length] = '\0';
        (void)snprintf(row, sizeof row, "%zu characters", rows[i].length);
        unit_same_int(row, err_set(&err, EX_SOFTWARE, "%s", text), -1);
        unit_same_int(row, strlen(err.message), rows[i].kept);
    }
}

static void test_err_codes_are_the_documented_exit_codes(void **state)
{
    (void)state;
    assert_int_equal(EX_OK, 0);
    assert_int_equal(EX_USAGE, 64);
    assert_int_equal(EX_UNAVAILABLE, 69);
    assert_int_equal(EX_SOFTWARE, 70);
    assert_int_equal(EX_IOERR, 74);
    assert_int_equal(EX_TEMPFAIL, 75);
    assert_int_equal(EX_NOPERM, 77);
    assert_int_equal(EX_CONFIG, 78);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_err_holds_code_and_formatted_message),
        cmocka_unit_test(test_err_set_with_null_still_returns_failure),
        cmocka_unit_test(test_err_set_may_wrap_its_own_message),
        cmocka_unit_test(test_err_cuts_a_message_that_is_too_long),
        cmocka_unit_test(test_err_codes_are_the_documented_exit_codes),
    };
    return cmocka_run_group_tests_name("err", tests, NULL, NULL);
}
