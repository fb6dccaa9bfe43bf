/* Tests of bigquery: the settings, and when the sink takes calls. tests/integration/test_bigquery.py sends some. */
#include "../unit.h"

#include "base/clock.h"
#include "sink/bigquery.h"
#include "sink/bigquery_state.h"

#define KEY "{\"type\":\"service_account\",\"client_email\":\"sync@calls.iam\",\"private_key\":\"none\"," \
            "\"private_key_id\":\"1\",\"token_uri\":\"https://oauth2.googleapis.com/token\"}"

static struct params params;

/* Opens a sink with the usual settings, and key = value. value NULL: without key. */
static int open_with(const char *directory, const char *key, const char *value, struct sink *ret_sink, struct err *err)
{
    static const char *const usual[][2] = { { "project", "calls" }, { "dataset", "telephony" },
                                            { "credentials", KEY } };
    const struct sink_settings settings = { .params = &params, .state_dir = directory, .source = "vicidial" };
    params_free(&params);
    for (size_t i = 0; i < UNIT_COUNT(usual); i++)
        if (strcmp(usual[i][0], key) != 0)
            params_add(&params, usual[i][0], usual[i][1], "own.conf:2");
    if (value != NULL)
        params_add(&params, key, value, "own.conf:3");
    return sink_open(&bigquery_sink, &settings, ret_sink, err);
}

static void test_wrong_settings_are_named(void **state)
{
    static const struct {
        const char *key, *value, *message;
    } rows[] = {
        { "project", NULL, "has no project" },
        { "project", "a/b", "own.conf:3: project may have only letters" },
        { "dataset", "a`b", "own.conf:3: dataset may have only letters" },
        { "table", "", "has no table" },
        { "table", "a$b", "own.conf:3: table may have only letters" },
        { "table", "customer", "own.conf:3: table = customer: the program makes a table of that name itself" },
        { "table", "update_log", "own.conf:3: table = update_log: the program" },
        { "credentials", NULL, "has no credentials" },
        { "credentials", "{}", "own.conf:3" },
        { "load_interval", "-1", "own.conf:3" },
        { "timeout", "0", "own.conf:3" },
        { "bigquery_url", "https://googleapis.com.example.com", "may only name this host" },
        { "bigquery_url", "https://evilgoogleapis.com", "may only name this host" },
        { "bigquery_url", "https://127.0.0.1.example.com", "may only name this host" },
        { "bigquery_url", "http://bigquery.googleapis.com", "own.conf:3" },
        { "bigquery_url", "https://user@bigquery.googleapis.com", "own.conf:3" },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct sink sink = { .ops = NULL };
        struct err err = { .code = EX_OK };
        unit_same_int(rows[i].message, open_with(*state, rows[i].key, rows[i].value, &sink, &err), -1);
        unit_same_int(rows[i].message, err.code, EX_CONFIG);
        unit_has(rows[i].message, err.message, rows[i].message);
        unit_true(rows[i].message, strstr(err.message, "private_key\":") == NULL);
    }
}

static void test_good_addresses_are_googles_and_those_of_this_host(void **state)
{
    static const char *const urls[] = { NULL, "https://bigquery.googleapis.com", "http://127.0.0.1:9050/",
                                        "http://localhost:9050", "http://[::1]:9050",
                                        "https://bigquery.europe-west3.rep.googleapis.com" };
    for (size_t i = 0; i < UNIT_COUNT(urls); i++) {
        struct sink sink;
        struct err err;
        const char *row = urls[i] != NULL ? urls[i] : "default";
        if (open_with(*state, "bigquery_url", urls[i], &sink, &err) != 0)
            fail_msg("%s: %s", row, err.message);
        unit_has(row, sink_address(&sink), urls[i] != NULL ? "://" : "https://bigquery.googleapis.com");
        unit_true(row, sink_address(&sink)[strlen(sink_address(&sink)) - 1] != '/');
        sink_close(&sink);
    }
}

static void test_the_sink_takes_calls_when_the_interval_has_passed(void **state)
{
    int64_t now = clock_now_epoch();
    struct bigquery_state kept = { .loaded = now };
    struct sink sink;
    struct err err;
    assert_int_equal(open_with(*state, "tenant", "acme", &sink, &err), 0);
    assert_true(sink_opens_at(&sink) <= now); /* it has never loaded */
    assert_true(sink_batch(&sink) >= 34000);  /* three load jobs for 100,000 calls */
    sink_close(&sink);
    assert_int_equal(bigquery_state_save(*state, &kept, &err), 0);
    assert_int_equal(open_with(*state, "load_interval", "500", &sink, &err), 0);
    assert_int_equal(sink_opens_at(&sink), now + 500);
    sink_close(&sink);
    kept.loaded = now + 86400; /* the clock was set back */
    assert_int_equal(bigquery_state_save(*state, &kept, &err), 0);
    assert_int_equal(open_with(*state, "tenant", "acme", &sink, &err), 0);
    assert_true(sink_opens_at(&sink) <= now);
    sink_close(&sink);
}

static int leave(void **state)
{
    params_free(&params);
    return unit_remove_directory(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_wrong_settings_are_named, unit_create_directory, leave),
        cmocka_unit_test_setup_teardown(test_good_addresses_are_googles_and_those_of_this_host, unit_create_directory,
                                        leave),
        cmocka_unit_test_setup_teardown(test_the_sink_takes_calls_when_the_interval_has_passed, unit_create_directory,
                                        leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
