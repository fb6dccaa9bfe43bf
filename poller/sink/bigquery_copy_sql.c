/* bigquery_copy_sql: the statements for the tables beside the calls. */
#include <stdarg.h>
#include <stdio.h>

#include "base/json_writer.h"
#include "base/mem.h"
#include "sink/bigquery_copy_sql.h"

static void PRINTF_LIKE(2, 3) put(struct json_writer *text, const char *format, ...)
{
    char piece[1000]; /* longer than any name */
    va_list args;
    va_start(args, format);
    (void)vsnprintf(piece, sizeof piece, format, args);
    va_end(args);
    json_writer_put(text, piece);
}

static void put_columns(struct json_writer *text, const struct table *table, const char *before)
{
    for (int i = 0; i < TABLE_COLUMNS_MOST && table->columns[i].name != NULL; i++)
        put(text, "%s%s%s", i > 0 ? ", " : "", before, table->columns[i].name);
}

/* The key in the order of PARTITION BY: a MERGE fails if two staged rows match one row. */
static const char *key_of(const struct table *table)
{
    return table->columns[1].name;
}

static void put_updates(struct json_writer *text, const struct table *table)
{
    for (int i = 2; i < TABLE_COLUMNS_MOST && table->columns[i].name != NULL; i++)
        put(text, "%s    %s = staged.%s", i > 2 ? ",\n" : "", table->columns[i].name, table->columns[i].name);
}

/* The condition on @tenant lets BigQuery read only the tenant's blocks. */
char *bigquery_copy_sql_merge(const struct bigquery_sql *names, const struct table *table, bool replaces)
{
    struct json_writer text = { .length = 0 };
    const char *key = key_of(table), *newer = table->newer;
    put(&text, "MERGE `%s` AS target\nUSING (\n  SELECT * FROM `%s`\n  WHERE TRUE\n", names->target, names->staging);
    put(&text, "  QUALIFY ROW_NUMBER() OVER (PARTITION BY tenant, %s ORDER BY %s DESC) = 1\n) AS staged\n", key,
        newer != NULL ? newer : TABLE_HASH);
    put(&text, "ON target.tenant = staged.tenant AND target.%s = staged.%s\n  AND target.tenant = @tenant\n", key, key);
    put(&text, "WHEN MATCHED AND target." TABLE_HASH " IS DISTINCT FROM staged." TABLE_HASH);
    if (newer != NULL)
        put(&text, "\n  AND COALESCE(target.%s, 0) <= COALESCE(staged.%s, 0)", newer, newer);
    put(&text, " THEN\n  UPDATE SET\n");
    put_updates(&text, table);
    put(&text, "\nWHEN NOT MATCHED THEN\n  INSERT (");
    put_columns(&text, table, "");
    put(&text, ")\n  VALUES (");
    put_columns(&text, table, "staged.");
    put(&text, ")\n%s", replaces ? "WHEN NOT MATCHED BY SOURCE AND target.tenant = @tenant THEN\n  DELETE\n" : "");
    return text.text;
}

char *bigquery_copy_sql_whole(const struct bigquery_sql *names, const struct table *table, bool replaces)
{
    struct json_writer text = { .length = 0 };
    put(&text, "SELECT ");
    put_columns(&text, table, "");
    put(&text, "\nFROM (\n  SELECT *, ROW_NUMBER() OVER (PARTITION BY tenant, %s ORDER BY ", key_of(table));
    if (table->newer != NULL)
        put(&text, "COALESCE(%s, 0) DESC, ", table->newer);
    put(&text, "is_staged DESC) AS nth\n  FROM (\n    SELECT ");
    put_columns(&text, table, "");
    put(&text, ", 0 AS is_staged FROM `%s`\n    WHERE %s\n    UNION ALL\n    SELECT ", names->target,
        replaces ? "tenant IS DISTINCT FROM @tenant" : "TRUE");
    put_columns(&text, table, "");
    put(&text, ", 1 AS is_staged FROM `%s`\n    WHERE tenant = @tenant\n  ) AS merged\n) AS numbered\nWHERE nth = 1\n",
        names->staging);
    return text.text;
}

char *bigquery_copy_sql_newest(const struct bigquery_sql *names, const struct table *table)
{
    return mem_format("SELECT MAX(%s) FROM `%s` WHERE tenant = @tenant\n", table->newer, names->target);
}
