/* Tests of recorder_pq: PostgreSQL addresses, and the errors of a connection. For connections to a real server see
 * tests/integration/test_records_postgresql.py. */
#include "../unit.h"

#include "sink/recorder_pq.h"

static struct params params;
static struct err err;

static int leave(void **state)
{
    (void)state;
    params_free(&params);
    return 0;
}

static int open_url(const char *url)
{
    struct recorder_pq *pq = NULL;
    params_free(&params);
    params_add(&params, "url", url, "conf:5");
    params_add(&params, "password", "other-secret", "conf:6");
    int result = recorder_pq_new(&params, &pq, &err);
    if (result == 0) {
        unit_true(url, !recorder_pq_is_connected(pq));
        unit_same_int(url, recorder_pq_timeout(pq), 10);
        recorder_pq_free(pq);
    }
    return result;
}

static void test_addresses_that_libpq_knows(void **state)
{
    (void)state;
    static const char *const urls[] = { "postgresql://", "postgres://host/db", "postgresql://u:secret@h1,h2:5433/db",
                                        "postgresql://u@/db?host=/run/postgresql&sslmode=disable",
                                        "postgresql://[::1]:5432/db", "postgresql://u:p%40ss@h/db" };
    for (size_t i = 0; i < UNIT_COUNT(urls); i++)
        unit_same_int(urls[i], open_url(urls[i]), 0);
}

static void test_an_error_shows_no_password(void **state)
{
    (void)state;
    static const struct {
        const char *url, *part;
    } rows[] = {
        { "", "does not begin with postgresql://" },
        { "host=h password=secret", "does not begin with postgresql://" },
        { "mysql://u:secret@h/db", "does not begin with postgresql://" },
        { "postgresql:/u:secret@h/db", "does not begin with postgresql://" },
        { "postgresql://u:secret@h/db?colour=red", "invalid URI query parameter: \"colour\"" },
        { "postgresql://u:secret@h/db?colour", "missing key/value separator \"=\"" },
        { "postgresql://u:secret%zz@h/db", "account or the password" },
        { "postgresql://u:secret%00@h/db", "account or the password" },
        { "postgresql://u:sec?ret@x%zz@h/db", "account or the password" },
        { "postgresql://h/db?password=secret%zz", "account or the password" },
        { "postgresql://h/db?colour=red&password=secret", "\"colour\"" },
        { "postgresql://h/db?sslpassword=secret%zz&user=u", "account or the password" },
        { "postgresql://u:secret@[::1/db", "\"]\"" },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        unit_same_int(rows[i].url, open_url(rows[i].url), -1);
        unit_same_int(rows[i].url, err.code, EX_CONFIG);
        unit_has(rows[i].url, err.message, "conf:5: url ");
        unit_has(rows[i].url, err.message, rows[i].part);
        unit_lacks(rows[i].url, err.message, "secret");
        unit_lacks(rows[i].url, err.message, "sec?ret");
        unit_lacks(rows[i].url, err.message, "\n");
    }
}

static void test_a_missing_server_is_unreachable(void **state)
{
    (void)state;
    struct recorder_pq *pq = NULL;
    struct outcome failure;
    params_add(&params, "url", "postgresql://u:secret@127.0.0.1:1/db", "conf:5");
    params_add(&params, "timeout", "1", "conf:6");
    assert_int_equal(recorder_pq_new(&params, &pq, &err), 0);
    assert_int_equal(recorder_pq_connect(pq, NULL, &failure), -1);
    assert_int_equal(failure.kind, OUTCOME_RETRY);
    assert_true(failure.unreachable);
    unit_has("reason", failure.reason, "could not connect to PostgreSQL: ");
    unit_has("reason", failure.reason, "Connection refused");
    unit_has("advice", failure.advice, "; check url in [sink]");
    assert_false(recorder_pq_is_connected(pq));
    assert_int_equal(recorder_pq_run(pq, "SELECT 1", NULL, &failure), -1); /* no server runs the statement */
    recorder_pq_free(pq);
}

#define in_settings(test) cmocka_unit_test_teardown(test, leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_settings(test_addresses_that_libpq_knows),
        in_settings(test_an_error_shows_no_password),
        in_settings(test_a_missing_server_is_unreachable),
    };
    return cmocka_run_group_tests_name("recorder_pq", tests, NULL, NULL);
}
