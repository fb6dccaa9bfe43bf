/* Tests of unsent: which calls count as not sent, and what the summary says about them. */
#include "../scene.h"
#include "../unit_clock.h"

#include "engine/unsent.h"
#include "ledger/watched.h"

static struct source source;

static struct engine begin(struct scene *scene)
{
    source = memory_source_open(&scene->calls);
    return scene_engine(scene, &source, NULL);
}

static int count(struct scene *scene, struct position floor, struct err *err)
{
    struct engine engine = begin(scene);
    const struct source_range range = { .end_from = SCENE_NOW - 1000, .end_to = SCENE_NOW };
    return unsent_count(&engine, &range, &floor, err);
}

static void put(struct scene *scene, const char *id, enum call_state call_state)
{
    struct err err;
    struct ledger_entry entry = { .uniqueid = id, .record = { .state = call_state }, .end_epoch = SCENE_NOW - 9 };
    assert_int_equal(ledger_put(scene_ledger(scene), &entry, &err), 0);
}

static void test_finished_unknown_calls_after_the_checkpoint_count(void **state)
{
    struct scene *scene = *state;
    struct err err;
    (void)scene_add(scene, "before", SCENE_NOW - 1001);
    (void)scene_add(scene, "f1", SCENE_NOW - 900);
    (void)scene_add(scene, "f2", SCENE_NOW - 900); /* the floor */
    (void)scene_add(scene, "f3", SCENE_NOW - 900);
    (void)scene_add(scene, "new", SCENE_NOW - 800);
    (void)scene_add(scene, "pending", SCENE_NOW - 800);
    (void)scene_add(scene, "accepted", SCENE_NOW - 800);
    (void)scene_add(scene, "changed", SCENE_NOW - 800);
    scene_add(scene, "talking", SCENE_NOW - 800)->finality = CALL_NOT_ENDED;
    scene_add(scene, "other", SCENE_NOW - 800)->campaign = "OTHER";
    (void)scene_add(scene, "last", SCENE_NOW);
    static char other[] = "OTHER";
    scene->settings.exclude_campaigns = other;
    put(scene, "pending", CALL_PENDING);
    put(scene, "accepted", CALL_ACCEPTED);
    put(scene, "changed", CALL_ACCEPTED);
    assert_int_equal(count(scene, position_at(SCENE_NOW - 900, "f2"), &err), 0);
    assert_true(scene->summary.looked);
    assert_int_equal(scene->summary.unsent, 3);
    assert_int_equal(scene->summary.unsent_oldest, SCENE_NOW - 900);
    assert_int_equal(count(scene, position_at(SCENE_NOW, "last"), &err), 0);
    assert_true(scene->summary.looked);
    assert_int_equal(scene->summary.unsent, 0);
    assert_int_equal(scene->summary.unsent_oldest, 0);
}

/* Finds the oldest call in any order of calls. */
static void test_the_oldest_unsent_call_is_found_in_any_order(void **state)
{
    struct scene *scene = *state;
    struct err err;
    (void)memory_source_add(&scene->calls, "b", "SALE", SCENE_NOW - 500);
    (void)memory_source_add(&scene->calls, "a", "SALE", SCENE_NOW - 700);
    (void)memory_source_add(&scene->calls, "c", "SALE", SCENE_NOW - 300);
    assert_int_equal(count(scene, position_at(0, ""), &err), 0);
    assert_int_equal(scene->summary.unsent, 3);
    assert_int_equal(scene->summary.unsent_oldest, SCENE_NOW - 700);
}

static void test_counting_stops_at_a_thousand(void **state)
{
    struct scene *scene = *state;
    struct err err;
    scene_add_many(scene, "a", 1000, SCENE_NOW - 999, 0);
    scene->calls.calls[999].ended = SCENE_NOW - 1; /* in a slice that is never read */
    assert_int_equal(count(scene, position_at(0, ""), &err), 0);
    unit_in_range(scene->summary.unsent, 1, 1000); /* or the second ended earlier */
    assert_true(scene->summary.looked);
}

static void test_with_a_source_out_of_reach_the_number_is_unknown(void **state)
{
    struct scene *scene = *state;
    struct err err;
    scene->calls.fails = true;
    assert_int_equal(count(scene, position_at(0, ""), &err), -1);
    assert_false(scene->summary.looked);
}

static void test_a_ledger_that_fails_is_an_error(void **state)
{
    struct scene *scene = *state;
    struct err err;
    (void)scene_add(scene, "a", SCENE_NOW - 900);
    scene_break(scene, "watched");
    assert_int_equal(count(scene, position_at(0, ""), &err), -1);
    assert_int_equal(err.code, EX_IOERR);
    assert_false(scene->summary.looked);
}

/* Counting takes a second at most, because the dialer comes first. If no call was found by then, the number is
 * unknown. */
static void test_counting_takes_a_second_at_most(void **state)
{
    struct scene *scene = *state;
    struct err err;
    scene_add_many(scene, "a", 5, SCENE_NOW - 900, 10);
    scene->calls.slow_ms = 600;
    assert_int_equal(count(scene, position_at(0, ""), &err), 0);
    assert_int_equal(scene->summary.unsent, 2);
    assert_true(scene->summary.looked);
    put(scene, "a0", CALL_ACCEPTED);
    assert_int_equal(count(scene, position_at(0, ""), &err), 0);
    assert_int_equal(scene->summary.unsent, 1);
    assert_true(scene->summary.looked); /* at least one */
    put(scene, "a1", CALL_ACCEPTED);
    assert_int_equal(count(scene, position_at(0, ""), &err), 0);
    assert_int_equal(scene->summary.unsent, 0);
    assert_false(scene->summary.looked);
}

static void watch(struct scene *scene, const char *id)
{
    struct err err;
    const struct watched watched = { .id = id, .began = SCENE_NOW - 5000 };
    assert_int_equal(watched_add(scene_ledger(scene), &watched, &err), 0);
}

/* Their begin lies before the range, or the scan comes to them too. */
static void test_watched_calls_that_have_ended_count_once(void **state)
{
    struct scene *scene = *state;
    struct err err;
    scene->calls.shows_open = true;
    (void)scene_add(scene, "long", SCENE_NOW - 700);
    (void)scene_add(scene, "short", SCENE_NOW - 600);
    (void)scene_add(scene, "new", SCENE_NOW - 500);
    scene_add(scene, "open", SCENE_NOW - 400)->ended = 0;
    for (size_t i = 0; i < scene->calls.count; i++)
        scene->calls.calls[i].began = SCENE_NOW - (strcmp(scene->calls.calls[i].id, "long") == 0 ? 5000 : 800);
    watch(scene, "long");
    watch(scene, "short");
    watch(scene, "open");
    watch(scene, "gone");
    struct engine engine = begin(scene);
    const struct source_range range = { .end_from = SCENE_NOW - 1000, .end_to = SCENE_NOW,
                                        .call_from = SCENE_NOW - 1000, .with_open = true };
    const struct position floor = position_at(0, "");
    assert_int_equal(unsent_count(&engine, &range, &floor, &err), 0);
    assert_int_equal(scene->summary.unsent, 3);
    assert_int_equal(scene->summary.unsent_oldest, SCENE_NOW - 700);
    assert_true(scene->summary.looked);
    bool is_watched = false;
    assert_int_equal(watched_has(scene_ledger(scene), "gone", &is_watched, &err), 0);
    assert_true(is_watched); /* counting changes nothing */
    scene->calls.fails = true;
    assert_int_equal(unsent_count(&engine, &range, &floor, &err), -1);
}

/* With a share of the server's time that is used up by the watched calls, the scan does not begin. */
static void test_counting_keeps_to_the_share_of_the_servers_time(void **state)
{
    struct scene *scene = *state;
    struct err err;
    scene->calls.shows_open = true;
    scene_add_many(scene, "a", 4, SCENE_NOW - 900, 10);
    watch(scene, "a0");
    scene->calls.may_read = 1;
    const struct source_range range = { .end_from = SCENE_NOW - 1000, .end_to = SCENE_NOW, .with_open = true };
    const struct position floor = position_at(0, "");
    struct engine engine = begin(scene);
    assert_int_equal(unsent_count(&engine, &range, &floor, &err), 0);
    assert_int_equal(scene->calls.scans, 0);
    assert_int_equal(scene->summary.unsent, 1);
    assert_true(scene->summary.looked);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_scene(test_counting_takes_a_second_at_most),
        in_scene(test_finished_unknown_calls_after_the_checkpoint_count),
        in_scene(test_the_oldest_unsent_call_is_found_in_any_order),
        in_scene(test_counting_stops_at_a_thousand),
        in_scene(test_with_a_source_out_of_reach_the_number_is_unknown),
        in_scene(test_a_ledger_that_fails_is_an_error),
        in_scene(test_watched_calls_that_have_ended_count_once),
        in_scene(test_counting_keeps_to_the_share_of_the_servers_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
