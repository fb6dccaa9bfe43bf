/* memory_locks: a server in memory with named locks, and any number of connections to it, each of them a source: for
 * tests of hosts that agree by locks. Several processes share it. */
#ifndef MEMORY_LOCKS_H
#define MEMORY_LOCKS_H

#include "source/source.h"

#define MEMORY_LOCKS_MOST 200 /* connections, one after the other */

struct memory_locks {
    int64_t now, started; /* its clock, and since when it numbers its connections */
    int64_t servers;      /* as struct locks_look has it */
    bool fails;           /* it is out of reach */
    bool one_each;        /* a connection has one lock at a time */
    int64_t connections;  /* how many there have been: they are numbered from 1 */
    bool is_cut[MEMORY_LOCKS_MOST + 1]; /* the client has lost that one, and connects anew with the next statement */
    bool refuses;         /* grants no lock */
    size_t statements;
    bool was_asked_for_servers; /* which is a second table to read */
    int longest_wait;     /* seconds that anybody would have waited for a lock */
    size_t fails_at;      /* this statement fails, of those from 1 on; 0: none does */
    struct {
        char name[LOCKS_NAME_SIZE + 8];
        int64_t holder; /* 0: nobody */
    } locks[32];
};

/* The one server of a test; memory_locks_start makes it anew. Never NULL afterwards. */
extern struct memory_locks *memory_locks;
void memory_locks_start(void);
void memory_locks_stop(void);

/* memory_locks_kind: what connects to it. memory_locks_connect: a new connection; ownership: source_close. */
extern const struct source_ops memory_locks_kind;
struct source memory_locks_connect(void);

/* memory_locks_holder: the connection that has that lock; 0: nobody. memory_locks_give: it has the lock from now on.
 * memory_locks_end: the server has found out that a connection is gone: it has no lock any more. */
int64_t memory_locks_holder(const char *name);
void memory_locks_give(const char *name, int64_t connection);
void memory_locks_end(int64_t connection);

#endif
