/* Tests of a crash between any two steps of a run: before and after each request, each answer and each transaction of
 * the ledger. After the next runs, each call has arrived, a repeated message had the same key, and nothing else was
 * sent. */
#include "../scene.h"

#include "ledger/records.h"

#define MOST_STEPS 400

/* The invariant: the checkpoint file is not ahead of its copy in the ledger, and the ledger has each call up to it. */
static void check_invariant(struct scene *scene, const char *row)
{
    struct position file = scene_file(scene), copy = scene_place(scene, LEDGER_CHECKPOINT),
                    floor = scene_place(scene, LEDGER_FLOOR);
    unit_true(row, position_compare(&file, &copy) <= 0);
    for (size_t i = 0; i < scene->calls.count; i++) {
        const struct call *call = &scene->calls.calls[i];
        struct position place = position_at(call->ended, call->id);
        bool came_late = strncmp(call->id, "late", 4) == 0; /* only the sweep finds these */
        if (!came_late && position_compare(&place, &copy) <= 0 && position_compare(&place, &floor) > 0)
            unit_true(row, scene_record(scene, call->id).state != CALL_UNKNOWN);
    }
}

/* Each expected content has arrived, under one key, and at most as often as one crash explains. */
static void check_arrived(struct scene *scene, const char *row, const char *id, const char *status)
{
    size_t times = 0;
    const char *key = NULL;
    for (size_t i = 0; i < scene->sent_count; i++) {
        const struct scene_sent *sent = &scene->sent[i];
        if (strcmp(sent->id, id) != 0 || strcmp(sent->status, status) != 0 || !sent->accepted)
            continue;
        times++;
        if (key != NULL)
            unit_same_text(row, sent->key, key);
        key = sent->key;
    }
    unit_true(row, times >= 1);
    unit_true(row, times <= 2);
}

/* ---- the events before the run that crashes, and the content that must arrive ---- */

static struct outcome fails_first(struct scene *scene, const struct scene_sent *sent, size_t nth)
{
    (void)scene;
    return scene_outcome(nth == 0 && strcmp(sent->id, "b2") == 0 ? OUTCOME_RETRY : OUTCOME_ACCEPTED);
}

static struct outcome is_down(struct scene *scene, const struct scene_sent *sent, size_t nth)
{
    (void)scene;
    (void)sent;
    (void)nth;
    return scene_outcome(OUTCOME_RETRY);
}

static void first_run(struct scene *scene)
{
    scene_add_many(scene, "a", 3, SCENE_NOW - 50, 0);
    scene_add_many(scene, "b", 5, SCENE_NOW - 40, 5);
    scene->answer = fails_first;
}

static void changed_rows(struct scene *scene)
{
    scene_add_many(scene, "a", 4, SCENE_NOW - 50, 5);
    scene_run(scene);
    scene_call(scene, "a1")->status = "NA";
    scene_call(scene, "a3")->status = "NA";
}

static void late_rows(struct scene *scene)
{
    scene->settings.sweep_interval = 1;
    scene_add_many(scene, "a", 2, SCENE_NOW - 50, 5);
    scene_run(scene);
    scene_pass(scene, 60);
    scene_add_many(scene, "late", 4, SCENE_NOW - 400, 5);
    scene_add_many(scene, "b", 2, SCENE_NOW, 5);
}

static void after_an_outage(struct scene *scene)
{
    scene->settings.backfill_rate = 1000;
    scene_add_many(scene, "a", 2, SCENE_NOW - 500, 5);
    scene->answer = is_down;
    scene_run(scene);
    scene->answer = NULL;
    scene_pass(scene, 7200);
    scene_add_many(scene, "b", 4, SCENE_NOW + 10, 5);
    scene_add_many(scene, "c", 2, SCENE_NOW + 7100, 5);
}

static void waiting_rows(struct scene *scene)
{
    scene_add_many(scene, "a", 3, SCENE_NOW - 50, 5);
    for (size_t i = 0; i < 2; i++) {
        scene->calls.calls[i].finality = CALL_NOT_FINAL;
        scene->calls.calls[i].wait_until = SCENE_NOW + 60;
    }
    scene_run(scene);
    scene_pass(scene, 60);
    scene_add_many(scene, "b", 2, SCENE_NOW, 5);
    scene_call(scene, "b1")->finality = CALL_NOT_FINAL;
    scene_call(scene, "b1")->wait_until = SCENE_NOW + 120;
}

static struct outcome limits_the_fourth(struct scene *scene, const struct scene_sent *sent, size_t nth)
{
    (void)sent;
    (void)nth;
    struct outcome outcome = scene_outcome(scene->sent_count < 3 ? OUTCOME_ACCEPTED : OUTCOME_RATE_LIMITED);
    outcome.wait_sec = scene->sent_count < 3 ? 0 : 60;
    return outcome;
}

static void rate_limit(struct scene *scene)
{
    scene_add_many(scene, "a", 3, SCENE_NOW - 50, 0);
    scene_add_many(scene, "b", 4, SCENE_NOW - 40, 5);
    scene->answer = limits_the_fourth;
}

/* The API accepts one call of the first batch, and then is down. */
static struct outcome goes_down(struct scene *scene, const struct scene_sent *sent, size_t nth)
{
    (void)sent;
    (void)nth;
    return scene_outcome(scene->sent_count == 0 ? OUTCOME_ACCEPTED : OUTCOME_RETRY);
}

static void outage(struct scene *scene)
{
    scene_add_many(scene, "a", 4, SCENE_NOW - 50, 0);
    scene_add_many(scene, "b", 6, SCENE_NOW - 40, 5);
    scene->answer = goes_down;
}

static struct outcome refuses_one(struct scene *scene, const struct scene_sent *sent, size_t nth)
{
    (void)scene;
    return scene_outcome(nth < 2 && strcmp(sent->id, "a0") == 0 ? OUTCOME_RETRY : OUTCOME_ACCEPTED);
}

/* A single call failed. Only another call can show whether the call or the API is at fault. */
static void doubtful_call(struct scene *scene)
{
    scene_add_many(scene, "a", 1, SCENE_NOW - 50, 0);
    scene->answer = refuses_one;
    scene_run(scene);
    scene_pass(scene, 60);
    scene_add_many(scene, "b", 3, SCENE_NOW, 0);
}

/* Most calls of an outage are archived, and some more while the crash is mended. */
static void archived_rows(struct scene *scene)
{
    scene->settings.backfill_rate = 1000;
    scene_add_many(scene, "a", 2, SCENE_NOW - 500, 5);
    scene_run(scene);
    scene_pass(scene, 3 * 86400);
    scene_add_many(scene, "b", 5, SCENE_NOW + 60, 7200);
    scene_add_many(scene, "c", 3, SCENE_NOW + 2 * 86400, 7200);
    scene_add_many(scene, "d", 2, SCENE_NOW + 3 * 86400 - 60, 5);
    for (size_t i = 0; i < 7; i++)
        scene->calls.archived[i] = true;
}

static void archived_rows_by_begin(struct scene *scene)
{
    scene->calls.shows_open = true;
    archived_rows(scene);
    for (size_t i = 0; i < scene->calls.count; i++)
        scene->calls.calls[i].began = scene->calls.calls[i].started;
}

static void archive_more(struct scene *scene)
{
    scene_archive(scene, "c0");
    scene_archive(scene, "c1");
}

/* The API works again before the next run. */
static void api_works(struct scene *scene)
{
    scene->answer = NULL;
}

/* The rows change back before the next run. */
static void change_back(struct scene *scene)
{
    scene_call(scene, "a1")->status = "SALE";
    scene_call(scene, "a3")->status = "SALE";
}

static const struct {
    const char *name;
    void (*prepare)(struct scene *scene);
    size_t least_steps;
    void (*after)(struct scene *scene); /* what happens after the crash */
    bool changes_back;                  /* then the changed content need not arrive */
} ways[] = {
    { "first run", first_run, 27, NULL, false },
    { "changed rows", changed_rows, 13, NULL, false },
    { "changed rows and back", changed_rows, 11, change_back, true },
    { "late rows", late_rows, 20, NULL, false },
    { "after an outage", after_an_outage, 24, NULL, false },
    { "waiting rows", waiting_rows, 13, NULL, false },
    { "rate limit", rate_limit, 20, api_works, false },
    { "outage", outage, 25, api_works, false },
    { "doubtful call", doubtful_call, 15, NULL, false },
    { "archived rows", archived_rows, 25, archive_more, false },
    { "archived rows by begin", archived_rows_by_begin, 25, archive_more, false },
};

/* ---- a crash at each step ---- */

/* Makes runs, with pauses in between, until nothing is left to do. */
static void recover(struct scene *scene)
{
    for (int run = 0; run < 4; run++) {
        scene_pass(scene, 130);
        scene_run(scene);
        unit_same_int("it recovers", scene->summary.stop, STOP_NONE);
    }
}

/* The last message of each call has the content of its row. */
static void check_last(const struct scene *scene, const char *row, const struct call *call)
{
    const char *last = "";
    for (size_t i = 0; i < scene->sent_count; i++)
        if (strcmp(scene->sent[i].id, call->id) == 0 && scene->sent[i].accepted)
            last = scene->sent[i].status;
    unit_same_text(row, last, call->status);
}

static void check_all_arrived(struct scene *scene, const char *row, bool once)
{
    for (size_t i = 0; i < scene->calls.count; i++) {
        const struct call *call = &scene->calls.calls[i];
        check_last(scene, row, call);
        if (once)
            check_arrived(scene, row, call->id, call->status);
        unit_same_int(row, scene_record(scene, call->id).state, CALL_ACCEPTED);
    }
    const struct call *last = &scene->calls.calls[scene->calls.count - 1];
    struct position file = scene_file(scene), copy = scene_place(scene, LEDGER_CHECKPOINT);
    unit_same_int(row, file.end_epoch, last->ended);
    unit_same_text(row, file.uniqueid, last->id);
    unit_same_int(row, position_compare(&file, &copy), 0);
}

static void sweep_one_way(struct scene *scene, size_t way)
{
    char row[80];
    bool ended = false;
    size_t step = 1;
    for (; !ended && step < MOST_STEPS; step += UNIT_STRIDE) {
        (void)snprintf(row, sizeof row, "%s, a crash at step %zu", ways[way].name, step);
        scene_begin_anew(scene);
        scene->calls.shows_open = false;
        ways[way].prepare(scene);
        ended = scene_run_apart(scene, step);
        check_invariant(scene, row);
        if (ways[way].after != NULL)
            ways[way].after(scene);
        recover(scene);
        check_all_arrived(scene, row, !ways[way].changes_back);
    }
    unit_true(row, ended);
    unit_true(row, step >= ways[way].least_steps); /* the scene counts the steps */
}

static void test_a_crash_at_any_step_loses_nothing(void **state)
{
    struct scene *scene = *state;
    for (size_t way = 0; way < UNIT_COUNT(ways); way++)
        sweep_one_way(scene, way);
}

static void count_run(void *context, const struct records_run *run)
{
    ++*(int64_t *)context;
    assert_int_equal(run->finished, RECORDS_UNKNOWN);
}

/* The order of durable steps: the ledger has the run before anything is sent, and outcomes before the checkpoint. */
static void test_the_run_is_noted_before_anything_is_sent(void **state)
{
    struct scene *scene = *state;
    size_t step = 1;
    for (bool ended = false; !ended && scene->sent_count == 0; step++) {
        scene_begin_anew(scene);
        first_run(scene);
        ended = scene_run_apart(scene, step);
    }
    struct err err;
    int64_t runs = 0;
    assert_int_equal(records_list_runs(scene_ledger(scene), 0, 10, count_run, &runs, &err), 0);
    assert_int_equal(runs, 1);
    assert_true(scene_file(scene).end_epoch < SCENE_NOW - 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_scene(test_a_crash_at_any_step_loses_nothing),
        in_scene(test_the_run_is_noted_before_anything_is_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
