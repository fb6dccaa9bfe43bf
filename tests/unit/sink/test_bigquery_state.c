/* Tests of bigquery_state: the file comes back as it was written; a damaged one makes the sink careful. */
#include "../unit.h"

#include "sink/bigquery_state.h"

static void test_state_comes_back_as_it_was_saved(void **state)
{
    struct bigquery_state got, saved = { .loaded = 1795714390, .seen_us = INT64_C(1795714390123457), .sandbox = 5,
                                         .no_login = 6, .is_open = true, .is_reported = true, .digest = "5eb1",
                                         .started = 7, .job = "calls_5eb1_7_merge_new",
                                         .job_at = 8 };
    struct err err;
    bigquery_state_load(*state, &got);
    assert_int_equal(got.loaded, 0);
    assert_false(got.is_open);
    assert_int_equal(bigquery_state_save(*state, &saved, &err), 0);
    bigquery_state_load(*state, &got);
    assert_int_equal(got.loaded, saved.loaded);
    assert_int_equal(got.seen_us, saved.seen_us);
    assert_int_equal(got.sandbox, saved.sandbox);
    assert_int_equal(got.no_login, saved.no_login);
    assert_int_equal(got.started, saved.started);
    assert_true(got.is_open);
    assert_true(got.is_reported);
    assert_string_equal(got.digest, "5eb1");
    assert_string_equal(got.job, "calls_5eb1_7_merge_new");
    assert_int_equal(got.job_at, 8);
}

static void test_a_damaged_state_says_that_an_outcome_may_be_open(void **state)
{
    static const char *const texts[] = { "", "{", "[]", "{\"is_open\":false}",
                                         "{\"is_open\":false,\"digest\":\"a\",\"loaded\":\"x\"}" };
    for (size_t i = 0; i < UNIT_COUNT(texts); i++) {
        struct bigquery_state got;
        FILE *file = fopen(unit_path(*state, "bigquery.state"), "w");
        assert_non_null(file);
        assert_true(fputs(texts[i], file) >= 0);
        assert_int_equal(fclose(file), 0);
        bigquery_state_load(*state, &got);
        unit_true(texts[i], got.is_open && got.loaded == 0 && got.digest[0] == '\0');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_state_comes_back_as_it_was_saved, unit_create_directory,
                                        unit_remove_directory),
        cmocka_unit_test_setup_teardown(test_a_damaged_state_says_that_an_outcome_may_be_open, unit_create_directory,
                                        unit_remove_directory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
