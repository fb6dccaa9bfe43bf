/* Tests of outcome: the result of sending a call. */
#include "../unit.h"

#include "domain/outcome.h"

static void test_outcome_wait_is_clamped(void **state)
{
    (void)state;
    static const struct {
        int64_t given, want;
    } rows[] = {
        { 0, 0 },     { 1, 1 },     { 899, 899 },       { 900, 900 }, { 901, 900 },
        { -1, 0 },    { 86400, 900 }, { INT64_MAX, 900 }, { INT64_MIN, 0 },
    };
    assert_int_equal(OUTCOME_WAIT_MAX_SEC, 900);
    for (size_t i = 0; i < UNIT_COUNT(rows); i++)
        assert_int_equal(outcome_clamp_wait(rows[i].given), rows[i].want);
}

static void test_outcome_is_useful_if_the_sink_has_processed_the_call(void **state)
{
    (void)state;
    static const struct {
        enum outcome_kind kind;
        bool want;
    } rows[] = {
        { OUTCOME_ACCEPTED, true },      { OUTCOME_SHOWN, true },
        { OUTCOME_REJECTED, true },       { OUTCOME_RETRY, false },
        { OUTCOME_RATE_LIMITED, false }, { OUTCOME_MISCONFIGURED, false },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++)
        assert_int_equal(outcome_is_useful(&(struct outcome){ .kind = rows[i].kind }), rows[i].want);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_outcome_wait_is_clamped),
        cmocka_unit_test(test_outcome_is_useful_if_the_sink_has_processed_the_call),
    };
    return cmocka_run_group_tests_name("outcome", tests, NULL, NULL);
}
