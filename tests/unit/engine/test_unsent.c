/* Tests of unsent: which calls count as not sent, and what is known of them. */
#include "../scene.h"
#include "../unit_clock.h"

#include "engine/unsent.h"

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

static void test_which_calls_count(void **state)
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

/* The oldest, whatever the order in which they come. */
static void test_the_oldest(void **state)
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

static void test_a_thousand_are_enough(void **state)
{
    struct scene *scene = *state;
    struct err err;
    scene_add_many(scene, "a", 1000, SCENE_NOW - 999, 0);
    scene->calls.calls[999].ended = SCENE_NOW - 1; /* a slice that is never asked for */
    assert_int_equal(count(scene, position_at(0, ""), &err), 0);
    unit_in_range(scene->summary.unsent, 1, 1000); /* or the second was over before */
    assert_true(scene->summary.looked);
}

static void test_a_source_out_of_reach_says_nothing(void **state)
{
    struct scene *scene = *state;
    struct err err;
    scene->calls.fails = true;
    assert_int_equal(count(scene, position_at(0, ""), &err), -1);
    assert_false(scene->summary.looked);
}

/* It counts for a second: the dialer comes first. Where no call was found until then the number is not known. */
static void test_it_takes_a_second_at_most(void **state)
{
    struct scene *scene = *state;
    struct err err;
    scene_add_many(scene, "a", 5, SCENE_NOW - 900, 10);
    scene->calls.slow_ms = 600;
    assert_int_equal(count(scene, position_at(0, ""), &err), 0);
    assert_int_equal(scene->summary.unsent, 2);
    assert_true(scene->summary.looked);
    put(scene, "a0", CALL_ACCEPTED);
    put(scene, "a1", CALL_ACCEPTED);
    assert_int_equal(count(scene, position_at(0, ""), &err), 0);
    assert_int_equal(scene->summary.unsent, 0);
    assert_false(scene->summary.looked);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_scene(test_it_takes_a_second_at_most),
        in_scene(test_which_calls_count),
        in_scene(test_the_oldest),
        in_scene(test_a_thousand_are_enough),
        in_scene(test_a_source_out_of_reach_says_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
