/* recorder_row_pq: reads a call's row from PostgreSQL. For recorder's files only. */
#ifndef RECORDER_ROW_PQ_H
#define RECORDER_ROW_PQ_H

#include "domain/params.h"
#include "sink/recorder_row.h"

/* recorder_row_pq: key: the parameter of recorder_row_query. *ret_row stays as it is if there is no row. Writes
 * nothing. Each of connecting and reading ends after `timeout` of params, or a few seconds later. Ownership: the caller
 * frees *ret_row. Errors: EX_CONFIG, EX_UNAVAILABLE. */
int recorder_row_pq(const struct params *params, const struct recorder_tables *tables, const char *key, bool masks,
                    char **ret_row, struct err *err) MUST_CHECK;

#endif
