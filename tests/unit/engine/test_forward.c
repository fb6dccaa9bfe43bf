/* Tests of forward: the effect of a list of calls on the ledger, the summary and the sink. */
#include "../scene.h"

#include "../broken_ledger.h"
#include "ledger/records.h"

struct trial {
    struct source source;
    struct sink sink;
    struct memory_sink memory;
    struct engine engine;
    struct work calls;
};

static struct trial *start(struct scene *scene)
{
    static struct trial trial;
    trial = (struct trial){ .source = memory_source_open(&scene->calls) };
    trial.sink = scene_sink(scene, &trial.memory);
    trial.engine = scene_engine(scene, &trial.source, &trial.sink);
    return &trial;
}

static void finish(struct trial *trial)
{
    work_clear(&trial->calls);
}

static int all(struct trial *trial, struct err *err)
{
    int result = forward_all(&trial->engine, &trial->calls, err);
    memory_sink_free(&trial->memory);
    if (result == 0)
        result = engine_commit(&trial->engine, err);
    return result;
}

/* Adds the source's calls to the work, by their ids. */
static struct trial *forward_of(struct scene *scene, const char *row, const char *want_ids)
{
    struct err err;
    size_t before = scene->sent_count;
    struct trial *trial = start(scene);
    for (size_t i = 0; i < scene->calls.count; i++)
        scene_revisit(&trial->engine, &trial->calls, scene->calls.calls[i].id, scene->calls.calls[i].ended);
    unit_same_int(row, all(trial, &err), 0);
    unit_same_text(row, scene_ids(scene, before), want_ids);
    return trial;
}

static void note_due(void *context, const struct records_call *call)
{
    *(int64_t *)context = call->due;
}

/* The seconds until the call is due. */
static int64_t due_in(struct scene *scene, const char *id)
{
    struct err err;
    int64_t due = 0;
    assert_int_equal(records_find_call(scene_ledger(scene), id, note_due, &due, &err), 0);
    return due - SCENE_NOW;
}

static bool all_settled(const struct trial *trial)
{
    return work_first_open(&trial->calls) == NULL;
}

/* ---- answers ---- */

/* The second word of an id names the outcome: "1-retry". */
static struct outcome as_its_id_says(struct scene *scene, const struct scene_sent *sent, size_t nth)
{
    static const char *const words[] = { [OUTCOME_ACCEPTED] = "taken",   [OUTCOME_SHOWN] = "shown",
                                         [OUTCOME_REJECTED] = "reject",  [OUTCOME_RETRY] = "retry",
                                         [OUTCOME_RATE_LIMITED] = "limit", [OUTCOME_MISCONFIGURED] = "wrong" };
    (void)scene;
    (void)nth;
    struct outcome outcome = scene_outcome(OUTCOME_ACCEPTED);
    for (size_t i = 0; i < UNIT_COUNT(words); i++)
        if (strstr(sent->id, words[i]) != NULL)
            outcome = scene_outcome((enum outcome_kind)i);
    outcome.unreachable = strstr(sent->id, "unreachable") != NULL;
    outcome.blames_call = strstr(sent->id, "blamed") != NULL;
    outcome.wait_sec = strstr(sent->id, "long") != NULL ? 700 : 0;
    return outcome;
}

/* ---- the list ---- */

static int note_end(void *context, int64_t end_epoch, struct err *err)
{
    char *text = context;
    size_t used = strlen(text);
    (void)snprintf(text + used, 80 - used, "%lld ", (long long)(end_epoch - SCENE_NOW));
    return used > 10 ? err_set(err, EX_SOFTWARE, "enough") : 0;
}

static void test_calls_are_sent_in_order_of_time_in_batches(void **state)
{
    struct scene *scene = *state;
    struct err err;
    char ends[80] = "";
    (void)scene_add(scene, "d", SCENE_NOW - 10);
    (void)scene_add(scene, "c", SCENE_NOW - 30);
    (void)scene_add(scene, "b", SCENE_NOW - 30);
    (void)scene_add(scene, "a", SCENE_NOW - 20);
    struct trial *trial = start(scene);
    trial->engine.terms.on_batch = note_end;
    trial->engine.terms.batch_context = ends;
    scene_revisit(&trial->engine, &trial->calls, "d", SCENE_NOW - 10);
    scene_take(&trial->engine, &trial->calls, scene_call(scene, "c"));
    scene_revisit(&trial->engine, &trial->calls, "a", SCENE_NOW - 20);
    scene_revisit(&trial->engine, &trial->calls, "b", SCENE_NOW - 30);
    assert_int_equal(all(trial, &err), 0);
    assert_string_equal(scene_ids(scene, 0), "b c a d");
    assert_string_equal(ends, "-20 -10 ");
    assert_true(all_settled(trial));
    assert_int_equal(scene->calls.fetched, 3); /* c was in the work already */
    assert_int_equal(trial->engine.uncommitted, 0);
    finish(trial);
}

static void test_a_callback_after_a_batch_may_end_sending(void **state)
{
    struct scene *scene = *state;
    struct err err;
    char ends[80] = "a long text";
    scene_add_many(scene, "a", 4, SCENE_NOW - 50, 1);
    struct trial *trial = start(scene);
    trial->engine.terms.on_batch = note_end;
    trial->engine.terms.batch_context = ends;
    for (size_t i = 0; i < 4; i++)
        scene_take(&trial->engine, &trial->calls, &scene->calls.calls[i]);
    assert_int_equal(all(trial, &err), -1);
    assert_string_equal(scene_ids(scene, 0), "a0 a1 a2");
    finish(trial);
}

/* Changes that another run makes between two batches. */
static int work_between(void *context, int64_t end_epoch, struct err *err)
{
    struct scene *scene = context;
    static const struct {
        const char *id;
        enum call_state state;
        bool is_other; /* the API accepted other content */
    } done[] = { { "a3", CALL_ACCEPTED, false },
                 { "a4", CALL_DISCARDED, false },
                 { "a5", CALL_ACCEPTED, true },
                 { "a6", CALL_PENDING, false } };
    for (size_t i = 0; end_epoch == SCENE_NOW - 48 && i < UNIT_COUNT(done); i++) {
        const struct call *call = scene_call(scene, done[i].id);
        struct call_record record = { .state = done[i].state, .sent_before = done[i].state == CALL_ACCEPTED,
                                      .fingerprint = call_fingerprint(call) + (done[i].is_other ? 1 : 0) };
        struct ledger_entry entry = { .uniqueid = call->id, .record = record, .end_epoch = call->ended };
        if (ledger_put(scene_ledger(scene), &entry, err) != 0)
            return -1;
    }
    return 0;
}

static void test_changes_of_another_run_between_two_batches_count(void **state)
{
    struct scene *scene = *state;
    struct err err;
    scene_add_many(scene, "a", 8, SCENE_NOW - 50, 1);
    struct trial *trial = start(scene);
    trial->engine.terms.on_batch = work_between;
    trial->engine.terms.lets_others_in = true;
    trial->engine.terms.batch_context = scene;
    for (size_t i = 0; i < 8; i++)
        scene_take(&trial->engine, &trial->calls, &scene->calls.calls[i]);
    assert_int_equal(all(trial, &err), 0);
    assert_string_equal(scene_ids(scene, 0), "a0 a1 a2 a5 a7");
    assert_true(all_settled(trial));
    assert_int_equal(scene_record(scene, "a4").state, CALL_DISCARDED);
    assert_int_equal(scene_record(scene, "a6").state, CALL_PENDING);
    assert_int_equal(scene_record(scene, "a5").fingerprint, call_fingerprint(scene_call(scene, "a5")));
    assert_int_equal(scene_record(scene, "a5").version_unknown, 0);
    assert_int_equal(scene->summary.accepted, 5);
    finish(trial);
}

static void test_changes_of_another_run_count_for_each_call(void **state)
{
    static const char *const ids[] = { "a2", "a3", "a4", "a5", "a6" };
    struct scene *scene = *state;
    struct err err;
    scene->settings.batch_size = 1;
    for (size_t i = 0; i < UNIT_COUNT(ids); i++)
        (void)scene_add(scene, ids[i], SCENE_NOW - 48 + (int64_t)i);
    struct trial *trial = start(scene);
    trial->engine.terms.on_batch = work_between;
    trial->engine.terms.lets_others_in = true;
    trial->engine.terms.batch_context = scene;
    for (size_t i = 0; i < UNIT_COUNT(ids); i++)
        scene_take(&trial->engine, &trial->calls, scene_call(scene, ids[i]));
    assert_int_equal(all(trial, &err), 0);
    assert_string_equal(scene_ids(scene, 0), "a2 a5");
    finish(trial);
}

static int break_ledger(void *context, int64_t end_epoch, struct err *err)
{
    (void)context;
    (void)end_epoch;
    (void)err;
    broken_ledger_at(1, 1);
    return 0;
}

static void test_an_error_reading_the_changes_of_another_run_is_returned(void **state)
{
    struct scene *scene = *state;
    struct err err;
    scene_add_many(scene, "a", 4, SCENE_NOW - 50, 1);
    struct trial *trial = start(scene);
    trial->engine.terms.on_batch = break_ledger;
    trial->engine.terms.lets_others_in = true;
    for (size_t i = 0; i < 4; i++)
        scene_take(&trial->engine, &trial->calls, &scene->calls.calls[i]);
    assert_int_equal(all(trial, &err), -1);
    broken_ledger_at(0, 0);
    assert_int_equal(err.code, EX_IOERR);
    assert_string_equal(scene_ids(scene, 0), "a0 a1 a2");
    finish(trial);
}

/* Pending calls that no other run changed still belong to this work, whatever their records say. */
static void test_a_call_that_no_other_run_changed_is_sent(void **state)
{
    struct scene *scene = *state;
    struct err err;
    scene_add_many(scene, "a", 8, SCENE_NOW - 50, 1);
    for (size_t i = 0; i < 8; i++) {
        const struct ledger_attempt attempt = { .answer = 500 };
        const struct ledger_entry entry = { .uniqueid = scene->calls.calls[i].id,
                                            .attempt = i % 2 == 0 ? &attempt : NULL,
                                            .record = { .state = CALL_PENDING,
                                                        .attempts = (int64_t)i % 3,
                                                        .sent_before = i % 4 == 0,
                                                        .fingerprint = i },
                                            .end_epoch = SCENE_NOW - 50 };
        assert_int_equal(ledger_put(scene_ledger(scene), &entry, &err), 0);
    }
    struct trial *trial = start(scene);
    trial->engine.terms.lets_others_in = true;
    for (size_t i = 0; i < 8; i++)
        scene_revisit(&trial->engine, &trial->calls, scene->calls.calls[i].id, scene->calls.calls[i].ended);
    assert_int_equal(all(trial, &err), 0);
    assert_string_equal(scene_ids(scene, 0), "a0 a1 a2 a3 a4 a5 a6 a7");
    assert_int_equal(scene->summary.accepted, 8);
    finish(trial);
}

/* A scan hands out a row twice if the row's end changes during the scan. */
static void test_a_call_listed_twice_is_sent_once(void **state)
{
    struct scene *scene = *state;
    struct err err;
    (void)scene_add(scene, "a", SCENE_NOW - 30);
    for (int later_first = 0; later_first < 2; later_first++) {
        struct call moved = *scene_call(scene, "a"), before = moved;
        moved.status = later_first ? "DNC" : "NA";
        moved.ended += 5;
        struct trial *trial = start(scene);
        size_t sent = scene->sent_count;
        scene_take(&trial->engine, &trial->calls, later_first ? &moved : &before);
        scene_take(&trial->engine, &trial->calls, later_first ? &before : &moved);
        assert_int_equal(all(trial, &err), 0);
        assert_int_equal(scene->sent_count, sent + 1);
        unit_same_text("the later one counts", scene->sent[sent].status, moved.status);
        assert_true(all_settled(trial));
        finish(trial);
    }
}

static void test_force_sends_accepted_calls_again(void **state)
{
    struct scene *scene = *state;
    struct err err;
    (void)scene_add(scene, "a", SCENE_NOW - 100);
    finish(forward_of(scene, "first", "a"));
    int64_t tried = scene_record(scene, "a").tried;
    for (int64_t off = 0; off < 2; off++) {
        struct trial *trial = start(scene);
        size_t before = scene->sent_count;
        trial->engine.terms.force_since = tried + off;
        scene_revisit(&trial->engine, &trial->calls, "a", SCENE_NOW - 100);
        assert_int_equal(all(trial, &err), 0);
        assert_int_equal(scene->sent_count - before, (size_t)off);
        finish(trial);
    }
    assert_string_equal(scene->sent[0].key, scene->sent[1].key);
    assert_int_equal(scene->summary.repeated, 1);
}

/* ---- a sink that fails ---- */

static int cannot_send(void *state, const struct sink_message *const *messages, size_t count,
                       const struct sink_observer *observer, struct err *err)
{
    (void)state;
    (void)messages;
    (void)count;
    (void)observer;
    return err_set(err, EX_OSERR, "no request can be made");
}

static void test_an_error_of_the_sink_ends_sending(void **state)
{
    struct scene *scene = *state;
    scene_add_many(scene, "a", 2, SCENE_NOW - 50, 1);
    for (int after_outage = 0; after_outage < 2; after_outage++) {
        struct err err;
        struct trial *trial = start(scene);
        struct sink_ops ops = *trial->sink.ops;
        ops.send = cannot_send;
        trial->sink.ops = &ops;
        trial->engine.breaker = breaker_start(after_outage == 1, false);
        scene_take(&trial->engine, &trial->calls, scene_call(scene, "a0"));
        scene_take(&trial->engine, &trial->calls, scene_call(scene, "a1"));
        assert_int_equal(all(trial, &err), -1);
        assert_string_equal(err.message, "no request can be made");
        assert_false(all_settled(trial));
        finish(trial);
    }
}

/* ---- after an outage ---- */

/* About half of the runs probe with the latest call, the other runs with any call. */
static void test_half_of_the_probes_are_the_latest_call(void **state)
{
    enum { CALLS = 20, RUNS = 60 };
    struct scene *scene = *state;
    size_t latest = 0, different = 0;
    bool seen[CALLS] = { false };
    scene->answer = as_its_id_says;
    scene->settings.batch_size = CALLS;
    scene_add_many(scene, "retry", CALLS, SCENE_NOW - 100, 1);
    for (int64_t run = 1; run <= RUNS; run++) {
        struct err err;
        struct trial *trial = start(scene);
        trial->engine.run = run;
        trial->engine.breaker = breaker_start(true, false);
        for (size_t i = 0; i < CALLS; i++)
            scene_take(&trial->engine, &trial->calls, &scene->calls.calls[i]);
        assert_int_equal(all(trial, &err), 0);
        assert_int_equal(scene->sent_count, run); /* only the probe */
        assert_int_equal(scene->summary.stop, STOP_OUTAGE);
        size_t which = (size_t)atoi(scene->sent[run - 1].id + strlen("retry"));
        latest += which == CALLS - 1;
        different += !seen[which];
        seen[which] = true;
        finish(trial);
    }
    unit_in_range(latest, RUNS / 4, RUNS * 3 / 4);
    unit_in_range(different, CALLS / 2, CALLS);
}

static struct outcome only_once(struct scene *scene, const struct scene_sent *sent, size_t nth)
{
    (void)sent;
    (void)nth;
    return scene_outcome(scene->sent_count == 0 ? OUTCOME_ACCEPTED : OUTCOME_RETRY);
}

/* The API accepts only the probe: then five calls fail, and the next probe. */
static void test_an_api_that_fails_after_the_probe_is_down_again(void **state)
{
    struct scene *scene = *state;
    struct err err;
    scene->answer = only_once;
    scene->settings.batch_size = 20;
    scene_add_many(scene, "a", 20, SCENE_NOW - 100, 1);
    struct trial *trial = start(scene);
    trial->engine.breaker = breaker_start(true, false);
    for (size_t i = 0; i < 20; i++)
        scene_take(&trial->engine, &trial->calls, &scene->calls.calls[i]);
    assert_int_equal(all(trial, &err), 0);
    assert_int_equal(scene->sent_count, 7);
    assert_int_equal(scene->summary.accepted, 1);
    assert_int_equal(scene->summary.stop, STOP_OUTAGE);
    finish(trial);
}

/* ---- outcomes ---- */

/* Each answer takes a while. At the last answer, another process checks that the first outcome is durable. */
static struct outcome looks_at_the_first(struct scene *scene, const struct scene_sent *sent, size_t nth)
{
    struct err err;
    struct ledger *ledger = NULL;
    struct call_record record;
    (void)nth;
    (void)usleep(60 * 1000);
    if (strcmp(sent->id, "a2") == 0) {
        assert_int_equal(ledger_open(scene->directory, LEDGER_READ_ONLY, &ledger, NULL, &err), 0);
        assert_int_equal(ledger_find(ledger, "a0", &record, &err), 0);
        assert_int_equal(record.state, CALL_ACCEPTED);
        ledger_close(ledger);
    }
    return scene_outcome(OUTCOME_ACCEPTED);
}

/* So a crash in a slow batch repeats only the calls of the last moment. */
static void test_outcomes_are_durable_before_a_slow_batch_ends(void **state)
{
    struct scene *scene = *state;
    scene->answer = looks_at_the_first;
    scene_add_many(scene, "a", 3, SCENE_NOW - 50, 1);
    finish(forward_of(scene, "slow", "a0 a1 a2"));
}

static void test_each_outcome_has_its_effect_on_ledger_and_summary(void **state)
{
    static const struct {
        const char *ids[3], *sent;
        enum summary_stop stop;
        enum call_state state; /* of the first call */
        int64_t attempts, failed, rejected, in_doubt;
        int64_t due_from, due_to; /* of the first call, if it is pending */
    } rows[] = {
        { { "1-reject", "1-taken" }, "1-reject 1-taken", STOP_NONE, CALL_REJECTED, 0, 1, 1, 0, 0, 0 },
        { { "2-retry", "2-taken" }, "2-retry 2-taken", STOP_NONE, CALL_PENDING, 1, 1, 0, 0, 45, 62 },
        { { "3-wrong", "3-taken" }, "3-wrong 3-taken", STOP_NONE, CALL_PENDING, 1, 1, 0, 0, 45, 62 },
        { { "4-retry-long", "4-taken" }, "4-retry-long 4-taken", STOP_NONE, CALL_PENDING, 1, 1, 0, 0, 700, 702 },
        { { "5-retry", "5-reject" }, "5-retry 5-reject", STOP_NONE, CALL_PENDING, 1, 2, 1, 0, 45, 62 },
        { { "6-retry", "6-retry-b" }, "6-retry 6-retry-b", STOP_OUTAGE, CALL_UNKNOWN, 0, 2, 0, 0, 0, 0 },
        { { "7-wrong", "7-wrong-b" }, "7-wrong 7-wrong-b", STOP_CONFIGURATION, CALL_UNKNOWN, 0, 2, 0, 0, 0, 0 },
        { { "8-wrong", "8-retry" }, "8-wrong 8-retry", STOP_OUTAGE, CALL_UNKNOWN, 0, 2, 0, 0, 0, 0 },
        { { "9-retry" }, "9-retry", STOP_NONE, CALL_PENDING, 0, 1, 0, 1, 45, 62 },
        { { "10-retry-unreachable" }, "10-retry-unreachable", STOP_OUTAGE, CALL_UNKNOWN, 0, 1, 0, 0, 0, 0 },
        { { "11-retry-blamed", "11-retry" }, "11-retry-blamed 11-retry", STOP_NONE, CALL_PENDING, 0, 2, 0, 2, 45, 62 },
        { { "12-limit", "12-taken" }, "12-limit", STOP_RATE_LIMITED, CALL_UNKNOWN, 0, 1, 0, 0, 0, 0 },
        { { "13-shown", "13-taken" }, "13-shown 13-taken", STOP_NONE, CALL_UNKNOWN, 0, 0, 0, 0, 0, 0 },
    };
    struct scene *scene = *state;
    scene->answer = as_its_id_says;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        const char *first = rows[i].ids[0];
        scene->calls.count = 0;
        for (size_t k = 0; k < 3 && rows[i].ids[k] != NULL; k++)
            (void)scene_add(scene, rows[i].ids[k], SCENE_NOW - 100 + (int64_t)k);
        struct trial *trial = forward_of(scene, first, rows[i].sent);
        unit_same_int(first, scene_record(scene, first).state, rows[i].state);
        unit_same_int(first, scene_record(scene, first).attempts, rows[i].attempts);
        unit_same_int(first, scene->summary.stop, rows[i].stop);
        unit_same_int(first, scene->summary.failed, rows[i].failed);
        unit_same_int(first, scene->summary.rejected, rows[i].rejected);
        unit_same_int(first, scene->summary.in_doubt, rows[i].in_doubt);
        unit_true(first, all_settled(trial) == (rows[i].stop == STOP_NONE));
        if (rows[i].state == CALL_PENDING)
            unit_in_range(due_in(scene, first), rows[i].due_from, rows[i].due_to + 15);
        finish(trial);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_scene(test_calls_are_sent_in_order_of_time_in_batches),
        in_scene(test_a_callback_after_a_batch_may_end_sending),
        in_scene(test_changes_of_another_run_between_two_batches_count),
        in_scene(test_changes_of_another_run_count_for_each_call),
        in_scene(test_a_call_that_no_other_run_changed_is_sent),
        in_scene(test_a_call_listed_twice_is_sent_once),
        in_scene(test_force_sends_accepted_calls_again),
        in_scene(test_an_error_reading_the_changes_of_another_run_is_returned),
        in_scene(test_an_error_of_the_sink_ends_sending),
        in_scene(test_half_of_the_probes_are_the_latest_call),
        in_scene(test_an_api_that_fails_after_the_probe_is_down_again),
        in_scene(test_outcomes_are_durable_before_a_slow_batch_ends),
        in_scene(test_each_outcome_has_its_effect_on_ledger_and_summary),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
