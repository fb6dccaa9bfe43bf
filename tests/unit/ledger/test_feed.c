/* Tests of feed: what a view of the ledger's calls gets, and what it notices. */
#include "../unit_ledger.h"
#include "../broken_ledger.h"


#include "ledger/feed.h"
#include "ledger/recordings.h"
#include "ledger/records.h"

#define TRIGGERS "SELECT count(*) FROM sqlite_master WHERE name LIKE '%touched_%'"

static void put(const char *uniqueid, enum call_state state, enum call_direction direction)
{
    const struct call call = { .campaign = "CAMP", .number = "5551234567", .agent = "6666", .status = "SALE",
                               .length = 45, .direction = direction };
    const struct ledger_attempt attempt = { .answer = 200, .took_ms = 80 };
    struct ledger_entry entry = { .uniqueid = uniqueid, .end_epoch = 100, .call = &call, .result = "answered",
                                  .attempt = &attempt, .reason = "why" };
    assert_int_equal(ledger_find(ledger, uniqueid, &entry.record, &err), 0);
    entry.record.state = state;
    assert_int_equal(ledger_put(ledger, &entry, &err), 0);
    assert_int_equal(ledger_commit(ledger, &err), 0);
}

/* What was handed out, "id state, id gone, ..." */
static char seen[4000];

static int see(void *context, const struct feed_row *row, struct err *error)
{
    (void)context;
    (void)error;
    size_t used = strlen(seen);
    if (row->exists)
        (void)snprintf(seen + used, sizeof seen - used, "%s %d, ", row->uniqueid, (int)row->state);
    else
        (void)snprintf(seen + used, sizeof seen - used, "%s gone, ", row->uniqueid);
    return 0;
}

static struct feed *open_feed(const char *directory)
{
    struct feed *feed = NULL;
    assert_int_equal(feed_open(directory, &feed, &err), 0);
    assert_non_null(feed);
    return feed;
}

static const char *changes(struct feed *feed, int64_t after, int64_t limit, int64_t *last)
{
    *seen = '\0';
    assert_int_equal(feed_begin(feed, &err), 0);
    assert_int_equal(feed_list_changed(feed, after, limit, see, NULL, last, &err), 0);
    feed_end(feed);
    return seen;
}

static void test_feed_hands_out_each_changed_call_until_it_is_consumed(void **state)
{
    struct feed *feed = open_feed(*state);
    int64_t from = 0, last = 0, consumed = 0;
    put("before", CALL_ACCEPTED, CALL_OUTBOUND);
    assert_int_equal(feed_start(feed, "token", &from, &err), 0);
    assert_string_equal(changes(feed, from, 100, &last), "");
    put("a", CALL_PENDING, CALL_OUTBOUND);
    put("b", CALL_ACCEPTED, CALL_OUTBOUND);
    put("a", CALL_ACCEPTED, CALL_OUTBOUND);
    assert_int_equal(ledger_forget(ledger, "b", &err), 0);
    assert_int_equal(ledger_commit(ledger, &err), 0);
    assert_string_equal(changes(feed, from, 100, &last), "a 1, b gone, a 1, b gone, ");
    int64_t part = 0;
    assert_string_equal(changes(feed, from, 2, &part), "a 1, b gone, ");
    assert_int_equal(feed_consume(feed, part, &err), 0);
    assert_int_equal(feed_read_consumed(feed, "token", &consumed, &err), 0);
    assert_int_equal(consumed, part);
    assert_string_equal(changes(feed, part, 100, &last), "a 1, b gone, ");
    assert_int_equal(feed_consume(feed, last, &err), 0);
    put("c", CALL_ACCEPTED, CALL_OUTBOUND);
    assert_string_equal(changes(feed, last, 100, &part), "c 1, ");
    assert_true(part > last); /* numbers never begin anew */
    feed_close(feed);
}

static void test_feed_lists_all_calls_in_portions_with_all_they_have(void **state)
{
    struct feed *feed = open_feed(*state);
    int64_t count = 0;
    put("a", CALL_ACCEPTED, CALL_INBOUND);
    put("b", CALL_REJECTED, CALL_OUTBOUND);
    put("c", CALL_WAITING, CALL_OUTBOUND);
    *seen = '\0';
    assert_int_equal(feed_list_all(feed, "", 2, see, NULL, &count, &err), 0);
    assert_int_equal(count, 2);
    assert_int_equal(feed_list_all(feed, "b", 2, see, NULL, &count, &err), 0);
    assert_int_equal(count, 1);
    assert_string_equal(seen, "a 1, b 4, c 3, ");
    assert_int_equal(feed_count(feed, &count, &err), 0);
    assert_int_equal(count, 3);
    feed_close(feed);
}

static struct feed_row kept;
static char kept_texts[8][40];

static int keep(void *context, const struct feed_row *row, struct err *error)
{
    (void)context;
    (void)error;
    const char *const texts[] = { row->uniqueid, row->status, row->result, row->campaign, row->agent, row->number,
                                  row->reason };
    kept = *row;
    for (size_t i = 0; i < UNIT_COUNT(texts); i++)
        (void)snprintf(kept_texts[i], sizeof kept_texts[i], "%s", texts[i] != NULL ? texts[i] : "(NULL)");
    return 0;
}

static void test_feed_rows_have_every_column(void **state)
{
    static const char *const texts[] = { "a", "SALE", "answered", "CAMP", "6666", "5551234567", "why" };
    struct feed *feed = open_feed(*state);
    int64_t count = 0;
    bool changed = false;
    put("a", CALL_REJECTED, CALL_INBOUND);
    assert_int_equal(recordings_expect(ledger, "a", "/r.wav", 5, &changed, &err), 0);
    assert_int_equal(ledger_commit(ledger, &err), 0);
    assert_int_equal(feed_list_all(feed, "", 9, keep, NULL, &count, &err), 0);
    for (size_t i = 0; i < UNIT_COUNT(texts); i++)
        unit_same_text(texts[i], kept_texts[i], texts[i]);
    assert_int_equal(kept.ended, 100);
    assert_int_equal(kept.direction, CALL_INBOUND);
    assert_int_equal(kept.length, 45);
    assert_int_equal(kept.answer, 200);
    assert_int_equal(kept.took_ms, 80);
    assert_int_equal(kept.tries, 1);
    assert_int_equal(kept.recording, RECORDINGS_PENDING);
    assert_true(kept.tried > 0 && kept.updated > 0 && kept.seen > 0);
    feed_close(feed);
}

/* A row of an older version has no direction. */
static void test_feed_knows_the_direction_of_old_rows_by_the_source(void **state)
{
    static const struct {
        const char *source;
        int64_t direction;
    } rows[] = { { "vicidial", CALL_OUTBOUND },
                 { "vicidial-inbound", CALL_INBOUND },
                 { "asterisk-cdr", RECORDS_UNKNOWN } };
    int64_t count = 0;
    put("a", CALL_ACCEPTED, CALL_INBOUND);
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        assert_int_equal(ledger_set_text_note(ledger, LEDGER_NOTE_SOURCE, rows[i].source, &err), 0);
        assert_int_equal(store_execute(ledger_store(ledger), "UPDATE call SET direction = NULL", &err), 0);
        assert_int_equal(ledger_commit(ledger, &err), 0);
        struct feed *feed = open_feed(*state);
        assert_int_equal(feed_begin(feed, &err), 0);
        assert_int_equal(feed_list_all(feed, "", 9, keep, NULL, &count, &err), 0);
        unit_same_int(rows[i].source, kept.direction, rows[i].direction);
        feed_close(feed);
    }
}

static void test_feed_notes_recordings(void **state)
{
    struct feed *feed = open_feed(*state);
    int64_t from = 0, last = 0;
    bool changed = false;
    put("a", CALL_ACCEPTED, CALL_OUTBOUND);
    assert_int_equal(feed_start(feed, "token", &from, &err), 0);
    assert_int_equal(recordings_expect(ledger, "a", "/r.wav", 5, &changed, &err), 0);
    struct recordings_row row = { .call = "a", .state = RECORDINGS_PENDING, .size = 7 };
    assert_int_equal(recordings_put(ledger, &row, &err), 0); /* not another state: nothing to show */
    row.state = RECORDINGS_STORED;
    assert_int_equal(recordings_put(ledger, &row, &err), 0);
    assert_int_equal(ledger_commit(ledger, &err), 0);
    assert_string_equal(changes(feed, from, 100, &last), "a 1, a 1, ");
    feed_close(feed);
}

static void check_not_ours(struct feed *feed, const char *token, const char *what)
{
    int64_t consumed = 0;
    assert_int_equal(feed_read_consumed(feed, token, &consumed, &err), 0);
    unit_same_int(what, consumed, FEED_NOT_OURS);
}

static void test_feed_says_when_it_is_not_for_this_view(void **state)
{
    struct feed *feed = open_feed(*state);
    int64_t from = 0;
    check_not_ours(feed, "", "never started");
    check_not_ours(feed, "token", "never started");
    assert_int_equal(feed_start(feed, "token", &from, &err), 0);
    check_not_ours(feed, "other", "another view's");
    assert_int_equal(feed_start(feed, "other", &from, &err), 0);
    check_not_ours(feed, "token", "another view took over");
    assert_int_equal(store_execute(ledger_store(ledger), "DROP TRIGGER call_touched_end", &err), 0);
    check_not_ours(feed, "other", "a trigger is missing");
    assert_int_equal(feed_start(feed, "other", &from, &err), 0);
    assert_int_equal(feed_stop(feed, &err), 0);
    check_not_ours(feed, "other", "stopped");
    int64_t triggers = 0;
    assert_int_equal(store_number(ledger_store(ledger), TRIGGERS, &triggers, &err), 0);
    assert_int_equal(triggers, 0);
    feed_close(feed);
}

static void test_feed_notices_a_ledger_that_was_rebuilt(void **state)
{
    struct feed *feed = open_feed(*state);
    struct ledger_repair repair;
    int64_t from = 0;
    put("a", CALL_ACCEPTED, CALL_INBOUND);
    assert_int_equal(feed_start(feed, "token", &from, &err), 0);
    assert_true(feed_is_current(feed));
    ledger_close(ledger);
    assert_int_equal(ledger_rebuild(*state, &ledger, &repair, &err), 0);
    assert_false(feed_is_current(feed));
    feed_close(feed);
    feed = open_feed(*state);
    check_not_ours(feed, "token", "rebuilt");
    int64_t count = 0;
    assert_int_equal(feed_list_all(feed, "", 9, keep, NULL, &count, &err), 0);
    assert_int_equal(count, 1);
    assert_int_equal(kept.direction, CALL_INBOUND); /* the rebuild kept it */
    feed_close(feed);
}

static void test_feed_tells_whether_the_ledger_changed(void **state)
{
    struct feed *feed = open_feed(*state);
    static const bool want[] = { true, false, true, false };
    bool changed = false;
    for (size_t i = 0; i < UNIT_COUNT(want); i++) {
        if (i == 2)
            put("a", CALL_ACCEPTED, CALL_OUTBOUND);
        assert_int_equal(feed_has_changed(feed, &changed, &err), 0);
        unit_same_int(want[i] ? "changed" : "did not", changed, want[i]);
    }
    feed_close(feed);
}

static void test_feed_of_no_ledger_or_an_older_one_is_none(void **state)
{
    struct feed *feed = NULL;
    assert_int_equal(feed_open(unit_path(*state, "missing"), &feed, &err), 0);
    assert_null(feed);
    assert_int_equal(store_execute(ledger_store(ledger), "PRAGMA user_version = 12", &err), 0);
    assert_int_equal(feed_open(*state, &feed, &err), 0);
    assert_null(feed);
    assert_int_equal(store_execute(ledger_store(ledger), "PRAGMA user_version = 99", &err), 0);
    assert_int_equal(feed_open(*state, &feed, &err), -1);
    assert_int_equal(err.code, EX_CONFIG);
    assert_null(feed);
}

/* Nobody consumes, so the ledger must not grow for ever. */
static void test_feed_forgets_changes_that_nobody_wants(void **state)
{
    const struct ledger_age age = { .before = 0, .limit = 100 };
    struct feed *feed = open_feed(*state);
    int64_t from = 0, consumed = 0, changes_left = 0;
    assert_int_equal(feed_start(feed, "token", &from, &err), 0);
    put("a", CALL_ACCEPTED, CALL_OUTBOUND);
    assert_int_equal(ledger_prune(ledger, &age, &err), 0);
    assert_int_equal(ledger_commit(ledger, &err), 0);
    assert_int_equal(feed_read_consumed(feed, "token", &consumed, &err), 0);
    assert_int_equal(consumed, from);
    assert_int_equal(store_execute(ledger_store(ledger), "INSERT INTO touched VALUES (1000010, 'b')", &err), 0);
    assert_int_equal(ledger_prune(ledger, &age, &err), 0);
    assert_int_equal(ledger_commit(ledger, &err), 0);
    assert_int_equal(store_number(ledger_store(ledger), "SELECT count(*) FROM touched", &changes_left, &err), 0);
    assert_int_equal(changes_left, 0);
    put("c", CALL_ACCEPTED, CALL_OUTBOUND);
    assert_int_equal(feed_read_consumed(feed, "token", &consumed, &err), 0);
    assert_true(consumed < from); /* fits no view */
    feed_close(feed);
}

static int act(void *context, struct err *error)
{
    struct feed *feed = context;
    int64_t from = 0, last = 0, count = 0;
    bool changed = false;
    int result = feed_start(feed, "token", &from, error);
    if (result == 0)
        result = feed_has_changed(feed, &changed, error);
    if (result == 0)
        result = feed_begin(feed, error);
    if (result == 0)
        result = feed_read_consumed(feed, "token", &from, error);
    if (result == 0)
        result = feed_list_all(feed, "", 10, see, NULL, &count, error);
    if (result == 0)
        result = feed_list_changed(feed, from, 10, see, NULL, &last, error);
    feed_end(feed);
    if (result == 0)
        result = feed_consume(feed, from, error);
    return result == 0 ? feed_stop(feed, error) : -1;
}

static void test_feed_reports_each_failure(void **state)
{
    struct feed *feed = open_feed(*state);
    put("a", CALL_ACCEPTED, CALL_OUTBOUND);
    assert_true(broken_ledger_sweep("feed", act, NULL, feed) > 10);
    put("b", CALL_ACCEPTED, CALL_OUTBOUND); /* nothing is left locked */
    feed_close(feed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_ledger(test_feed_hands_out_each_changed_call_until_it_is_consumed),
        in_ledger(test_feed_lists_all_calls_in_portions_with_all_they_have),
        in_ledger(test_feed_rows_have_every_column),
        in_ledger(test_feed_knows_the_direction_of_old_rows_by_the_source),
        in_ledger(test_feed_notes_recordings),
        in_ledger(test_feed_says_when_it_is_not_for_this_view),
        in_ledger(test_feed_notices_a_ledger_that_was_rebuilt),
        in_ledger(test_feed_tells_whether_the_ledger_changed),
        in_ledger(test_feed_of_no_ledger_or_an_older_one_is_none),
        in_ledger(test_feed_forgets_changes_that_nobody_wants),
        in_ledger(test_feed_reports_each_failure),
    };
    return cmocka_run_group_tests_name("feed", tests, NULL, NULL);
}
