/* store: a file of tables, over SQLite, such as the ledger.
 *
 * store_begin or the first store_change begins a transaction; store_commit ends it. Changes are durable when
 * store_commit has returned. Other processes can read the file meanwhile. */
#ifndef STORE_H
#define STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct store;
struct statement;

enum store_mode {
    STORE_WRITE,    /* creates a missing file */
    STORE_READ_ONLY /* writes nothing to disk; a missing file counts as an empty one */
};

/* Why a function failed, for callers that act on the cause. */
enum store_fault {
    STORE_OTHER,
    STORE_VALUE_REFUSED, /* a constraint or trigger of the table refuses the value */
    STORE_LOCKED,        /* another program has locked the file for too long */
    STORE_FULL,
    STORE_NOT_WRITABLE,  /* the disk or file is read-only, or the directory belongs to another user */
    STORE_DAMAGED
};

/* store_open: opens the file; path is copied. title says what the file is, for errors ("the ledger"), and is borrowed.
 * A user who may only read the file sees its last complete state. After an error *ret_store is NULL, or a store for
 * store_is_damaged. Ownership: the caller calls store_close. Errors: EX_IOERR, EX_NOPERM. */
int store_open(const char *title, const char *path, enum store_mode mode, struct store **ret_store,
               struct err *err) MUST_CHECK;

/* store_open_temporary: opens an empty store for data that need not outlive the process. What does not fit in a small
 * part of the memory is in a file of SQLite's directory for such files, which nobody else can open, and which vanishes
 * with the process. Ownership and errors: as store_open. */
int store_open_temporary(const char *title, struct store **ret_store, struct err *err) MUST_CHECK;

/* store_close: closes and frees the store. Uncommitted changes are lost. NULL is allowed. */
void store_close(struct store *store);

/* store_is_damaged: whether a function has found the file damaged. NULL: false. */
bool store_is_damaged(const struct store *store);

const char *store_path(const struct store *store);

/* store_fault, store_reason: the cause of this store's last failure, as a class and in SQLite's words. Borrowed until
 * the next step. */
enum store_fault store_fault(const struct store *store);
const char *store_reason(const struct store *store);

/* store_wait_for_locks: sets how long a function waits for another program's lock; the default is 5 s. */
void store_wait_for_locks(struct store *store, int most_ms);

/* store_start_journal: switches to a WAL, so that commits survive a power cut. Errors: EX_IOERR. */
int store_start_journal(struct store *store, struct err *err) MUST_CHECK;

/* store_delete_journal: deletes the WAL of a closed file, for a caller that gives the file up. A missing one is no
 * error. Errors: EX_IOERR. */
int store_delete_journal(const char *path, struct err *err) MUST_CHECK;

/* store_use_copy: copies the file into memory and uses the copy from now on. Changes of the copy never reach the disk.
 * Errors: EX_IOERR. */
int store_use_copy(struct store *store, struct err *err) MUST_CHECK;

/* store_forbid_changes: from now on each change is an error. Errors: EX_IOERR. */
int store_forbid_changes(struct store *store, struct err *err) MUST_CHECK;

/* store_ignore_changes: from now on store_change returns 0 and changes nothing. */
void store_ignore_changes(struct store *store);

/* All functions below that can fail return -1 and EX_IOERR. */

/* store_execute: runs SQL statements that return no rows. It begins no transaction. */
int store_execute(struct store *store, const char *sql, struct err *err) MUST_CHECK;

/* store_execute_first: runs the first statement of sql, without its rows. *ret_rest: the text behind the statement. */
int store_execute_first(struct store *store, const char *sql, const char **ret_rest, struct err *err) MUST_CHECK;

/* store_number: runs a query with one row and returns its first column. */
int store_number(struct store *store, const char *sql, int64_t *ret_number, struct err *err) MUST_CHECK;

/* store_prepare: prepares sql, or returns the statement that an earlier call prepared. sql must be a constant: its
 * address identifies the statement. NULL after an error; store_next and store_change then report the error, so callers
 * need not check. */
struct statement *store_prepare(struct store *store, const char *sql);

/* store_compile: prepares sql that was made for one use. NULL after an error, as store_prepare. Ownership:
 * store_discard, before store_close; NULL is allowed. */
struct statement *store_compile(struct store *store, const char *sql);
void store_discard(struct statement *statement);

/* store_bind_int, store_bind_text: set a parameter, counted from 1. A parameter that is not set is SQL NULL, as is a
 * NULL text. Text is borrowed until the statement has run. */
void store_bind_int(struct statement *statement, int index, int64_t number);
void store_bind_text(struct statement *statement, int index, const char *text);

/* store_next: goes to the next row. Returns 1, or 0 after the last row. Call store_reset if you stop before that. */
int store_next(struct store *store, struct statement *statement, struct err *err) MUST_CHECK;
void store_reset(struct statement *statement);

/* store_int, store_text, store_is_null: read a column of the row, counted from 0. Text is borrowed until the next
 * store_next; NULL for SQL NULL. */
int64_t store_int(struct statement *statement, int column);
const char *store_text(struct statement *statement, int column);
bool store_is_null(struct statement *statement, int column);

/* store_change: runs a statement that changes the file. Begins a transaction if none is open. Durable: with the next
 * store_commit. */
int store_change(struct store *store, struct statement *statement, struct err *err) MUST_CHECK;

/* store_changed: the number of rows that the last change touched. store_last_id: the id of the row that it inserted. */
int64_t store_changed(const struct store *store);
int64_t store_last_id(const struct store *store);

/* store_begin: begins a transaction if none is open. Thousands of lookups in one transaction take the locks only
 * once. */
int store_begin(struct store *store, struct err *err) MUST_CHECK;

/* store_commit: makes all changes since the last commit durable. Without changes it does nothing. */
int store_commit(struct store *store, struct err *err) MUST_CHECK;

/* store_roll_back: undoes all changes since the last commit. Without a transaction it does nothing. */
void store_roll_back(struct store *store);

/* store_copy_rows: runs query on the file at path, which may be damaged, and runs insert with the columns of each row.
 * Stops at the first row that cannot be read or written. */
void store_copy_rows(struct store *store, const char *path, const char *query, const char *insert);

#endif
