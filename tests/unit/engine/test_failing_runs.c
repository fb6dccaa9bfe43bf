/* Tests of runs while one statement of the ledger fails, or all statements after it too. The run ends, and the next
 * runs do its work. */
#include "../scene.h"

#include "../broken_ledger.h"

#define NOW SCENE_NOW
#define MOST_STATEMENTS 1000

static struct outcome fails_first(struct scene *scene, const struct scene_sent *sent, size_t nth)
{
    (void)scene;
    return scene_outcome(nth == 0 && strcmp(sent->id, "b2") == 0 ? OUTCOME_RETRY : OUTCOME_ACCEPTED);
}

/* Calls of one second, a call to try again, a changed call, late rows for the sweep, and a waiting call. Two more calls
 * waited: one row is gone now, and the other row is in the archive. */
static void stage(struct scene *scene)
{
    scene->settings.sweep_interval = 1;
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

/* Adds a call of a lead; ended 0: it has not ended. */
static void add(struct scene *scene, const char *id, const char *lead, int64_t began, int64_t ended)
{
    struct call *call = scene_add(scene, id, ended);
    call->kin = lead;
    call->began = call->started = began;
    call->age = scene->calls.now - began;
    call->finality = ended == 0 ? CALL_NOT_ENDED : CALL_FINAL;
}

static void end(struct scene *scene, const char *id, int64_t ended)
{
    scene_call(scene, id)->ended = ended;
    scene_call(scene, id)->finality = CALL_FINAL;
}

/* The same with a source that shows open calls. Of the watched calls, two have ended, one of them below the checkpoint;
 * one has another id now, one is deleted, and one has not ended. A waiting call has another id too. */
static void stage_of_open_calls(struct scene *scene)
{
    scene->calls.shows_open = true;
    scene->settings.sweep_interval = 1;
    add(scene, "late.passed", "1", NOW - 400, 0);
    add(scene, "late.ended", "2", NOW - 400, 0);
    add(scene, "old", "3", NOW - 400, 0);
    add(scene, "gone", "4", NOW - 400, 0);
    add(scene, "waited", "5", NOW - 400, NOW - 45);
    scene_call(scene, "waited")->finality = CALL_NOT_FINAL;
    scene_call(scene, "waited")->wait_until = NOW + 600;
    add(scene, "a", "6", NOW - 100, NOW - 50);
    scene_run(scene);
    scene_pass(scene, 60);
    scene_drop(scene, "old");
    scene_drop(scene, "gone");
    scene_drop(scene, "waited");
    end(scene, "late.passed", NOW - 60);
    end(scene, "late.ended", NOW + 20);
    add(scene, "late.renamed", "3", NOW - 400, NOW + 10);
    add(scene, "late.waited", "5", NOW - 400, NOW - 45);
    add(scene, "late.row", "7", NOW - 300, NOW - 200);
    add(scene, "b", "8", NOW, NOW + 30);
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

/* The ledger has each call up to the checkpoint file. */
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

/* many: how many statements in a row fail. */
static size_t sweep_run(struct scene *scene, void (*stage_it)(struct scene *scene), size_t many)
{
    size_t nth = 1;
    for (bool failed = true; failed; nth++) {
        char row[80];
        (void)snprintf(row, sizeof row, "%zu statements from number %zu on fail", many, nth);
        assert_true(nth < MOST_STATEMENTS);
        scene_begin_anew(scene);
        stage_it(scene);
        (void)scene_ledger(scene); /* open the ledger now, so that the run fails, not the opening */
        size_t sent = scene->sent_count;
        broken_ledger_at(nth, many);
        scene_run_on(scene);
        failed = broken_ledger_has_failed();
        broken_ledger_at(0, 0);
        if (failed) { /* the run returns the error */
            unit_same_int(row, scene->summary.stop, STOP_FAILED);
            unit_same_int(row, summary_exit_code(&scene->summary), EX_IOERR);
        }
        if (nth <= 2) /* the ledger did not get the run */
            unit_same_int(row, scene->sent_count - sent, 0);
        check_checkpoint(scene, row);
        recover(scene, row);
        check_arrived(scene, row);
    }
    return nth - 2;
}

static void test_after_one_failed_statement_the_next_runs_do_the_work(void **state)
{
    assert_true(sweep_run(*state, stage, 1) >= 60);
    assert_true(sweep_run(*state, stage_of_open_calls, 1) >= 60);
}

static void test_after_many_failed_statements_the_next_runs_do_the_work(void **state)
{
    assert_true(sweep_run(*state, stage, MOST_STATEMENTS) >= 60);
    assert_true(sweep_run(*state, stage_of_open_calls, MOST_STATEMENTS) >= 60);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_scene(test_after_one_failed_statement_the_next_runs_do_the_work),
        in_scene(test_after_many_failed_statements_the_next_runs_do_the_work),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
