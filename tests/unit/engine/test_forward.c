/* Tests of forward: what becomes of a list of calls, in the ledger, in the summary and at the sink. */
#include "../scene.h"

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

static int all(struct trial *trial, struct err *err)
{
    int result = forward_all(&trial->engine, &trial->calls, err);
    memory_sink_free(&trial->memory);
    if (result == 0)
        result = engine_commit(&trial->engine, err);
    return result;
}

/* Takes the calls that the source has, by their ids. */
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

static bool all_settled(const struct trial *trial)
{
    return work_first_open(&trial->calls) == NULL;
}

static void finish(struct trial *trial)
{
    work_clear(&trial->calls);
}

/* ---- answers ---- */

/* The second word of an id says what becomes of it: "1-retry". */
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

static void test_it_goes_by_time_in_batches(void **state)
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
    assert_int_equal(scene->calls.fetched, 3); /* c was at hand */
    assert_int_equal(trial->engine.uncommitted, 0);
    finish(trial);
}

static void test_whoever_asks_after_a_batch_may_end_it(void **state)
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

/* What another run does with the calls while the ledger is its own. */
static int work_between(void *context, int64_t end_epoch, struct err *err)
{
    struct scene *scene = context;
    static const struct {
        const char *id;
        enum call_state state;
        bool is_other; /* the API took another content */
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

static void test_what_others_did_between_two_batches_counts(void **state)
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

/* A row whose end moved while it was scanned is listed twice. */
static void test_a_call_that_is_listed_twice_is_sent_once(void **state)
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

static void test_force_sends_what_is_accepted_again(void **state)
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

/* ---- outcomes ---- */

static void test_outcomes(void **state)
{
    static const struct {
        const char *ids[3], *sent;
        enum summary_stop stop;
        enum call_state state; /* of the first */
        int64_t attempts, failed, rejected, in_doubt;
        int64_t due_from, due_to; /* of the first, if it is pending */
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
        finish(trial);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_scene(test_it_goes_by_time_in_batches),
        in_scene(test_whoever_asks_after_a_batch_may_end_it),
        in_scene(test_what_others_did_between_two_batches_counts),
        in_scene(test_a_call_that_is_listed_twice_is_sent_once),
        in_scene(test_force_sends_what_is_accepted_again),
        in_scene(test_outcomes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
