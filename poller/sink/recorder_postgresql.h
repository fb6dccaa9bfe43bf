/* recorder_postgresql: records in a table of PostgreSQL. For recorder's files only. */
#ifndef RECORDER_POSTGRESQL_H
#define RECORDER_POSTGRESQL_H

#include "sink/recorder_store.h"

extern const struct recorder_store_ops recorder_postgresql;

/* recorder_postgresql_dialect: PostgreSQL's SQL. */
extern const struct recorder_dialect recorder_postgresql_dialect;

#endif
