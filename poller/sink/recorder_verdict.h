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

/* recorder_verdict_blames_row: whether PostgreSQL refuses the value of a row, so that other rows may pass. */
bool recorder_verdict_blames_row(const char *sqlstate);

/* recorder_verdict_of: what any other error of PostgreSQL means: RETRY or MISCONFIGURED, and the advice. */
enum outcome_kind recorder_verdict_of(const char *sqlstate, const char **ret_advice);

#endif
