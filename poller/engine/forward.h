/* forward: calls in batches, from the dialer's rows to durable outcomes. */
#ifndef FORWARD_H
#define FORWARD_H

#include "base/clock.h"
#include "domain/breaker.h"
#include "domain/candidates.h"
#include "domain/decision.h"
#include "domain/disposition.h"
#include "domain/pace.h"
#include "domain/settings.h"
#include "domain/tally.h"
#include "engine/summary.h"
#include "ledger/ledger.h"
#include "sink/sink.h"
#include "source/source.h"

/* What a run works with, and what it has come to know. All pointers are borrowed. */
struct forward {
    const struct source *source;
    struct ledger *ledger;
    const struct sink *sink;
    const struct settings_sync *settings;
    const struct disposition_map *dispositions;
    struct summary *summary; /* counted up; stop is set when nothing more may be sent in this run */
    struct breaker breaker;
    struct position doubt; /* the call that failed alone in an earlier run and was not asked again since; uniqueid "" */
    struct pace pace;
    struct tally tally;
    int64_t run;         /* the run's number */
    struct clock_reading clock; /* the database's, see journal_resume */
    int64_t started_ms;  /* monotonic: when the work began, its waits included */
    int64_t deadline_ms; /* monotonic: start no request after it */
    bool of_the_past;    /* a person has old calls sent: how late they are says nothing of the minute's runs */
    bool sends_at_once;  /* a dry run: shows also what a run would note, to send it later */
    int64_t force_since; /* send also what is accepted but was not tried since then, by this host's clock; 0: off */
    /* Told after each batch when its last call ended; -1 with *err ends the work. NULL: nobody asks. */
    int (*on_batch)(void *context, int64_t end_epoch, struct err *err);
    void *batch_context;
    int64_t uncommitted; /* outcomes that are not durable yet ... */
    int64_t first_uncommitted_ms; /* ... and since when */
};

/* forward_now: the time by the database's clock, in epoch seconds. */
int64_t forward_now(const struct forward *forward);

/* forward_may_go_on: whether another call may be started in this run; sets summary->stop when a signal or the clock
 * says no. */
bool forward_may_go_on(struct forward *forward);

/* forward_decide: what to do with a call of which the ledger says record. */
struct decision forward_decide(const struct forward *forward, const struct call *call,
                               const struct call_record *record);

/* forward_due, forward_due_old: add the calls that need another look, see ledger_due and ledger_due_old. */
int forward_due(const struct forward *forward, int64_t ended_from, struct candidates *candidates, struct err *err)
    MUST_CHECK;
int forward_due_old(const struct forward *forward, const struct ledger_stretch *stretch, struct candidates *candidates,
                    struct err *err) MUST_CHECK;

/* forward_all: sorts the candidates into the order of (end_epoch, uniqueid) and takes them in batches: fetches the rows
 * that are not at hand, decides on each call again, sends what is to be sent, and records every outcome. Candidates
 * that the ledger knows on return, or that the dialer no longer has, are marked settled; the others (the API is down,
 * the time is over) are as if they had not been touched.
 * Durable: outcomes in groups, 50 ms after the first of a group; all of them after forward_commit.
 * Errors: those of the source, the ledger and the sink; what was recorded up to then is committed where that is
 * possible. */
int forward_all(struct forward *forward, struct candidates *candidates, struct err *err) MUST_CHECK;

/* forward_commit: makes all outcomes durable, with what else was written to the ledger. Errors: EX_IOERR. */
int forward_commit(struct forward *forward, struct err *err) MUST_CHECK;

#endif
