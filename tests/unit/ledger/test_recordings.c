/* Tests of recordings: the ledger's table of recordings. */
#include "../unit_ledger.h"

#include "base/clock.h"
#include "ledger/recordings.h"

struct seen {
    int count;
    char calls[8][40];
    enum recordings_state state;
    int64_t attempts, size;
    bool has_session;
};

static void see(void *context, const struct recordings_row *row)
{
    struct seen *seen = context;
    (void)snprintf(seen->calls[seen->count++ % 8], 40, "%s", row->call);
    seen->state = row->state;
    seen->attempts = row->attempts;
    seen->size = row->size;
    seen->has_session = row->session != NULL;
}

static bool expect(const char *call, const char *path)
{
    bool changed = false;
    assert_int_equal(recordings_expect(ledger, call, path, 1700000000, &changed, &err), 0);
    return changed;
}

static struct seen due(int64_t now)
{
    struct seen seen = { .count = 0 };
    const struct ledger_time time = { .now = now, .latest = now + 4000 };
    assert_int_equal(recordings_list_due(ledger, &time, 8, see, &seen, &err), 0);
    return seen;
}

static void put(const char *call, enum recordings_state state, int64_t due_at)
{
    const struct recordings_row row = { .call = call, .state = state, .due = due_at, .attempts = 3, .size = 7,
                                        .session = "https://secret" };
    assert_int_equal(recordings_put(ledger, &row, &err), 0);
}

static struct seen of_call(const char *call)
{
    struct seen seen = { .count = 0 };
    assert_int_equal(recordings_list(ledger, RECORDINGS_PENDING, call, see, &seen, &err), 0);
    return seen;
}

static void add_call(const char *id)
{
    const struct ledger_entry entry = { .uniqueid = id, .record = { .state = CALL_ACCEPTED, .sent_before = true },
                                        .end_epoch = 1 };
    assert_int_equal(ledger_put(ledger, &entry, &err), 0);
}

static void test_recordings_are_due_until_they_are_stored(void **state)
{
    (void)state;
    assert_true(expect("a", "/a"));
    assert_true(expect("b", "/b"));
    assert_false(expect("a", "/a"));
    assert_int_equal(due(1000).count, 2);
    put("a", RECORDINGS_PENDING, 1001);
    assert_int_equal(due(1000).count, 1);
    assert_int_equal(due(1001).count, 2);
    put("a", RECORDINGS_PENDING, 9000); /* by a clock that was set back */
    assert_int_equal(due(1001).count, 2);
    put("a", RECORDINGS_STORED, 0);
    put("b", RECORDINGS_REJECTED, 0);
    assert_int_equal(due(1001).count, 0);
}

static void test_recordings_with_another_path_begin_anew_unless_they_are_stored(void **state)
{
    (void)state;
    assert_true(expect("a", "/a"));
    put("a", RECORDINGS_REJECTED, 0);
    assert_true(expect("a", "/other"));
    struct seen seen = of_call("a");
    assert_int_equal(seen.state, RECORDINGS_PENDING);
    assert_int_equal(seen.attempts, 0);
    assert_int_equal(seen.size, RECORDINGS_NO_SIZE);
    assert_false(seen.has_session);
    put("a", RECORDINGS_STORED, 0);
    assert_false(expect("a", "/third"));
    assert_int_equal(of_call("a").state, RECORDINGS_STORED);
}

static void test_recordings_are_noted_once(void **state)
{
    (void)state;
    struct seen seen = { .count = 0 };
    add_call("a");
    assert_true(expect("a", "/a"));
    assert_int_equal(recordings_list_unnoted(ledger, 8, see, &seen, &err), 0);
    assert_int_equal(seen.count, 0);
    put("a", RECORDINGS_STORED, 0);
    assert_int_equal(recordings_list_unnoted(ledger, 8, see, &seen, &err), 0);
    assert_int_equal(seen.count, 1);
    assert_int_equal(recordings_noted(ledger, "a", &err), 0);
    assert_int_equal(recordings_list_unnoted(ledger, 8, see, &seen, &err), 0);
    assert_int_equal(seen.count, 1);
    assert_int_equal(of_call("a").count, 1);
}

/* A row outlives its call until it is stored and noted. */
static void test_recordings_go_with_their_calls(void **state)
{
    (void)state;
    static const char *const calls[] = { "pending", "unnoted", "noted" };
    for (size_t i = 0; i < UNIT_COUNT(calls); i++) {
        add_call(calls[i]);
        assert_true(expect(calls[i], "/a"));
    }
    put("unnoted", RECORDINGS_STORED, 0);
    put("noted", RECORDINGS_STORED, 0);
    assert_int_equal(recordings_noted(ledger, "noted", &err), 0);
    for (size_t i = 0; i < UNIT_COUNT(calls); i++)
        assert_int_equal(ledger_forget(ledger, calls[i], &err), 0);
    assert_int_equal(of_call("pending").count, 1);
    assert_int_equal(of_call("unnoted").count, 1);
    assert_int_equal(of_call("noted").count, 0);
    assert_int_equal(recordings_noted(ledger, "unnoted", &err), 0);
    assert_int_equal(of_call("unnoted").count, 0);
}

static void test_recordings_that_were_rejected_can_be_retried_and_are_pruned(void **state)
{
    (void)state;
    int64_t count = 0;
    struct recordings_counts counts;
    assert_true(expect("a", "/a"));
    assert_true(expect("b", "/b"));
    assert_true(expect("c", "/c"));
    put("a", RECORDINGS_REJECTED, 0);
    put("b", RECORDINGS_REJECTED, 0);
    assert_int_equal(recordings_retry(ledger, "a", &count, &err), 0);
    assert_int_equal(count, 1);
    assert_int_equal(of_call("a").attempts, 0);
    assert_int_equal(recordings_count(ledger, &counts, &err), 0);
    assert_int_equal(counts.pending, 2);
    assert_int_equal(counts.rejected, 1);
    assert_int_equal(recordings_prune(ledger, clock_now_epoch() - 60, 10, &err), 0);
    assert_int_equal(of_call("b").count, 1);
    assert_int_equal(recordings_prune(ledger, clock_now_epoch() + 60, 10, &err), 0);
    assert_int_equal(of_call("b").count, 0);
    assert_int_equal(of_call("a").count, 1);
}

static void test_recordings_that_are_charged_are_rejected_with_the_last_attempt(void **state)
{
    (void)state;
    assert_true(expect("a", "/a"));
    put("a", RECORDINGS_PENDING, 0); /* with 3 attempts */
    assert_int_equal(recordings_charge(ledger, "a", 5, &err), 0);
    assert_int_equal(of_call("a").state, RECORDINGS_PENDING);
    assert_int_equal(recordings_charge(ledger, "a", 5, &err), 0);
    assert_int_equal(of_call("a").state, RECORDINGS_REJECTED);
    assert_int_equal(recordings_charge(ledger, "a", 9, &err), 0);
    assert_int_equal(of_call("a").attempts, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_ledger(test_recordings_are_due_until_they_are_stored),
        in_ledger(test_recordings_with_another_path_begin_anew_unless_they_are_stored),
        in_ledger(test_recordings_are_noted_once),
        in_ledger(test_recordings_go_with_their_calls),
        in_ledger(test_recordings_that_are_charged_are_rejected_with_the_last_attempt),
        in_ledger(test_recordings_that_were_rejected_can_be_retried_and_are_pruned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
