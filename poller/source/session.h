/* session: one read-only session with a MariaDB or MySQL server; the only file that knows libmariadb.
 *
 * Nothing is inherited from the server that changes what we read or how long we block: every session variable on which
 * a read depends is set. time_zone is the exception: the server's writers live in it, so it stays as it is. */
#ifndef SESSION_H
#define SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "domain/settings.h"
#include "source/source.h"

/* The server closes a session that is idle for longer; the next statement reconnects. While calls are sent, a session
 * is idle, and some servers have a wait_timeout of 3 s. A host that loses power does not close its session, and its
 * locks stay until then; the server's default of 8 hours is too long for that. */
#define SESSION_IDLE_SEC 120

struct session;
struct session_result;

/* The name of the database in errors, and remedies for the operator. */
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

/* session_query: makes the pause that is due (throttle.h), runs sql and reads its whole result into memory; *ret_result
 * is NULL on failure and for a statement without a result. If the server has closed the connection between two
 * statements, it reconnects once per statement. action completes "could not ..." in an error. Ownership: session_free.
 * Errors: EX_UNAVAILABLE (connection lost, statement too slow, table locked or damaged), EX_CONFIG (no right, no such
 * table or database). */
int session_query(struct session *session, const char *sql, const char *action, struct session_result **ret_result,
                  struct err *err) MUST_CHECK;

/* session_numbers: runs sql and reads one row of count whole numbers. Errors: those of session_query;
 * EX_UNAVAILABLE if the row is missing or a number is NULL. */
int session_numbers(struct session *session, const char *sql, const char *action, int64_t *ret_numbers,
                    unsigned count, struct err *err) MUST_CHECK;

/* session_now: the server's clock, in epoch seconds. Asks the server at most every 10 s, and adds the time since; so
 * the result is never ahead of the server, and at most a second behind. session_now_and_offset always asks, also for
 * the seconds by which the server's local time is ahead of UTC. Errors: EX_UNAVAILABLE. */
int session_now(struct session *session, int64_t *ret_epoch, struct err *err) MUST_CHECK;
int session_now_and_offset(struct session *session, int64_t *ret_epoch, int64_t *ret_offset,
                           struct err *err) MUST_CHECK;

/* Why the last statement failed, in the classes that callers distinguish. */
enum session_failure {
    SESSION_FINE,
    SESSION_NO_TABLE,
    SESSION_TABLE_UNUSABLE, /* only this table: refused, damaged, locked or too slow */
    SESSION_NO_INDEX,       /* a statement forces an index that the table lacks */
    SESSION_NOT_COMPARABLE, /* a text of the statement has letters that the column's character set lacks */
    SESSION_OTHER
};
enum session_failure session_failure(const struct session *session);

/* session_is_lost: whether the last statement failed because the server is gone, and not because of the statement. */
bool session_is_lost(const struct session *session);

/* session_was_busy: whether the last statement failed because its table was locked or too slow. */
bool session_was_busy(const struct session *session);

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
    int64_t max_server_time; /* see struct settings_database */
};
struct session_facts session_facts(const struct session *session);

/* session_set_only_waits: while it is set, statements wait for a named lock and keep the server's tables free: their
 * time does not count. */
void session_set_only_waits(struct session *session, bool only_waits);

/* session_may_read: see source_may_read; by max_server_time. session_effort: see source_effort. */
bool session_may_read(const struct session *session);
struct source_effort session_effort(struct session *session);

/* session_uptime: the seconds since the server's start, by its own clock; the number wraps if that clock was set back.
 * False if the server does not report it, or the connection is closed. */
bool session_uptime(struct session *session, uint64_t *ret_seconds);

/* session_close: closes session, which may be NULL. */
void session_close(struct session *session);

#endif
