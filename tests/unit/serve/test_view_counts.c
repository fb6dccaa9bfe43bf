/* Tests of view_counts: the last counts, for as long as the file does not change. */
#include "../unit.h"

#include "serve/view_counts.h"

static struct view_counts counts;

static struct view_sql ask(const char *piece, const char *text, int64_t number)
{
    struct view_sql sql = { .length = 0 };
    view_sql_add(&sql, piece);
    view_sql_text(&sql, text);
    view_sql_number(&sql, number);
    return sql;
}

static int forget(void **state)
{
    (void)state;
    view_counts_forget(&counts);
    return 0;
}

static void test_view_counts_finds_the_same_question_in_the_same_version(void **state)
{
    const struct view_sql sql = ask("SELECT ?, ?", "a", 1);
    int64_t count = 0;
    (void)state;
    assert_false(view_counts_find(&counts, 7, &sql, &count));
    view_counts_keep(&counts, &sql, 42);
    assert_true(view_counts_find(&counts, 7, &sql, &count));
    assert_int_equal(count, 42);
    assert_false(view_counts_find(&counts, 8, &sql, &count)); /* the file has changed */
    assert_false(view_counts_find(&counts, 7, &sql, &count)); /* and what was counted before is forgotten */
}

static void test_view_counts_tells_questions_apart(void **state)
{
    const struct view_sql kept = ask("SELECT ?, ?", "a", 1);
    const struct view_sql others[] = { ask("SELECT ?, ?  ", "a", 1), ask("SELECT ?, ?", "b", 1),
                                       ask("SELECT ?, ?", "a", 2), ask("SELECT ?, ?", "a\nn1", 1),
                                       ask("SELECT ?, ?", "", 1) };
    int64_t count = 0;
    (void)state;
    assert_false(view_counts_find(&counts, 7, &kept, &count));
    view_counts_keep(&counts, &kept, 42);
    for (size_t i = 0; i < UNIT_COUNT(others); i++)
        assert_false(view_counts_find(&counts, 7, &others[i], &count));
    assert_true(view_counts_find(&counts, 7, &kept, &count));
}

static void test_view_counts_forgets_the_oldest(void **state)
{
    int64_t count = 0;
    (void)state;
    for (int64_t i = 0; i <= VIEW_COUNTS_MOST; i++) {
        const struct view_sql sql = ask("SELECT ?, ?", "a", i);
        assert_false(view_counts_find(&counts, 7, &sql, &count));
        view_counts_keep(&counts, &sql, 100 + i);
    }
    for (int64_t i = 0; i <= VIEW_COUNTS_MOST; i++) {
        const struct view_sql sql = ask("SELECT ?, ?", "a", i);
        assert_int_equal(view_counts_find(&counts, 7, &sql, &count), i != 0);
        assert_true(i == 0 || count == 100 + i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_view_counts_finds_the_same_question_in_the_same_version, forget),
        cmocka_unit_test_teardown(test_view_counts_tells_questions_apart, forget),
        cmocka_unit_test_teardown(test_view_counts_forgets_the_oldest, forget),
    };
    return cmocka_run_group_tests_name("view_counts", tests, NULL, NULL);
}
