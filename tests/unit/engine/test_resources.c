/* Tests of resources: what a command opens, logs and closes. */
#include "../unit.h"

#include "base/log.h"
#include "base/mask.h"
#include "engine/resources.h"

struct installation {
    char *directory;
    struct options options;
    struct resources resources;
};

static struct installation place;

static int enter(void **state)
{
    int result = unit_create_directory(state);
    place = (struct installation){ .directory = *state };
    place.options = (struct options){ .state_dir = place.directory,
                                      .config = { .own = unit_path(place.directory, "own.conf"),
                                                  .dids = unit_path(place.directory, "dids.conf"),
                                                  .astguiclient = unit_path(place.directory, "astguiclient.conf") } };
    (void)unsetenv("API_KEY");
    unit_write(place.options.config.own, "");
    unit_write(place.options.config.dids, "[general]\napi_key = k-123\n");
    assert_int_equal(chmod(place.options.config.own, 0600), 0);
    log_open(unit_path(place.directory, "log"), LOG_TERMINAL_NONE);
    return result;
}

static int leave(void **state)
{
    resources_close_state(&place.resources);
    resources_close(&place.resources);
    mask_enable(false);
    log_close();
    return unit_remove_directory(state);
}

#define in_place(test) cmocka_unit_test_setup_teardown(test, enter, leave)

static size_t count_log(const char *part)
{
    size_t count = 0;
    log_flush();
    char *text = unit_read(unit_path(place.directory, "log"));
    for (const char *at = text; at != NULL && (at = strstr(at, part)) != NULL; at++)
        count++;
    free(text);
    return count;
}

/* ---- the settings ---- */

static void test_good_settings_are_read(void **state)
{
    (void)state;
    struct err err;
    assert_int_equal(resources_load(&place.options, &place.resources, &err), 0);
    assert_string_equal(place.resources.source_kind->type, "vicidial");
    assert_string_equal(place.resources.sink_kind->type, "did-optimizer");
    assert_int_equal(count_log("verify_ssl"), 0);
    log_info("the key is k-123");
    assert_int_equal(count_log("k-123"), 0); /* the log hides the key from now on */
}

static void test_a_run_warns_if_no_certificate_is_verified(void **state)
{
    (void)state;
    struct err err;
    unit_write(place.options.config.dids, "[general]\napi_key = k-123\nverify_ssl = 0\n");
    assert_int_equal(resources_load(&place.options, &place.resources, &err), 0);
    assert_int_equal(count_log("WARN"), 1);
    assert_int_equal(count_log("verify_ssl = 0 in "), 1);
}

/* Each problem is a line of the log. The run's last message has the first problem. */
static void test_each_problem_of_the_settings_is_logged(void **state)
{
    (void)state;
    struct err err;
    unit_write(place.options.config.own, "[sync]\nbatch_size = none\n");
    assert_int_equal(resources_load(&place.options, &place.resources, &err), -1);
    assert_int_equal(err.code, EX_CONFIG);
    assert_int_equal(count_log("ERROR"), 1);
    unit_has("one", err.message, "the configuration has a problem: ");
    unit_has("one", err.message, "batch_size");
    resources_close(&place.resources);
    unit_write(place.options.config.own, "[sync]\nbatch_size = none\nsettle = none\n[source]\ntype = none\n");
    assert_int_equal(resources_load(&place.options, &place.resources, &err), -1);
    unit_has("three", err.message, "the configuration has 3 problems, the first: ");
    unit_has("the first", err.message, "batch_size");
    assert_int_equal(count_log("ERROR"), 4);
    resources_close(&place.resources);
    unit_write(place.options.config.own, "[sync]\nbatch_size = none\nsettle = none\n");
    assert_int_equal(resources_load(&place.options, &place.resources, &err), -1);
    unit_has("two", err.message, "the configuration has 2 problems, the first: ");
}

static void test_the_settings_of_the_log_are_obeyed(void **state)
{
    (void)state;
    struct err err;
    char text[] = "3125550100";
    unit_write(place.options.config.own, "[log]\nmask_phone = 1\n");
    assert_int_equal(resources_load(&place.options, &place.resources, &err), 0);
    mask_if_enabled(text, text);
    assert_string_equal(text, "******0100");
}

/* ---- opening ---- */

static void test_a_dry_run_leaves_no_change_in_the_ledger(void **state)
{
    (void)state;
    struct err err;
    int64_t value = 0;
    for (int dry = 0; dry <= 1; dry++) {
        place.options.dry_run = dry == 1;
        assert_int_equal(resources_open_ledger(&place.options, &place.resources, &err), 0);
        assert_int_equal(ledger_set_note(place.resources.ledger, "a", dry + 1, &err), 0);
        assert_int_equal(ledger_commit(place.resources.ledger, &err), 0);
        resources_close_state(&place.resources);
        assert_null(place.resources.ledger);
    }
    place.options.dry_run = false;
    assert_int_equal(resources_open_ledger(&place.options, &place.resources, &err), 0);
    assert_int_equal(ledger_read_note(place.resources.ledger, "a", 0, &value, &err), 0);
    assert_int_equal(value, 1);
    assert_int_equal(count_log("the ledger was damaged"), 0);
}

static void test_a_ledger_that_was_rebuilt_is_reported(void **state)
{
    (void)state;
    struct err err;
    unit_write(unit_path(place.directory, "ledger.db"), "no ledger, but longer than a header of one hundred bytes: "
               "no ledger, but longer than a header of one hundred bytes: no ledger");
    assert_int_equal(resources_open_ledger(&place.options, &place.resources, &err), 0);
    assert_int_equal(count_log("the ledger was damaged; it was rebuilt with 0 calls that could be read"), 1);
    assert_int_equal(count_log(place.resources.repair.aside), 1);
    resources_close_state(&place.resources);
    place.options.state_dir = "/nowhere";
    assert_int_equal(resources_open_ledger(&place.options, &place.resources, &err), -1);
}

static int inspections;

static int open_kind(const struct source_settings *settings, void **ret_state, struct err *err)
{
    *ret_state = &inspections;
    return settings->sync->batch_size == 7 ? err_set(err, EX_UNAVAILABLE, "it cannot be opened") : 0;
}

static int inspect_kind(void *state, struct err *err)
{
    ++*(int *)state;
    return inspections > 1 ? err_set(err, EX_CONFIG, "it may not be read") : 0;
}

static void close_kind(void *state)
{
    (void)state;
}

static void test_a_source_is_opened_and_inspected(void **state)
{
    (void)state;
    static const struct source_ops kind = { .type = "test", .title = "the test's calls", .open = open_kind,
                                            .inspect = inspect_kind, .close = close_kind };
    struct err err;
    place.resources.source_kind = &kind;
    inspections = 0;
    place.resources.config.sync.batch_size = 7;
    assert_int_equal(resources_open_source(&place.resources, &err), -1);
    assert_int_equal(count_log("Connected"), 0);
    assert_null(place.resources.source.ops);
    place.resources.config.sync.batch_size = 8;
    assert_int_equal(resources_open_source(&place.resources, &err), 0);
    assert_int_equal(count_log("✅ Connected to the test's calls"), 1);
    assert_int_equal(inspections, 1);
    source_close(&place.resources.source);
    assert_int_equal(resources_open_source(&place.resources, &err), -1); /* the program has no right to read it */
    assert_int_equal(err.code, EX_CONFIG);
}

/* Some commands open the source with the settings alone. */
static void test_a_source_is_opened_with_the_settings_alone(void **state)
{
    (void)state;
    struct err err;
    struct source source;
    unit_write(place.options.config.own, "[database]\nhost = 127.0.0.1\nport = 1\nuser = u\npassword = p\n");
    assert_int_equal(resources_load(&place.options, &place.resources, &err), 0);
    assert_int_equal(resources_connect(&place.resources.config, &source, &err), -1);
    assert_int_equal(err.code, EX_UNAVAILABLE);
    unit_has("nobody listens there", err.message, "127.0.0.1");
}

static void test_an_unknown_type_is_an_error(void **state)
{
    (void)state;
    struct err err;
    struct source source;
    static char type[] = "none";
    static char origin[] = "own.conf:3";
    struct config config = { .source_type = type, .source_origin = origin };
    assert_int_equal(resources_connect(&config, &source, &err), -1);
    assert_int_equal(err.code, EX_CONFIG);
}

static void test_a_sink_is_opened_once(void **state)
{
    (void)state;
    struct err err;
    assert_int_equal(resources_load(&place.options, &place.resources, &err), 0);
    assert_int_equal(resources_open_sink(&place.options, &place.resources, &err), 0);
    assert_string_equal(place.resources.sink.ops->type, "did-optimizer");
    const void *first = place.resources.sink.state;
    assert_int_equal(resources_open_sink(&place.options, &place.resources, &err), 0);
    assert_ptr_equal(place.resources.sink.state, first);
    sink_close(&place.resources.sink);
    place.options.dry_run = true; /* a dry run has the sink that prints */
    assert_int_equal(resources_open_sink(&place.options, &place.resources, &err), 0);
    assert_ptr_not_equal(place.resources.sink.ops, place.resources.sink_kind);
}

/* ---- leader, engine, lock ---- */

static void test_a_run_gets_its_leader(void **state)
{
    (void)state;
    static const struct source_ops kind = { .type = "test" };
    struct leader *leader = NULL;
    static const int64_t rows[][2] = { { 0, 60 }, { 1, 1 }, { 300, 300 } }; /* every, period */
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        place.resources.source.ops = &kind;
        place.resources.leader = (struct leader){ .source = NULL };
        place.options.every = rows[i][0];
        leader = resources_leader(&place.options, &place.resources);
        assert_int_equal(leader->period, rows[i][1]);
        assert_ptr_equal(leader->source, &place.resources.source);
        assert_ptr_equal(leader->sync, &place.resources.config.sync);
        assert_string_equal(leader->state_dir, place.directory);
    }
    leader->role = LEADER_OTHER;
    assert_int_equal(resources_leader(&place.options, &place.resources)->role, LEADER_OTHER); /* the role is kept */
    place.resources.source.ops = NULL;
}

static void test_long_work_gets_an_engine_without_a_deadline(void **state)
{
    (void)state;
    struct summary summary;
    place.resources.config.api = (struct settings_api){ .concurrency = 4, .max_concurrency = 8 };
    struct engine engine = resources_engine(&place.resources, &summary);
    assert_true(engine.terms.of_the_past);
    assert_false(engine.terms.sends_at_once);
    assert_true(engine.terms.lets_others_in);
    assert_true(engine.terms.deadline_ms == INT64_MAX);
    assert_ptr_equal(engine.summary, &summary);
    assert_ptr_equal(engine.route.source, &place.resources.source);
    assert_ptr_equal(engine.route.sink, &place.resources.sink);
    assert_ptr_equal(engine.route.settings, &place.resources.config.sync);
    assert_true(engine.started_ms > 0);
}

static void test_the_lock_is_released(void **state)
{
    (void)state;
    struct err err;
    struct lock *lock = NULL;
    assert_int_equal(lock_acquire(place.directory, 0, &place.resources.lock, &err), 0);
    resources_close_state(&place.resources);
    assert_null(place.resources.lock);
    assert_int_equal(lock_acquire(place.directory, 0, &lock, &err), 0);
    assert_non_null(lock);
    lock_release(lock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_place(test_good_settings_are_read),
        in_place(test_a_run_warns_if_no_certificate_is_verified),
        in_place(test_each_problem_of_the_settings_is_logged),
        in_place(test_the_settings_of_the_log_are_obeyed),
        in_place(test_a_dry_run_leaves_no_change_in_the_ledger),
        in_place(test_a_ledger_that_was_rebuilt_is_reported),
        in_place(test_a_source_is_opened_and_inspected),
        in_place(test_a_source_is_opened_with_the_settings_alone),
        in_place(test_an_unknown_type_is_an_error),
        in_place(test_a_sink_is_opened_once),
        in_place(test_a_run_gets_its_leader),
        in_place(test_long_work_gets_an_engine_without_a_deadline),
        in_place(test_the_lock_is_released),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
