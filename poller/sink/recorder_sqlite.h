/* recorder_sqlite: records in a file of SQLite. For recorder's files only. */
#ifndef RECORDER_SQLITE_H
#define RECORDER_SQLITE_H

#include "sink/recorder_store.h"

extern const struct recorder_store_ops recorder_sqlite;

/* recorder_sqlite_dialect: SQLite's words. */
extern const struct recorder_dialect recorder_sqlite_dialect;

#endif
