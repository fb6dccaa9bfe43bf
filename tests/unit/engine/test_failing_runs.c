/* Tests of runs of which one statement of the ledger fails, whichever, or all from then on: the run ends, and the next
 * ones make up for it. */
#include "../scene.h"

#include "../broken_ledger.h"

#define NOW SCENE_NOW
#define MOST_STATEMENTS 1000

static struct outcome fails_first(struct scene *scene, const struct scene_sent *sent, size_t nth)
{
    (void)scene;
    return scene_outcome(nth == 0 && strcmp(sent->id, "b2") == 0 ? OUTCOME_RETRY : OUTCOME_ACCEPTED);
}

/* Ties, a call to be tried again, a change, late rows for the sweep, one that waits, and two that waited: the row of one
 * is gone, that of the other in the archive. */
static void stage(struct scene *scene)
{
    scene->settings.sweep_interval = 60;
    scene_add_many(scene, "a", 4, NOW - 50, 0);
    scene_add_many(scene, "w", 2, NOW - 45, 0);
    for (size_t i = 4; i < 6; i++) {
        scene->calls.calls[i].finality = CALL_NOT_FINAL;
        scene->calls.calls[i].wait_until = NOW + 600;
    }
    scene_run(scene);
    scene_drop(scene, "w0");
    scene_archive(scene, "w1");
    scene_call(scene, "w1")->finality = CALL_FINAL;
    scene_pass(scene, 60);
    scene_call(scene, "a1")->status = "NA";
    scene_add_many(scene, "late", 2, NOW - 400, 5);
    scene_add_many(scene, "b", 4, NOW, 5);
    scene_call(scene, "b1")->finality = CALL_NOT_FINAL;
    scene_call(scene, "b1")->wait_until = NOW + 120;
    scene->answer = fails_first;
}

static void recover(struct scene *scene, const char *row)
{
    for (int run = 0; run < 3; run++) {
        scene_pass(scene, 130);
        scene_run(scene);
        unit_same_int(row, scene->summary.stop, STOP_NONE);
    }
}

static void check_arrived(struct scene *scene, const char *row)
{
    for (size_t i = 0; i < scene->calls.count; i++) {
        const struct call *call = &scene->calls.calls[i];
        const char *last = "";
        for (size_t k = 0; k < scene->sent_count; k++)
            if (strcmp(scene->sent[k].id, call->id) == 0 && scene->sent[k].accepted)
                last = scene->sent[k].status;
        unit_same_text(row, last, call->status);
        unit_same_int(row, scene_record(scene, call->id).state, CALL_ACCEPTED);
    }
}

/* What the file has passed is in the ledger. */
static void check_checkpoint(struct scene *scene, const char *row)
{
    struct position file = scene_file(scene), copy = scene_place(scene, LEDGER_CHECKPOINT);
    unit_true(row, position_compare(&file, &copy) <= 0);
    for (size_t i = 0; i < scene->calls.count; i++) {
        const struct call *call = &scene->calls.calls[i];
        struct position place = position_at(call->ended, call->id);
        if (strncmp(call->id, "late", 4) != 0 && position_compare(&place, &copy) <= 0)
            unit_true(row, scene_record(scene, call->id).state != CALL_UNKNOWN);
    }
}

/* many: so many statements in a row fail. */
static size_t sweep_run(struct scene *scene, size_t many)
{
    size_t nth = 1;
    for (bool failed = true; failed; nth++) {
        char row[80];
        (void)snprintf(row, sizeof row, "%zu statements from number %zu on fail", many, nth);
        assert_true(nth < MOST_STATEMENTS);
        scene_begin_anew(scene);
        stage(scene);
        (void)scene_ledger(scene); /* open: what fails is the run */
        size_t sent = scene->sent_count;
        broken_ledger_at(nth, many);
        scene_run_on(scene);
        failed = broken_ledger_has_failed();
        broken_ledger_at(0, 0);
        if (failed) { /* no error is swallowed */
            unit_same_int(row, scene->summary.stop, STOP_FAILED);
            unit_same_int(row, summary_exit_code(&scene->summary), EX_IOERR);
        }
        if (nth <= 2) /* the run could not be noted */
            unit_same_int(row, scene->sent_count - sent, 0);
        check_checkpoint(scene, row);
        recover(scene, row);
        check_arrived(scene, row);
    }
    return nth - 2;
}

static void test_a_run_whose_ledger_fails_once(void **state)
{
    assert_true(sweep_run(*state, 1) >= 60);
}

static void test_a_run_whose_ledger_fails_from_then_on(void **state)
{
    assert_true(sweep_run(*state, MOST_STATEMENTS) >= 60);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_scene(test_a_run_whose_ledger_fails_once),
        in_scene(test_a_run_whose_ledger_fails_from_then_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
