/* vicidial_table: one of the dialer's tables of calls: what it looks like, and its rows. For vicidial's files only. */
#ifndef VICIDIAL_TABLE_H
#define VICIDIAL_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "domain/call.h"
#include "domain/settings.h"
#include "source/session.h"
#include "source/zone.h"

/* What vicidial's calls have beside what all calls have. */
extern const struct call_shape vicidial_table_shape;

/* The columns that are read (VICIdial's MySQL_AST_CREATE_tables.sql, table vicidial_log). */
enum table_column {
    TABLE_UNIQUEID,
    TABLE_LEAD_ID,
    TABLE_LIST_ID,
    TABLE_CAMPAIGN_ID,
    TABLE_PHONE_NUMBER,
    TABLE_PHONE_CODE,
    TABLE_STATUS,
    TABLE_LENGTH_IN_SEC,
    TABLE_USER,
    TABLE_USER_GROUP,
    TABLE_TERM_REASON,
    TABLE_COMMENTS,
    TABLE_ALT_DIAL,
    TABLE_CALLED_COUNT,
    TABLE_CALL_DATE,
    TABLE_START_EPOCH,
    TABLE_END_EPOCH,
    TABLE_COLUMNS
};

struct vicidial_table {
    const char *name;
    bool has_column[TABLE_COLUMNS];
    char missing[128];    /* the columns that it lacks and that can be done without */
    char index[80];       /* the name of the index that scans use ... */
    bool index_on_end;    /* ... which is on end_epoch, not on call_date */
    char index_facts[160]; /* the same for people */
    char key[80];         /* the name of the index on uniqueid; "": there is none */
};

/* vicidial_table_inspect: learns what the table of that name, which is borrowed, looks like. Errors: those of
 * session_query; EX_CONFIG (a column is missing, no index that bounds a read). */
int vicidial_table_inspect(struct session *session, const char *name, struct vicidial_table *ret_table,
                           struct err *err) MUST_CHECK;

/* vicidial_table_action: "read vicidial_log", for errors. */
const char *vicidial_table_action(const char *name);

/* call_date as seconds since 1970, as if there were no time zones: what is asked for wherever a date is read. */
#define TABLE_LOCAL_SEC "TIMESTAMPDIFF(SECOND, '1970-01-01', call_date)"

/* vicidial_table_select_list: what a SELECT has to ask for, so that vicidial_table_call understands its rows. */
#define TABLE_SELECT_LIST_SIZE 512
void vicidial_table_select_list(const struct vicidial_table *table, bool scanned_only,
                                char out[TABLE_SELECT_LIST_SIZE]);

/* vicidial_table_call: the call that row tells of; its text is borrowed from row. A column that was not read or that
 * the table lacks is NULL. */
struct call vicidial_table_call(const char *const *row, const struct zone *zone, const struct settings_sync *settings);

/* vicidial_table_fetch: hands out the rows with these uniqueids, with the columns of list, TABLE_MANY_KEYS in one
 * statement: reading by primary key visits the file at one place a row. A uniqueid with letters that the table's
 * character set has not is not there. Errors: those of session_query; the first ends it. */
#define TABLE_MANY_KEYS 100
typedef int vicidial_table_on_row(void *context, const char *const *row, struct err *err);
int vicidial_table_fetch(struct session *session, const char *name, const char *list, const char *const *uniqueids,
                         size_t count, vicidial_table_on_row *on_row, void *context, struct err *err) MUST_CHECK;

#endif
