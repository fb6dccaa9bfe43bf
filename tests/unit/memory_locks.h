/* memory_locks: a simulated server with named locks, in memory that several processes share. Each connection to it is a
 * source. For tests of hosts that choose a leader by locks. */
#ifndef MEMORY_LOCKS_H
#define MEMORY_LOCKS_H

#include "source/source.h"

#define MEMORY_LOCKS_MOST 200 /* the most connections in one test */

struct memory_locks {
    int64_t now, started; /* the server's clock, and the time of the server's start */
    int64_t servers;      /* see struct locks_look */
    bool fails;           /* the server is out of reach */
    bool one_each;        /* a connection can hold only one lock at a time */
    int64_t connections;  /* the number of connections so far; their ids begin with 1 */
    bool is_cut[MEMORY_LOCKS_MOST + 1]; /* by id: the connection broke; its next statement reconnects */
    bool refuses;         /* the server grants no lock */
    size_t statements;
    bool was_asked_for_servers; /* a client has read the table of servers */
    int longest_wait;     /* the longest time in seconds that a client was ready to wait for a lock */
    size_t dies_at;       /* the process that sends statement number dies_at is killed; 0: none */
    size_t fails_at;      /* statement number fails_at fails, counted from 1; 0: none */
    struct {
        char name[LOCKS_NAME_SIZE + 8];
        int64_t holder; /* the id of a connection; 0: the lock is free */
    } locks[32];
};

/* The server of a test. memory_locks_start makes a new one; after that it is never NULL. */
extern struct memory_locks *memory_locks;
void memory_locks_start(void);
void memory_locks_stop(void);

/* memory_locks_kind: a type of source that connects to the server. memory_locks_connect: makes a connection.
 * Ownership: source_close. */
extern const struct source_ops memory_locks_kind;
struct source memory_locks_connect(void);

/* memory_locks_holder: the connection that holds a lock; 0: none. memory_locks_give: gives a lock to a connection.
 * memory_locks_end: the server ends a connection, and frees its locks. */
int64_t memory_locks_holder(const char *name);
void memory_locks_give(const char *name, int64_t connection);
void memory_locks_end(int64_t connection);

#endif
