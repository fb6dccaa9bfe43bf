/* Tests of ledger: a crash, a damaged file, and the data that a rebuild saves. */
#include "../unit.h"

#include <sqlite3.h>

#include "ledger/ledger.h"

static struct err err;

static struct ledger *open_ledger(const char *directory, enum ledger_mode mode, struct ledger_repair *ret_repair)
{
    struct ledger *ledger = NULL;
    if (ledger_open(directory, mode, &ledger, ret_repair, &err) != 0)
        fail_msg("%s", err.message);
    return ledger;
}

/* Makes a ledger with count accepted calls and one call of each other state, and closes it. */
static void make_ledger(const char *directory, int count)
{
    static const enum call_state others[] = { CALL_PENDING, CALL_WAITING, CALL_REJECTED };
    struct ledger_repair repair;
    struct ledger *ledger = open_ledger(directory, LEDGER_WRITE, &repair);
    for (int i = 0; i < count; i++) {
        char uniqueid[32];
        (void)snprintf(uniqueid, sizeof uniqueid, "%010d.1", i);
        struct ledger_entry entry = { .uniqueid = uniqueid,
                                      .record = { .state = CALL_ACCEPTED, .sent_before = true, .fingerprint = 42 },
                                      .end_epoch = i };
        assert_int_equal(ledger_put(ledger, &entry, &err), 0);
    }
    for (size_t i = 0; i < UNIT_COUNT(others); i++) {
        char uniqueid[32];
        (void)snprintf(uniqueid, sizeof uniqueid, "other.%d", (int)others[i]);
        struct ledger_entry entry = { .uniqueid = uniqueid,
                                      .record = { .state = others[i], .attempts = 2 },
                                      .end_epoch = 5,
                                      .due = 6,
                                      .reason = "why",
                                      .payload = "{}" };
        assert_int_equal(ledger_put(ledger, &entry, &err), 0);
    }
    assert_int_equal(ledger_commit(ledger, &err), 0);
    ledger_close(ledger);
}

static enum call_state state_of(struct ledger *ledger, const char *uniqueid)
{
    struct call_record record = { .state = CALL_DISCARDED };
    assert_int_equal(ledger_find(ledger, uniqueid, &record, &err), 0);
    return record.state;
}

/* Overwrites length bytes at offset with 0xFF. */
static void damage(const char *path, long offset, size_t length)
{
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, offset, SEEK_SET), 0);
    for (size_t i = 0; i < length; i++)
        assert_int_equal(fputc(0xFF, file), 0xFF);
    assert_int_equal(fclose(file), 0);
}

/* Runs sql, and returns its text, or "". Valid until the next call. */
static const char *run_sql(const char *path, const char *sql)
{
    static char text[300];
    sqlite3 *database = NULL;
    sqlite3_stmt *statement = NULL;
    text[0] = '\0';
    assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
    for (const char *at = sql; *at != '\0'; (void)sqlite3_finalize(statement)) {
        assert_int_equal(sqlite3_prepare_v2(database, at, -1, &statement, &at), SQLITE_OK);
        while (sqlite3_step(statement) == SQLITE_ROW)
            (void)snprintf(text, sizeof text, "%s", (const char *)sqlite3_column_text(statement, 0));
    }
    assert_int_equal(sqlite3_close(database), SQLITE_OK);
    return text;
}

/* Overwrites each page of the file that contains text. */
static void damage_pages_with(const char *path, const char *text)
{
    size_t length = 0, pages = 0;
    char *bytes = unit_read_bytes(path, &length);
    for (size_t page = 0; page < length; page += 4096)
        if (memmem(bytes + page, 4096, text, strlen(text)) != NULL) {
            damage(path, (long)page, 4096);
            pages++;
        }
    free(bytes);
    assert_in_range(pages, 1, 2);
}

static void test_ledger_keeps_committed_changes_after_a_crash(void **state)
{
    static const enum ledger_mode modes[] = { LEDGER_READ_ONLY, LEDGER_WRITE, LEDGER_READ_ONLY };
    (void)fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        struct ledger_repair repair;
        struct ledger *ledger = NULL;
        struct ledger_entry kept = { .uniqueid = "kept", .record = { .state = CALL_WAITING } };
        struct ledger_entry lost = { .uniqueid = "lost", .record = { .state = CALL_WAITING } };
        bool done = ledger_open(*state, LEDGER_WRITE, &ledger, &repair, NULL) == 0 &&
                    ledger_put(ledger, &kept, NULL) == 0 && ledger_commit(ledger, NULL) == 0 &&
                    ledger_put(ledger, &lost, NULL) == 0;
        _exit(done ? 0 : 1); /* without closing anything */
    }
    assert_int_equal(unit_wait(child), 0);
    for (size_t i = 0; i < UNIT_COUNT(modes); i++) {
        struct ledger_repair repair;
        struct ledger *ledger = open_ledger(*state, modes[i], &repair);
        assert_false(repair.rebuilt);
        assert_int_equal(state_of(ledger, "kept"), CALL_WAITING);
        assert_int_equal(state_of(ledger, "lost"), CALL_UNKNOWN);
        ledger_close(ledger);
    }
}

static void test_ledger_that_is_no_database_is_moved_aside(void **state)
{
    static const struct {
        const char *name, *bytes;
        size_t length;
    } rows[] = {
        { "garbage",
          "this is no database, but it is long enough to have a header ........................................", 100 },
        { "zero bytes", "", 0 }, /* filled below */
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        static const char zeros[8192];
        bool zero = rows[i].length == 0;
        struct ledger_repair repair;
        size_t kept = 0;
        unit_write_bytes(unit_path(*state, "ledger.db"), zero ? zeros : rows[i].bytes,
                         zero ? sizeof zeros : rows[i].length);
        struct ledger *ledger = open_ledger(*state, LEDGER_WRITE, &repair);
        unit_true(rows[i].name, repair.rebuilt);
        unit_same_int(rows[i].name, repair.saved, 0);
        unit_same_int(rows[i].name, state_of(ledger, "1.1"), CALL_UNKNOWN);
        ledger_close(ledger);
        unit_has(rows[i].name, repair.aside, unit_path(*state, "ledger.db.damaged-"));
        char *bytes = unit_read_bytes(repair.aside, &kept);
        unit_same_int(rows[i].name, kept, zero ? sizeof zeros : rows[i].length);
        free(bytes);
        assert_int_equal(unlink(repair.aside), 0);
        unit_same_int(rows[i].name, unit_mode(unit_path(*state, "ledger.db")), 0640);
    }
}

static void test_ledger_read_only_leaves_a_damaged_file_alone(void **state)
{
    unit_write(unit_path(*state, "ledger.db"), "this is no database, but a text that is long enough .................");
    struct ledger *ledger = NULL;
    struct ledger_repair repair;
    err = (struct err){ .message = "" };
    assert_int_equal(ledger_open(*state, LEDGER_READ_ONLY, &ledger, &repair, &err), -1);
    assert_int_equal(err.code, EX_IOERR);
    assert_false(repair.rebuilt);
    unit_has("garbage", err.message, "not a database");
    char *text = unit_read(unit_path(*state, "ledger.db"));
    unit_has("garbage", text, "this is no database");
    free(text);
}

static void test_ledger_that_was_cut_off_is_rebuilt(void **state)
{
    struct stat info;
    struct ledger_repair repair;
    const char *path = unit_path(*state, "ledger.db");
    make_ledger(*state, 5000);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(truncate(path, info.st_size / 2 / 4096 * 4096), 0);
    struct ledger *ledger = open_ledger(*state, LEDGER_WRITE, &repair);
    assert_true(repair.rebuilt);
    assert_int_equal(state_of(ledger, "never.seen"), CALL_UNKNOWN);
    ledger_close(ledger);
    assert_int_equal(stat(repair.aside, &info), 0);
}

static void test_ledger_damaged_inside_is_rebuilt_with_the_readable_data(void **state)
{
    struct stat info;
    struct ledger_repair repair;
    const char *path = unit_path(*state, "ledger.db");
    make_ledger(*state, 5000);
    assert_int_equal(stat(path, &info), 0);
    damage(path, info.st_size / 2 / 4096 * 4096, 8 * 4096);
    struct ledger *ledger = open_ledger(*state, LEDGER_WRITE, &repair);
    int failures = 0;
    for (int i = 0; i < 5000; i++) {
        struct call_record record;
        char uniqueid[32];
        (void)snprintf(uniqueid, sizeof uniqueid, "%010d.1", i);
        failures += ledger_find(ledger, uniqueid, &record, &err) != 0;
    }
    assert_true(failures > 0);
    assert_true(ledger_is_damaged(ledger));
    ledger_close(ledger);
    assert_int_equal(ledger_rebuild(*state, &ledger, &repair, &err), 0);
    assert_true(repair.rebuilt);
    assert_false(ledger_is_damaged(ledger));
    unit_in_range(repair.saved, 1, 5003);
    assert_true(unit_exists(repair.aside));
    struct ledger_entry entry = { .uniqueid = "new", .record = { .state = CALL_WAITING } };
    assert_int_equal(ledger_put(ledger, &entry, &err), 0);
    assert_int_equal(ledger_commit(ledger, &err), 0);
    ledger_close(ledger);
}

static void test_ledger_rebuild_saves_every_call_of_a_sound_file(void **state)
{
    struct ledger_repair repair;
    struct ledger *ledger = NULL;
    struct call_record record;
    make_ledger(*state, 1000);
    assert_int_equal(ledger_open(*state, LEDGER_WRITE, &ledger, NULL, &err), 0);
    assert_int_equal(ledger_claim_for_source(ledger, "vicidial", &err), 0);
    ledger_close(ledger);
    assert_int_equal(ledger_rebuild(*state, &ledger, &repair, &err), 0);
    assert_int_equal(repair.saved, 1003);
    assert_int_equal(ledger_confirm_source(ledger, "vicidial-inbound", &err), -1);
    assert_int_equal(ledger_find(ledger, "0000000999.1", &record, &err), 0);
    assert_true(record.state == CALL_ACCEPTED && record.sent_before && record.fingerprint == 42);
    assert_int_equal(ledger_find(ledger, "other.2", &record, &err), 0);
    assert_true(record.state == CALL_PENDING && !record.sent_before && record.attempts == 2);
    assert_int_equal(state_of(ledger, "other.3"), CALL_WAITING);
    assert_int_equal(state_of(ledger, "other.4"), CALL_REJECTED);
    ledger_close(ledger);
}

#define CALL_OF_VERSION_1 \
    "CREATE TABLE call (uniqueid TEXT PRIMARY KEY NOT NULL, state INTEGER NOT NULL, end_epoch INTEGER NOT NULL, " \
    "fingerprint INTEGER, updated INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, due INTEGER, reason TEXT, " \
    "payload TEXT) WITHOUT ROWID; CREATE INDEX call_open ON call (state, due) WHERE state <> 1; "
#define ADD(column) "ALTER TABLE call ADD COLUMN " column "; "
#define CALL_OF_VERSION_5 \
    CALL_OF_VERSION_1 ADD("seen") ADD("tries") ADD("tried") ADD("answer") ADD("took_ms") ADD("status") ADD("result") \
    ADD("length") ADD("agent") ADD("campaign") ADD("phone")
/* 5000 accepted calls, but call 2500 is pending. */
#define FILL(columns, values) \
    "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 4999) INSERT INTO call (uniqueid, " \
    "state, end_epoch, updated, fingerprint, payload" columns ") SELECT printf('%010d.1', i), " \
    "CASE i WHEN 2500 THEN 2 ELSE 1 END, i, i, i + 7, " \
    "CASE i WHEN 1000 THEN 'damage this' WHEN 4000 THEN 'damage this' END" values " FROM n"

/* A call between two damaged places can be found only by an index. */
static void test_ledger_rebuild_saves_calls_around_damage_and_open_calls_within(void **state)
{
    static const struct {
        const char *name, *make, *fill, *ask, *want; /* data that only a newer version has */
    } rows[] = {
        { "version 1", CALL_OF_VERSION_1, FILL("", ""),
          "SELECT count(*) FROM call WHERE campaign IS NULL AND tries = 0 AND fingerprint = end_epoch + 7 AND "
          "version_unknown = fingerprint AND uniqueid IN ('0000000000.1', '0000002500.1', '0000004999.1')", "3" },
        { "version 5", CALL_OF_VERSION_5, FILL(", campaign, tries", ", 'C' || i, i + 8"),
          "SELECT count(*) FROM call WHERE campaign = 'C' || end_epoch AND tries = end_epoch + 8 AND "
          "version_unknown = fingerprint AND uniqueid IN ('0000000000.1', '0000002500.1', '0000004999.1')", "3" },
        { "today's", NULL, FILL(", campaign, tries, version_unknown",
                                ", 'C' || i, i + 8, CASE i WHEN 2500 THEN 9 WHEN 4999 THEN 8 END"),
          "SELECT count(*) FROM call WHERE campaign = 'C' || end_epoch AND tries = end_epoch + 8 AND "
          "fingerprint = end_epoch + 7 AND ifnull(version_unknown, 0) = CASE end_epoch WHEN 2500 THEN 9 WHEN 4999 "
          "THEN 8 ELSE 0 END AND uniqueid IN ('0000000000.1', '0000002500.1', '0000004999.1')", "3" },
    };
    const char *path = unit_path(*state, "ledger.db");
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        static const struct {
            const char *uniqueid;
            enum call_state want;
        } calls[] = { { "0000000000.1", CALL_ACCEPTED }, { "0000000900.1", CALL_ACCEPTED },
                      { "0000001000.1", CALL_UNKNOWN },  { "0000002400.1", CALL_UNKNOWN },
                      { "0000002500.1", CALL_PENDING },     { "0000002600.1", CALL_UNKNOWN },
                      { "0000004000.1", CALL_UNKNOWN },  { "0000004100.1", CALL_ACCEPTED },
                      { "0000004999.1", CALL_ACCEPTED } };
        struct ledger_repair repair;
        struct ledger *ledger = NULL;
        (void)unlink(path);
        if (rows[i].make != NULL)
            (void)run_sql(path, rows[i].make);
        else
            make_ledger(*state, 0);
        (void)run_sql(path, rows[i].fill);
        damage_pages_with(path, "damage this");
        unit_same_int(rows[i].name, ledger_rebuild(*state, &ledger, &repair, &err), 0);
        unit_true(rows[i].name, repair.saved > 1500 && repair.saved < 2100);
        for (size_t k = 0; k < UNIT_COUNT(calls); k++)
            unit_same_int(calls[k].uniqueid, state_of(ledger, calls[k].uniqueid), calls[k].want);
        int64_t start_over = 0;
        unit_same_int(rows[i].name, ledger_read_note(ledger, LEDGER_NOTE_START_OVER, 0, &start_over, &err), 0);
        unit_same_int(rows[i].name, start_over, 1);
        ledger_close(ledger);
        unit_same_text(rows[i].name, run_sql(path, rows[i].ask), rows[i].want);
    }
}

static void check_text(const char *row, const char *path, const char *want)
{
    char *text = unit_read(path);
    unit_same_text(row, text, want);
    free(text);
}

/* A crash left a complete new ledger; the damaged ledger was moved already, or not yet. */
static void test_ledger_open_completes_an_interrupted_rebuild(void **state)
{
    static const enum ledger_mode modes[] = { LEDGER_WRITE, LEDGER_READ_ONLY };
    for (int damaged_is_there = 0; damaged_is_there < 2; damaged_is_there++) {
        const char *row = damaged_is_there ? "in its place" : "moved aside already";
        const char *path = unit_path(*state, "ledger.db");
        char beside[4300];
        make_ledger(*state, 10);
        assert_int_equal(rename(path, unit_path(*state, "ledger.db.rebuilt")), 0);
        if (damaged_is_there)
            unit_write(path, "the damaged one");
        unit_write(unit_path(*state, "ledger.db-wal"), "its journal");
        unit_write(unit_path(*state, "ledger.db-shm"), "the journal's index");
        for (size_t i = 0; i < UNIT_COUNT(modes); i++) {
            struct ledger_repair repair;
            struct ledger *ledger = open_ledger(*state, modes[i], &repair);
            unit_same_int(row, repair.rebuilt, i == 0);
            unit_same_int(row, state_of(ledger, "0000000009.1"), CALL_ACCEPTED);
            ledger_close(ledger);
            if (i > 0)
                continue;
            unit_same_int(row, repair.aside[0] != '\0', damaged_is_there);
            if (damaged_is_there)
                check_text(row, repair.aside, "the damaged one");
            const char *kept = damaged_is_there ? repair.aside : unit_path(*state, "ledger.db.rebuilt");
            (void)snprintf(beside, sizeof beside, "%s-wal", kept);
            check_text(row, beside, "its journal");
            (void)snprintf(beside, sizeof beside, "%s-shm", kept);
            check_text(row, beside, "the journal's index");
        }
        unit_true(row, !unit_exists(unit_path(*state, "ledger.db.rebuilt")));
        assert_int_equal(unlink(path), 0);
    }
}

static void test_ledger_is_not_opened_beside_an_old_journal(void **state)
{
    static const char *const journals[] = { "-wal", "-shm" };
    for (size_t i = 0; i < UNIT_COUNT(journals); i++) {
        struct ledger *ledger = NULL;
        struct ledger_repair repair;
        char name[64], beside[64];
        make_ledger(*state, 1);
        assert_int_equal(rename(unit_path(*state, "ledger.db"), unit_path(*state, "ledger.db.rebuilt")), 0);
        (void)snprintf(name, sizeof name, "ledger.db%s", journals[i]);
        (void)snprintf(beside, sizeof beside, "ledger.db.rebuilt%s", journals[i]);
        unit_write(unit_path(*state, name), "its journal");
        assert_int_equal(mkdir(unit_path(*state, beside), 0755), 0);
        unit_same_int(name, ledger_open(*state, LEDGER_WRITE, &ledger, &repair, &err), -1);
        unit_same_int(name, err.code, EX_IOERR);
        unit_has(name, err.message, "could not move ");
        unit_true(name, unit_exists(unit_path(*state, "ledger.db.rebuilt")));
        unit_true(name, !unit_exists(unit_path(*state, "ledger.db")));
        assert_int_equal(rmdir(unit_path(*state, beside)), 0); /* somebody removes the obstacle */
        ledger = open_ledger(*state, LEDGER_WRITE, &repair);
        unit_same_int(name, state_of(ledger, "0000000000.1"), CALL_ACCEPTED);
        ledger_close(ledger);
        assert_int_equal(unlink(unit_path(*state, "ledger.db")), 0);
        assert_int_equal(unlink(unit_path(*state, beside)), 0);
    }
}

static void test_ledger_rebuild_restarts_after_a_crash_and_fails_at_a_directory(void **state)
{
    struct ledger_repair repair;
    struct ledger *ledger = NULL;
    const char *unfinished = unit_path(*state, "ledger.db.new");
    make_ledger(*state, 10);
    assert_int_equal(mkdir(unfinished, 0755), 0);
    assert_int_equal(ledger_rebuild(*state, &ledger, &repair, &err), -1);
    unit_has("a directory", err.message, "could not open the ledger ");
    unit_has("a directory", err.message, "ledger.db.new");
    assert_true(unit_exists(unit_path(*state, "ledger.db")));
    assert_string_equal(repair.aside, "");
    assert_int_equal(rmdir(unfinished), 0);
    unit_write(unfinished, "left over from a crash, and long enough for a database's header ...................");
    assert_int_equal(ledger_rebuild(*state, &ledger, &repair, &err), 0);
    assert_int_equal(repair.saved, 13);
    ledger_close(ledger);
    assert_false(unit_exists(unfinished));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_test_in_directory(test_ledger_keeps_committed_changes_after_a_crash),
        unit_test_in_directory(test_ledger_that_is_no_database_is_moved_aside),
        unit_test_in_directory(test_ledger_read_only_leaves_a_damaged_file_alone),
        unit_test_in_directory(test_ledger_that_was_cut_off_is_rebuilt),
        unit_test_in_directory(test_ledger_damaged_inside_is_rebuilt_with_the_readable_data),
        unit_test_in_directory(test_ledger_rebuild_saves_every_call_of_a_sound_file),
        unit_test_in_directory(test_ledger_rebuild_saves_calls_around_damage_and_open_calls_within),
        unit_test_in_directory(test_ledger_open_completes_an_interrupted_rebuild),
        unit_test_in_directory(test_ledger_is_not_opened_beside_an_old_journal),
        unit_test_in_directory(test_ledger_rebuild_restarts_after_a_crash_and_fails_at_a_directory),
    };
    return cmocka_run_group_tests_name("ledger_damage", tests, NULL, NULL);
}
