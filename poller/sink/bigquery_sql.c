/* bigquery_sql: the statements that bring the rows of a staging table into the table of calls. */
#include <stdlib.h>
#include <string.h>

#include "base/json_writer.h"
#include "base/mem.h"
#include "sink/bigquery_columns.h"
#include "sink/bigquery_sql.h"

/* A MERGE fails if two staged rows match one row, so only the newest row of a call counts. */
#define NEWEST "  QUALIFY ROW_NUMBER() OVER (PARTITION BY tenant, source, call_id ORDER BY seen_at DESC) = 1\n"

#define SAME_CALL "target.tenant = staged.tenant AND target.source = staged.source AND target.call_id = staged.call_id"

/* BigQuery reads no partition of such a table without a condition on call_date. */
#define EVERY_DAY "target.call_date >= DATE '0001-01-01'"

/* So it reads only the clustered blocks that can have the batch's calls. */
#define SAME_BLOCKS                                                                          \
    "  AND target.tenant BETWEEN @first_tenant AND @last_tenant AND target.source = @source\n" \
    "  AND target.call_id BETWEEN @first_id AND @last_id"

static void add_list(struct json_writer *text, const char *before, const char *between)
{
    for (size_t i = 0; i < BIGQUERY_COLUMNS; i++) {
        json_writer_put(text, i > 0 ? between : "");
        json_writer_put(text, before);
        json_writer_put(text, bigquery_columns[i].name);
    }
}

static void add_updates(struct json_writer *text)
{
    for (size_t i = 0; i < BIGQUERY_COLUMNS; i++) {
        const char *name = bigquery_columns[i].name;
        if (strcmp(name, "tenant") == 0 || strcmp(name, "source") == 0 || strcmp(name, "call_id") == 0)
            continue;
        char *update = mem_format("%s    %s = staged.%s", strcmp(name, "call_date") == 0 ? "" : ",\n", name, name);
        json_writer_put(text, update);
        free(update);
    }
}

static void add_table(struct json_writer *text, const char *name)
{
    json_writer_put(text, "`");
    json_writer_put(text, name);
    json_writer_put(text, "`");
}

/* which: the staged rows. where: the rows of the table that may have the same call. seen_at: a job of an earlier run
 * that ends late must not bring back an older version. A time that is still to come was written by a wrong clock, and
 * says nothing. */
static char *merge(const struct bigquery_sql *names, const char *which, const char *where)
{
    struct json_writer text = { .length = 0 };
    json_writer_put(&text, "MERGE ");
    add_table(&text, names->target);
    json_writer_put(&text, " AS target\nUSING (\n  SELECT * FROM ");
    add_table(&text, names->staging);
    json_writer_put(&text, "\n  WHERE ");
    json_writer_put(&text, which);
    json_writer_put(&text, "\n" NEWEST ") AS staged\nON " SAME_CALL "\n  AND ");
    json_writer_put(&text, where);
    json_writer_put(&text, "\nWHEN MATCHED AND target.row_hash IS DISTINCT FROM staged.row_hash\n"
                           "  AND (target.seen_at IS NULL OR target.seen_at <= staged.seen_at\n"
                           "       OR target.seen_at > CURRENT_TIMESTAMP()) THEN\n  UPDATE SET\n");
    add_updates(&text);
    json_writer_put(&text, "\nWHEN NOT MATCHED THEN\n  INSERT (");
    add_list(&text, "", ", ");
    json_writer_put(&text, ")\n  VALUES (");
    add_list(&text, "staged.", ", ");
    json_writer_put(&text, ")\n");
    return text.text;
}

char *bigquery_sql_merge(const struct bigquery_sql *names)
{
    return merge(names, "change = 0", "target.call_date BETWEEN @first_day AND @last_day");
}

char *bigquery_sql_merge_everywhere(const struct bigquery_sql *names)
{
    return merge(names, "change >= @least_change",
                 EVERY_DAY "\n" SAME_BLOCKS);
}

char *bigquery_sql_tenants(const struct bigquery_sql *names)
{
    return mem_format("SELECT FORMAT('%%d %%s', COUNT(*), target.tenant) FROM `%s` AS target\n"
                      "JOIN `%s` AS staged ON " SAME_CALL "\n"
                      "  AND target.seen_at = staged.seen_at\n"
                      "WHERE target.call_date BETWEEN @first_day AND @last_day\n"
                      "GROUP BY target.tenant\n", names->target, names->staging);
}

char *bigquery_sql_days(const struct bigquery_sql *names)
{
    return mem_format("SELECT DISTINCT call_date FROM `%s`\n"
                      "UNION DISTINCT\n"
                      "SELECT DISTINCT target.call_date FROM `%s` AS target\n"
                      "JOIN `%s` AS staged ON " SAME_CALL "\n"
                      "WHERE " EVERY_DAY "\n" SAME_BLOCKS "\n",
                      names->staging, names->target, names->staging);
}

char *bigquery_sql_day(const struct bigquery_sql *names)
{
    struct json_writer text = { .length = 0 };
    json_writer_put(&text, "SELECT ");
    add_list(&text, "", ", ");
    json_writer_put(&text, "\nFROM (\n  SELECT * FROM ");
    add_table(&text, names->staging);
    json_writer_put(&text, "\n  WHERE TRUE\n" NEWEST ") AS newest\nWHERE call_date = @day\nUNION ALL\nSELECT ");
    add_list(&text, "target.", ", ");
    json_writer_put(&text, "\nFROM ");
    add_table(&text, names->target);
    json_writer_put(&text, " AS target\nLEFT JOIN (SELECT DISTINCT tenant, source, call_id FROM ");
    add_table(&text, names->staging);
    json_writer_put(&text, ") AS staged\nON " SAME_CALL "\n"
                           "WHERE target.call_date = @day AND staged.call_id IS NULL\n");
    return text.text;
}
