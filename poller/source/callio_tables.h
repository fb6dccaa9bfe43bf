/* callio_tables: copies the customers, the staff and the groups of all tenants of Callio. For callio's files only. */
#ifndef CALLIO_TABLES_H
#define CALLIO_TABLES_H

#include "domain/table.h"
#include "source/callio_scan.h"

struct callio_tables {
    struct callio_client *client; /* borrowed, like tenants */
    struct callio_tenants *tenants;
    int64_t page_size;
    int64_t overlap_ms; /* so much before the newest customer of the store is read again */
    int64_t first_days; /* how many days of changed customers the first load reads */
};

/* callio_tables_copy: see source_copy_tables. Customers: those that changed since the newest one that the store has.
 * Where the API ignores the times of changes, all of them. Staff: all; one who has left stays in the store. Groups:
 * all, and the store's others are deleted. */
int callio_tables_copy(const struct callio_tables *tables, unsigned jobs, const struct table_store *store,
                       struct err *err) MUST_CHECK;

#endif
