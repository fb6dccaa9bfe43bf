/* asterisk_table: the columns, indexes and statements of Asterisk's cdr table. For asterisk's files only. */
#ifndef ASTERISK_TABLE_H
#define ASTERISK_TABLE_H

#include "source/asterisk_row.h"
#include "source/session.h"

/* A table without an index on its dates may have at most this many rows; to read them takes some milliseconds. */
#define ASTERISK_SMALL_ROWS 20000

#define ASTERISK_NAME_SIZE 80
struct asterisk_table {
    const char *name;               /* borrowed */
    bool has_column[ASTERISK_COLUMNS];
    const char *date;               /* the column with the start: calldate in FreePBX, start in Asterisk's scripts */
    struct asterisk_widths widths;
    char missing[160];              /* the optional columns that the table lacks */
    char date_key[ASTERISK_NAME_SIZE], linkedid_key[ASTERISK_NAME_SIZE],
        uniqueid_key[ASTERISK_NAME_SIZE]; /* "": none */
};

/* asterisk_table_is_name: whether text can be the name of a table. */
bool asterisk_table_is_name(const char *text);

/* asterisk_table_inspect: finds the columns and indexes of the table. Errors: those of session_query; EX_CONFIG (a
 * column is missing, or the table is large and has no index on its dates). */
int asterisk_table_inspect(struct session *session, const char *name, struct asterisk_table *ret_table, struct err *err)
    MUST_CHECK;

/* asterisk_table_remedy: the statement that creates the index on its dates. Ownership: the caller frees it. */
char *asterisk_table_remedy(const struct asterisk_table *table);

/* asterisk_table_select: "SELECT columns FROM table FORCE INDEX (key)", for asterisk_table_row; key "": no index.
 * Ownership: the caller frees it. */
char *asterisk_table_select(const struct asterisk_table *table, const char *key);

/* asterisk_table_row: a row of such a statement. *ret_now: the database's clock. Ownership: the caller frees it. */
struct asterisk_row *asterisk_table_row(const struct asterisk_table *table, const char *const *row,
                                        int64_t *ret_now);

/* asterisk_table_local_sec: the SQL of a row's date in seconds since 1970, as if there were no time zones. */
#define ASTERISK_LOCAL_SEC "TIMESTAMPDIFF(SECOND, '1970-01-01', %s)"

/* asterisk_table_action: "read cdr", for errors. */
const char *asterisk_table_action(const struct asterisk_table *table, char out[ASTERISK_NAME_SIZE]);

#endif
