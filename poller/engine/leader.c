/* leader: chooses the one host that sends the calls, of all hosts that share a dialer's database. */
#include <inttypes.h>
#include <stdio.h>

#include "base/program.h"
#include "engine/leader.h"
#include "engine/leader_holder.h"
#include "engine/succession.h"
#include "ledger/records.h"

/* The server may take a moment to end the connection of a killed run. */
#define WAIT_SEC 2

void leader_set_profile(struct leader *leader, const char *profile)
{
    if (locks_exist(leader->source))
        locks_name(leader->source, profile, leader->lock);
}

/* ---- notes from one run to the next ---- */

#define NOTE_LED "leader_led"
#define NOTE_VACANT "leader_vacant_since"
#define NOTE_LOOKED "leader_vacant_looked"

static int read_notes(struct ledger *ledger, struct succession_notes *notes, struct err *err)
{
    return ledger_read_note(ledger, NOTE_LED, 0, &notes->led, err) == 0 &&
                   ledger_read_note(ledger, NOTE_VACANT, 0, &notes->vacant_since, err) == 0 &&
                   ledger_read_note(ledger, NOTE_LOOKED, 0, &notes->looked, err) == 0 ? 0 : -1;
}

static int write_notes(struct ledger *ledger, const struct succession_notes *notes, struct err *err)
{
    return ledger_set_note(ledger, NOTE_LED, notes->led, err) == 0 &&
                   ledger_set_note(ledger, NOTE_VACANT, notes->vacant_since, err) == 0 &&
                   ledger_set_note(ledger, NOTE_LOOKED, notes->looked, err) == 0 ? 0 : -1;
}

/* ---- reading the lock ---- */

/* Notes the result of a look at the lock. */
static int take_in(struct leader *leader, const struct locks_look *lock, struct err *err)
{
    bool ours = lock->holder == lock->own;
    if (lock->holder != 0 && !ours) {
        int64_t started = 0;
        if (locks_started(leader->source, &started, err) != 0)
            return -1;
        ours = leader_holder_owns(leader->state_dir, lock->holder, started);
    }
    leader->role = ours ? LEADER_THIS : lock->holder != 0 ? LEADER_OTHER : LEADER_NOBODY;
    leader->is_cluster = lock->servers > 1;
    leader->looked = lock->now;
    return 0;
}

static int read_lock(struct leader *leader, struct locks_look *ret_lock, struct err *err)
{
    return locks_look(leader->source, leader->lock, true, ret_lock, err) == 0 ? take_in(leader, ret_lock, err) : -1;
}

/* If VICIdial's table of servers is unreadable now, the notes tell whether there is a cluster. */
static bool was_cluster(const struct succession_notes *notes)
{
    return notes->looked != 0;
}

static void heed_notes(struct leader *leader, const struct locks_look *lock, const struct succession_notes *notes)
{
    if (lock->servers == 0)
        leader->is_cluster = was_cluster(notes);
}

/* Reads the announcement of the other host, the leader. */
static int read_settled(struct leader *leader, const struct locks_look *lock, struct err *err)
{
    int level = -1;
    leader->settled = 0;
    if (locks_ask(leader->source, leader->lock, lock->holder, &level, err) != 0)
        return -1;
    if (level >= 0)
        leader->settled = lock->now - locks_age(level);
    return 0;
}

/* ---- without a cluster ---- */

/* If the source's server has no locks, this host always counts as the leader. */
static bool leads_without_locks(struct leader *leader)
{
    if (locks_exist(leader->source))
        return false;
    leader->role = LEADER_THIS;
    return true;
}

static int take_for_this_run(struct leader *leader, int wait_sec, struct err *err)
{
    if (locks_take(leader->source, leader->lock, wait_sec, &leader->holds, err) != 0)
        return -1;
    leader->role = leader->holds ? LEADER_THIS : LEADER_OTHER;
    return 0;
}

/* The session reconnected during a run. The server freed the lock with the old connection. */
static int take_again(void *context, struct err *err)
{
    struct leader *leader = context;
    if (!leader->holds)
        return 0;
    if (take_for_this_run(leader, WAIT_SEC, err) != 0)
        return -1;
    return leader->holds ? 0 : err_set(err, EX_UNAVAILABLE, "the connection to the database broke, and another host "
                                       "sends the calls now; its next run sends the rest");
}

/* ---- on a cluster ---- */

static int64_t lease_of(const struct leader *leader)
{
    return leader->sync->takeover_after + leader->sync->time_budget + leader->period;
}

static int become_leader(struct leader *leader, struct err *err)
{
    struct leader_holder holder = { .state_dir = leader->state_dir, .kind = leader->source->ops,
                                    .settings = &leader->opened_with,
                                    .lock = leader->lock };
    bool held = false;
    if (leader_holder_write_lease(leader->state_dir, lease_of(leader), 0, err) != 0 ||
        leader_holder_start(&holder, &held, err) != 0)
        return -1;
    leader->role = held ? LEADER_THIS : LEADER_OTHER; /* another host may have taken the lock first */
    return 0;
}

/* Takes the lock if succession_step allows it. */
static int step_on_cluster(struct leader *leader, const struct locks_look *lock, struct succession_notes *notes,
                           struct err *err)
{
    const int64_t takeover_after = leader->sync->takeover_after;
    struct succession_look look = { .now = lock->now,
                                    .is_held = leader->role != LEADER_NOBODY,
                                    .is_held_by_us = leader->role == LEADER_THIS,
                                    .takeover_after = takeover_after,
                                    .longest_gap = takeover_after + 2 * leader->period };
    bool was_ours = succession_is_ours(notes, lock->now, takeover_after);
    if (succession_step(&look, notes) != SUCCESSION_TAKE)
        return 0;
    if (become_leader(leader, err) != 0)
        return -1;
    leader->took_over = leader->role == LEADER_THIS && !was_ours;
    look.is_held = true;
    look.is_held_by_us = leader->role == LEADER_THIS;
    (void)succession_step(&look, notes);
    return 0;
}

static int elect_on_cluster(struct leader *leader, struct ledger *ledger, const struct locks_look *lock,
                            struct succession_notes *notes, struct err *err)
{
    if (step_on_cluster(leader, lock, notes, err) != 0)
        return -1;
    if (leader->role != LEADER_THIS)
        leader_holder_end(leader->state_dir);
    if (leader->role == LEADER_OTHER && read_settled(leader, lock, err) != 0)
        return -1;
    leader->due = succession_due(notes, leader->sync->takeover_after);
    if (write_notes(ledger, notes, err) != 0)
        return -1;
    return leader->role == LEADER_THIS ? 0 : ledger_commit(ledger, err);
}

int leader_elect(struct leader *leader, struct ledger *ledger, struct err *err)
{
    struct locks_look lock;
    struct succession_notes notes;
    bool taken = false;
    if (leads_without_locks(leader))
        return 0;
    if (read_notes(ledger, &notes, err) != 0 ||
        locks_take_if_alone(leader->source, leader->lock, !was_cluster(&notes), &lock, &taken, err) != 0 ||
        take_in(leader, &lock, err) != 0)
        return -1;
    heed_notes(leader, &lock, &notes);
    if (leader->is_cluster)
        return elect_on_cluster(leader, ledger, &lock, &notes, err);
    if (leader->role == LEADER_THIS)
        return 0; /* this run has the lock, or the holder still has it from a time with several hosts */
    locks_on_reconnect(leader->source, take_again, leader);
    leader->holds = taken;
    leader->role = taken ? LEADER_THIS : LEADER_OTHER;
    return 0;
}

/* ---- long work ---- */

/* Without a cluster, the lock only needs to be free now. */
static int confirm_alone(struct leader *leader, struct err *err)
{
    if (leader->role != LEADER_THIS && take_for_this_run(leader, WAIT_SEC, err) != 0)
        return -1;
    leader_leave(leader);
    return 0;
}

int leader_confirm(struct leader *leader, struct ledger *ledger, struct err *err)
{
    struct locks_look lock;
    struct succession_notes notes;
    if (leader->role == LEADER_THIS && !leader->is_cluster)
        return 0; /* the begin of the work confirmed it */
    if (leads_without_locks(leader))
        return 0;
    if (read_lock(leader, &lock, err) != 0 || read_notes(ledger, &notes, err) != 0)
        return -1;
    heed_notes(leader, &lock, &notes);
    if (!leader->is_cluster && confirm_alone(leader, err) != 0)
        return -1;
    if (leader->role == LEADER_NOBODY && succession_is_ours(&notes, lock.now, leader->sync->takeover_after))
        leader->role = LEADER_THIS; /* this host's holder will take the lock again in a moment */
    if (leader->role == LEADER_OTHER)
        return err_set(err, EX_UNAVAILABLE, "another host sends the calls of this database; run this command there");
    if (leader->role == LEADER_NOBODY)
        return err_set(err, EX_UNAVAILABLE,
                       "no host of this cluster sends the calls now, so nothing was sent. First let "
                       "`did-optimizer-sync%s run` (cron's line) become the leader on one host, then do this there",
                       program_option());
    return 0;
}

/* ---- after a run of the leader ---- */

/* Every call that ended up to *ret_settled is settled: it is not open, and no run will find it later, unless its row
 * was written more than overlap seconds late. */
static int find_settled(const struct leader *leader, struct ledger *ledger, bool is_done, int64_t *ret_settled,
                        struct err *err)
{
    int64_t oldest = 0;
    struct position checkpoint;
    bool known = false;
    *ret_settled = 0;
    if (ledger_read_place(ledger, LEDGER_CHECKPOINT, &checkpoint, &known, err) != 0 ||
        records_oldest_open(ledger, &oldest, err) != 0)
        return -1;
    if (!known)
        return 0;
    int64_t settled = is_done ? leader->looked - leader->sync->settle : checkpoint.end_epoch;
    settled -= leader->sync->overlap;
    *ret_settled = oldest != 0 && oldest - 1 < settled ? oldest - 1 : settled;
    return 0;
}

int leader_report_settled(const struct leader *leader, struct ledger *ledger, bool is_done, struct err *err)
{
    int64_t settled = 0;
    if (!leader->is_cluster || leader->role != LEADER_THIS)
        return 0;
    return find_settled(leader, ledger, is_done, &settled, err) == 0
               ? leader_holder_write_lease(leader->state_dir, lease_of(leader), settled, err) : -1;
}

void leader_renew(const char *state_dir)
{
    leader_holder_renew(state_dir);
}

void leader_leave(struct leader *leader)
{
    if (!leader->holds)
        return;
    locks_on_reconnect(leader->source, NULL, NULL);
    locks_give_up(leader->source, leader->lock);
    leader->holds = false;
}

/* ---- check ---- */

/* Tries a lock of another name, because a run must not find the real lock taken. */
static int try_lock(struct leader *leader, struct err *err)
{
    char probe[LOCKS_NAME_SIZE + 8];
    bool taken = false;
    (void)snprintf(probe, sizeof probe, "%s.check", leader->lock);
    if (locks_take(leader->source, probe, WAIT_SEC, &taken, err) != 0)
        return -1;
    locks_give_up(leader->source, probe);
    return taken ? 0 : err_set(err, EX_UNAVAILABLE, "the server does not grant the lock %s; if another "
                                    "check is running, try again",
                               probe);
}

int leader_check(struct leader *leader, char *said, size_t size, struct err *err)
{
    static const char *const words[] = {
        [LEADER_UNKNOWN] = "", [LEADER_THIS] = "this host sends the calls",
        [LEADER_OTHER] = "another host sends the calls; this host is standby",
        [LEADER_NOBODY] = "no host sends the calls now; the next runs choose a leader",
    };
    struct locks_look look;
    if (leads_without_locks(leader)) {
        (void)snprintf(said, size, "this source lets no hosts choose a leader: use the program on one host only");
        return 0;
    }
    if (try_lock(leader, err) != 0 || read_lock(leader, &look, err) != 0)
        return -1;
    (void)snprintf(said, size, "the server's locks work%s%s", leader->is_cluster ? "; cluster: " : "",
                   leader->is_cluster ? words[leader->role] : "");
    return 0;
}
