/* vicidial_enrich_lookup: reads rows of other tables of the dialer, by key. For the files of vicidial_enrich and
 * vicidial_inbound only. */
#ifndef VICIDIAL_ENRICH_LOOKUP_H
#define VICIDIAL_ENRICH_LOOKUP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "source/session.h"

/* A table, and how its rows are found. The caller sets the constants, and enrich_lookup_run sets the rest. A table that
 * cannot be read stays off for the rest of the run, so no call waits for it. */
struct enrich_lookup {
    const char *table;
    const char *columns;       /* the columns to select */
    const char *older_columns; /* the same for an older table that lacks some of them; NULL: an older table is off */
    const char *key;           /* the column of the keys, the first column of index */
    const char *index;         /* the index by its name in VICIdial's schema; each statement forces it */
    const char *date;          /* the column with the date of a row; NULL: none */
    bool is_off;
    bool is_missing;           /* is_off: the table does not exist */
    bool is_busy;              /* is_off: the table was locked or too slow */
    char problem[400];         /* is_off: why */
    char own_index[80];        /* the site's own name of the index; "": the name in the schema */
};

/* The rows to read. */
struct enrich_request {
    const char *const *keys; /* texts; a text that is not ASCII is skipped, because these tables have no such keys */
    size_t count;
    const char *since;       /* a DATETIME: older rows are skipped, if the lookup has a date */
};

/* Called for each row. Ownership: row is borrowed. */
typedef void enrich_on_row(void *context, const char *const *row);

/* The most keys in one statement. Such a statement locks the table for a few ms (measured: 500 keys of 400,000
 * rows). */
#define ENRICH_MANY_KEYS 500

/* enrich_lookup_run: reads the rows with these keys. A lookup that is off, or turns off now, reads no row. Errors:
 * EX_UNAVAILABLE (the server is gone). */
int enrich_lookup_run(struct session *session, struct enrich_lookup *lookup, const struct enrich_request *request,
                      enrich_on_row *on_row, void *context, struct err *err) MUST_CHECK;

#endif
