/* recorder_script: a file of SQL with several statements, and the place of an error in it. */
#ifndef RECORDER_SCRIPT_H
#define RECORDER_SCRIPT_H

#include <stddef.h>

#include "base/err.h"
#include "base/store.h"

/* recorder_script_place: "line 3, `INSERT INTO report`": the line of the byte at in sql, and the text from there on, at
 * most 60 bytes of it. The text ends before a quoted value, which may be a secret. */
#define RECORDER_SCRIPT_PLACE_SIZE 100
const char *recorder_script_place(const char *sql, size_t at, char out[RECORDER_SCRIPT_PLACE_SIZE]);

/* recorder_script_line_of: the byte where the line with this character begins; white space at its beginning is not
 * counted. character counts from 1, as PostgreSQL does, in UTF-8. */
size_t recorder_script_line_of(const char *sql, size_t character);

/* recorder_script_run: runs the statements of sql in SQLite, in the open transaction. Errors: EX_IOERR, with the place
 * of the statement that failed. */
int recorder_script_run(struct store *store, const char *sql, struct err *err) MUST_CHECK;

#endif
