/* Tests of walk: what it does with the calls of a range, and how far it reports that all calls are settled. */
#include "../scene.h"

#include "../broken_ledger.h"
#include "engine/walk.h"
#include "engine/watch.h"
#include "ledger/watched.h"

/* A walk, and what its callbacks reported. */
struct going {
    struct scene *scene;
    struct source source;
    struct sink sink;
    struct memory_sink memory;
    struct engine engine;
    struct walk walk;
    int64_t found;
    char reached[600]; /* "END ID, ": ends after SCENE_NOW - 1000 */
    int64_t began_before; /* as on_reached last reported it */
    char judged[400];  /* "ID+ ID- ": in scope or not */
    int fails_at;      /* on_reached fails at call number fails_at, counted from 1 */
    int told;
};

static int on_reached(void *context, const struct walk_reached *reached, struct err *err)
{
    struct going *going = context;
    size_t used = strlen(going->reached);
    (void)snprintf(going->reached + used, sizeof going->reached - used, "%s%lld %s", used > 0 ? ", " : "",
                   (long long)(reached->position.end_epoch - SCENE_NOW + 1000), reached->position.uniqueid);
    going->began_before = reached->began_before;
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

/* Checks a walk that comes to its end: the calls that it sent, and the places that it reported. */
static void check_walk(struct going *going, const char *row, const char *ids, const char *reached)
{
    struct err err;
    size_t before = going->scene->sent_count;
    unit_same_int(row, go(going, &err), 0);
    unit_same_text(row, scene_ids(going->scene, before), ids);
    unit_same_text(row, going->reached, reached);
}

static void test_a_walk_sends_in_batches_and_reports_its_progress(void **state)
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

/* If the walk saw no row, it reports a place before all calls. */
static void test_an_empty_range_reports_its_end(void **state)
{
    struct going *going = set_out(*state);
    check_walk(going, "empty", "", "-1729770200 , -1729770200 ");
}

static void test_calls_of_one_second_are_passed_together(void **state)
{
    struct scene *scene = *state;
    scene_add_many(scene, "a", 5, SCENE_NOW - 900, 0);
    check_walk(set_out(scene), "ties", "a0 a1 a2 a3 a4", "100 , 100 a4");
}

static void test_calls_up_to_the_floor_are_left_out(void **state)
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

static void test_calls_of_another_walk_are_left_out(void **state)
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

static void test_each_duty_sends_notes_or_only_looks(void **state)
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
        scene_add(scene, "w", SCENE_NOW - 895)->finality = CALL_NOT_FINAL;
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

/* A noted call is due at once, and a later walk leaves it alone. */
static void test_a_noted_call_is_due_at_once(void **state)
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

static void test_the_first_calls_are_sent_with_the_first_batch(void **state)
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

static void test_a_walk_ends_in_time(void **state)
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

static void test_a_walk_that_used_up_the_source_s_time_sends_what_it_read(void **state)
{
    struct scene *scene = *state;
    scene_add_many(scene, "a", 7, SCENE_NOW - 900, 10);
    scene->calls.may_read = 2;
    struct going *going = set_out(scene);
    check_walk(going, "used up", "a0 a1", "110 ");
    assert_int_equal(scene->summary.stop, STOP_OUT_OF_TIME);
    unit_same_text("used up", scene->summary.message, "this run has used its share of the memory's time "
                   "(max_server_time); the next run continues from here");
}

static void test_a_walk_passes_its_start_on_a_slow_source_too(void **state)
{
    struct scene *scene = *state;
    scene_add_many(scene, "a", 7, SCENE_NOW - 900, 10);
    scene->calls.may_read = 1;
    struct going *going = set_out(scene);
    going->walk.must_pass = SCENE_NOW - 900 + 30;
    check_walk(going, "passed", "a0 a1 a2 a3 a4", "120 , 140 ");
    assert_int_equal(scene->summary.stop, STOP_OUT_OF_TIME);
}

static void test_a_spare_walk_ends_without_a_stop_of_the_run(void **state)
{
    struct scene *scene = *state;
    scene_add_many(scene, "a", 7, SCENE_NOW - 900, 10);
    scene->calls.may_read = 4;
    struct going *going = set_out(scene);
    going->walk.is_spare = true;
    check_walk(going, "spare", "a0 a1 a2 a3", "120 , 130 ");
    assert_int_equal(scene->summary.stop, STOP_NONE);
}

static struct going *set_out_again(struct scene *scene)
{
    scene->summary = (struct summary){ .stop = STOP_NONE };
    return set_out(scene);
}

static void test_walks_with_a_limit_find_so_many_new_calls_each_and_leave_no_gap(void **state)
{
    struct scene *scene = *state;
    scene_add_many(scene, "a", 7, SCENE_NOW - 900, 10);
    scene->calls.most_found = 3;
    struct going *going = set_out(scene);
    check_walk(going, "the first", "a0 a1 a2", "120 ");
    assert_int_equal(scene->summary.stop, STOP_OUT_OF_TIME);
    unit_same_text("the first", scene->summary.message,
                   "this run has found as many new calls as limit allows; the next run continues from here");
    check_walk(set_out_again(scene), "the second", "a3 a4 a5", "100 , 110 , 120 , 150 ");
    check_walk(set_out_again(scene), "the last", "a6", "100 , 110 , 120 , 130 , 140 , 150 , 160 a6");
    assert_int_equal(scene->summary.stop, STOP_NONE);
}

static void test_a_limit_of_new_calls_counts_those_of_the_run_and_keeps_no_look(void **state)
{
    struct scene *scene = *state;
    scene_add_many(scene, "a", 7, SCENE_NOW - 900, 10);
    scene->calls.most_found = 5;
    struct going *going = set_out(scene);
    scene->summary.found = 4; /* of an earlier walk */
    check_walk(going, "one is left", "a0", "");
    going = set_out_again(scene);
    going->walk.duty = WALK_LOOK;
    check_walk(going, "a look", "", "100 , 110 , 120 , 130 , 140 , 150 , 160 , 160 a6, 160 a6");
    assert_int_equal(going->found, 6);
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

static void test_a_stop_in_a_batch_ends_the_walk(void **state)
{
    struct scene *scene = *state;
    scene_add_many(scene, "a", 7, SCENE_NOW - 900, 10);
    scene->answer = takes_none;
    check_walk(set_out(scene), "nothing was settled: nobody is told", "a0", "");
    scene->sent_count = 0;
    scene->answer = takes_two;
    check_walk(set_out(scene), "up to the first that is open", "a0 a1 a2", "120 ");
}

static void test_an_error_ends_the_walk(void **state)
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

static void test_the_log_reports_each_found_call_once(void **state)
{
    struct scene *scene = *state;
    scene_add_many(scene, "a", 4, SCENE_NOW - 900, 10);
    check_walk(set_out(scene), "sent", "a0 a1 a2 a3", "120 , 130 a3");
    scene_check_log(scene, "first batch", "Found 3 ");
    scene_check_log(scene, "second batch", "Found 1 ");
    check_walk(set_out(scene), "nothing new", "", "100 , 110 , 120 , 130 , 130 a3, 130 a3");
    assert_int_equal(scene_count_log(scene, "Found "), 2);
}

static struct outcome takes_three(struct scene *scene, const struct scene_sent *sent, size_t nth)
{
    (void)sent;
    (void)nth;
    return scene_outcome(scene->sent_count < 3 ? OUTCOME_ACCEPTED : OUTCOME_RATE_LIMITED);
}

static void test_a_batch_that_settles_nothing_reports_nothing(void **state)
{
    struct scene *scene = *state;
    scene_add_many(scene, "a", 7, SCENE_NOW - 900, 10);
    scene->answer = takes_three;
    check_walk(set_out(scene), "the first batch only", "a0 a1 a2 a3", "120 ");
}

static struct outcome takes_one(struct scene *scene, const struct scene_sent *sent, size_t nth)
{
    (void)sent;
    (void)nth;
    return scene_outcome(scene->sent_count < 1 ? OUTCOME_ACCEPTED : OUTCOME_RATE_LIMITED);
}

/* Ties: the next run begins with the second of the open call. */
static void test_a_stop_in_the_last_batch_does_not_pass_the_open_call(void **state)
{
    struct scene *scene = *state;
    scene_add_many(scene, "a", 2, SCENE_NOW - 900, 0);
    scene->answer = takes_one;
    check_walk(set_out(scene), "ties", "a0 a1", "100 ");
}

static void test_a_noted_call_is_settled_while_the_api_is_down(void **state)
{
    struct scene *scene = *state;
    scene_add_many(scene, "a", 4, SCENE_NOW - 900, 10);
    scene->answer = takes_none;
    struct going *going = set_out(scene);
    going->walk.note_before = SCENE_NOW - 890;
    check_walk(going, "the noted call", "a1", "100 ");
}

static void test_an_open_first_call_is_not_passed(void **state)
{
    struct scene *scene = *state;
    struct work first = { .count = 0 };
    scene_add_many(scene, "a", 3, SCENE_NOW - 900, 10);
    scene_call(scene, "a1")->began = scene_call(scene, "a2")->began = SCENE_NOW - 950;
    scene_add(scene, "x", SCENE_NOW - 2000)->began = SCENE_NOW - 2100;
    scene->answer = takes_none;
    struct going *going = set_out(scene);
    scene_revisit(&going->engine, &first, "x", SCENE_NOW - 2000);
    going->walk.first = &first;
    going->walk.note_before = SCENE_NOW - 890; /* a0 becomes pending, so the walk has come further */
    check_walk(going, "down", "x", "-1000 ");
    assert_int_equal(going->began_before, SCENE_NOW - 2100);
}

/* No later run looks for a call that the checkpoint has passed. */
static void test_a_call_up_to_the_checkpoint_is_pending_first(void **state)
{
    struct scene *scene = *state;
    scene_add_many(scene, "a", 3, SCENE_NOW - 900, 0);
    scene->answer = takes_none;
    struct going *going = set_out(scene);
    going->walk.checkpoint = position_at(SCENE_NOW - 900, "a1");
    check_walk(going, "down", "a0", "100 ");
    assert_int_equal(scene_record(scene, "a0").state, CALL_PENDING);
    assert_int_equal(scene_record(scene, "a1").state, CALL_PENDING);
    assert_int_equal(scene_record(scene, "a2").state, CALL_UNKNOWN);
}

/* The place by begin: before the first call that is not settled. */
static void test_the_begin_of_an_open_call_is_not_passed(void **state)
{
    static const struct {
        const char *name;
        int64_t began[3]; /* of calls that end at SCENE_NOW - 900, - 890 and - 880; the first is accepted */
        int64_t want;
    } rows[] = { { "the earliest open call", { SCENE_NOW - 990, SCENE_NOW - 910, SCENE_NOW - 920 }, SCENE_NOW - 920 },
                 { "in the other order", { SCENE_NOW - 990, SCENE_NOW - 930, SCENE_NOW - 920 }, SCENE_NOW - 930 },
                 { "later than the slice", { SCENE_NOW - 990, SCENE_NOW - 800, SCENE_NOW - 880 }, SCENE_NOW - 880 },
                 { "unknown", { SCENE_NOW - 990, 0, SCENE_NOW - 920 }, INT64_MIN } };
    static const char *const ids[] = { "a", "b", "c" };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct scene *scene = *state;
        scene_begin_anew(scene);
        for (size_t k = 0; k < UNIT_COUNT(ids); k++)
            scene_add(scene, ids[k], SCENE_NOW - 900 + 10 * (int64_t)k)->began = rows[i].began[k];
        scene->sent_count = 1;
        scene->answer = takes_two;
        struct going *going = set_out(scene);
        check_walk(going, rows[i].name, "a b", "110 ");
        unit_same_int(rows[i].name, going->began_before, rows[i].want);
    }
}

/* ---- calls that have not ended ---- */

static struct going *set_out_with_open(struct scene *scene)
{
    scene->calls.shows_open = true;
    struct going *going = set_out(scene);
    going->walk.range.with_open = true;
    return going;
}

static struct call *add_open(struct scene *scene, const char *id, int64_t began)
{
    struct call *call = scene_add(scene, id, 0);
    call->began = began;
    call->finality = CALL_NOT_ENDED;
    return call;
}

static bool is_watched(struct scene *scene, const char *id)
{
    struct err err;
    bool has = false;
    assert_int_equal(watched_has(scene_ledger(scene), id, &has, &err), 0);
    return has;
}

static void put_on_list(struct scene *scene, const char *id)
{
    struct err err;
    const struct watched watched = { .id = id, .began = SCENE_NOW - 300 };
    assert_int_equal(watched_add(scene_ledger(scene), &watched, &err), 0);
}

static void test_a_scan_watches_the_calls_that_have_not_ended(void **state)
{
    struct scene *scene = *state;
    struct err err;
    struct going *going = set_out_with_open(scene);
    int64_t horizon = watch_horizon(&going->engine);
    struct ledger_entry known = { .uniqueid = "known", .record = { .state = CALL_PENDING }, .end_epoch = SCENE_NOW };
    (void)add_open(scene, "open", SCENE_NOW - 300);
    (void)add_open(scene, "oldest", SCENE_NOW - horizon);
    (void)add_open(scene, "stuck", SCENE_NOW - horizon - 1);
    (void)add_open(scene, "known", SCENE_NOW - 300);
    scene_add(scene, "just", SCENE_NOW)->began = SCENE_NOW - 300;
    scene_add(scene, "later", SCENE_NOW + 1)->began = SCENE_NOW - 300;
    assert_int_equal(ledger_put(scene_ledger(scene), &known, &err), 0);
    assert_int_equal(go(going, &err), 0);
    assert_string_equal(scene_ids(scene, 0), "just");
    assert_true(is_watched(scene, "open"));
    assert_true(is_watched(scene, "oldest"));
    assert_true(is_watched(scene, "later"));
    assert_false(is_watched(scene, "stuck"));
    assert_false(is_watched(scene, "known"));
    assert_false(is_watched(scene, "just"));
}

static void test_a_watched_call_leaves_the_list_unless_the_walk_keeps_it(void **state)
{
    static const char *const ids[] = { "below", "sent", "waits" };
    struct scene *scene = *state;
    struct err err;
    for (size_t i = 0; i < UNIT_COUNT(ids); i++) {
        scene_add(scene, ids[i], SCENE_NOW - 900 + (int64_t)i)->began = SCENE_NOW - 950;
        put_on_list(scene, ids[i]);
    }
    scene_call(scene, "waits")->finality = CALL_NOT_FINAL;
    scene_call(scene, "waits")->wait_until = SCENE_NOW + 1000;
    struct going *going = set_out_with_open(scene);
    going->walk.floor = position_at(SCENE_NOW - 900, "below");
    assert_int_equal(go(going, &err), 0);
    assert_string_equal(scene_ids(scene, 0), "sent");
    assert_false(is_watched(scene, "below"));
    assert_true(is_watched(scene, "sent")); /* until watch_tidy */
    assert_true(is_watched(scene, "waits"));
}

static void test_only_one_walk_of_a_run_reads_the_watched_calls(void **state)
{
    struct scene *scene = *state;
    struct err err;
    scene_add(scene, "a", SCENE_NOW - 2000)->began = SCENE_NOW - 2100;
    put_on_list(scene, "a");
    struct going *going = set_out_with_open(scene);
    going->walk.leaves_watched = true;
    going->walk.range.call_from = SCENE_NOW - 1000;
    assert_int_equal(go(going, &err), 0);
    assert_int_equal(scene->calls.fetched, 0);
    going = set_out_with_open(scene);
    going->walk.range.call_from = SCENE_NOW - 1000;
    assert_int_equal(go(going, &err), 0);
    assert_string_equal(scene_ids(scene, 0), "a");
}

/* A dry run has shown the watched calls before it scans. No other scan leaves them out. */
static void test_only_the_scan_of_a_dry_run_leaves_out_watched_calls(void **state)
{
    static const struct {
        const char *name;
        bool at_once, with_open;
        const char *ids;
    } rows[] = { { "a run", false, true, "a" }, { "a dry run", true, true, "" }, { "by end", true, false, "a" } };
    struct scene *scene = *state;
    struct err err;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        scene_begin_anew(scene);
        scene_add(scene, "a", SCENE_NOW - 900)->began = SCENE_NOW - 950;
        put_on_list(scene, "a");
        struct going *going = set_out_with_open(scene);
        going->engine.terms.sends_at_once = rows[i].at_once;
        going->walk.range.with_open = rows[i].with_open;
        going->walk.leaves_watched = true;
        unit_same_int(rows[i].name, go(going, &err), 0);
        unit_same_text(rows[i].name, scene_ids(scene, 0), rows[i].ids);
    }
}

/* See watch_scan_again. */
static void test_the_scan_begins_where_a_lost_call_began(void **state)
{
    static const struct {
        const char *name;
        bool with_open, leaves_watched;
        int64_t again_from, want;
    } rows[] = { { "no order", true, false, 0, 1000 },           { "earlier", true, false, 900, 900 },
                 { "the first second", true, false, 1, 1 },      { "later", true, false, 1100, 1000 },
                 { "not its watched calls", true, true, 900, 1000 }, { "a scan by end", false, false, 900, 1000 } };
    struct scene *scene = *state;
    struct err err;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        scene->calls.scans = 0;
        struct going *going = set_out_with_open(scene);
        going->walk.range.with_open = rows[i].with_open;
        going->walk.leaves_watched = rows[i].leaves_watched;
        going->walk.range.call_from = 1000;
        going->engine.scan_again_from = rows[i].again_from;
        unit_same_int(rows[i].name, go(going, &err), 0);
        unit_same_int(rows[i].name, scene->calls.ranges[0].call_from, rows[i].want);
    }
}

static void test_a_stop_ends_the_reading_of_watched_calls(void **state)
{
    static char ids[600][16];
    struct scene *scene = *state;
    struct err err;
    scene->settings.batch_size = 500;
    for (size_t i = 0; i < UNIT_COUNT(ids); i++) {
        (void)snprintf(ids[i], sizeof ids[i], "w%03zu", i);
        scene_add(scene, ids[i], SCENE_NOW - 900)->began = SCENE_NOW - 950;
        put_on_list(scene, ids[i]);
    }
    scene->answer = takes_none;
    struct going *going = set_out_with_open(scene);
    assert_int_equal(go(going, &err), 0);
    assert_int_equal(scene->sent_count, 1);
    assert_int_equal(going->found, 500); /* a page */
    assert_int_equal(scene->calls.scans, 0);
    assert_string_equal(going->reached, "");
}

static int cannot_send(void *state, const struct sink_message *const *messages, size_t count,
                       const struct sink_observer *observer, struct err *err)
{
    (void)state;
    (void)messages;
    (void)count;
    (void)observer;
    return err_set(err, EX_OSERR, "no request can be made");
}

static void test_an_error_while_watched_calls_are_sent_ends_the_walk(void **state)
{
    static const char *const ids[] = { "a", "b", "c" }; /* a batch */
    struct scene *scene = *state;
    struct err err;
    for (size_t i = 0; i < UNIT_COUNT(ids); i++) {
        scene_add(scene, ids[i], SCENE_NOW - 900)->began = SCENE_NOW - 950;
        put_on_list(scene, ids[i]);
    }
    struct going *going = set_out_with_open(scene);
    struct sink_ops ops = *going->sink.ops;
    ops.send = cannot_send;
    going->sink.ops = &ops;
    assert_int_equal(go(going, &err), -1);
    assert_string_equal(err.message, "no request can be made");
    assert_int_equal(scene->calls.scans, 0);
}

static void put_back(void *context)
{
    struct scene *scene = context;
    struct err err;
    const struct ledger_entry changed = { .uniqueid = "changed", .end_epoch = SCENE_NOW - 900,
                                          .record = { .state = CALL_ACCEPTED, .sent_before = true, .fingerprint = 1 } };
    assert_int_equal(ledger_put(scene_ledger(scene), &changed, &err), 0);
    assert_int_equal(watched_remove(scene_ledger(scene), "open", &err), 0);
    put_on_list(scene, "watched");
}

static int act(void *context, struct err *err)
{
    struct going *going = set_out_with_open(context);
    going->walk.checkpoint = position_at(SCENE_NOW - 900, "changed");
    return go(going, err);
}

static int show(void *context, struct err *err)
{
    struct going *going = set_out_with_open(context);
    going->engine.terms.sends_at_once = going->walk.leaves_watched = true;
    return go(going, err);
}

/* Each walk begins a transaction, so each makes the same statements. */
static void end_transaction(void *context)
{
    struct err err;
    assert_int_equal(ledger_commit(scene_ledger(context), &err), 0);
}

static void test_no_error_of_a_dry_run_is_swallowed(void **state)
{
    struct scene *scene = *state;
    scene_add(scene, "a", SCENE_NOW - 900)->began = SCENE_NOW - 950;
    put_on_list(scene, "a");
    end_transaction(scene);
    assert_in_range(broken_ledger_sweep("dry", show, end_transaction, scene), 3, 10);
    assert_string_equal(scene_ids(scene, 0), "");
}

static void test_no_error_of_the_ledger_is_swallowed(void **state)
{
    struct scene *scene = *state;
    (void)add_open(scene, "open", SCENE_NOW - 300);
    (void)add_open(scene, "watched", SCENE_NOW - 300);
    scene_add(scene, "changed", SCENE_NOW - 900)->began = SCENE_NOW - 950;
    put_back(scene);
    assert_in_range(broken_ledger_sweep("walk", act, put_back, scene), 8, 60);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_scene(test_a_walk_sends_in_batches_and_reports_its_progress),
        in_scene(test_an_empty_range_reports_its_end),
        in_scene(test_calls_of_one_second_are_passed_together),
        in_scene(test_calls_up_to_the_floor_are_left_out),
        in_scene(test_calls_of_another_walk_are_left_out),
        in_scene(test_each_duty_sends_notes_or_only_looks),
        in_scene(test_a_noted_call_is_due_at_once),
        in_scene(test_the_first_calls_are_sent_with_the_first_batch),
        in_scene(test_a_walk_ends_in_time),
        in_scene(test_a_walk_that_used_up_the_source_s_time_sends_what_it_read),
        in_scene(test_a_walk_passes_its_start_on_a_slow_source_too),
        in_scene(test_a_spare_walk_ends_without_a_stop_of_the_run),
        in_scene(test_walks_with_a_limit_find_so_many_new_calls_each_and_leave_no_gap),
        in_scene(test_a_limit_of_new_calls_counts_those_of_the_run_and_keeps_no_look),
        in_scene(test_a_stop_in_a_batch_ends_the_walk),
        in_scene(test_an_error_ends_the_walk),
        in_scene(test_the_log_reports_each_found_call_once),
        in_scene(test_a_batch_that_settles_nothing_reports_nothing),
        in_scene(test_a_stop_in_the_last_batch_does_not_pass_the_open_call),
        in_scene(test_a_noted_call_is_settled_while_the_api_is_down),
        in_scene(test_an_open_first_call_is_not_passed),
        in_scene(test_a_call_up_to_the_checkpoint_is_pending_first),
        in_scene(test_the_begin_of_an_open_call_is_not_passed),
        in_scene(test_a_scan_watches_the_calls_that_have_not_ended),
        in_scene(test_a_watched_call_leaves_the_list_unless_the_walk_keeps_it),
        in_scene(test_only_one_walk_of_a_run_reads_the_watched_calls),
        in_scene(test_only_the_scan_of_a_dry_run_leaves_out_watched_calls),
        in_scene(test_the_scan_begins_where_a_lost_call_began),
        in_scene(test_a_stop_ends_the_reading_of_watched_calls),
        in_scene(test_an_error_while_watched_calls_are_sent_ends_the_walk),
        in_scene(test_no_error_of_a_dry_run_is_swallowed),
        in_scene(test_no_error_of_the_ledger_is_swallowed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
