/* Tests of recorder_tables_sql: the statements for a table beside the calls, as a reader can judge them. */
#include <stdlib.h>

#include "../unit.h"

#include "sink/recorder_postgresql.h"
#include "sink/recorder_sqlite.h"
#include "sink/recorder_tables_sql.h"

static const struct table table = {
    .name = "customer",
    .columns = { { TABLE_TENANT, TABLE_TEXT },
                 { "_id", TABLE_TEXT },
                 { "updateTime", TABLE_NUMBER },
                 { "NgayUpdate", TABLE_DATE },
                 { TABLE_HASH, TABLE_TEXT } },
    .newer = "updateTime",
};

static void check(const char *name, char *text, const char *want)
{
    unit_same_text(name, text, want);
    free(text);
}

static void test_recorder_tables_sql_keeps_the_newer_row_in_both_databases(void **state)
{
    (void)state;
    check("create", recorder_tables_sql_create(&recorder_sqlite_dialect, &table),
          "CREATE TABLE IF NOT EXISTS \"customer\" (\"tenant\" TEXT NOT NULL, \"_id\" TEXT NOT NULL, \"updateTime\" "
          "INTEGER, \"NgayUpdate\" TEXT, \"row_hash\" TEXT, PRIMARY KEY (\"tenant\", \"_id\"))");
    check("merge", recorder_tables_sql_merge(&recorder_sqlite_dialect, &table),
          "INSERT INTO \"customer\" (\"tenant\", \"_id\", \"updateTime\", \"NgayUpdate\", \"row_hash\") SELECT "
          "json_extract(x.value, '$.tenant'), json_extract(x.value, '$._id'), json_extract(x.value, '$.updateTime'), "
          "json_extract(x.value, '$.NgayUpdate'), json_extract(x.value, '$.row_hash') FROM json_each(?1) AS x WHERE "
          "true ON CONFLICT (\"tenant\", \"_id\") DO UPDATE SET \"updateTime\" = excluded.\"updateTime\", "
          "\"NgayUpdate\" = excluded.\"NgayUpdate\", \"row_hash\" = excluded.\"row_hash\" WHERE "
          "\"customer\".\"row_hash\" IS NOT excluded.\"row_hash\" AND coalesce(excluded.\"updateTime\", 0) >= "
          "coalesce(\"customer\".\"updateTime\", 0)");
    check("delete", recorder_tables_sql_delete(&recorder_sqlite_dialect, &table),
          "DELETE FROM \"customer\" WHERE \"tenant\" IN (SELECT json_extract(x.value, '$.tenant') FROM json_each(?1) "
          "AS x)");
    check("entry", recorder_tables_sql_entry("customer", "P'K", NULL),
          "[{\"table_name\":\"customer\",\"tenant\":\"P'K\"}]");
#ifndef WITHOUT_POSTGRESQL
    check("merge", recorder_tables_sql_merge(&recorder_postgresql_dialect, &table),
          "INSERT INTO \"customer\" (\"tenant\", \"_id\", \"updateTime\", \"NgayUpdate\", \"row_hash\") SELECT "
          "x.\"tenant\", x.\"_id\", x.\"updateTime\", x.\"NgayUpdate\", x.\"row_hash\" FROM "
          "jsonb_to_recordset($1::jsonb) AS x(\"tenant\" text, \"_id\" text, \"updateTime\" bigint, \"NgayUpdate\" "
          "date, \"row_hash\" text) WHERE true ON CONFLICT (\"tenant\", \"_id\") DO UPDATE SET \"updateTime\" = "
          "excluded.\"updateTime\", \"NgayUpdate\" = excluded.\"NgayUpdate\", \"row_hash\" = excluded.\"row_hash\" "
          "WHERE \"customer\".\"row_hash\" IS DISTINCT FROM excluded.\"row_hash\" AND "
          "coalesce(excluded.\"updateTime\", 0) >= coalesce(\"customer\".\"updateTime\", 0)");
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_recorder_tables_sql_keeps_the_newer_row_in_both_databases),
    };
    return cmocka_run_group_tests_name("recorder_tables_sql", tests, NULL, NULL);
}
