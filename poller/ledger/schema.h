/* schema: the ledger's tables, and how those of an older version become those of today. The tables are explained in
 * schema.c. */
#ifndef SCHEMA_H
#define SCHEMA_H

#include "ledger/store.h"

/* schema_prepare: makes sure that the store has today's tables: makes them in a new one, brings those of an older
 * version up to date, in one transaction. In a store that is only looked at, that is done to a copy in memory. Errors:
 * EX_IOERR; EX_CONFIG: another program's file, or one that a newer version wrote. */
int schema_prepare(struct store *store, enum store_mode mode, struct err *err) MUST_CHECK;

/* schema_make: makes the tables in a new store that has no journal yet. */
int schema_make(struct store *store, struct err *err) MUST_CHECK;

#endif
