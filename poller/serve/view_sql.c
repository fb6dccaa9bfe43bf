/* view_sql: writes an SQL statement piece by piece. */
#include <stdlib.h>
#include <string.h>

#include "serve/view_sql.h"

void view_sql_add(struct view_sql *sql, const char *piece)
{
    size_t length = strlen(piece);
    if (sql->length + length >= sizeof sql->text)
        abort();
    memcpy(sql->text + sql->length, piece, length + 1);
    sql->length += length;
}

void view_sql_number(struct view_sql *sql, int64_t number)
{
    if (sql->count == VIEW_SQL_PARAMETERS)
        abort();
    sql->parameters[sql->count].text = NULL;
    sql->parameters[sql->count++].number = number;
}

void view_sql_text(struct view_sql *sql, const char *text)
{
    view_sql_number(sql, 0);
    sql->parameters[sql->count - 1].text = text;
}

struct statement *view_sql_prepare(const struct view_sql *sql, struct store *store)
{
    struct statement *statement = store_compile(store, sql->text);
    for (int i = 0; statement != NULL && i < sql->count; i++) {
        if (sql->parameters[i].text != NULL)
            store_bind_text(statement, i + 1, sql->parameters[i].text);
        else
            store_bind_int(statement, i + 1, sql->parameters[i].number);
    }
    return statement;
}
