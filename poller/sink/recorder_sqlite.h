/* recorder_sqlite: records in an SQLite file. For recorder's files only. */
#ifndef RECORDER_SQLITE_H
#define RECORDER_SQLITE_H

#include "sink/recorder_store.h"

extern const struct recorder_store_ops recorder_sqlite;

/* recorder_sqlite_dialect: SQLite's SQL. */
extern const struct recorder_dialect recorder_sqlite_dialect;

#endif
