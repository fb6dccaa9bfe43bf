/* Tests of ledger: the records of calls, notes, places and runs. For the file itself see test_ledger_files.c. */
#include "../unit_ledger.h"

#include <sqlite3.h>

#include "base/clock.h"
#include "ledger/schema.h"

static void reopen(const char *directory)
{
    ledger_close(ledger);
    open_ledger(directory);
}

/* Changes the file with another connection, after the ledger has committed. */
static void run_sql(const char *directory, const char *sql)
{
    sqlite3 *database = NULL;
    assert_int_equal(sqlite3_open(unit_path(directory, "ledger.db"), &database), SQLITE_OK);
    assert_int_equal(sqlite3_exec(database, sql, NULL, NULL, NULL), SQLITE_OK);
    (void)sqlite3_close(database);
}

static void put(const char *uniqueid, enum call_state state, int64_t end_epoch, int64_t due)
{
    struct ledger_entry entry = {
        .uniqueid = uniqueid, .record = { .state = state }, .end_epoch = end_epoch, .due = due
    };
    assert_int_equal(ledger_put(ledger, &entry, &err), 0);
}

static enum call_state state_of(const char *uniqueid)
{
    struct call_record record = { .state = CALL_PENDING };
    assert_int_equal(ledger_find(ledger, uniqueid, &record, &err), 0);
    return record.state;
}

/* Reads one column of one row with another connection; "NULL" for a NULL. */
static const char *query(const char *directory, const char *sql)
{
    static char text[300];
    sqlite3 *database = NULL;
    sqlite3_stmt *statement = NULL;
    assert_int_equal(sqlite3_open(unit_path(directory, "ledger.db"), &database), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(database, sql, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    const unsigned char *value = sqlite3_column_text(statement, 0);
    (void)snprintf(text, sizeof text, "%s", value != NULL ? (const char *)value : "NULL");
    (void)sqlite3_finalize(statement);
    (void)sqlite3_close(database);
    return text;
}

static void test_ledger_has_no_record_of_an_unknown_call(void **state)
{
    (void)state;
    struct call_record record = { .state = CALL_PENDING, .sent_before = true, .fingerprint = 7, .attempts = 7 };
    assert_int_equal(ledger_find(ledger, "1.1", &record, &err), 0);
    assert_int_equal(record.state, CALL_UNKNOWN);
    assert_false(record.sent_before);
    assert_true(record.fingerprint == 0);
    assert_int_equal(record.attempts, 0);
}

static void test_ledger_finds_the_record_that_was_put(void **state)
{
    static const struct {
        const char *uniqueid;
        struct call_record record;
    } rows[] = {
        { "1729771100.1",
          { CALL_ACCEPTED, true, UINT64_C(0x8d29874d729b1236), 0, 0, 0, 0, false } }, /* above any int64_t */
        { "1729771100.2", { CALL_ACCEPTED, true, 0, 0, 0, 0, 0, false } },
        { "1729771100.3", { CALL_ACCEPTED, true, UINT64_MAX, 0, 0, 0, 0, false } },
        { "1729771100.4", { CALL_PENDING, false, 0, 0, 3, 0, 0, false } },
        { "1729771100.5", { CALL_PENDING, true, 42, 0, 9, 1, 0, false } },
        { "1729771100.9", { CALL_PENDING, true, UINT64_MAX, 3, 0, 1, 0, false } },
        { "1729771101.0", { CALL_ACCEPTED, true, 42, 7, 0, 0, 0, false } },
        { "1729771100.6", { CALL_WAITING, false, 0, 0, 0, 0, 0, false } },
        { "1729771100.7", { CALL_REJECTED, false, 0, 0, 10, 0, 0, false } },
        { "1729771100.8", { CALL_DISCARDED, false, 0, 0, 0, 0, 0, false } },
        { "", { CALL_WAITING, false, 0, 0, 0, 0, 0, false } }, /* VICIdial has such a row */
        { "it's; DROP TABLE call --", { CALL_WAITING, false, 0, 0, 1, 0, 0, false } },
        { "z\xC3\xBCrich-1.1", { CALL_WAITING, true, 1, 0, 2, 0, 0, false } },
    };
    static const struct ledger_attempt attempt = { .answer = 500 };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct ledger_entry entry = { .uniqueid = rows[i].uniqueid, .record = rows[i].record, .end_epoch = 1729771200,
                                      .attempt = rows[i].record.tries > 0 ? &attempt : NULL };
        unit_same_int(rows[i].uniqueid, ledger_put(ledger, &entry, &err), 0);
    }
    assert_int_equal(ledger_commit(ledger, &err), 0);
    reopen(*state);
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct call_record record;
        unit_same_int(rows[i].uniqueid, ledger_find(ledger, rows[i].uniqueid, &record, &err), 0);
        unit_same_int(rows[i].uniqueid, record.state, rows[i].record.state);
        unit_same_int(rows[i].uniqueid, record.sent_before, rows[i].record.sent_before);
        unit_true(rows[i].uniqueid, record.fingerprint == rows[i].record.fingerprint);
        unit_same_int(rows[i].uniqueid, record.version_unknown, rows[i].record.version_unknown);
        unit_same_int(rows[i].uniqueid, record.attempts, rows[i].record.attempts);
        unit_same_int(rows[i].uniqueid, record.tries, rows[i].record.tries);
        unit_true(rows[i].uniqueid, (record.tried > 0) == (record.tries > 0));
    }
}

static void test_ledger_put_replaces_the_whole_record(void **state)
{
    struct ledger_entry entry = { .uniqueid = "1.1",
                                  .end_epoch = 100,
                                  .due = 200,
                                  .reason = "HTTP 503",
                                  .payload = "{}",
                                  .record = { .state = CALL_PENDING, .attempts = 4, .version_unknown = 2 } };
    assert_int_equal(ledger_put(ledger, &entry, &err), 0);
    assert_int_equal(ledger_commit(ledger, &err), 0);
    assert_string_equal(query(*state, "SELECT version_unknown FROM call"), "2");
    assert_string_equal(query(*state, "SELECT reason || payload || due || end_epoch FROM call"), "HTTP 503{}200100");
    assert_int_equal(strtoll(query(*state, "SELECT updated FROM call"), NULL, 10) / 100, clock_now_epoch() / 100);
    entry = (struct ledger_entry){ .uniqueid = "1.1", .end_epoch = 101, .reason = "old", .payload = "old", .due = 9,
                                   .record = { .state = CALL_ACCEPTED, .sent_before = true, .fingerprint = 5 } };
    assert_int_equal(ledger_put(ledger, &entry, &err), 0);
    assert_int_equal(ledger_commit(ledger, &err), 0);
    /* An accepted call needs no payload, reason or due time. */
    assert_string_equal(query(*state, "SELECT reason IS NULL AND payload IS NULL AND due IS NULL FROM call"), "1");
    assert_string_equal(query(*state, "SELECT version_unknown FROM call"), "NULL");
    assert_string_equal(query(*state, "SELECT count(*) || '/' || end_epoch || '/' || attempts FROM call"), "1/101/0");
}

static void test_ledger_copies_the_texts_it_is_given(void **state)
{
    char uniqueid[] = "1.1", reason[] = "why", payload[] = "{\"a\":1}";
    struct ledger_entry entry = { .uniqueid = uniqueid, .record = { .state = CALL_REJECTED }, .reason = reason,
                                  .payload = payload };
    assert_int_equal(ledger_put(ledger, &entry, &err), 0);
    memset(uniqueid, '-', sizeof uniqueid - 1);
    memset(reason, '-', sizeof reason - 1);
    memset(payload, '-', sizeof payload - 1);
    assert_int_equal(ledger_commit(ledger, &err), 0);
    assert_string_equal(query(*state, "SELECT uniqueid || reason || payload FROM call"), "1.1why{\"a\":1}");
}

static void test_ledger_forget_deletes_the_record(void **state)
{
    (void)state;
    put("1.1", CALL_WAITING, 1, 1);
    put("1.10", CALL_WAITING, 1, 1);
    assert_int_equal(ledger_forget(ledger, "1.1", &err), 0);
    assert_int_equal(ledger_forget(ledger, "9.9", &err), 0); /* an unknown call is no error */
    assert_int_equal(state_of("1.1"), CALL_UNKNOWN);
    assert_int_equal(state_of("1.10"), CALL_WAITING);
}

static void note_due(void *context, const char *uniqueid, int64_t end_epoch)
{
    char *seen = context;
    size_t used = strlen(seen);
    (void)snprintf(seen + used, 300 - used, "%s@%lld ", uniqueid, (long long)end_epoch);
}

static const char *due_between(int64_t now, int64_t latest)
{
    static char seen[300];
    seen[0] = '\0';
    const struct ledger_stretch all = { .after = position_at(INT64_MIN, ""), .ended_from = INT64_MIN,
                                        .ended_before = INT64_MAX, .with_waiting = true, .limit = 100 };
    assert_int_equal(ledger_due(ledger, &(struct ledger_time){ now, latest }, &all, note_due, seen, &err), 0);
    return seen;
}

static const char *due_at(int64_t now)
{
    return due_between(now, INT64_MAX);
}

static void test_ledger_due_lists_pending_calls_in_time_and_waiting_ones_always(void **state)
{
    (void)state;
    assert_string_equal(due_at(INT64_MAX), "");
    put("late", CALL_PENDING, 300, 1000);
    put("b", CALL_PENDING, 200, 1001);
    put("a", CALL_PENDING, 200, 999);
    put("waiting", CALL_WAITING, 250, 999999); /* at this time the call is sent with its present status */
    put("old", CALL_PENDING, 100, 1000);
    put("accepted", CALL_ACCEPTED, 50, 0);
    put("rejected", CALL_REJECTED, 60, 0);
    put("dropped", CALL_DISCARDED, 70, 0);
    assert_string_equal(due_at(998), "waiting@250 ");
    assert_string_equal(due_at(999), "a@200 waiting@250 ");
    assert_string_equal(due_at(1000), "old@100 a@200 waiting@250 late@300 ");
    assert_string_equal(due_at(1001), "old@100 a@200 b@200 waiting@250 late@300 ");
}

static void test_ledger_due_lists_a_due_time_from_a_wrong_clock(void **state)
{
    (void)state;
    put("a", CALL_PENDING, 200, 2000);
    put("b", CALL_PENDING, 300, 2001);
    assert_string_equal(due_between(1000, 2001), "");
    assert_string_equal(due_between(1000, 2000), "b@300 ");
    assert_string_equal(due_between(1000, 1999), "a@200 b@300 ");
}

static void test_ledger_due_leaves_out_pending_calls_that_ended_before(void **state)
{
    (void)state;
    char seen[300] = "";
    put("a", CALL_PENDING, 99, 0);
    put("b", CALL_PENDING, 100, 0);
    put("c", CALL_WAITING, 50, 0);
    struct ledger_stretch stretch = { .after = position_at(INT64_MIN, ""), .ended_from = 100, .ended_before = INT64_MAX,
                                      .with_waiting = true, .limit = 1 };
    assert_int_equal(ledger_due(ledger, &(struct ledger_time){ 10, 20 }, &stretch, note_due, seen, &err), 0);
    assert_string_equal(seen, "c@50 ");
    stretch.after = position_at(50, "c"); /* the end of the last batch */
    assert_int_equal(ledger_due(ledger, &(struct ledger_time){ 10, 20 }, &stretch, note_due, seen, &err), 0);
    assert_string_equal(seen, "c@50 b@100 ");
    stretch.after = position_at(100, "b");
    assert_int_equal(ledger_due(ledger, &(struct ledger_time){ 10, 20 }, &stretch, note_due, seen, &err), 0);
    assert_string_equal(seen, "c@50 b@100 ");
}

static const char *old_after(int64_t end_epoch, const char *uniqueid, int64_t limit)
{
    static char seen[300];
    seen[0] = '\0';
    const struct ledger_stretch stretch = { .after = position_at(end_epoch, uniqueid), .ended_from = INT64_MIN,
                                            .ended_before = 300, .limit = limit };
    assert_int_equal(ledger_due(ledger, &(struct ledger_time){ 1000, 2000 }, &stretch, note_due, seen, &err), 0);
    return seen;
}

static void test_ledger_due_goes_through_a_stretch_in_order(void **state)
{
    (void)state;
    put("at the end", CALL_PENDING, 300, 0);
    put("b", CALL_PENDING, 200, 1000);
    put("a", CALL_PENDING, 200, 0);
    put("first", CALL_PENDING, -5, 0);
    put("not yet", CALL_PENDING, 150, 1001);
    put("put off too long", CALL_PENDING, 250, 2001);
    put("waiting", CALL_WAITING, 120, 0);
    put("accepted", CALL_ACCEPTED, 120, 0);
    put("rejected", CALL_REJECTED, 120, 0);
    put("dropped", CALL_DISCARDED, 120, 0);
    assert_string_equal(old_after(INT64_MIN, "", 2), "first@-5 a@200 ");
    assert_string_equal(old_after(200, "a", 2), "b@200 put off too long@250 ");
    assert_string_equal(old_after(200, "", 1), "a@200 ");
    assert_string_equal(old_after(250, "put off too long", 2), "");
    assert_string_equal(old_after(INT64_MIN, "", 0), "");
}

static void test_ledger_forgets_untried_calls(void **state)
{
    (void)state;
    int64_t count = 0;
    struct ledger_attempt attempt = { .answer = 503 };
    struct ledger_entry tried = { .uniqueid = "tried", .record = { .state = CALL_PENDING }, .end_epoch = 99,
                                  .attempt = &attempt };
    struct ledger_entry changed = { .uniqueid = "changed", .record = { .state = CALL_PENDING, .sent_before = true },
                                    .end_epoch = 99 };
    assert_int_equal(ledger_put(ledger, &tried, &err), 0);
    assert_int_equal(ledger_put(ledger, &changed, &err), 0);
    put("below", CALL_PENDING, 99, 0);
    put("at", CALL_PENDING, 100, 0);
    put("waiting", CALL_WAITING, 99, 0);
    put("accepted", CALL_ACCEPTED, 99, 0);
    put("rejected", CALL_REJECTED, 99, 0);
    assert_int_equal(ledger_forget_untried(ledger, 100, &count, &err), 0);
    assert_int_equal(count, 1);
    assert_int_equal(state_of("below"), CALL_UNKNOWN);
    static const char *const kept[] = { "tried", "changed", "at", "waiting", "accepted", "rejected" };
    for (size_t i = 0; i < UNIT_COUNT(kept); i++)
        assert_true(state_of(kept[i]) != CALL_UNKNOWN);
}

static void test_ledger_counts_open_calls(void **state)
{
    (void)state;
    struct ledger_counts counts = { 9, 9, 9 };
    assert_int_equal(ledger_count(ledger, &counts, &err), 0);
    assert_true(counts.pending == 0 && counts.waiting == 0 && counts.rejected == 0);
    static const enum call_state states[] = { CALL_PENDING, CALL_PENDING,  CALL_PENDING,  CALL_WAITING,
                                              CALL_WAITING, CALL_REJECTED, CALL_ACCEPTED, CALL_DISCARDED };
    for (size_t i = 0; i < UNIT_COUNT(states); i++) {
        char uniqueid[16];
        (void)snprintf(uniqueid, sizeof uniqueid, "1.%zu", i);
        put(uniqueid, states[i], 1, INT64_MAX);
    }
    assert_int_equal(ledger_count(ledger, &counts, &err), 0);
    assert_true(counts.pending == 3 && counts.waiting == 2 && counts.rejected == 1);
}

static void test_ledger_keeps_notes_by_name(void **state)
{
    static const int64_t values[] = { 0, 1, -1, 1729771200, INT64_MAX, INT64_MIN };
    int64_t value = 7;
    assert_int_equal(ledger_read_note(ledger, LEDGER_NOTE_WAIT_UNTIL, 42, &value, &err), 0);
    assert_int_equal(value, 42);
    for (size_t i = 0; i < UNIT_COUNT(values); i++) {
        assert_int_equal(ledger_set_note(ledger, LEDGER_NOTE_WAIT_UNTIL, values[i], &err), 0);
        assert_int_equal(ledger_commit(ledger, &err), 0);
        reopen(*state);
        assert_int_equal(ledger_read_note(ledger, LEDGER_NOTE_WAIT_UNTIL, 42, &value, &err), 0);
        assert_int_equal(value, values[i]);
    }
    assert_int_equal(ledger_read_note(ledger, LEDGER_NOTE_HEALTHY, 1, &value, &err), 0);
    assert_int_equal(value, 1);
}

static void test_ledger_is_for_one_type_of_source(void **state)
{
    assert_int_equal(ledger_confirm_source(ledger, "vicidial", &err), 0);
    assert_int_equal(ledger_confirm_source(ledger, "asterisk-cdr", &err), 0); /* that wrote no note */
    assert_int_equal(ledger_claim_for_source(ledger, "vicidial", &err), 0);
    reopen(*state);
    assert_int_equal(ledger_claim_for_source(ledger, "vicidial", &err), 0);
    assert_int_equal(ledger_claim_for_source(ledger, "vicidial-inbound", &err), -1);
    assert_int_equal(err.code, EX_CONFIG);
    unit_has("names both", err.message, "of the type vicidial, but type in [source] is vicidial-inbound");
    assert_int_equal(ledger_confirm_source(ledger, "vicidial", &err), 0);
}

static void test_ledger_keeps_checkpoint_and_floor_apart(void **state)
{
    static const enum ledger_place places[] = { LEDGER_CHECKPOINT, LEDGER_FLOOR };
    struct position got = position_at(7, "old");
    bool known = true;
    for (size_t i = 0; i < UNIT_COUNT(places); i++) {
        assert_int_equal(ledger_read_place(ledger, places[i], &got, &known, &err), 0);
        assert_false(known);
    }
    struct position checkpoint = position_at(1729771200, "1729771100.5"), floor = position_at(1729700000, "");
    assert_int_equal(ledger_set_place(ledger, LEDGER_CHECKPOINT, &checkpoint, &err), 0);
    assert_int_equal(ledger_read_place(ledger, LEDGER_FLOOR, &got, &known, &err), 0);
    assert_false(known);
    assert_int_equal(ledger_set_place(ledger, LEDGER_FLOOR, &floor, &err), 0);
    assert_int_equal(ledger_commit(ledger, &err), 0);
    reopen(*state);
    assert_int_equal(ledger_read_place(ledger, LEDGER_CHECKPOINT, &got, &known, &err), 0);
    assert_true(known && position_compare(&got, &checkpoint) == 0);
    assert_int_equal(ledger_read_place(ledger, LEDGER_FLOOR, &got, &known, &err), 0);
    assert_true(known && position_compare(&got, &floor) == 0);

    assert_int_equal(ledger_set_note(ledger, LEDGER_NOTE_HEALTHY, 0, &err), 0);
    put("1.1", CALL_ACCEPTED, 1, 0);
    assert_int_equal(ledger_delete_checkpoint(ledger, &err), 0);
    for (size_t i = 0; i < UNIT_COUNT(places); i++) {
        assert_int_equal(ledger_read_place(ledger, places[i], &got, &known, &err), 0);
        assert_false(known);
    }
    int64_t healthy = 1; /* nothing else is cleared */
    assert_int_equal(ledger_read_note(ledger, LEDGER_NOTE_HEALTHY, 1, &healthy, &err), 0);
    assert_int_equal(healthy, 0);
    assert_int_equal(state_of("1.1"), CALL_ACCEPTED);
}

static void test_ledger_keeps_only_committed_changes(void **state)
{
    put("before", CALL_ACCEPTED, 1, 0);
    assert_int_equal(ledger_commit(ledger, &err), 0);
    assert_int_equal(ledger_commit(ledger, &err), 0); /* nothing to commit is no error */
    put("after", CALL_ACCEPTED, 1, 0);
    assert_int_equal(ledger_forget(ledger, "before", &err), 0);
    assert_int_equal(ledger_set_note(ledger, "x", 1, &err), 0);
    assert_int_equal(state_of("after"), CALL_ACCEPTED); /* the same connection sees the change at once ... */
    reopen(*state);
    int64_t value = 0; /* ... and the change is lost with the connection */
    assert_int_equal(state_of("before"), CALL_ACCEPTED);
    assert_int_equal(state_of("after"), CALL_UNKNOWN);
    assert_int_equal(ledger_read_note(ledger, "x", 42, &value, &err), 0);
    assert_int_equal(value, 42);
}

static void test_ledger_run_start_is_durable_on_return(void **state)
{
    int64_t first = 0, second = 0;
    put("1.1", CALL_WAITING, 1, 1);
    assert_int_equal(ledger_run_start(ledger, "poll", &first, &err), 0);
    reopen(*state);
    assert_int_equal(state_of("1.1"), CALL_WAITING); /* together with the uncommitted changes */
    assert_int_equal(ledger_run_start(ledger, "backfill", &second, &err), 0);
    assert_true(second > first);
    struct ledger_run figures = { .found = 1,
                                  .accepted = 2,
                                  .repeated = 3,
                                  .pending = 4,
                                  .waiting = 5,
                                  .rejected = 6,
                                  .exit_code = 75,
                                  .message = "why" };
    assert_int_equal(ledger_run_finish(ledger, second, &figures, &err), 0);
    assert_int_equal(ledger_commit(ledger, &err), 0);
    assert_string_equal(query(*state, "SELECT found||'/'||accepted||'/'||repeated||'/'||pending||'/'||waiting||'/"
                                      "'||rejected||'/'||"
                                      "exit_code||'/'||message||'/'||kind FROM run ORDER BY id DESC"),
                        "1/2/3/4/5/6/75/why/backfill");
    assert_string_equal(query(*state, "SELECT finished >= started AND duration_ms >= 0 FROM run ORDER BY id DESC"),
                        "1");
    assert_string_equal(query(*state, "SELECT kind || coalesce(finished, '-') FROM run ORDER BY id"), "poll-");
    assert_string_equal(query(*state, "SELECT name || '/' || label || '/' || value FROM counter"), "runs/75 "
                                                                                                   "backfill/1");
    figures = (struct ledger_run){ .failed = 7, .statements = 8, .database_ms = 9, .rows_examined = 10,
                                   .longest_ms = 11 };
    assert_int_equal(ledger_run_finish(ledger, second, &figures, &err), 0);
    assert_int_equal(ledger_commit(ledger, &err), 0);
    assert_string_equal(query(*state, "SELECT "
                                      "failed||'/'||statements||'/'||database_ms||'/'||rows_examined||'/'||longest_ms "
                                      "||'/'||kind||'/'||coalesce(message, '-') FROM run ORDER BY id DESC"),
                        "7/8/9/10/11/backfill/-");
}

static int prune(int64_t before, int64_t set_aside_before, int64_t limit)
{
    struct ledger_age age = { .before = before, .set_aside_before = set_aside_before, .limit = limit };
    return ledger_prune(ledger, &age, &err);
}

static void test_ledger_prunes_settled_calls_and_no_open_ones(void **state)
{
    static const struct {
        const char *uniqueid;
        enum call_state state;
        int64_t end_epoch;
        bool kept, kept_long; /* after the retention of accepted calls, and after that of other calls */
    } rows[] = {
        { "accepted, below", CALL_ACCEPTED, 999, false, false }, { "accepted, at", CALL_ACCEPTED, 1000, true, true },
        { "accepted, above", CALL_ACCEPTED, 1001, true, true },  { "accepted, first", CALL_ACCEPTED, 0, false, false },
        { "dropped, below", CALL_DISCARDED, 799, true, false },    { "dropped, at", CALL_DISCARDED, 800, true, true },
        { "rejected, below", CALL_REJECTED, 799, true, false }, { "rejected, at", CALL_REJECTED, 800, true, true },
        { "pending", CALL_PENDING, 1, true, true },                    { "waiting", CALL_WAITING, 1, true, true },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++)
        put(rows[i].uniqueid, rows[i].state, rows[i].end_epoch, 0);
    /* These calls were rejected and discarded just now, and their retention begins now. */
    assert_int_equal(prune(1000, 800, 100), 0);
    for (size_t i = 0; i < UNIT_COUNT(rows); i++)
        unit_same_int(rows[i].uniqueid, state_of(rows[i].uniqueid), rows[i].kept ? rows[i].state : CALL_UNKNOWN);
    assert_int_equal(ledger_commit(ledger, &err), 0);
    run_sql(*state, "UPDATE call SET updated = 799");
    assert_int_equal(prune(1000, 800, 100), 0);
    for (size_t i = 0; i < UNIT_COUNT(rows); i++)
        unit_same_int(rows[i].uniqueid, state_of(rows[i].uniqueid), rows[i].kept_long ? rows[i].state : CALL_UNKNOWN);
}

/* Each prune visits the next accepted calls in the order of ids, up to the limit. */
static void test_ledger_prunes_accepted_calls_in_rounds(void **state)
{
    static const struct {
        const char *left; /* the calls left after the prune */
        const char *new_call;
        int64_t limit;
    } rows[] = {
        { "1 2 3 4 5", NULL, 0 },
        { "2 3 4 5", NULL, 2 },
        { "2 4 5", NULL, 2 },
        { "0 2 4 5", "0", 2 },
        /* behind the place */ { "2 4 5", NULL, 2 },
        { "2 4 5", NULL, 2 },
        { "2 4 5", NULL, 1000 },
    };
    put("1", CALL_ACCEPTED, 3, 0);
    put("2", CALL_ACCEPTED, 1000, 0);
    put("3", CALL_ACCEPTED, 1, 0);
    put("4", CALL_ACCEPTED, 2000, 0);
    put("5", CALL_PENDING, 1, 0);
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        if (rows[i].new_call != NULL)
            put(rows[i].new_call, CALL_ACCEPTED, 1, 0);
        unit_same_int(rows[i].left, prune(1000, 0, rows[i].limit), 0);
        assert_int_equal(ledger_commit(ledger, &err), 0);
        unit_same_text("left", query(*state, "SELECT group_concat(uniqueid, ' ') FROM (SELECT uniqueid FROM call "
                                             "ORDER BY uniqueid)"), rows[i].left);
    }
}

/* The more calls were written, the more calls a prune visits, even above the limit. */
static void test_ledger_prunes_more_where_more_was_written(void **state)
{
    char id[16];
    for (int i = 0; i < 5000; i++) {
        (void)snprintf(id, sizeof id, "%05d", i);
        put(id, CALL_ACCEPTED, 1, 0);
    }
    assert_int_equal(ledger_commit(ledger, &err), 0);
    reopen(*state);
    for (int i = 0; i < 500; i++) {
        (void)snprintf(id, sizeof id, "%05d", 5000 + i);
        put(id, CALL_ACCEPTED, 1, 0);
    }
    assert_int_equal(prune(1000, 0, 5000), 0); /* 1000 calls and twice 500 */
    assert_int_equal(ledger_commit(ledger, &err), 0);
    assert_string_equal(query(*state, "SELECT count(*) FROM call"), "3500");
    assert_int_equal(prune(1000, 0, 5000), 0);
    assert_int_equal(ledger_commit(ledger, &err), 0);
    assert_string_equal(query(*state, "SELECT count(*) FROM call"), "2500");
}

static void test_ledger_prunes_old_runs(void **state)
{
    int64_t run = 0;
    assert_int_equal(ledger_run_start(ledger, "poll", &run, &err), 0);
    assert_int_equal(prune(clock_now_epoch() - 1000, 0, 2), 0);
    assert_int_equal(ledger_commit(ledger, &err), 0);
    assert_string_equal(query(*state, "SELECT count(*) FROM run"), "1");
    assert_int_equal(prune(clock_now_epoch() + 1000, 0, 2), 0);
    assert_int_equal(ledger_commit(ledger, &err), 0);
    assert_string_equal(query(*state, "SELECT count(*) FROM run"), "0");
}

static void test_ledger_counts_attempts_and_keeps_columns_without_a_new_value(void **state)
{
    const struct call call = { .status = "SALE", .length = 45, .agent = "6666", .campaign = "CAMP", .number = "312" };
    static const char seen[] = "SELECT tries || '/' || answer || '/' || took_ms || '/' || (tried > 1000000000) || '/' "
                               "|| "
                               "status || '/' || " SCHEMA_RESULT " || '/' || length || '/' || agent || '/' "
                                                                 "|| " SCHEMA_CAMPAIGN " || '/' || phone FROM call";
    const struct ledger_attempt first = { .answer = 503, .took_ms = 70 }, second = { .answer = 200, .took_ms = 30 };
    struct ledger_entry entry = { .uniqueid = "1.1",
                                  .end_epoch = 100,
                                  .record = { .state = CALL_PENDING },
                                  .call = &call,
                                  .result = "answered",
                                  .attempt = &first };
    assert_int_equal(ledger_put(ledger, &entry, &err), 0);
    assert_int_equal(ledger_commit(ledger, &err), 0);
    assert_string_equal(query(*state, seen), "1/503/70/1/SALE/answered/45/6666/CAMP/312");
    entry.call = NULL;
    entry.result = NULL;
    entry.attempt = NULL;
    assert_int_equal(ledger_put(ledger, &entry, &err), 0);
    assert_int_equal(ledger_commit(ledger, &err), 0);
    assert_string_equal(query(*state, seen), "1/503/70/1/SALE/answered/45/6666/CAMP/312");
    entry.attempt = &second;
    assert_int_equal(ledger_put(ledger, &entry, &err), 0);
    assert_int_equal(ledger_commit(ledger, &err), 0);
    assert_string_equal(query(*state, seen), "2/200/30/1/SALE/answered/45/6666/CAMP/312");
    const struct call without_length = { .status = "DNC", .length = CALL_NO_NUMBER };
    entry.call = &without_length;
    assert_int_equal(ledger_put(ledger, &entry, &err), 0);
    assert_int_equal(ledger_commit(ledger, &err), 0);
    assert_string_equal(query(*state, seen), "3/200/30/1/DNC/answered/0/6666/CAMP/312");
}

/* The row of a call that was accepted at once stores nothing twice, and shared texts as numbers. */
static void test_ledger_keeps_an_accepted_call_short(void **state)
{
    const struct call call = { .status = "SALE", .length = 45, .agent = "6666", .campaign = "CAMP", .number = "312" };
    const struct ledger_attempt attempt = { .answer = 200, .took_ms = 30 };
    struct ledger_entry entry = { .uniqueid = "1.1",
                                  .end_epoch = 100,
                                  .record = { .state = CALL_ACCEPTED },
                                  .call = &call,
                                  .result = "answered",
                                  .attempt = &attempt };
    static const char seen[] = "SELECT group_concat(campaign IS NULL AND result IS NULL AND seen IS NULL AND updated = "
                               "0 AND " SCHEMA_CAMPAIGN " = 'CAMP' AND " SCHEMA_RESULT " = 'answered' AND " SCHEMA_SEEN
                               " = tried "
                               "AND " SCHEMA_UPDATED " = tried) FROM call";
    assert_int_equal(ledger_put(ledger, &entry, &err), 0);
    entry.uniqueid = "1.2";
    assert_int_equal(ledger_put(ledger, &entry, &err), 0);
    assert_int_equal(ledger_commit(ledger, &err), 0);
    assert_string_equal(query(*state, seen), "1,1");
    assert_string_equal(query(*state, "SELECT group_concat(text) FROM word"), "CAMP,answered");
    reopen(*state);
    entry.uniqueid = "1.3"; /* another process reads the words from the file */
    assert_int_equal(ledger_put(ledger, &entry, &err), 0);
    assert_int_equal(ledger_commit(ledger, &err), 0);
    assert_string_equal(query(*state, seen), "1,1,1");
}

/* Another run may have written the call after this run looked it up. */
static void test_ledger_put_changes_a_call_that_was_new_when_it_was_asked(void **state)
{
    struct call_record record;
    assert_int_equal(ledger_find(ledger, "1.1", &record, &err), 0);
    assert_true(record.is_new);
    struct ledger_entry entry = { .uniqueid = "1.1", .end_epoch = 100, .record = record, .due = 5, .reason = "first" };
    entry.record.state = CALL_PENDING;
    assert_int_equal(ledger_put(ledger, &entry, &err), 0);
    entry.reason = "second";
    assert_int_equal(ledger_put(ledger, &entry, &err), 0);
    assert_int_equal(ledger_commit(ledger, &err), 0);
    assert_string_equal(query(*state, "SELECT group_concat(reason) FROM call"), "second");
    assert_int_equal(ledger_find(ledger, "1.1", &record, &err), 0);
    assert_false(record.is_new);
}

/* Later attempts do not change the time of the first. A row of an older version keeps its texts until they change. */
static void test_ledger_changes_a_row_of_an_older_version(void **state)
{
    const struct call call = { .status = "SALE", .length = 45, .agent = "6666", .campaign = "NEW", .number = "312" };
    const struct ledger_attempt attempt = { .answer = 200, .took_ms = 30 };
    struct ledger_entry entry = { .uniqueid = "1.1", .end_epoch = 100, .record = { .state = CALL_PENDING },
                                  .attempt = &attempt };
    static const char seen[] = "SELECT " SCHEMA_SEEN " || '/' || ifnull(" SCHEMA_CAMPAIGN ", '-') || '/' || "
                               "ifnull(" SCHEMA_RESULT ", '-') FROM call";
    run_sql(*state, "INSERT INTO call (uniqueid, state, end_epoch, updated, seen, tries, tried, campaign, result) "
                    "VALUES ('1.1', 2, 100, 7, 5, 1, 6, 'OLD', 'busy')");
    assert_int_equal(ledger_put(ledger, &entry, &err), 0);
    assert_int_equal(ledger_commit(ledger, &err), 0);
    assert_string_equal(query(*state, seen), "5/OLD/busy");
    run_sql(*state, "UPDATE call SET seen = NULL, tried = 6"); /* as if the call had been tried at once */
    entry.call = &call;
    entry.result = "answered";
    assert_int_equal(ledger_put(ledger, &entry, &err), 0);
    assert_int_equal(ledger_commit(ledger, &err), 0);
    assert_string_equal(query(*state, seen), "6/NEW/answered");
    assert_string_equal(query(*state, "SELECT group_concat(ifnull(result, '-')) FROM attempt"), "busy,busy");
    assert_int_equal(ledger_put(ledger, &entry, &err), 0);
    assert_int_equal(ledger_commit(ledger, &err), 0);
    assert_string_equal(query(*state, "SELECT result FROM attempt ORDER BY id DESC"), "answered");
}

/* If every call has a different campaign, the rows keep the texts, because sharing would save nothing. */
static void test_ledger_limits_its_words(void **state)
{
    for (int i = 0; i < 1100; i++) {
        char id[16], campaign[16];
        (void)snprintf(id, sizeof id, "%05d", i);
        (void)snprintf(campaign, sizeof campaign, "c%d", i);
        const struct call call = { .campaign = campaign };
        const struct ledger_entry entry = { .uniqueid = id, .record = { .state = CALL_ACCEPTED }, .call = &call };
        assert_int_equal(ledger_put(ledger, &entry, &err), 0);
    }
    assert_int_equal(ledger_commit(ledger, &err), 0);
    assert_string_equal(query(*state, "SELECT count(*) FROM word"), "1000");
    assert_string_equal(query(*state, "SELECT count(*) FROM call WHERE " SCHEMA_CAMPAIGN " = 'c' || CAST(uniqueid AS "
                                                                                         "INT)"),
                        "1100");
}

static void test_ledger_counters_only_grow(void **state)
{
    assert_int_equal(ledger_add_to_counter(ledger, "answers", "200", 3, &err), 0);
    assert_int_equal(ledger_add_to_counter(ledger, "answers", "200", 1, &err), 0);
    assert_int_equal(ledger_add_to_counter(ledger, "answers", "500", 7, &err), 0);
    assert_int_equal(ledger_add_to_counter(ledger, "answers", "404", 0, &err), 0); /* adding 0 makes no row */
    assert_int_equal(ledger_commit(ledger, &err), 0);
    assert_string_equal(query(*state, "SELECT group_concat(label || '=' || value) FROM "
                                      "(SELECT * FROM counter WHERE name = 'answers' ORDER BY label)"), "200=4,500=7");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_ledger(test_ledger_has_no_record_of_an_unknown_call),
        in_ledger(test_ledger_finds_the_record_that_was_put),
        in_ledger(test_ledger_put_replaces_the_whole_record),
        in_ledger(test_ledger_copies_the_texts_it_is_given),
        in_ledger(test_ledger_forget_deletes_the_record),
        in_ledger(test_ledger_due_lists_pending_calls_in_time_and_waiting_ones_always),
        in_ledger(test_ledger_due_lists_a_due_time_from_a_wrong_clock),
        in_ledger(test_ledger_due_leaves_out_pending_calls_that_ended_before),
        in_ledger(test_ledger_due_goes_through_a_stretch_in_order),
        in_ledger(test_ledger_forgets_untried_calls),
        in_ledger(test_ledger_counts_open_calls),
        in_ledger(test_ledger_keeps_notes_by_name),
        in_ledger(test_ledger_is_for_one_type_of_source),
        in_ledger(test_ledger_keeps_checkpoint_and_floor_apart),
        in_ledger(test_ledger_keeps_only_committed_changes),
        in_ledger(test_ledger_run_start_is_durable_on_return),
        in_ledger(test_ledger_prunes_settled_calls_and_no_open_ones),
        in_ledger(test_ledger_prunes_accepted_calls_in_rounds),
        in_ledger(test_ledger_prunes_more_where_more_was_written),
        in_ledger(test_ledger_prunes_old_runs),
        in_ledger(test_ledger_counts_attempts_and_keeps_columns_without_a_new_value),
        in_ledger(test_ledger_keeps_an_accepted_call_short),
        in_ledger(test_ledger_put_changes_a_call_that_was_new_when_it_was_asked),
        in_ledger(test_ledger_changes_a_row_of_an_older_version),
        in_ledger(test_ledger_limits_its_words),
        in_ledger(test_ledger_counters_only_grow),
    };
    return cmocka_run_group_tests_name("ledger", tests, NULL, NULL);
}
