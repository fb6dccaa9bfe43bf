/* Tests of walk: what becomes of what a stretch of calls holds, and how far the walk says that all is settled. */
#include "../scene.h"

#include "engine/walk.h"

/* A walk under way, and what it told. */
struct going {
    struct scene *scene;
    struct source source;
    struct sink sink;
    struct memory_sink memory;
    struct engine engine;
    struct walk walk;
    int64_t found;
    char reached[600]; /* "END ID, ": ends after SCENE_NOW - 1000 */
    char judged[400];  /* "ID+ ID- ": in scope or not */
    int fails_at;      /* on_reached fails then, counted from 1 */
    int told;
};

static int on_reached(void *context, const struct position *reached, struct err *err)
{
    struct going *going = context;
    size_t used = strlen(going->reached);
    (void)snprintf(going->reached + used, sizeof going->reached - used, "%s%lld %s", used > 0 ? ", " : "",
                   (long long)(reached->end_epoch - SCENE_NOW + 1000), reached->uniqueid);
    return ++going->told == going->fails_at ? err_set(err, EX_SOFTWARE, "no further") : 0;
}

static void on_judged(void *context, const struct call *call, const struct call_record *record,
                      const struct decision *decision, bool in_scope)
{
    struct going *going = context;
    size_t used = strlen(going->judged);
    (void)snprintf(going->judged + used, sizeof going->judged - used, "%s%s%d%d ", call->id, in_scope ? "+" : "-",
                   (int)record->state, (int)decision->kind);
}

static bool is_others(void *context, const struct call *call)
{
    (void)context;
    return strncmp(call->id, "other", 5) == 0;
}

static struct going *set_out(struct scene *scene)
{
    static struct going going;
    going = (struct going){ .scene = scene, .source = memory_source_open(&scene->calls) };
    going.sink = scene_sink(scene, &going.memory);
    going.engine = scene_engine(scene, &going.source, &going.sink);
    going.walk = (struct walk){ .engine = &going.engine,
                                .range = { .end_from = SCENE_NOW - 1000, .end_to = SCENE_NOW, .whole_rows = true },
                                .on_reached = on_reached,
                                .context = &going };
    return &going;
}

static int go(struct going *going, struct err *err)
{
    int result = walk_run(&going->walk, &going->found, err);
    if (result == 0)
        result = engine_commit(&going->engine, err);
    memory_sink_free(&going->memory);
    return result;
}

/* A walk that comes to its end: what it sent, and what it said of how far it had come. */
static void check_walk(struct going *going, const char *row, const char *ids, const char *reached)
{
    struct err err;
    size_t before = going->scene->sent_count;
    unit_same_int(row, go(going, &err), 0);
    unit_same_text(row, scene_ids(going->scene, before), ids);
    unit_same_text(row, going->reached, reached);
}

static void test_it_sends_in_batches_and_says_how_far_it_is(void **state)
{
    struct scene *scene = *state;
    scene_add_many(scene, "a", 7, SCENE_NOW - 900, 10);
    struct going *going = set_out(scene);
    check_walk(going, "sent", "a0 a1 a2 a3 a4 a5 a6", "120 , 150 , 160 a6");
    assert_int_equal(going->found, 7);
    assert_int_equal(scene->calls.fetched, 0);
    going = set_out(scene);
    check_walk(going, "nothing new: each slice is told of", "",
               "100 , 110 , 120 , 130 , 140 , 150 , 160 , 160 a6, 160 a6");
    assert_int_equal(going->found, 0);
}

/* Where no row was seen, a place before all calls is told of: nothing goes on. */
static void test_an_empty_stretch(void **state)
{
    struct going *going = set_out(*state);
    check_walk(going, "empty", "", "-1729770200 , -1729770200 ");
}

static void test_ties_are_not_passed_before_the_last_of_them(void **state)
{
    struct scene *scene = *state;
    scene_add_many(scene, "a", 5, SCENE_NOW - 900, 0);
    check_walk(set_out(scene), "ties", "a0 a1 a2 a3 a4", "100 , 100 a4");
}

static void test_the_floor(void **state)
{
    struct scene *scene = *state;
    scene_add_many(scene, "a", 4, SCENE_NOW - 900, 0);
    struct going *going = set_out(scene);
    going->walk.floor = position_at(SCENE_NOW - 900, "a1");
    going->walk.on_judged = on_judged;
    check_walk(going, "the floor", "a2 a3", "100 , 100 , 100 a3");
    assert_string_equal(going->judged, "a0-00 a1-00 a2+00 a3+00 ");
    assert_int_equal(scene_record(scene, "a1").state, CALL_UNKNOWN);
}

static void test_what_belongs_elsewhere_is_left(void **state)
{
    struct scene *scene = *state;
    scene_add_many(scene, "a", 1, SCENE_NOW - 900, 0);
    scene_add_many(scene, "other", 1, SCENE_NOW - 890, 0);
    struct going *going = set_out(scene);
    going->walk.is_left_out = is_others;
    going->walk.on_judged = on_judged;
    check_walk(going, "elsewhere", "a0", "110 other0");
    assert_string_equal(going->judged, "a0+00 ");
}

static void test_duties(void **state)
{
    static const struct {
        const char *name;
        enum walk_duty duty;
        int64_t note_before;
        bool at_once;
        const char *ids;
        enum call_state states[3];
        int64_t found;
    } rows[] = {
        { "send", WALK_SEND, 0, false, "a0 a1 a2", { CALL_ACCEPTED, CALL_ACCEPTED, CALL_ACCEPTED }, 3 },
        { "note", WALK_NOTE, 0, false, "", { CALL_PENDING, CALL_PENDING, CALL_PENDING }, 3 },
        { "note, at once", WALK_NOTE, 0, true, "a0 a1 a2", { CALL_ACCEPTED, CALL_ACCEPTED, CALL_ACCEPTED }, 3 },
        { "look", WALK_LOOK, 0, false, "", { CALL_UNKNOWN, CALL_UNKNOWN, CALL_UNKNOWN }, 3 },
        { "old ones", WALK_SEND, SCENE_NOW - 890, false, "a1 a2", { CALL_PENDING, CALL_ACCEPTED, CALL_ACCEPTED }, 3 },
        { "one more", WALK_SEND, SCENE_NOW - 889, false, "a2", { CALL_PENDING, CALL_PENDING, CALL_ACCEPTED }, 3 },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct scene *scene = NULL;
        assert_int_equal(i == 0 ? 0 : scene_enter(state), 0);
        scene = *state;
        scene_add_many(scene, "a", 3, SCENE_NOW - 900, 10);
        scene_add(scene, "w", SCENE_NOW - 800)->finality = CALL_NOT_FINAL;
        scene_call(scene, "w")->wait_until = SCENE_NOW + 1000;
        struct going *going = set_out(scene);
        going->walk.duty = rows[i].duty;
        going->walk.note_before = rows[i].note_before;
        going->engine.terms.sends_at_once = rows[i].at_once;
        struct err err;
        assert_int_equal(go(going, &err), 0);
        unit_same_text(rows[i].name, scene_ids(scene, 0), rows[i].ids);
        unit_same_int(rows[i].name, going->found, rows[i].found);
        unit_same_int(rows[i].name, going->engine.summary->waiting, 1);
        unit_same_int(rows[i].name, scene_record(scene, "w").state,
                      rows[i].duty == WALK_LOOK ? CALL_UNKNOWN : CALL_WAITING);
        for (size_t k = 0; k < 3; k++)
            unit_same_int(rows[i].name, scene_record(scene, k == 0 ? "a0" : k == 1 ? "a1" : "a2").state,
                          rows[i].states[k]);
        if (i + 1 < UNIT_COUNT(rows))
            assert_int_equal(scene_leave(state), 0);
    }
}

/* What is noted is due at once, and is no business of a later walk. */
static void test_what_is_noted_is_due(void **state)
{
    struct scene *scene = *state;
    struct err err;
    struct work due = { .count = 0 };
    struct ledger_stretch all = { .after = position_at(0, ""), .ended_before = INT64_MAX };
    size_t count = 0;
    scene_add_many(scene, "a", 2, SCENE_NOW - 900, 10);
    struct going *going = set_out(scene);
    going->walk.duty = WALK_NOTE;
    check_walk(going, "noted", "", "100 , 110 , 110 a1, 110 a1");
    assert_int_equal(revisit_all(&going->engine, &all, &due, &count, &err), 0);
    assert_int_equal(due.count, 2);
    work_clear(&due);
    check_walk(set_out(scene), "a later walk", "", "100 , 110 , 110 a1, 110 a1");
    assert_int_equal(scene_record(scene, "a0").state, CALL_PENDING);
}

static void test_first_goes_with_the_first_batch(void **state)
{
    struct scene *scene = *state;
    struct work first = { .count = 0 };
    scene_add_many(scene, "a", 4, SCENE_NOW - 900, 10);
    (void)scene_add(scene, "x", SCENE_NOW - 2000);
    struct going *going = set_out(scene);
    scene_revisit(&going->engine, &first, "x", SCENE_NOW - 2000);
    first.items[0]->recorded = true;
    going->walk.first = &first;
    check_walk(going, "first", "x a0 a1 a2 a3", "110 , 130 a3");
    assert_int_equal(first.count, 0);
    assert_int_equal(going->found, 4);
}

static void test_its_time(void **state)
{
    struct scene *scene = *state;
    scene_add_many(scene, "a", 7, SCENE_NOW - 900, 10);
    struct going *going = set_out(scene);
    going->walk.until_ms = 1;
    check_walk(going, "over", "", "");
    going = set_out(scene);
    going->walk.until_ms = clock_mono_ms() + 60000;
    check_walk(going, "not over", "a0 a1 a2 a3 a4 a5 a6", "120 , 150 , 160 a6");
}

static struct outcome takes_two(struct scene *scene, const struct scene_sent *sent, size_t nth)
{
    (void)sent;
    (void)nth;
    return scene_outcome(scene->sent_count < 2 ? OUTCOME_ACCEPTED : OUTCOME_RATE_LIMITED);
}

static struct outcome takes_none(struct scene *scene, const struct scene_sent *sent, size_t nth)
{
    (void)scene;
    (void)sent;
    (void)nth;
    return scene_outcome(OUTCOME_RATE_LIMITED);
}

static void test_a_stop_in_a_batch(void **state)
{
    struct scene *scene = *state;
    scene_add_many(scene, "a", 7, SCENE_NOW - 900, 10);
    scene->answer = takes_none;
    check_walk(set_out(scene), "nothing was settled: nobody is told", "a0", "");
    scene->sent_count = 0;
    scene->answer = takes_two;
    check_walk(set_out(scene), "up to the first that is open", "a0 a1 a2", "120 ");
}

static void test_what_fails_ends_it(void **state)
{
    struct scene *scene = *state;
    struct err err;
    scene_add_many(scene, "a", 7, SCENE_NOW - 900, 10);
    struct going *going = set_out(scene);
    going->fails_at = 1;
    assert_int_equal(go(going, &err), -1);
    assert_string_equal(err.message, "no further");
    assert_string_equal(scene_ids(scene, 0), "a0 a1 a2");
    scene->calls.fails = true;
    going = set_out(scene);
    assert_int_equal(go(going, &err), -1);
    assert_int_equal(err.code, EX_UNAVAILABLE);
    assert_string_equal(going->reached, "");
}

static void test_the_log_tells_of_each_find_once(void **state)
{
    struct scene *scene = *state;
    scene_add_many(scene, "a", 4, SCENE_NOW - 900, 10);
    check_walk(set_out(scene), "sent", "a0 a1 a2 a3", "120 , 130 a3");
    scene_check_log(scene, "first batch", "Found 3 ");
    scene_check_log(scene, "second batch", "Found 1 ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_scene(test_it_sends_in_batches_and_says_how_far_it_is),
        in_scene(test_an_empty_stretch),
        in_scene(test_ties_are_not_passed_before_the_last_of_them),
        in_scene(test_the_floor),
        in_scene(test_what_belongs_elsewhere_is_left),
        in_scene(test_duties),
        in_scene(test_what_is_noted_is_due),
        in_scene(test_first_goes_with_the_first_batch),
        in_scene(test_its_time),
        in_scene(test_a_stop_in_a_batch),
        in_scene(test_what_fails_ends_it),
        in_scene(test_the_log_tells_of_each_find_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
