/* Tests of ledger and records: the query plans of their statements. A hundred thousand rejected calls must cost a run
 * almost nothing. */
#include "../unit_ledger.h"

#include <sqlite3.h>

#include "ledger/records.h"

/* Every statement since the trace began. */
static char *texts[200];
static size_t count;

static int on_statement(unsigned kind, void *context, void *statement, void *text)
{
    (void)kind;
    (void)context;
    (void)text;
    const char *sql = sqlite3_sql(statement);
    if (count < UNIT_COUNT(texts) && sql != NULL)
        texts[count++] = strdup(sql);
    return 0;
}

static int begin_trace(sqlite3 *database, char **message, const sqlite3_api_routines *routines)
{
    (void)message;
    (void)routines;
    return sqlite3_trace_v2(database, SQLITE_TRACE_STMT, on_statement, NULL);
}

/* Opens the ledger again, so that its connection is traced. */
static void trace_ledger(const char *directory)
{
    ledger_close(ledger);
    (void)sqlite3_auto_extension((void (*)(void))begin_trace);
    open_ledger(directory);
    (void)sqlite3_cancel_auto_extension((void (*)(void))begin_trace);
    while (count > 0)
        free(texts[--count]);
}

static void nobody(void *context, const char *uniqueid, int64_t end_epoch)
{
    (void)context;
    (void)uniqueid;
    (void)end_epoch;
}

/* A step of a plan is good if it looks up one call, or reads only an index, or only the selected part of an index.
 * There is no index of accepted calls: pruning goes from call to call up to its limit, and counting reads the whole
 * table. */
static bool is_fine(const char *sql, const char *step)
{
    if (strstr(step, "SEARCH call USING PRIMARY KEY (uniqueid>?") != NULL)
        return strstr(step, "uniqueid<?") != NULL || strstr(sql, "LIMIT 1 OFFSET ?2") != NULL;
    if (strstr(sql, "(SELECT count(*) FROM call) - ") != NULL && strcmp(step, "SCAN call") == 0)
        return true;
    bool scan = strncmp(step, "SCAN ", 5) == 0 && strstr(step, "CONSTANT ROW") == NULL;
    bool by_key = strstr(step, "USING PRIMARY KEY (uniqueid=?)") != NULL;
    bool on_call = strstr(step, " call") != NULL && strstr(step, "SUBQUERY") == NULL;
    bool bounded = strstr(step, "call_open (state=? AND end_epoch") != NULL || strstr(step, "COVERING INDEX") != NULL;
    return !on_call || by_key || (scan ? strstr(step, "COVERING INDEX") != NULL : bounded);
}

static void check_plans(const char *directory)
{
    sqlite3 *database = NULL;
    assert_int_equal(sqlite3_open(unit_path(directory, "ledger.db"), &database), SQLITE_OK);
    assert_true(count >= 10);
    for (size_t i = 0; i < count; i++) {
        sqlite3_stmt *statement = NULL;
        char sql[2000];
        (void)snprintf(sql, sizeof sql, "EXPLAIN QUERY PLAN %s", texts[i]);
        if (sqlite3_prepare_v2(database, sql, -1, &statement, NULL) == SQLITE_OK)
            while (sqlite3_step(statement) == SQLITE_ROW) {
                const char *step = (const char *)sqlite3_column_text(statement, 3);
                if (!is_fine(texts[i], step))
                    fail_msg("%s\n%s", texts[i], step);
            }
        (void)sqlite3_finalize(statement);
    }
    (void)sqlite3_close(database);
}

static void test_ledger_statements_use_an_index_and_read_no_other_call(void **state)
{
    struct ledger_counts counts;
    struct records_overview overview;
    const struct ledger_time time = { 1000, 2000 };
    const struct ledger_stretch stretch = { .after = { .end_epoch = 5 }, .ended_before = 1000, .with_waiting = true,
                                            .limit = 10 };
    const struct ledger_age age = { 1000, 1000, 10 };
    int64_t number = 0;
    trace_ledger(*state);
    assert_int_equal(ledger_count(ledger, &counts, &err), 0);
    assert_int_equal(ledger_due(ledger, &time, &stretch, nobody, NULL, &err), 0);
    assert_int_equal(ledger_forget_untried(ledger, 1000, &number, &err), 0);
    assert_int_equal(ledger_prune(ledger, &age, &err), 0);
    assert_int_equal(records_overview(ledger, &overview, &err), 0);
    assert_int_equal(records_count_accepted(ledger, &number, &err), 0);
    assert_int_equal(ledger_commit(ledger, &err), 0);
    check_plans(*state);
    while (count > 0)
        free(texts[--count]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_ledger(test_ledger_statements_use_an_index_and_read_no_other_call),
    };
    return cmocka_run_group_tests_name("ledger_plans", tests, NULL, NULL);
}
