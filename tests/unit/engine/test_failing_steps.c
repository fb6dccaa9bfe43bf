/* Tests of the engine's functions while one statement of the ledger fails: each function returns the error. */
#include "../scene.h"

#include "../broken_ledger.h"
#include "engine/journal.h"
#include "engine/progress.h"

#define NOW SCENE_NOW

static void set_places(struct scene *scene, int64_t copy, int64_t floor, int64_t file)
{
    struct err err;
    char text[40];
    struct position place = position_at(copy, "c");
    assert_int_equal(ledger_set_place(scene_ledger(scene), LEDGER_CHECKPOINT, &place, &err), 0);
    place = position_at(floor, "");
    assert_int_equal(ledger_set_place(scene_ledger(scene), LEDGER_FLOOR, &place, &err), 0);
    assert_int_equal(ledger_set_place(scene_ledger(scene), LEDGER_START, &place, &err), 0);
    (void)snprintf(text, sizeof text, "%lld c\n", (long long)file);
    unit_write(unit_path(scene->directory, "checkpoint"), text);
}

static void set_note(struct scene *scene, const char *name, int64_t value)
{
    struct err err;
    assert_int_equal(ledger_set_note(scene_ledger(scene), name, value, &err), 0);
}

static struct progress progress_in(struct scene *scene)
{
    return (struct progress){ .state_dir = scene->directory, .ledger = scene_ledger(scene), .legacy = "" };
}

static void first_run(struct scene *scene)
{
    (void)scene_ledger(scene);
}

/* The overlap reaches back beyond the floor, so pending calls need not be counted. */
static void set_forward(struct scene *scene)
{
    scene->settings.overlap = 1000;
    set_places(scene, NOW - 70, NOW - 900, NOW - 50);
}

static void set_back(struct scene *scene)
{
    scene->settings.overlap = 1000;
    set_places(scene, NOW - 70, NOW - 900, NOW - 1000);
}

static void rebuilt(struct scene *scene)
{
    set_places(scene, NOW - 70, NOW - 900, NOW - 70);
    set_note(scene, LEDGER_NOTE_START_OVER, 1);
}

static int load(void *context, struct err *err)
{
    struct scene *scene = context;
    struct progress progress = progress_in(scene);
    return progress_load(&progress, &scene->settings, NOW, err);
}

static int stand_by(void *context, struct err *err)
{
    struct scene *scene = context;
    struct progress progress = progress_in(scene);
    return progress_stand_by(&progress, &scene->settings, NOW, NOW - 20, err);
}

static int save(void *context, struct err *err)
{
    struct progress progress = progress_in(context);
    progress.checkpoint = position_at(NOW - 70, "c");
    return progress_save(&progress, err);
}

static int save_open(void *context, struct err *err)
{
    struct progress progress = progress_in(context);
    return progress_save_open(&progress, err);
}

static struct source source;

static int resume(void *context, struct err *err)
{
    struct scene *scene = context;
    source = memory_source_open(&scene->calls);
    struct engine engine = scene_engine(scene, &source, NULL);
    scene->calls.memory = "zones";
    return journal_resume(&engine, err);
}

static int open_journal(void *context, struct err *err)
{
    source = memory_source_open(&((struct scene *)context)->calls);
    struct engine engine = scene_engine(context, &source, NULL);
    return journal_open(&engine, "poll", err);
}

static int close_journal(void *context, struct err *err)
{
    struct scene *scene = context;
    source = memory_source_open(&scene->calls);
    struct engine engine = scene_engine(scene, &source, NULL);
    scene->summary.stop = STOP_RATE_LIMITED;
    engine.breaker.answered = true;
    engine.tally.resent = 1;
    return journal_close(&engine, err);
}

static int close_in_outage(void *context, struct err *err)
{
    struct scene *scene = context;
    source = memory_source_open(&scene->calls);
    struct engine engine = scene_engine(scene, &source, NULL);
    scene->summary.stop = STOP_OUTAGE;
    return journal_close(&engine, err);
}

static int note_failed_run(void *context, struct err *err)
{
    struct scene *scene = context;
    scene->summary = (struct summary){ .stop = STOP_FAILED };
    return journal_failed(scene_ledger(scene), &scene->summary, 5, err);
}

static void (*prepare)(struct scene *scene);

static void again(void *context)
{
    scene_begin_anew(context);
    prepare(context);
}

static void test_each_function_returns_the_error_of_the_ledger(void **state)
{
    static const struct {
        const char *name;
        void (*prepare)(struct scene *scene);
        broken_ledger_act *act;
        size_t least; /* the least number of statements in the function */
    } rows[] = {
        { "load, set forward", set_forward, load, 11 },
        { "load, set back", set_back, load, 13 },
        { "load, rebuilt", rebuilt, load, 10 },
        { "stand by", set_back, stand_by, 21 },
        { "save", first_run, save, 5 },
        { "save the oldest open call", first_run, save_open, 1 },
        { "resume", first_run, resume, 6 },
        { "open the journal", first_run, open_journal, 3 },
        { "close the journal", first_run, close_journal, 10 },
        { "close it in an outage", first_run, close_in_outage, 8 },
        { "note a run that failed", first_run, note_failed_run, 8 },
    };
    struct scene *scene = *state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        prepare = rows[i].prepare;
        again(scene);
        unit_true(rows[i].name, broken_ledger_sweep(rows[i].name, rows[i].act, again, scene) >= rows[i].least);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { in_scene(test_each_function_returns_the_error_of_the_ledger) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
