/* Tests of which part of the last hours a sweep reads, and where the next one goes on. */
#include "../scene.h"

#include "../broken_ledger.h"
#include "engine/sweep.h"
#include "ledger/watched.h"

#define NOW SCENE_NOW
#define ENDED_BY (NOW - 5)
#define BEFORE (NOW - 100) /* the poll reads on from here */

static struct source source;
static struct sink sink;
static struct memory_sink memory;
static struct engine engine;
static struct late late;
static struct sweep sweep;

static void begin(struct scene *scene)
{
    source = memory_source_open(&scene->calls);
    sink = scene_sink(scene, &memory);
    engine = scene_engine(scene, &source, &sink);
    late = (struct late){ .since = NOW };
    sweep = (struct sweep){ .engine = &engine, .before = BEFORE, .ended_by = ENDED_BY, .late = &late };
    scene->calls.scans = 0;
}

static int enter(void **state)
{
    int result = scene_enter(state);
    struct scene *scene = *state;
    scene->calls.shows_open = true;
    scene->settings.overlap = 600;
    scene->settings.sweep_interval = 1800;
    scene->settings.sweep_window = 18000; /* ten seconds for each second */
    begin(scene);
    return result;
}

static int leave(void **state)
{
    memory_sink_free(&memory);
    return scene_leave(state);
}
#define in_sweep(test) cmocka_unit_test_setup_teardown(test, enter, leave)

/* The last sweep, and where it ended; 0: unknown. */
static void set_place(struct scene *scene, int64_t last, int64_t swept_to)
{
    struct err err;
    assert_int_equal(ledger_set_note(scene_ledger(scene), LEDGER_NOTE_LAST_SWEEP, last, &err), 0);
    assert_int_equal(ledger_set_note(scene_ledger(scene), LEDGER_NOTE_SWEPT_TO, swept_to, &err), 0);
}

static void run_sweep(const char *row)
{
    struct err err;
    unit_same_int(row, sweep_run(&sweep, &err), 0);
    memory_sink_free(&memory);
}

/* Of its scans, from 0: the last one is the part's. */
static struct source_range range_of(const struct scene *scene, size_t number)
{
    return scene->calls.ranges[number];
}

static struct source_range last_range(const struct scene *scene)
{
    return range_of(scene, scene->calls.scans - 1);
}

static void test_which_part_is_next(void **state)
{
    static const struct {
        const char *name;
        int64_t last, swept_to, density, interval, from, length;
    } rows[] = {
        { "unknown", 0, 0, 0, 1800, NOW - 18000, 11 },
        { "unknown, with a place", 0, NOW - 15000, 0, 1800, NOW - 18000, 11 },
        { "a clock that was set back", NOW + 1, NOW - 15000, 0, 1800, NOW - 18000, 11 },
        { "a new round", NOW - 60, 0, 0, 1800, NOW - 18000, 601 },
        { "the same second", NOW, NOW - 15000, 0, 1800, NOW - 15000, 11 },
        { "a minute", NOW - 60, NOW - 15000, 0, 1800, NOW - 15000, 601 },
        { "a third of the window at most", NOW - 700, NOW - 15000, 0, 1800, NOW - 15000, 6001 },
        { "few calls: no limit", NOW - 60, NOW - 15000, 1, 1800, NOW - 15000, 601 },
        { "a thousand calls", NOW - 60, NOW - 15000, 600, 1800, NOW - 15000, 100 },
        { "a few calls for each new one", NOW - 60, NOW - 15000, 1000, 1800, NOW - 15000, 90 },
        { "no pause yet", NOW - 1799, NOW - 15000, 0, 1800, NOW - 15000, 6001 },
        { "a pause", NOW - 1800, NOW - 15000, 0, 1800, NOW - 19800, 6001 },
        { "a pause in a new round", NOW - 1800, 0, 0, 1800, NOW - 19800, 6001 },
        { "a pause on a busy site", NOW - 1800, NOW - 19799, 1000, 1800, NOW - 19800, 900 },
        { "another pause: what is left is made up for", NOW - 1800, NOW - 19800, 1000, 1800, NOW - 19800, 1800 },
        { "another pause, further behind", NOW - 1800, NOW - 20000, 1000, 1800, NOW - 20000, 1800 },
        { "a short round: no pause", NOW - 899, NOW - 15000, 0, 600, NOW - 15000, 6001 },
        { "a short round: a pause", NOW - 900, NOW - 15000, 0, 600, NOW - 18900, 6001 },
    };
    struct scene *scene = *state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        scene->settings.sweep_interval = rows[i].interval;
        set_place(scene, rows[i].last, rows[i].swept_to);
        begin(scene);
        sweep.density = rows[i].density;
        run_sweep(rows[i].name);
        unit_same_int(rows[i].name, last_range(scene).call_from, rows[i].from);
        unit_same_int(rows[i].name, last_range(scene).call_to, rows[i].from + rows[i].length);
        unit_same_int(rows[i].name, scene_note(scene, LEDGER_NOTE_SWEPT_TO), rows[i].from + rows[i].length + 1);
        unit_same_int(rows[i].name, scene_note(scene, LEDGER_NOTE_LAST_SWEEP), NOW);
    }
}

/* Clocks may be ahead: rows dated in the future are in the last part of each round. */
static void test_the_last_part_has_no_end(void **state)
{
    static const struct {
        const char *name;
        int64_t before, call_to, swept_to;
    } rows[] = { { "not the last", NOW - 1000 + 602, NOW - 1000 + 601, NOW - 1000 + 602 },
                 { "the last", NOW - 1000 + 601, 0, 0 } };
    struct scene *scene = *state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        set_place(scene, NOW - 60, NOW - 1000);
        begin(scene);
        sweep.before = rows[i].before;
        run_sweep(rows[i].name);
        unit_same_int(rows[i].name, last_range(scene).call_to, rows[i].call_to);
        unit_same_int(rows[i].name, scene_note(scene, LEDGER_NOTE_SWEPT_TO), rows[i].swept_to);
    }
}

static void test_calls_by_begin_are_read_whenever_they_end(void **state)
{
    struct scene *scene = *state;
    set_place(scene, NOW - 60, NOW - 15000);
    scene->calls.spread = 7;
    begin(scene);
    run_sweep("by begin");
    struct source_range range = last_range(scene);
    assert_true(range.with_open);
    assert_int_equal(range.end_from, NOW - 15000 - 600 - 7); /* machines' clocks differ, and hosts' zones may */
    assert_int_equal(range.end_to, ENDED_BY);
    assert_int_equal(range.table, SOURCE_LIVE);
}

static void test_calls_by_end(void **state)
{
    static const struct {
        const char *name;
        int64_t swept_to, before, end_to, call_to;
    } rows[] = { { "a part", NOW - 15000, BEFORE, NOW - 15000 + 601, NOW - 15000 + 601 + 600 },
                 { "the last part", NOW - 400, BEFORE, ENDED_BY, 0 },
                 { "the next poll's calls are left", NOW - 600, NOW + 2, ENDED_BY, NOW - 600 + 601 + 600 } };
    struct scene *scene = *state;
    scene->calls.shows_open = false;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        set_place(scene, NOW - 60, rows[i].swept_to);
        begin(scene);
        sweep.before = rows[i].before;
        run_sweep(rows[i].name);
        unit_same_int(rows[i].name, (int64_t)scene->calls.scans, 1); /* no second look */
        unit_true(rows[i].name, !last_range(scene).with_open);
        unit_same_int(rows[i].name, last_range(scene).end_from, rows[i].swept_to);
        unit_same_int(rows[i].name, last_range(scene).end_to, rows[i].end_to);
        unit_same_int(rows[i].name, last_range(scene).call_to, rows[i].call_to);
    }
}

static void test_the_second_look_reads_what_is_overlap_old_now(void **state)
{
    static const struct {
        const char *name;
        int64_t last, before, from, to;
        size_t scans;
    } rows[] = { { "unknown", 0, BEFORE, 0, 0, 1 },
                 { "a minute", NOW - 60, BEFORE, NOW - 660, NOW - 600, 2 },
                 { "the same second", NOW, BEFORE, NOW - 600, NOW - 600, 2 },
                 { "half an hour", NOW - 1799, BEFORE, NOW - 2399, NOW - 600, 2 },
                 { "at most half an hour", NOW - 1801, BEFORE, NOW - 2400, NOW - 600, 2 },
                 { "the first second", 1, BEFORE, NOW - 2400, NOW - 600, 2 },
                 { "the poll read a part of it", NOW - 60, NOW - 630, NOW - 660, NOW - 631, 2 },
                 { "the poll read all but a second", NOW - 60, NOW - 659, NOW - 660, NOW - 660, 2 },
                 { "the poll read it all", NOW - 60, NOW - 660, 0, 0, 1 } };
    struct scene *scene = *state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        set_place(scene, rows[i].last, rows[i].last > 0 ? NOW - 15000 : 0);
        begin(scene);
        sweep.before = rows[i].before;
        run_sweep(rows[i].name);
        unit_same_int(rows[i].name, (int64_t)scene->calls.scans, (int64_t)rows[i].scans);
        if (rows[i].scans == 1)
            continue;
        unit_same_int(rows[i].name, range_of(scene, 0).call_from, rows[i].from);
        unit_same_int(rows[i].name, range_of(scene, 0).call_to, rows[i].to);
    }
}

static struct call *add(struct scene *scene, const char *id, int64_t began)
{
    struct call *call = scene_add(scene, id, began + 40);
    call->began = began;
    return call;
}

static void put_state(struct scene *scene, const char *id, struct call_record record)
{
    struct err err;
    struct ledger_entry entry = { .uniqueid = id, .record = record, .end_epoch = NOW - 15000, .due = NOW + 600 };
    assert_int_equal(ledger_put(scene_ledger(scene), &entry, &err), 0);
}

static void test_what_it_finds_is_counted(void **state)
{
    struct scene *scene = *state;
    set_place(scene, NOW - 60, NOW - 15000);
    (void)add(scene, "new", NOW - 14900);
    (void)add(scene, "changed", NOW - 14890);
    (void)add(scene, "changed2", NOW - 14880);
    (void)add(scene, "known", NOW - 14870);
    (void)add(scene, "open", NOW - 14860);
    (void)add(scene, "below", NOW - 14990);
    add(scene, "waits", NOW - 14850)->finality = CALL_NOT_FINAL;
    scene_call(scene, "waits")->wait_until = NOW + 1000;
    put_state(scene, "changed", (struct call_record){ .state = CALL_ACCEPTED, .sent_before = true, .fingerprint = 1 });
    put_state(scene, "changed2", (struct call_record){ .state = CALL_ACCEPTED, .sent_before = true, .fingerprint = 2 });
    put_state(scene, "known", (struct call_record){ .state = CALL_ACCEPTED, .sent_before = true,
                                                    .fingerprint = call_fingerprint(scene_call(scene, "known")) });
    put_state(scene, "open", (struct call_record){ .state = CALL_PENDING });
    begin(scene);
    sweep.floor = position_at(NOW - 14950, "below");
    run_sweep("found");
    assert_string_equal(scene_ids(scene, 0), "new changed changed2");
    assert_int_equal(engine.tally.swept_new, 1);
    assert_int_equal(engine.tally.swept_changed, 2);
    assert_int_equal(scene->summary.found, 3);
    assert_int_equal(scene_count_log(scene, "Sweep found 3 calls that were written late or changed"), 1);
    assert_true(late.now > 0); /* the poll reads more again */
    begin(scene);
    set_place(scene, NOW - 60, NOW - 15000);
    sweep.floor = position_at(NOW - 14950, "below");
    run_sweep("nothing");
    assert_int_equal(scene->summary.found, 0);
    assert_int_equal(scene_count_log(scene, "Sweep found"), 1);
    assert_int_equal(late.now, 0);
}

/* A date that is no late row's says nothing of the poll, nor does a change. */
static void test_what_the_poll_did_not_miss(void **state)
{
    struct scene *scene = *state;
    set_place(scene, NOW - 60, NOW - 15000);
    add(scene, "odd", NOW - 14900)->is_oddly_dated = true;
    (void)add(scene, "changed", NOW - 14890);
    put_state(scene, "changed", (struct call_record){ .state = CALL_ACCEPTED, .sent_before = true, .fingerprint = 1 });
    begin(scene);
    run_sweep("found");
    assert_string_equal(scene_ids(scene, 0), "odd changed");
    assert_int_equal(late.now, 0);
}

/* The next poll reads calls that began since this one, and by their begin it finds all but those with an odd date. */
static void test_calls_of_the_next_poll_are_left(void **state)
{
    struct scene *scene = *state;
    set_place(scene, NOW - 60, NOW - 600);
    (void)add(scene, "mine", BEFORE - 1);
    (void)add(scene, "polls", BEFORE);
    add(scene, "odd", BEFORE + 1)->is_oddly_dated = true;
    begin(scene);
    run_sweep("by begin");
    assert_string_equal(scene_ids(scene, 0), "mine odd");
}

static void test_a_part_that_is_cut_short_is_read_on(void **state)
{
    static const struct {
        const char *name;
        bool by_begin;
        size_t may_read;
        int64_t swept_to;
    } rows[] = { { "by begin", true, 1, NOW - 14900 }, { "by end", false, 1, NOW - 14900 + 40 },
                 { "whole", true, 9, NOW - 15000 + 602 } };
    struct scene *scene = *state;
    scene->settings.overlap = 0; /* the second look finds none */
    (void)add(scene, "a", NOW - 14900);
    (void)add(scene, "b", NOW - 14800);
    (void)add(scene, "c", NOW - 14700);
    put_state(scene, "a", (struct call_record){ .state = CALL_PENDING });
    put_state(scene, "b", (struct call_record){ .state = CALL_PENDING });
    put_state(scene, "c", (struct call_record){ .state = CALL_PENDING });
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        set_place(scene, NOW - 60, NOW - 15000);
        scene->calls.shows_open = rows[i].by_begin;
        begin(scene);
        scene->calls.may_read = rows[i].may_read;
        scene->calls.read = 0;
        run_sweep(rows[i].name);
        unit_same_int(rows[i].name, scene_note(scene, LEDGER_NOTE_SWEPT_TO), rows[i].swept_to);
        unit_same_int(rows[i].name, scene->summary.stop, STOP_NONE); /* it is spare */
    }
}

static void test_the_watched_calls_are_the_poll_s(void **state)
{
    struct scene *scene = *state;
    struct err err;
    const struct watched watched = { .id = "a", .began = NOW - 900 };
    assert_int_equal(watched_add(scene_ledger(scene), &watched, &err), 0);
    set_place(scene, NOW - 60, NOW - 15000);
    begin(scene);
    run_sweep("watched");
    assert_int_equal(scene->calls.fetched, 0);
}

static struct outcome limits(struct scene *scene, const struct scene_sent *sent, size_t nth)
{
    (void)scene;
    (void)sent;
    (void)nth;
    return scene_outcome(OUTCOME_RATE_LIMITED);
}

static void test_a_stop_in_the_second_look_leaves_the_place(void **state)
{
    struct scene *scene = *state;
    set_place(scene, NOW - 60, NOW - 15000);
    (void)add(scene, "a", NOW - 630);
    scene->answer = limits;
    begin(scene);
    run_sweep("limited");
    assert_int_equal(scene->summary.stop, STOP_RATE_LIMITED);
    assert_int_equal(scene->calls.scans, 1);
    assert_int_equal(scene_note(scene, LEDGER_NOTE_SWEPT_TO), NOW - 15000);
    assert_int_equal(scene_note(scene, LEDGER_NOTE_LAST_SWEEP), NOW - 60);
}

/* Three parts still make a round, however long the source wants to rest. */
static void test_a_source_that_wants_a_rest_gets_it(void **state)
{
    static const struct {
        const char *name;
        int64_t rest, last;
        bool is_resting;
    } rows[] = { { "no rest", 0, NOW, false },
                 { "its rest", 100, NOW - 99, true },
                 { "its rest is over", 100, NOW - 100, false },
                 { "a third of sweep_interval", 9000, NOW - 599, true },
                 { "the third is over", 9000, NOW - 600, false },
                 { "the first sweep", 9000, 0, false } };
    struct scene *scene = *state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        set_place(scene, rows[i].last, NOW - 15000);
        begin(scene);
        struct source_ops ops = *source.ops;
        ops.sweep_rest_sec = rows[i].rest;
        source.ops = &ops;
        run_sweep(rows[i].name);
        unit_same_int(rows[i].name, scene->calls.scans == 0, rows[i].is_resting);
        unit_same_int(rows[i].name, scene_note(scene, LEDGER_NOTE_LAST_SWEEP), rows[i].is_resting ? rows[i].last : NOW);
    }
}

static void test_a_sweep_that_is_off_forgets_its_place_once(void **state)
{
    struct scene *scene = *state;
    scene->settings.sweep_interval = 0;
    run_sweep("off from the first run on");
    assert_int_equal(engine.uncommitted, 0);
    set_place(scene, NOW - 60, NOW - 15000);
    begin(scene);
    run_sweep("off");
    assert_int_equal(scene->calls.scans, 0);
    assert_int_equal(scene_note(scene, LEDGER_NOTE_LAST_SWEEP), 0);
    assert_int_equal(scene_note(scene, LEDGER_NOTE_SWEPT_TO), 0);
    begin(scene);
    run_sweep("off still");
    assert_int_equal(engine.uncommitted, 0);
}

static int act(void *context, struct err *err)
{
    (void)context;
    int result = sweep_run(&sweep, err);
    memory_sink_free(&memory);
    return result;
}

static void put_back(void *context)
{
    struct scene *scene = context;
    set_place(scene, NOW - 60, NOW - 15000);
    put_state(scene, "a", (struct call_record){ .state = CALL_ACCEPTED, .sent_before = true, .fingerprint = 1 });
    begin(scene);
}

static void test_no_error_of_the_ledger_is_swallowed(void **state)
{
    struct scene *scene = *state;
    (void)add(scene, "a", NOW - 630); /* the second look finds it */
    put_back(scene);
    assert_in_range(broken_ledger_sweep("on", act, put_back, scene), 7, 60);
    scene->calls.count = 0; /* so that each sweep makes the same statements: two reads and two writes */
    assert_int_equal(broken_ledger_sweep("no calls", act, put_back, scene), 4);
    scene->settings.sweep_interval = 0;
    assert_int_equal(broken_ledger_sweep("off", act, put_back, scene), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_sweep(test_which_part_is_next),
        in_sweep(test_the_last_part_has_no_end),
        in_sweep(test_calls_by_begin_are_read_whenever_they_end),
        in_sweep(test_calls_by_end),
        in_sweep(test_the_second_look_reads_what_is_overlap_old_now),
        in_sweep(test_what_it_finds_is_counted),
        in_sweep(test_what_the_poll_did_not_miss),
        in_sweep(test_calls_of_the_next_poll_are_left),
        in_sweep(test_a_part_that_is_cut_short_is_read_on),
        in_sweep(test_the_watched_calls_are_the_poll_s),
        in_sweep(test_a_stop_in_the_second_look_leaves_the_place),
        in_sweep(test_a_source_that_wants_a_rest_gets_it),
        in_sweep(test_a_sweep_that_is_off_forgets_its_place_once),
        in_sweep(test_no_error_of_the_ledger_is_swallowed),
    };
    return cmocka_run_group_tests_name("sweep_parts", tests, NULL, NULL);
}
