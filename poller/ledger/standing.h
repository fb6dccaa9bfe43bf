/* standing: the current state, read from ledger and checkpoint. diagnosis.h judges it. */
#ifndef STANDING_H
#define STANDING_H

#include "ledger/recordings.h"
#include "ledger/records.h"
#include "ledger/step_failure.h"

struct standing {
    struct records_overview overview;
    bool off;               /* not enabled: cron and the service send no calls (enabled.h) */
    int64_t now;            /* epoch */
    int64_t checkpoint;     /* epoch; 0: none, or damaged */
    bool checkpoint_damaged; /* the next run renames the file */
    int64_t oldest_unsent;  /* epoch: the end of the oldest known call that is not accepted yet; 0: none */
    int64_t oldest_pending; /* the same without the calls that wait for their disposition */
    char sink[40];          /* the name of the sink in messages, after "the"; "" means API, see standing_sink */
    int64_t outage_since;   /* epoch; 0: no outage */
    bool in_doubt;          /* the sink failed on the only call: it is unknown whether the sink works (breaker.h) ... */
    int64_t doubtful_ended; /* ... and that call ended then (epoch) */
    int64_t wait_until;     /* epoch; 0: the sink limits no rate */
    int64_t unread_from, unread_to; /* epochs: archived calls that runs passed, as they could not read them; 0: none */
    int64_t longest_pause;  /* seconds: a usual pause between two runs; 0: they start each minute */
    int64_t load_interval;  /* seconds for which pending calls wait without a fault, see sink_interval */
    bool log_fails;         /* the last run that cron or the service started could not write the log */
    struct step_failure steps[STEPS]; /* what fails after the calls */
    struct recordings_counts recordings;
    int64_t last_standby;   /* epoch: the last run here that sent nothing because this host is standby; 0: none */
    int64_t leader_seen;    /* epoch: the last standby run that found another host to be the leader; 0: none */
    char settings_problem[600]; /* a wrong line of the settings, with its place; "": none is known. standing_gather
                                 * leaves it empty */
};

/* standing_read: reads state_dir; uses no database and no network. Needs no right to write. Masks the texts if masking
 * is on (mask.h). Errors: EX_IOERR, EX_NOPERM. */
int standing_read(const char *state_dir, struct standing *ret_standing, struct err *err) MUST_CHECK;

/* standing_gather: the same with an open ledger. ledger is borrowed. */
int standing_gather(const char *state_dir, struct ledger *ledger, struct standing *ret_standing, struct err *err)
    MUST_CHECK;

/* standing_age: the seconds since epoch; 0 if epoch is 0 or in the future. */
int64_t standing_age(const struct standing *standing, int64_t epoch);

/* standing_sink: the name of the sink in messages: "API", "record store". Ownership: borrowed from standing. */
const char *standing_sink(const struct standing *standing);

/* standing_is_standby: whether this host is a standby: a standby run came after the last run that read the source's
 * calls. */
bool standing_is_standby(const struct standing *standing);

/* standing_has_other_leader: whether this host is a standby, and its last standby run found another leader. */
bool standing_has_other_leader(const struct standing *standing);

/* standing_last_activity: the start of the last run here that finished or was standby; 0: there was none. */
int64_t standing_last_activity(const struct standing *standing);

/* standing_unknown_since: calls that ended after this epoch are unknown: no run has read them. The epoch is the start
 * of the last run that read the source's calls; if none could, of the first run; or the last time at which another
 * host was the leader. 0: there was none of these. */
int64_t standing_unknown_since(const struct standing *standing);

/* standing_freshness: for how many seconds a call may have waited for the sink: the age of the oldest unsent call or,
 * if longer, the seconds since standing_unknown_since. RECORDS_UNKNOWN: there was no run. */
int64_t standing_freshness(const struct standing *standing);

/* standing_unsent: the least number of finished calls after the checkpoint that were not sent. RECORDS_UNKNOWN: the
 * last run could not read the source's calls, or was too long ago. */
int64_t standing_unsent(const struct standing *standing);

#endif
