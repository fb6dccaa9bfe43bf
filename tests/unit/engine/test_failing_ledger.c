/* Tests of runs with a ledger that cannot be read or written. */
#include "../scene.h"

#include "engine/backlog.h"
#include "engine/unsent.h"

/* A run sends nothing if it cannot note itself or cannot look a call up. The checkpoint does not pass a call that could
 * not be recorded. */
static void test_a_failing_ledger_stops_the_run(void **state)
{
    static const struct {
        const char *table;
        size_t sent;
    } rows[] = { { "call", 0 }, { "note", 0 }, { "run", 0 }, { "counter", 4 } };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct scene *scene = *state;
        scene_run(scene);
        scene_add_many(scene, "a", 4, SCENE_NOW - 100, 10);
        scene_break(scene, rows[i].table);
        scene_run(scene);
        unit_same_int(rows[i].table, scene->sent_count, rows[i].sent);
        unit_same_int(rows[i].table, scene->summary.stop, STOP_FAILED);
        unit_same_int(rows[i].table, summary_exit_code(&scene->summary), EX_IOERR);
        if (rows[i].sent == 0)
            unit_same_int(rows[i].table, scene_file(scene).end_epoch, SCENE_NOW - 600);
        if (i + 1 < UNIT_COUNT(rows)) {
            assert_int_equal(scene_leave(state), 0);
            assert_int_equal(scene_enter(state), 0);
        }
    }
}

static void test_each_function_that_reads_the_ledger_returns_the_error(void **state)
{
    struct scene *scene = *state;
    struct err err;
    struct source source = memory_source_open(&scene->calls);
    struct work list = { .count = 0 };
    size_t count = 0;
    const struct source_range range = { .end_from = 0, .end_to = SCENE_NOW };
    const struct position floor = position_at(0, "");
    (void)scene_add(scene, "a", SCENE_NOW - 5000);
    scene_break(scene, "call");
    for (int64_t rate = 0; rate <= 10; rate += 10) {
        struct engine engine = scene_engine(scene, &source, NULL);
        struct backlog backlog = backlog_start(&engine, rate);
        assert_int_equal(backlog_due(&backlog, &list, &count, &err), -1);
        assert_int_equal(backlog_send(&backlog, INT64_MAX, &err), rate == 0 ? 0 : -1);
        engine.breaker.must_probe = true;
        assert_int_equal(backlog_due(&backlog, &list, &count, &err), -1);
        assert_int_equal(unsent_count(&engine, &range, &floor, &err), -1);
        assert_int_equal(err.code, EX_IOERR);
    }
    work_clear(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_scene(test_a_failing_ledger_stops_the_run),
        in_scene(test_each_function_that_reads_the_ledger_returns_the_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
