/* Tests of ledger: opening, reading without a change, and databases of other programs. For damage see
 * test_ledger_damage.c. */
#include "../unit.h"

#include <dirent.h>
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

static void run_sql(const char *path, const char *sql)
{
    sqlite3 *database = NULL;
    assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
    assert_int_equal(sqlite3_exec(database, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(database), SQLITE_OK);
}

static int count_files(const char *directory)
{
    int files = 0;
    DIR *open = opendir(directory);
    assert_non_null(open);
    for (struct dirent *entry = readdir(open); entry != NULL; entry = readdir(open))
        files += entry->d_name[0] != '.';
    (void)closedir(open);
    return files;
}

static void check_refused(const char *row, const char *directory, enum ledger_mode mode, int want_code,
                          const char *want)
{
    struct ledger *ledger = NULL;
    struct ledger_repair repair;
    err = (struct err){ .message = "" };
    unit_same_int(row, ledger_open(directory, mode, &ledger, &repair, &err), -1);
    unit_same_int(row, err.code, want_code);
    unit_has(row, err.message, want);
    unit_has(row, err.message, unit_path(directory, "ledger.db"));
    unit_true(row, !repair.rebuilt);
}

static void test_ledger_is_made_with_mode_0640_where_there_is_none(void **state)
{
    struct ledger_repair repair = { .rebuilt = true };
    static const mode_t masks[] = { 0, 022, 077 };
    for (size_t i = 0; i < UNIT_COUNT(masks); i++) {
        const char *path = unit_path(*state, "ledger.db");
        (void)unlink(path);
        mode_t mask = umask(masks[i]);
        make_ledger(*state, 1);
        mode_t after = umask(mask);
        unit_same_int("mode", unit_mode(path), 0640);
        unit_same_int("the process's own mask", after, masks[i]);
        struct ledger *ledger = open_ledger(*state, LEDGER_WRITE, &repair);
        assert_int_equal(state_of(ledger, "0000000000.1"), CALL_ACCEPTED);
        ledger_close(ledger);
        assert_false(repair.rebuilt);
        assert_string_equal(repair.aside, "");
    }
    ledger_close(NULL);
}

static void test_ledger_takes_an_empty_file_for_a_new_one(void **state)
{
    struct ledger_repair repair;
    unit_write(unit_path(*state, "ledger.db"), ""); /* as after a crash right after the file was created */
    struct ledger *ledger = open_ledger(*state, LEDGER_WRITE, &repair);
    assert_false(repair.rebuilt);
    assert_int_equal(state_of(ledger, "1.1"), CALL_UNKNOWN);
    ledger_close(ledger);
}

static void test_ledger_read_only_shows_a_missing_file_as_empty(void **state)
{
    struct ledger_repair repair;
    struct ledger *ledger = open_ledger(*state, LEDGER_READ_ONLY, &repair);
    assert_int_equal(state_of(ledger, "1.1"), CALL_UNKNOWN);
    assert_int_equal(count_files(*state), 0);
    ledger_close(ledger);
    assert_int_equal(count_files(*state), 0);
}

static void test_ledger_read_only_changes_nothing_on_disk(void **state)
{
    const char *path = unit_path(*state, "ledger.db");
    size_t length_before = 0, length_after = 0;
    struct ledger_repair repair;
    make_ledger(*state, 1000);
    assert_int_equal(count_files(*state), 1);
    char *before = unit_read_bytes(path, &length_before);
    struct ledger *ledger = open_ledger(*state, LEDGER_READ_ONLY, &repair);
    assert_int_equal(state_of(ledger, "0000000999.1"), CALL_ACCEPTED);
    struct ledger_counts counts;
    assert_int_equal(ledger_count(ledger, &counts, &err), 0);
    assert_int_equal(counts.pending, 1);
    ledger_close(ledger);
    char *after = unit_read_bytes(path, &length_after);
    assert_int_equal(length_after, length_before);
    assert_memory_equal(after, before, length_before);
    free(before);
    free(after);
    assert_int_equal(count_files(*state), 1);
}

static void test_ledger_read_only_leaves_an_empty_file_empty(void **state)
{
    struct ledger_repair repair;
    struct stat info;
    unit_write(unit_path(*state, "ledger.db"), "");
    struct ledger *ledger = open_ledger(*state, LEDGER_READ_ONLY, &repair);
    assert_int_equal(state_of(ledger, "1.1"), CALL_UNKNOWN);
    ledger_close(ledger);
    assert_int_equal(stat(unit_path(*state, "ledger.db"), &info), 0);
    assert_int_equal(info.st_size, 0);
    assert_int_equal(count_files(*state), 1);
}

static void test_ledger_read_only_cannot_write(void **state)
{
    struct ledger_repair repair;
    make_ledger(*state, 1);
    struct ledger *ledger = open_ledger(*state, LEDGER_READ_ONLY, &repair);
    struct ledger_entry entry = { .uniqueid = "new", .record = { .state = CALL_WAITING } };
    const struct ledger_run figures = { .found = 1 };
    const struct position place = position_at(1, "");
    int64_t run = 0;
    assert_int_equal(ledger_put(ledger, &entry, &err), -1);
    assert_int_equal(err.code, EX_IOERR);
    unit_has("put", err.message, "could not write to the ledger ");
    assert_int_equal(ledger_forget(ledger, "other.2", &err), -1);
    assert_int_equal(ledger_prune(ledger, &(struct ledger_age){ 1000, 1000, 1000 }, &err), -1);
    assert_int_equal(ledger_set_note(ledger, LEDGER_NOTE_HEALTHY, 1, &err), -1);
    assert_int_equal(ledger_delete_note(ledger, LEDGER_NOTE_HEALTHY, &err), -1);
    assert_int_equal(ledger_set_place(ledger, LEDGER_FLOOR, &place, &err), -1);
    assert_int_equal(ledger_delete_checkpoint(ledger, &err), -1);
    assert_int_equal(ledger_run_start(ledger, "poll", &run, &err), -1);
    assert_int_equal(ledger_run_finish(ledger, 1, &figures, &err), -1);
    assert_int_equal(ledger_add_to_counter(ledger, "answers", "200", 1, &err), -1);
    ledger_close(ledger);
    ledger = open_ledger(*state, LEDGER_READ_ONLY, &repair);
    assert_int_equal(state_of(ledger, "new"), CALL_UNKNOWN);
    assert_int_equal(state_of(ledger, "other.2"), CALL_PENDING);
    ledger_close(ledger);
}

/* A dry run writes like a run, but neither this dry run nor a later run sees the changes. */
static void test_ledger_of_a_dry_run_ignores_changes(void **state)
{
    struct ledger_repair repair;
    int64_t run = 7, note = 0;
    make_ledger(*state, 1);
    for (int there = 1; there >= 0; there--) { /* with and without a ledger */
        struct ledger *ledger = open_ledger(*state, LEDGER_DRY_RUN, &repair);
        struct ledger_entry entry = { .uniqueid = "9.9", .record = { .state = CALL_PENDING }, .end_epoch = 1 };
        assert_int_equal(ledger_run_start(ledger, "poll", &run, &err), 0);
        assert_int_equal(run, 0);
        assert_int_equal(ledger_put(ledger, &entry, &err), 0);
        assert_int_equal(ledger_set_note(ledger, "n", 5, &err), 0);
        assert_int_equal(ledger_commit(ledger, &err), 0);
        assert_int_equal(state_of(ledger, "9.9"), CALL_UNKNOWN);
        assert_int_equal(ledger_read_note(ledger, "n", 3, &note, &err), 0);
        assert_int_equal(note, 3);
        ledger_close(ledger);
        assert_int_equal(count_files(*state), there);
        if (there != 0)
            assert_int_equal(unlink(unit_path(*state, "ledger.db")), 0);
    }
}

static void test_ledger_read_only_sees_later_commits(void **state)
{
    struct ledger_repair repair;
    make_ledger(*state, 1);
    struct ledger *look = open_ledger(*state, LEDGER_READ_ONLY, &repair);
    struct ledger *ledger = open_ledger(*state, LEDGER_WRITE, &repair);
    assert_int_equal(state_of(look, "other.2"), CALL_PENDING);
    assert_int_equal(ledger_forget(ledger, "other.2", &err), 0);
    assert_int_equal(state_of(look, "other.2"), CALL_PENDING);
    assert_int_equal(ledger_commit(ledger, &err), 0);
    assert_int_equal(state_of(look, "other.2"), CALL_UNKNOWN);
    ledger_close(ledger);
    ledger_close(look);
}

/* Files that LEDGER_READ_ONLY may find: of an older version, or of a run that is creating its ledger. */
#define VERSION_1 \
    "CREATE TABLE call (uniqueid TEXT PRIMARY KEY NOT NULL, state INTEGER NOT NULL, end_epoch INTEGER NOT NULL, " \
    "fingerprint INTEGER, updated INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, due INTEGER, reason TEXT, " \
    "payload TEXT) WITHOUT ROWID; CREATE INDEX call_open ON call (state, due) WHERE state <> 1; " \
    "CREATE INDEX call_ended ON call (end_epoch); " \
    "CREATE TABLE note (name TEXT PRIMARY KEY NOT NULL, number INTEGER, text TEXT) WITHOUT ROWID; " \
    "CREATE TABLE run (id INTEGER PRIMARY KEY, kind TEXT NOT NULL, started INTEGER NOT NULL, finished INTEGER, " \
    "duration_ms INTEGER, found INTEGER, accepted INTEGER, repeated INTEGER, owed INTEGER, held INTEGER, " \
    "rejected INTEGER, exit_code INTEGER, message TEXT); " \
    "PRAGMA application_id = 1145656147; PRAGMA user_version = 1; " \
    "INSERT INTO call (uniqueid, state, end_epoch, updated, attempts) VALUES ('1.1', 2, 100, 101, 3);"

static const struct {
    const char *name, *sql;
    enum call_state want; /* of call 1.1 */
} unfinished[] = {
    { "version 1", VERSION_1, CALL_PENDING },
    { "version 1, with a journal", "PRAGMA journal_mode = WAL; " VERSION_1, CALL_PENDING },
    { "no tables yet", "PRAGMA journal_mode = WAL", CALL_UNKNOWN },
};

static void test_ledger_read_only_changes_no_older_or_new_file(void **state)
{
    const char *path = unit_path(*state, "ledger.db");
    for (size_t i = 0; i < UNIT_COUNT(unfinished); i++) {
        struct ledger_repair repair;
        size_t before_length = 0, after_length = 0;
        struct call_record record;
        run_sql(path, unfinished[i].sql);
        char *before = unit_read_bytes(path, &before_length);
        struct ledger *ledger = open_ledger(*state, LEDGER_READ_ONLY, &repair);
        struct ledger_entry entry = { .uniqueid = "new", .record = { .state = CALL_WAITING } };
        unit_same_int(unfinished[i].name, ledger_find(ledger, "1.1", &record, &err), 0);
        unit_same_int(unfinished[i].name, record.state, unfinished[i].want);
        unit_same_int(unfinished[i].name, record.attempts, unfinished[i].want == CALL_PENDING ? 3 : 0);
        unit_same_int(unfinished[i].name, ledger_put(ledger, &entry, &err), -1);
        ledger_close(ledger);
        char *after = unit_read_bytes(path, &after_length);
        unit_same_int(unfinished[i].name, after_length, before_length);
        unit_true(unfinished[i].name, memcmp(after, before, before_length) == 0);
        unit_same_int(unfinished[i].name, count_files(*state), 1);
        free(before);
        free(after);
        assert_int_equal(unlink(path), 0);
    }
}

static void test_ledger_migrates_an_older_or_new_file(void **state)
{
    const char *path = unit_path(*state, "ledger.db");
    for (size_t i = 0; i < UNIT_COUNT(unfinished); i++) {
        static const enum ledger_mode modes[] = { LEDGER_WRITE, LEDGER_READ_ONLY, LEDGER_WRITE };
        run_sql(path, unfinished[i].sql);
        for (size_t k = 0; k < UNIT_COUNT(modes); k++) {
            struct ledger_repair repair;
            struct call_record record;
            const struct ledger_attempt attempt = { .answer = 200 };
            struct ledger_entry entry = { .uniqueid = "new", .record = { .state = CALL_WAITING }, .attempt = &attempt };
            struct ledger *ledger = open_ledger(*state, modes[k], &repair);
            unit_true(unfinished[i].name, !repair.rebuilt);
            unit_same_int(unfinished[i].name, ledger_find(ledger, "1.1", &record, &err), 0);
            unit_same_int(unfinished[i].name, record.state, unfinished[i].want);
            unit_same_int(unfinished[i].name, state_of(ledger, "new"), k == 0 ? CALL_UNKNOWN : CALL_WAITING);
            unit_same_int(unfinished[i].name, ledger_put(ledger, &entry, &err), modes[k] == LEDGER_WRITE ? 0 : -1);
            unit_same_int(unfinished[i].name, ledger_commit(ledger, &err), 0);
            ledger_close(ledger);
        }
        assert_int_equal(unlink(path), 0);
    }
}

/* The ledger refuses these files, and does not change them. */
static void test_ledger_refuses_databases_of_others_and_of_newer_versions_untouched(void **state)
{
    static const struct {
        const char *name, *sql, *want;
    } rows[] = {
        { "foreign", "CREATE TABLE t (x); INSERT INTO t VALUES (1);", "another program's database" },
        { "foreign, with an id", "PRAGMA application_id = 7; CREATE TABLE t (x);", "another program's database" },
        { "foreign, with a version", "PRAGMA user_version = 1; CREATE TABLE call (x);", "another program's database" },
        { "newer", "PRAGMA application_id = 1145656147; PRAGMA user_version = 1000; CREATE TABLE call (x);",
          "newer version" },
    };
    static const enum ledger_mode modes[] = { LEDGER_READ_ONLY, LEDGER_WRITE };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        const char *path = unit_path(*state, "ledger.db");
        size_t before_length = 0, after_length = 0;
        (void)unlink(path);
        run_sql(path, rows[i].sql);
        char *before = unit_read_bytes(path, &before_length);
        for (size_t k = 0; k < UNIT_COUNT(modes); k++)
            check_refused(rows[i].name, *state, modes[k], EX_CONFIG, rows[i].want);
        char *after = unit_read_bytes(path, &after_length);
        unit_same_int(rows[i].name, after_length, before_length);
        unit_true(rows[i].name, memcmp(after, before, before_length) == 0);
        unit_same_int(rows[i].name, count_files(*state), 1);
        free(before);
        free(after);
    }
}

static void test_ledger_refuses_the_next_schema_version_of_its_own_file(void **state)
{
    struct ledger_repair repair;
    make_ledger(*state, 1);
    run_sql(unit_path(*state, "ledger.db"), "PRAGMA user_version = 1000");
    check_refused("newer", *state, LEDGER_WRITE, EX_CONFIG, "newer version");
    run_sql(unit_path(*state, "ledger.db"), "PRAGMA user_version = 14");
    struct ledger *ledger = open_ledger(*state, LEDGER_WRITE, &repair);
    assert_int_equal(state_of(ledger, "other.2"), CALL_PENDING);
    ledger_close(ledger);
}

static void test_ledger_without_the_tables_of_its_version_is_refused(void **state)
{
    run_sql(unit_path(*state, "ledger.db"), "CREATE TABLE t (x); PRAGMA application_id = 1145656147; "
                                            "PRAGMA user_version = 1;");
    check_refused("look", *state, LEDGER_READ_ONLY, EX_IOERR, "no such table");
    check_refused("write", *state, LEDGER_WRITE, EX_IOERR, "no such table");
}

static void test_ledger_names_the_obstacle(void **state)
{
    const char *path = unit_path(*state, "ledger.db");
    assert_int_equal(mkdir(path, 0755), 0);
    check_refused("directory", *state, LEDGER_WRITE, EX_IOERR, "could not open");
    assert_int_equal(rmdir(path), 0);
    run_sql(unit_path(*state, "target"), "CREATE TABLE t (x)");
    assert_int_equal(symlink("target", path), 0);
    check_refused("link", *state, LEDGER_WRITE, EX_IOERR, "could not open");
    check_refused("missing directory", unit_path(*state, "missing"), LEDGER_WRITE, EX_IOERR, "could not open");
}

static void test_ledger_works_below_a_linked_directory(void **state)
{
    struct ledger_repair repair;
    assert_int_equal(mkdir(unit_path(*state, "disk2"), 0755), 0);
    assert_int_equal(mkdir(unit_path(*state, "disk2/state"), 0755), 0);
    assert_int_equal(symlink("disk2", unit_path(*state, "var")), 0); /* an administrator moved /var to another disk */
    struct ledger *ledger = NULL;
    int result = ledger_open(unit_path(*state, "var/state"), LEDGER_WRITE, &ledger, &repair, &err);
    ledger_close(ledger);
    if (result != 0)
        fail_msg("%s", err.message);
}

/* A child process becomes another user, both real and effective, as the program does. Before 2.33, glibc's faccessat
 * assumes that both are the same. */
static void test_ledger_that_may_not_be_read_is_77(void **state)
{
    make_ledger(*state, 1);
    assert_int_equal(chmod(unit_path(*state, "ledger.db"), 0), 0);
    (void)fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        struct ledger *ledger = NULL;
        struct ledger_repair repair;
        if (geteuid() == 0 && setuid(65534) != 0)
            _exit(1);
        _exit(ledger_open(*state, LEDGER_WRITE, &ledger, &repair, &err) == 0 ? 0 : err.code);
    }
    assert_int_equal(unit_wait(child), EX_NOPERM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_test_in_directory(test_ledger_is_made_with_mode_0640_where_there_is_none),
        unit_test_in_directory(test_ledger_takes_an_empty_file_for_a_new_one),
        unit_test_in_directory(test_ledger_read_only_shows_a_missing_file_as_empty),
        unit_test_in_directory(test_ledger_read_only_changes_nothing_on_disk),
        unit_test_in_directory(test_ledger_read_only_leaves_an_empty_file_empty),
        unit_test_in_directory(test_ledger_read_only_cannot_write),
        unit_test_in_directory(test_ledger_of_a_dry_run_ignores_changes),
        unit_test_in_directory(test_ledger_read_only_sees_later_commits),
        unit_test_in_directory(test_ledger_read_only_changes_no_older_or_new_file),
        unit_test_in_directory(test_ledger_migrates_an_older_or_new_file),
        unit_test_in_directory(test_ledger_refuses_databases_of_others_and_of_newer_versions_untouched),
        unit_test_in_directory(test_ledger_refuses_the_next_schema_version_of_its_own_file),
        unit_test_in_directory(test_ledger_without_the_tables_of_its_version_is_refused),
        unit_test_in_directory(test_ledger_names_the_obstacle),
        unit_test_in_directory(test_ledger_works_below_a_linked_directory),
        unit_test_in_directory(test_ledger_that_may_not_be_read_is_77),
    };
    return cmocka_run_group_tests_name("ledger_files", tests, NULL, NULL);
}
