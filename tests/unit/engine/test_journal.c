/* Tests of journal: what a run learns from earlier runs, and which counts it records. */
#include "../scene.h"

#include "engine/journal.h"
#include "ledger/records.h"
#include "ledger/standing.h"

static struct source source;

static struct engine begin(struct scene *scene)
{
    source = memory_source_open(&scene->calls);
    struct engine engine = scene_engine(scene, &source, NULL);
    return engine;
}

static void set_note(struct scene *scene, const char *name, int64_t value)
{
    struct err err;
    assert_int_equal(ledger_set_note(scene_ledger(scene), name, value, &err), 0);
}

static void test_a_rate_limit_stops_the_run(void **state)
{
    static const struct {
        const char *name;
        int64_t until, outage;
        enum summary_stop stop;
        const char *message;
    } rows[] = {
        { "none", 0, 0, STOP_NONE, "" },
        { "over", SCENE_NOW, 0, STOP_NONE, "" },
        { "a while", SCENE_NOW + 30, 0, STOP_RATE_LIMITED, "ask the API's owner" },
        { "the longest", SCENE_NOW + 900, 0, STOP_RATE_LIMITED, "rate limited until " },
        { "by a clock that was set back", SCENE_NOW + 930, 0, STOP_NONE, "" },
        { "an outage", SCENE_NOW + 100, SCENE_NOW - 100, STOP_OUTAGE, "API down since 20" },
        { "an outage without", 0, SCENE_NOW - 100, STOP_NONE, "" },
    };
    struct scene *scene = *state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct err err;
        set_note(scene, LEDGER_NOTE_WAIT_UNTIL, rows[i].until);
        set_note(scene, LEDGER_NOTE_OUTAGE_SINCE, rows[i].outage);
        struct engine engine = begin(scene);
        engine.clock = (struct clock_reading){ .epoch = 0 };
        unit_same_int(rows[i].name, journal_resume(&engine, &err), 0);
        unit_same_int(rows[i].name, scene->summary.stop, rows[i].stop);
        unit_has(rows[i].name, scene->summary.message, rows[i].message);
        unit_true(rows[i].name, engine.breaker.must_probe == (rows[i].outage != 0));
        unit_true(rows[i].name, !engine.breaker.doubt);
        unit_same_int(rows[i].name, engine.clock.epoch, SCENE_NOW);
    }
}

static void test_the_next_run_knows_the_unclear_call(void **state)
{
    struct scene *scene = *state;
    struct err err;
    struct position doubt = position_at(SCENE_NOW - 50, "d");
    assert_int_equal(ledger_set_place(scene_ledger(scene), LEDGER_DOUBT, &doubt, &err), 0);
    struct engine engine = begin(scene);
    assert_int_equal(journal_resume(&engine, &err), 0);
    assert_true(engine.breaker.doubt);
    assert_string_equal(engine.doubt.uniqueid, "d");
    assert_int_equal(journal_open(&engine, "poll", &err), 0);
    assert_int_equal(journal_close(&engine, &err), 0);
    assert_int_equal(scene_place(scene, LEDGER_DOUBT).end_epoch, SCENE_NOW - 50);
    engine.breaker.answered = true; /* the API accepted a call */
    assert_int_equal(journal_close(&engine, &err), 0);
    assert_int_equal(scene_place(scene, LEDGER_DOUBT).end_epoch, 0);
}

static void test_a_source_out_of_reach_is_an_error(void **state)
{
    struct scene *scene = *state;
    struct err err;
    scene->calls.fails = true;
    struct engine engine = begin(scene);
    assert_int_equal(journal_resume(&engine, &err), -1);
    assert_int_equal(err.code, EX_UNAVAILABLE);
}

/* The ledger keeps the begin of an outage over several runs. */
static void test_an_outage_is_remembered(void **state)
{
    static const struct {
        const char *name;
        enum summary_stop stop;
        bool answered;
        int64_t before, after;
    } rows[] = {
        { "well", STOP_NONE, false, 0, 0 },
        { "begins", STOP_OUTAGE, false, 0, SCENE_NOW },
        { "refused", STOP_CONFIGURATION, false, 0, SCENE_NOW },
        { "goes on", STOP_OUTAGE, false, 77, 77 },
        { "not asked", STOP_NONE, false, 77, 77 },
        { "limited, not asked", STOP_RATE_LIMITED, false, 77, 77 },
        { "over", STOP_NONE, true, 77, 0 },
        { "over, and limited", STOP_RATE_LIMITED, true, 77, 0 },
        { "down again", STOP_OUTAGE, true, 77, 77 },
        { "database", STOP_FAILED, false, 0, 0 },
    };
    struct scene *scene = *state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct err err;
        struct engine engine = begin(scene);
        set_note(scene, LEDGER_NOTE_OUTAGE_SINCE, rows[i].before);
        assert_int_equal(journal_open(&engine, "poll", &err), 0);
        scene->summary.stop = rows[i].stop;
        engine.breaker.answered = rows[i].answered;
        assert_int_equal(journal_close(&engine, &err), 0);
        unit_same_int(rows[i].name, scene_note(scene, LEDGER_NOTE_OUTAGE_SINCE), rows[i].after);
    }
}

static void test_runs_that_end_at_a_limit_are_counted(void **state)
{
    static const struct {
        const char *name;
        enum summary_stop stop;
        bool answered;
        int64_t count;
        bool told;
    } rows[] = {
        { "first", STOP_RATE_LIMITED, false, 1, false },
        { "second, though it sent some", STOP_RATE_LIMITED, true, 2, false },
        { "the time was over before any answer", STOP_OUT_OF_TIME, false, 2, false },
        { "third", STOP_RATE_LIMITED, false, 3, true },
        { "the time was over, no answer", STOP_OUT_OF_TIME, false, 3, false },
        { "the time was over, with answers", STOP_OUT_OF_TIME, true, 0, false },
        { "anew", STOP_RATE_LIMITED, false, 1, false },
        { "well", STOP_NONE, false, 0, false },
    };
    struct scene *scene = *state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct err err;
        struct engine engine = begin(scene);
        assert_int_equal(journal_open(&engine, "poll", &err), 0);
        scene->summary.stop = rows[i].stop;
        engine.breaker.answered = rows[i].answered;
        assert_int_equal(journal_close(&engine, &err), 0);
        unit_same_int(rows[i].name, scene_note(scene, LEDGER_NOTE_LIMITED), rows[i].count);
        unit_same_int(rows[i].name, scene->summary.limited_runs, rows[i].count);
        unit_true(rows[i].name, (strstr(scene->summary.message, " (for 3 runs now)") != NULL) == rows[i].told);
        unit_true(rows[i].name, rows[i].told || *scene->summary.message == '\0');
    }
}

/* A long message leaves room for the number of runs. */
static void test_a_long_message_keeps_the_number_of_runs(void **state)
{
    struct scene *scene = *state;
    struct err err;
    struct engine engine = begin(scene);
    set_note(scene, LEDGER_NOTE_LIMITED, 5);
    assert_int_equal(journal_open(&engine, "poll", &err), 0);
    scene->summary.stop = STOP_RATE_LIMITED;
    memset(scene->summary.message, 'x', sizeof scene->summary.message - 4);
    assert_int_equal(journal_close(&engine, &err), 0);
    assert_int_equal(strlen(scene->summary.message), sizeof scene->summary.message - 1);
    assert_int_equal(scene->summary.limited_runs, 6);
}

static void test_the_source_gets_the_memory_of_the_last_run(void **state)
{
    struct scene *scene = *state;
    struct err err;
    struct engine engine = begin(scene);
    assert_int_equal(journal_resume(&engine, &err), 0);
    assert_string_equal(scene->calls.earlier, "");
    assert_int_equal(scene_count_log(scene, "WARN"), 0);
    scene->calls.memory = "a zone";
    scene->calls.problem = "an odd zone";
    assert_int_equal(journal_resume(&engine, &err), 0);
    assert_int_equal(scene_count_log(scene, "an odd zone"), 1);
    scene->calls.memory = NULL; /* then the old memory stays */
    assert_int_equal(journal_resume(&engine, &err), 0);
    assert_string_equal(scene->calls.earlier, "a zone");
    assert_int_equal(journal_resume(&engine, &err), 0);
    assert_string_equal(scene->calls.earlier, "a zone");
}

/* Each step fails if its table is missing. */
static void test_a_missing_table_fails_its_step(void **state)
{
    static const struct {
        const char *table;
        bool opens, resumes, closes, notes_failure;
    } rows[] = {
        { "call", true, true, false, false },
        { "note", true, false, false, true },
        { "run", false, true, false, false },
        { "counter", true, true, false, false },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct scene *scene = *state;
        struct err err;
        struct summary summary = { .stop = STOP_FAILED, .failure_code = EX_UNAVAILABLE };
        scene_break(scene, rows[i].table);
        struct engine engine = begin(scene);
        unit_same_int(rows[i].table, journal_open(&engine, "poll", &err), rows[i].opens ? 0 : -1);
        unit_same_int(rows[i].table, journal_resume(&engine, &err), rows[i].resumes ? 0 : -1);
        tally_answer(&engine.tally, 201, 5.0);
        unit_same_int(rows[i].table, journal_close(&engine, &err), rows[i].closes ? 0 : -1);
        unit_same_int(rows[i].table, journal_failed(scene_ledger(scene), &summary, 1, &err),
                      rows[i].notes_failure ? 0 : -1);
        if (i + 1 < UNIT_COUNT(rows)) {
            assert_int_equal(scene_leave(state), 0);
            assert_int_equal(scene_enter(state), 0);
        }
    }
}

/* ---- counts ---- */

static struct records_run seen;

static void keep_run(void *context, const struct records_run *run)
{
    if (*(int *)context == 0)
        seen = *run;
    seen.kind = strcmp(run->kind, "poll") == 0 ? "poll" : "other";
    ++*(int *)context;
}

static int last_run(struct scene *scene)
{
    struct err err;
    int count = 0;
    assert_int_equal(records_list_runs(scene_ledger(scene), 0, 10, keep_run, &count, &err), 0);
    return count;
}

static void put(struct scene *scene, const char *id, enum call_state call_state)
{
    struct err err;
    struct ledger_entry entry = { .uniqueid = id, .record = { .state = call_state }, .end_epoch = SCENE_NOW - 9 };
    assert_int_equal(ledger_put(scene_ledger(scene), &entry, &err), 0);
}

static void test_the_counts_of_a_run_are_recorded(void **state)
{
    struct scene *scene = *state;
    struct err err;
    put(scene, "p1", CALL_PENDING);
    put(scene, "p2", CALL_PENDING);
    put(scene, "w", CALL_WAITING);
    struct engine engine = begin(scene);
    assert_int_equal(journal_open(&engine, "poll", &err), 0);
    assert_true(engine.run > 0);
    scene->summary = (struct summary){ .found = 11, .accepted = 12, .repeated = 13, .failed = 14, .rejected = 15,
                                       .waiting = 99, .looked = true, .unsent = 16, .unsent_oldest = SCENE_NOW - 17,
                                       .stop = STOP_FAILED, .failure_code = EX_IOERR, .message = "why" };
    engine.started_ms = clock_mono_ms() - 5000;
    tally_answer(&engine.tally, 201, 5.0);
    assert_int_equal(journal_close(&engine, &err), 0);
    assert_int_equal(engine.tally.answers[201], 0); /* counted once */
    assert_int_equal(engine.tally.resent, 0);
    scene_close(scene);
    assert_int_equal(last_run(scene), 1);
    assert_int_equal(scene->summary.pending_left, 2);
    unit_in_range(seen.duration_ms, 5000, 65000);
    const int64_t got[] = { seen.found, seen.accepted, seen.repeated, seen.failed, seen.rejected, seen.pending,
                            seen.waiting, seen.unsent, seen.exit_code },
                  want[] = { 11, 12, 13, 14, 15, 2, 1, 16, EX_IOERR };
    for (size_t i = 0; i < UNIT_COUNT(got); i++)
        unit_same_int("figure", got[i], want[i]);
    assert_string_equal(seen.kind, "poll");
}

static void test_a_run_that_failed_early_is_recorded(void **state)
{
    struct scene *scene = *state;
    struct err err;
    struct summary summary = { .stop = STOP_FAILED, .failure_code = EX_UNAVAILABLE, .message = "no database" };
    put(scene, "p", CALL_PENDING);
    put(scene, "w1", CALL_WAITING);
    put(scene, "w2", CALL_WAITING);
    assert_int_equal(journal_failed(scene_ledger(scene), &summary, 1234, &err), 0);
    scene_close(scene);
    assert_int_equal(last_run(scene), 1);
    const int64_t got[] = { seen.duration_ms, seen.pending, seen.waiting, seen.exit_code },
                  want[] = { 1234, 1, 2, EX_UNAVAILABLE };
    for (size_t i = 0; i < UNIT_COUNT(got); i++)
        unit_same_int("figure", got[i], want[i]);
}

static char told[120];

static void note_begin(void *state, const char *kind)
{
    (void)state;
    (void)snprintf(told, sizeof told, "%s;", kind);
}

static void note_end(void *state, const struct sink_run *run)
{
    size_t used = strlen(told);
    (void)state;
    unit_in_range(run->took_ms, 5000, 600000);
    (void)snprintf(told + used, sizeof told - used, " %d %s", run->exit_code, run->message);
}

static void test_the_sink_is_told_of_a_run(void **state)
{
    struct scene *scene = *state;
    static const struct sink_ops ops = { .type = "noting", .title = "record store", .begin = note_begin,
                                         .end = note_end };
    const struct sink sink = { .ops = &ops };
    struct err err;
    struct engine engine = begin(scene);
    engine.route.sink = &sink;
    engine.started_ms = clock_mono_ms() - 5000;
    assert_int_equal(journal_open(&engine, "poll", &err), 0);
    assert_string_equal(told, "poll;");
    scene->summary = (struct summary){ .stop = STOP_OUTAGE, .message = "it is down" };
    assert_int_equal(journal_close(&engine, &err), 0);
    assert_string_equal(told, "poll; 69 it is down");
    struct standing standing;
    assert_int_equal(standing_gather(scene->directory, scene_ledger(scene), &standing, &err), 0);
    assert_string_equal(standing_sink(&standing), "record store");
    assert_int_equal(journal_open(&engine, "poll", &err), 0);
    scene->summary = (struct summary){ .stop = STOP_NONE };
    assert_int_equal(journal_close(&engine, &err), 0);
    assert_string_equal(told, "poll; 0 ");
    assert_int_equal(journal_open(&engine, "poll", &err), 0);
    scene_close(scene);
    scene_break(scene, "run"); /* the ledger cannot note the end of the run */
    engine.route.ledger = scene_ledger(scene);
    assert_int_equal(journal_close(&engine, &err), -1);
    unit_has("ledger", told, "poll; 74 could not write");
}

static const char *address_now;

static const char *tell_address(const void *state)
{
    (void)state;
    return address_now;
}

static char recalled[16];

static void recall(void *state, const char *earlier)
{
    (void)state;
    (void)snprintf(recalled, sizeof recalled, "%s", earlier);
}

static const char *tell_memory(const void *state)
{
    (void)state;
    return "h2";
}

/* A run resumes the pace of the last run, if the address is the same. */
static void test_the_pace_is_resumed(void **state)
{
    static const struct {
        const char *name, *address;
        int64_t begins;
        int useful, failed;
    } rows[] = {
        { "the first run", "https://one", 2, 100, 0 },
        { "as many as before", "https://one", 32, 1, 0 },
        { "a small run forgets nothing", "https://one", 32, 0, 0 },
        { "nor one without a call", "https://one", 32, 0, 1 },
        { "a failure halves it", "https://one", 16, 0, 0 },
        { "another address", "https://two", 2, 5, 0 },
        { "which is remembered instead", "https://one", 2, 0, 0 },
        { "a note of its own", "https://two", 5, 0, 0 },
    };
    struct scene *scene = *state;
    static const struct sink_ops ops = { .type = "addressed", .address = tell_address, .recall = recall,
                                         .memory = tell_memory };
    const struct sink sink = { .ops = &ops };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct err err;
        struct engine engine = begin(scene);
        address_now = rows[i].address;
        recalled[0] = '\0';
        engine.route.sink = &sink;
        engine.pace = pace_start(0, 32);
        assert_int_equal(journal_open(&engine, "poll", &err), 0);
        assert_int_equal(journal_resume(&engine, &err), 0);
        unit_same_int(rows[i].name, pace_limit(&engine.pace), rows[i].begins);
        unit_true(rows[i].name, engine.pace.strained == (rows[i].begins == 16)); /* only after the failure */
        unit_same_text(rows[i].name, recalled, rows[i].begins == 2 ? "" : "h2");
        for (int k = 0; k < rows[i].useful; k++)
            pace_record_answer(&engine.pace, 10, true);
        for (int k = 0; k < 32 * rows[i].failed; k++)
            pace_record_answer(&engine.pace, 10, false);
        assert_int_equal(journal_close(&engine, &err), 0);
    }
    char note[80];
    struct err err;
    assert_int_equal(ledger_read_text_note(scene_ledger(scene), LEDGER_NOTE_PACE, note, sizeof note, &err), 0);
    assert_null(strstr(note, "two")); /* an address may contain a token */
}

static void test_a_pace_note_that_makes_no_sense_is_ignored(void **state)
{
    static const char *const notes[] = { "", "x", "20", "20 0", "20 0 zz", "-1 0 cbf29ce484222325" };
    struct scene *scene = *state;
    for (size_t i = 0; i < UNIT_COUNT(notes); i++) {
        struct err err;
        struct engine engine = begin(scene);
        engine.pace = pace_start(0, 32);
        assert_int_equal(ledger_set_text_note(scene_ledger(scene), LEDGER_NOTE_PACE, notes[i], &err), 0);
        unit_same_int(notes[i], journal_resume(&engine, &err), 0);
        unit_same_int(notes[i], pace_limit(&engine.pace), 2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_scene(test_a_rate_limit_stops_the_run),
        in_scene(test_the_next_run_knows_the_unclear_call),
        in_scene(test_a_source_out_of_reach_is_an_error),
        in_scene(test_an_outage_is_remembered),
        in_scene(test_runs_that_end_at_a_limit_are_counted),
        in_scene(test_a_long_message_keeps_the_number_of_runs),
        in_scene(test_the_source_gets_the_memory_of_the_last_run),
        in_scene(test_a_missing_table_fails_its_step),
        in_scene(test_the_counts_of_a_run_are_recorded),
        in_scene(test_a_run_that_failed_early_is_recorded),
        in_scene(test_the_sink_is_told_of_a_run),
        in_scene(test_the_pace_is_resumed),
        in_scene(test_a_pace_note_that_makes_no_sense_is_ignored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
