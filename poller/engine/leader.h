/* leader: of the hosts that share a dialer's database, one sends the calls.
 *
 * Hosts can see each other only by named locks of the database server (locks); the dialer's database is never
 * written. The protocol, for each profile:
 *
 *  1. Only where VICIdial knows of several servers ("a cluster") is there a leader. Elsewhere a run has the lock while
 *     it works, so that two hosts do not send at the same time, and nothing stays behind.
 *  2. The leader has the lock all the time, not only while it runs: its holder process keeps it (leader_holder). Runs
 *     know that the lock is theirs by the connection's number, which the holder notes.
 *  3. The holder lives as long as runs renew its lease. A run renews it as it starts, before it asks the database: an
 *     outage of the database does not end the lease, and the holder takes the lock again within seconds of its end. A
 *     run that cannot read its settings or write its state renews nothing, so another host gets its turn.
 *  4. The server frees a lock when the connection ends, and ends one that is silent for LOCKS_IDLE_SEC.
 *  5. A free lock is taken at once only by the host that led in the last takeover_after seconds: nobody else can have
 *     taken over since. Another host takes it when its runs found it free for takeover_after seconds without a gap. A
 *     fresh installation waits as well: it cannot know that nobody leads. succession.c has the rule.
 *  6. Long work (backfill, reconcile) takes nothing over. It goes on only on the leader.
 *  7. After each run the leader tells, by a further lock, how old its oldest open call is ("every call that ended more
 *     than N seconds ago is settled", N = 16 minutes and its doubles). A host that stands by keeps its checkpoint
 *     there. So it begins, when it takes over, before every call that the former leader still had to send, and after
 *     those that were settled: nothing is lost, and what is repeated is what the API may know already. Where the leader
 *     tells nothing (an old server, or its first run), the checkpoint of the other host stays where it is,
 *     retention_days back at most.
 *
 * What may happen, and why no call is lost: the hosts never agree on who has sent what, so the rule is that a host
 * begins before all that it has not seen settled. Two leaders at once need a leader that works on for takeover_after
 * seconds without the database; both then send the same calls with the same idempotency keys. */
#ifndef LEADER_H
#define LEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "domain/settings.h"
#include "ledger/ledger.h"
#include "source/source.h"

enum leader_role {
    LEADER_UNKNOWN, /* not looked up yet */
    LEADER_THIS,    /* this host sends */
    LEADER_OTHER,   /* another host does */
    LEADER_NOBODY   /* no host does now; one will take over */
};

struct leader {
    const char *state_dir; /* the first members are borrowed and set by the caller */
    const struct settings_sync *sync;
    const struct source *source; /* that is open ... */
    struct source_settings opened_with; /* ... with these, as the holder opens another one */
    int64_t period;        /* seconds from one run to the next */
    char lock[LOCKS_NAME_SIZE];
    enum leader_role role; /* from here on as found at the last look */
    int64_t looked;        /* when, by the database's clock */
    bool is_cluster;
    bool holds;            /* this very session has the lock, see 1. */
    bool took_over;        /* at this look, after another host or nobody had led */
    int64_t settled;       /* LEADER_OTHER: up to there it has settled every call; 0: unknown */
    int64_t due;           /* LEADER_NOBODY: when this host takes over */
};

/* leader_set_profile: whose calls they are (NULL: the default profile's). source has to be open. To be called first. */
void leader_set_profile(struct leader *leader, const char *profile);

/* leader_elect: what a run does first: becomes the leader where it may. What it noted for later looks is in the ledger,
 * durable where this host does not lead, else with the next ledger_commit. To be called again after a ledger was
 * rebuilt. Errors: EX_UNAVAILABLE, EX_IOERR. */
int leader_elect(struct leader *leader, struct ledger *ledger, struct err *err) MUST_CHECK;

/* leader_confirm: makes sure that this host may do long work, and takes nothing over. Errors: EX_UNAVAILABLE: another
 * host leads, or none; those of the ledger. */
int leader_confirm(struct leader *leader, struct ledger *ledger, struct err *err) MUST_CHECK;

/* leader_report_settled: after a run of the leader: has the other hosts told how far it is. is_done: the run came to
 * its end, so every call that had ended when it began was found. Errors: EX_IOERR. */
int leader_report_settled(const struct leader *leader, struct ledger *ledger, bool is_done, struct err *err) MUST_CHECK;

/* leader_renew: a run has started and can write its state. */
void leader_renew(const char *state_dir);

/* leader_leave: gives up what only this session has. To be called before the lock of this host is released. */
void leader_leave(struct leader *leader);

/* leader_check: tries the server's locks, and writes who leads to said. Errors: those of the source, in words for
 * people; EX_UNAVAILABLE: the server grants no lock. */
int leader_check(struct leader *leader, char *said, size_t size, struct err *err) MUST_CHECK;

#endif
