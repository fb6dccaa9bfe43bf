/* Tests of enabled: whether cron and the service may send. */
#include "ledger/enabled.h"
#include "ledger/ledger.h"
#include "../unit.h"

enum past { NOTHING, LEDGER, WORKED };

static void make_past(const char *directory, enum past past)
{
    const struct position position = { .end_epoch = 1800000000, .uniqueid = "1.1" };
    struct ledger *ledger = NULL;
    if (past == NOTHING)
        return;
    assert_int_equal(ledger_open(directory, LEDGER_WRITE, &ledger, NULL, NULL), 0);
    if (past == WORKED)
        assert_int_equal(ledger_set_place(ledger, LEDGER_CHECKPOINT, &position, NULL), 0);
    assert_int_equal(ledger_commit(ledger, NULL), 0);
    ledger_close(ledger);
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void test_enabled_is_the_file_or_else_the_past(void **state)
{
    static const struct {
        const char *name, *file; /* NULL: none */
        enum past past;
        bool want, off;
    } rows[] = {
        { "new", NULL, NOTHING, false, true },
        { "only backfilled", NULL, LEDGER, false, false },
        { "worked before", NULL, WORKED, true, false },
        { "yes", "yes\n# since then\n", NOTHING, true, false },
        { "yes by hand", "yes", LEDGER, true, false },
        { "no", "no\n", NOTHING, false, true },
        { "no although it worked", "no\n", WORKED, false, true },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        char directory[512], file[600];
        bool enabled = !rows[i].want, is_new = false;
        (void)snprintf(directory, sizeof directory, "%s/%zu", (char *)*state, i);
        (void)snprintf(file, sizeof file, "%s/enabled", directory);
        assert_int_equal(mkdir(directory, 0700), 0);
        make_past(directory, rows[i].past);
        if (rows[i].file != NULL)
            write_file(file, rows[i].file);
        unit_same_int(rows[i].name, enabled_is_off(directory), rows[i].off);
        unit_same_int(rows[i].name, enabled_read(directory, &enabled, NULL), 0);
        unit_same_int(rows[i].name, enabled, rows[i].want);
        unit_same_int(rows[i].name, access(file, F_OK) == 0, rows[i].file != NULL);
        unit_same_int(rows[i].name, enabled_read_or_create(directory, &enabled, &is_new, NULL), 0);
        unit_same_int(rows[i].name, enabled, rows[i].want);
        unit_same_int(rows[i].name, is_new, rows[i].file == NULL);
        unit_same_int(rows[i].name, enabled_is_off(directory), !rows[i].want);
        unit_same_int(rows[i].name, enabled_read_or_create(directory, &enabled, &is_new, NULL), 0);
        unit_same_int(rows[i].name, is_new, false);
    }
}

static void test_enabled_keeps_the_operators_choice(void **state)
{
    bool enabled = false;
    make_past(*state, WORKED);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(enabled_set(*state, i % 2 == 0, NULL), 0);
        assert_int_equal(enabled_read(*state, &enabled, NULL), 0);
        assert_int_equal(enabled, i % 2 == 0);
    }
}

static void test_enabled_refuses_a_file_with_another_word(void **state)
{
    static const char *const texts[] = { "", "\n", "maybe\n", "YES\n", "yesterday\n" };
    bool enabled = false;
    struct err err;
    for (size_t i = 0; i < UNIT_COUNT(texts); i++) {
        write_file(unit_path(*state, "enabled"), texts[i]);
        unit_same_int(texts[i], enabled_read(*state, &enabled, &err), -1);
        unit_same_int(texts[i], err.code, EX_IOERR);
        unit_has(texts[i], err.message, "did-optimizer-sync enable");
        unit_same_int(texts[i], enabled_is_off(*state), false); /* the next run reports the problem */
    }
}

static void test_enabled_is_not_off_without_a_state_directory(void **state)
{
    assert_true(enabled_is_off(*state));
    assert_false(enabled_is_off(unit_path(*state, "missing")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_test_in_directory(test_enabled_is_the_file_or_else_the_past),
        unit_test_in_directory(test_enabled_keeps_the_operators_choice),
        unit_test_in_directory(test_enabled_refuses_a_file_with_another_word),
        unit_test_in_directory(test_enabled_is_not_off_without_a_state_directory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
