/* Tests of bigquery_sql: the statements are those in bigquery.sql, which a person has read. */
#include "../unit_golden.h"

#include "base/mem.h"
#include "sink/bigquery_sql.h"

#define GOLDEN "tests/unit/sink/bigquery.sql"

static const struct bigquery_sql names = { .target = "calls.telephony.calls",
                                           .staging = "calls.telephony.calls_staging_5eb1_1795714390" };

static void test_sql_is_that_of_the_golden_file(void **state)
{
    (void)state;
    char *parts[] = { bigquery_sql_merge(&names), bigquery_sql_merge_everywhere(&names), bigquery_sql_days(&names),
                      bigquery_sql_day(&names), bigquery_sql_tenants(&names) };
    char *text = mem_format("-- Calls that BigQuery does not have yet.\n%s\n-- Calls that it may have, perhaps on "
                            "another day.\n%s\n-- Without a billing account: the days that change.\n%s\n"
                            "-- Without a billing account: all rows of such a day.\n%s\n"
                            "-- How many rows of each tenant a MERGE has made or changed.\n%s", parts[0], parts[1],
                            parts[2], parts[3], parts[4]);
    unit_same_as_file(GOLDEN, text);
    free(text);
    for (size_t i = 0; i < UNIT_COUNT(parts); i++)
        free(parts[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_sql_is_that_of_the_golden_file) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
