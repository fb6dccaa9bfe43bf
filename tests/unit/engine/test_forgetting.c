/* Tests of forgetting: runs forget calls that no scan reads again, and rejected calls no sooner than accepted calls. */
#include "../scene.h"

#include <time.h>

static const struct scene *timed;

/* Replaces the function of the C library, so that the host's clock is the source's clock. */
time_t time(time_t *out)
{
    time_t now = (time_t)(timed != NULL ? timed->calls.now : SCENE_NOW);
    if (out != NULL)
        *out = now;
    return now;
}

static struct outcome rejects_one(struct scene *scene, const struct scene_sent *sent, size_t nth)
{
    (void)scene;
    (void)nth;
    return scene_outcome(strcmp(sent->id, "rejected") == 0 ? OUTCOME_REJECTED : OUTCOME_ACCEPTED);
}

/* Makes a run some days later; a new call moves the checkpoint. */
static void run_after(struct scene *scene, int64_t days)
{
    static char ids[10][16];
    static size_t next;
    char *id = ids[next++ % UNIT_COUNT(ids)];
    (void)snprintf(id, sizeof ids[0], "n%zu", next);
    scene_pass(scene, days * 86400);
    (void)scene_add(scene, id, scene->calls.now - 50);
    scene_run(scene);
    assert_int_equal(scene->summary.stop, STOP_NONE);
}

/* One call is accepted and one is rejected. Then two days pass, and two more days. */
static void test_calls_are_forgotten_after_their_retention(void **state)
{
    static const struct {
        const char *name;
        int64_t days, rejected_days, spread_days;
        enum call_state after_two[2], after_four[2]; /* of the accepted and of the rejected call */
    } rows[] = {
        { "rejected ones longer", 1, 3, 0, { CALL_UNKNOWN, CALL_REJECTED }, { CALL_UNKNOWN, CALL_UNKNOWN } },
        { "rejected ones never sooner", 3, 1, 0, { CALL_ACCEPTED, CALL_REJECTED }, { CALL_UNKNOWN, CALL_UNKNOWN } },
        { "both the same", 1, 1, 0, { CALL_UNKNOWN, CALL_UNKNOWN }, { CALL_UNKNOWN, CALL_UNKNOWN } },
        { "both for long", 9, 9, 0, { CALL_ACCEPTED, CALL_REJECTED }, { CALL_ACCEPTED, CALL_REJECTED } },
        /* If rows may be written in other time zones, a scan reads further back. */
        { "a spread", 1, 1, 3, { CALL_ACCEPTED, CALL_REJECTED }, { CALL_UNKNOWN, CALL_UNKNOWN } },
    };
    struct scene *scene = *state;
    timed = scene;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        scene_begin_anew(scene);
        scene->answer = rejects_one;
        scene->settings.retention_days = rows[i].days;
        scene->settings.rejected_retention_days = rows[i].rejected_days;
        scene->calls.spread = rows[i].spread_days * 86400;
        (void)scene_add(scene, "accepted", SCENE_NOW - 100);
        (void)scene_add(scene, "rejected", SCENE_NOW - 100);
        scene_run(scene);
        run_after(scene, 2);
        unit_same_int(rows[i].name, scene_record(scene, "accepted").state, rows[i].after_two[0]);
        unit_same_int(rows[i].name, scene_record(scene, "rejected").state, rows[i].after_two[1]);
        run_after(scene, 2);
        unit_same_int(rows[i].name, scene_record(scene, "accepted").state, rows[i].after_four[0]);
        unit_same_int(rows[i].name, scene_record(scene, "rejected").state, rows[i].after_four[1]);
    }
    timed = NULL;
}

/* After a pause, the first run may end before its sweep. The next run continues the sweep from before the pause, so the
 * ledger must still have those calls. */
static void test_after_a_long_pause_the_ledger_still_has_the_calls_of_the_sweep(void **state)
{
    struct scene *scene = *state;
    timed = scene;
    scene->calls.shows_open = true;
    scene->settings.retention_days = 1;
    scene->settings.sweep_window = 20000;
    scene->settings.sweep_interval = 1;
    scene->settings.backfill_rate = 10;
    scene_add_many(scene, "old", 5, SCENE_NOW - 20 * 86400, 60); /* the table goes back far enough */
    for (size_t i = 0; i < scene->calls.count; i++)
        scene->calls.calls[i].began = scene->calls.calls[i].started;
    struct call *call = scene_add(scene, "accepted", SCENE_NOW - 100);
    call->began = SCENE_NOW - 200;
    scene_run(scene);
    for (int i = 0; i < 3; i++) {
        scene_pass(scene, 1);
        scene_run(scene);
    }
    assert_int_equal(scene->sent_count, 1);
    scene_pass(scene, 4 * 86400);
    call = scene_add(scene, "new", scene->calls.now - 50);
    call->began = scene->calls.now - 100;
    scene->calls.may_read = 1; /* the server is slow, so the run does not sweep */
    scene_run(scene);
    assert_int_equal(scene->summary.stop, STOP_OUT_OF_TIME);
    scene->calls.may_read = 0;
    for (int i = 0; i < 5; i++) {
        scene_pass(scene, 1);
        scene_run(scene);
    }
    assert_string_equal(scene_ids(scene, 0), "accepted new");
    timed = NULL;
}

int main(void)
{
    const struct CMUnitTest tests[] = { in_scene(test_calls_are_forgotten_after_their_retention),
                                        in_scene(test_after_a_long_pause_the_ledger_still_has_the_calls_of_the_sweep) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
