/* callio_person: a customer, a user or a group of Callio as the row of a table. For callio's files only. */
#ifndef CALLIO_PERSON_H
#define CALLIO_PERSON_H

#include "base/json.h"
#include "domain/table.h"

/* Their columns have the names that reports on these tables use. */
extern const struct table callio_person_customers, callio_person_staff, callio_person_groups;

/* callio_person_row: the row of a document, as JSON. A user's extPassword is never part of it. *ret_updated_ms: when it
 * last changed, an epoch in milliseconds; 0: it does not say. Ownership: the caller frees the row. */
char *callio_person_row(const struct table *table, const char *tenant, const char *id, const struct json *doc,
                        int64_t *ret_updated_ms) MUST_CHECK;

#endif
