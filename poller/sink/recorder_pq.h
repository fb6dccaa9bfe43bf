/* recorder_pq: a connection to PostgreSQL (libpq). While it waits it takes turns with the engine. For recorder's files
 * only. */
#ifndef RECORDER_PQ_H
#define RECORDER_PQ_H

#include <stdbool.h>
#include <stdint.h>

#include "domain/params.h"
#include "sink/sink.h"

struct recorder_pq;

/* recorder_pq_new: reads url, password and timeout of params, and connects to nothing. No error quotes url, which may
 * hold a password. Ownership: recorder_pq_free. Errors: EX_CONFIG. */
int recorder_pq_new(const struct params *params, struct recorder_pq **ret_pq, struct err *err) MUST_CHECK;
void recorder_pq_free(struct recorder_pq *pq);

/* Below, observer's on_turn is called while the server is waited for; NULL: nobody's. What fails returns -1 and why in
 * *ret_failure, as recorder_store.h says. A connection that is lost is closed. */

/* recorder_pq_connect: connects, where there is no connection. */
int recorder_pq_connect(struct recorder_pq *pq, const struct sink_observer *observer, struct outcome *ret_failure);
bool recorder_pq_is_connected(const struct recorder_pq *pq);
void recorder_pq_disconnect(struct recorder_pq *pq);

/* recorder_pq_run: runs statements, with a ; between them, that take no value. Rows and words below are those of the
 * last one; after the first that fails, no further one is run. */
int recorder_pq_run(struct recorder_pq *pq, const char *sql, const struct sink_observer *observer,
                    struct outcome *ret_failure);

/* recorder_pq_ask: runs one statement with one value, $1. */
int recorder_pq_ask(struct recorder_pq *pq, const char *sql, const char *value, const struct sink_observer *observer,
                    struct outcome *ret_failure);

/* What the last statement gave. recorder_pq_text: borrowed until the next statement; "" for NULL. recorder_pq_word:
 * what the server calls what it has done ("COMMIT"). recorder_pq_sqlstate: why it failed; "": it did not, or the
 * server did not say. */
int recorder_pq_rows(const struct recorder_pq *pq);
const char *recorder_pq_text(const struct recorder_pq *pq, int row, int column);
const char *recorder_pq_word(const struct recorder_pq *pq);
const char *recorder_pq_sqlstate(const struct recorder_pq *pq);

/* What is known of a connection. */
struct recorder_pq_facts {
    char host[256], server[32], user[64];
    char tls[32];     /* the protocol; "": not encrypted */
    bool is_verified; /* the server has proved its name */
    bool is_local;    /* nobody stands between */
    bool used_password;
};
struct recorder_pq_facts recorder_pq_facts(const struct recorder_pq *pq);

/* recorder_pq_timeout: the seconds that a statement may take. */
int64_t recorder_pq_timeout(const struct recorder_pq *pq);

#endif
