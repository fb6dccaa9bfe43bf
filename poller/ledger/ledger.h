/* ledger: the status of each call at the API, on disk. schema.c explains the tables.
 *
 * Looking up and changing happen in a transaction that begins with the first of them; nothing is durable before
 * ledger_commit. Others may look at the ledger meanwhile. */
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
    LEDGER_LOOK, /* changes nothing on disk; without a file, shows an empty ledger */
    LEDGER_DRY   /* for a dry run: accepts a change and forgets it at once */
};

/* What became of a damaged ledger. */
struct ledger_repair {
    bool rebuilt;      /* the file was damaged: it was moved aside and a new one made */
    char aside[4200];  /* where the old one is kept */
    int64_t saved;     /* calls that could still be read from it and are in the new one */
};

/* ledger_open: opens state_dir/ledger.db, making it when it is missing, and bringing one of an older version up to
 * date. A damaged file is rebuilt (LEDGER_WRITE only), which *ret_repair says; NULL: nobody asks. Ownership:
 * ledger_close. Errors: EX_IOERR (disk), EX_NOPERM, EX_CONFIG (written by a newer version). */
int ledger_open(const char *state_dir, enum ledger_mode mode, struct ledger **ret_ledger,
                struct ledger_repair *ret_repair, struct err *err) MUST_CHECK;

/* ledger_is_damaged: whether a function of this ledger has met damage, which shows only where the file is touched. The
 * remedy is to close it, and to make it anew with ledger_rebuild. */
bool ledger_is_damaged(const struct ledger *ledger);

/* ledger_rebuild: does what ledger_open does with a damaged file, whatever the file looks like. */
int ledger_rebuild(const char *state_dir, struct ledger **ret_ledger, struct ledger_repair *ret_repair,
                   struct err *err) MUST_CHECK;

/* All functions below that can fail return -1 and EX_IOERR: the ledger cannot be read or written. */

/* ledger_find: reads the record of a call; its state is CALL_UNKNOWN if there is none. */
int ledger_find(struct ledger *ledger, const char *uniqueid, struct call_record *ret_record,
                struct err *err) MUST_CHECK;

/* One attempt to send a call. */
struct ledger_attempt {
    int64_t answer;  /* the outcome's code; 0: no answer came */
    int64_t took_ms; /* from the request to the answer */
};

/* What is written of a call. Texts are borrowed and copied, and may be NULL. */
struct ledger_entry {
    const char *uniqueid;
    struct call_record record;
    int64_t end_epoch;
    int64_t due;         /* epoch: PENDING: try again from then on; WAITING: sent as it stands from then on */
    const char *reason;  /* PENDING and REJECTED: why, for people */
    const char *payload; /* the content that the API has not accepted yet */
    const struct call *call;              /* the row, for people; NULL: as it was noted before */
    const char *result;                   /* the API's name for its status; NULL: as before */
    const struct ledger_attempt *attempt; /* that led to this; NULL: none was made */
};

/* ledger_put: replaces the record of the call with entry. Durable: with the next ledger_commit. */
int ledger_put(struct ledger *ledger, const struct ledger_entry *entry, struct err *err) MUST_CHECK;

/* ledger_forget: deletes the record of the call. */
int ledger_forget(struct ledger *ledger, const char *uniqueid, struct err *err) MUST_CHECK;

/* What time it is for calls that wait. A due time after latest comes from a clock that was set back: it counts as due. */
struct ledger_time {
    int64_t now, latest; /* epochs */
};

/* ledger_forget_noted: forgets the pending calls that ended before ended_before and were never tried: they were only
 * noted. *ret_count says how many. */
int ledger_forget_noted(struct ledger *ledger, int64_t ended_before, int64_t *ret_count, struct err *err) MUST_CHECK;

/* ledger_due: hands out the calls that need another look, oldest first: pending ones whose time has come and that ended
 * at ended_from or later, and all waiting ones. uniqueid is borrowed for the call; on_due must not change the ledger. */
typedef void ledger_on_due(void *context, const char *uniqueid, int64_t end_epoch);
int ledger_due(struct ledger *ledger, const struct ledger_time *time, int64_t ended_from, ledger_on_due *on_due,
               void *context, struct err *err) MUST_CHECK;

/* ledger_due_old: hands out the pending calls whose time has come and that ended before ended_before, oldest first,
 * those after a position, up to a limit. */
struct ledger_stretch {
    struct position after;
    int64_t ended_before, limit;
};
int ledger_due_old(struct ledger *ledger, const struct ledger_time *time, const struct ledger_stretch *stretch,
                   ledger_on_due *on_due, void *context, struct err *err) MUST_CHECK;

/* ledger_count: how many calls are open. */
struct ledger_counts {
    int64_t pending, waiting, rejected;
};
int ledger_count(struct ledger *ledger, struct ledger_counts *ret_counts, struct err *err) MUST_CHECK;

/* The ledger's notes: numbers and places that outlive a run. */
#define LEDGER_NOTE_WAIT_UNTIL "rate_limited_until"     /* epoch: the API rate limited until then */
#define LEDGER_NOTE_OUTAGE_SINCE "api_down_since" /* epoch: the API has not answered usefully since then; 0: it has */
#define LEDGER_NOTE_LAST_SWEEP "last_sweep"     /* epoch, by the database's clock */
#define LEDGER_NOTE_SWEPT_TO "swept_to"         /* epoch: how far a sweep has come that is not done yet; 0: it is */
#define LEDGER_NOTE_START_OVER "start_over"     /* 1: the ledger was rebuilt, and what it lost is not looked for yet */
#define LEDGER_NOTE_CAMPAIGNS "campaigns"       /* see campaigns_warn */
#define LEDGER_NOTE_STOOD_BY "stood_by"         /* epoch, this host's clock: a run here sent nothing, for it does not lead */
#define LEDGER_NOTE_LEADER_SEEN "leader_seen"   /* the same: a run here found another host that leads */
#define LEDGER_NOTE_ZONE "zone"                 /* text: in which time zones rows are written, see zone_write */
#define LEDGER_NOTE_LOG_WORKS "log_works"       /* 1: the last run could write its log, 0: it could not */
#define LEDGER_NOTE_LIMITED "limited_runs"      /* so many runs in a row ended because the API limited the rate */
#define LEDGER_NOTE_TAKEN_OVER "taken_over"     /* epoch, by this host's clock: since when this program does the work */
#define LEDGER_NOTE_HEALTHY "healthy"           /* 1: the last run went well, 0: it did not */

/* ledger_note: a number, or fallback where none was noted. */
int ledger_note(struct ledger *ledger, const char *name, int64_t fallback, int64_t *ret_value, struct err *err)
    MUST_CHECK;
int ledger_set_note(struct ledger *ledger, const char *name, int64_t value, struct err *err) MUST_CHECK;

/* ledger_text_note: a text; "" where none was noted. Returns as ledger_note does. */
int ledger_text_note(struct ledger *ledger, const char *name, char *out, size_t size, struct err *err) MUST_CHECK;
int ledger_set_text_note(struct ledger *ledger, const char *name, const char *text, struct err *err) MUST_CHECK;

/* ledger_drop_note: deletes the note of that name. */
int ledger_drop_note(struct ledger *ledger, const char *name, struct err *err) MUST_CHECK;

/* The places: the ledger's copy of the checkpoint; the floor, at and before which calls are out of scope; the start,
 * where the very first run began: what ended before it was never ours to send; and the call that alone was not taken,
 * see breaker.h. *ret_known is false where none was ever set. ledger_drop_place: none is set any more.
 * ledger_clear_places leaves the start. */
enum ledger_place { LEDGER_CHECKPOINT, LEDGER_FLOOR, LEDGER_START, LEDGER_DOUBT };
int ledger_place(struct ledger *ledger, enum ledger_place which, struct position *ret_position, bool *ret_known,
                 struct err *err) MUST_CHECK;
int ledger_set_place(struct ledger *ledger, enum ledger_place which, const struct position *position, struct err *err)
    MUST_CHECK;
int ledger_drop_place(struct ledger *ledger, enum ledger_place which, struct err *err) MUST_CHECK;
int ledger_clear_places(struct ledger *ledger, struct err *err) MUST_CHECK;

/* The counts of a run. */
struct ledger_run {
    int64_t found, accepted, repeated, failed, pending, waiting, rejected;
    int64_t duration_ms;
    int64_t statements, database_ms, rows_examined; /* of the dialer's database */
    bool looked;            /* at all calls that had ended: then unsent says how many it saw and did not send */
    int64_t unsent;         /* at least so many; beyond the checkpoint, not in the ledger */
    int64_t unsent_oldest;  /* epoch: the end of the oldest of them; 0: there is none */
    int exit_code;
    const char *kind;    /* as ledger_run_start; NULL: what was said there */
    const char *message; /* borrowed; may be NULL */
};

/* ledger_run_start: notes that a run of that kind has started; *ret_run is its number. Durable on return: it proves
 * that outcomes can be written before any call is sent. ledger_run_finish: records its counts; durable with the next
 * ledger_commit. */
int ledger_run_start(struct ledger *ledger, const char *kind, int64_t *ret_run, struct err *err) MUST_CHECK;
int ledger_run_finish(struct ledger *ledger, int64_t run, const struct ledger_run *figures, struct err *err) MUST_CHECK;

/* ledger_count_up: adds to a counter that only ever grows, for metrics. ledger_run_finish counts the runs under
 * LEDGER_RUNS, by exit code and kind. */
#define LEDGER_RUNS "runs"
int ledger_count_up(struct ledger *ledger, const char *name, const char *label, int64_t by, struct err *err) MUST_CHECK;

/* ledger_prune: forgets what is old, of each kind up to a limit: accepted calls that ended before an epoch, attempts
 * and runs from before it; and rejected or discarded calls that ended before another epoch. */
struct ledger_age {
    int64_t before, set_aside_before, limit;
};
int ledger_prune(struct ledger *ledger, const struct ledger_age *age, struct err *err) MUST_CHECK;

/* ledger_commit: makes all changes since the last one durable. Nothing to do is fine. */
int ledger_commit(struct ledger *ledger, struct err *err) MUST_CHECK;

/* ledger_store: the file itself, for views of it (records.c). Borrowed. */
struct store *ledger_store(struct ledger *ledger);

/* ledger_close: drops what was not committed. NULL is fine. */
void ledger_close(struct ledger *ledger);

#endif
