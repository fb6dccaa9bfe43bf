/* Tests of forward: the records and log lines of each call, for the next runs and for people. */
#include "../scene.h"

#include <sqlite3.h>

#include "base/log.h"
#include "ledger/records.h"

static struct source source;
static struct sink sink;
static struct memory_sink memory;
static struct engine engine;

static void begin(struct scene *scene)
{
    source = memory_source_open(&scene->calls);
    sink = scene_sink(scene, &memory);
    engine = scene_engine(scene, &source, &sink);
}

/* Adds all calls of the source to the work that begin has prepared. */
static void take_all(struct scene *scene)
{
    struct err err;
    struct work calls = { .count = 0 };
    for (size_t i = 0; i < scene->calls.count; i++)
        scene_revisit(&engine, &calls, scene->calls.calls[i].id, scene->calls.calls[i].ended);
    assert_int_equal(forward_all(&engine, &calls, &err), 0);
    assert_int_equal(engine_commit(&engine, &err), 0);
    work_clear(&calls);
    memory_sink_free(&memory);
}

static void run(struct scene *scene)
{
    begin(scene);
    take_all(scene);
}

static void put(struct scene *scene, const char *id, struct call_record record, int64_t due)
{
    struct err err;
    struct ledger_entry entry = { .uniqueid = id, .record = record, .end_epoch = SCENE_NOW - 9, .due = due };
    assert_int_equal(ledger_put(scene_ledger(scene), &entry, &err), 0);
}

/* ---- records and log lines of a call ---- */

static struct {
    struct records_call call;
    char reason[600], status[20], result[20], agent[20], campaign[20], phone[20];
} told;

static void keep(char *out, size_t size, const char *text)
{
    (void)snprintf(out, size, "%s", text != NULL ? text : "(none)");
}

static void on_call(void *context, const struct records_call *call)
{
    (void)context;
    told.call = *call;
    keep(told.reason, sizeof told.reason, call->reason);
    keep(told.status, sizeof told.status, call->last.status);
    keep(told.result, sizeof told.result, call->last.result);
    keep(told.agent, sizeof told.agent, call->last.agent);
    keep(told.campaign, sizeof told.campaign, call->campaign);
    keep(told.phone, sizeof told.phone, call->phone);
}

static void look_up(struct scene *scene, const char *id)
{
    struct err err;
    memset(&told, 0, sizeof told);
    assert_int_equal(records_find_call(scene_ledger(scene), id, on_call, NULL, &err), 0);
}

static struct outcome as_its_id_says(struct scene *scene, const struct scene_sent *sent, size_t nth)
{
    (void)scene;
    (void)nth;
    if (strncmp(sent->id, "bad", 3) == 0)
        return scene_outcome(OUTCOME_RETRY);
    if (strncmp(sent->id, "wrong", 5) == 0)
        return scene_outcome(OUTCOME_MISCONFIGURED);
    return scene_outcome(strncmp(sent->id, "no", 2) == 0 ? OUTCOME_REJECTED : OUTCOME_ACCEPTED);
}

static struct outcome rate_limited(struct scene *scene, const struct scene_sent *sent, size_t nth)
{
    (void)scene;
    (void)sent;
    (void)nth;
    return scene_outcome(OUTCOME_RATE_LIMITED);
}

static void test_the_ledger_has_the_outcome_of_each_call(void **state)
{
    static const struct {
        const char *id;
        int64_t attempts; /* the attempts before this run */
        enum call_state state;
        const char *reason;
        int64_t answer, attempts_after;
    } rows[] = {
        { "a", 0, CALL_ACCEPTED, "(none)", 201, 0 },
        { "b", 2, CALL_ACCEPTED, "(none)", 201, 0 },
        { "no", 0, CALL_REJECTED, "HTTP 422", 422, 0 },
        { "bad", 0, CALL_PENDING, "HTTP 500", 500, 1 },
        { "bad2", 1, CALL_PENDING, "HTTP 500", 500, 2 },
        { "bad3", 2, CALL_REJECTED, "HTTP 500, after 3 attempts", 500, 3 },
        { "wrong", 0, CALL_PENDING, "HTTP 403, though the API accepts other calls", 403, 1 },
    };
    struct scene *scene = *state;
    scene->answer = as_its_id_says;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        (void)scene_add(scene, rows[i].id, SCENE_NOW - 100 + (int64_t)i);
        put(scene, rows[i].id, (struct call_record){ .state = CALL_PENDING, .attempts = rows[i].attempts }, 0);
    }
    run(scene);
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        look_up(scene, rows[i].id);
        unit_same_int(rows[i].id, told.call.record.state, rows[i].state);
        unit_same_text(rows[i].id, told.reason, rows[i].reason);
        unit_same_int(rows[i].id, told.call.record.attempts, rows[i].attempts_after);
        unit_same_int(rows[i].id, told.call.last.answer, rows[i].answer);
        unit_same_int(rows[i].id, told.call.last.took_ms, 4);
        unit_same_int(rows[i].id, told.call.end_epoch, SCENE_NOW - 100 + (int64_t)i);
        unit_same_text(rows[i].id, told.status, "SALE");
        unit_same_text(rows[i].id, told.result, "answered");
        unit_same_text(rows[i].id, told.agent, "6666");
        unit_same_text(rows[i].id, told.campaign, "TEST");
        unit_same_text(rows[i].id, told.phone, "3125550100");
        unit_true(rows[i].id, told.call.record.sent_before == (rows[i].state == CALL_ACCEPTED));
    }
}

static void test_the_log_has_a_line_for_each_outcome(void **state)
{
    static const char *const lines[] = { "a: TEST/3125550100", "SALE (45s)", "no: failed: HTTP 422 (rejected)",
                                         "bad: failed: HTTP 500 (attempt 1, ", "gone from the memory" };
    struct scene *scene = *state;
    scene->answer = as_its_id_says;
    (void)scene_add(scene, "a", SCENE_NOW - 100);
    (void)scene_add(scene, "no", SCENE_NOW - 90);
    (void)scene_add(scene, "bad", SCENE_NOW - 80);
    (void)scene_add(scene, "lost", SCENE_NOW - 70);
    put(scene, "lost", (struct call_record){ .state = CALL_PENDING }, 0);
    struct err err;
    struct work calls = { .count = 0 };
    begin(scene);
    for (size_t i = 0; i < scene->calls.count; i++)
        if (strcmp(scene->calls.calls[i].id, "lost") != 0)
            scene_take(&engine, &calls, &scene->calls.calls[i]);
    scene_drop(scene, "lost");
    scene_revisit(&engine, &calls, "lost", SCENE_NOW - 70);
    assert_int_equal(forward_all(&engine, &calls, &err), 0);
    work_clear(&calls);
    memory_sink_free(&memory);
    for (size_t i = 0; i < UNIT_COUNT(lines); i++)
        scene_check_log(scene, lines[i], lines[i]);
    assert_int_equal(scene->summary.forgotten, 1);
}

/* In JSON, each line about a call has the attempt and its answer. */
static void test_a_json_line_has_attempt_and_answer(void **state)
{
    struct scene *scene = *state;
    scene->answer = as_its_id_says;
    log_configure(LOG_FORMAT_JSON, LOG_INFO);
    (void)scene_add(scene, "bad", SCENE_NOW - 100);
    (void)scene_add(scene, "a", SCENE_NOW - 90);
    put(scene, "bad", (struct call_record){ .state = CALL_PENDING, .attempts = 1 }, 0);
    run(scene);
    scene_check_log(scene, "attempt", "\"attempt\":2");
    scene_check_log(scene, "attempt", "\"attempt\":1");
    scene_check_log(scene, "answer", "500");
    log_configure(LOG_FORMAT_TEXT, LOG_INFO);
}

/* A line about a call that was not sent has no attempt and no answer, but all data of the call. */
static void test_a_json_line_of_an_unsent_call_has_no_attempt(void **state)
{
    static char campaign[] = "TEST";
    struct scene *scene = *state;
    struct err err;
    struct work calls = { .count = 0 };
    log_configure(LOG_FORMAT_JSON, LOG_INFO);
    (void)scene_add(scene, "other", SCENE_NOW - 100);
    put(scene, "other", (struct call_record){ .state = CALL_PENDING }, 0);
    put(scene, "gone", (struct call_record){ .state = CALL_PENDING }, 0);
    put(scene, "perhaps", (struct call_record){ .state = CALL_PENDING }, 0);
    put(scene, "accepted", (struct call_record){ .state = CALL_ACCEPTED }, 0);
    scene->settings.exclude_campaigns = campaign;
    begin(scene);
    scene_revisit(&engine, &calls, "other", SCENE_NOW - 100);
    scene_revisit(&engine, &calls, "gone", SCENE_NOW - 80);
    scene->calls.archive_problem = "the archive is damaged";
    scene_revisit(&engine, &calls, "perhaps", SCENE_NOW - 70);
    scene_revisit(&engine, &calls, "accepted", SCENE_NOW - 60);
    assert_int_equal(engine_commit(&engine, &err), 0);
    assert_int_equal(calls.count, 0);
    scene_check_log(scene, "other",
                    "\"context\":{\"uniqueid\":\"other\",\"campaign\":\"TEST\",\"phone\":\"3125550100\","
                    "\"status\":\"SALE\",\"result\":\"answered\"}");
    scene_check_log(scene, "gone", "\"context\":{\"uniqueid\":\"gone\"}");
    scene_check_log(scene, "perhaps", "\"context\":{\"uniqueid\":\"perhaps\"}");
    assert_int_equal(scene_count_log(scene, "accepted"), 0); /* the log has no line about settled calls */
    log_configure(LOG_FORMAT_TEXT, LOG_INFO);
}

/* The ledger has the change, so the checkpoint may move although the change was not sent. */
static void test_a_change_that_waits_for_the_next_run_is_recorded(void **state)
{
    struct scene *scene = *state;
    struct err err;
    struct work calls = { .count = 0 };
    (void)scene_add(scene, "b", SCENE_NOW - 90);
    run(scene);
    scene->answer = rate_limited;
    scene_call(scene, "b")->status = "NA";
    (void)scene_add(scene, "a", SCENE_NOW - 100);
    put(scene, "a", (struct call_record){ .state = CALL_PENDING }, 0);
    begin(scene);
    scene_revisit(&engine, &calls, "a", SCENE_NOW - 100);
    scene_take(&engine, &calls, scene_call(scene, "b"));
    assert_string_equal(work_first_open(&calls)->call->id, "b");
    assert_int_equal(forward_all(&engine, &calls, &err), 0);
    assert_int_equal(scene->summary.stop, STOP_RATE_LIMITED);
    assert_string_equal(scene_ids(scene, 1), "a");
    assert_null(work_first_open(&calls));
    assert_int_equal(scene_record(scene, "b").state, CALL_PENDING);
    work_clear(&calls);
    memory_sink_free(&memory);
}

/* ---- doubt ---- */

/* A call that used up a retry before does not count as one of two failed calls. It tells the next run nothing about the
 * API. */
static void test_a_call_that_failed_before_proves_nothing_about_the_api(void **state)
{
    struct scene *scene = *state;
    scene->answer = as_its_id_says;
    (void)scene_add(scene, "bad1", SCENE_NOW - 100);
    put(scene, "bad1", (struct call_record){ .state = CALL_PENDING, .attempts = 1 }, 0);
    run(scene);
    assert_int_equal(scene->summary.in_doubt, 1);
    assert_int_equal(scene_record(scene, "bad1").attempts, 1);
    assert_int_equal(scene_place(scene, LEDGER_DOUBT).end_epoch, 0);
    (void)scene_add(scene, "bad2", SCENE_NOW - 90);
    run(scene);
    assert_int_equal(scene->summary.stop, STOP_NONE);
    assert_int_equal(scene->summary.in_doubt, 2);
    assert_int_equal(scene_record(scene, "bad2").attempts, 0);
    assert_string_equal(scene_place(scene, LEDGER_DOUBT).uniqueid, "bad2");
    scene_check_log(scene, "the log", "HTTP 500 (");
}

/* An earlier run was in doubt about this same call. Its second failure proves no more than the first. */
static void test_a_second_failure_of_the_doubtful_call_is_no_outage(void **state)
{
    struct scene *scene = *state;
    scene->answer = as_its_id_says;
    (void)scene_add(scene, "bad", SCENE_NOW - 100);
    begin(scene);
    engine.breaker = breaker_start(false, true);
    engine.doubt = position_at(SCENE_NOW - 100, "bad");
    take_all(scene);
    assert_int_equal(scene->summary.stop, STOP_NONE);
    assert_int_equal(scene->summary.in_doubt, 1);
}

static struct outcome waits(struct scene *scene, const struct scene_sent *sent, size_t nth)
{
    (void)sent;
    (void)nth;
    struct outcome outcome = scene_outcome(OUTCOME_RETRY);
    outcome.wait_sec = scene->every;
    return outcome;
}

/* An API that is down sends Retry-After. */
static void test_an_outage_with_retry_after_pauses_the_next_runs(void **state)
{
    static const int64_t wishes[] = { 0, 1, 700 };
    struct scene *scene = *state;
    scene->answer = waits;
    scene_add_many(scene, "a", 2, SCENE_NOW - 100, 10);
    for (size_t i = 0; i < UNIT_COUNT(wishes); i++) {
        scene->every = wishes[i];
        run(scene);
        int64_t until = scene_note(scene, LEDGER_NOTE_WAIT_UNTIL);
        unit_same_int("stop", scene->summary.stop, STOP_OUTAGE);
        unit_true("until", wishes[i] == 0 ? until == 0 : until >= SCENE_NOW + wishes[i] && until <= SCENE_NOW + 720);
    }
}

/* One of the two answers asks for a pause, the first or the last. */
static struct outcome asks_for_a_pause(struct scene *scene, const struct scene_sent *sent, size_t nth)
{
    (void)nth;
    bool is_last = strcmp(sent->id, "b") == 0;
    struct outcome outcome = scene_outcome(OUTCOME_RETRY);
    outcome.wait_sec = is_last == (scene->every == 1) ? 700 : 0;
    (void)snprintf(outcome.reason, sizeof outcome.reason, "%s", is_last ? "the last reason" : "an earlier one");
    return outcome;
}

static void test_the_longest_pause_of_an_outage_counts(void **state)
{
    struct scene *scene = *state;
    scene->answer = asks_for_a_pause;
    (void)scene_add(scene, "a", SCENE_NOW - 100);
    (void)scene_add(scene, "b", SCENE_NOW - 90);
    for (scene->every = 0; scene->every < 2; scene->every++) {
        run(scene);
        assert_int_equal(scene->summary.stop, STOP_OUTAGE);
        unit_has("why", scene->summary.message, "the last reason");
        unit_in_range(scene_note(scene, LEDGER_NOTE_WAIT_UNTIL), SCENE_NOW + 700, SCENE_NOW + 720);
    }
}

/* In an earlier run the API refused a call, and there was no other call to test the API with. */
static void test_a_second_refused_call_in_another_run_is_a_wrong_configuration(void **state)
{
    struct scene *scene = *state;
    scene->answer = as_its_id_says;
    (void)scene_add(scene, "wrong", SCENE_NOW - 100);
    begin(scene);
    engine.breaker = breaker_start(false, true);
    take_all(scene);
    assert_int_equal(scene->summary.stop, STOP_CONFIGURATION);
    unit_has("how many", scene->summary.message, "refused 2 different calls in a row");
    (void)scene_add(scene, "wrong2", SCENE_NOW - 90);
    run(scene);
    unit_has("both in one", scene->summary.message, "refused 2 different calls in a row");
}

/* The longer a call is in doubt, the longer is the pause before its next try. */
static void test_the_pauses_of_a_doubtful_call_grow(void **state)
{
    static const int64_t most[] = { 60, 120, 240 };
    struct scene *scene = *state;
    scene->answer = as_its_id_says;
    (void)scene_add(scene, "bad", SCENE_NOW - 100);
    for (size_t i = 0; i < UNIT_COUNT(most); i++) {
        run(scene);
        look_up(scene, "bad");
        unit_in_range(told.call.due, SCENE_NOW + most[i] * 3 / 4, SCENE_NOW + most[i] + 20);
    }
}

static struct outcome limits(struct scene *scene, const struct scene_sent *sent, size_t nth)
{
    (void)sent;
    (void)nth;
    struct outcome outcome = scene_outcome(OUTCOME_RATE_LIMITED);
    outcome.wait_sec = scene->every;
    return outcome;
}

static void test_a_rate_limit_pauses_with_and_without_retry_after(void **state)
{
    static const int64_t wishes[] = { 0, 1, 700 }, most[] = { 75, 16, 715 }, least[] = { 60, 1, 700 };
    struct scene *scene = *state;
    scene->answer = limits;
    scene_add_many(scene, "a", 2, SCENE_NOW - 100, 10);
    for (size_t i = 0; i < UNIT_COUNT(wishes); i++) {
        scene->every = wishes[i];
        run(scene);
        unit_in_range(scene_note(scene, LEDGER_NOTE_WAIT_UNTIL), SCENE_NOW + least[i], SCENE_NOW + most[i]);
        unit_has("message", scene->summary.message, ": HTTP 429");
    }
}

/* After five failures in a row, the run sends one more call. If that call fails too, it is an outage, even if the
 * answers blame the calls. */
static struct outcome blames(struct scene *scene, const struct scene_sent *sent, size_t nth)
{
    (void)scene;
    (void)nth;
    struct outcome outcome = scene_outcome(strcmp(sent->id, "good") == 0 ? OUTCOME_ACCEPTED : OUTCOME_RETRY);
    outcome.blames_call = true;
    return outcome;
}

static void test_five_failures_in_a_row_are_an_outage(void **state)
{
    struct scene *scene = *state;
    scene->answer = blames;
    scene->settings.batch_size = 20;
    scene_add_many(scene, "a", 12, SCENE_NOW - 100, 1);
    run(scene);
    assert_int_equal(scene->sent_count, 6);
    assert_int_equal(scene->summary.stop, STOP_OUTAGE);
    assert_int_equal(scene->summary.failed, 6);
    assert_int_equal(scene_record(scene, "a0").state, CALL_UNKNOWN);
}

/* The API refuses the second call and all later ones, while earlier requests are still in flight. */
static struct outcome refuses_what_was_started_later(struct scene *scene, const struct scene_sent *sent, size_t nth)
{
    (void)scene;
    (void)nth;
    bool was_in_flight = strcmp(sent->id, "a0") == 0 || strcmp(sent->id, "a2") == 0;
    struct outcome outcome = scene_outcome(was_in_flight ? OUTCOME_ACCEPTED : OUTCOME_MISCONFIGURED);
    outcome.started_ms = was_in_flight ? 1 : 0;
    return outcome;
}

static void test_an_answer_from_before_the_failure_blames_no_call(void **state)
{
    struct scene *scene = *state;
    scene->answer = refuses_what_was_started_later;
    scene->settings.batch_size = 20;
    scene_add_many(scene, "a", 12, SCENE_NOW - 100, 1);
    run(scene);
    assert_int_equal(scene->sent_count, 9);
    assert_int_equal(scene->summary.stop, STOP_CONFIGURATION);
    assert_int_equal(scene->summary.accepted, 2);
    assert_int_equal(scene_record(scene, "a1").attempts, 0);
    assert_int_equal(scene_record(scene, "a1").state, CALL_UNKNOWN);
}

/* Both requests are in flight at once, and the call that the API cannot process is answered first. */
static struct outcome fails_beside_a_good_call(struct scene *scene, const struct scene_sent *sent, size_t nth)
{
    (void)scene;
    (void)nth;
    struct outcome outcome = scene_outcome(strcmp(sent->id, "a0") == 0 ? OUTCOME_RETRY : OUTCOME_ACCEPTED);
    outcome.started_ms = 1;
    return outcome;
}

static void test_a_call_that_fails_beside_a_good_one_is_no_outage(void **state)
{
    struct scene *scene = *state;
    scene->answer = fails_beside_a_good_call;
    scene->settings.batch_size = 20;
    scene_add_many(scene, "a", 2, SCENE_NOW - 100, 1);
    run(scene);
    assert_int_equal(scene->summary.stop, STOP_NONE);
    assert_int_equal(scene->summary.accepted, 1);
    assert_int_equal(scene_record(scene, "a0").state, CALL_PENDING);
    assert_int_equal(scene_record(scene, "a0").attempts, 1);
}

/* The engine notes the time of the first uncommitted change of a group. */
static void test_the_time_of_the_first_uncommitted_change_is_noted(void **state)
{
    struct scene *scene = *state;
    struct err err;
    struct work calls = { .count = 0 };
    int64_t began_ms = clock_mono_ms();
    begin(scene);
    scene_take(&engine, &calls, scene_add(scene, "a", SCENE_NOW - 100));
    assert_int_equal(forward_all(&engine, &calls, &err), 0);
    work_clear(&calls);
    memory_sink_free(&memory);
    unit_in_range(engine.first_uncommitted_ms, began_ms, clock_mono_ms());
}

/* ---- counters ---- */

static void test_each_outcome_is_counted(void **state)
{
    struct scene *scene = *state;
    scene->answer = as_its_id_says;
    (void)scene_add(scene, "a", SCENE_NOW - 100);
    (void)scene_add(scene, "no", SCENE_NOW - 90);
    run(scene);
    assert_int_equal(engine.tally.answers[201], 1);
    assert_int_equal(engine.tally.answers[422], 1);
    assert_int_equal(engine.tally.resent, 0);
    assert_int_equal(engine.tally.results[0].accepted, 1);
    assert_int_equal(engine.tally.results[0].rejected, 1);
    unit_in_range(engine.tally.acceptance.sum_ms, 100000, 160000);
    assert_int_equal(scene->summary.failed, 1);
    assert_int_equal(scene->summary.repeated, 0);
    scene_call(scene, "a")->status = "SALE2";
    begin(scene);
    engine.terms.of_the_past = true;
    take_all(scene);
    assert_int_equal(engine.tally.resent, 1);
    assert_int_equal(engine.tally.acceptance.sum_ms, 0);
}

/* ---- due calls ---- */

static size_t count_due(struct scene *scene, int64_t due, int64_t cap)
{
    struct err err;
    struct ledger_stretch all = { .after = position_at(INT64_MIN, ""), .ended_from = INT64_MIN,
                                  .ended_before = INT64_MAX };
    struct work work = { .count = 0 };
    size_t count = 0;
    scene->settings.retry_cap = cap;
    scene->settings.batch_size = 10;
    (void)scene_add(scene, "a", SCENE_NOW - 9);
    put(scene, "a", (struct call_record){ .state = CALL_PENDING }, due);
    begin(scene);
    assert_int_equal(revisit_all(&engine, &all, &work, &count, &err), 0);
    assert_int_equal(work.count, count);
    work_clear(&work);
    return count;
}

/* A due time beyond the longest delay: the clock was set back. */
static void test_a_call_is_due_by_its_time(void **state)
{
    struct scene *scene = *state;
    assert_int_equal(count_due(scene, SCENE_NOW, 3600), 1);
    assert_int_equal(count_due(scene, SCENE_NOW + 60, 3600), 0);
    assert_int_equal(count_due(scene, SCENE_NOW + 3600, 3600), 0);
    assert_int_equal(count_due(scene, SCENE_NOW + 3660, 3600), 1);
    assert_int_equal(count_due(scene, SCENE_NOW + 900, 60), 0);
    assert_int_equal(count_due(scene, SCENE_NOW + 960, 60), 1);
}

/* Content without an answer is sent again under the same key, until the API accepts it. */
static struct outcome no_answer_for_na(struct scene *scene, const struct scene_sent *sent, size_t nth)
{
    (void)scene;
    (void)nth;
    return scene_outcome(strcmp(sent->status, "NA") == 0 && nth < 2 ? OUTCOME_RETRY : OUTCOME_ACCEPTED);
}

static void test_a_change_in_doubt_keeps_its_key(void **state)
{
    struct scene *scene = *state;
    scene->answer = no_answer_for_na;
    (void)scene_add(scene, "a", SCENE_NOW - 100);
    run(scene);
    scene_call(scene, "a")->status = "NA";
    run(scene);
    assert_int_equal(scene_record(scene, "a").state, CALL_PENDING);
    assert_int_not_equal(scene_record(scene, "a").version_unknown, 0);
    run(scene);
    assert_int_equal(scene_record(scene, "a").state, CALL_ACCEPTED);
    assert_string_equal(scene_ids(scene, 0), "a a a");
    assert_string_not_equal(scene->sent[0].key, scene->sent[1].key);
    assert_string_equal(scene->sent[1].key, scene->sent[2].key);
    assert_int_equal(scene_record(scene, "a").version_unknown, 0);
}

/* A ledger of the first version did not count tries. A changed call still gets a number that differs from the first
 * try's. */
static void test_a_change_after_uncounted_tries_has_a_number(void **state)
{
    struct scene *scene = *state;
    (void)scene_add(scene, "bad", SCENE_NOW - 100);
    put(scene, "bad", (struct call_record){ .state = CALL_ACCEPTED, .sent_before = true, .fingerprint = 1 }, 0);
    scene->answer = as_its_id_says;
    run(scene);
    assert_int_equal(scene_record(scene, "bad").state, CALL_PENDING);
    assert_int_equal(scene_record(scene, "bad").version_unknown, 1);
}

/* Each change after a try without an answer has a new key, even if the row changes back. An API that recognizes keys
 * would otherwise repeat its old answer, and keep its old content. */
static struct outcome no_answer_until_the_last(struct scene *scene, const struct scene_sent *sent, size_t nth)
{
    (void)scene;
    (void)sent;
    return scene_outcome(nth < 4 ? OUTCOME_RETRY : OUTCOME_ACCEPTED);
}

static void test_content_that_comes_back_is_no_repetition(void **state)
{
    static const char *const statuses[] = { "NA", "SALE", "NA", "SALE", "SALE" };
    struct scene *scene = *state;
    scene->settings.max_attempts = 9;
    scene->answer = no_answer_until_the_last;
    (void)scene_add(scene, "a", SCENE_NOW - 100);
    for (size_t i = 0; i < UNIT_COUNT(statuses); i++) {
        scene_call(scene, "a")->status = statuses[i];
        run(scene);
        assert_string_equal(scene->sent[i].status, statuses[i]);
        for (size_t k = 0; k < i; k++)
            unit_true(statuses[i], (strcmp(scene->sent[i].key, scene->sent[k].key) == 0) == (i == 4 && k == 3));
    }
    assert_int_equal(scene_record(scene, "a").state, CALL_ACCEPTED);
    assert_int_equal(scene_record(scene, "a").version_unknown, 0);
    scene_check_log(scene, "in the ledger's words", "✓ a: ");
}

static void test_an_unknown_length_is_logged_as_0(void **state)
{
    struct scene *scene = *state;
    scene_add(scene, "a", SCENE_NOW - 100)->length = CALL_NO_NUMBER;
    run(scene);
    scene_check_log(scene, "shown as none", "SALE (0s)");
}

static void count_try(struct scene *scene, const char *id, int by)
{
    char sql[120];
    sqlite3 *database = NULL;
    (void)snprintf(sql, sizeof sql, "UPDATE call SET tries = tries + %d WHERE uniqueid = '%s'", by, id);
    scene_close(scene);
    assert_int_equal(sqlite3_open(unit_path(scene->directory, "ledger.db"), &database), SQLITE_OK);
    assert_int_equal(sqlite3_exec(database, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(database), SQLITE_OK);
}

/* A run crashed between the ledger's note and the request, so no record counts that try. */
static void test_a_try_that_a_crash_hid_has_a_key_of_its_own(void **state)
{
    static const char *const statuses[] = { "NA", "SALE", "NA", "SALE" };
    struct scene *scene = *state;
    struct err err;
    bool other = false;
    scene->settings.max_attempts = 9;
    scene->answer = no_answer_until_the_last;
    (void)scene_add(scene, "a", SCENE_NOW - 100);
    for (size_t i = 0; i < UNIT_COUNT(statuses); i++) {
        struct call_record before = scene_record(scene, "a");
        scene_call(scene, "a")->status = statuses[i];
        run(scene);
        for (size_t k = 0; k < i; k++)
            unit_true(statuses[i], strcmp(scene->sent[i].key, scene->sent[k].key) != 0);
        if (i == 0)
            continue;
        struct call_record hidden = scene_record(scene, "a"); /* as if the try had not happened */
        unit_true(statuses[i], hidden.version_unknown > before.version_unknown);
        count_try(scene, "a", -1);
    }
    assert_int_equal(ledger_has_other_payload(scene_ledger(scene), "a", "a NA", &other, &err), 0);
    assert_true(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_scene(test_the_ledger_has_the_outcome_of_each_call),
        in_scene(test_the_log_has_a_line_for_each_outcome),
        in_scene(test_a_json_line_has_attempt_and_answer),
        in_scene(test_a_change_that_waits_for_the_next_run_is_recorded),
        in_scene(test_a_json_line_of_an_unsent_call_has_no_attempt),
        in_scene(test_a_call_that_failed_before_proves_nothing_about_the_api),
        in_scene(test_a_second_failure_of_the_doubtful_call_is_no_outage),
        in_scene(test_an_outage_with_retry_after_pauses_the_next_runs),
        in_scene(test_the_longest_pause_of_an_outage_counts),
        in_scene(test_a_second_refused_call_in_another_run_is_a_wrong_configuration),
        in_scene(test_the_pauses_of_a_doubtful_call_grow),
        in_scene(test_a_rate_limit_pauses_with_and_without_retry_after),
        in_scene(test_five_failures_in_a_row_are_an_outage),
        in_scene(test_an_answer_from_before_the_failure_blames_no_call),
        in_scene(test_a_call_that_fails_beside_a_good_one_is_no_outage),
        in_scene(test_the_time_of_the_first_uncommitted_change_is_noted),
        in_scene(test_each_outcome_is_counted),
        in_scene(test_a_call_is_due_by_its_time),
        in_scene(test_a_change_after_uncounted_tries_has_a_number),
        in_scene(test_content_that_comes_back_is_no_repetition),
        in_scene(test_a_try_that_a_crash_hid_has_a_key_of_its_own),
        in_scene(test_an_unknown_length_is_logged_as_0),
        in_scene(test_a_change_in_doubt_keeps_its_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
