/* leader_holder: the process that keeps the leader's lock between two runs.
 *
 * A run lasts a moment each minute, and between two runs no process would have the lock. So the first run of a leader
 * starts a small process, the holder. The holder keeps one connection with the lock. It keeps nothing else open: no
 * log, no state, no lock file, no directory.
 *
 * The holder ends with its lease, a file that each run renews (leader_holder_renew). The lease ends if cron has
 * stopped, if the runs fail, or if another version is installed. The holder also ends on SIGTERM and when another host
 * has the lock. If its connection breaks, it connects again within LOOK_SEC seconds and takes the lock again. */
#ifndef LEADER_HOLDER_H
#define LEADER_HOLDER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "source/source.h"

struct leader_holder {
    const char *state_dir; /* all are borrowed */
    const struct source_ops *kind; /* the type of source that the holder opens */
    const struct source_settings *settings;
    const char *lock; /* the lock's name */
};

/* leader_holder_start: starts the holder and waits until it has the lock. *ret_held is false if another connection has
 * the lock. A lease must exist. Errors: those of source_open; EX_UNAVAILABLE, EX_IOERR. */
int leader_holder_start(const struct leader_holder *holder, bool *ret_held, struct err *err) MUST_CHECK;

/* leader_holder_write_lease: writes a lease for that many seconds from now. Every call that ended up to settled is
 * settled (epoch by the database's clock; 0: unknown). Durable: on return. Errors: EX_IOERR. */
int leader_holder_write_lease(const char *state_dir, int64_t seconds, int64_t settled, struct err *err) MUST_CHECK;

/* leader_holder_renew: starts the lease's time again. Without a lease it does nothing. */
void leader_holder_renew(const char *state_dir);

/* leader_holder_end: deletes the lease, so that this host's holder ends within seconds. */
void leader_holder_end(const char *state_dir);

/* leader_holder_owns: whether the connection with that number belongs to this host's holder. server_started (epoch)
 * tells one server's life from the next: a restarted server uses the same numbers again. */
bool leader_holder_owns(const char *state_dir, int64_t number, int64_t server_started);

#endif
