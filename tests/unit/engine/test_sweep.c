/* Tests of the sweep, which reads a part of the last hours in each run. */
#include "../scene.h"

/* Adds an ended call of the dialer, which a scan by begin finds. */
static struct call *add(struct scene *scene, const char *id, int64_t began, int64_t ended)
{
    struct call *call = scene_add(scene, id, ended);
    call->began = began;
    call->age = scene->calls.now - began;
    return call;
}

static int enter(void **state)
{
    int result = scene_enter(state);
    struct scene *scene = *state;
    scene->calls.shows_open = true;
    scene->settings.overlap = 100;
    scene->settings.sweep_interval = 1800;
    scene->settings.sweep_window = 18000; /* the sweep reads ten seconds of calls for each second */
    scene->settings.first_run_lookback = 20000;
    return result;
}
#define in_sweep(test) cmocka_unit_test_setup_teardown(test, enter, scene_leave)

static void check_run(struct scene *scene, const char *name, const char *ids)
{
    size_t before = scene->sent_count;
    scene_run(scene);
    unit_same_text(name, scene_ids(scene, before), ids);
}

/* Runs each minute until the sweep has found the call; returns their number. */
static int runs_until(struct scene *scene, const char *id)
{
    int runs = 0;
    for (size_t before = scene->sent_count; scene->sent_count == before && runs < 100; runs++) {
        scene_pass(scene, 60);
        scene_run(scene);
    }
    unit_same_text("found", scene->sent[scene->sent_count - 1].id, id);
    return runs;
}

static void test_a_round_takes_sweep_interval(void **state)
{
    struct scene *scene = *state;
    check_run(scene, "first", ""); /* reads the share of one second */
    (void)add(scene, "old", SCENE_NOW - 17000, SCENE_NOW - 16000);
    (void)add(scene, "young", SCENE_NOW - 1000, SCENE_NOW - 900);
    assert_in_range(runs_until(scene, "old"), 1, 3);
    assert_in_range(runs_until(scene, "young"), 25, 29);
}

static void test_a_changed_call_is_sent_again(void **state)
{
    struct scene *scene = *state;
    (void)add(scene, "a", SCENE_NOW - 9000, SCENE_NOW - 8000);
    check_run(scene, "first", "a");
    scene_call(scene, "a")->status = "NI";
    assert_in_range(runs_until(scene, "a"), 13, 17);
    assert_string_equal(scene->sent[1].status, "NI");
}

static void test_a_round_begins_anew(void **state)
{
    struct scene *scene = *state;
    (void)add(scene, "a", SCENE_NOW - 9000, SCENE_NOW - 8000);
    check_run(scene, "first", "a");
    for (int i = 0; i < 33; i++) {
        scene_pass(scene, 60);
        scene_run(scene);
    }
    scene_call(scene, "a")->status = "NI";
    assert_in_range(runs_until(scene, "a"), 5, 14);
}

/* After hours without a run, the sweep reads the earlier window again, because those calls may have changed. No run
 * reads more than a third of the window. */
static void test_after_a_pause_the_sweep_reads_back_from_the_last_sweep(void **state)
{
    struct scene *scene = *state;
    (void)add(scene, "a", SCENE_NOW - 17000, SCENE_NOW - 16000);
    check_run(scene, "first", "a");
    scene_call(scene, "a")->status = "NI";
    scene_pass(scene, 40000);
    check_run(scene, "reads its third", "a");
    assert_int_equal(scene_note(scene, LEDGER_NOTE_SWEPT_TO), SCENE_NOW - 18000 + 6000 + 2);
}

/* A second pause begins before the sweep has read all of that. */
static void test_after_a_second_pause_the_sweep_still_reads_everything(void **state)
{
    struct scene *scene = *state;
    (void)add(scene, "a", SCENE_NOW - 17000, SCENE_NOW - 16000);
    (void)add(scene, "b", SCENE_NOW - 9000, SCENE_NOW - 8000);
    check_run(scene, "first", "a b");
    scene_call(scene, "b")->status = "NI";
    scene_pass(scene, 40000);
    check_run(scene, "reads its third", "");
    scene_pass(scene, 2000);
    check_run(scene, "goes on there", "b");
}

/* The time between two runs may be longer than sweep_interval; then there is a pause before each run. */
static void test_with_seldom_runs_the_sweep_reads_everything(void **state)
{
    struct scene *scene = *state;
    check_run(scene, "first", "");
    for (int i = 0; i < 4; i++) {
        scene_pass(scene, 10000);
        check_run(scene, "a run", "");
    }
    (void)add(scene, "late", SCENE_NOW + 40000 - 10000, SCENE_NOW + 40000 - 9900);
    for (int i = 0; i < 4 && scene->sent_count == 0; i++) {
        scene_pass(scene, 10000);
        scene_run(scene);
    }
    assert_int_equal(scene->sent_count, 1);
}

/* sweep_interval may be shorter than the time between two runs. */
static void test_a_round_shorter_than_the_time_between_runs_reads_the_window(void **state)
{
    struct scene *scene = *state;
    scene->settings.sweep_interval = 60;
    check_run(scene, "first", "");
    (void)add(scene, "young", SCENE_NOW - 1000, SCENE_NOW - 900);
    assert_in_range(runs_until(scene, "young"), 1, 4);
}

/* cron may start a run every ten minutes. */
static void test_with_a_run_every_ten_minutes_a_round_takes_sweep_interval(void **state)
{
    struct scene *scene = *state;
    (void)add(scene, "a", SCENE_NOW - 3000, SCENE_NOW - 2900);
    check_run(scene, "first", "a");
    scene_call(scene, "a")->status = "NI";
    scene_pass(scene, 600);
    check_run(scene, "one third", "");
    scene_pass(scene, 600);
    check_run(scene, "two thirds", "");
    scene_pass(scene, 600);
    check_run(scene, "all", "a");
}

/* On a busy site a run reads two calls for each new one, or a thousand if that is more. */
static void test_a_busy_site_takes_longer(void **state)
{
    struct scene *scene = *state;
    scene->settings.first_run_lookback = 60;
    check_run(scene, "first", "");
    scene_pass(scene, 60);
    static char ids[600][16];
    for (size_t i = 0; i < 600; i++) { /* ten calls a second, of campaigns that are not selected */
        (void)snprintf(ids[i], sizeof ids[i], "n%03zu", i);
        add(scene, ids[i], scene->calls.now - 60 + (int64_t)i / 10, scene->calls.now - 6)->campaign = "OTHER";
    }
    char other[] = "OTHER";
    scene->settings.exclude_campaigns = other;
    check_run(scene, "busy", "");
    /* 600 calls in the 160 seconds that the poll reads are 225 a minute: a thousand in 266 seconds. */
    assert_in_range(scene_note(scene, LEDGER_NOTE_SWEPT_TO) - (scene->calls.now - 18000), 260, 290);
}

static void test_sweep_interval_0_turns_the_sweep_off(void **state)
{
    struct scene *scene = *state;
    check_run(scene, "first", "");
    assert_int_equal(scene_note(scene, LEDGER_NOTE_LAST_SWEEP), SCENE_NOW);
    scene->settings.sweep_interval = 0;
    scene_pass(scene, 60);
    check_run(scene, "off", "");
    assert_int_equal(scene_note(scene, LEDGER_NOTE_LAST_SWEEP), 0);
    assert_int_equal(scene_note(scene, LEDGER_NOTE_SWEPT_TO), 0);
}

/* A call below the checkpoint becomes pending before it is sent. */
static void test_a_call_found_by_the_sweep_survives_a_crash(void **state)
{
    struct scene *scene = *state;
    scene->settings.sweep_interval = 1;
    (void)add(scene, "a", SCENE_NOW - 30, SCENE_NOW - 10);
    check_run(scene, "first", "a");
    (void)add(scene, "late", SCENE_NOW - 3000, SCENE_NOW - 2000);
    scene_pass(scene, 60);
    for (size_t at = 1; !scene_run_apart(scene, at); at++)
        assert_in_range(at, 1, 500);
    assert_int_equal(scene_record(scene, "late").state, CALL_ACCEPTED);
}

/* A row that the poll missed makes the poll read more again. */
static void test_the_poll_learns_from_a_late_row(void **state)
{
    struct scene *scene = *state;
    scene->settings.overlap = 600;
    check_run(scene, "first", "");
    for (int day = 0; day < 2; day++) {
        scene_pass(scene, 86400);
        check_run(scene, "a day without late rows", "");
    }
    assert_int_equal(scene_note(scene, "late_now"), 0);
    scene->settings.sweep_interval = 1;
    for (int run = 0; run < 10; run++) { /* the sweep reads the days without a run */
        scene_pass(scene, 1);
        check_run(scene, "nothing is late", "");
    }
    scene_pass(scene, 1);
    (void)add(scene, "late", scene->calls.now - 700, scene->calls.now - 690);
    check_run(scene, "missed", "late");
    assert_int_equal(scene_note(scene, "late_now"), 2 * 82);
}

/* After days without late rows, the overlap of the poll is short. A round of the sweep takes a day here. */
static void pass_quiet_days(struct scene *scene)
{
    scene->settings.overlap = 600;
    scene->settings.sweep_interval = 86400;
    for (int day = 0; day < 3; day++) {
        check_run(scene, "a day without late rows", "");
        scene_pass(scene, 86400);
    }
    check_run(scene, "the last of them", "");
}

static void test_the_first_late_row_is_found_when_it_is_as_old_as_overlap(void **state)
{
    struct scene *scene = *state;
    pass_quiet_days(scene);
    (void)add(scene, "late", scene->calls.now - 300, scene->calls.now - 290);
    assert_int_equal(runs_until(scene, "late"), 5);
    (void)add(scene, "later", scene->calls.now - 5 - 164, scene->calls.now - 160);
    check_run(scene, "learned", "later");
}

/* For example, the row had to wait for a locked table. */
static void test_a_late_row_that_has_not_ended_is_watched(void **state)
{
    struct scene *scene = *state;
    pass_quiet_days(scene);
    add(scene, "late", scene->calls.now - 300, 0)->finality = CALL_NOT_ENDED;
    for (int run = 0; run < 10; run++) {
        scene_pass(scene, 60);
        check_run(scene, "under way", "");
    }
    scene_call(scene, "late")->ended = scene->calls.now - 10;
    scene_call(scene, "late")->finality = CALL_FINAL;
    check_run(scene, "ended", "late");
}

/* After a pause, the second look covers the whole time since the last run, so it leaves no gap. */
static void test_a_late_row_before_a_pause_is_found(void **state)
{
    struct scene *scene = *state;
    pass_quiet_days(scene);
    (void)add(scene, "late", scene->calls.now - 300, scene->calls.now - 290);
    scene_pass(scene, 7200);
    check_run(scene, "after the pause", "late");
}

/* A slow server: runs that cannot read all new calls leave the sweep to later ones. */
static void test_after_hours_without_a_sweep_the_second_look_is_short(void **state)
{
    enum { CALLS = 180 };
    static char ids[CALLS][16];
    struct scene *scene = *state;
    check_run(scene, "first", "");
    for (size_t i = 0; i < CALLS; i++) {
        (void)snprintf(ids[i], sizeof ids[i], "c%03zu", i);
        (void)add(scene, ids[i], SCENE_NOW + 60 * (int64_t)i, SCENE_NOW + 60 * (int64_t)i + 30);
    }
    scene_pass(scene, 60 * CALLS + 100);
    scene->calls.may_read = 1;
    scene_run(scene);
    assert_int_equal(scene->summary.stop, STOP_OUT_OF_TIME);
    for (int runs = 0; runs < CALLS && scene->summary.stop != STOP_NONE; runs++)
        scene_run(scene);
    assert_int_equal(scene->sent_count, CALLS);
    unit_in_range((int64_t)scene->calls.read, 30, 40); /* those of half an hour */
    scene->calls.may_read = 0;
    scene_call(scene, "c000")->status = "NI"; /* before the second look */
    (void)runs_until(scene, "c000");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_sweep(test_a_round_takes_sweep_interval),
        in_sweep(test_a_changed_call_is_sent_again),
        in_sweep(test_a_round_begins_anew),
        in_sweep(test_after_a_pause_the_sweep_reads_back_from_the_last_sweep),
        in_sweep(test_after_a_second_pause_the_sweep_still_reads_everything),
        in_sweep(test_with_seldom_runs_the_sweep_reads_everything),
        in_sweep(test_a_round_shorter_than_the_time_between_runs_reads_the_window),
        in_sweep(test_with_a_run_every_ten_minutes_a_round_takes_sweep_interval),
        in_sweep(test_a_busy_site_takes_longer),
        in_sweep(test_sweep_interval_0_turns_the_sweep_off),
        in_sweep(test_a_call_found_by_the_sweep_survives_a_crash),
        in_sweep(test_the_poll_learns_from_a_late_row),
        in_sweep(test_the_first_late_row_is_found_when_it_is_as_old_as_overlap),
        in_sweep(test_a_late_row_that_has_not_ended_is_watched),
        in_sweep(test_a_late_row_before_a_pause_is_found),
        in_sweep(test_after_hours_without_a_sweep_the_second_look_is_short),
    };
    return cmocka_run_group_tests_name("sweep", tests, NULL, NULL);
}
