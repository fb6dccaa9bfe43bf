/* Tests of what runs forget: calls that no scan reads again, rejected ones never sooner than accepted ones. */
#include "../scene.h"

#include <time.h>

static const struct scene *timed;

/* Stands in for the C library's: this host's clock is the source's. */
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

/* Days later: a new call takes the checkpoint with it. */
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

/* One call is accepted and one rejected; then two days pass, and two more. */
static void test_how_long_each_is_remembered(void **state)
{
    static const struct {
        const char *name;
        int64_t days, rejected_days, spread_days;
        enum call_state after_two[2], after_four[2]; /* of the accepted one and of the rejected one */
    } rows[] = {
        { "rejected ones longer", 1, 3, 0, { CALL_UNKNOWN, CALL_REJECTED }, { CALL_UNKNOWN, CALL_UNKNOWN } },
        { "rejected ones never sooner", 3, 1, 0, { CALL_ACCEPTED, CALL_REJECTED }, { CALL_UNKNOWN, CALL_UNKNOWN } },
        { "both the same", 1, 1, 0, { CALL_UNKNOWN, CALL_UNKNOWN }, { CALL_UNKNOWN, CALL_UNKNOWN } },
        { "both for long", 9, 9, 0, { CALL_ACCEPTED, CALL_REJECTED }, { CALL_ACCEPTED, CALL_REJECTED } },
        /* Where rows may be written in other time zones a scan reads further back. */
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

int main(void)
{
    const struct CMUnitTest tests[] = { in_scene(test_how_long_each_is_remembered) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
