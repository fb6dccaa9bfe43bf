/* bigquery_tables: makes the dataset and the tables, and adds columns. For bigquery's files only. */
#ifndef BIGQUERY_TABLES_H
#define BIGQUERY_TABLES_H

#include "sink/bigquery_api.h"
#include "sink/bigquery_columns.h"

#define BIGQUERY_LOG_TABLE "update_log"
#define BIGQUERY_LOCATION_SIZE 64

/* bigquery_tables_prepare: makes the dataset and the table of calls if they are missing, and adds columns that the
 * table lacks. wanted: the location of a new dataset, which one that exists must have; "": that of the dataset, US for
 * a new one. ret_location: the dataset's location, which each job names. Returns *failure's fault. */
enum bigquery_fault bigquery_tables_prepare(struct bigquery_api *api, const char *wanted,
                                            char ret_location[BIGQUERY_LOCATION_SIZE],
                                            struct bigquery_failure *failure);

/* bigquery_tables_prepare_dataset: the same for the dataset alone. bigquery_tables_prepare_copy: for a table beside the
 * calls in a dataset that exists: name, whose first two columns are the key. */
enum bigquery_fault bigquery_tables_prepare_dataset(struct bigquery_api *api, const char *wanted,
                                                    char ret_location[BIGQUERY_LOCATION_SIZE],
                                                    struct bigquery_failure *failure);
enum bigquery_fault bigquery_tables_prepare_copy(struct bigquery_api *api, const char *name,
                                                 const struct bigquery_column *columns, size_t count,
                                                 struct bigquery_failure *failure);

/* bigquery_tables_look: as bigquery_tables_prepare, without a change. BIGQUERY_MISSING: dataset or table do not exist
 * yet; *ret_location is "" without a dataset. */
enum bigquery_fault bigquery_tables_look(struct bigquery_api *api, const char *wanted,
                                         char ret_location[BIGQUERY_LOCATION_SIZE], struct bigquery_failure *failure);

/* bigquery_tables_stage: makes the staging table name, which BigQuery deletes a day later; it may exist already.
 * bigquery_tables_stage_copy: the same for a table beside the calls. */
enum bigquery_fault bigquery_tables_stage(struct bigquery_api *api, const char *name,
                                          struct bigquery_failure *failure);
enum bigquery_fault bigquery_tables_stage_copy(struct bigquery_api *api, const char *name,
                                               const struct bigquery_column *columns, size_t count,
                                               struct bigquery_failure *failure);

/* bigquery_tables_find: BIGQUERY_MISSING: there is no such table. Returns *failure's fault. */
enum bigquery_fault bigquery_tables_find(struct bigquery_api *api, const char *name, struct bigquery_failure *failure);

/* bigquery_tables_drop: deletes the staging table name, if it exists. */
enum bigquery_fault bigquery_tables_drop(struct bigquery_api *api, const char *name, struct bigquery_failure *failure);

/* bigquery_tables_prepare_log: makes the table update_log if it is missing, and adds columns that it lacks. */
enum bigquery_fault bigquery_tables_prepare_log(struct bigquery_api *api, struct bigquery_failure *failure);

/* bigquery_tables_reference: adds project, dataset and table to object, as its member name. */
void bigquery_tables_reference(struct json *object, const char *name, const struct bigquery_names *names,
                               const char *table);

#endif
