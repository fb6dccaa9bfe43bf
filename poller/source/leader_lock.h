/* leader_lock: the database server's named locks (GET_LOCK), with which hosts that share a database agree on a leader.
 *
 * They need no right and write nothing. A lock belongs to one connection and ends with it. */
#ifndef LEADER_LOCK_H
#define LEADER_LOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "source/session.h"

/* The server ends a connection with a lock that is silent for this many seconds: a host without power does not say
 * goodbye, and the server's own wait_timeout is 8 hours. */
#define LEADER_LOCK_IDLE_SEC 120

#define LEADER_LOCK_NAME_SIZE 48

/* leader_lock_name: the name of the lock of one profile (NULL: the default one) on that database. */
void leader_lock_name(const char *database, const char *profile, char out[LEADER_LOCK_NAME_SIZE]);

/* What a look tells. */
struct leader_lock {
    int64_t now;     /* the database's clock */
    int64_t holder;  /* the number of the connection that has the lock; 0: nobody */
    int64_t own;     /* the number of this session's connection */
    int64_t servers; /* how many servers VICIdial knows of; 0: it does not say */
};

/* leader_lock_look: one statement; count_servers asks for servers too. Errors: those of session_query. */
int leader_lock_look(struct session *session, const char *name, bool count_servers, struct leader_lock *ret_look,
                     struct err *err) MUST_CHECK;

/* leader_lock_started: since when the server numbers its connections, an epoch; may be a second off. */
int64_t leader_lock_started(struct session *session, int64_t now);

/* leader_lock_take: takes the lock for this session; *ret_taken is false where another connection has it still after
 * wait_sec seconds. Errors: those of session_query. */
int leader_lock_take(struct session *session, const char *name, int wait_sec, bool *ret_taken, struct err *err)
    MUST_CHECK;

/* leader_lock_give_up: gone on return, where the server can be reached; else it ends with the connection. */
void leader_lock_give_up(struct session *session, const char *name);

/* leader_lock_is_many: *ret_many: a session may hold several locks (MariaDB 10.0.2, MySQL 5.7.5 and later); on an older
 * server the second one ends the first. To be asked before a lock is held. */
int leader_lock_is_many(struct session *session, const char *name, bool *ret_many, struct err *err) MUST_CHECK;

/* How old the calls are that the leader still has open is told by a further lock, one of so many levels: "every call
 * that ended more than leader_lock_age(level) seconds ago is settled". */
#define LEADER_LOCK_LEVELS 14
int64_t leader_lock_age(int level);

/* leader_lock_level: the lowest level whose age is at least that; -1: none is. */
int leader_lock_level(int64_t age);

/* leader_lock_say: the connection that leads tells the level, and then takes back the one that it told before; -1:
 * none. Errors: those of session_query, and EX_UNAVAILABLE: another connection has that level's lock. */
int leader_lock_say(struct session *session, const char *name, int before, int level, struct err *err) MUST_CHECK;

/* leader_lock_ask: the highest level that the connection holder tells; -1: it tells none. */
int leader_lock_ask(struct session *session, const char *name, int64_t holder, int *ret_level, struct err *err)
    MUST_CHECK;

#endif
