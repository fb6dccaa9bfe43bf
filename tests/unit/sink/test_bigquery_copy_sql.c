/* Tests of bigquery_copy_sql: the statements are those in bigquery_copy.sql, which a person has read. */
#include "../unit_golden.h"

#include "base/mem.h"
#include "sink/bigquery_copy_sql.h"
#include "source/callio_person.h"

#define GOLDEN "tests/unit/sink/bigquery_copy.sql"

static void test_copy_sql_is_that_of_the_golden_file(void **state)
{
    (void)state;
    const struct bigquery_sql of_customers = { .target = "calls.callio.customer",
                                               .staging = "calls.callio.customer_staging_5eb1" };
    const struct bigquery_sql of_groups = { .target = "calls.callio.group",
                                            .staging = "calls.callio.group_staging_5eb1" };
    char *parts[] = { bigquery_copy_sql_newest(&of_customers, &callio_person_customers),
                      bigquery_copy_sql_merge(&of_customers, &callio_person_customers, false),
                      bigquery_copy_sql_merge(&of_groups, &callio_person_groups, true),
                      bigquery_copy_sql_whole(&of_customers, &callio_person_customers, false),
                      bigquery_copy_sql_whole(&of_groups, &callio_person_groups, true) };
    char *text = mem_format("-- From when on customers are copied.\n%s\n-- Customers: the newer row stays.\n%s\n"
                            "-- Groups: those of the tenant are replaced.\n%s\n-- The same without a billing account: "
                            "all rows.\n%s\n%s", parts[0], parts[1], parts[2], parts[3], parts[4]);
    unit_same_as_file(GOLDEN, text);
    free(text);
    for (size_t i = 0; i < UNIT_COUNT(parts); i++)
        free(parts[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_copy_sql_is_that_of_the_golden_file) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
