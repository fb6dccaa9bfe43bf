/* session: one read-only session with a MariaDB or MySQL server; the only file that knows libmariadb.
 *
 * Nothing is inherited from the server that changes what we read or how long we block: every session variable on which a
 * read depends is set. time_zone is the exception: the server's writers live in it, so it stays as it is. */
#ifndef SESSION_H
#define SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "domain/settings.h"

struct session;
struct session_result;

/* What errors call the database of a kind of source, and where its operator looks. */
struct session_words {
    const char *database;    /* "VICIdial database" */
    const char *credentials; /* where user, password and database are set */
    const char *name;        /* where the database is named */
    const char *server;      /* where the server is named: "... in astguiclient.conf" */
    const char *no_table;    /* what to do where a table is missing */
    const char *damaged;     /* what to do about a damaged table */
};

/* session_open: connects and prepares the session. settings and words are borrowed for the life of the session.
 * Ownership: session_close. Errors: EX_UNAVAILABLE (no server), EX_CONFIG (user, password, database or plain connection
 * refused), with the remedy. */
int session_open(const struct settings_database *settings, const struct session_words *words,
                 struct session **ret_session, struct err *err) MUST_CHECK;

/* session_on_reconnect: calls on_reconnect after each new connection, as named locks ended with the old one. The
 * statement that found the old connection closed is repeated afterwards; if on_reconnect returns -1, it fails with
 * *err. NULL: no callback. */
void session_on_reconnect(struct session *session, int (*on_reconnect)(void *context, struct err *err), void *context);

/* session_query: runs sql and reads its whole result into memory; *ret_result is NULL on failure and for a statement
 * without a result. If the server has closed the connection between two statements, it reconnects once per statement.
 * action completes "could not ..." in an error. Ownership: session_free. Errors: EX_UNAVAILABLE (connection lost,
 * statement too slow, table locked or damaged), EX_CONFIG (no right, no such table or database). */
int session_query(struct session *session, const char *sql, const char *action, struct session_result **ret_result,
                  struct err *err) MUST_CHECK;

/* session_numbers: runs sql, whose result is one row of count whole numbers. Errors: those of session_query;
 * EX_UNAVAILABLE if the row is missing or a number is NULL. */
int session_numbers(struct session *session, const char *sql, const char *action, int64_t *ret_numbers,
                    unsigned count, struct err *err) MUST_CHECK;

/* Why the last statement failed, in the classes that callers distinguish. */
enum session_failure {
    SESSION_FINE,
    SESSION_NO_TABLE,
    SESSION_TABLE_UNUSABLE, /* only this table: refused, damaged, locked or too slow */
    SESSION_NOT_COMPARABLE, /* a text of the statement has letters that the column's character set lacks */
    SESSION_OTHER
};
enum session_failure session_failure(const struct session *session);

/* session_next: the next row, its columns in order, NULL for a NULL; NULL after the last one. Borrowed from result. */
const char *const *session_next(struct session_result *result);

/* session_rows: the number of rows of the result. */
uint64_t session_rows(const struct session_result *result);

/* session_is_cut: whether the server stopped at LIMIT ROWS EXAMINED, so that the result is incomplete. */
bool session_is_cut(const struct session_result *result);

/* session_free: frees result, which may be NULL. */
void session_free(struct session_result *result);

/* session_quote_all: the literals 'a','b',... for IN (...). Ownership: the caller frees it. */
char *session_quote_all(struct session *session, const char *const *texts, size_t count);

/* Facts about the server and this session. Ownership: the texts are borrowed from the session. */
struct session_facts {
    const char *server;  /* version */
    bool is_mariadb;
    const char *missing; /* the protections that this server lacks, for messages; "": none */
    int64_t reconnects;  /* new connections so far */
    int64_t statements;  /* statements so far ... */
    double took_ms;      /* ... and their time, with the network */
};
struct session_facts session_facts(const struct session *session);

/* session_uptime: the seconds since the server's start, by its own clock; the number wraps if that clock was set back.
 * False if the server does not report it, or the connection is closed. */
bool session_uptime(struct session *session, uint64_t *ret_seconds);

/* session_close: closes session, which may be NULL. */
void session_close(struct session *session);

#endif
