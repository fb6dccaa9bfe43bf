/* Tests of whole runs: which calls are sent, in which run and under which key, and where the checkpoint is. */
#include "../scene.h"

#include "ledger/records.h"

static struct outcome takes_all_but_bad(struct scene *scene, const struct scene_sent *sent, size_t nth)
{
    (void)scene;
    (void)nth;
    return scene_outcome(strncmp(sent->id, "bad", 3) == 0 ? OUTCOME_RETRY : OUTCOME_ACCEPTED);
}

static struct outcome takes_nothing(struct scene *scene, const struct scene_sent *sent, size_t nth)
{
    (void)scene;
    (void)sent;
    (void)nth;
    return scene_outcome(OUTCOME_RETRY);
}

static struct outcome refuses_all(struct scene *scene, const struct scene_sent *sent, size_t nth)
{
    (void)scene;
    (void)sent;
    (void)nth;
    return scene_outcome(OUTCOME_MISCONFIGURED);
}

static struct outcome rejects(struct scene *scene, const struct scene_sent *sent, size_t nth)
{
    (void)scene;
    (void)sent;
    (void)nth;
    return scene_outcome(OUTCOME_REJECTED);
}

static struct outcome limits_the_second(struct scene *scene, const struct scene_sent *sent, size_t nth)
{
    (void)nth;
    struct outcome outcome = scene_outcome(strcmp(sent->id, "b") == 0 ? OUTCOME_RATE_LIMITED : OUTCOME_ACCEPTED);
    outcome.wait_sec = strcmp(sent->id, "b") == 0 ? scene->every : 0;
    return outcome;
}

/* Checks the checkpoint in the file and in the ledger. */
static void check_at(struct scene *scene, const char *row, int64_t end_epoch, const char *id)
{
    struct position file = scene_file(scene), copy = scene_place(scene, LEDGER_CHECKPOINT);
    unit_same_int(row, file.end_epoch, end_epoch);
    unit_same_text(row, file.uniqueid, id);
    unit_same_int(row, position_compare(&file, &copy), 0);
}

/* Makes one run, and checks the sent calls. */
static void check_run(struct scene *scene, const char *row, const char *ids)
{
    size_t before = scene->sent_count;
    scene_run(scene);
    unit_same_text(row, scene_ids(scene, before), ids);
}

static void test_a_run_sends_the_ended_calls_and_the_next_run_nothing(void **state)
{
    struct scene *scene = *state;
    (void)scene_add(scene, "old", SCENE_NOW - 601); /* before the start of the first run */
    (void)scene_add(scene, "a", SCENE_NOW - 600);
    (void)scene_add(scene, "b", SCENE_NOW - 5);
    (void)scene_add(scene, "new", SCENE_NOW - 4); /* settle is 5 */
    check_run(scene, "first", "a b");
    check_at(scene, "first", SCENE_NOW - 5, "b");
    assert_int_equal(scene->summary.found, 2);
    assert_int_equal(scene->summary.accepted, 2);
    assert_int_equal(scene->summary.failed, 0);
    assert_true(scene->summary.looked);
    assert_int_equal(scene->summary.stop, STOP_NONE);
    assert_int_equal(scene_record(scene, "a").state, CALL_ACCEPTED);
    assert_int_equal(scene_record(scene, "old").state, CALL_UNKNOWN);
    check_run(scene, "at once again", "");
    scene_pass(scene, 1);
    check_run(scene, "a second later", "new");
}

/* More calls ended in the same second than a batch has, and one of them is written later. */
static void test_calls_of_one_second_in_several_batches_are_all_sent(void **state)
{
    struct scene *scene = *state;
    int64_t end = SCENE_NOW - 30;
    for (int64_t size = 1; size <= 4; size++) {
        scene->settings.batch_size = size;
        scene->calls.count = 0;
        char prefix[] = { (char)('0' + size), '.', '\0' };
        scene_add_many(scene, prefix, 8, end, 0);
        size_t before = scene->sent_count;
        scene_run(scene);
        unit_same_int(prefix, scene->sent_count - before, 8);
        unit_same_text(prefix, scene_file(scene).uniqueid, scene->calls.calls[7].id);
        check_run(scene, prefix, "");
    }
    (void)scene_add(scene, "0", end); /* sorts before all of them */
    check_run(scene, "late", "0");
    check_at(scene, "late", end, "4.7");
}

/* The time ends in the middle of a second's calls. The next run sends the rest of them. */
static void test_a_run_that_stopped_within_a_second_is_continued_there(void **state)
{
    struct scene *scene = *state;
    scene->every = 60;
    scene->answer = limits_the_second;
    (void)scene_add(scene, "a", SCENE_NOW - 30);
    (void)scene_add(scene, "b", SCENE_NOW - 30);
    (void)scene_add(scene, "c", SCENE_NOW - 30);
    check_run(scene, "stopped", "a b");
    assert_true(scene_file(scene).end_epoch <= SCENE_NOW - 30);
    assert_string_equal(scene_file(scene).uniqueid, "");
    scene->answer = NULL;
    scene_pass(scene, 61);
    check_run(scene, "goes on", "b c");
    check_at(scene, "goes on", SCENE_NOW - 30, "c");
}

static void test_late_rows_with_old_ends_are_sent(void **state)
{
    struct scene *scene = *state;
    (void)scene_add(scene, "a", SCENE_NOW - 10);
    check_run(scene, "first", "a");
    (void)scene_add(scene, "overlap", SCENE_NOW - 130);
    (void)scene_add(scene, "older", SCENE_NOW - 131);
    (void)scene_add(scene, "outofscope", SCENE_NOW - 601);
    check_run(scene, "the poll looks back 120 s", "overlap");
    scene_pass(scene, 600);
    check_run(scene, "no sweep", "");
    scene->settings.sweep_interval = 1; /* each run reads the whole window */
    check_run(scene, "the sweep", "older");
    check_at(scene, "the sweep", SCENE_NOW - 10, "a");
    assert_int_equal(scene_note(scene, LEDGER_NOTE_LAST_SWEEP), scene->calls.now);
    check_run(scene, "the next sweep", "");
}

/* The poll finds calls by their begin. The sweep finds a call that lasted longer than poll_window. */
static void test_the_sweep_finds_long_calls(void **state)
{
    struct scene *scene = *state;
    scene->settings.sweep_interval = 1;
    scene->settings.poll_window = 300;
    check_run(scene, "first", "");
    scene_pass(scene, 600);
    scene_add(scene, "long", scene->calls.now - 700)->age = 700 + 1000;
    scene_add(scene, "short", scene->calls.now - 690)->age = 690 + 300;
    check_run(scene, "both", "short long");
    scene_check_log(scene, "long", "Sweep found 1 call");
}

/* A, B, A again: each change is sent under a new key. */
static void test_changes_are_sent_under_other_keys(void **state)
{
    struct scene *scene = *state;
    (void)scene_add(scene, "a", SCENE_NOW - 30);
    (void)scene_add(scene, "z", SCENE_NOW - 20);
    static const char *const statuses[] = { "SALE", "NA", "SALE", "SALE", "NA" };
    static const char *const ids[] = { "a z", "a", "a", "", "a" };
    for (size_t i = 0; i < UNIT_COUNT(statuses); i++) {
        scene_call(scene, "a")->status = statuses[i];
        check_run(scene, statuses[i], ids[i]);
    }
    for (size_t i = 0; i < scene->sent_count; i++)
        for (size_t k = 0; k < i; k++)
            unit_true(scene->sent[i].key, strcmp(scene->sent[i].key, scene->sent[k].key) != 0);
    scene->settings.resend_changed = false;
    scene_call(scene, "a")->status = "SALE";
    check_run(scene, "not wanted", "");
    check_at(scene, "changes", SCENE_NOW - 20, "z");
}

/* The data of a call, besides its status, that count as a change. */
static void test_each_change_in_the_fingerprint_is_sent(void **state)
{
    struct scene *scene = *state;
    (void)scene_add(scene, "a", SCENE_NOW - 30);
    check_run(scene, "first", "a");
    scene_call(scene, "a")->extras[0] = "a note";
    check_run(scene, "no news", "");
    scene_call(scene, "a")->extras[1] = "a cause";
    check_run(scene, "an extra that is news", "a");
    scene_call(scene, "a")->length = 46;
    check_run(scene, "length", "a");
    scene_call(scene, "a")->agent = "7777";
    check_run(scene, "agent", "a");
    check_run(scene, "nothing", "");
}

static void test_a_waiting_call_goes_out_when_it_is_final_or_its_time_is_over(void **state)
{
    struct scene *scene = *state;
    static const char *const ids[] = { "w", "final", "gone", "archived" };
    for (size_t i = 0; i < UNIT_COUNT(ids); i++) {
        struct call *call = scene_add(scene, ids[i], SCENE_NOW - 60 + (int64_t)i);
        call->finality = CALL_NOT_FINAL;
        call->wait_until = SCENE_NOW + 100;
    }
    scene_add(scene, "talking", SCENE_NOW - 20)->finality = CALL_NOT_ENDED;
    check_run(scene, "wait", "");
    assert_int_equal(scene->summary.waiting, 4);
    check_at(scene, "the checkpoint passes what waits", SCENE_NOW - 20, "talking");
    assert_int_equal(scene_record(scene, "w").state, CALL_WAITING);
    scene_call(scene, "final")->finality = CALL_FINAL;
    scene_drop(scene, "gone");
    scene_archive(scene, "archived");
    scene_pass(scene, 99);
    check_run(scene, "one is final", "final");
    assert_int_equal(scene->summary.forgotten, 1);
    assert_int_equal(scene->summary.waiting, 0);
    assert_int_equal(scene_record(scene, "gone").state, CALL_UNKNOWN);
    assert_int_equal(scene_record(scene, "archived").state, CALL_WAITING);
    scene_pass(scene, 1);
    check_run(scene, "as they stand", "w archived");
}

static void test_rejected_and_discarded_calls_are_not_sent_again(void **state)
{
    struct scene *scene = *state;
    struct err err;
    int64_t count = 0;
    scene->answer = rejects;
    (void)scene_add(scene, "a", SCENE_NOW - 30);
    (void)scene_add(scene, "b", SCENE_NOW - 20);
    check_run(scene, "rejected", "a b");
    assert_int_equal(scene->summary.rejected, 2);
    check_at(scene, "rejected", SCENE_NOW - 20, "b");
    scene->answer = NULL;
    scene_call(scene, "a")->status = "NA";
    check_run(scene, "also where it has changed", "");
    struct records_selection one = { .uniqueid = "a" };
    assert_int_equal(records_change_state(scene_ledger(scene), &one, CALL_REJECTED, CALL_DISCARDED, &count, &err), 0);
    assert_int_equal(ledger_commit(scene_ledger(scene), &err), 0);
    check_run(scene, "discarded", "");
    assert_int_equal(scene_record(scene, "a").state, CALL_DISCARDED);
}

static void test_one_bad_call_does_not_stop_the_good_calls(void **state)
{
    struct scene *scene = *state;
    scene->answer = takes_all_but_bad;
    (void)scene_add(scene, "a", SCENE_NOW - 40);
    (void)scene_add(scene, "bad", SCENE_NOW - 30);
    (void)scene_add(scene, "c", SCENE_NOW - 20);
    check_run(scene, "first", "a bad c");
    check_at(scene, "the checkpoint passes it", SCENE_NOW - 20, "c");
    assert_int_equal(scene->summary.stop, STOP_NONE);
    assert_int_equal(scene_record(scene, "bad").attempts, 1);
    check_run(scene, "not due", "");
    for (int64_t attempt = 2; attempt <= 3; attempt++) {
        scene_pass(scene, 240);
        (void)scene_add(scene, attempt == 2 ? "d" : "e", scene->calls.now - 10);
        check_run(scene, "again", attempt == 2 ? "bad d" : "bad e");
        assert_int_equal(scene_record(scene, "bad").attempts, attempt);
    }
    assert_int_equal(scene_record(scene, "bad").state, CALL_REJECTED);
    scene_pass(scene, 3600);
    check_run(scene, "used up", "");
}

/* The API is down: no retry is used up, the checkpoint stays, and one call is the probe. Then all calls are sent. */
static void test_an_outage_uses_up_no_retry_and_loses_no_call(void **state)
{
    struct scene *scene = *state;
    scene->answer = takes_nothing;
    scene_add_many(scene, "", 9, SCENE_NOW - 100, 10);
    scene_run(scene);
    assert_int_equal(scene->summary.stop, STOP_OUTAGE);
    assert_int_equal(summary_exit_code(&scene->summary), EX_UNAVAILABLE);
    assert_int_equal(scene->summary.unsent, 9);
    assert_true(scene->summary.looked);
    assert_int_equal(scene->summary.unsent_oldest, SCENE_NOW - 100);
    assert_true(scene_file(scene).end_epoch < SCENE_NOW - 100);
    assert_int_equal(scene_record(scene, "0").attempts, 0);
    assert_int_equal(scene_note(scene, LEDGER_NOTE_OUTAGE_SINCE), SCENE_NOW);
    for (int64_t run = 2; run <= 11; run++) { /* odd runs probe with the oldest call, in their first batch */
        size_t before = scene->sent_count;
        scene_pass(scene, 60);
        scene_run(scene);
        unit_same_int("one call asks", scene->sent_count - before, 1);
        unit_true(scene->sent[before].id, run % 2 == 0 || strcmp(scene->sent[before].id, "3") < 0);
        assert_int_equal(scene->summary.stop, STOP_OUTAGE);
        assert_int_equal(scene_note(scene, LEDGER_NOTE_OUTAGE_SINCE), SCENE_NOW);
    }
    scene->answer = NULL;
    size_t before = scene->sent_count;
    scene_pass(scene, 60);
    scene_run(scene);
    unit_same_int("all", scene->sent_count - before, 9);
    check_at(scene, "all", SCENE_NOW - 20, "8");
    assert_int_equal(scene_note(scene, LEDGER_NOTE_OUTAGE_SINCE), 0);
}

/* In an outage every other run probes with one of the latest calls, not with the oldest. */
static void test_an_outage_is_probed_with_late_calls_too(void **state)
{
    struct scene *scene = *state;
    scene->answer = takes_all_but_bad;
    scene->settings.first_run_lookback = 7200;
    scene_add_many(scene, "bad", 4, SCENE_NOW - 7000, 10);
    (void)scene_add(scene, "good", SCENE_NOW - 100);
    scene_run(scene);
    assert_int_equal(scene->summary.stop, STOP_OUTAGE);
    scene_run(scene); /* the second run has an even number */
    assert_int_equal(scene_record(scene, "good").state, CALL_ACCEPTED);
    assert_int_equal(scene->summary.stop, STOP_NONE);
    assert_int_equal(scene_record(scene, "bad0").attempts, 1);
}

static void test_wrong_settings_stop_the_run_and_lose_no_call(void **state)
{
    struct scene *scene = *state;
    scene->answer = refuses_all;
    scene_add_many(scene, "", 4, SCENE_NOW - 100, 10);
    scene_run(scene);
    assert_int_equal(scene->summary.stop, STOP_CONFIGURATION);
    assert_int_equal(summary_exit_code(&scene->summary), EX_CONFIG);
    assert_non_null(strstr(scene->summary.message, "HTTP 403"));
    assert_true(scene_file(scene).end_epoch < SCENE_NOW - 100);
    scene_run(scene);
    assert_non_null(strstr(scene->summary.message, "HTTP 403"));
}

static void test_a_rate_limit_is_obeyed(void **state)
{
    struct scene *scene = *state;
    scene->answer = limits_the_second;
    scene->every = 90;
    (void)scene_add(scene, "a", SCENE_NOW - 40);
    (void)scene_add(scene, "b", SCENE_NOW - 30);
    (void)scene_add(scene, "c", SCENE_NOW - 20);
    check_run(scene, "limited", "a b");
    assert_int_equal(scene->summary.stop, STOP_RATE_LIMITED);
    assert_int_equal(scene->summary.unsent, 2);
    assert_int_equal(scene_record(scene, "b").state, CALL_UNKNOWN);
    unit_in_range(scene_note(scene, LEDGER_NOTE_WAIT_UNTIL), SCENE_NOW + 90, SCENE_NOW + 95);
    scene_pass(scene, 80);
    check_run(scene, "too early", "");
    assert_int_equal(scene->summary.stop, STOP_RATE_LIMITED);
    assert_int_equal(scene->summary.limited_runs, 2);
    assert_int_equal(scene->summary.unsent, 2);
    scene_pass(scene, 20);
    scene->answer = NULL;
    check_run(scene, "over", "b c");
    assert_int_equal(scene->summary.limited_runs, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_scene(test_a_run_sends_the_ended_calls_and_the_next_run_nothing),
        in_scene(test_calls_of_one_second_in_several_batches_are_all_sent),
        in_scene(test_a_run_that_stopped_within_a_second_is_continued_there),
        in_scene(test_late_rows_with_old_ends_are_sent),
        in_scene(test_the_sweep_finds_long_calls),
        in_scene(test_changes_are_sent_under_other_keys),
        in_scene(test_each_change_in_the_fingerprint_is_sent),
        in_scene(test_a_waiting_call_goes_out_when_it_is_final_or_its_time_is_over),
        in_scene(test_rejected_and_discarded_calls_are_not_sent_again),
        in_scene(test_one_bad_call_does_not_stop_the_good_calls),
        in_scene(test_an_outage_uses_up_no_retry_and_loses_no_call),
        in_scene(test_an_outage_is_probed_with_late_calls_too),
        in_scene(test_wrong_settings_stop_the_run_and_lose_no_call),
        in_scene(test_a_rate_limit_is_obeyed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
