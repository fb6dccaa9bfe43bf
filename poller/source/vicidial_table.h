/* vicidial_table: the columns, indexes and rows of one of the dialer's tables of calls. For vicidial's files only. */
#ifndef VICIDIAL_TABLE_H
#define VICIDIAL_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "domain/call.h"
#include "domain/settings.h"
#include "source/session.h"
#include "source/zone.h"

/* The extras of VICIdial's calls. From this one on they are looked up in other tables. */
extern const struct call_shape vicidial_table_shape;
#define VICIDIAL_LOOKED_UP_FROM 9

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
    char missing[128];    /* the optional columns that the table lacks */
    char index[80];       /* the name of the index that scans use ... */
    bool index_on_end;    /* ... which is on end_epoch, not on call_date */
    char index_facts[160]; /* the index and its column, for messages */
    char key[80];         /* the name of the index on uniqueid; "": there is none */
    char index_on_lead[80]; /* the same for lead_id */
};

/* vicidial_table_inspect: finds the columns and indexes of the table. Ownership: name is borrowed. Errors: those of
 * session_query; EX_CONFIG (a column is missing, or no index bounds a read). */
int vicidial_table_inspect(struct session *session, const char *name, struct vicidial_table *ret_table,
                           struct err *err) MUST_CHECK;

/* vicidial_table_action: "read vicidial_log", for errors. */
const char *vicidial_table_action(const char *name);

/* The SQL of call_date in seconds since 1970, as if there were no time zones. Each statement reads dates by it. */
#define TABLE_LOCAL_SEC "TIMESTAMPDIFF(SECOND, '1970-01-01', call_date)"

/* vicidial_table_select_list: the columns of a SELECT for vicidial_table_call. */
#define TABLE_SELECT_LIST_SIZE 512
void vicidial_table_select_list(const struct vicidial_table *table, bool scanned_only,
                                char out[TABLE_SELECT_LIST_SIZE]);

/* vicidial_table_call: makes a call from row. A column that was not read, or that the table lacks, is NULL. Ownership:
 * the texts are borrowed from row. */
struct call vicidial_table_call(const char *const *row, const struct zone *zone, const struct settings_sync *settings);

/* vicidial_table_fetch: hands out the rows with these uniqueids, with the columns of list. A statement has at most
 * TABLE_MANY_KEYS uniqueids, because each one is a separate read of the file. A uniqueid with letters outside the
 * table's character set is in no row. Stops at the first error. Errors: those of session_query. */
#define TABLE_MANY_KEYS 100
typedef int vicidial_table_on_row(void *context, const char *const *row, struct err *err);
int vicidial_table_fetch(struct session *session, const char *name, const char *list, const char *const *uniqueids,
                         size_t count, vicidial_table_on_row *on_row, void *context, struct err *err) MUST_CHECK;

/* vicidial_table_fetch_leads: the same for the rows of these leads that are dated since began_from, an epoch, or up to
 * a day before: call_date is local time. 1: there may be more rows: a lead has too many, or lead_id has no index. */
int vicidial_table_fetch_leads(struct session *session, const struct vicidial_table *table, const char *list,
                               const char *const *leads, size_t count, int64_t began_from,
                               vicidial_table_on_row *on_row, void *context, struct err *err) MUST_CHECK;

#endif
