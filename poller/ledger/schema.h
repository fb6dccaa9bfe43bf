/* schema: creates the ledger's tables and migrates older ones. schema.c explains the tables. */
#ifndef SCHEMA_H
#define SCHEMA_H

#include "base/store.h"

/* Ledgers up to version 5 have no column version_unknown. They keep its number in the column fingerprint instead: a
 * real fingerprint is that small once in 2^32 calls. Version 1 did not count tries, so its number may be 0. */
#define SCHEMA_VERSION_UNKNOWN_5 "CASE WHEN fingerprint BETWEEN 0 AND 4294967295 THEN max(fingerprint, 1) END"

/* Columns of call that a row may lack, as schema.c explains. */
#define SCHEMA_CAMPAIGN "ifnull(campaign, (SELECT text FROM word WHERE id = campaign_word))"
#define SCHEMA_RESULT "ifnull(result, (SELECT text FROM word WHERE id = result_word))"
#define SCHEMA_SEEN "ifnull(seen, tried)"
#define SCHEMA_UPDATED "CASE updated WHEN 0 THEN tried ELSE updated END"

/* schema_prepare: creates the tables in a new store, or migrates those of an older version, in one transaction. With
 * STORE_READ_ONLY it migrates a copy in memory. Durable: on return. Errors: EX_IOERR; EX_CONFIG: the file belongs to
 * another program, or a newer version wrote it. */
int schema_prepare(struct store *store, enum store_mode mode, struct err *err) MUST_CHECK;

/* schema_is_current: whether the store has today's tables. Changes nothing. Errors: as schema_prepare. */
int schema_is_current(struct store *store, bool *ret_current, struct err *err) MUST_CHECK;

/* schema_make: creates the tables in a new store that has no journal yet. Durable: on return. Errors: EX_IOERR. */
int schema_make(struct store *store, struct err *err) MUST_CHECK;

#endif
