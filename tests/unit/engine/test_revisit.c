/* Tests of revisit: calls that the ledger has as open are read again by their ids. */
#include "../scene.h"

static struct source source;
static struct sink sink;
static struct memory_sink memory;
static struct engine engine;
static struct work work;

static void begin(struct scene *scene)
{
    source = memory_source_open(&scene->calls);
    sink = scene_sink(scene, &memory);
    engine = scene_engine(scene, &source, &sink);
}

/* Sends what is in hand. */
static void send(void)
{
    struct err err;
    if (forward_all(&engine, &work, &err) != 0 || engine_commit(&engine, &err) != 0)
        fail_msg("%s", err.message);
    work_clear(&work);
    memory_sink_free(&memory);
}

/* Reads all calls of the source again, and sends those that are to be sent. */
static void check_revisit(struct scene *scene, const char *row, const char *want_ids)
{
    size_t before = scene->sent_count;
    begin(scene);
    for (size_t i = 0; i < scene->calls.count; i++)
        scene_revisit(&engine, &work, scene->calls.calls[i].id, scene->calls.calls[i].ended);
    send();
    unit_same_text(row, scene_ids(scene, before), want_ids);
}

static void put_state(struct scene *scene, const char *id, struct call_record record, int64_t due)
{
    struct err err;
    struct ledger_entry entry = { .uniqueid = id, .record = record, .end_epoch = SCENE_NOW - 100, .due = due };
    assert_int_equal(ledger_put(scene_ledger(scene), &entry, &err), 0);
}

/* Calls that the source no longer has. */
static void test_rows_that_are_gone(void **state)
{
    static const struct {
        const char *id;
        enum call_state before;
        const char *problem;
        enum call_state after;
        int64_t forgotten;
    } rows[] = {
        { "unknown", CALL_UNKNOWN, NULL, CALL_UNKNOWN, 0 },
        { "pending", CALL_PENDING, NULL, CALL_UNKNOWN, 1 },
        { "waiting", CALL_WAITING, NULL, CALL_UNKNOWN, 1 },
        { "accepted", CALL_ACCEPTED, NULL, CALL_ACCEPTED, 0 },
        { "pending2", CALL_PENDING, "the archive is damaged", CALL_PENDING, 0 },
        { "waiting2", CALL_WAITING, "the archive is damaged", CALL_WAITING, 0 },
        { "unknown2", CALL_UNKNOWN, "the archive is damaged", CALL_UNKNOWN, 0 },
    };
    struct scene *scene = *state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct err err;
        if (rows[i].before != CALL_UNKNOWN)
            put_state(scene, rows[i].id, (struct call_record){ .state = rows[i].before }, 0);
        scene->calls.archive_problem = rows[i].problem;
        begin(scene);
        scene_revisit(&engine, &work, rows[i].id, SCENE_NOW - 100);
        unit_same_int(rows[i].id, (int64_t)work.count, 0);
        unit_same_int(rows[i].id, engine_commit(&engine, &err), 0);
        unit_same_int(rows[i].id, scene_record(scene, rows[i].id).state, rows[i].after);
        unit_same_int(rows[i].id, scene->summary.forgotten, rows[i].forgotten);
    }
    scene_check_log(scene, "kept", "the archive is damaged");
    scene_check_log(scene, "forgotten", "pending: gone from the dialer");
    assert_int_equal(scene->sent_count, 0);
}

static void test_an_open_call_is_found_in_the_archive(void **state)
{
    struct scene *scene = *state;
    (void)scene_add(scene, "known", SCENE_NOW - 100);
    scene_archive(scene, "known");
    put_state(scene, "known", (struct call_record){ .state = CALL_PENDING }, 0);
    check_revisit(scene, "archive", "known");
}

/* Calls of a campaign that is not selected, and those of which the API has the content already. */
static void test_what_needs_no_message(void **state)
{
    struct scene *scene = *state;
    (void)scene_add(scene, "new", SCENE_NOW - 100);
    (void)scene_add(scene, "open", SCENE_NOW - 99);
    (void)scene_add(scene, "had", SCENE_NOW - 98);
    uint64_t had = call_fingerprint(scene_call(scene, "had"));
    put_state(scene, "open", (struct call_record){ .state = CALL_PENDING, .attempts = 1 }, 0);
    put_state(scene, "had", (struct call_record){ .state = CALL_PENDING, .sent_before = true, .fingerprint = had }, 0);
    static char campaign[] = "TEST", none[] = "";
    scene->settings.exclude_campaigns = campaign;
    check_revisit(scene, "not selected", "");
    assert_int_equal(scene_record(scene, "new").state, CALL_UNKNOWN);
    assert_int_equal(scene_record(scene, "open").state, CALL_UNKNOWN);
    assert_int_equal(scene_record(scene, "had").state, CALL_ACCEPTED);
    assert_int_equal(scene->summary.forgotten, 0);
    scene->settings.exclude_campaigns = none;
    put_state(scene, "had", (struct call_record){ .state = CALL_PENDING, .sent_before = true, .fingerprint = had }, 0);
    check_revisit(scene, "the API has it", "new open");
    assert_int_equal(scene_record(scene, "had").state, CALL_ACCEPTED);
    check_revisit(scene, "all", "");
}

static struct ledger_stretch whole(void)
{
    return (struct ledger_stretch){ .after = position_at(INT64_MIN, ""), .ended_from = INT64_MIN,
                                    .ended_before = INT64_MAX, .with_waiting = true };
}

/* A batch has three calls: full ones are sent on the way, the rest stays in hand. */
static void test_all_of_a_stretch_batch_by_batch(void **state)
{
    struct scene *scene = *state;
    struct err err;
    struct ledger_stretch stretch = whole();
    size_t count = 0;
    scene_add_many(scene, "a", 8, SCENE_NOW - 100, 0); /* ties */
    for (size_t i = 0; i < scene->calls.count; i++)
        put_state(scene, scene->calls.calls[i].id, (struct call_record){ .state = CALL_PENDING }, 0);
    begin(scene);
    assert_int_equal(revisit_all(&engine, &stretch, &work, &count, &err), 0);
    assert_int_equal(count, 8);
    assert_string_equal(scene_ids(scene, 0), "a0 a1 a2 a3 a4 a5");
    assert_int_equal(work.count, 2);
    assert_null(work_first_open(&work));
    assert_string_equal(stretch.after.uniqueid, "a7");
    send();
    assert_string_equal(scene_ids(scene, 0), "a0 a1 a2 a3 a4 a5 a6 a7");
    assert_int_equal(scene_record(scene, "a7").state, CALL_ACCEPTED);
}

/* Waiting calls fill no batch: they are read, and the next ones too. */
static void test_waiting_calls_go_on_waiting(void **state)
{
    struct scene *scene = *state;
    struct err err;
    struct ledger_stretch stretch = whole();
    size_t count = 0;
    scene_add_many(scene, "a", 7, SCENE_NOW - 100, 1);
    for (size_t i = 0; i < 7; i++) {
        struct call *call = &scene->calls.calls[i];
        put_state(scene, call->id, (struct call_record){ .state = CALL_WAITING }, SCENE_NOW + 50);
        call->finality = i == 5 ? CALL_FINAL : CALL_NOT_FINAL;
        call->wait_until = SCENE_NOW + 50;
    }
    begin(scene);
    assert_int_equal(revisit_all(&engine, &stretch, &work, &count, &err), 0);
    assert_int_equal(count, 7);
    send();
    assert_string_equal(scene_ids(scene, 0), "a5");
    assert_int_equal(scene->summary.waiting, 0); /* none is new */
    assert_int_equal(scene_record(scene, "a6").state, CALL_WAITING);
}

static struct outcome limits(struct scene *scene, const struct scene_sent *sent, size_t nth)
{
    (void)scene;
    (void)sent;
    (void)nth;
    return scene_outcome(OUTCOME_RATE_LIMITED);
}

static void test_a_stop_ends_it(void **state)
{
    struct scene *scene = *state;
    struct err err;
    struct ledger_stretch stretch = whole();
    size_t count = 0;
    scene->answer = limits;
    scene_add_many(scene, "a", 9, SCENE_NOW - 100, 1);
    for (size_t i = 0; i < 9; i++)
        put_state(scene, scene->calls.calls[i].id, (struct call_record){ .state = CALL_PENDING }, 0);
    begin(scene);
    assert_int_equal(revisit_all(&engine, &stretch, &work, &count, &err), 0);
    assert_int_equal(count, 3);
    assert_string_equal(scene_ids(scene, 0), "a0");
    assert_int_equal(scene->summary.stop, STOP_RATE_LIMITED);
    work_clear(&work);
    memory_sink_free(&memory);
}

/* A row that was reopened has no end: the call keeps its place. */
static void test_a_call_that_was_reopened(void **state)
{
    struct scene *scene = *state;
    struct err err;
    struct position position = position_at(SCENE_NOW - 100, "a");
    struct call *call = scene_add(scene, "a", 0);
    call->finality = CALL_NOT_FINAL;
    call->wait_until = SCENE_NOW + 50;
    put_state(scene, "a", (struct call_record){ .state = CALL_PENDING }, 0);
    begin(scene);
    assert_int_equal(revisit_call(&engine, &position, &work, &err), 0);
    assert_int_equal(work.count, 0);
    assert_int_equal(scene_record(scene, "a").state, CALL_WAITING);
    assert_int_equal(scene->summary.waiting, 1);
    call->finality = CALL_FINAL;
    assert_int_equal(revisit_call(&engine, &position, &work, &err), 0);
    assert_int_equal(work.items[0]->call->ended, SCENE_NOW - 100);
    work_clear(&work);
}

static void test_a_source_that_fails(void **state)
{
    struct scene *scene = *state;
    struct err err;
    struct ledger_stretch stretch = whole();
    size_t count = 0;
    (void)scene_add(scene, "a", SCENE_NOW - 100);
    put_state(scene, "a", (struct call_record){ .state = CALL_PENDING }, 0);
    scene->calls.fails = true;
    begin(scene);
    assert_int_equal(revisit_all(&engine, &stretch, &work, &count, &err), -1);
    assert_int_equal(err.code, EX_UNAVAILABLE);
    assert_int_equal(scene_record(scene, "a").state, CALL_PENDING);
    work_clear(&work);
}

/* Asterisk's ids have up to 149 bytes. Such ids of one second differ in their last bytes only. */
static void test_long_ids_of_one_second(void **state)
{
    struct scene *scene = *state;
    struct err err;
    struct ledger_stretch stretch = whole();
    enum { COUNT = 7, LENGTH = 149 };
    static char ids[COUNT][LENGTH + 1];
    size_t count = 0;
    for (size_t i = 0; i < COUNT; i++) {
        (void)snprintf(ids[i], sizeof ids[i], "%0*zu", LENGTH, i);
        struct call *call = scene_add(scene, ids[i], SCENE_NOW - 100);
        put_state(scene, ids[i], (struct call_record){ .state = CALL_WAITING }, SCENE_NOW + 50);
        call->finality = i == COUNT - 1 ? CALL_FINAL : CALL_NOT_FINAL;
        call->wait_until = SCENE_NOW + 50;
    }
    begin(scene);
    engine.terms.deadline_ms = clock_mono_ms() + 5000; /* no list may go on for ever */
    assert_int_equal(revisit_all(&engine, &stretch, &work, &count, &err), 0);
    assert_int_equal(scene->summary.stop, STOP_NONE);
    assert_int_equal(count, COUNT);
    assert_int_equal(work.count, 1);
    assert_string_equal(work.items[0]->call->id, ids[COUNT - 1]);
    work_clear(&work);
    struct position doubtful = position_at(SCENE_NOW - 100, ids[COUNT - 1]);
    assert_int_equal(revisit_call(&engine, &doubtful, &work, &err), 0);
    assert_int_equal(work.count, 1);
    work_clear(&work);
}

/* Waiting calls are read as long as the run has time, though none of them is sent. */
static void test_the_end_of_the_time_ends_it(void **state)
{
    struct scene *scene = *state;
    struct err err;
    struct ledger_stretch stretch = whole();
    size_t count = 0;
    scene_add_many(scene, "a", 9, SCENE_NOW - 100, 1);
    for (size_t i = 0; i < 9; i++) {
        put_state(scene, scene->calls.calls[i].id, (struct call_record){ .state = CALL_WAITING }, SCENE_NOW + 50);
        scene->calls.calls[i].finality = CALL_NOT_FINAL;
        scene->calls.calls[i].wait_until = SCENE_NOW + 50;
    }
    begin(scene);
    engine.terms.deadline_ms = clock_mono_ms();
    assert_int_equal(revisit_all(&engine, &stretch, &work, &count, &err), 0);
    assert_int_equal(count, 0);
    assert_int_equal(scene->summary.stop, STOP_OUT_OF_TIME);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_scene(test_rows_that_are_gone),
        in_scene(test_an_open_call_is_found_in_the_archive),
        in_scene(test_what_needs_no_message),
        in_scene(test_all_of_a_stretch_batch_by_batch),
        in_scene(test_waiting_calls_go_on_waiting),
        in_scene(test_a_stop_ends_it),
        in_scene(test_a_call_that_was_reopened),
        in_scene(test_a_source_that_fails),
        in_scene(test_long_ids_of_one_second),
        in_scene(test_the_end_of_the_time_ends_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
