/* Tests of ledger: rejected calls, and the overview for people. */
#include "../unit_ledger.h"

#include "base/clock.h"
#include "ledger/records.h"

static void put(const char *uniqueid, enum call_state state, int64_t end_epoch, int64_t due, const char *reason)
{
    struct ledger_entry entry = { .uniqueid = uniqueid,
                                  .record = { .state = state, .attempts = 3 },
                                  .end_epoch = end_epoch,
                                  .due = due,
                                  .reason = reason,
                                  .payload = "{\"a\":1}" };
    assert_int_equal(ledger_put(ledger, &entry, &err), 0);
}

/* Three rejected calls, and one call of each other state, which no selection may change. */
static void fill(void)
{
    put("3.3", CALL_REJECTED, 300, 0, "HTTP 400: no campaign");
    put("1.1", CALL_REJECTED, 100, 0, "HTTP 422: Bad Phone 100%");
    put("2.2", CALL_REJECTED, 200, 0, NULL);
    put("4.4", CALL_PENDING, 50, 60, "HTTP 422: bad phone");
    put("5.5", CALL_WAITING, 50, 60, "HTTP 422: bad phone");
    put("6.6", CALL_ACCEPTED, 50, 60, NULL);
    put("7.7", CALL_DISCARDED, 50, 60, "HTTP 422: bad phone");
}

static const struct {
    const char *name;
    struct records_selection selection;
    const char *want; /* uniqueids, in order */
} selections[] = {
    { "all", { NULL, NULL, 0 }, "1.1 2.2 3.3 " },
    { "by uniqueid", { "2.2", NULL, 0 }, "2.2 " },
    { "by a uniqueid that is pending", { "4.4", NULL, 0 }, "" },
    { "by a uniqueid nobody knows", { "9.9", NULL, 0 }, "" },
    { "by the beginning of a uniqueid", { "2.", NULL, 0 }, "" },
    { "by reason", { NULL, "400", 0 }, "3.3 " },
    { "by reason, without case", { NULL, "bad PHONE", 0 }, "1.1 " },
    { "by a part of all reasons", { NULL, "HTTP", 0 }, "1.1 3.3 " }, /* a call without a reason does not match */
    { "by a reason with a wild card", { NULL, "%", 0 }, "1.1 " },
    { "by a reason that is none", { NULL, "xyz", 0 }, "" },
    { "ended before", { NULL, NULL, 200 }, "1.1 " },
    { "ended before, one later", { NULL, NULL, 201 }, "1.1 2.2 " },
    { "ended before all", { NULL, NULL, 100 }, "" },
    { "two conditions", { NULL, "HTTP", 300 }, "1.1 " },
    { "three conditions", { "3.3", "HTTP", 301 }, "3.3 " },
    { "three conditions, one fails", { "3.3", "HTTP", 300 }, "" },
};

static void note_entry(void *context, const struct ledger_entry *entry)
{
    char *seen = context;
    assert_int_equal(entry->record.state, CALL_REJECTED);
    assert_int_equal(entry->record.attempts, 3);
    assert_string_equal(entry->payload, "{\"a\":1}");
    assert_int_equal(entry->end_epoch, 100 * strtol(entry->uniqueid, NULL, 10));
    unit_same_text(entry->uniqueid, entry->reason, entry->end_epoch == 100   ? "HTTP 422: Bad Phone 100%"
                                                   : entry->end_epoch == 200 ? NULL
                                                                             : "HTTP 400: no campaign");
    (void)strcat(strcat(seen, entry->uniqueid), " ");
}

static void test_ledger_lists_the_selected_calls_that_are_rejected_oldest_first(void **state)
{
    (void)state;
    fill();
    for (size_t i = 0; i < UNIT_COUNT(selections); i++) {
        char seen[100] = "";
        unit_same_int(selections[i].name,
                      records_list_rejected(ledger, &selections[i].selection, note_entry, seen, &err), 0);
        unit_same_text(selections[i].name, seen, selections[i].want);
    }
}

static void test_records_changes_the_state_of_the_selected_calls_only(void **state)
{
    (void)state;
    static const char *const ids[] = { "1.1", "2.2", "3.3", "4.4", "5.5", "6.6", "7.7" };
    static const enum call_state before[] = { CALL_REJECTED, CALL_REJECTED, CALL_REJECTED, CALL_PENDING, CALL_WAITING,
                                              CALL_ACCEPTED, CALL_DISCARDED };
    static const enum call_state targets[] = { CALL_PENDING, CALL_DISCARDED };
    for (size_t i = 0; i < UNIT_COUNT(selections); i++)
        for (size_t k = 0; k < UNIT_COUNT(targets); k++) {
            int64_t count = -1;
            fill();
            unit_same_int(
                selections[i].name,
                records_change_state(ledger, &selections[i].selection, CALL_REJECTED, targets[k], &count, &err), 0);
            unit_same_int(selections[i].name, count, strlen(selections[i].want) / 4);
            for (size_t m = 0; m < UNIT_COUNT(ids); m++) {
                struct call_record record;
                bool chosen = strstr(selections[i].want, ids[m]) != NULL;
                assert_int_equal(ledger_find(ledger, ids[m], &record, &err), 0);
                unit_same_int(selections[i].name, record.state, chosen ? targets[k] : before[m]);
                unit_same_int(selections[i].name, record.attempts, chosen && targets[k] == CALL_PENDING ? 0 : 3);
            }
        }
}

static void test_records_restores_discarded_calls(void **state)
{
    (void)state;
    int64_t count = -1;
    struct call_record record;
    fill();
    put("8.8", CALL_DISCARDED, 90, 60, "HTTP 400: no campaign");
    const struct records_selection by_reason = { .reason = "phone" }, everything = { .before = 0 };
    assert_int_equal(records_change_state(ledger, &by_reason, CALL_DISCARDED, CALL_REJECTED, &count, &err), 0);
    assert_int_equal(count, 1);
    assert_int_equal(ledger_find(ledger, "7.7", &record, &err), 0);
    assert_int_equal(record.state, CALL_REJECTED);
    assert_int_equal(record.attempts, 3);
    assert_int_equal(records_change_state(ledger, &everything, CALL_DISCARDED, CALL_REJECTED, &count, &err), 0);
    assert_int_equal(count, 1);
    struct ledger_counts counts;
    assert_int_equal(ledger_count(ledger, &counts, &err), 0);
    assert_int_equal(counts.rejected, 5);
    assert_int_equal(counts.pending, 1);
}

static void note_due(void *context, const char *uniqueid, int64_t end_epoch)
{
    (void)end_epoch;
    (void)strcat(strcat(context, uniqueid), " ");
}

static void test_ledger_makes_a_retried_call_due_at_once(void **state)
{
    (void)state;
    char seen[100] = "";
    int64_t count = 0;
    const struct ledger_stretch all = { .after = position_at(INT64_MIN, ""), .ended_from = INT64_MIN,
                                        .ended_before = INT64_MAX, .limit = 10 };
    put("1.1", CALL_REJECTED, 100, INT64_MAX, "why");
    assert_int_equal(ledger_due(ledger, &(struct ledger_time){ 0, INT64_MAX }, &all, note_due, seen, &err), 0);
    assert_string_equal(seen, "");
    assert_int_equal(records_change_state(ledger, &(struct records_selection){ .before = 0 }, CALL_REJECTED,
                                          CALL_PENDING, &count, &err),
                     0);
    assert_int_equal(ledger_due(ledger, &(struct ledger_time){ 0, INT64_MAX }, &all, note_due, seen, &err), 0);
    assert_string_equal(seen, "1.1 ");
}

static void finish_run(int exit_code, int64_t accepted, const char *message)
{
    int64_t run = 0;
    struct ledger_run figures = { .accepted = accepted, .exit_code = exit_code, .message = message };
    assert_int_equal(ledger_run_start(ledger, "poll", &run, &err), 0);
    assert_int_equal(ledger_run_finish(ledger, run, &figures, &err), 0);
}

static void test_ledger_overview_of_a_new_ledger_is_all_zero(void **state)
{
    (void)state;
    struct records_overview got, zero;
    memset(&got, 0xFF, sizeof got);
    memset(&zero, 0, sizeof zero);
    assert_int_equal(records_overview(ledger, &got, &err), 0);
    assert_int_equal(got.last_run_unsent, RECORDS_UNKNOWN); /* nobody has counted, so this is not 0 */
    got.last_run_unsent = 0;
    assert_memory_equal(&got, &zero, sizeof got);
}

static void test_ledger_overview_shows_the_pending_calls(void **state)
{
    (void)state;
    struct records_overview got;
    int64_t accepted = 0;
    put("1.1", CALL_ACCEPTED, 10, 0, NULL);
    put("1.2", CALL_ACCEPTED, 11, 0, NULL);
    put("1.3", CALL_REJECTED, 20, 1, "why");
    put("1.4", CALL_DISCARDED, 21, 1, "why");
    put("1.5", CALL_WAITING, 30, 40, NULL);
    put("1.6", CALL_PENDING, 35, 60, NULL);
    put("1.7", CALL_PENDING, 36, 50, NULL);
    assert_int_equal(records_overview(ledger, &got, &err), 0);
    assert_int_equal(got.counts.pending, 2);
    assert_int_equal(got.counts.waiting, 1);
    assert_int_equal(got.counts.rejected, 1);
    assert_int_equal(records_count_accepted(ledger, &accepted, &err), 0);
    assert_int_equal(accepted, 2);
    assert_int_equal(got.oldest_open, 30);
    assert_int_equal(got.oldest_waiting, 30);
    assert_int_equal(got.oldest_pending, 35);
    assert_int_equal(got.next_due, 50);
    assert_int_equal(ledger_forget(ledger, "1.5", &err), 0);
    assert_int_equal(ledger_forget(ledger, "1.6", &err), 0);
    assert_int_equal(ledger_forget(ledger, "1.7", &err), 0);
    assert_int_equal(records_overview(ledger, &got, &err), 0);
    assert_int_equal(got.oldest_open, 0);
}

static void test_ledger_overview_shows_the_last_run_and_the_last_good_one(void **state)
{
    (void)state;
    static const struct {
        int exit_code;
        bool good;
    } rows[] = { { 69, false }, { 78, false }, { 74, false }, { 75, false },
                 { 0, true },   { 75, true },  { 69, true } /* the one before */ };
    int64_t now = clock_now_epoch(), unfinished = 0;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        char row[32];
        struct records_overview got;
        finish_run(rows[i].exit_code, (int64_t)i, i % 2 == 0 ? "why" : NULL);
        assert_int_equal(ledger_run_start(ledger, "poll", &unfinished, &err), 0); /* a run that has not ended */
        assert_int_equal(records_overview(ledger, &got, &err), 0);
        (void)snprintf(row, sizeof row, "run %zu", i);
        unit_same_int(row, got.last_run_exit_code, rows[i].exit_code);
        unit_same_int(row, got.last_run_accepted, i);
        unit_same_text(row, got.last_run_message, i % 2 == 0 ? "why" : "");
        unit_true(row, got.last_run >= now && got.last_run <= now + 60);
        unit_same_int(row, got.last_success >= now, rows[i].good);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_ledger(test_ledger_lists_the_selected_calls_that_are_rejected_oldest_first),
        in_ledger(test_records_changes_the_state_of_the_selected_calls_only),
        in_ledger(test_records_restores_discarded_calls),
        in_ledger(test_ledger_makes_a_retried_call_due_at_once),
        in_ledger(test_ledger_overview_of_a_new_ledger_is_all_zero),
        in_ledger(test_ledger_overview_shows_the_pending_calls),
        in_ledger(test_ledger_overview_shows_the_last_run_and_the_last_good_one),
    };
    return cmocka_run_group_tests_name("ledger_rejected", tests, NULL, NULL);
}
