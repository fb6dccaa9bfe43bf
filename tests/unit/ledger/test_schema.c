/* Tests of schema: the migration of ledgers of older versions. */
#include "../unit.h"

#include <sqlite3.h>

#include "ledger/ledger.h"
#include "ledger/records.h"

static struct err err;

#define CALL_OF_VERSION_1 \
    "CREATE TABLE call (uniqueid TEXT PRIMARY KEY NOT NULL, state INTEGER NOT NULL, end_epoch INTEGER NOT NULL, " \
    "fingerprint INTEGER, updated INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, due INTEGER, reason TEXT, " \
    "payload TEXT) WITHOUT ROWID; CREATE TABLE note (name TEXT PRIMARY KEY NOT NULL, number INTEGER, text TEXT) " \
    "WITHOUT ROWID; CREATE TABLE run (id INTEGER PRIMARY KEY, kind TEXT, started INTEGER NOT NULL, owed INTEGER, " \
    "held INTEGER, exit_code INTEGER, message TEXT); PRAGMA application_id = 1145656147; PRAGMA user_version = 1; "
#define CALL_OF_VERSION_5 \
    CALL_OF_VERSION_1 "ALTER TABLE call ADD COLUMN tries INTEGER NOT NULL DEFAULT 6; " \
    "ALTER TABLE call ADD COLUMN tried INTEGER; CREATE TABLE counter (name TEXT NOT NULL, label TEXT NOT NULL, " \
    "value INTEGER NOT NULL, PRIMARY KEY (name, label)) WITHOUT ROWID; PRAGMA user_version = 5; "
#define CALLS \
    "INSERT INTO call (uniqueid, state, end_epoch, updated, fingerprint) VALUES " \
    "('never accepted', 2, 1, 1, NULL), ('none counted', 2, 1, 1, 0), ('one try', 2, 1, 1, 1), " \
    "('taken back', 1, 1, 1, 3), ('rejected', 4, 1, 1, 9), ('the most', 3, 1, 1, 4294967295), " \
    "('the least print', 1, 1, 1, 4294967296), ('a print', 1, 1, 1, 9223372036854775807), " \
    "('a print above', 1, 1, 1, -1), ('the last print', 2, 1, 1, -9223372036854775808); "

static void run_sql(const char *path, const char *sql)
{
    sqlite3 *database = NULL;
    assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
    assert_int_equal(sqlite3_exec(database, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(database), SQLITE_OK);
}

static void check_calls(const char *version, struct ledger *ledger)
{
    static const struct {
        const char *uniqueid;
        enum call_state state;
        bool sent_before;
        int64_t version_unknown;
        uint64_t fingerprint; /* 0: no longer known */
    } calls[] = {
        { "never accepted", CALL_PENDING, false, 0, 0 },
        { "none counted", CALL_PENDING, true, 1, 0 },
        { "one try", CALL_PENDING, true, 1, 0 },
        { "taken back", CALL_ACCEPTED, true, 3, 0 },
        { "rejected", CALL_REJECTED, true, 9, 0 },
        { "the most", CALL_WAITING, true, UINT32_MAX, 0 },
        { "the least print", CALL_ACCEPTED, true, 0, UINT64_C(1) << 32 },
        { "a print", CALL_ACCEPTED, true, 0, INT64_MAX },
        { "a print above", CALL_ACCEPTED, true, 0, UINT64_MAX },
        { "the last print", CALL_PENDING, true, 0, UINT64_C(1) << 63 },
    };
    for (size_t i = 0; i < UNIT_COUNT(calls); i++) {
        char row[80];
        struct call_record record;
        (void)snprintf(row, sizeof row, "%s, %s", version, calls[i].uniqueid);
        unit_same_int(row, ledger_find(ledger, calls[i].uniqueid, &record, &err), 0);
        unit_same_int(row, record.state, calls[i].state);
        unit_same_int(row, record.sent_before, calls[i].sent_before);
        unit_same_int(row, record.version_unknown, calls[i].version_unknown);
        unit_true(row, calls[i].fingerprint == 0 || record.fingerprint == calls[i].fingerprint);
    }
}

/* Up to version 5, the column of the fingerprint had the number of tries while nobody knew which version of the call
 * the API has. */
static void test_schema_gives_the_unknown_version_of_a_call_its_own_column(void **state)
{
    static const struct {
        const char *name, *sql;
    } versions[] = { { "version 1", CALL_OF_VERSION_1 CALLS }, { "version 5", CALL_OF_VERSION_5 CALLS } };
    static const enum ledger_mode modes[] = { LEDGER_READ_ONLY, LEDGER_WRITE, LEDGER_WRITE };
    const char *path = unit_path(*state, "ledger.db");
    for (size_t i = 0; i < UNIT_COUNT(versions); i++) {
        run_sql(path, versions[i].sql);
        for (size_t k = 0; k < UNIT_COUNT(modes); k++) {
            struct ledger *ledger = NULL;
            unit_same_int(versions[i].name, ledger_open(*state, modes[k], &ledger, NULL, &err), 0);
            check_calls(versions[i].name, ledger);
            ledger_close(ledger);
        }
        assert_int_equal(unlink(path), 0);
    }
}

/* A ledger of version 6: the tables that versions 8 and 9 change. */
#define LEDGER_OF_VERSION_6                                                                                            \
    CALL_OF_VERSION_1                                                                                                  \
    "ALTER TABLE call ADD COLUMN seen INTEGER; ALTER TABLE call ADD COLUMN tries INTEGER NOT NULL DEFAULT 0; "         \
    "ALTER TABLE call ADD COLUMN tried INTEGER; ALTER TABLE call ADD COLUMN answer INTEGER; "                          \
    "ALTER TABLE call ADD COLUMN took_ms INTEGER; ALTER TABLE call ADD COLUMN status TEXT; "                           \
    "ALTER TABLE call ADD COLUMN result TEXT; ALTER TABLE call ADD COLUMN length INTEGER; "                            \
    "ALTER TABLE call ADD COLUMN agent TEXT; ALTER TABLE call ADD COLUMN campaign TEXT; "                              \
    "ALTER TABLE call ADD COLUMN phone TEXT; ALTER TABLE call ADD COLUMN version_unknown INTEGER; "                    \
    "CREATE TABLE attempt (id INTEGER PRIMARY KEY, uniqueid TEXT NOT NULL, tried INTEGER, state INTEGER, "             \
    "answer INTEGER, took_ms INTEGER, reason TEXT, status TEXT, result TEXT, length INTEGER, agent TEXT); "            \
    "CREATE TABLE IF NOT EXISTS counter (name TEXT NOT NULL, label TEXT NOT NULL, value INTEGER NOT NULL, "            \
    "PRIMARY KEY (name, label)) WITHOUT ROWID; "                                                                       \
    "CREATE TRIGGER call_tried BEFORE UPDATE ON call WHEN OLD.tries > 0 AND NEW.tries <> OLD.tries BEGIN "             \
    "INSERT INTO attempt (uniqueid, result) VALUES (OLD.uniqueid, 'by the old trigger'); END; "                        \
    "CREATE INDEX call_open ON call (state, end_epoch, uniqueid, due) WHERE state <> 1; "                              \
    "CREATE INDEX call_ended ON call (end_epoch, state); PRAGMA user_version = 6; "                                    \
    "INSERT INTO call (uniqueid, state, end_epoch, updated, fingerprint, seen, tries, tried, answer, campaign, "       \
    "result) "                                                                                                         \
    "VALUES ('old', 1, 100, 7, 5000000000, 5, 1, 7, 200, 'CAMP', 'busy'); "

static void keep_call(void *context, const struct records_call *call)
{
    char *shown = context;
    (void)snprintf(shown, 200, "%d %d %d %s %s", (int)call->seen, (int)call->updated, (int)call->last.tried,
                   call->campaign, call->last.result);
}

static void keep_attempt(void *context, const struct records_attempt *attempt)
{
    (void)snprintf(context, 200, "%s", attempt->result);
}

/* Old rows do not change, because the migration of a large ledger would take minutes. New rows are shorter. */
static void test_schema_keeps_the_data_of_older_rows(void **state)
{
    static const enum ledger_mode modes[] = { LEDGER_READ_ONLY, LEDGER_WRITE, LEDGER_WRITE };
    const struct ledger_attempt attempt = { .answer = 200 };
    const struct ledger_entry again = { .uniqueid = "old", .end_epoch = 100, .attempt = &attempt, .result = "answered",
                                        .record = { .state = CALL_ACCEPTED } };
    const char *path = unit_path(*state, "ledger.db");
    struct ledger *ledger = NULL;
    char shown[200] = "";
    run_sql(path, LEDGER_OF_VERSION_6);
    for (size_t k = 0; k < UNIT_COUNT(modes); k++) {
        assert_int_equal(ledger_open(*state, modes[k], &ledger, NULL, &err), 0);
        assert_int_equal(records_find_call(ledger, "old", keep_call, shown, &err), 0);
        assert_string_equal(shown, "5 7 7 CAMP busy");
        if (k + 1 < UNIT_COUNT(modes))
            ledger_close(ledger);
    }
    assert_int_equal(ledger_put(ledger, &again, &err), 0);
    assert_int_equal(ledger_commit(ledger, &err), 0);
    assert_int_equal(records_find_call(ledger, "old", keep_call, shown, &err), 0);
    unit_has("changed", shown, " CAMP answered");
    assert_int_equal(records_list_attempts(ledger, "old", keep_attempt, shown, &err), 0);
    assert_string_equal(shown, "busy");
    ledger_close(ledger);
    run_sql(path, "CREATE INDEX call_ended ON call (end_epoch)"); /* the index was removed */
}

/* The migration is one transaction. If the process dies in it, the old ledger stays, and the next process migrates
 * it. */
static void test_schema_is_migrated_as_a_whole_or_not_at_all(void **state)
{
    const char *path = unit_path(*state, "ledger.db");
    struct ledger *ledger = NULL;
    run_sql(path, LEDGER_OF_VERSION_6 "CREATE TABLE word (another INTEGER);"); /* the second statement fails */
    assert_int_equal(ledger_open(*state, LEDGER_WRITE, &ledger, NULL, &err), -1);
    run_sql(path, "DROP INDEX call_ended; CREATE INDEX call_ended ON call (end_epoch, state); DROP TABLE word; "
                  "UPDATE call SET updated = updated");
    assert_int_equal(ledger_open(*state, LEDGER_WRITE, &ledger, NULL, &err), 0);
    char shown[200] = "";
    assert_int_equal(records_find_call(ledger, "old", keep_call, shown, &err), 0);
    assert_string_equal(shown, "5 7 7 CAMP busy");
    ledger_close(ledger);
}

static void test_schema_words_survive_a_rebuild(void **state)
{
    const struct call call = { .campaign = "CAMP" };
    const struct ledger_entry entry = { .uniqueid = "new", .end_epoch = 100, .call = &call, .result = "busy",
                                        .record = { .state = CALL_ACCEPTED } };
    struct ledger_repair repair;
    struct ledger *ledger = NULL;
    char shown[200] = "";
    assert_int_equal(ledger_open(*state, LEDGER_WRITE, &ledger, NULL, &err), 0);
    assert_int_equal(ledger_put(ledger, &entry, &err), 0);
    assert_int_equal(ledger_commit(ledger, &err), 0);
    ledger_close(ledger);
    assert_int_equal(ledger_rebuild(*state, &ledger, &repair, &err), 0);
    assert_int_equal(records_find_call(ledger, "new", keep_call, shown, &err), 0);
    unit_has("rebuilt", shown, " CAMP busy");
    ledger_close(ledger);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_test_in_directory(test_schema_gives_the_unknown_version_of_a_call_its_own_column),
        unit_test_in_directory(test_schema_keeps_the_data_of_older_rows),
        unit_test_in_directory(test_schema_is_migrated_as_a_whole_or_not_at_all),
        unit_test_in_directory(test_schema_words_survive_a_rebuild),
    };
    return cmocka_run_group_tests_name("schema", tests, NULL, NULL);
}
