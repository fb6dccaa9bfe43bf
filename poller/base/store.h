/* store: a file of tables, over SQLite: the ledger is one.
 *
 * Looking up and changing happen in a transaction that begins with the first of them; nothing is durable before
 * store_commit. Others may look meanwhile. */
#ifndef STORE_H
#define STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct store;
struct statement;

enum store_mode {
    STORE_WRITE, /* made where it is missing */
    STORE_LOOK   /* changes nothing on disk; where there is no file, an empty one in memory is shown. Who may only read
                    the file sees it as of the last moment at which it was whole */
};

/* Why something failed, for who has to choose what to do about it. */
enum store_fault {
    STORE_OTHER,
    STORE_VALUE_REFUSED, /* a constraint or trigger of the table refuses this value */
    STORE_LOCKED,        /* another program has locked the file for too long */
    STORE_FULL,
    STORE_NOT_WRITABLE,  /* a disk or file that is read-only, or another user's directory */
    STORE_DAMAGED
};

/* store_open: path is copied; title says what the file is, for errors ("the ledger"), and is borrowed. On failure too
 * *ret_store is set where it can say whether the file is damaged. Ownership: store_close. Errors: EX_IOERR, EX_NOPERM. */
int store_open(const char *title, const char *path, enum store_mode mode, struct store **ret_store,
               struct err *err) MUST_CHECK;

/* store_close: drops what was not committed. NULL is fine. */
void store_close(struct store *store);

/* store_is_damaged: whether something that was read of the file cannot be right. NULL: it is not. */
bool store_is_damaged(const struct store *store);

const char *store_path(const struct store *store);

/* store_fault, store_reason: why the last failure of this store came, and in SQLite's words. Borrowed until the next
 * step. */
enum store_fault store_fault(const struct store *store);
const char *store_reason(const struct store *store);

/* store_wait_for_locks: from now on a lock of another program is waited for so long; 5 s at first. */
void store_wait_for_locks(struct store *store, int most_ms);

/* store_start_journal: from now on the journal is a WAL, and what is committed survives a power cut. */
int store_start_journal(struct store *store, struct err *err) MUST_CHECK;

/* store_use_copy: goes on with a copy in memory, which may be changed and is gone at the end. */
int store_use_copy(struct store *store, struct err *err) MUST_CHECK;

/* store_only_look: from now on nothing can be changed through this store. */
int store_only_look(struct store *store, struct err *err) MUST_CHECK;

/* store_drop_changes: from now on store_change says that all is well, and changes nothing. */
void store_drop_changes(struct store *store);

/* All functions below that can fail return -1 and EX_IOERR. */

/* store_execute: runs SQL text that gives no rows, outside of the transaction. */
int store_execute(struct store *store, const char *sql, struct err *err) MUST_CHECK;

/* store_number: the first column of the only row. */
int store_number(struct store *store, const char *sql, int64_t *ret_number, struct err *err) MUST_CHECK;

/* store_prepare: the statement of sql, a text that lives as long as the program, ready for values. What is wrong with
 * it shows when it is run: the result goes through store_next or store_change without a look. */
struct statement *store_prepare(struct store *store, const char *sql);

/* Values, counted from 1. Text is borrowed until the statement has run; NULL is SQL NULL, as is what is not set. */
void store_bind_int(struct statement *statement, int index, int64_t number);
void store_bind_text(struct statement *statement, int index, const char *text);

/* store_next: 1: the next row is there, 0: there is none any more. A statement that is left before its end needs
 * store_reset. */
int store_next(struct store *store, struct statement *statement, struct err *err) MUST_CHECK;
void store_reset(struct statement *statement);

/* Columns of the row, counted from 0. store_text: borrowed until the next step, NULL for SQL NULL. */
int64_t store_int(struct statement *statement, int column);
const char *store_text(struct statement *statement, int column);
bool store_is_null(struct statement *statement, int column);

/* store_change: runs a statement that changes something. */
int store_change(struct store *store, struct statement *statement, struct err *err) MUST_CHECK;

/* store_changed: how many rows the last change touched. store_last_id: the id of the row it made. */
int64_t store_changed(const struct store *store);
int64_t store_last_id(const struct store *store);

/* store_begin: opens the transaction, where none is open. Looking up thousands of rows in it costs the locks once. */
int store_begin(struct store *store, struct err *err) MUST_CHECK;

/* store_commit: makes all changes since the last one durable. Nothing to do is fine. */
int store_commit(struct store *store, struct err *err) MUST_CHECK;

/* store_roll_back: takes back all changes since the last commit. No transaction is fine. */
void store_roll_back(struct store *store);

/* store_copy_rows: runs query on the file at path, which may be damaged, and insert with each row's columns, until a
 * row cannot be read or written. */
void store_copy_rows(struct store *store, const char *path, const char *query, const char *insert);

#endif
