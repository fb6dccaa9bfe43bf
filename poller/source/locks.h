/* locks: named locks of a source's server, by which hosts that read the same calls elect a leader.
 *
 * The locks need no right and write nothing. A lock belongs to one connection and ends with it. If the server has no
 * such locks, source_ops.locks is NULL: the hosts cannot elect a leader, and each host sends all calls. */
#ifndef LOCKS_H
#define LOCKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct source;

#define LOCKS_NAME_SIZE 48

/* The result of locks_look. */
struct locks_look {
    int64_t now;     /* the server's clock, in epoch seconds */
    int64_t holder;  /* the id of the connection that has the lock; 0: none */
    int64_t own;     /* the id of this source's connection */
    int64_t servers; /* the number of hosts that the source knows; 0: unknown */
};

/* The leader publishes the age of its oldest open call by a second lock, NAME.LEVEL, which means: "every call that
 * ended more than locks_age(level) seconds ago is settled". This is the number of levels. */
#define LOCKS_LEVELS 14

/* The functions of one type of source; state is the source's. Each has the contract of the function locks_ + its
 * name. */
struct locks_ops {
    void (*name)(const void *state, const char *profile, char out[LOCKS_NAME_SIZE]);
    int (*look)(void *state, const char *name, bool count_servers, struct locks_look *ret_look, struct err *err);
    int (*take_if_alone)(void *state, const char *name, bool alone_if_unknown, struct locks_look *ret_look,
                         bool *ret_taken, struct err *err);
    int (*started)(void *state, int64_t *ret_started, struct err *err);
    int (*take)(void *state, const char *name, int wait_sec, bool *ret_taken, struct err *err);
    void (*give_up)(void *state, const char *name);
    int (*are_many)(void *state, const char *name, bool *ret_many, struct err *err);
    int (*ask)(void *state, const char *name, int64_t holder, int *ret_level, struct err *err);
    void (*on_reconnect)(void *state, int (*on_reconnect)(void *context, struct err *err), void *context);
};

/* locks_exist: whether the source's server has locks. If not, call no other function of this file. */
bool locks_exist(const struct source *source);

/* locks_name: writes the name of the lock for the source's calls and this profile (NULL: the default profile) to
 * out. */
void locks_name(const struct source *source, const char *profile, char out[LOCKS_NAME_SIZE]);

/* locks_look: reads who has the lock, in one statement; with count_servers also the number of hosts. Errors:
 * EX_UNAVAILABLE. */
int locks_look(const struct source *source, const char *name, bool count_servers, struct locks_look *ret_look,
               struct err *err) MUST_CHECK;

/* locks_take_if_alone: reads who has the lock, and the number of hosts. Takes the lock in the same statement if nobody
 * has it and the source knows one host only; then holder is still 0. alone_if_unknown: also if that number is unknown.
 * Errors: EX_UNAVAILABLE. */
int locks_take_if_alone(const struct source *source, const char *name, bool alone_if_unknown,
                        struct locks_look *ret_look, bool *ret_taken, struct err *err) MUST_CHECK;

/* locks_started: the epoch of the server's start, give or take a second: connection ids start again then. Errors:
 * EX_UNAVAILABLE. */
int locks_started(const struct source *source, int64_t *ret_started, struct err *err) MUST_CHECK;

/* locks_take: takes the lock for this connection; *ret_taken is false if another connection still has it after wait_sec
 * seconds. Errors: EX_UNAVAILABLE. */
int locks_take(const struct source *source, const char *name, int wait_sec, bool *ret_taken,
               struct err *err) MUST_CHECK;

/* locks_give_up: releases the lock. If the server is unreachable, the lock ends with the connection. */
void locks_give_up(const struct source *source, const char *name);

/* locks_are_many: sets *ret_many to whether a connection can have several locks; otherwise a second lock releases the
 * first. Call it before a lock is taken. Errors: EX_UNAVAILABLE. */
int locks_are_many(const struct source *source, const char *name, bool *ret_many, struct err *err) MUST_CHECK;

/* locks_on_reconnect: calls on_reconnect after each new connection, as the locks ended with the old one. The statement
 * that found the old connection closed is repeated afterwards; if on_reconnect returns -1, it fails with *err. NULL: no
 * callback. */
void locks_on_reconnect(const struct source *source, int (*on_reconnect)(void *context, struct err *err),
                        void *context);

/* locks_age: the age of a level in seconds, see LOCKS_LEVELS. locks_level: the lowest level of at least this age; -1:
 * none. */
int64_t locks_age(int level);
int locks_level(int64_t age);

/* locks_say: the leader publishes level and then withdraws the level before; -1: none. Errors: EX_UNAVAILABLE, also if
 * another connection has the lock of this level. */
int locks_say(const struct source *source, const char *name, int before, int level, struct err *err) MUST_CHECK;

/* locks_ask: the highest level that the connection holder publishes; -1: none. Errors: EX_UNAVAILABLE. */
int locks_ask(const struct source *source, const char *name, int64_t holder, int *ret_level,
              struct err *err) MUST_CHECK;

#endif
