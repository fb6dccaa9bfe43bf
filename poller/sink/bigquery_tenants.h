/* bigquery_tenants: how many rows of a load each tenant has. For bigquery's files only. */
#ifndef BIGQUERY_TENANTS_H
#define BIGQUERY_TENANTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bigquery_tenant {
    char *name;
    int64_t staged;  /* rows of the load job */
    int64_t changed; /* rows of the table that were made or changed */
};

/* In the order in which they came first. Begin with { 0 }. Ownership: bigquery_tenants_free. */
struct bigquery_tenants {
    struct bigquery_tenant *list;
    size_t count;
};

/* bigquery_tenants_of: the tenant with this name, which is added if it is new. Borrowed until the next one is added. */
struct bigquery_tenant *bigquery_tenants_of(struct bigquery_tenants *tenants, const char *name);

/* bigquery_tenants_read: takes the number of changed rows and the name from a text, "12 PK". False: it is no such text.
 */
bool bigquery_tenants_read(struct bigquery_tenants *tenants, const char *text);

void bigquery_tenants_free(struct bigquery_tenants *tenants);

#endif
