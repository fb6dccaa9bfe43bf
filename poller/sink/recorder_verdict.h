/* recorder_verdict: judges a database's error, and makes an outcome's code. For recorder's files only. */
#ifndef RECORDER_VERDICT_H
#define RECORDER_VERDICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "domain/outcome.h"

/* An outcome's code: 1 to 3 as in struct recorder_result; 100 to 999 for an error of SQLite; from 1000 on a SQLSTATE,
 * read as a number with the digits 0-9A-Z. */
#define RECORDER_CODE_SQLITE 100

/* recorder_verdict_code: the code for a SQLSTATE; 0 for NULL and any other text. */
int64_t recorder_verdict_code(const char *sqlstate);

/* recorder_verdict_describe: see sink_describe. Writes "created" or "SQLSTATE 23505". */
bool recorder_verdict_describe(int64_t code, char *out, size_t size);

/* The likely cause of an error of PostgreSQL. */
enum recorder_blame {
    RECORDER_BLAMES_NOBODY,   /* unknown: one row, or the server */
    RECORDER_BLAMES_ROW,      /* the server refuses the row's values; it may accept other rows */
    RECORDER_BLAMES_SERVER,   /* the server's state, which may pass; no row is to blame */
    RECORDER_BLAMES_SETTINGS  /* lasts until a person corrects the settings or the database */
};

/* recorder_verdict_of: the cause of the error. *ret_advice: "; do this", or "". */
enum recorder_blame recorder_verdict_of(const char *sqlstate, const char **ret_advice);

#endif
