/* recorder_verdict: what a database's error means for the call, and the code of an outcome. For recorder's files
 * only. */
#ifndef RECORDER_VERDICT_H
#define RECORDER_VERDICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "domain/outcome.h"

/* An outcome's code: 1 to 3 as enum recorder_result has it, a number below 1000 for a failure of SQLite, above that a
 * SQLSTATE read as a number with the digits 0-9A-Z. */
#define RECORDER_CODE_SQLITE 100

/* recorder_verdict_code: the code for a SQLSTATE. NULL, or what is none: 0. */
int64_t recorder_verdict_code(const char *sqlstate);

/* recorder_verdict_describe: "created", "SQLSTATE 23505"; as sink_describe. */
bool recorder_verdict_describe(int64_t code, char *out, size_t size);

/* What an error of PostgreSQL is about. */
enum recorder_blame {
    RECORDER_BLAMES_NOBODY,   /* not known: one row, or the server */
    RECORDER_BLAMES_ROW,      /* its values are refused; other rows may pass */
    RECORDER_BLAMES_SERVER,   /* its state, which may pass: no row is to blame */
    RECORDER_BLAMES_SETTINGS  /* lasts until a person mends it */
};

/* recorder_verdict_of: what the error is about, and what to do: "; do this", or "". */
enum recorder_blame recorder_verdict_of(const char *sqlstate, const char **ret_advice);

#endif
