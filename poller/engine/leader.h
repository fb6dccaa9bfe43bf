/* leader: chooses the one host that sends the calls, of all hosts that share a dialer's database.
 *
 * Hosts communicate only by named locks of the database server (locks): this program never writes to its tables. The
 * protocol, for each profile:
 *
 *  1. There is a leader only if VICIdial knows several servers ("a cluster"). Otherwise each run has the lock while it
 *     works, so that two hosts do not send at the same time.
 *  2. The leader has the lock all the time, not only during its runs: its holder process keeps the lock
 *     (leader_holder). The holder writes its connection's number to a file. By that number a run recognizes its own
 *     host's lock.
 *  3. The holder lives as long as runs renew its lease. A run renews the lease when it starts, before it connects to
 *     the database. So a database outage does not end the lease, and the holder takes the lock again within seconds
 *     after the outage. A run that cannot read its settings or write its state does not renew the lease: another host
 *     takes over.
 *  4. The server frees a lock when the connection ends. The server ends a connection that is idle for
 *     SESSION_IDLE_SEC.
 *  5. A host that was the leader in the last takeover_after seconds takes a free lock at once: no other host can have
 *     taken over since then. Another host takes the lock after its runs have found it free for takeover_after seconds
 *     without a gap. A new installation waits too: it cannot know whether there was a leader. succession.c has the
 *     rule.
 *  6. Long work (backfill, reconcile) never takes over. It works only on the leader.
 *  7. After each run the leader announces the age of its oldest open call by a second lock: "every call that ended more
 *     than N seconds ago is settled", N = 16 minutes, 32, 64 and so on. A standby host moves its checkpoint to that
 *     time. When the standby takes over, it starts before every call that the former leader still had to send, so no
 *     call is lost. It repeats only calls that the API may know already. If the leader announces nothing (an old
 *     server, or its first run), the standby's checkpoint stays where it is, but at most retention_days back.
 *
 * Two hosts send at the same time only if a leader works for takeover_after seconds without the database. Then both
 * send the same calls with the same idempotency keys. */
#ifndef LEADER_H
#define LEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "domain/settings.h"
#include "ledger/ledger.h"
#include "source/source.h"

enum leader_role {
    LEADER_UNKNOWN, /* the lock was not read yet */
    LEADER_THIS,    /* this host is the leader */
    LEADER_OTHER,   /* another host is the leader */
    LEADER_NOBODY   /* no host is the leader; one will take over */
};

struct leader {
    const char *state_dir; /* the first members are borrowed and set by the caller */
    const struct settings_sync *sync;
    const struct source *source; /* open */
    struct source_settings opened_with; /* the settings of source: the holder opens a connection of its own */
    int64_t period;        /* seconds from one run to the next */
    char lock[LOCKS_NAME_SIZE];
    enum leader_role role; /* this and the next members are set when the lock is read */
    int64_t looked;        /* epoch by the database's clock: when the lock was last read */
    bool is_cluster;
    bool holds;            /* this session has the lock, see rule 1 */
    bool took_over;        /* this host has just become the leader, after another host or after none */
    int64_t settled;       /* LEADER_OTHER: that host has settled every call up to this epoch; 0: unknown */
    int64_t due;           /* LEADER_NOBODY: epoch at which this host takes over */
};

/* leader_set_profile: sets the name of the lock. profile NULL: the default profile. source must be open. Call it
 * first. */
void leader_set_profile(struct leader *leader, const char *profile);

/* leader_elect: finds the leader, or becomes the leader if it may. Each run calls it first, and again after it has
 * rebuilt the ledger. Its notes in the ledger are durable on return on a standby, else with the next ledger_commit.
 * Errors: EX_UNAVAILABLE, EX_IOERR. */
int leader_elect(struct leader *leader, struct ledger *ledger, struct err *err) MUST_CHECK;

/* leader_confirm: checks that this host may do long work; never takes over. Errors: EX_UNAVAILABLE (another host is the
 * leader, or there is no leader); those of the ledger. */
int leader_confirm(struct leader *leader, struct ledger *ledger, struct err *err) MUST_CHECK;

/* leader_report_settled: lets the holder announce the time up to which every call is settled. The leader calls it after
 * a run.
 * is_done: the run finished, so it found every call that had ended when it began. Errors: EX_IOERR. */
int leader_report_settled(const struct leader *leader, struct ledger *ledger, bool is_done, struct err *err) MUST_CHECK;

/* leader_renew: renews the holder's lease. A run calls it when it has started and can write its state. */
void leader_renew(const char *state_dir);

/* leader_leave: releases the database lock that this session has, if any. Call it before the lock file is released. */
void leader_leave(struct leader *leader);

/* leader_check: tests the server's locks, and writes to said which host is the leader. Errors: those of the source;
 * EX_UNAVAILABLE (the server grants no lock). */
int leader_check(struct leader *leader, char *said, size_t size, struct err *err) MUST_CHECK;

#endif
