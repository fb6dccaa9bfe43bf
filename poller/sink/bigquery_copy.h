/* bigquery_copy: brings rows of a table beside the calls, like that of customers, into BigQuery: one load job, then a
 * MERGE; without DML, the whole table. For bigquery's files only. */
#ifndef BIGQUERY_COPY_H
#define BIGQUERY_COPY_H

#include <stdbool.h>
#include <stdint.h>

#include "domain/table.h"
#include "sink/bigquery_job.h"

/* One load. Begin with place and load. Ownership: borrowed, but the rest, see bigquery_copy_end. */
struct bigquery_copy {
    const struct bigquery_place *place;
    const struct table_load *load;
    /* Filled by the functions below. */
    char nonce[BIGQUERY_JOB_NONCE_SIZE]; /* in the names of the jobs and of the staging table. A repeated load has
                                           * others: it changes nothing anyway */
    char **lines;    /* the rows of the load job */
    size_t count;
    int64_t changed; /* rows of the table that were made, changed or deleted */
};

/* bigquery_copy_prepare: makes the table if it is missing, and adds columns that it lacks. Returns *failure's fault. */
enum bigquery_fault bigquery_copy_prepare(struct bigquery_api *api, const struct table *table,
                                          struct bigquery_failure *failure);

/* bigquery_copy_newest: the greatest time of the tenant's rows in the table, which has table->newer, an epoch in
 * milliseconds; 0: it has none. The table itself is asked: so somebody may delete it, and all is copied again. Returns
 * *failure's fault. */
enum bigquery_fault bigquery_copy_newest(const struct bigquery_place *place, const struct table *table,
                                         const char *tenant, int64_t *ret_ms, struct bigquery_failure *failure);

/* bigquery_copy_stage: loads the rows into a staging table of this load. A row that BigQuery cannot read is left out,
 * with a warning. Returns *failure's fault. */
enum bigquery_fault bigquery_copy_stage(struct bigquery_copy *copy, struct bigquery_failure *failure);

/* bigquery_copy_merge: merges them into the table. On return they are in BigQuery for good. BIGQUERY_SANDBOX: DML is
 * refused; call bigquery_copy_replace. Returns *failure's fault. */
enum bigquery_fault bigquery_copy_merge(struct bigquery_copy *copy, struct bigquery_failure *failure);

/* bigquery_copy_replace: the same without DML: replaces the whole table. Nobody else may write to it at the same time.
 * Returns *failure's fault. */
enum bigquery_fault bigquery_copy_replace(struct bigquery_copy *copy, struct bigquery_failure *failure);

/* bigquery_copy_id: writes the id of the load's job called name to out. */
void bigquery_copy_id(const struct bigquery_copy *copy, const char *name, char out[BIGQUERY_JOB_ID_SIZE]);

/* bigquery_copy_end: deletes the staging table, and frees the rows. */
void bigquery_copy_end(struct bigquery_copy *copy);

#endif
