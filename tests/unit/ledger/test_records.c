/* Tests of records: runs, calls, attempts and counters, as people see them. For rejected calls and the overview see
 * test_ledger_rejected.c. */
#include "../unit_ledger.h"

#include <sqlite3.h>

#include "base/clock.h"
#include "ledger/records.h"
#include "ledger/run_progress.h"

/* Changes the file with another connection. */
static void run_sql(const char *directory, const char *sql)
{
    sqlite3 *database = NULL;
    assert_int_equal(ledger_commit(ledger, &err), 0);
    assert_int_equal(sqlite3_open(unit_path(directory, "ledger.db"), &database), SQLITE_OK);
    assert_int_equal(sqlite3_exec(database, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(database), SQLITE_OK);
}

/* ---- the records as one text ---- */

static char seen[1000];

static void PRINTF_LIKE(1, 2) note(const char *format, ...)
{
    va_list args;
    size_t used = strlen(seen);
    va_start(args, format);
    (void)vsnprintf(seen + used, sizeof seen - used, format, args);
    va_end(args);
}

static void note_number(int64_t number)
{
    if (number == RECORDS_UNKNOWN)
        note("?,");
    else
        note("%lld,", (long long)number);
}

static void note_text(const char *text)
{
    note("%s,", text != NULL ? text : "NULL");
}

/* ---- runs ---- */

static void note_run(void *context, const struct records_run *run)
{
    const int64_t numbers[] = {
        run->started,    run->finished,    run->duration_ms,   run->found,      run->accepted,
        run->repeated,   run->failed,      run->waiting,       run->pending,    run->rejected,
        run->statements, run->database_ms, run->rows_examined, run->longest_ms, run->exit_code
    };
    assert_ptr_equal(context, seen);
    note_text(run->kind);
    for (size_t i = 0; i < UNIT_COUNT(numbers); i++)
        note_number(numbers[i]);
    note_text(run->message);
    note("%s\n", run->superseded ? "superseded" : "");
}

static const char *runs(int64_t since, int64_t limit)
{
    seen[0] = '\0';
    assert_int_equal(records_list_runs(ledger, since, limit, note_run, seen, &err), 0);
    return seen;
}

static void test_records_lists_a_run_with_all_its_counts(void **state)
{
    int64_t run = 0;
    const struct ledger_run figures = { .duration_ms = 11,
                                        .found = 12,
                                        .accepted = 13,
                                        .repeated = 14,
                                        .failed = 15,
                                        .waiting = 16,
                                        .pending = 17,
                                        .rejected = 18,
                                        .statements = 19,
                                        .database_ms = 20,
                                        .rows_examined = 21,
                                        .longest_ms = 22,
                                        .exit_code = 75,
                                        .message = "why" };
    assert_string_equal(runs(0, 10), "");
    assert_int_equal(ledger_run_start(ledger, "poll", &run, &err), 0);
    run_sql(*state, "UPDATE run SET started = 1000");
    assert_string_equal(runs(0, 10), "poll,1000,?,?,?,?,?,?,?,?,?,?,?,?,?,?,NULL,\n");
    assert_int_equal(ledger_run_finish(ledger, run, &figures, &err), 0);
    run_sql(*state, "UPDATE run SET finished = 1001");
    assert_string_equal(runs(0, 10), "poll,1000,1001,11,12,13,14,15,16,17,18,19,20,21,22,75,why,\n");
}

static void test_records_lists_the_newest_runs_first_up_to_a_number_and_a_time(void **state)
{
    run_sql(*state, "INSERT INTO run (kind, started, finished) VALUES ('poll', 100, 1), ('backfill', 200, 1), "
                    "('dry', 300, 1)");
    assert_true(strncmp(runs(0, 1), "dry,300,", 8) == 0);
    unit_lacks("one", seen, "backfill");
    unit_has("two", runs(0, 2), "backfill,200,");
    unit_lacks("two", seen, "poll");
    unit_has("since", runs(200, 9), "backfill,200,");
    unit_lacks("since", seen, "poll");
    unit_lacks("since a second later", runs(201, 9), "backfill");
    assert_string_equal(runs(0, 0), "");
}

static void test_records_marks_superseded_runs(void **state)
{
    static const struct {
        const char *name, *sql;
        bool want;
    } rows[] = {
        { "goes on", "INSERT INTO run (kind, started) VALUES ('poll', 1)", false },
        { "another kind", "INSERT INTO run (kind, started) VALUES ('backfill', 2)", false },
        { "it ended", "UPDATE run SET finished = 4 WHERE kind = 'poll'", false },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        run_sql(*state, rows[i].sql);
        unit_same_int(rows[i].name, strstr(runs(0, 9), "superseded") != NULL, rows[i].want);
    }
}

static void test_records_notes_a_retry_as_a_run(void **state)
{
    static const enum call_state states[] = { CALL_PENDING, CALL_PENDING, CALL_WAITING, CALL_REJECTED };
    for (size_t i = 0; i < UNIT_COUNT(states); i++) {
        char uniqueid[8];
        (void)snprintf(uniqueid, sizeof uniqueid, "1.%zu", i);
        struct ledger_entry entry = { .uniqueid = uniqueid, .record = { .state = states[i] } };
        assert_int_equal(ledger_put(ledger, &entry, &err), 0);
    }
    assert_int_equal(records_note_retry(ledger, 5, &err), 0);
    run_sql(*state, "UPDATE run SET started = 1, finished = 2");
    assert_string_equal(runs(0, 9), "retry,1,2,0,5,0,0,0,1,2,0,0,0,0,0,0,NULL,\n");
}

/* A note that another version wrote is none. */
static void test_run_progress_is_read_as_it_was_written(void **state)
{
    static const char *const others[] = { "", "1 2 3 4 5", "1 2 3 4 5 6 7", "1 2 3 x 5 6", "1  2 3 4 5",
                                          "1 2 3 4 5 6 " };
    const struct run_progress made = { .run = 7, .from = 100, .to = INT64_MAX, .reached = -5, .permille = 1000,
                                       .at = 1700000000 };
    struct run_progress found = { .run = 1 };
    (void)state;
    assert_int_equal(run_progress_read(ledger, &found, &err), 0);
    assert_int_equal(found.run, 0);
    assert_int_equal(run_progress_write(ledger, &made, &err), 0);
    assert_int_equal(run_progress_read(ledger, &found, &err), 0);
    assert_memory_equal(&found, &made, sizeof made);
    assert_int_equal(run_progress_forget(ledger, &err), 0);
    assert_int_equal(run_progress_read(ledger, &found, &err), 0);
    assert_int_equal(found.run, 0);
    for (size_t i = 0; i < UNIT_COUNT(others); i++) {
        assert_int_equal(ledger_set_text_note(ledger, LEDGER_NOTE_PROGRESS, others[i], &err), 0);
        assert_int_equal(run_progress_read(ledger, &found, &err), 0);
        unit_same_int(others[i], found.run, 0);
    }
}

/* ---- one call ---- */

static void note_attempt(void *context, const struct records_attempt *attempt)
{
    assert_ptr_equal(context, seen);
    note_number(attempt->tried);
    note_number(attempt->answer);
    note_number(attempt->took_ms);
    note_text(attempt->reason);
    note_text(attempt->status);
    note_text(attempt->result);
    note_number(attempt->length);
    note_text(attempt->agent);
    note("\n");
}

static void note_call(void *context, const struct records_call *call)
{
    const struct call_record *record = &call->record;
    const int64_t numbers[] = { record->state, record->sent_before, (int64_t)record->fingerprint,
                                record->version_unknown, record->attempts, call->end_epoch, call->seen,
                                call->updated, call->due, call->tries };
    for (size_t i = 0; i < UNIT_COUNT(numbers); i++)
        note_number(numbers[i]);
    note_text(call->reason);
    note_text(call->campaign);
    note_text(call->phone);
    note_attempt(context, &call->last);
}

static const char *call_of(const char *uniqueid)
{
    seen[0] = '\0';
    assert_int_equal(records_find_call(ledger, uniqueid, note_call, seen, &err), 0);
    return seen;
}

static const char *attempts_of(const char *uniqueid)
{
    seen[0] = '\0';
    assert_int_equal(records_list_attempts(ledger, uniqueid, note_attempt, seen, &err), 0);
    return seen;
}

static void test_records_shows_the_whole_record_of_a_call(void **state)
{
    run_sql(*state, "INSERT INTO call (uniqueid, state, fingerprint, version_unknown, attempts, end_epoch, seen, "
                    "updated, due, tries, reason, campaign, phone, tried, answer, took_ms, status, result, length, "
                    "agent) VALUES ('1.1', 2, 30, 29, 31, 32, 33, 34, 35, 36, 'why', 'CAMP', '312', 37, 503, 38, "
                    "'SALE', 'answered', 39, 'A')");
    run_sql(*state, "INSERT INTO call (uniqueid, state, end_epoch, updated) VALUES ('old', 1, 40, 41)");
    assert_string_equal(call_of("1.1"), "2,1,30,29,31,32,33,34,35,36,why,CAMP,312,37,503,38,why,SALE,answered,39,A,\n");
    assert_string_equal(call_of("old"), "1,0,0,0,0,40,?,41,?,0,NULL,NULL,NULL,?,?,?,NULL,NULL,NULL,?,NULL,\n");
    assert_string_equal(call_of("nobody's"), "");
}

static void test_records_lists_the_attempts_before_the_last_oldest_first(void **state)
{
    run_sql(*state, "INSERT INTO attempt (uniqueid, tried, answer, took_ms, reason, status, result, length, agent) "
                    "VALUES ('1.1', 2, 503, 3, 'later', 'SALE', 'answered', 4, 'A'), "
                    "('2.2', 9, 9, 9, 'x', 'x', 'x', 9, 'x'), ('1.1', 1, 0, NULL, NULL, NULL, NULL, NULL, NULL)");
    assert_string_equal(attempts_of("1.1"), "2,503,3,later,SALE,answered,4,A,\n1,0,?,NULL,NULL,NULL,?,NULL,\n");
    assert_string_equal(attempts_of("3.3"), "");
}

/* ---- counters, and the last run ---- */

static void note_counter(void *context, const char *label, int64_t value)
{
    assert_ptr_equal(context, seen);
    note("%s=%lld ", label, (long long)value);
}

static void test_records_lists_counters_by_label(void **state)
{
    (void)state;
    assert_int_equal(ledger_add_to_counter(ledger, "answers", "500", 7, &err), 0);
    assert_int_equal(ledger_add_to_counter(ledger, "answers", "200", 3, &err), 0);
    assert_int_equal(ledger_add_to_counter(ledger, "calls", "200", 9, &err), 0);
    seen[0] = '\0';
    assert_int_equal(records_list_counters(ledger, "answers", note_counter, seen, &err), 0);
    assert_string_equal(seen, "200=3 500=7 ");
}

static void test_records_overview_cuts_a_long_message_at_a_word(void **state)
{
    struct records_overview got;
    char words[5 * 200 + 1] = "", sql[sizeof words + 200];
    for (int i = 0; i < 200; i++)
        (void)snprintf(words + i * 5, sizeof words - (size_t)i * 5, "abcd ");
    (void)snprintf(sql, sizeof sql, "INSERT INTO run (kind, started, finished, exit_code, message) VALUES "
                                    "('poll', 50, 51, 78, '%s')", words);
    run_sql(*state, sql);
    assert_int_equal(records_overview(ledger, &got, &err), 0);
    size_t length = strlen(got.last_run_message);
    assert_true(length > 500);
    assert_string_equal(got.last_run_message + length - 8, " abcd...");
}

static void test_records_overview_has_the_counts_of_cron_s_last_run(void **state)
{
    struct records_overview got;
    run_sql(*state, "INSERT INTO run (kind, started, finished, accepted, exit_code, message, duration_ms, statements, "
                    "database_ms, rows_examined, longest_ms) VALUES ('poll', 50, 51, 52, 75, 'why', 53, 54, 55, 56, "
                    "57), ('backfill', 60, 61, 62, 63, 'a person''s', 64, 65, 66, 67, 68)");
    assert_int_equal(records_overview(ledger, &got, &err), 0);
    assert_int_equal(got.last_run, 50);
    assert_int_equal(got.last_run_accepted, 52);
    assert_int_equal(got.last_run_exit_code, 75);
    assert_string_equal(got.last_run_message, "why");
    assert_int_equal(got.last_run_duration_ms, 53);
    assert_int_equal(got.last_run_statements, 54);
    assert_int_equal(got.last_run_database_ms, 55);
    assert_int_equal(got.last_run_rows_examined, 56);
    assert_int_equal(got.last_run_longest_ms, 57);
    assert_int_equal(got.last_success, 0); /* that run sent only a part */
    /* An older version did not write these. */
    run_sql(*state, "INSERT INTO run (kind, started, finished, accepted, exit_code) VALUES ('poll', 70, 71, 72, 0)");
    assert_int_equal(records_overview(ledger, &got, &err), 0);
    assert_int_equal(got.last_run, 70);
    assert_true(got.last_run_duration_ms == RECORDS_UNKNOWN && got.last_run_statements == RECORDS_UNKNOWN);
    assert_true(got.last_run_database_ms == RECORDS_UNKNOWN && got.last_run_rows_examined == RECORDS_UNKNOWN);
    assert_true(got.last_run_longest_ms == RECORDS_UNKNOWN);
}

/* ---- a ledger that cannot be read ---- */

static void on_nothing(void *context, const char *label, int64_t value)
{
    (void)context;
    (void)label;
    (void)value;
}

static void test_records_reports_an_unreadable_ledger(void **state)
{
    static const struct {
        const char *name, *sql;
    } rows[] = {
        { "calls", "ALTER TABLE call RENAME TO gone" },
        { "runs", "ALTER TABLE gone RENAME TO call; ALTER TABLE run RENAME TO gone" },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct records_overview overview;
        int64_t count = 0;
        bool calls = i == 0;
        run_sql(*state, rows[i].sql);
        unit_same_int(rows[i].name, records_overview(ledger, &overview, &err), -1);
        unit_same_int(rows[i].name, err.code, EX_IOERR);
        unit_same_int(rows[i].name, records_note_retry(ledger, 1, &err), -1);
        unit_same_int(rows[i].name, records_count_accepted(ledger, &count, &err), calls ? -1 : 0);
        unit_same_int(rows[i].name, records_find_call(ledger, "1", note_call, seen, &err), calls ? -1 : 0);
        unit_same_int(rows[i].name, records_list_runs(ledger, 0, 1, note_run, seen, &err), calls ? 0 : -1);
        unit_same_int(rows[i].name,
                      records_change_state(ledger, &(struct records_selection){ .before = 0 }, CALL_REJECTED,
                                           CALL_PENDING, &count, &err), calls ? -1 : 0);
    }
    run_sql(*state, "ALTER TABLE attempt RENAME TO gone2; ALTER TABLE counter RENAME TO gone3");
    assert_int_equal(records_list_attempts(ledger, "1", note_attempt, seen, &err), -1);
    assert_int_equal(records_list_counters(ledger, "answers", on_nothing, NULL, &err), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_ledger(test_records_lists_a_run_with_all_its_counts),
        in_ledger(test_records_lists_the_newest_runs_first_up_to_a_number_and_a_time),
        in_ledger(test_records_marks_superseded_runs),
        in_ledger(test_records_notes_a_retry_as_a_run),
        in_ledger(test_run_progress_is_read_as_it_was_written),
        in_ledger(test_records_shows_the_whole_record_of_a_call),
        in_ledger(test_records_lists_the_attempts_before_the_last_oldest_first),
        in_ledger(test_records_lists_counters_by_label),
        in_ledger(test_records_overview_has_the_counts_of_cron_s_last_run),
        in_ledger(test_records_overview_cuts_a_long_message_at_a_word),
        in_ledger(test_records_reports_an_unreadable_ledger),
    };
    return cmocka_run_group_tests_name("records", tests, NULL, NULL);
}
