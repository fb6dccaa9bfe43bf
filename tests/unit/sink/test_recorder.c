/* Tests of recorder, with SQLite: the rows that a run writes, and its errors. */
#include "../unit.h"

#include <sqlite3.h>

#include "base/log.h"
#include "base/store.h"
#include "sink/recorder.h"
#include "sink/recorder_store.h"
#include "sink/recorder_verdict.h"

#define MOST 600

static struct params params;
static struct disposition_map *map;
static struct sink sink;
static struct err err;
static const char *directory;

/* The outcomes that on_outcome received. */
static struct outcome outcomes[MOST];
static size_t heard, turns, turns_left;

static int enter(void **state)
{
    if (unit_create_directory(state) != 0)
        return -1;
    directory = *state;
    map = disposition_map_new();
    log_open(NULL, LOG_TERMINAL_NONE);
    return 0;
}

static int leave(void **state)
{
    sink_close(&sink);
    params_free(&params);
    disposition_map_free(map);
    log_close();
    return unit_remove_directory(state);
}

#define in_directory(test) cmocka_unit_test_setup_teardown(test, enter, leave)

static void open_sink(void)
{
    const struct sink_settings settings = { .dispositions = map, .params = &params, .state_dir = directory,
                                            .source = "vicidial" };
    sink_close(&sink);
    if (sink_open(&recorder_sink, &settings, &sink, &err) != 0)
        fail_msg("%s", err.message);
}

static void on_outcome(void *context, size_t index, const struct outcome *outcome)
{
    (void)context;
    assert_int_equal(index, heard);
    outcomes[heard++] = *outcome;
}

static size_t on_turn(void *context)
{
    (void)context;
    turns++;
    return turns_left > 0 ? turns_left-- : 0;
}

static const struct sink_observer observer = { .on_outcome = on_outcome, .on_turn = on_turn };

static struct call call_of(const char *id, const char *status)
{
    return (struct call){ .id = id, .campaign = "SALES", .number = "3125550100", .agent = "6666", .status = status,
                          .started = 1729771100, .ended = 1729771200, .length = 100 };
}

static void send_calls(const struct call *calls, size_t count)
{
    static struct sink_message messages[MOST];
    static const struct sink_message *list[MOST];
    for (size_t i = 0; i < count; i++) {
        sink_make(&sink, &calls[i], 0, &messages[i]);
        list[i] = &messages[i];
    }
    heard = turns = 0;
    turns_left = 1000;
    assert_int_equal(sink_send(&sink, list, count, &observer, &err), 0);
    for (size_t i = 0; i < count; i++)
        sink_message_free(&messages[i]);
}

static void send_one(const char *id, const char *status)
{
    struct call call = call_of(id, status);
    send_calls(&call, 1);
    assert_int_equal(heard, 1);
}

static sqlite3 *open_file(void)
{
    sqlite3 *file = NULL;
    assert_int_equal(sqlite3_open(unit_path(directory, "records.db"), &file), SQLITE_OK);
    return file;
}

static void execute(const char *sql)
{
    sqlite3 *file = open_file();
    if (sqlite3_exec(file, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(file));
    assert_int_equal(sqlite3_close(file), SQLITE_OK);
}

/* The columns of the only row, with | between them; "-" for NULL. */
static const char *row(const char *sql)
{
    static char text[8][2000];
    static unsigned next;
    char *out = text[next++ % UNIT_COUNT(text)];
    size_t used = 0;
    sqlite3 *file = open_file();
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(file, sql, -1, &statement, NULL) != SQLITE_OK || sqlite3_step(statement) != SQLITE_ROW)
        fail_msg("%s: %s", sql, sqlite3_errmsg(file));
    for (int i = 0; i < sqlite3_column_count(statement); i++) {
        const char *value = (const char *)sqlite3_column_text(statement, i);
        used += (size_t)snprintf(out + used, sizeof text[0] - used, "%s%s", i > 0 ? "|" : "",
                                 value != NULL ? value : "-");
    }
    assert_int_equal(sqlite3_step(statement), SQLITE_DONE);
    assert_int_equal(sqlite3_finalize(statement), SQLITE_OK);
    assert_int_equal(sqlite3_close(file), SQLITE_OK);
    return out;
}

#define same_row(sql, want) unit_same_text(sql, row(sql), want)

static void heard_only(const char *name, size_t i, enum outcome_kind kind, int64_t code, const char *reason)
{
    unit_same_int(name, outcomes[i].kind, kind);
    unit_same_int(name, outcomes[i].code, code);
    unit_has(name, outcomes[i].reason, reason);
}

/* ---- calls ---- */

static void test_a_call_is_created_then_known_then_updated(void **state)
{
    (void)state;
    open_sink();
    send_one("1.1", "A");
    heard_only("new", 0, OUTCOME_ACCEPTED, RECORDER_CREATED, "");
    assert_false(outcomes[0].known);
    send_one("1.1", "A");
    heard_only("same", 0, OUTCOME_ACCEPTED, RECORDER_KEPT, "");
    assert_true(outcomes[0].known);
    send_one("1.1", "SALE");
    heard_only("changed", 0, OUTCOME_ACCEPTED, RECORDER_UPDATED, "");
    assert_false(outcomes[0].known);
    send_one("1.1", "A");
    heard_only("back", 0, OUTCOME_ACCEPTED, RECORDER_UPDATED, "");
    send_one("1.2", "B");
    heard_only("another", 0, OUTCOME_ACCEPTED, RECORDER_CREATED, "");
    same_row("SELECT count(*), max(id) FROM callcenter_records", "2|2");
    same_row("SELECT id, source, uuid, direction, caller_id, destination, phone_number, campaign, agent, disposition, "
             "call_status, start_epoch, start_time, end_time, answer_time, duration, raw_data FROM callcenter_records "
             "WHERE uuid = '1.1'", "1|vicidial|1.1|outbound|-|3125550100|3125550100|SALES|6666|A|answered|1729771100|"
             "2024-10-24T11:58:20Z|2024-10-24T12:00:00Z|-|100|{}");
}

static void test_columns_of_other_programs_survive_a_change(void **state)
{
    (void)state;
    open_sink();
    send_one("1.1", "A");
    execute("ALTER TABLE callcenter_records ADD COLUMN notes TEXT;"
            "UPDATE callcenter_records SET google_drive_id = 'g', google_drive_url = 'u', upload_status = 'done', "
            "upload_retry_count = 2, recording_md5 = 'm', notes = 'n', first_seen = 'f', created_at = 'c', "
            "updated_at = 'then', recording_path = 'r.wav', answer_epoch = 5, answer_time = 'a'");
    open_sink();
    send_one("1.1", "A");
    same_row("SELECT updated_at FROM callcenter_records", "then");
    struct call changed = call_of("1.1", "SALE");
    changed.ended = 0; /* the source no longer knows the end */
    send_calls(&changed, 1);
    heard_only("changed", 0, OUTCOME_ACCEPTED, RECORDER_UPDATED, "");
    same_row("SELECT id, google_drive_id, google_drive_url, upload_status, upload_retry_count, recording_md5, notes, "
             "first_seen, created_at, recording_path, answer_epoch, answer_time, end_epoch, end_time, disposition, "
             "updated_at <> 'then' FROM callcenter_records",
             "1|g|u|done|2|m|n|f|c|r.wav|5|a|1729771200|2024-10-24T12:00:00Z|SALE|1");
}

static void test_two_dialers_may_have_the_same_id(void **state)
{
    (void)state;
    open_sink();
    send_one("1.1", "A");
    params_add(&params, "source", "berlin's", "conf:1");
    open_sink();
    send_one("1.1", "B");
    heard_only("other", 0, OUTCOME_ACCEPTED, RECORDER_CREATED, "");
    same_row("SELECT count(*), min(source), max(source) FROM callcenter_records", "2|berlin's|vicidial");
}

static void test_a_refused_row_does_not_block_other_rows(void **state)
{
    (void)state;
    struct call calls[4] = { call_of("1.1", "A"), call_of("1.2", "BAD"), call_of("1.3", "A"), call_of("1.4", "BAD") };
    open_sink();
    send_one("1.0", "A");
    execute("CREATE TRIGGER t BEFORE INSERT ON callcenter_records WHEN NEW.disposition = 'BAD' "
            "BEGIN SELECT RAISE(ABORT, 'no BAD here'); END");
    sink_begin(&sink, "poll");
    send_calls(calls, 4);
    assert_int_equal(heard, 4);
    for (size_t i = 0; i < 4; i++)
        heard_only(calls[i].id, i, i % 2 == 0 ? OUTCOME_ACCEPTED : OUTCOME_REJECTED,
                   i % 2 == 0 ? RECORDER_CREATED : RECORDER_CODE_SQLITE + STORE_VALUE_REFUSED,
                   i % 2 == 0 ? "" : "no BAD here");
    same_row("SELECT group_concat(uuid) FROM callcenter_records", "1.0,1.1,1.3");
    same_row("SELECT total_records, success_count, failed_count FROM callcenter_sync_logs", "4|2|2");
}

static void test_calls_are_written_in_groups_and_none_after_the_last_turn(void **state)
{
    (void)state;
    static char ids[MOST][8];
    static struct call calls[MOST];
    for (size_t i = 0; i < MOST; i++) {
        (void)snprintf(ids[i], sizeof ids[i], "%zu", i);
        calls[i] = call_of(ids[i], "A");
    }
    open_sink();
    send_calls(calls, MOST);
    assert_int_equal(heard, MOST);
    unit_in_range(turns, 3, 10);
    same_row("SELECT count(*), min(total) FROM callcenter_records, (SELECT count(*) AS total FROM "
             "callcenter_sync_logs)", "600|0"); /* no run has a row */
    static struct sink_message messages[MOST];
    static const struct sink_message *list[MOST];
    for (size_t i = 0; i < MOST; i++) {
        sink_make(&sink, &calls[i], 0, &messages[i]);
        list[i] = &messages[i];
    }
    heard = 0;
    turns_left = 1;
    assert_int_equal(sink_send(&sink, list, MOST, &observer, &err), 0);
    assert_int_equal(heard, 500);
    heard = turns_left = 0;
    assert_int_equal(sink_send(&sink, list, MOST, &observer, &err), 0);
    assert_int_equal(heard, 0);
    for (size_t i = 0; i < MOST; i++)
        sink_message_free(&messages[i]);
}

/* ---- runs ---- */

static void end_run(int exit_code, const char *message)
{
    const struct sink_run run = { .exit_code = exit_code, .message = message, .took_ms = 1234 };
    sink_end(&sink, &run);
}

static void test_a_run_that_writes_has_a_row(void **state)
{
    (void)state;
    static const char last[] = "SELECT source, sync_type, status, total_records, created_count, updated_count, "
                               "skipped_count, failed_count, duration_ms, error_message, end_time IS NOT NULL "
                               "FROM callcenter_sync_logs ORDER BY id DESC LIMIT 1";
    open_sink();
    sink_begin(&sink, "poll");
    end_run(EX_OK, "");
    assert_false(unit_exists(unit_path(directory, "records.db"))); /* nothing to write */
    sink_begin(&sink, "poll");
    send_one("1.1", "A");
    same_row(last, "vicidial|poll|running|1|1|0|0|0|-|-|0");
    send_one("1.1", "B");
    send_one("1.1", "B");
    end_run(EX_OK, "");
    same_row(last, "vicidial|poll|completed|3|1|1|1|0|1234|-|1");
    end_run(EX_IOERR, "again"); /* the run ended above: this call changes nothing */
    same_row(last, "vicidial|poll|completed|3|1|1|1|0|1234|-|1");
    sink_begin(&sink, "poll");
    send_one("1.2", "A");
    end_run(EX_TEMPFAIL, "some wait");
    same_row(last, "vicidial|poll|partial|1|1|0|0|0|1234|some wait|1");
    sink_begin(&sink, "backfill");
    execute("CREATE TRIGGER t BEFORE INSERT ON callcenter_records BEGIN SELECT RAISE(ABORT, 'no'); END");
    send_one("1.3", "A");
    end_run(EX_UNAVAILABLE, "it's down");
    same_row(last, "vicidial|backfill|failed|1|0|0|0|1|1234|it's down|1");
    same_row("SELECT count(*) FROM callcenter_sync_logs", "3");
}

static void test_a_run_without_an_end_is_marked_failed_by_a_later_run(void **state)
{
    (void)state;
    open_sink();
    sink_begin(&sink, "poll");
    send_one("1.1", "A"); /* then the run is killed */
    execute("INSERT INTO callcenter_sync_logs (source, sync_type, status, start_time, updated_at) VALUES "
            "('vicidial', 'poll', 'running', 'x', '2020-01-01T00:00:00Z'), "
            "('another', 'poll', 'running', 'x', '2020-01-01T00:00:00Z'), "
            "('vicidial', 'poll', 'completed', 'x', '2020-01-01T00:00:00Z')");
    open_sink();
    sink_begin(&sink, "poll");
    send_one("1.2", "A");
    same_row("SELECT group_concat(status) FROM (SELECT status FROM callcenter_sync_logs ORDER BY id)",
             "running,failed,running,completed,running");
    same_row("SELECT end_time, error_message LIKE '%without a result%' FROM callcenter_sync_logs "
             "WHERE status = 'failed'", "2020-01-01T00:00:00Z|1");
}

static void test_runs_are_not_recorded_without_a_logs_table(void **state)
{
    (void)state;
    params_add(&params, "logs_table", "-", "conf:1");
    open_sink();
    sink_begin(&sink, "poll");
    send_one("1.1", "A");
    end_run(EX_OK, "");
    same_row("SELECT count(*), min(name) FROM sqlite_master WHERE type = 'table' AND name LIKE 'call%'",
             "1|callcenter_records");
}

/* ---- tables ---- */

static void test_a_table_of_an_older_version_gets_the_missing_columns(void **state)
{
    (void)state;
    execute("CREATE TABLE callcenter_records (source TEXT, uuid TEXT, record_hash TEXT, agent TEXT, "
            "UNIQUE (source, uuid)); INSERT INTO callcenter_records VALUES ('vicidial', '1.1', 'x', '7')");
    open_sink();
    send_one("1.1", "A");
    heard_only("old", 0, OUTCOME_ACCEPTED, RECORDER_UPDATED, "");
    same_row("SELECT count(*), min(agent), min(campaign), min(upload_status) FROM callcenter_records",
             "1|6666|SALES|-");
    same_row("PRAGMA journal_mode", "delete"); /* as the owner of the file has set it */
}

/* SQLite ignores case in the names of columns. */
static void test_a_table_may_write_its_columns_in_other_case(void **state)
{
    (void)state;
    execute("CREATE TABLE callcenter_records (Source TEXT, UUID TEXT, Record_Hash TEXT, Agent TEXT, "
            "UNIQUE (source, uuid)); INSERT INTO callcenter_records VALUES ('vicidial', '1.1', 'x', '7')");
    open_sink();
    send_one("1.1", "A");
    heard_only("old", 0, OUTCOME_ACCEPTED, RECORDER_UPDATED, "");
    same_row("SELECT count(*), min(agent), min(campaign) FROM callcenter_records", "1|6666|SALES");
}

static void test_a_table_of_another_program_is_not_changed(void **state)
{
    (void)state;
    execute("CREATE TABLE callcenter_records (id, uuid)");
    open_sink();
    send_one("1.1", "A");
    heard_only("other", 0, OUTCOME_MISCONFIGURED, 0, "the table callcenter_records has no column source, so it is not");
    unit_has("advice", outcomes[0].advice, "column.NAME");
    same_row("SELECT sql FROM sqlite_master WHERE name LIKE 'call%'", "CREATE TABLE callcenter_records (id, uuid)");
}

static void test_a_new_file_has_a_wal_and_the_rights_of_the_state(void **state)
{
    (void)state;
    mode_t mask = umask(0);
    params_add(&params, "file", unit_path(directory, "other.db"), "conf:1");
    open_sink();
    send_one("1.1", "A");
    (void)umask(mask);
    assert_int_equal(unit_mode(unit_path(directory, "other.db")), 0640);
    sink_close(&sink);
    assert_int_equal(rename(unit_path(directory, "other.db"), unit_path(directory, "records.db")), 0);
    same_row("PRAGMA journal_mode", "wal");
}

/* ---- failures ---- */

static void test_a_call_is_tried_again_later_after_a_wait_for_a_lock(void **state)
{
    (void)state;
    params_add(&params, "timeout", "1", "conf:1");
    open_sink();
    send_one("1.1", "A");
    sqlite3 *other = open_file();
    assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    send_one("1.2", "A");
    heard_only("locked", 0, OUTCOME_RETRY, RECORDER_CODE_SQLITE + STORE_LOCKED, "another program has locked it");
    unit_in_range(turns, 5, 100); /* on_turn was called during the wait */
    assert_true(outcomes[0].unreachable); /* the call is not at fault */
    assert_int_equal(sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(other), SQLITE_OK);
    send_one("1.2", "A");
    heard_only("free", 0, OUTCOME_ACCEPTED, RECORDER_CREATED, "");
}

static void test_an_error_of_the_file_is_reported_for_all_calls(void **state)
{
    (void)state;
    struct call calls[3] = { call_of("1.1", "A"), call_of("1.2", "A"), call_of("1.3", "A") };
    unit_write(unit_path(directory, "records.db"), "this is no database, but a text that is long enough .............");
    open_sink();
    send_calls(calls, 3);
    assert_int_equal(heard, 3);
    for (size_t i = 0; i < 3; i++)
        heard_only("damaged", i, OUTCOME_RETRY, RECORDER_CODE_SQLITE + STORE_DAMAGED, "file is not a database");
    unit_has("damaged", outcomes[0].advice, "restore that file from a backup");
    assert_int_equal(unlink(unit_path(directory, "records.db")), 0);
    params_add(&params, "file", "no/such/records.db", "conf:1");
    open_sink();
    send_one("1.1", "A");
    heard_only("directory", 0, OUTCOME_RETRY, RECORDER_CODE_SQLITE + STORE_NOT_WRITABLE,
               "unable to open database file");
}

/* A trigger or a constraint may end the whole transaction, and then no call of the group is written. */
static void test_a_row_that_ends_the_transaction_does_not_block_other_rows(void **state)
{
    (void)state;
    struct call calls[3] = { call_of("1.1", "A"), call_of("1.2", "BAD"), call_of("1.3", "A") };
    open_sink();
    send_one("1.0", "A");
    execute("CREATE TRIGGER t BEFORE INSERT ON callcenter_records WHEN NEW.disposition = 'BAD' "
            "BEGIN SELECT RAISE(ROLLBACK, 'no BAD here'); END");
    send_calls(calls, 3);
    heard_only("1.1", 0, OUTCOME_ACCEPTED, RECORDER_CREATED, "");
    heard_only("1.2", 1, OUTCOME_RETRY, RECORDER_CODE_SQLITE + STORE_OTHER, "no BAD here");
    heard_only("1.3", 2, OUTCOME_ACCEPTED, RECORDER_CREATED, "");
    assert_false(outcomes[1].unreachable);
    assert_true(outcomes[1].blames_call);
    same_row("SELECT group_concat(uuid) FROM callcenter_records", "1.0,1.1,1.3");
    execute("DROP TRIGGER t");
    send_calls(calls, 3);
    same_row("SELECT count(*) FROM callcenter_records", "4");
}

static void test_a_failure_of_the_table_blames_no_call(void **state)
{
    (void)state;
    struct call calls[2] = { call_of("1.1", "A"), call_of("1.2", "FULL") };
    open_sink();
    send_one("1.0", "A");
    execute("CREATE TRIGGER t BEFORE INSERT ON callcenter_records WHEN NEW.disposition = 'FULL' "
            "BEGIN INSERT INTO nothing_of_that_name VALUES (1); END");
    send_calls(calls, 2); /* with such a trigger SQLite prepares no statement for any row */
    heard_only("1.1", 0, OUTCOME_RETRY, RECORDER_CODE_SQLITE + STORE_OTHER, "nothing_of_that_name");
    heard_only("1.2", 1, OUTCOME_RETRY, RECORDER_CODE_SQLITE + STORE_OTHER, "nothing_of_that_name");
    assert_false(outcomes[1].unreachable);
    same_row("SELECT count(*) FROM callcenter_records", "1");
    execute("DROP TRIGGER t");
    send_calls(calls, 2);
    same_row("SELECT count(*) FROM callcenter_records", "3");
}

static void test_wrong_settings_are_an_error_at_open(void **state)
{
    (void)state;
    static const char *const rows[][2] = { { "file", "" }, { "table", "" }, { "column.x", "y" }, { "timeout", "0" } };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        const struct sink_settings settings = { .dispositions = map, .params = &params, .state_dir = directory };
        params_add(&params, rows[i][0], rows[i][1], "conf:9");
        unit_same_int(rows[i][0], sink_open(&recorder_sink, &settings, &sink, &err), -1);
        unit_same_int(rows[i][0], err.code, EX_CONFIG);
        unit_has(rows[i][0], err.message, "conf:9: ");
        params_free(&params);
    }
}

/* ---- the check ---- */

static void check(const char *name, int want_state, int want_code, const char *text, const char *remedy)
{
    struct sink_health health;
    open_sink();
    assert_int_equal(sink_check(&sink, &health, &err), 0);
    unit_same_int(name, health.state, want_state);
    unit_same_int(name, health.exit_code, want_code);
    unit_has(name, health.text, text);
    unit_has(name, health.remedy, remedy);
}

static void test_the_check_changes_nothing(void **state)
{
    (void)state;
    check("no file", SINK_WORKS, 0, "the first run makes ", "");
    assert_false(unit_exists(unit_path(directory, "records.db")));
    execute("CREATE TABLE other (x)");
    check("no table", SINK_WORKS, 0, "records.db takes records", "");
    same_row("SELECT count(*) FROM sqlite_master", "1");
    send_one("1.1", "A");
    check("table", SINK_WORKS, 0, "takes records", "");
    same_row("SELECT count(*) FROM callcenter_records", "1");
    execute("CREATE TRIGGER t BEFORE INSERT ON callcenter_records BEGIN SELECT RAISE(ABORT, 'no calls please'); END");
    check("refused", SINK_FAILS, EX_CONFIG, "no calls please",
          "as the table's owner, drop or change the constraint or trigger");
    execute("DROP TABLE callcenter_records; CREATE TABLE callcenter_records (x)");
    check("another's", SINK_FAILS, EX_CONFIG, "has no column source", "name another table with `table` in [sink]");
    unit_write(unit_path(directory, "records.db"), "this is no database, but a text that is long enough .............");
    check("damaged", SINK_FAILS, EX_UNAVAILABLE, "not a database", "restore that file");
    params_add(&params, "file", "/no/such/directory/records.db", "conf:1");
    check("no directory", SINK_FAILS, EX_CONFIG, "cannot be made", "make that directory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_directory(test_a_call_is_created_then_known_then_updated),
        in_directory(test_columns_of_other_programs_survive_a_change),
        in_directory(test_two_dialers_may_have_the_same_id),
        in_directory(test_a_refused_row_does_not_block_other_rows),
        in_directory(test_calls_are_written_in_groups_and_none_after_the_last_turn),
        in_directory(test_a_run_that_writes_has_a_row),
        in_directory(test_a_run_without_an_end_is_marked_failed_by_a_later_run),
        in_directory(test_runs_are_not_recorded_without_a_logs_table),
        in_directory(test_a_table_of_an_older_version_gets_the_missing_columns),
        in_directory(test_a_table_may_write_its_columns_in_other_case),
        in_directory(test_a_row_that_ends_the_transaction_does_not_block_other_rows),
        in_directory(test_a_table_of_another_program_is_not_changed),
        in_directory(test_a_new_file_has_a_wal_and_the_rights_of_the_state),
        in_directory(test_a_call_is_tried_again_later_after_a_wait_for_a_lock),
        in_directory(test_an_error_of_the_file_is_reported_for_all_calls),
        in_directory(test_a_failure_of_the_table_blames_no_call),
        in_directory(test_wrong_settings_are_an_error_at_open),
        in_directory(test_the_check_changes_nothing),
    };
    return cmocka_run_group_tests_name("recorder", tests, NULL, NULL);
}
