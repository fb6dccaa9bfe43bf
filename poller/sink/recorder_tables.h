/* recorder_tables: reads the names of tables and columns from the settings. For recorder's files only. */
#ifndef RECORDER_TABLES_H
#define RECORDER_TABLES_H

#include "domain/params.h"
#include "sink/recorder_sql.h"

/* recorder_tables_read: sets the default names of tables and columns, except those that params rename. Ownership:
 * recorder_tables_free, also after a failure. Errors: EX_CONFIG; the message names file and line. */
int recorder_tables_read(const struct params *params, struct recorder_tables *ret_tables, struct err *err) MUST_CHECK;
void recorder_tables_free(struct recorder_tables *tables);

#endif
