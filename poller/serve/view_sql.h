/* view_sql: writes an SQL statement piece by piece, and keeps its parameters. Text of users is only ever a
 * parameter. */
#ifndef VIEW_SQL_H
#define VIEW_SQL_H

#include <stddef.h>
#include <stdint.h>

#include "base/store.h"

enum { VIEW_SQL_SIZE = 6000, VIEW_SQL_PARAMETERS = 64 };

/* Begin with all zero. Texts of parameters are borrowed until the statement has run. */
struct view_sql {
    char text[VIEW_SQL_SIZE];
    size_t length;
    struct {
        const char *text; /* NULL: a number */
        int64_t number;
    } parameters[VIEW_SQL_PARAMETERS];
    int count;
};

/* view_sql_add: adds a piece, a constant with a ? for each parameter that follows. view_sql_number, view_sql_text: the
 * next parameter. More than fits ends the program: it would be a bug. */
void view_sql_add(struct view_sql *sql, const char *piece);
void view_sql_number(struct view_sql *sql, int64_t number);
void view_sql_text(struct view_sql *sql, const char *text);

/* view_sql_prepare: the statement with its parameters. Ownership: store_discard. NULL: as store_compile. */
struct statement *view_sql_prepare(const struct view_sql *sql, struct store *store);

#endif
