/* leader_holder: the process that keeps the leader's lock between two runs.
 *
 * A run lasts a moment each minute; whoever looks in between would find no leader. So the first run of a leader leaves
 * this small process behind. It keeps one connection with the lock, and nothing else: no log, no state, no lock file, no
 * directory.
 *
 * It ends with the lease, a file that each run renews (leader_holder_renew): cron stopped, the runs fail, or another
 * installation has come. It ends on SIGTERM, when another host has the lock, and when the host ends. A connection that
 * breaks is opened again within LOOK_SEC seconds, and the lock is taken again. */
#ifndef LEADER_HOLDER_H
#define LEADER_HOLDER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "source/source.h"

struct leader_holder {
    const char *state_dir; /* all borrowed */
    const struct source_ops *kind; /* of the source, which it opens for itself */
    const struct source_settings *settings;
    const char *lock; /* its name */
};

/* leader_holder_start: starts the process and waits until it has the lock; *ret_held is false where another connection
 * has the lock. A lease must be there. Errors: those of source_open; EX_UNAVAILABLE, EX_IOERR. */
int leader_holder_start(const struct leader_holder *holder, bool *ret_held, struct err *err) MUST_CHECK;

/* leader_holder_lease: writes the lease: for so many seconds from now on, and every call that ended up to settled
 * (epoch by the database's clock; 0: unknown) needs nothing more. Errors: EX_IOERR. */
int leader_holder_lease(const char *state_dir, int64_t seconds, int64_t settled, struct err *err) MUST_CHECK;

/* leader_holder_renew: the lease begins anew; nothing where there is none. */
void leader_holder_renew(const char *state_dir);

/* leader_holder_end: takes the lease away, so that a holder of this host ends within seconds. */
void leader_holder_end(const char *state_dir);

/* leader_holder_owns: whether connection number, of a server that started at that epoch, is the one of this host's
 * holder. Numbers begin anew when a server starts, so another host's connection may have the same one. */
bool leader_holder_owns(const char *state_dir, int64_t number, int64_t server_started);

#endif
