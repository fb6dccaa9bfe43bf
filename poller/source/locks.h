/* locks: named locks of a source's server, with which hosts that read the same calls agree on a leader.
 *
 * They need no right and write nothing. A lock belongs to one connection and ends with it. A kind whose server has none
 * leaves the member out: then no two hosts can agree, and each sends for itself. */
#ifndef LOCKS_H
#define LOCKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct source;

/* The server ends a connection with a lock that is silent for this many seconds: a host without power does not say
 * goodbye, and the server's own wait_timeout is 8 hours. */
#define LOCKS_IDLE_SEC 120

#define LOCKS_NAME_SIZE 48

/* What a look tells. */
struct locks_look {
    int64_t now;     /* the server's clock */
    int64_t holder;  /* the number of the connection that has the lock; 0: nobody */
    int64_t own;     /* the number of this source's connection */
    int64_t servers; /* how many hosts the source knows of; 0: it does not say */
};

/* How old the calls are that the leader still has open is told by a further lock, one of so many levels, named
 * NAME.LEVEL: "every call that ended more than locks_age(level) seconds ago is settled". */
#define LOCKS_LEVELS 14

/* What a kind has of them; state is that of the source. See the functions of the same names. */
struct locks_ops {
    void (*name)(const void *state, const char *profile, char out[LOCKS_NAME_SIZE]);
    int (*look)(void *state, const char *name, bool count_servers, struct locks_look *ret_look, struct err *err);
    int (*started)(void *state, int64_t *ret_started, struct err *err);
    int (*take)(void *state, const char *name, int wait_sec, bool *ret_taken, struct err *err);
    void (*give_up)(void *state, const char *name);
    int (*are_many)(void *state, const char *name, bool *ret_many, struct err *err);
    int (*ask)(void *state, const char *name, int64_t holder, int *ret_level, struct err *err);
    void (*on_reconnect)(void *state, int (*on_reconnect)(void *context, struct err *err), void *context);
};

/* locks_exist: whether the source's server has locks; the other functions are for those that have. */
bool locks_exist(const struct source *source);

/* locks_name: the name of the lock of one profile (NULL: the default one) for these calls. */
void locks_name(const struct source *source, const char *profile, char out[LOCKS_NAME_SIZE]);

/* locks_look: one statement; count_servers asks for servers too. Errors: EX_UNAVAILABLE. */
int locks_look(const struct source *source, const char *name, bool count_servers, struct locks_look *ret_look,
               struct err *err) MUST_CHECK;

/* locks_started: since when the server numbers its connections, an epoch; may be a second off. Errors:
 * EX_UNAVAILABLE. */
int locks_started(const struct source *source, int64_t *ret_started, struct err *err) MUST_CHECK;

/* locks_take: takes the lock for this connection; *ret_taken is false where another one has it still after wait_sec
 * seconds. Errors: EX_UNAVAILABLE. */
int locks_take(const struct source *source, const char *name, int wait_sec, bool *ret_taken,
               struct err *err) MUST_CHECK;

/* locks_give_up: gone on return, where the server can be reached; else it ends with the connection. */
void locks_give_up(const struct source *source, const char *name);

/* locks_are_many: *ret_many: a connection may hold several locks; else the second one ends the first. To be asked
 * before a lock is held. */
int locks_are_many(const struct source *source, const char *name, bool *ret_many, struct err *err) MUST_CHECK;

/* locks_on_reconnect: has on_reconnect called after each new connection, before what found the old one gone is
 * repeated: locks are gone with it. -1 with *err from it fails that. NULL: nobody asks. */
void locks_on_reconnect(const struct source *source, int (*on_reconnect)(void *context, struct err *err),
                        void *context);

/* locks_age: see LOCKS_LEVELS. locks_level: the lowest level whose age is at least that; -1: none is. */
int64_t locks_age(int level);
int locks_level(int64_t age);

/* locks_say: the connection that leads tells the level, and then takes back the one that it told before; -1: none.
 * Errors: EX_UNAVAILABLE; also where another connection has that level's lock. */
int locks_say(const struct source *source, const char *name, int before, int level, struct err *err) MUST_CHECK;

/* locks_ask: the highest level that the connection holder tells; -1: it tells none. */
int locks_ask(const struct source *source, const char *name, int64_t holder, int *ret_level,
              struct err *err) MUST_CHECK;

#endif
