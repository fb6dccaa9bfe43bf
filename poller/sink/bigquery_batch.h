/* bigquery_batch: brings the calls of a batch into the table: one load job, then a MERGE; without DML, whole days. For
 * bigquery's files only. */
#ifndef BIGQUERY_BATCH_H
#define BIGQUERY_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sink/bigquery_columns.h"
#include "sink/bigquery_job.h"
#include "sink/bigquery_tenants.h"

/* A batch. Ownership: borrowed, but order. */
struct bigquery_batch {
    const struct bigquery_place *place;
    const struct bigquery_origin *origin;
    const struct sink_message *const *messages;
    size_t count;
    const char *digest; /* of its contents; the names of its jobs have the digest and the next number */
    int64_t started;    /* the epoch at which this batch was loaded first */
    int64_t seen_us;    /* the seen_at of its first row; each further row has the next microsecond */
    bool is_unsure;     /* the table may have each of the calls already, perhaps on another day */
    /* BigQuery cannot read the row of this message; the others are loaded without it. */
    void (*on_bad)(void *context, size_t index, const struct bigquery_failure *failure);
    void *context;
    /* Filled by the functions below. */
    size_t *order, left; /* the messages that are loaded; free order */
    int64_t loaded;      /* rows in the staging table */
    int64_t changed;     /* rows of the table of calls that were made or changed */
};

/* bigquery_batch_newest: finds the greatest `started` of this route's batches, of any run and any host. Only jobs count
 * that began at the epoch `since` or later, by BigQuery's clock. *ret_started: 0: there is none. Returns *failure's
 * fault. */
enum bigquery_fault bigquery_batch_newest(const struct bigquery_place *place, int64_t since, int64_t *ret_started,
                                          struct bigquery_failure *failure);

/* bigquery_batch_find: looks for the batch's staging table. BIGQUERY_MISSING: there is none. Returns *failure's
 * fault. */
enum bigquery_fault bigquery_batch_find(const struct bigquery_batch *batch, struct bigquery_failure *failure);

/* bigquery_batch_load: loads the rows into the batch's staging table. Returns *failure's fault. */
enum bigquery_fault bigquery_batch_load(struct bigquery_batch *batch, struct bigquery_failure *failure);

/* bigquery_batch_merge: merges them into the table of calls. On return they are in BigQuery for good.
 * BIGQUERY_SANDBOX: DML is refused; call bigquery_batch_replace. Returns *failure's fault. */
enum bigquery_fault bigquery_batch_merge(struct bigquery_batch *batch, struct bigquery_failure *failure);

/* bigquery_batch_replace: the same without DML: replaces each day that has one of the calls, or had it. Nobody else may
 * write to those days at the same time. Returns *failure's fault. */
enum bigquery_fault bigquery_batch_replace(struct bigquery_batch *batch, struct bigquery_failure *failure);

/* bigquery_batch_drop: deletes the staging table. Otherwise BigQuery deletes it a day later. */
void bigquery_batch_drop(const struct bigquery_batch *batch);

/* bigquery_batch_tenants: counts the rows of each tenant after the batch has been merged or has replaced days. Asks
 * BigQuery only if a part of the rows of several tenants has changed; the staging table must be there. *ret_tenants
 * also has the tenants without a loaded row. Ownership: bigquery_tenants_free, also after a failure. Returns
 * *failure's fault. */
enum bigquery_fault bigquery_batch_tenants(const struct bigquery_batch *batch, struct bigquery_tenants *ret_tenants,
                                           struct bigquery_failure *failure);

/* bigquery_batch_id: writes the id of the batch's job called name to out. */
void bigquery_batch_id(const struct bigquery_batch *batch, const char *name, char out[BIGQUERY_JOB_ID_SIZE]);

#endif
