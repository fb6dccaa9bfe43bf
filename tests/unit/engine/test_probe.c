/* Tests of probe: which call shows after an outage whether the API works again. */
#include "../scene.h"

#include "engine/probe.h"

#define NOW SCENE_NOW

/* Returns the id of the picked call, out of the calls that ended at NOW - back or later; "": none. */
static const char *pick_of(struct scene *scene, int64_t run, int64_t back, const struct position *floor)
{
    static char id[32];
    struct err err;
    struct source source = memory_source_open(&scene->calls);
    struct engine engine = scene_engine(scene, &source, NULL);
    struct work work = { .count = 0 };
    const struct source_range range = { .end_from = NOW - back, .end_to = NOW };
    engine.run = run;
    if (probe_pick(&engine, &range, floor, &work, &err) != 0)
        fail_msg("%s", err.message);
    assert_true(work.count <= 1);
    assert_true(work.count == 0 || work_first_open(&work) != NULL); /* picking does not change the ledger */
    (void)snprintf(id, sizeof id, "%s", work.count > 0 ? work.items[0]->call->id : "");
    work_clear(&work);
    return id;
}

static void test_only_a_call_after_the_floor_is_picked(void **state)
{
    struct scene *scene = *state;
    const struct position floor = position_at(NOW - 100, "b");
    (void)scene_add(scene, "a", NOW - 100);
    (void)scene_add(scene, "b", NOW - 100); /* the call at the floor has been handled */
    assert_string_equal(pick_of(scene, 1, 500, &floor), "");
    (void)scene_add(scene, "c", NOW - 100);
    assert_string_equal(pick_of(scene, 1, 500, &floor), "c");
}

/* The search begins with the latest calls, and goes back to the first second of the range. */
static void test_the_latest_calls_are_searched_first(void **state)
{
    static const int64_t backs[] = { 0, 599, 600, 601, 602, 3000, 3001, 3002, 9000 };
    struct scene *scene = *state;
    const struct position floor = position_at(0, "");
    for (size_t i = 0; i < UNIT_COUNT(backs); i++) {
        scene->calls.count = 0;
        (void)scene_add(scene, "first", NOW - backs[i]);
        unit_same_text("in the first second", pick_of(scene, 1, backs[i], &floor), "first");
        if (backs[i] > 0)
            unit_same_text("before it", pick_of(scene, 1, backs[i] - 1, &floor), "");
        if (backs[i] > 600) {
            (void)scene_add(scene, "late", NOW - 600);
            unit_same_text("the latest", pick_of(scene, 1, backs[i], &floor), "late");
        }
    }
}

static void test_a_known_call_or_a_call_not_to_be_sent_is_no_probe(void **state)
{
    struct scene *scene = *state;
    struct err err;
    const struct position floor = position_at(0, "");
    const struct ledger_entry entry = { .uniqueid = "known", .record = { .state = CALL_PENDING },
                                        .end_epoch = NOW - 50 };
    (void)scene_add(scene, "known", NOW - 50);
    struct call *waits = scene_add(scene, "waits", NOW - 40);
    waits->finality = CALL_NOT_FINAL;
    waits->wait_until = NOW + 100;
    assert_int_equal(ledger_put(scene_ledger(scene), &entry, &err), 0);
    assert_string_equal(pick_of(scene, 1, 500, &floor), "");
    (void)scene_add(scene, "free", NOW - 30);
    assert_string_equal(pick_of(scene, 1, 500, &floor), "free");
}

/* All calls are equally likely, and each run picks again. */
static void test_any_call_may_be_picked(void **state)
{
    enum { CALLS = 5, RUNS = 200 };
    struct scene *scene = *state;
    size_t counts[CALLS] = { 0 };
    const struct position floor = position_at(0, "");
    scene_add_many(scene, "a", CALLS, NOW - 100, 1);
    for (int64_t run = 1; run <= RUNS; run++)
        counts[atoi(pick_of(scene, run, 500, &floor) + 1)]++;
    for (size_t i = 0; i < CALLS; i++)
        unit_in_range(counts[i], RUNS / CALLS / 3, RUNS / CALLS * 3);
}

static void test_an_error_of_source_or_ledger_is_returned(void **state)
{
    struct scene *scene = *state;
    struct err err;
    struct work work = { .count = 0 };
    const struct position floor = position_at(0, "");
    const struct source_range range = { .end_from = NOW - 500, .end_to = NOW };
    struct source source = memory_source_open(&scene->calls);
    (void)scene_add(scene, "a", NOW - 100);
    struct engine engine = scene_engine(scene, &source, NULL);
    scene->calls.fails = true;
    assert_int_equal(probe_pick(&engine, &range, &floor, &work, &err), -1);
    assert_int_equal(err.code, EX_UNAVAILABLE);
    scene->calls.fails = false;
    scene_break(scene, "call");
    engine = scene_engine(scene, &source, NULL);
    assert_int_equal(probe_pick(&engine, &range, &floor, &work, &err), -1);
    assert_int_equal(err.code, EX_IOERR);
    work_clear(&work);
}

/* In an outage every other run picks a call, and there are more calls each time. */
static void test_few_calls_are_read(void **state)
{
    struct scene *scene = *state;
    const struct position floor = position_at(0, "");
    scene->settings.poll_window = 7200;
    scene_add_many(scene, "late", 900, NOW - 300, 0);
    for (size_t i = 0; i < 300; i++)
        scene->calls.calls[i].age = 7000; /* a call of two hours */
    assert_string_not_equal(pick_of(scene, 1, 9000, &floor), "");
    assert_int_equal(scene->calls.read, 500);
    scene->calls.may_read = 20;
    assert_string_not_equal(pick_of(scene, 1, 9000, &floor), "");
    assert_int_equal(scene->calls.read, 20);
    scene->calls.may_read = 0;
    scene->calls.count = 300; /* long calls only */
    assert_string_not_equal(pick_of(scene, 1, 9000, &floor), "");
    assert_int_equal(scene->calls.read, 300);
}

/* Each scan but the last passes over calls that began long before: the last one reads those too. */
static void test_long_calls_are_searched_last(void **state)
{
    struct scene *scene = *state;
    const struct position floor = position_at(0, "");
    scene->settings.poll_window = 7200;
    assert_string_equal(pick_of(scene, 1, 3000, &floor), "");
    assert_int_equal(scene->calls.scans, 3);
    static const int64_t backs[] = { 600, 2400, 3000 }, longest[] = { 120, 120, 7200 };
    for (size_t i = 0; i < UNIT_COUNT(backs); i++) {
        unit_same_int("from", scene->calls.ranges[i].end_from, NOW - backs[i]);
        unit_same_int("to", scene->calls.ranges[i].end_to, NOW);
        unit_same_int("begun since", scene->calls.ranges[i].call_from, NOW - backs[i] - longest[i]);
    }
}

static void test_a_range_of_one_second_is_searched(void **state)
{
    struct scene *scene = *state;
    const struct position floor = position_at(0, "");
    assert_string_equal(pick_of(scene, 1, 0, &floor), "");
    assert_int_equal(scene->calls.scans, 1);
    assert_string_equal(pick_of(scene, 1, -1, &floor), "");
    assert_int_equal(scene->calls.scans, 1);
}

/* No call was found, but the run may not read further. */
static void test_the_search_ends_with_the_share_of_the_servers_time(void **state)
{
    struct scene *scene = *state;
    struct err err;
    const struct position floor = position_at(0, "");
    const struct ledger_entry entry = { .uniqueid = "known", .record = { .state = CALL_PENDING },
                                        .end_epoch = NOW - 50 };
    (void)scene_add(scene, "known", NOW - 50);
    (void)scene_add(scene, "free", NOW - 30);
    assert_int_equal(ledger_put(scene_ledger(scene), &entry, &err), 0);
    scene->calls.may_read = 1;
    assert_string_equal(pick_of(scene, 1, 9000, &floor), "");
    assert_int_equal(scene->calls.scans, 1);
    assert_int_equal(scene->calls.read, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_scene(test_only_a_call_after_the_floor_is_picked),
        in_scene(test_the_latest_calls_are_searched_first),
        in_scene(test_a_known_call_or_a_call_not_to_be_sent_is_no_probe),
        in_scene(test_any_call_may_be_picked),
        in_scene(test_an_error_of_source_or_ledger_is_returned),
        in_scene(test_few_calls_are_read),
        in_scene(test_long_calls_are_searched_last),
        in_scene(test_a_range_of_one_second_is_searched),
        in_scene(test_the_search_ends_with_the_share_of_the_servers_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
