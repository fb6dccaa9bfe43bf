/* Tests of asterisk_row: the call of a row, and duplicate rows. */
#include "../unit.h"

#include "source/asterisk_row.h"

static const struct asterisk_widths freepbx = { .uniqueid = 32, .linkedid = 32 };

static struct asterisk_row *row_of(const char *uniqueid, const char *linkedid, const char *channel)
{
    const char *columns[ASTERISK_COLUMNS] = { [ASTERISK_UNIQUEID] = uniqueid, [ASTERISK_LINKEDID] = linkedid,
                                              [ASTERISK_CHANNEL] = channel };
    return asterisk_row_make(columns, 1729778300, &freepbx);
}

static void test_asterisk_row_epoch_is_before_the_last_dot(void **state)
{
    (void)state;
    static const struct {
        const char *id;
        int64_t epoch;
    } cases[] = {
        { "1729771100.5", 1729771100 },
        { "1729771100.123456", 1729771100 },
        { "pbx1-1729771100.5", 1729771100 },
        { "pbx.east-2-1729771100.5", 1729771100 },
        { "", 0 },
        { "1729771100", 0 },
        { "1729771100.", 0 },
        { "pbx1-17297711", 0 },
        { "pbx11729771100.5", 0 },
        { "1729771.5", 0 },
        { "17297x1100.5", 0 },
        { "abcdefghij.5", 0 },
        { "91729771100.5", 0 },
        { "1729771100.x", 0 },
    };
    for (size_t i = 0; i < UNIT_COUNT(cases); i++)
        unit_same_int(cases[i].id, asterisk_row_epoch(cases[i].id), cases[i].epoch);
}

static void test_asterisk_row_belongs_to_its_linkedid_else_to_its_uniqueid(void **state)
{
    (void)state;
    static const struct {
        const char *uniqueid, *linkedid, *id;
    } cases[] = {
        { "1729771100.6", "1729771100.5", "1729771100.5" },
        { "1729771100.6", "", "1729771100.6" },
        { "1729771100.6", NULL, "1729771100.6" },
        { "pbx1-1729771100.6", "pbx1-1729771099.4", "pbx1-1729771099.4" },
    };
    for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
        struct asterisk_row *row = row_of(cases[i].uniqueid, cases[i].linkedid, "PJSIP/101-00000001");
        unit_same_text(cases[i].id, row->id, cases[i].id);
        unit_true(cases[i].id, !row->is_weak);
        unit_same_int(cases[i].id, row->call_epoch, asterisk_row_epoch(cases[i].id));
        free(row);
    }
}

/* FreePBX's columns have 32 characters. After a long system name, the unique part of the id is cut off. */
static void test_asterisk_row_with_a_cut_or_missing_id_is_a_call_alone(void **state)
{
    (void)state;
    const char *cut = "head-office-number-4-1729771100."; /* 32 characters */
    assert_int_equal(strlen(cut), 32);
    struct asterisk_row *one = row_of(cut, cut, "PJSIP/101-00000001"), *same = row_of(cut, cut, "PJSIP/101-00000001"),
                        *other = row_of(cut, cut, "PJSIP/102-00000002"), *none = row_of("", "", "PJSIP/101-00000001"),
                        *missing = row_of(NULL, NULL, "PJSIP/102-00000002");
    assert_true(one->is_weak && none->is_weak && missing->is_weak);
    assert_string_equal(one->id, same->id);
    assert_string_not_equal(one->id, other->id);
    assert_string_not_equal(none->id, missing->id);
    assert_int_equal(strncmp(one->id, cut, 32), 0);
    assert_int_equal(asterisk_row_weak_local(one->id), 1729778300);
    assert_int_equal(asterisk_row_weak_local(none->id), 1729778300);
    assert_int_equal(one->call_epoch, 0);
    assert_int_equal(asterisk_row_weak_local("1729771100.5"), 0);
    assert_int_equal(asterisk_row_weak_local("pbx@east-1729771100.5"), 0);
    assert_int_equal(asterisk_row_weak_local("pbx@1729771100.5"), 0);
    struct asterisk_row *rows[] = { one, same, other, none, missing };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++)
        free(rows[i]);
}

/* A table made by alembic has 150 characters; another table may have no limit. */
static void test_asterisk_row_in_a_wide_column_is_not_cut(void **state)
{
    (void)state;
    const struct asterisk_widths wide = { .uniqueid = 150, .linkedid = 150 }, none = { .uniqueid = 0 };
    const char *columns[ASTERISK_COLUMNS] = { [ASTERISK_LINKEDID] = "the-head-office-number-4-1729771100.123456" };
    struct asterisk_row *row = asterisk_row_make(columns, 0, &wide), *other = asterisk_row_make(columns, 0, &none);
    assert_true(!row->is_weak && !other->is_weak);
    free(row);
    free(other);
}

static void test_asterisk_row_reads_numbers_and_null(void **state)
{
    (void)state;
    const char *columns[ASTERISK_COLUMNS] = { [ASTERISK_DURATION] = "65", [ASTERISK_BILLSEC] = "x",
                                              [ASTERISK_DISPOSITION] = "answered" };
    struct asterisk_row *row = asterisk_row_make(columns, 5, &freepbx);
    assert_int_equal(row->duration, 65);
    assert_int_equal(row->billsec, 0);
    assert_int_equal(row->sequence, 0);
    assert_true(asterisk_row_is(row, ASTERISK_DISPOSITION, "ANSWERED"));
    assert_false(asterisk_row_has(row, ASTERISK_DID));
    assert_string_equal(row->text[ASTERISK_DID], "");
    free(row);
}

/* The table has no primary key, and sequence may be missing. */
static void test_asterisk_row_differs_by_each_identifying_column(void **state)
{
    (void)state;
    static const char *const usual[ASTERISK_COLUMNS] = {
        [ASTERISK_UNIQUEID] = "1729771100.6", [ASTERISK_LINKEDID] = "1729771100.5", [ASTERISK_CHANNEL] = "a",
        [ASTERISK_DSTCHANNEL] = "b", [ASTERISK_DISPOSITION] = "ANSWERED", [ASTERISK_LASTAPP] = "Dial",
        [ASTERISK_DST] = "101", [ASTERISK_DURATION] = "65", [ASTERISK_BILLSEC] = "60", [ASTERISK_SEQUENCE] = "3"
    };
    static const struct {
        enum asterisk_column column;
        const char *name;
    } cases[] = {
        { ASTERISK_UNIQUEID, "uniqueid" }, { ASTERISK_LINKEDID, "linkedid" }, { ASTERISK_CHANNEL, "channel" },
        { ASTERISK_DSTCHANNEL, "dstchannel" }, { ASTERISK_DISPOSITION, "disposition" }, { ASTERISK_LASTAPP, "lastapp" },
        { ASTERISK_DST, "dst" }, { ASTERISK_DURATION, "duration" }, { ASTERISK_BILLSEC, "billsec" },
        { ASTERISK_SEQUENCE, "sequence" },
    };
    struct asterisk_row *row = asterisk_row_make(usual, 100, &freepbx),
                        *later = asterisk_row_make(usual, 101, &freepbx),
                        *again = asterisk_row_make(usual, 100, &freepbx);
    assert_int_equal(asterisk_row_compare(row, again), 0);
    assert_true(asterisk_row_compare(row, later) < 0 && asterisk_row_compare(later, row) > 0);
    for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
        const char *columns[ASTERISK_COLUMNS];
        memcpy(columns, usual, sizeof columns);
        columns[cases[i].column] = "1";
        struct asterisk_row *other = asterisk_row_make(columns, 100, &freepbx);
        unit_true(cases[i].name, asterisk_row_compare(row, other) != 0);
        unit_same_int(cases[i].name, asterisk_row_compare(row, other) < 0, asterisk_row_compare(other, row) > 0);
        free(other);
    }
    free(row);
    free(later);
    free(again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_asterisk_row_epoch_is_before_the_last_dot),
        cmocka_unit_test(test_asterisk_row_belongs_to_its_linkedid_else_to_its_uniqueid),
        cmocka_unit_test(test_asterisk_row_with_a_cut_or_missing_id_is_a_call_alone),
        cmocka_unit_test(test_asterisk_row_in_a_wide_column_is_not_cut),
        cmocka_unit_test(test_asterisk_row_reads_numbers_and_null),
        cmocka_unit_test(test_asterisk_row_differs_by_each_identifying_column),
    };
    return cmocka_run_group_tests_name("asterisk_row", tests, NULL, NULL);
}
