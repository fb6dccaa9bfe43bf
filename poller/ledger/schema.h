/* schema: the ledger's tables, and how those of an older version become those of today. The tables are explained in
 * schema.c. */
#ifndef SCHEMA_H
#define SCHEMA_H

#include "base/store.h"

/* What ledgers up to version 5 have instead of version_unknown: the number of tries in the fingerprint's place, where a
 * real one is as unlikely as 1 in 2^32. The number may be 0 in those of version 1, which did not count tries. */
#define SCHEMA_VERSION_UNKNOWN_5 "CASE WHEN fingerprint BETWEEN 0 AND 4294967295 THEN max(fingerprint, 1) END"

/* schema_prepare: makes sure that the store has today's tables: makes them in a new one, brings those of an older
 * version up to date, in one transaction. In a store that is only looked at, that is done to a copy in memory. Errors:
 * EX_IOERR; EX_CONFIG: another program's file, or one that a newer version wrote. */
int schema_prepare(struct store *store, enum store_mode mode, struct err *err) MUST_CHECK;

/* schema_make: makes the tables in a new store that has no journal yet. */
int schema_make(struct store *store, struct err *err) MUST_CHECK;

#endif
