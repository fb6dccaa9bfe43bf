/* vicidial_inbound_table: the columns, indexes and statements of vicidial_closer_log and its archive. For
 * vicidial_inbound's files only. */
#ifndef VICIDIAL_INBOUND_TABLE_H
#define VICIDIAL_INBOUND_TABLE_H

#include "source/session.h"
#include "source/source.h"
#include "source/vicidial_inbound_row.h"
#include "source/zone.h"

struct vicidial_inbound_table {
    const char *name;
    bool has_column[INBOUND_COLUMNS];
    char missing[128]; /* the columns that it lacks and that are not needed, for messages */
    char index[80];    /* the name of the index on call_date */
};

extern const char *const vicidial_inbound_tables[2]; /* names, by enum source_table */

/* vicidial_inbound_table_inspect: reads columns and indexes. Errors: those of session_query; EX_CONFIG (a column is
 * missing, or there is no index on call_date). */
int vicidial_inbound_table_inspect(struct session *session, enum source_table which,
                                   struct vicidial_inbound_table *ret_table, struct err *err) MUST_CHECK;

/* vicidial_inbound_table_select: "SELECT ... FROM table", with all columns of enum inbound_column. Ownership: the
 * caller frees it. */
char *vicidial_inbound_table_select(const struct vicidial_inbound_table *table, const char *index);

/* vicidial_inbound_table_action: "read vicidial_closer_log", for errors. */
const char *vicidial_inbound_table_action(const struct vicidial_inbound_table *table);

/* The zones of vicidial_inbound_table_latest are valid for the rows of the last so many seconds. */
#define INBOUND_SAMPLE_HOLDS_SEC (2 * 86400)

/* vicidial_inbound_table_latest: adds to zone the time zones of the latest rows, or the server's zone if there are no
 * rows. *ret_now is the database's clock. Errors: those of session_query. */
int vicidial_inbound_table_latest(struct session *session, const struct vicidial_inbound_table *table, int64_t *ret_now,
                                  struct zone *zone, struct err *err) MUST_CHECK;

/* vicidial_inbound_table_zones: the same for the first calls that began between two epochs. */
int vicidial_inbound_table_zones(struct session *session, const struct vicidial_inbound_table *table, int64_t from,
                                 int64_t to, struct zone *zone, struct err *err) MUST_CHECK;

#endif
