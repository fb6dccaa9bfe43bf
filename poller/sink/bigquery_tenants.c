/* bigquery_tenants: how many rows of a load each tenant has. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "sink/bigquery_tenants.h"

struct bigquery_tenant *bigquery_tenants_of(struct bigquery_tenants *tenants, const char *name)
{
    for (size_t i = 0; i < tenants->count; i++)
        if (strcmp(tenants->list[i].name, name) == 0)
            return &tenants->list[i];
    tenants->list = mem_resize(tenants->list, tenants->count + 1, sizeof *tenants->list);
    struct bigquery_tenant *added = &tenants->list[tenants->count++];
    *added = (struct bigquery_tenant){ .name = mem_copy(name) };
    return added;
}

bool bigquery_tenants_read(struct bigquery_tenants *tenants, const char *text)
{
    const char *blank = strchr(text, ' ');
    char digits[STR_INT_SIZE] = "";
    int64_t changed = 0;
    if (blank != NULL)
        (void)snprintf(digits, sizeof digits, "%.*s", (int)(blank - text), text);
    if (!str_to_int(digits, &changed))
        return false;
    bigquery_tenants_of(tenants, blank + 1)->changed = changed;
    return true;
}

void bigquery_tenants_free(struct bigquery_tenants *tenants)
{
    for (size_t i = 0; i < tenants->count; i++)
        free(tenants->list[i].name);
    free(tenants->list);
    *tenants = (struct bigquery_tenants){ .count = 0 };
}
