/* ledger: the status of each call at the API, on disk. schema.c explains the tables.
 *
 * The first ledger_find or change begins a transaction; ledger_commit ends it. Changes are durable when ledger_commit
 * has returned. Other processes can read the ledger meanwhile. */
#ifndef LEDGER_H
#define LEDGER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "domain/call.h"
#include "domain/position.h"
#include "base/store.h"

struct ledger;

enum ledger_mode {
    LEDGER_WRITE,
    LEDGER_READ_ONLY, /* writes nothing to disk; a missing file counts as an empty ledger */
    LEDGER_DRY_RUN    /* as LEDGER_READ_ONLY, but a change is no error: it is ignored */
};

/* The repair of a damaged ledger. */
struct ledger_repair {
    bool rebuilt;      /* the file was damaged: it was renamed and rebuilt */
    char aside[4200];  /* the new name of the damaged file */
    int64_t saved;     /* number of calls that were readable and are in the new file */
};

/* ledger_open: opens state_dir/ledger.db. Creates a missing file and migrates an older one. LEDGER_WRITE rebuilds a
 * damaged file and says so in *ret_repair, which may be NULL. Ownership: the caller calls ledger_close. Durable: on
 * return. Errors: EX_IOERR (disk), EX_NOPERM, EX_CONFIG (written by a newer version, or by another program). */
int ledger_open(const char *state_dir, enum ledger_mode mode, struct ledger **ret_ledger,
                struct ledger_repair *ret_repair, struct err *err) MUST_CHECK;

/* ledger_is_damaged: whether a function has found this ledger damaged, for only reading a damaged page shows the
 * damage. Then close the ledger and call ledger_rebuild. */
bool ledger_is_damaged(const struct ledger *ledger);

/* ledger_rebuild: rebuilds state_dir/ledger.db as ledger_open rebuilds a damaged file, and opens it. Errors:
 * EX_IOERR. */
int ledger_rebuild(const char *state_dir, struct ledger **ret_ledger, struct ledger_repair *ret_repair,
                   struct err *err) MUST_CHECK;

/* All functions below that can fail return -1 and EX_IOERR: the ledger cannot be read or written. */

/* ledger_find: reads the record of a call; its state is CALL_UNKNOWN if there is none. */
int ledger_find(struct ledger *ledger, const char *uniqueid, struct call_record *ret_record,
                struct err *err) MUST_CHECK;

/* ledger_has_other_payload: whether the ledger keeps content of the call that the API has not accepted yet, and it is
 * not payload. */
int ledger_has_other_payload(struct ledger *ledger, const char *uniqueid, const char *payload, bool *ret_other,
                             struct err *err) MUST_CHECK;

/* One attempt to send a call. */
struct ledger_attempt {
    int64_t answer;  /* the outcome's code; 0: no answer came */
    int64_t took_ms; /* from the request to the answer */
};

/* The record of a call, to be written. Texts are borrowed and copied, and may be NULL. */
struct ledger_entry {
    const char *uniqueid;
    struct call_record record;
    int64_t end_epoch;
    int64_t due;         /* epoch. PENDING: of the next try; WAITING: from then on the call is sent with any status */
    const char *reason;  /* PENDING and REJECTED: why, for people */
    const char *payload; /* the content that the API has not accepted yet */
    const struct call *call;              /* the row, for people; NULL: the row's columns stay unchanged */
    const char *result;                   /* the API's name for the status; NULL: stays unchanged */
    const struct ledger_attempt *attempt; /* the attempt that led to this record; NULL: there was none */
};

/* ledger_put: writes entry as the record of the call. Durable: with the next ledger_commit. */
int ledger_put(struct ledger *ledger, const struct ledger_entry *entry, struct err *err) MUST_CHECK;

/* ledger_forget: deletes the record of the call. Durable: with the next ledger_commit. */
int ledger_forget(struct ledger *ledger, const char *uniqueid, struct err *err) MUST_CHECK;

/* The time, to decide which calls are due. A due time after latest comes from a clock that was set back: the call is
 * due. */
struct ledger_time {
    int64_t now, latest; /* epochs */
};

/* ledger_forget_untried: deletes the pending calls that ended before ended_before and were never tried. *ret_count is
 * their number. */
int ledger_forget_untried(struct ledger *ledger, int64_t ended_before, int64_t *ret_count, struct err *err) MUST_CHECK;

/* Which calls ledger_due hands out: those after a position, up to a limit. */
struct ledger_stretch {
    struct position after;
    const struct position *until;     /* up to this position, included; NULL: to the last call */
    int64_t ended_from, ended_before; /* of pending calls: the former included, the latter not */
    bool with_waiting;                /* waiting calls as well, whenever they ended */
    int64_t limit;
};

/* ledger_due: hands out the calls to read again, oldest first: pending calls that are due, and all waiting calls.
 * uniqueid is borrowed until on_due returns; on_due must not change the ledger. */
typedef void ledger_on_due(void *context, const char *uniqueid, int64_t end_epoch);
int ledger_due(struct ledger *ledger, const struct ledger_time *time, const struct ledger_stretch *stretch,
               ledger_on_due *on_due, void *context, struct err *err) MUST_CHECK;

/* ledger_count: counts the open calls. */
struct ledger_counts {
    int64_t pending, waiting, rejected;
};
int ledger_count(struct ledger *ledger, struct ledger_counts *ret_counts, struct err *err) MUST_CHECK;

/* The ledger's notes: numbers and texts that outlive a run. */
#define LEDGER_NOTE_WAIT_UNTIL "rate_limited_until" /* epoch: the sink limits the rate until then */
#define LEDGER_NOTE_OUTAGE_SINCE "api_down_since"   /* epoch: the sink has been down since then; 0: it works */
#define LEDGER_NOTE_SINK "sink"                     /* text: the name of the sink in messages; "": API */
#define LEDGER_NOTE_PAUSE "longest_pause"           /* seconds: the setting longest_pause of the last run */
#define LEDGER_NOTE_INTERVAL "load_interval"        /* seconds between two batches of the sink, see sink_interval */
#define LEDGER_NOTE_SCANNED_TO "scanned_to" /* epoch: the calls that began before it are in the ledger, or over */
#define LEDGER_NOTE_LAST_SWEEP "last_sweep"         /* epoch, the source's clock: when the sweep last read a part */
#define LEDGER_NOTE_SWEPT_TO "swept_to"             /* epoch: the sweep has read the calls that began before it */
#define LEDGER_NOTE_START_OVER "start_over"         /* 1: the ledger was rebuilt; lost calls are not searched for yet */
#define LEDGER_NOTE_CAMPAIGNS "campaigns"           /* see campaigns_warn */
#define LEDGER_NOTE_LAST_STANDBY "stood_by"         /* epoch, this host's clock: the last run that was standby */
#define LEDGER_NOTE_LEADER_SEEN "leader_seen"       /* the same: the last run that found another leader */
#define LEDGER_NOTE_SOURCE_MEMORY "zone"            /* text: what the source remembers from run to run */
#define LEDGER_NOTE_UNREAD_FROM "unread_from"       /* epoch: the archive could not be read: see archive.h ... */
#define LEDGER_NOTE_UNREAD_TO "unread_to"           /* ... its calls up to that epoch were passed */
#define LEDGER_NOTE_ENRICH_PROBLEM "enrich_problem" /* text: the problems of the look-ups that the log had today */
#define LEDGER_NOTE_LOG_WORKS "log_works"           /* 0: the last run of cron or the service could not write its log */
#define LEDGER_NOTE_LIMITED "limited_runs"          /* number of runs in a row that a rate limit ended */
#define LEDGER_NOTE_TAKEN_OVER "taken_over"         /* epoch, this host's clock: this program sends calls since then */
#define LEDGER_NOTE_PRUNED_TO "pruned_to"           /* text: the id of a call, see ledger_prune; "": at the beginning */
#define LEDGER_NOTE_PACE "pace"                     /* text: see journal.c */
#define LEDGER_NOTE_SOURCE "source"                 /* text: the type of the source of its calls */
#define LEDGER_NOTE_TABLES "tables_copied"          /* epoch, this host's clock: see tables_step.h */
#define LEDGER_NOTE_TABLES_NEXT "tables_next"       /* number: the table to continue with, see table.h */
#define LEDGER_NOTE_TABLES_BROKEN "tables_broken"   /* 1: a table before that one has failed */
#define LEDGER_NOTE_AFTER_NEXT "after_next"         /* text: the file of `after` to go on with, see after_step.h */
#define LEDGER_NOTE_AFTER_BROKEN "after_broken"     /* 1: a file before that one has failed */
#define LEDGER_NOTE_PROGRESS "progress"             /* text: see run_progress.h */
#define LEDGER_NOTE_HEALTHY "healthy"               /* 1: the last run went well; 0: it did not */

/* ledger_read_note: reads a number; without a note, *ret_value is fallback. */
int ledger_read_note(struct ledger *ledger, const char *name, int64_t fallback, int64_t *ret_value, struct err *err)
    MUST_CHECK;
int ledger_set_note(struct ledger *ledger, const char *name, int64_t value, struct err *err) MUST_CHECK;

/* ledger_read_text_note: reads a text; without a note, out is "". */
int ledger_read_text_note(struct ledger *ledger, const char *name, char *out, size_t size, struct err *err) MUST_CHECK;
int ledger_set_text_note(struct ledger *ledger, const char *name, const char *text, struct err *err) MUST_CHECK;

/* ledger_delete_note: deletes the note. A missing note is no error. */
int ledger_delete_note(struct ledger *ledger, const char *name, struct err *err) MUST_CHECK;

/* ledger_confirm_source: checks that this ledger is for the calls of this type of source. A new ledger has no note of
 * that and is for any, and so is one of an earlier version. ledger_claim_for_source: the same; writes the missing note,
 * durably. Errors also: EX_CONFIG, with the remedy. */
int ledger_confirm_source(struct ledger *ledger, const char *type, struct err *err) MUST_CHECK;
int ledger_claim_for_source(struct ledger *ledger, const char *type, struct err *err) MUST_CHECK;

/* The places. LEDGER_CHECKPOINT: a copy of the checkpoint. LEDGER_FLOOR: calls at and before the floor are out of
 * scope. LEDGER_START: where the very first run began; earlier calls are never sent. LEDGER_DOUBT: the only call that
 * the last run tried, and on which the API failed; see breaker.h. *ret_known: the place is set.
 * ledger_delete_checkpoint deletes the checkpoint's copy and the floor. */
enum ledger_place { LEDGER_CHECKPOINT, LEDGER_FLOOR, LEDGER_START, LEDGER_DOUBT, LEDGER_REVISITED };
int ledger_read_place(struct ledger *ledger, enum ledger_place which, struct position *ret_position, bool *ret_known,
                 struct err *err) MUST_CHECK;
int ledger_set_place(struct ledger *ledger, enum ledger_place which, const struct position *position, struct err *err)
    MUST_CHECK;
int ledger_delete_place(struct ledger *ledger, enum ledger_place which, struct err *err) MUST_CHECK;
int ledger_delete_checkpoint(struct ledger *ledger, struct err *err) MUST_CHECK;

/* The counts of a run. */
struct ledger_run {
    int64_t found, accepted, repeated, failed, pending, waiting, rejected;
    int64_t duration_ms;
    int64_t statements, database_ms, rows_examined; /* of the dialer's database */
    int64_t longest_ms; /* its longest statement */
    bool looked;            /* the run read all calls that had ended: unsent is valid */
    int64_t unsent;         /* the least number of finished calls after the checkpoint that the run did not send */
    int64_t unsent_oldest;  /* epoch: the end of the oldest of them; 0: there is none */
    int exit_code;
    const char *message; /* borrowed; may be NULL */
};

/* ledger_set_action: the live page started this command: action is its number in the page's journal. The runs that
 * start from now on have it; 0: they have none. */
void ledger_set_action(struct ledger *ledger, int64_t action);

/* ledger_run_start: records that a run of that kind has started; *ret_run is its number. Durable: on return. This
 * proves that the ledger can be written, before any call is sent. ledger_run_finish: records the run's counts. Durable:
 * with the next ledger_commit. */
int ledger_run_start(struct ledger *ledger, const char *kind, int64_t *ret_run, struct err *err) MUST_CHECK;
int ledger_run_finish(struct ledger *ledger, int64_t run, const struct ledger_run *counts, struct err *err) MUST_CHECK;

/* ledger_add_to_counter: adds to a counter that only grows, for metrics. Durable: with the next ledger_commit.
 * ledger_run_finish counts runs in the counter LEDGER_RUNS, by exit code and kind. */
#define LEDGER_RUNS "runs"
int ledger_add_to_counter(struct ledger *ledger, const char *name, const char *label, int64_t by,
                          struct err *err) MUST_CHECK;

/* ledger_prune: deletes accepted calls that ended before an epoch, attempts and runs that began before the same epoch,
 * and rejected or discarded calls that ended before another epoch; of each kind at most limit. It looks at some of the
 * accepted calls each time, and comes round to all of them (ledger.c). Durable: with the next ledger_commit. */
struct ledger_age {
    int64_t before, set_aside_before, limit;
};
int ledger_prune(struct ledger *ledger, const struct ledger_age *age, struct err *err) MUST_CHECK;

/* ledger_commit: makes all changes since the last commit durable. Without changes it does nothing. */
int ledger_commit(struct ledger *ledger, struct err *err) MUST_CHECK;

/* ledger_store: the ledger's file, for the views in records.c. Borrowed. */
struct store *ledger_store(struct ledger *ledger);

/* ledger_close: closes and frees the ledger. Uncommitted changes are lost. NULL is allowed. */
void ledger_close(struct ledger *ledger);

#endif
