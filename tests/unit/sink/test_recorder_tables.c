/* Tests of recorder_tables and recorder_sql: names in the settings, and the statements with these names. */
#include "../unit.h"

#include "sink/recorder_sqlite.h"
#include "sink/recorder_tables.h"

static struct params params;
static struct recorder_tables tables;
static struct err err;

static int leave(void **state)
{
    (void)state;
    params_free(&params);
    recorder_tables_free(&tables);
    return 0;
}

static void read_tables(void)
{
    if (recorder_tables_read(&params, &tables, &err) != 0)
        fail_msg("%s", err.message);
}

static void test_the_tables_have_our_own_names_by_default(void **state)
{
    (void)state;
    read_tables();
    assert_string_equal(tables.records, "callcenter_records");
    assert_string_equal(tables.logs, "callcenter_sync_logs");
    for (int i = 0; i < RECORDER_COLUMNS; i++)
        assert_string_equal(tables.columns[i], recorder_columns[i].name);
}

static void test_another_table_may_have_other_names_and_lack_columns(void **state)
{
    (void)state;
    params_add(&params, "table", "CallCenterRecord", "conf:1");
    params_add(&params, "logs_table", "-", "conf:2");
    params_add(&params, "column.uuid", "externalUuid", "conf:3");
    params_add(&params, "column.source", "-", "conf:4");
    params_add(&params, "Column.Agent", "-", "conf:5");
    read_tables();
    char *sql = recorder_sql_upsert(&recorder_sqlite_dialect, &tables);
    assert_null(tables.logs);
    unit_has("table", sql, "INSERT INTO \"CallCenterRecord\" AS r (\"externalUuid\", \"direction\"");
    unit_has("key", sql, "ON CONFLICT (\"externalUuid\") DO UPDATE SET \"direction\" = excluded.\"direction\"");
    unit_lacks("agent", sql, "agent");
    free(sql);
}

static void test_a_wrong_name_is_refused_with_its_line(void **state)
{
    (void)state;
    static const struct {
        const char *key, *value, *part;
    } rows[] = {
        { "column.colour", "x", "its columns are: source, uuid, direction" },
        { "column.uuid", "-", "column.uuid must name a column" },
        { "column.record_hash", "-", "it is part of the key" },
        { "column.agent", "", "column.agent must name a column" },
        { "table", "", "table is empty" },
        { "logs_table", "", "logs_table is empty" },
        { "table", "public.Group", "table = public.Group: the program makes a table of that name itself" },
        { "logs_table", "staff", "logs_table = staff: the program" },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        params_add(&params, rows[i].key, rows[i].value, "conf:7");
        unit_same_int(rows[i].key, recorder_tables_read(&params, &tables, &err), -1);
        unit_same_int(rows[i].key, err.code, EX_CONFIG);
        unit_has(rows[i].key, err.message, "conf:7: ");
        unit_has(rows[i].key, err.message, rows[i].part);
        (void)leave(NULL);
    }
}

static const struct recorder_dialect schemas = { .types = { "text", "bigint", "timestamptz", "jsonb" }, .now = "now()",
    .differs = "IS DISTINCT FROM", .value_before = "x.", .value_after = "", .time_before = "to_timestamp(",
    .time_after = ")", .id = "serial", .takes_many = true, .has_schemas = true };

static void test_names_are_quoted(void **state)
{
    (void)state;
    static const struct {
        const char *name, *plain, *with_schemas;
    } rows[] = {
        { "calls", "\"calls\"", "\"calls\"" },
        { "a.b", "\"a.b\"", "\"a\".\"b\"" },
        { "a.b.c", "\"a.b.c\"", "\"a\".\"b.c\"" },
        { "x\"; DROP TABLE y; --", "\"x\"\"; DROP TABLE y; --\"", "\"x\"\"; DROP TABLE y; --\"" },
        { "Größe", "\"Größe\"", "\"Größe\"" },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        char *plain = recorder_sql_quote(&recorder_sqlite_dialect, rows[i].name);
        char *with_schemas = recorder_sql_quote(&schemas, rows[i].name);
        unit_same_text(rows[i].name, plain, rows[i].plain);
        unit_same_text(rows[i].name, with_schemas, rows[i].with_schemas);
        free(plain);
        free(with_schemas);
    }
}

static void test_an_upsert_does_not_write_columns_of_other_programs(void **state)
{
    (void)state;
    read_tables();
    const struct recorder_dialect *dialects[] = { &recorder_sqlite_dialect, &schemas };
    for (size_t i = 0; i < UNIT_COUNT(dialects); i++) {
        char *sql = recorder_sql_upsert(dialects[i], &tables);
        const char *changes = strstr(sql, "DO UPDATE SET");
        assert_non_null(changes);
        for (int column = 0; column < RECORDER_COLUMNS; column++) {
            const struct recorder_column *known = &recorder_columns[column];
            char set[80];
            (void)snprintf(set, sizeof set, "\"%s\" = ", known->name);
            bool changes_it = strstr(changes, set) != NULL;
            bool may = known->role == RECORDER_VALUE || known->role == RECORDER_LASTING ||
                       known->role == RECORDER_CHANGED;
            unit_same_int(known->name, changes_it, may);
            unit_same_int(known->name, strstr(sql, known->name) != NULL, known->role != RECORDER_FOREIGN);
        }
        unit_has("lasting", sql, "\"end_epoch\" = COALESCE(excluded.\"end_epoch\", r.\"end_epoch\")");
        free(sql);
    }
}

static void test_the_statements_of_postgresql_read_many_messages(void **state)
{
    (void)state;
    read_tables();
    char *sql = recorder_sql_upsert(&schemas, &tables);
    unit_has("members", sql, " FROM jsonb_to_recordset($1::jsonb) AS x (source text, uuid text, ");
    unit_has("time", sql, ", to_timestamp(x.start_epoch), ");
    unit_has("differs", sql, " WHERE r.\"record_hash\" IS DISTINCT FROM excluded.\"record_hash\" RETURNING "
             "r.\"record_hash\", r.xmax = 0");
    free(sql);
    free(tables.records);
    tables.records = strdup("reports.calls");
    sql = recorder_sql_create(&schemas, &tables);
    unit_has("table", sql, "CREATE TABLE IF NOT EXISTS \"reports\".\"calls\" (id serial, \"source\" text NOT NULL, ");
    unit_has("key", sql, ", UNIQUE (\"source\", \"uuid\")); CREATE INDEX IF NOT EXISTS \"calls_start_time\" ON "
             "\"reports\".\"calls\" (\"start_time\"); CREATE INDEX IF NOT EXISTS \"calls_phone_number\" ON ");
    free(sql);
}

static void test_the_text_of_a_run_is_quoted(void **state)
{
    (void)state;
    read_tables();
    struct recorder_log log = { .source = "O'Neil", .kind = "poll", .id = 7, .status = "failed", .took_ms = 12,
                                .counts = { 1, 2, 3, 4 }, .message = "it's \xff'; DROP TABLE x; --" };
    char *sql = recorder_sql_log_update(&schemas, &tables, &log);
    unit_has("counts", sql, "total_records = 10, success_count = 6, failed_count = 4, created_count = 1, "
             "updated_count = 2, skipped_count = 3");
    unit_has("message", sql, "error_message = 'it''s \xef\xbf\xbd''; DROP TABLE x; --' WHERE id = 7");
    free(sql);
    sql = recorder_sql_log_begin(&schemas, &tables, &log);
    unit_has("source", sql, "VALUES ('O''Neil', 'poll', 'running', now(), ");
    unit_has("id", sql, " RETURNING id");
    free(sql);
    log.status = NULL;
    sql = recorder_sql_log_update(&recorder_sqlite_dialect, &tables, &log);
    unit_lacks("at work", sql, "status");
    free(sql);
}

#define in_settings(test) cmocka_unit_test_teardown(test, leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_settings(test_the_tables_have_our_own_names_by_default),
        in_settings(test_another_table_may_have_other_names_and_lack_columns),
        in_settings(test_a_wrong_name_is_refused_with_its_line),
        in_settings(test_names_are_quoted),
        in_settings(test_an_upsert_does_not_write_columns_of_other_programs),
        in_settings(test_the_statements_of_postgresql_read_many_messages),
        in_settings(test_the_text_of_a_run_is_quoted),
    };
    return cmocka_run_group_tests_name("recorder_tables", tests, NULL, NULL);
}
