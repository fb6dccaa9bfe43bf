/* Tests of recorder_script: which statement of a file failed, and where it is. */
#include "../unit.h"

#include "sink/recorder_script.h"

#define in_directory(test) cmocka_unit_test_setup_teardown(test, unit_create_directory, unit_remove_directory)

static void test_an_error_names_the_line_and_the_begin_of_its_statement(void **state)
{
    static const struct {
        const char *sql, *want; /* NULL: no error */
    } rows[] = {
        { "CREATE TABLE a (b);\nINSERT INTO a VALUES ('x;y');;\n-- no more", NULL },
        { "SELECT b FROM a; DELETE FROM a", NULL },
        { "  ", NULL },
        { "/* never ends", NULL },
        { "SELECT 1;\n\n-- it's\n/* 2\n */ SELECT *\n  FROM nothing;", "line 5, `SELECT * FROM nothing`: could not" },
        { "SELECT 1; SELEC 2;", "line 1, `SELEC 2`: could not" },
        { "SELECT x FROM no WHERE password = 'secret'", "line 1, `SELECT x FROM no WHERE password =`: could not" },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct store *store = NULL;
        struct err err = { .message = "" };
        assert_int_equal(store_open("the records", unit_path(*state, "s.db"), STORE_WRITE, &store, &err), 0);
        int result = recorder_script_run(store, rows[i].sql, &err);
        unit_same_int(rows[i].sql, result, rows[i].want == NULL ? 0 : -1);
        unit_has(rows[i].sql, err.message, rows[i].want != NULL ? rows[i].want : "");
        unit_true(rows[i].sql, strstr(err.message, "secret") == NULL);
        store_close(store);
    }
}

static void test_a_long_statement_is_cut_between_two_characters(void **state)
{
    (void)state;
    static const char half[] = "SELECT ää ää ää ää ää ää ää ää ää ää ää",
                      whole[] = "SELECTs ää ää ää ää ää ää ää ää ää ää ä";
    char place[RECORDER_SCRIPT_PLACE_SIZE];
    assert_string_equal(recorder_script_place(half, 0, place), "line 1, `SELECT ää ää ää ää ää ää ää ää ää ää ä`");
    assert_string_equal(recorder_script_place(whole, 0, place), "line 1, `SELECTs ää ää ää ää ää ää ää ää ää ää ä`");
}

static void test_a_character_of_postgresql_is_in_its_line(void **state)
{
    (void)state;
    static const char sql[] = "SELECT 'ä';\n  SELECT x\nFROM y";
    static const struct {
        size_t character;
        const char *want;
    } rows[] = { { 1, "line 1, `SELECT`" }, { 11, "line 1, `SELECT`" }, { 22, "line 2, `SELECT x FROM y`" },
                 { 29, "line 3, `FROM y`" }, { 999, "line 3, `FROM y`" } };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        char place[RECORDER_SCRIPT_PLACE_SIZE];
        unit_same_text(rows[i].want, recorder_script_place(sql, recorder_script_line_of(sql, rows[i].character), place),
                       rows[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_directory(test_an_error_names_the_line_and_the_begin_of_its_statement),
        cmocka_unit_test(test_a_long_statement_is_cut_between_two_characters),
        cmocka_unit_test(test_a_character_of_postgresql_is_in_its_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
