/* Tests of poll: whole runs with a source and a sink in memory, and a real ledger and checkpoint. */
#include "../memory_sink.h"
#include "../memory_source.h"
#include "../unit_ledger.h"

#include "base/log.h"
#include "engine/poll.h"

#define START INT64_C(1729771200) /* the source's clock */

static struct settings_sync settings;
static struct memory_source from;
static int64_t rest_sec; /* the source's sweep_rest_sec */
static struct memory_sink to;

static const struct settings_sync defaults = {
    .batch_size = 2, /* a small size makes several batches */
    .time_budget = 50,
    .overlap = 600,
    .settle = 2,
    .poll_window = 1800,
    .first_run_lookback = 3600,
    .sweep_interval = 600,
    .sweep_window = 21600,
    .campaigns = (char[]){ "" },
    .exclude_campaigns = (char[]){ "" },
    .resend_changed = true,
    .max_attempts = 10,
    .retry_base = 60,
    .retry_cap = 3600,
    .retention_days = 7,
    .rejected_retention_days = 90,
};

static int start(void **state)
{
    settings = defaults;
    log_configure(LOG_FORMAT_TEXT, LOG_ERROR);
    from = (struct memory_source){ .now = START };
    rest_sec = 0;
    to = (struct memory_sink){ .count = 0 };
    return enter(state);
}

static int end(void **state)
{
    memory_sink_free(&to);
    return leave(state);
}

/* Makes a run, and returns its summary. */
static struct summary run_in(const char *directory)
{
    struct summary summary;
    const struct settings_api api = { .concurrency = 4, .max_concurrency = 4 };
    struct disposition_map *map = disposition_map_new();
    struct source source = memory_source_open(&from);
    struct source_ops ops = *source.ops;
    ops.sweep_rest_sec = rest_sec;
    source.ops = &ops;
    const struct sink sink = memory_sink_open(&to);
    struct poll poll = { .route = { .source = &source, .ledger = ledger, .sink = &sink, .settings = &settings,
                                    .dispositions = map },
                         .state_dir = directory, .legacy = unit_path(directory, "none"), .profile_option = "",
                         .api = &api };
    poll_run(&poll, &summary);
    disposition_map_free(map);
    return summary;
}

/* The messages from number first on, such as "1.1 SALE, 1.2 NA". */
static const char *sent_from(size_t first)
{
    static char text[400];
    size_t used = 0;
    *text = '\0';
    for (size_t i = first; i < to.count; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", i > first ? ", " : "", to.bodies[i]);
    return text;
}

static enum call_state state_of(const char *id)
{
    struct call_record record;
    assert_int_equal(ledger_find(ledger, id, &record, &err), 0);
    return record.state;
}

static void test_poll_sends_each_finished_call_once(void **state)
{
    (void)memory_source_add(&from, "1.3", "NA", START - 50);
    (void)memory_source_add(&from, "1.2", "SALE", START - 90);
    (void)memory_source_add(&from, "1.1", "DNC", START - 90); /* ended in the same second */
    (void)memory_source_add(&from, "1.4", "SALE", START - 40);
    (void)memory_source_add(&from, "1.5", "SALE", START - 1); /* ended less than settle seconds ago */
    struct summary summary = run_in(*state);
    assert_int_equal(summary_exit_code(&summary), 0);
    assert_int_equal(summary.accepted, 4);
    assert_int_equal(to.count, 4);
    assert_int_equal(state_of("1.1"), CALL_ACCEPTED);
    assert_int_equal(state_of("1.5"), CALL_UNKNOWN);
    from.now += 60;
    summary = run_in(*state);
    assert_string_equal(sent_from(4), "1.5 SALE");
    from.now += 60;
    summary = run_in(*state);
    assert_int_equal(summary.accepted, 0);
    assert_int_equal(to.count, 5);
}

static void test_poll_finds_a_call_that_came_late_with_an_old_end(void **state)
{
    (void)memory_source_add(&from, "1.1", "SALE", START - 50);
    (void)run_in(*state);
    from.now += 60;
    (void)memory_source_add(&from, "1.0", "SALE", START - 300); /* within the overlap */
    (void)run_in(*state);
    assert_string_equal(sent_from(0), "1.1 SALE, 1.0 SALE");
    from.now += 600;
    settings.sweep_interval = 1;
    (void)memory_source_add(&from, "0.9", "SALE", START - 3000); /* only the sweep reads so far back */
    (void)run_in(*state);
    assert_string_equal(sent_from(2), "0.9 SALE");
}

static void test_poll_lets_a_slow_source_rest_between_two_parts_of_the_sweep(void **state)
{
    static const struct {
        int64_t rest_sec, interval;
        size_t scans; /* of six runs, a minute apart: a poll each, and parts */
    } rows[] = { { 0, 600, 12 }, { 120, 600, 9 }, { 1000, 600, 8 }, { 1000, 1800, 7 }, { 1000, 0, 6 } };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        rest_sec = rows[i].rest_sec;
        settings.sweep_interval = 0;
        (void)run_in(*state); /* forgets where the last sweep was */
        settings.sweep_interval = rows[i].interval;
        from.scans = 0;
        for (int run = 0; run < 6; run++) {
            (void)run_in(*state);
            from.now += 60;
        }
        unit_same_int(rows[i].rest_sec == 0 ? "no rest" : "rest", from.scans, rows[i].scans);
    }
}

static void test_poll_waits_as_the_source_says(void **state)
{
    struct call *waits = memory_source_add(&from, "1.1", "TALKING", START - 50);
    struct call *patient = memory_source_add(&from, "1.2", "TALKING", START - 50);
    struct call *running = memory_source_add(&from, "1.3", "TALKING", START - 50);
    waits->finality = patient->finality = CALL_NOT_FINAL;
    waits->wait_until = patient->wait_until = START + 100;
    running->finality = CALL_NOT_ENDED;
    struct summary summary = run_in(*state);
    assert_int_equal(to.count, 0);
    assert_int_equal(state_of("1.1"), CALL_WAITING);
    assert_int_equal(state_of("1.3"), CALL_UNKNOWN);
    assert_int_equal(summary_exit_code(&summary), 0);
    waits->finality = CALL_FINAL;
    waits->status = "SALE";
    from.now += 60;
    (void)run_in(*state);
    assert_string_equal(sent_from(0), "1.1 SALE");
    from.now += 60; /* the wait that the source asked for is over */
    (void)run_in(*state);
    assert_string_equal(sent_from(1), "1.2 TALKING");
}

static void test_poll_sends_a_change_again_with_another_key(void **state)
{
    struct call *call = memory_source_add(&from, "1.1", "NA", START - 50);
    (void)run_in(*state);
    call->extras[0] = "a note"; /* this does not change the fingerprint */
    from.now += 700;
    (void)run_in(*state);
    assert_int_equal(to.count, 1);
    call->extras[1] = "CALLER"; /* this changes the fingerprint */
    from.now += 700;
    (void)run_in(*state);
    call->status = "SALE";
    from.now += 700;
    (void)run_in(*state);
    call->status = "NA"; /* its earlier status */
    from.now += 700;
    (void)run_in(*state);
    assert_string_equal(sent_from(0), "1.1 NA, 1.1 NA, 1.1 SALE, 1.1 NA");
    assert_string_not_equal(to.keys[1], to.keys[3]);
}

static struct outcome fail_all(void *context, size_t n, const struct sink_message *message)
{
    (void)context;
    (void)n;
    (void)message;
    return (struct outcome){ .kind = OUTCOME_RETRY, .code = 5, .reason = "down" };
}

static void test_poll_loses_no_call_to_an_outage(void **state)
{
    static const char *const ids[] = { "1.1", "1.2", "1.3", "1.4", "1.5", "1.6", "1.7", "1.8" };
    for (size_t i = 0; i < UNIT_COUNT(ids); i++)
        (void)memory_source_add(&from, ids[i], "SALE", START - 100 + (int64_t)i);
    to.answer = fail_all;
    struct summary summary = run_in(*state);
    assert_true(summary_exit_code(&summary) != 0);
    assert_int_equal(summary.accepted, 0);
    to.answer = NULL;
    memory_sink_free(&to);
    for (int i = 0; i < 3; i++) {
        from.now += 4000; /* longer than each pause */
        (void)run_in(*state);
    }
    for (size_t i = 0; i < UNIT_COUNT(ids); i++)
        unit_same_int(ids[i], state_of(ids[i]), CALL_ACCEPTED);
    assert_int_equal(to.count, UNIT_COUNT(ids));
}

static void test_poll_looks_for_a_waiting_call_in_the_archive(void **state)
{
    struct call *call = memory_source_add(&from, "1.1", "TALKING", START - 50);
    call->finality = CALL_NOT_FINAL;
    call->wait_until = START + 1000;
    (void)run_in(*state);
    from.archived[0] = true;
    call->finality = CALL_FINAL;
    call->status = "SALE";
    from.now += 60;
    (void)run_in(*state);
    assert_string_equal(sent_from(0), "1.1 SALE");
    from.count = 0;
    from.now += 60;
    (void)run_in(*state);
    assert_int_equal(to.count, 1);
}

static void test_poll_forgets_a_waiting_call_that_is_gone(void **state)
{
    struct call *call = memory_source_add(&from, "1.1", "TALKING", START - 50);
    call->finality = CALL_NOT_FINAL;
    call->wait_until = START + 1000;
    (void)run_in(*state);
    from.count = 0;
    from.now += 60;
    struct summary summary = run_in(*state);
    assert_int_equal(summary.forgotten, 1);
    assert_int_equal(state_of("1.1"), CALL_UNKNOWN);
    assert_int_equal(to.count, 0);
}

static void test_poll_says_that_its_source_is_out_of_reach(void **state)
{
    (void)memory_source_add(&from, "1.1", "SALE", START - 50);
    from.fails = true;
    struct summary summary = run_in(*state);
    assert_int_equal(summary_exit_code(&summary), EX_UNAVAILABLE);
    assert_int_equal(to.count, 0);
    from.fails = false;
    from.now += 60;
    summary = run_in(*state);
    assert_int_equal(summary_exit_code(&summary), 0);
    assert_string_equal(sent_from(0), "1.1 SALE");
}

static void test_poll_reads_a_found_call_once(void **state)
{
    (void)memory_source_add(&from, "1.1", "SALE", START - 50);
    (void)run_in(*state);
    assert_int_equal(to.count, 1);
    assert_int_equal(from.fetched, 0); /* the scan has handed out the whole call */
}

#define of_a_run(test) cmocka_unit_test_setup_teardown(test, start, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        of_a_run(test_poll_sends_each_finished_call_once),
        of_a_run(test_poll_finds_a_call_that_came_late_with_an_old_end),
        of_a_run(test_poll_lets_a_slow_source_rest_between_two_parts_of_the_sweep),
        of_a_run(test_poll_waits_as_the_source_says),
        of_a_run(test_poll_sends_a_change_again_with_another_key),
        of_a_run(test_poll_loses_no_call_to_an_outage),
        of_a_run(test_poll_looks_for_a_waiting_call_in_the_archive),
        of_a_run(test_poll_forgets_a_waiting_call_that_is_gone),
        of_a_run(test_poll_says_that_its_source_is_out_of_reach),
        of_a_run(test_poll_reads_a_found_call_once),
    };
    return cmocka_run_group_tests_name("poll", tests, NULL, NULL);
}
