/* table: a small table beside the calls, such as customers, which the program copies from a source to a sink. Its rows
 * are no calls: they are never in the ledger. */
#ifndef TABLE_H
#define TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum table_type { TABLE_TEXT, TABLE_NUMBER, TABLE_DATE, TABLE_TYPES };

/* The columns of every table: the tenant is the first one, the row's id the second one, and together the key. The last
 * one is TABLE_HASH: a row with the same hash is the same. */
#define TABLE_TENANT "tenant"
#define TABLE_HASH "row_hash"
#define TABLE_COLUMNS_MOST 20

struct table {
    const char *name;
    struct {
        const char *name;
        enum table_type type; /* a date is the text YYYY-MM-DD */
    } columns[TABLE_COLUMNS_MOST]; /* a name of NULL ends the list */
    const char *newer; /* the column with a number: of two rows with one key, the row with the greater number
                        * stays. NULL: the row that is written later */
};

/* Rows that are written together, in one transaction, with a row in the store's log of loads (update_log). */
struct table_load {
    const struct table *table;
    const char *tenant;
    const char *rows;  /* a JSON list of objects, with a member for each column that has a value; no key twice, unless
                        * table_store.rows is set */
    size_t count;
    int64_t newest_ms; /* the greatest time of the rows, an epoch in milliseconds; 0: they have none */
    bool replaces;     /* the rows are all of the tenant: the others are deleted */
};

/* Where tables are copied to. */
struct table_store {
    /* The newest_ms of all loads of this table and tenant; 0: there is none. Errors: EX_UNAVAILABLE, EX_CONFIG. */
    int (*newest)(void *context, const struct table *table, const char *tenant, int64_t *ret_ms, struct err *err);
    /* Writes a load. Repeating it changes nothing but the log. Durable: on return. Errors: as newest. */
    int (*load)(void *context, const struct table_load *load, struct err *err);
    size_t rows; /* so many rows are best loaded at once, as each load is costly; 0: fewer will do */
    /* NULL: all tables are copied, however long it takes. Otherwise the number of the first table to copy. On return:
     * that of the table to continue with, because until_ms (monotonic) has passed; 0: the last one is copied. At least
     * one table, or a part of it, is copied each time. */
    int64_t *next;
    int64_t until_ms;
    void *context;
};

/* What to copy. */
enum table_jobs { TABLE_CUSTOMERS = 1 << 0, TABLE_STAFF = 1 << 1 };

#endif
