/* Tests of recorder_verdict: what a database's error means, and the codes of outcomes. */
#include "../unit.h"

#include "base/str.h"
#include "sink/recorder_store.h"
#include "sink/recorder_verdict.h"

static void test_an_error_blames_the_row_the_settings_the_server_or_nobody(void **state)
{
    (void)state;
    enum { UNKNOWN = RECORDER_BLAMES_NOBODY, ROW = RECORDER_BLAMES_ROW, LATER = RECORDER_BLAMES_SERVER,
           SETTINGS = RECORDER_BLAMES_SETTINGS };
    static const struct {
        const char *sqlstate;
        int means;
        const char *advice;
    } rows[] = {
        { "22001", ROW, "" },           { "22P05", ROW, "" },           { "23502", ROW, "" },
        { "23505", ROW, "" },           { "21000", ROW, "" },           { "44000", ROW, "" },
        { "54000", ROW, "" },           { "P0001", ROW, "" },           { "P0002", UNKNOWN, "" },
        { "42501", SETTINGS, "GRANT" }, { "42P01", SETTINGS, "check" }, { "42P10", SETTINGS, "UNIQUE" },
        { "42703", SETTINGS, "check" }, { "28P01", SETTINGS, "user" },  { "3D000", SETTINGS, "names" },
        { "3F000", SETTINGS, "names" }, { "28000", SETTINGS, "pg_hba.conf" },
        { "25006", LATER, "standby" },  { "53100", LATER, "space" },
        { "53300", LATER, "connec" },   { "55P03", LATER, "locked" },   { "57014", LATER, "slow" },
        { "57P01", LATER, "" },         { "08006", LATER, "" },         { "40P01", LATER, "" },
        { "XX000", UNKNOWN, "" },         { "2", UNKNOWN, "" },             { "", UNKNOWN, "" },
        { NULL, UNKNOWN, "" },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        const char *name = str_or_empty(rows[i].sqlstate), *advice = NULL;
        unit_same_int(name, recorder_verdict_of(rows[i].sqlstate, &advice), rows[i].means);
        unit_has(name, advice, rows[i].advice);
        unit_true(name, *advice == '\0' || strncmp(advice, "; ", 2) == 0);
        unit_true(name, (*advice == '\0') == (*rows[i].advice == '\0'));
    }
}

static void test_a_code_is_described_in_words(void **state)
{
    (void)state;
    static const struct {
        int64_t code;
        bool accepted;
        const char *words;
    } rows[] = {
        { RECORDER_CREATED, true, "created" }, { RECORDER_UPDATED, true, "updated" },
        { RECORDER_KEPT, true, "unchanged" },
        { RECORDER_CODE_SQLITE + 3, false, "SQLite failure 3" }, { RECORDER_REFUSED, false, "code 4" },
        { 0, false, "code 0" }, { RECORDER_CODE_SQLITE, false, "SQLite failure 0" },
    };
    static const char *const sqlstates[] = { "01000", "23505", "P0001", "XX000", "ZZZZZ", "08006" };
    char words[40], want[40];
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        unit_same_int(rows[i].words, recorder_verdict_describe(rows[i].code, words, sizeof words), rows[i].accepted);
        unit_same_text(rows[i].words, words, rows[i].words);
    }
    for (size_t i = 0; i < UNIT_COUNT(sqlstates); i++) {
        int64_t code = recorder_verdict_code(sqlstates[i]);
        (void)snprintf(want, sizeof want, "SQLSTATE %s", sqlstates[i]);
        unit_true(sqlstates[i], code >= 1000);
        unit_true(sqlstates[i], !recorder_verdict_describe(code, words, sizeof words));
        unit_same_text(sqlstates[i], words, want);
    }
}

static void test_a_text_that_is_not_a_sqlstate_has_no_code(void **state)
{
    (void)state;
    static const char *const texts[] = { "", "2350", "235055", "23a05", "23-05" };
    assert_int_equal(recorder_verdict_code(NULL), 0);
    for (size_t i = 0; i < UNIT_COUNT(texts); i++)
        unit_same_int(texts[i], recorder_verdict_code(texts[i]), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_error_blames_the_row_the_settings_the_server_or_nobody),
        cmocka_unit_test(test_a_code_is_described_in_words),
        cmocka_unit_test(test_a_text_that_is_not_a_sqlstate_has_no_code),
    };
    return cmocka_run_group_tests_name("recorder_verdict", tests, NULL, NULL);
}
