/* recorder_pq: a connection to PostgreSQL (libpq). While it waits, it calls the engine's on_turn. For recorder's files
 * only. */
#ifndef RECORDER_PQ_H
#define RECORDER_PQ_H

#include <stdbool.h>
#include <stdint.h>

#include "domain/params.h"
#include "sink/sink.h"

struct recorder_pq;

/* recorder_pq_new: reads url, password and timeout of params; does not connect. url may contain a password; no error
 * shows it. Ownership: recorder_pq_free. Errors: EX_CONFIG. */
int recorder_pq_new(const struct params *params, struct recorder_pq **ret_pq, struct err *err) MUST_CHECK;
void recorder_pq_free(struct recorder_pq *pq);

/* The functions below call the observer's on_turn while they wait for the server; NULL: no observer. They fail as
 * recorder_store.h says. A lost connection is closed. */

/* recorder_pq_connect: connects if there is no connection. */
int recorder_pq_connect(struct recorder_pq *pq, const struct sink_observer *observer, struct outcome *ret_failure);
bool recorder_pq_is_connected(const struct recorder_pq *pq);
void recorder_pq_disconnect(struct recorder_pq *pq);

/* recorder_pq_run: runs statements without parameters, separated by ;. Stops at the first failure. The functions below
 * read the result of the last statement. */
int recorder_pq_run(struct recorder_pq *pq, const char *sql, const struct sink_observer *observer,
                    struct outcome *ret_failure);

/* recorder_pq_ask: runs one statement with one parameter, $1. */
int recorder_pq_ask(struct recorder_pq *pq, const char *sql, const char *value, const struct sink_observer *observer,
                    struct outcome *ret_failure);

/* The result of the last statement. recorder_pq_text: a value; "" for NULL; borrowed until the next statement.
 * recorder_pq_word: the server's word for the command ("COMMIT"). recorder_pq_sqlstate: the error; "": no error, or the
 * server did not name one. */
int recorder_pq_rows(const struct recorder_pq *pq);
const char *recorder_pq_text(const struct recorder_pq *pq, int row, int column);
const char *recorder_pq_word(const struct recorder_pq *pq);
const char *recorder_pq_sqlstate(const struct recorder_pq *pq);

/* recorder_pq_position: the character of the statements where the error is, from 1; 0: the server does not say it. */
size_t recorder_pq_position(const struct recorder_pq *pq);

/* Facts about the connection. */
struct recorder_pq_facts {
    char host[256], server[32], user[64];
    char tls[32];     /* the protocol; "": not encrypted */
    bool is_verified; /* the server has proved its name */
    bool is_local;    /* the server is on this host */
    bool used_password;
};
struct recorder_pq_facts recorder_pq_facts(const struct recorder_pq *pq);

/* recorder_pq_timeout: how many seconds a statement may take. */
int64_t recorder_pq_timeout(const struct recorder_pq *pq);

#endif
