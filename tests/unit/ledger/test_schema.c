/* Tests of schema: what becomes of an older version's calls. */
#include "../unit.h"

#include <sqlite3.h>

#include "ledger/ledger.h"

static struct err err;

#define CALL_OF_VERSION_1 \
    "CREATE TABLE call (uniqueid TEXT PRIMARY KEY NOT NULL, state INTEGER NOT NULL, end_epoch INTEGER NOT NULL, " \
    "fingerprint INTEGER, updated INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, due INTEGER, reason TEXT, " \
    "payload TEXT) WITHOUT ROWID; CREATE TABLE note (name TEXT PRIMARY KEY NOT NULL, number INTEGER, text TEXT) " \
    "WITHOUT ROWID; CREATE TABLE run (id INTEGER PRIMARY KEY, kind TEXT, started INTEGER NOT NULL, owed INTEGER, " \
    "held INTEGER, exit_code INTEGER, message TEXT); PRAGMA application_id = 1145656147; PRAGMA user_version = 1; "
#define CALL_OF_VERSION_5 \
    CALL_OF_VERSION_1 "ALTER TABLE call ADD COLUMN tries INTEGER NOT NULL DEFAULT 6; " \
    "ALTER TABLE call ADD COLUMN tried INTEGER; PRAGMA user_version = 5; "
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
        uint64_t fingerprint; /* 0: not known any more */
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

/* Up to version 5 the number of tries stood in the fingerprint's place while it was not known which version of the call
 * the API holds. */
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_test_in_directory(test_schema_gives_the_unknown_version_of_a_call_its_own_column),
    };
    return cmocka_run_group_tests_name("schema", tests, NULL, NULL);
}
