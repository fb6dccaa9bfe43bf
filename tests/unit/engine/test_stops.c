/* Tests of runs that end early, or must not do everything: what they leave, and how the next run continues. */
#include "../scene.h"

#include <signal.h>

#include "base/interrupt.h"
#include "ledger/checkpoint.h"

static void check_run(struct scene *scene, const char *row, const char *ids, enum summary_stop stop)
{
    size_t before = scene->sent_count;
    scene_run(scene);
    unit_same_text(row, scene_ids(scene, before), ids);
    unit_same_int(row, scene->summary.stop, stop);
}

static void test_a_run_out_of_time_is_continued_by_the_next(void **state)
{
    struct scene *scene = *state;
    scene->settings.time_budget = 0;
    scene_add_many(scene, "a", 4, SCENE_NOW - 100, 10);
    check_run(scene, "no time", "", STOP_OUT_OF_TIME);
    assert_int_equal(summary_exit_code(&scene->summary), EX_TEMPFAIL);
    assert_int_equal(scene_file(scene).end_epoch, SCENE_NOW - 600);
    assert_int_equal(scene->summary.unsent, 4);
    scene->settings.time_budget = 50;
    check_run(scene, "time", "a0 a1 a2 a3", STOP_NONE);
}

static struct outcome is_interrupted(struct scene *scene, const struct scene_sent *sent, size_t nth)
{
    (void)nth;
    if (strcmp(sent->id, "a4") == 0) {
        interrupt_install();
        assert_int_equal(raise(scene->every == 0 ? SIGTERM : SIGINT), 0);
    }
    return scene_outcome(OUTCOME_ACCEPTED);
}

/* In a child process, because the program remembers a signal. */
static void test_a_run_ended_by_a_signal_is_continued_by_the_next(void **state)
{
    struct scene *scene = *state;
    scene->answer = is_interrupted;
    scene_add_many(scene, "a", 8, SCENE_NOW - 100, 10);
    assert_true(scene_run_apart(scene, 0));
    assert_string_equal(scene_ids(scene, 0), "a0 a1 a2 a3 a4");
    assert_int_equal(scene->summary.stop, STOP_INTERRUPTED);
    assert_false(scene->summary.looked); /* the run ends at once */
    assert_int_equal(scene_record(scene, "a4").state, CALL_ACCEPTED);
    assert_int_equal(scene_record(scene, "a5").state, CALL_UNKNOWN);
    assert_int_equal(scene_file(scene).end_epoch, SCENE_NOW - 50); /* before the first open call */
    assert_string_equal(scene_file(scene).uniqueid, "");
    scene->answer = NULL;
    check_run(scene, "goes on", "a5 a6 a7", STOP_NONE);
}

static struct outcome shows(struct scene *scene, const struct scene_sent *sent, size_t nth)
{
    (void)scene;
    (void)sent;
    (void)nth;
    return scene_outcome(OUTCOME_SHOWN);
}

static void test_a_dry_run_sends_and_changes_nothing(void **state)
{
    struct scene *scene = *state;
    scene->settings.backfill_rate = 10;
    scene->settings.first_run_lookback = 8000;
    scene->settings.sweep_interval = 60;
    (void)scene_add(scene, "old", SCENE_NOW - 7000); /* a real run would note this call, to send it at the rate */
    scene_add_many(scene, "a", 4, SCENE_NOW - 100, 10);
    scene->dry_run = true;
    scene->answer = shows;
    check_run(scene, "dry", "old a0 a1 a2 a3", STOP_NONE);
    assert_int_equal(scene->summary.accepted, 5);
    check_run(scene, "dry again", "old a0 a1 a2 a3", STOP_NONE);
    assert_int_equal(scene_file(scene).end_epoch, 0);
    scene->dry_run = false;
    assert_int_equal(scene_record(scene, "a0").state, CALL_UNKNOWN);
    assert_int_equal(scene_place(scene, LEDGER_CHECKPOINT).end_epoch, 0);
    scene->answer = NULL;
    check_run(scene, "in earnest", "a0 a1 a2 a3 old", STOP_NONE);
}

static void test_a_source_that_fails_stops_the_run_and_loses_no_call(void **state)
{
    struct scene *scene = *state;
    scene_add_many(scene, "a", 4, SCENE_NOW - 100, 10);
    scene->calls.fails = true;
    check_run(scene, "out of reach", "", STOP_FAILED);
    assert_int_equal(summary_exit_code(&scene->summary), EX_UNAVAILABLE);
    assert_int_equal(scene_file(scene).end_epoch, 0);
    scene->calls.fails = false;
    check_run(scene, "there again", "a0 a1 a2 a3", STOP_NONE);
}

static struct outcome loses_the_source(struct scene *scene, const struct scene_sent *sent, size_t nth)
{
    (void)nth;
    scene->calls.fails = scene->calls.fails || strcmp(sent->id, "a2") == 0;
    return scene_outcome(OUTCOME_ACCEPTED);
}

static void test_a_source_lost_during_a_run_loses_no_call(void **state)
{
    struct scene *scene = *state;
    scene->answer = loses_the_source;
    scene_add_many(scene, "a", 6, SCENE_NOW - 100, 10);
    check_run(scene, "lost", "a0 a1 a2", STOP_FAILED);
    assert_int_equal(summary_exit_code(&scene->summary), EX_UNAVAILABLE);
    assert_int_equal(scene_record(scene, "a2").state, CALL_ACCEPTED);
    scene->answer = NULL;
    scene->calls.fails = false;
    check_run(scene, "there again", "a3 a4 a5", STOP_NONE);
    assert_int_equal(scene_file(scene).end_epoch, SCENE_NOW - 50);
}

/* Old calls are noted first, together with the checkpoint. They are sent at the rate, after the current calls. */
static void test_old_calls_go_last(void **state)
{
    struct scene *scene = *state;
    scene->settings.first_run_lookback = 10000;
    scene->settings.backfill_rate = 1000;
    scene_add_many(scene, "old", 4, SCENE_NOW - 5000, 1);
    scene_add_many(scene, "new", 4, SCENE_NOW - 100, 1);
    check_run(scene, "both", "new0 new1 new2 new3 old0 old1 old2 old3", STOP_NONE);
    assert_int_equal(scene->summary.found, 8);
    assert_int_equal(scene->summary.pending_left, 0);
    scene->settings.backfill_rate = 0;
    scene_pass(scene, 5000);
    (void)scene_add(scene, "z", scene->calls.now - 4900);
    check_run(scene, "no rate", "z", STOP_NONE);
}

/* ---- a call that failed alone ---- */

static struct outcome dislikes(struct scene *scene, const struct scene_sent *sent, size_t nth)
{
    (void)scene;
    (void)nth;
    return scene_outcome(strstr(sent->id, "bad") != NULL ? OUTCOME_RETRY : OUTCOME_ACCEPTED);
}

static void test_a_call_in_doubt_is_tried_again_with_the_next_call(void **state)
{
    struct scene *scene = *state;
    scene->answer = dislikes;
    (void)scene_add(scene, "bad", SCENE_NOW - 100);
    check_run(scene, "alone", "bad", STOP_NONE);
    assert_int_equal(scene->summary.in_doubt, 1);
    assert_int_equal(scene_record(scene, "bad").attempts, 0);
    assert_int_equal(scene_file(scene).end_epoch, SCENE_NOW - 100); /* the ledger has the call */
    assert_string_equal(scene_place(scene, LEDGER_DOUBT).uniqueid, "bad");
    check_run(scene, "nothing is due", "", STOP_NONE);
    (void)scene_add(scene, "good", SCENE_NOW - 90);
    check_run(scene, "with a good one", "good bad", STOP_NONE);
    assert_int_equal(scene_record(scene, "bad").attempts, 1);
    assert_int_equal(scene_place(scene, LEDGER_DOUBT).end_epoch, 0);
    check_run(scene, "not due", "", STOP_NONE);
}

static void test_two_single_calls_that_fail_are_an_outage(void **state)
{
    struct scene *scene = *state;
    scene->answer = dislikes;
    (void)scene_add(scene, "bad", SCENE_NOW - 100);
    check_run(scene, "alone", "bad", STOP_NONE);
    (void)scene_add(scene, "bad2", SCENE_NOW - 90);
    check_run(scene, "another one", "bad2", STOP_OUTAGE);
    assert_int_equal(scene_record(scene, "bad").attempts, 0);
    assert_int_equal(scene_record(scene, "bad2").state, CALL_UNKNOWN);
    scene_check_log(scene, "not charged", "no retry");
}

/* If nothing happened, the log has no line about calls. */
static void test_a_run_without_calls_logs_little(void **state)
{
    struct scene *scene = *state;
    scene->settings.sweep_interval = 60;
    (void)scene_add(scene, "a", SCENE_NOW - 100);
    check_run(scene, "first", "a", STOP_NONE);
    scene_pass(scene, 60);
    check_run(scene, "quiet", "", STOP_NONE);
    assert_int_equal(scene_count_log(scene, "Saved checkpoint"), 1);
    assert_int_equal(scene_count_log(scene, "Sweep found"), 0);
    assert_int_equal(scene_count_log(scene, "Trying "), 0); /* no call was due */
    assert_int_equal(scene_count_log(scene, "Found 0 "), 1);
    assert_int_equal(scene_count_log(scene, "Found 1 "), 1);
}

/* ---- forgetting ---- */

static void test_old_calls_are_forgotten_once_no_scan_sees_them(void **state)
{
    struct scene *scene = *state;
    scene->settings.retention_days = 1;
    scene->settings.rejected_retention_days = 1;
    (void)scene_add(scene, "a", SCENE_NOW - 100);
    check_run(scene, "sent", "a", STOP_NONE);
    scene_pass(scene, 86400);
    check_run(scene, "the checkpoint is no further: a scan sees it", "", STOP_NONE);
    assert_int_equal(scene_record(scene, "a").state, CALL_ACCEPTED);
    (void)scene_add(scene, "b", scene->calls.now - 50);
    check_run(scene, "a day later", "b", STOP_NONE);
    assert_int_equal(scene_record(scene, "a").state, CALL_UNKNOWN);
    check_run(scene, "and not sent again", "", STOP_NONE);
}

/* ---- a person ---- */

static struct outcome sets_it_forward(struct scene *scene, const struct scene_sent *sent, size_t nth)
{
    (void)nth;
    if (strcmp(sent->id, "a1") == 0) {
        char text[40];
        (void)snprintf(text, sizeof text, "%lld\n", (long long)SCENE_NOW - 55);
        unit_write(unit_path(scene->directory, "checkpoint"), text);
        (void)usleep(1100000); /* a run reads the file once a second */
    }
    return scene_outcome(OUTCOME_ACCEPTED);
}

static void test_a_checkpoint_set_by_a_person_during_a_run_skips_calls(void **state)
{
    struct scene *scene = *state;
    scene->answer = sets_it_forward;
    scene_add_many(scene, "a", 8, SCENE_NOW - 100, 10);
    check_run(scene, "the batch is the last", "a0 a1 a2", STOP_INTERRUPTED);
    assert_int_equal(scene_file(scene).end_epoch, SCENE_NOW - 55);
    scene->answer = NULL;
    check_run(scene, "from there", "a5 a6 a7", STOP_NONE);
    assert_int_equal(scene_record(scene, "a3").state, CALL_UNKNOWN);
}

/* ---- standby ---- */

static void test_a_standby_run_sends_nothing(void **state)
{
    struct scene *scene = *state;
    struct err err;
    struct source source = memory_source_open(&scene->calls);
    struct poll poll = { .route = { .source = &source, .ledger = scene_ledger(scene), .settings = &scene->settings },
                         .state_dir = scene->directory, .legacy = unit_path(scene->directory, "legacy"),
                         .profile_option = "" };
    assert_int_equal(poll_stand_by(&poll, false, 0, &err), 0);
    assert_int_not_equal(scene_note(scene, LEDGER_NOTE_LAST_STANDBY), 0);
    assert_int_equal(scene_note(scene, LEDGER_NOTE_LEADER_SEEN), 0);
    assert_int_equal(poll_stand_by(&poll, true, SCENE_NOW - 50, &err), 0);
    assert_int_not_equal(scene_note(scene, LEDGER_NOTE_LEADER_SEEN), 0);
    scene_close(scene);
    assert_int_equal(scene_file(scene).end_epoch, SCENE_NOW - 50);
    assert_int_not_equal(scene_note(scene, LEDGER_NOTE_LEADER_SEEN), 0); /* durable */
    (void)scene_add(scene, "theirs", SCENE_NOW - 60);
    (void)scene_add(scene, "ours", SCENE_NOW - 40);
    check_run(scene, "it takes over", "ours", STOP_NONE);
    scene->calls.fails = true;
    poll.route.ledger = scene_ledger(scene);
    assert_int_equal(poll_stand_by(&poll, true, 0, &err), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_scene(test_a_run_out_of_time_is_continued_by_the_next),
        in_scene(test_a_run_ended_by_a_signal_is_continued_by_the_next),
        in_scene(test_a_dry_run_sends_and_changes_nothing),
        in_scene(test_a_source_that_fails_stops_the_run_and_loses_no_call),
        in_scene(test_a_source_lost_during_a_run_loses_no_call),
        in_scene(test_old_calls_go_last),
        in_scene(test_a_call_in_doubt_is_tried_again_with_the_next_call),
        in_scene(test_two_single_calls_that_fail_are_an_outage),
        in_scene(test_a_run_without_calls_logs_little),
        in_scene(test_old_calls_are_forgotten_once_no_scan_sees_them),
        in_scene(test_a_checkpoint_set_by_a_person_during_a_run_skips_calls),
        in_scene(test_a_standby_run_sends_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
